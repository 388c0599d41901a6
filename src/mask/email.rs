//! An e-mail address: `u`, 20 hexadecimal digits of the keyed hash, and the domain.
//!
//! The hash is of the address in lower case (ASCII letters), as people write theirs either way. Where
//! two spellings are two values the outputs must be two as well, or a plain UNIQUE would break: a
//! spelling with capital letters gets `+` and 6 digits more. Under `lower()` both stay apart.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::{bytewise, call, concat, op, text};

const HASH: usize = 20;
/// 64 bits; with fewer, two of some million addresses would meet.
const UNIQUE_HASH: usize = 16;
const TAG: usize = 6;

pub(super) fn make(domain: &str, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    site.must_be_text()?;
    let around = 1 + 1 + TAG + 1 + domain.len();
    // In a shorter column the hash is shorter; such values are no longer those of other columns.
    let hash = HASH.min(site.room.saturating_sub(around));
    let distinct = if hash >= UNIQUE_HASH { Distinct::Yes } else { Distinct::No };
    site.must_fit(around + 6.max(hash))?;
    let value = site.text();
    let class = site.key.class("email");
    let lower = bytewise(&call("lower", &[&value]));
    let tag = format!(
        "CASE WHEN {} THEN {} ELSE {} END",
        op(&value, "=", &lower),
        text(""),
        op(&text("+"), "||", &class.hex(&value, TAG))
    );
    let sql = concat(&[&text("u"), &class.hex(&lower, hash), &tag, &text(&format!("@{domain}"))]);
    let made = MaskOutput::text(sql, 1 + hash + 1 + domain.len(), around + hash, distinct);
    let form = format!("u[0-9a-f]{{{hash}}}([+][0-9a-f]{{{TAG}}})?@{}", domain.replace('.', "[.]"));
    Ok(MaskOutput { plain: true, ..made.written(form) })
}
