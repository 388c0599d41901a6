//! Types of `keep_types`.

use crate::config::KeptType;
use crate::pg::catalog::Column;

/// Returns the `keep_types` type of a column, or `None` for types that can hold any content.
pub fn kept_type(column: &Column) -> Option<KeptType> {
    if column.base.form == 'e' {
        return Some(KeptType::Enum);
    }
    if column.base.schema != "pg_catalog" {
        return None;
    }
    Some(match column.base.name.as_str() {
        "int2" | "int4" | "int8" => KeptType::Integer,
        "numeric" | "float4" | "float8" | "money" => KeptType::Number,
        "bool" => KeptType::Boolean,
        "timestamp" | "timestamptz" => KeptType::Timestamp,
        "date" => KeptType::Date,
        "time" | "timetz" | "interval" => KeptType::Time,
        "uuid" => KeptType::Uuid,
        _ => return None,
    })
}

/// Returns the name of a type in `keep_types`.
pub fn kept_type_name(kind: KeptType) -> &'static str {
    match kind {
        KeptType::Integer => "integer",
        KeptType::Number => "number",
        KeptType::Boolean => "boolean",
        KeptType::Timestamp => "timestamp",
        KeptType::Date => "date",
        KeptType::Time => "time",
        KeptType::Enum => "enum",
        KeptType::Uuid => "uuid",
    }
}
