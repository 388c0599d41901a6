//! An address on the web: `https://example.com/` and 20 hexadecimal digits of the keyed hash.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::{op, text};

const START: &str = "https://example.com/";
const HASH: usize = 20;
const UNIQUE_HASH: usize = 16;

pub(super) fn make(site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    site.must_be_text()?;
    let hash = HASH.min(site.room.saturating_sub(START.len()));
    site.must_fit(START.len() + 6.max(hash))?;
    let distinct = if hash >= UNIQUE_HASH { Distinct::Yes } else { Distinct::No };
    let sql = op(&text(START), "||", &site.key.class("url").hex(&site.text(), hash));
    let length = START.len() + hash;
    let form = format!("https://example[.]com/[0-9a-f]{{{hash}}}");
    Ok(MaskOutput { plain: true, ..MaskOutput::text(sql, length, length, distinct).written(form) })
}
