//! What becomes of every column, as meant.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::column_path::{ColumnPath, TablePath};
use crate::config::mask::WrittenMask;
use crate::config::resolved::Password;

/// What becomes of every column.
#[derive(Clone, Debug)]
pub struct Masking {
    /// The secret that masks depend on.
    pub key: Password,
    /// Masks.
    pub rules: Vec<(ColumnPath, WrittenMask)>,
    /// Columns that scripts mask.
    pub scripted: Vec<ColumnPath>,
    /// Columns that stay as they are.
    pub keep: Vec<ColumnPath>,
    /// Types whose columns stay as they are unless something else is said of them.
    pub keep_types: Vec<KeptType>,
    /// Originals that may be found after masking.
    pub survivors: Vec<Survivor>,
    /// Mail domains that are nobody's; lower case.
    pub mail_domains: Vec<String>,
    /// Where the search for originals runs.
    pub leak_check: LeakCheckMode,
    /// Databases that may be scrubbed by hand: `host:port/database`.
    pub databases: Vec<String>,
    /// How many connections mask and search at the same time.
    pub jobs: usize,
    /// Foreign keys that the databases do not declare.
    pub references: Vec<Reference>,
    /// The file that pins what the databases look like, beside the configuration.
    pub lock: PathBuf,
}

impl Masking {
    /// One that says nothing yet of any column.
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
    /// The table that refers.
    pub table: TablePath,
    /// Its columns; none when there is an expression.
    pub columns: Vec<String>,
    /// Instead of columns, an SQL expression over a row.
    pub expression: Option<String>,
    /// The rows that refer, as an SQL condition; all when none.
    pub condition: Option<String>,
    /// The table referred to.
    pub to: TablePath,
    /// Its columns, in the same order.
    pub key: Vec<String>,
}

/// Originals that may be found where they are.
#[derive(Clone, Debug)]
pub struct Survivor {
    /// The column they may be found in.
    pub place: ColumnPath,
    /// The column they are originals of; any when none.
    pub of: Option<ColumnPath>,
    /// Why that is no harm.
    pub reason: String,
}

/// A type whose columns may be kept as a whole. Text, JSON and bytes are none: they can hold anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeptType {
    /// `smallint`, `integer`, `bigint`.
    Integer,
    /// `numeric`, `real`, `double precision`, `money`.
    Number,
    /// `boolean`.
    Boolean,
    /// `timestamp`, with time zone or without.
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

/// Where the search for originals runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeakCheckMode {
    /// Where it is faster.
    #[default]
    Auto,
    /// On the server.
    Server,
    /// Here, on a stream of all values.
    Stream,
}
