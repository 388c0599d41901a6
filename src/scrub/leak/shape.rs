//! What a column can hold: which types are searched, and how their values are read.

use super::error::Error;
use super::fingerprint::Written;
use crate::pg::Session;

/// What a type's values are, below all domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Text, or what is best read as text: xml, uuid, inet, types of extensions.
    Text,
    /// A document, or values inside a value: json, arrays, rows, hstore, ranges.
    Structured,
    /// `bytea`.
    Bytes,
    /// A number that can be a telephone's or a card's: bigint, numeric.
    Number,
    /// An integer that can only just be one.
    SmallNumber,
    /// Dates, truth values, floating-point numbers, labels of enums, coordinates, integers of two bytes: never searched.
    Nothing,
}

/// Types of `pg_catalog` that hold no text.
const NOTHING: [&str; 34] = [
    "bool",
    "int2",
    "float4",
    "float8",
    "money",
    "date",
    "time",
    "timetz",
    "timestamp",
    "timestamptz",
    "interval",
    "oid",
    "xid",
    "xid8",
    "cid",
    "tid",
    "pg_lsn",
    "bit",
    "varbit",
    "point",
    "line",
    "lseg",
    "box",
    "path",
    "polygon",
    "circle",
    "char",
    "regclass",
    "regtype",
    "regproc",
    "regrole",
    "int2vector",
    "oidvector",
    "txid_snapshot",
];

impl Shape {
    fn of(schema: &str, name: &str, form: &str, array: bool) -> Shape {
        let builtin = schema == "pg_catalog";
        match form {
            "e" => Shape::Nothing,
            "c" | "r" | "m" => Shape::Structured,
            _ if builtin && NOTHING.contains(&name) => Shape::Nothing,
            // Numbers of an array are not searched, but its text is as cheap as to say no.
            _ if builtin && name == "int4" => {
                if array {
                    Shape::Nothing
                } else {
                    Shape::SmallNumber
                }
            }
            _ if array => Shape::Structured,
            _ if builtin && ["int8", "numeric"].contains(&name) => Shape::Number,
            _ if builtin && name == "bytea" => Shape::Bytes,
            _ if builtin && ["json", "jsonb"].contains(&name) || name == "hstore" => Shape::Structured,
            _ => Shape::Text,
        }
    }

    /// How an original of this shape is read.
    pub(super) fn written(self) -> Written {
        match self {
            Shape::Text => Written::Text,
            Shape::Structured => Written::Json,
            Shape::Bytes => Written::Bytes,
            Shape::Number | Shape::SmallNumber => Written::Number,
            Shape::Nothing => Written::Nothing,
        }
    }

    /// Whether columns of it are searched.
    pub(super) fn is_searched(self) -> bool {
        self != Shape::Nothing
    }
}

/// A query for `oid, schema, name, form, is_array` of types; of an array those of its elements.
const TYPES: &str = "WITH RECURSIVE below (top, oid) AS ( \
        SELECT t.oid, t.oid FROM pg_catalog.pg_type t \
        UNION ALL \
        SELECT b.top, t.typbasetype FROM below b JOIN pg_catalog.pg_type t ON t.oid = b.oid WHERE t.typtype = 'd'), \
    base AS (SELECT b.top, t.* FROM below b JOIN pg_catalog.pg_type t ON t.oid = b.oid WHERE t.typtype <> 'd'), \
    deep AS (SELECT b.top, e.oid, e.typname, e.typtype, e.typnamespace, true AS is_array \
             FROM base b JOIN base e ON e.top = b.typelem WHERE b.typelem <> 0 AND b.typcategory = 'A' AND b.typlen = -1 \
        UNION ALL SELECT b.top, b.oid, b.typname, b.typtype, b.typnamespace, false \
             FROM base b WHERE NOT (b.typelem <> 0 AND b.typcategory = 'A' AND b.typlen = -1)) \
    SELECT d.top, n.nspname::text, d.typname::text, d.typtype::text, d.is_array \
    FROM deep d JOIN pg_catalog.pg_namespace n ON n.oid = d.typnamespace";

/// The shapes of all types of the database, by object identifier.
pub(super) async fn shapes(session: &Session) -> Result<std::collections::HashMap<u32, Shape>, Error> {
    let rows = session.query(TYPES, &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), Shape::of(row.get(1), row.get(2), row.get(3), row.get(4)))).collect())
}
