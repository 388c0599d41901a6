//! Masking rules and exemptions.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Password;
use crate::config::column_path::{ColumnPath, TablePath};
use crate::config::mask::RawMask;

/// Masking rules and exemptions.
#[derive(Clone, Debug)]
pub struct Masking {
    /// Secret key of the masks.
    pub key: Password,
    /// Masks by column path.
    pub rules: Vec<(ColumnPath, RawMask)>,
    /// Columns that scripts mask.
    pub scripted: Vec<ColumnPath>,
    /// Columns that stay unmasked.
    pub keep: Vec<ColumnPath>,
    /// Types whose columns stay unmasked unless another entry names them.
    pub keep_types: Vec<KeptType>,
    /// Originals that the leak check may find.
    pub survivors: Vec<Survivor>,
    /// Mail domains without real mailboxes, in lower case.
    pub mail_domains: Vec<String>,
    /// Where the leak check searches for originals.
    pub leak_check: LeakCheckMode,
    /// Databases that `devdb scrub` may change: `host:port/database`.
    pub databases: Vec<String>,
    /// Number of parallel connections for masking and the leak check.
    pub jobs: usize,
    /// Foreign keys that the databases do not declare.
    pub references: Vec<Reference>,
    /// Path of `devdb.lock`, which pins the columns of the databases; in the folder of the configuration.
    pub lock: PathBuf,
}

impl Masking {
    /// Returns a configuration without any rule.
    pub fn new(key: Password) -> Masking {
        Masking {
            key,
            rules: Vec::new(),
            scripted: Vec::new(),
            keep: Vec::new(),
            keep_types: Vec::new(),
            survivors: Vec::new(),
            mail_domains: Vec::new(),
            leak_check: LeakCheckMode::default(),
            databases: Vec::new(),
            jobs: 2,
            references: Vec::new(),
            lock: PathBuf::new(),
        }
    }
}

/// A foreign key that the database does not declare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// Referencing table.
    pub table: TablePath,
    /// Referencing columns; empty if there is an expression.
    pub columns: Vec<String>,
    /// SQL expression over a row, instead of columns.
    pub expression: Option<String>,
    /// SQL condition that selects the referencing rows, or `None` for all.
    pub condition: Option<String>,
    /// Referenced table.
    pub to: TablePath,
    /// Referenced columns, in the order of `columns`.
    pub key: Vec<String>,
}

/// Originals that the leak check may find.
#[derive(Clone, Debug)]
pub struct Survivor {
    /// Column in which they may be found.
    pub column: ColumnPath,
    /// Column from which they come, or `None` for any column.
    pub of: Option<ColumnPath>,
    /// Reason why they are harmless.
    pub reason: String,
}

/// A type whose columns may all stay unmasked. Text, JSON and bytes are excluded: they can contain anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeptType {
    /// `smallint`, `integer`, `bigint`.
    Integer,
    /// `numeric`, `real`, `double precision`, `money`.
    Number,
    /// `boolean`.
    Boolean,
    /// `timestamp`, with or without time zone.
    Timestamp,
    /// `date`. Dates of birth are dates: mask those by name.
    Date,
    /// `time` and `interval`.
    Time,
    /// Enums.
    Enum,
    /// `uuid`.
    Uuid,
}

/// Where the leak check searches for originals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeakCheckMode {
    /// Wherever it is faster.
    #[default]
    Auto,
    /// On the server.
    Server,
    /// In devdb, on a stream of all values.
    Stream,
}
