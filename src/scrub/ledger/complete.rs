//! Entries that follow from the decisions of the configuration, after the last script.

use super::entry::{Reason, Summary, prepare};
use crate::mask::coverage::{Coverage, Decision};
use crate::pg::catalog::Column;
use crate::pg::{Result, Session};

/// Completes the ledger with all columns that are not masked, and with the materialized views. Entries of what scripts have
/// dropped since are removed with it. Repeatable.
///
/// It writes no entry for a column that is to be masked: only the rewrite does, in the transaction that masks it. The exception
/// is a relation without a page, such as a new partition, which stores no value.
///
/// # Errors
/// Server errors.
pub async fn complete(session: &Session, coverage: &Coverage) -> Result<Summary> {
    prepare(session).await?;
    let (mut schemas, mut tables, mut columns) = (Vec::new(), Vec::new(), Vec::new());
    let (mut reasons, mut details) = (Vec::new(), Vec::new());
    for (column, decision) in coverage.all_columns() {
        let Some(reason) = reason(decision) else { continue };
        let Column { schema, table, name, .. } = column;
        schemas.push(schema.as_str());
        tables.push(table.as_str());
        columns.push(name.as_str());
        reasons.push(reason.as_str());
        details.push(decision.by());
    }
    session.run("BEGIN").await?;
    session
        .execute(
            "DELETE FROM devdb_meta.ledger l WHERE reason <> ALL ($1) OR NOT EXISTS (\
                 SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = l.relation AND a.attnum = l.attribute AND NOT a.attisdropped)",
            &[&[Reason::Masked.as_str(), Reason::PartlyMasked.as_str()].as_slice()],
        )
        .await?;
    // Where the rewrite has an entry, it states what was done.
    session
        .execute(
            "INSERT INTO devdb_meta.ledger (relation, attribute, reason, detail) \
             SELECT a.attrelid, a.attnum, decided.reason, decided.detail \
             FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]), \
                     pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::text[])) \
                 AS decided(schema, name, attribute, reason, detail) \
             JOIN pg_catalog.pg_namespace n ON n.nspname = decided.schema \
             JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = decided.name AND c.relkind = 'r' \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = decided.attribute AND NOT a.attisdropped \
             WHERE decided.reason <> $6 OR pg_catalog.pg_relation_size(c.oid) = 0 \
             ON CONFLICT (relation, attribute) DO NOTHING",
            &[&schemas, &tables, &columns, &reasons, &details, &Reason::Empty.as_str()],
        )
        .await?;
    session
        .execute(
            "INSERT INTO devdb_meta.ledger (relation, attribute, reason, detail) \
             SELECT a.attrelid, a.attnum, $1, CASE WHEN c.relispopulated THEN 'materialized view' ELSE 'empty materialized view' END \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             WHERE c.relkind = 'm'",
            &[&Reason::Refreshed.as_str()],
        )
        .await?;
    session.run("COMMIT").await?;
    Summary::read(session).await
}

/// Reason of a decision; of a column that is to be masked, the one that it has without a mask. `None` if the values are not
/// stored in this database.
fn reason(decision: &Decision) -> Option<Reason> {
    match decision {
        Decision::Masked { .. } | Decision::Follows { .. } => Some(Reason::Empty),
        Decision::Elsewhere => None,
        Decision::Scripted { .. } => Some(Reason::Scripted),
        Decision::Kept { .. } => Some(Reason::Kept),
        Decision::Computed => Some(Reason::Computed),
    }
}
