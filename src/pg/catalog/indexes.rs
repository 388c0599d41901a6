//! Reads indexes, and the operators that keys are compared with.

use std::collections::BTreeMap;

use super::USER_SCHEMAS;
use crate::pg::{Result, Session};

/// A valid index without a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// The table's schema.
    pub schema: String,
    /// The table.
    pub table: String,
    /// Whether it is unique.
    pub unique: bool,
    /// Whether it belongs to the primary key.
    pub primary: bool,
    /// The key columns in order, `None` for an expression.
    pub columns: Vec<Option<String>>,
    /// The equality operator of each key, `OPERATOR(pg_catalog.=)`; `None` if the index is not a B-tree.
    pub equality: Vec<Option<String>>,
}

/// The operators of a foreign key, for each pair of columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operators {
    /// With the referenced column on the left.
    pub up: Vec<String>,
    /// With the referencing column on the left.
    pub down: Vec<String>,
}

const OPERATOR: &str = "pg_catalog.format('OPERATOR(%I.%s)', opn.nspname, op.oprname)";

/// Reads valid indexes without a condition, in the order of schema, table and name: for a partitioned table its own and
/// those of its partitions.
///
/// # Errors
/// Server errors.
pub async fn indexes(session: &Session) -> Result<Vec<Index>> {
    let rows = session
        .query(
            &format!(
                "SELECT n.nspname::text, c.relname::text, i.indisunique, i.indisprimary, \
                        ARRAY(SELECT a.attname::text FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k \
                              LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[k] AND a.attnum <> 0 \
                              ORDER BY k), \
                        ARRAY(SELECT (SELECT {OPERATOR} FROM pg_catalog.pg_opclass oc \
                                      JOIN pg_catalog.pg_am am ON am.oid = oc.opcmethod AND am.amname = 'btree' \
                                      JOIN pg_catalog.pg_amop ap ON ap.amopfamily = oc.opcfamily AND ap.amopstrategy = 3 \
                                       AND ap.amoplefttype = oc.opcintype AND ap.amoprighttype = oc.opcintype \
                                      JOIN pg_catalog.pg_operator op ON op.oid = ap.amopopr \
                                      JOIN pg_catalog.pg_namespace opn ON opn.oid = op.oprnamespace \
                                      WHERE oc.oid = i.indclass[k]) \
                              FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k ORDER BY k) \
                 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid \
                 JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE i.indisvalid AND i.indpred IS NULL AND {USER_SCHEMAS} ORDER BY n.nspname, c.relname, x.relname"
            ),
            &[],
        )
        .await?;
    let index = |row: &tokio_postgres::Row| Index {
        schema: row.get(0),
        table: row.get(1),
        unique: row.get(2),
        primary: row.get(3),
        columns: row.get(4),
        equality: row.get(5),
    };
    Ok(rows.iter().map(index).collect())
}

/// Reads the operators of all foreign keys, by schema, table and name.
///
/// # Errors
/// Server errors.
pub async fn operators(session: &Session) -> Result<BTreeMap<(String, String, String), Operators>> {
    // Only an equality operator of one type may lack a commutator.
    let names = |which: &str| {
        format!(
            "ARRAY(SELECT {OPERATOR} FROM pg_catalog.unnest(k.conpfeqop) WITH ORDINALITY AS u (eq, place) \
             JOIN pg_catalog.pg_operator e ON e.oid = u.eq JOIN pg_catalog.pg_operator op ON op.oid = {which} \
             JOIN pg_catalog.pg_namespace opn ON opn.oid = op.oprnamespace ORDER BY u.place)"
        )
    };
    let rows = session
        .query(
            &format!(
                "SELECT n.nspname::text, c.relname::text, k.conname::text, {}, {} FROM pg_catalog.pg_constraint k \
                 JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE k.contype = 'f' AND k.conparentid = 0 AND {USER_SCHEMAS}",
                names("e.oid"),
                names("CASE e.oprcom WHEN 0 THEN e.oid ELSE e.oprcom END"),
            ),
            &[],
        )
        .await?;
    let of = |row: &tokio_postgres::Row| {
        ((row.get(0), row.get(1), row.get(2)), Operators { up: row.get(3), down: row.get(4) })
    };
    Ok(rows.iter().map(of).collect())
}
