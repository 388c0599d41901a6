//! E-mail address: `u`, 20 hexadecimal digits of the keyed hash, and the domain.
//!
//! The hash is that of the address in lower case (ASCII letters), because people use both cases for theirs. Where
//! two spellings are two values, the outputs must differ too, or a plain UNIQUE constraint would be violated: a
//! spelling with upper-case letters gets `+` and 6 more digits. Under `lower()` both stay different.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::RefusalReason;
use super::sql::{bytewise, call, concat, op, text};

const HASH: usize = 20;
/// 64 bits; with fewer, some of a few million addresses would collide.
const UNIQUE_HASH: usize = 16;
const TAG: usize = 6;

pub(super) fn make(domain: &str, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    input.ensure_text()?;
    let fixed_chars = 1 + 1 + TAG + 1 + domain.len();
    // A shorter column gets a shorter hash, and then its values differ from those of other columns.
    let hash = HASH.min(input.max_chars.saturating_sub(fixed_chars));
    let distinct = if hash >= UNIQUE_HASH { Distinct::Yes } else { Distinct::No };
    input.ensure_fits(fixed_chars + 6.max(hash))?;
    let value = input.text();
    let class = input.key.class("email");
    let lower = bytewise(&call("lower", &[&value]));
    let tag = format!(
        "CASE WHEN {} THEN {} ELSE {} END",
        op(&value, "=", &lower),
        text(""),
        op(&text("+"), "||", &class.hex(&value, TAG))
    );
    let sql = concat(&[&text("u"), &class.hex(&lower, hash), &tag, &text(&format!("@{domain}"))]);
    let output = MaskOutput::text(sql, 1 + hash + 1 + domain.len(), fixed_chars + hash, distinct);
    let pattern = format!("u[0-9a-f]{{{hash}}}([+][0-9a-f]{{{TAG}}})?@{}", domain.replace('.', "[.]"));
    Ok(MaskOutput { plain: true, ..output.with_pattern(pattern) })
}
