//! User name: `user_` and 16 hexadecimal digits of the keyed hash.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::RefusalReason;
use super::sql::{op, text};

const HASH: usize = 16;

pub(super) fn make(input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    input.ensure_text()?;
    let prefix = if input.max_chars >= "user_".len() + HASH { "user_" } else { "u" };
    let hash = HASH.min(input.max_chars.saturating_sub(prefix.len()));
    input.ensure_fits(prefix.len() + 6.max(hash))?;
    let distinct = if hash == HASH { Distinct::Yes } else { Distinct::No };
    let sql = op(&text(prefix), "||", &input.key.class("username").hex(&input.text(), hash));
    let length = prefix.len() + hash;
    let pattern = format!("{prefix}[0-9a-f]{{{hash}}}");
    Ok(MaskOutput { plain: true, ..MaskOutput::text(sql, length, length, distinct).with_pattern(pattern) })
}
