//! Web address: `https://example.com/` and 20 hexadecimal digits of the keyed hash.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::RefusalReason;
use super::sql::{op, text};

const START: &str = "https://example.com/";
const HASH: usize = 20;
const UNIQUE_HASH: usize = 16;

pub(super) fn make(input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    input.ensure_text()?;
    let hash = HASH.min(input.max_chars.saturating_sub(START.len()));
    input.ensure_fits(START.len() + 6.max(hash))?;
    let distinct = if hash >= UNIQUE_HASH { Distinct::Yes } else { Distinct::No };
    let sql = op(&text(START), "||", &input.key.class("url").hex(&input.text(), hash));
    let length = START.len() + hash;
    let pattern = format!("https://example[.]com/[0-9a-f]{{{hash}}}");
    Ok(MaskOutput { plain: true, ..MaskOutput::text(sql, length, length, distinct).with_pattern(pattern) })
}
