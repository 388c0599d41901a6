//! What the configuration says of one column.

use std::collections::BTreeSet;

use super::Problem;
use crate::config::{ColumnPath, KeptType, Masking};
use crate::mask::Rule;
use crate::pg::catalog::Column;

/// What becomes of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Class {
    /// It is masked.
    Masked {
        /// How.
        rule: Rule,
        /// The entry of the configuration that says so.
        by: String,
    },
    /// It is masked like the key it refers to.
    Follows {
        /// How.
        rule: Rule,
        /// The column it follows.
        of: String,
    },
    /// Scripts mask it.
    Scripted {
        /// The entry.
        by: String,
    },
    /// It is kept.
    Kept {
        /// The entry.
        by: String,
    },
    /// It is computed from other columns of its row.
    Computed,
    /// Its table is a foreign one: nothing of it is in this database.
    Elsewhere,
}

impl Class {
    /// How it is masked by devdb itself.
    pub fn rule(&self) -> Option<&Rule> {
        match self {
            Class::Masked { rule, .. } | Class::Follows { rule, .. } => Some(rule),
            _ => None,
        }
    }

    /// A word for reports: `masked`, `scripted`, `kept`, `computed`, `elsewhere`.
    pub fn word(&self) -> &'static str {
        match self {
            Class::Masked { .. } | Class::Follows { .. } => "masked",
            Class::Scripted { .. } => "scripted",
            Class::Kept { .. } => "kept",
            Class::Computed => "computed",
            Class::Elsewhere => "elsewhere",
        }
    }

    /// Who says so: an entry of the configuration, or the key that is followed.
    pub fn by(&self) -> String {
        match self {
            Class::Masked { rule, by } => format!("{}: {by}", rule.name()),
            Class::Follows { rule, of } => format!("{}: follows {of}", rule.name()),
            Class::Scripted { by } | Class::Kept { by } => by.clone(),
            Class::Computed => "computed from other columns".to_owned(),
            Class::Elsewhere => "a foreign table".to_owned(),
        }
    }

    /// Whether it was said of this very column, by its full name.
    pub(super) fn is_exact(&self) -> bool {
        let (Class::Masked { by, .. } | Class::Scripted { by } | Class::Kept { by }) = self else { return false };
        ColumnPath::read(by).is_ok_and(|path| path.is_exact())
    }
}

/// Entries that name one column.
pub(super) fn exact_names(masking: &Masking) -> BTreeSet<String> {
    let paths = masking.rules.iter().map(|(path, _)| path).chain(&masking.scripted).chain(&masking.keep);
    paths.filter(|path| path.is_exact()).map(ToString::to_string).collect()
}

/// The class of one column; none when nothing is said of it. Entries that are used are taken out of `unused`.
pub(super) fn class(
    masking: &Masking,
    column: &Column,
    foreign: bool,
    unused: &mut BTreeSet<String>,
) -> Result<Option<Class>, Problem> {
    let matches = |path: &&ColumnPath| path.matches(&column.schema, &column.table, &column.name);
    let masks: Vec<_> = masking.rules.iter().filter(|(path, _)| matches(&path)).collect();
    let scripted: Vec<_> = masking.scripted.iter().filter(matches).collect();
    let kept: Vec<_> = masking.keep.iter().filter(matches).collect();
    for path in masks.iter().map(|(path, _)| path).chain(scripted.iter().copied()).chain(kept.iter().copied()) {
        unused.remove(&path.to_string());
    }
    if foreign {
        return Ok(Some(Class::Elsewhere));
    }
    let of_rank = |exact: bool| -> Result<Option<Class>, Problem> {
        let masks: Vec<_> = masks.iter().filter(|(path, _)| path.is_exact() == exact).collect();
        let scripted = scripted.iter().find(|path| path.is_exact() == exact);
        let kept = kept.iter().find(|path| path.is_exact() == exact);
        let entries = |paths: Vec<&ColumnPath>| Problem::Ambiguous {
            column: column.path(),
            entries: paths.into_iter().map(ToString::to_string).collect(),
        };
        let Some((path, written)) = masks.first() else {
            return match (scripted, kept) {
                (Some(one), Some(other)) if exact => Err(entries(vec![one, other])),
                (Some(path), _) => Ok(Some(Class::Scripted { by: path.to_string() })),
                (None, Some(path)) => Ok(Some(Class::Kept { by: path.to_string() })),
                (None, None) => Ok(None),
            };
        };
        if let Some((other, _)) = masks.iter().find(|(_, other)| other != written) {
            return Err(entries(vec![path, other]));
        }
        if let Some(other) = scripted.or(kept).filter(|_| exact) {
            return Err(entries(vec![path, other]));
        }
        let rule =
            Rule::meant(written).map_err(|error| Problem::Rule { entry: path.to_string(), why: error.to_string() })?;
        Ok(Some(Class::Masked { rule, by: path.to_string() }))
    };
    if let Some(class) = of_rank(true)? {
        return Ok(Some(class));
    }
    if column.generated {
        return Ok(Some(Class::Computed));
    }
    if let Some(class) = of_rank(false)? {
        return Ok(Some(class));
    }
    let by_type = kept_type(column).filter(|kind| masking.keep_types.contains(kind));
    Ok(by_type.map(|kind| Class::Kept { by: format!("keep_types: {}", word(kind)) }))
}

/// The type by which a column may be kept; none for those that can hold anything.
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

/// The type's word in `keep_types`.
pub fn word(kind: KeptType) -> &'static str {
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
