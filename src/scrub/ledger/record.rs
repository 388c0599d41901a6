//! Entries of masked columns, written by the rewrite.

use super::entry::Reason;
use crate::pg::{Result, Session};

/// Records that columns of a relation with storage were masked: the name of each with its mask, and whether the mask keeps
/// parts of the value. Call it in the transaction that rewrites the relation, so that a killed run leaves both or neither.
/// The ledger must exist: transactions that create it at once would collide.
///
/// # Errors
/// Server errors.
pub(in crate::scrub) async fn record_masked(
    session: &Session,
    relation: u32,
    rows: i64,
    columns: &[(&str, &str, bool)],
) -> Result<()> {
    let names: Vec<&str> = columns.iter().map(|(name, ..)| *name).collect();
    let masks: Vec<&str> = columns.iter().map(|(_, mask, _)| *mask).collect();
    let reason = |partly: bool| if partly { Reason::PartlyMasked } else { Reason::Masked };
    let reasons: Vec<&str> = columns.iter().map(|(.., partly)| reason(*partly).as_str()).collect();
    let sql = "INSERT INTO devdb_meta.ledger (relation, attribute, reason, detail, rows) \
               SELECT a.attrelid, a.attnum, masked.reason, masked.mask, $5 \
               FROM ROWS FROM (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[])) \
                   AS masked(name, mask, reason) \
               JOIN pg_catalog.pg_attribute a ON a.attrelid = $1 AND a.attname = masked.name AND NOT a.attisdropped \
               ON CONFLICT (relation, attribute) DO UPDATE \
               SET reason = excluded.reason, detail = excluded.detail, rows = excluded.rows";
    session.execute(sql, &[&relation, &names, &masks, &reasons, &rows]).await.map(drop)
}
