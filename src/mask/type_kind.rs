//! Kinds of base types that masks and classification distinguish.

use crate::pg::catalog::Type;

/// Kind of a base type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TypeKind {
    Text { ignores_case: bool },
    SmallInt,
    Integer,
    BigInt,
    Bool,
    Numeric,
    Real,
    Double,
    Money,
    Interval,
    Time,
    TimeTz,
    Date,
    Timestamp,
    TimestampTz,
    Uuid,
    Inet,
    Json,
    Jsonb,
    Bytea,
    Xml,
    TsVector,
    Enum,
    Range,
    Multirange,
    Composite,
    Hstore,
    Other,
}

impl TypeKind {
    /// The kind of a base type.
    pub(crate) fn of(base: &Type) -> TypeKind {
        match (base.schema.as_str(), base.name.as_str()) {
            _ if base.form == 'e' => TypeKind::Enum,
            _ if base.form == 'r' => TypeKind::Range,
            _ if base.form == 'm' => TypeKind::Multirange,
            _ if base.form == 'c' => TypeKind::Composite,
            // The extension may be in any schema. Another type of that name is text too, or the cast in the expression
            // fails before anything is written.
            (_, "citext") if base.form == 'b' => TypeKind::Text { ignores_case: true },
            (_, "hstore") if base.form == 'b' => TypeKind::Hstore,
            ("pg_catalog", name) => match name {
                "text" | "varchar" | "bpchar" | "name" => TypeKind::Text { ignores_case: false },
                "int2" => TypeKind::SmallInt,
                "int4" => TypeKind::Integer,
                "int8" => TypeKind::BigInt,
                "bool" => TypeKind::Bool,
                "numeric" => TypeKind::Numeric,
                "float4" => TypeKind::Real,
                "float8" => TypeKind::Double,
                "money" => TypeKind::Money,
                "interval" => TypeKind::Interval,
                "time" => TypeKind::Time,
                "timetz" => TypeKind::TimeTz,
                "xml" => TypeKind::Xml,
                "tsvector" => TypeKind::TsVector,
                "date" => TypeKind::Date,
                "timestamp" => TypeKind::Timestamp,
                "timestamptz" => TypeKind::TimestampTz,
                "uuid" => TypeKind::Uuid,
                "inet" | "cidr" => TypeKind::Inet,
                "json" => TypeKind::Json,
                "jsonb" => TypeKind::Jsonb,
                "bytea" => TypeKind::Bytea,
                _ => TypeKind::Other,
            },
            _ => TypeKind::Other,
        }
    }

    /// Whether it is a text type.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, TypeKind::Text { .. })
    }
}
