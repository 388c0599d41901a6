//! A dummy row: inserted, analyzed and deleted in one transaction, it replaces what the statistics of an empty table quote.

use crate::pg::triggers::trigger_statements;
use crate::pg::{Result, Session, identifier, literal};

/// Returns the statements. They fail, and change nothing, where a foreign key or a check constraint requires a real row.
pub(super) async fn analyze_with_a_row(session: &Session, oid: u32, table: &str) -> Result<String> {
    let rows = session
        .query(
            "SELECT a.attname::text, a.attnotnull, pg_catalog.format_type(a.atttypid, a.atttypmod), t.typcategory::text, \
                 t.typname::text, (SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = a.atttypid \
                  ORDER BY e.enumsortorder LIMIT 1) \
             FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
             WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum",
            &[&oid],
        )
        .await?;
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for row in &rows {
        let (name, required): (&str, bool) = (row.get(0), row.get(1));
        names.push(identifier(name));
        values.push(if required {
            let value = row.get::<_, Option<&str>>(5).unwrap_or_else(|| dummy_value(row.get(3), row.get(4)));
            format!("{}::{}", literal(value), row.get::<_, &str>(2))
        } else {
            "NULL".to_owned()
        });
    }
    let (before, after) = trigger_statements(session, &[oid]).await?;
    Ok(format!(
        "{before}INSERT INTO {table} ({}) OVERRIDING SYSTEM VALUE VALUES ({}); ANALYZE {table}; DELETE FROM {table}; \
         SET CONSTRAINTS ALL IMMEDIATE{after}",
        names.join(", "),
        values.join(", ")
    ))
}

/// Returns a neutral value for a type, by its category (table in the documentation of `pg_type`).
fn dummy_value(category: &str, name: &str) -> &'static str {
    match (category, name) {
        (_, "uuid") => "00000000-0000-0000-0000-000000000000",
        (_, "json" | "jsonb") => "{}",
        ("N", _) => "0",
        ("B", _) => "false",
        ("D", "time" | "timetz") => "00:00",
        ("D", _) => "epoch",
        ("T", _) => "0",
        ("A", _) => "{}",
        ("I", _) => "0.0.0.0",
        ("R", _) => "empty",
        _ => "",
    }
}
