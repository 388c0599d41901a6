//! Indexes as ways to rows, and the operators that keys are compared with.

use std::collections::BTreeMap;

use crate::pg::{Result, Session};

use super::OWN;

/// A valid index without a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Schema of its table.
    pub schema: String,
    /// Its table.
    pub table: String,
    /// Whether no two rows have the same key.
    pub unique: bool,
    /// Whether it is the primary key's.
    pub primary: bool,
    /// What it is over, in order; none for an expression.
    pub columns: Vec<Option<String>>,
    /// The equality operator of each key as it stands in an expression, `OPERATOR(pg_catalog.=)`; none where the
    /// index is no B-tree.
    pub equality: Vec<Option<String>>,
}

/// The operators that a foreign key compares with, for each pair of columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operators {
    /// With the key on the left.
    pub up: Vec<String>,
    /// With the referring column on the left.
    pub down: Vec<String>,
}

const OPERATOR: &str = "pg_catalog.format('OPERATOR(%I.%s)', opn.nspname, op.oprname)";

/// Valid indexes without a condition, in the order of schema, table and name. Of a partitioned table its own
/// and those of its partitions.
///
/// # Errors
/// What the server says.
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
                 WHERE i.indisvalid AND i.indpred IS NULL AND {OWN} ORDER BY n.nspname, c.relname, x.relname"
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

/// The operators of all foreign keys, by schema, table and name.
///
/// # Errors
/// What the server says.
pub async fn operators(session: &Session) -> Result<BTreeMap<(String, String, String), Operators>> {
    // An equality has no commutator only where its two types are one.
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
                 WHERE k.contype = 'f' AND k.conparentid = 0 AND {OWN}",
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
