//! A user name: `user_` and 16 hexadecimal digits of the keyed hash.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::{op, text};

const HASH: usize = 16;

pub(super) fn make(site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    site.must_be_text()?;
    let prefix = if site.room >= "user_".len() + HASH { "user_" } else { "u" };
    let hash = HASH.min(site.room.saturating_sub(prefix.len()));
    site.must_fit(prefix.len() + 6.max(hash))?;
    let distinct = if hash == HASH { Distinct::Yes } else { Distinct::No };
    let sql = op(&text(prefix), "||", &site.key.class("username").hex(&site.text(), hash));
    let length = prefix.len() + hash;
    let form = format!("{prefix}[0-9a-f]{{{hash}}}");
    Ok(MaskOutput { plain: true, ..MaskOutput::text(sql, length, length, distinct).written(form) })
}
