//! Events of a run, as data. Steps emit them; `report` renders them for a terminal, a log, GitHub or a program. The JSON
//! form is a documented interface: see [`SCHEMA_VERSION`].

use serde::Serialize;

use crate::error::Failure;

/// Version of the JSON form. Fields and events may be added; a rename or removal raises it.
pub const SCHEMA_VERSION: u32 = 1;

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// No problem.
    Ok,
    /// A problem that does not stop the run.
    Warn,
    /// A problem that stops the run.
    Fail,
}

/// One line of a labelled list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fact {
    /// Label; empty if the line continues the one above.
    pub label: String,
    /// Value.
    pub value: String,
}

impl Fact {
    /// Returns a line.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into() }
    }
}

/// A location in a file that a failure refers to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FailedAt {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The problem there.
    pub title: String,
}

/// The coverage of a column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnCoverage {
    /// `schema.table.column`.
    pub column: String,
    /// Its type.
    pub kind: String,
    /// `masked`, `scripted`, `kept`, `computed`, `elsewhere` or `open`.
    pub class: &'static str,
    /// The entry of the configuration that decides it, or the mask's name.
    pub by: String,
}

/// A column and its mask.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnMask {
    /// The column.
    pub column: String,
    /// The mask's name.
    pub mask: &'static str,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A command began.
    RunStarted {
        /// Version of the JSON form.
        schema: u32,
        /// Program version.
        version: &'static str,
        /// `rotate`, `rollback`, …
        command: &'static str,
        /// The target's name in the configuration.
        target: String,
        /// Id of the run, which is also a tag of the generation.
        run_id: String,
    },
    /// A check of preflight or `doctor` was made.
    Checked {
        /// Name of the check.
        check: String,
        /// Its result.
        verdict: Verdict,
        /// The finding.
        found: String,
        /// The remedy if there is a problem.
        #[serde(skip_serializing_if = "Option::is_none")]
        remedy: Option<String>,
    },
    /// A labelled list of facts, such as a plan.
    Facts {
        /// Title of the list.
        title: String,
        /// The list, in reading order.
        facts: Vec<Fact>,
    },
    /// A step began.
    StepStarted {
        /// The step's name, stable over releases.
        step: &'static str,
        /// The step's title, for people.
        title: String,
    },
    /// The current step made progress, such as a new status of an instance.
    Progress {
        /// The step's name.
        step: &'static str,
        /// The progress.
        message: String,
    },
    /// The current step found or did something that belongs in the report.
    Noted {
        /// The step's name.
        step: &'static str,
        /// The finding.
        message: String,
    },
    /// A hazard was found and treated.
    Hazard {
        /// The hazard's name in the configuration.
        hazard: String,
        /// The database, or `None` if the hazard belongs to the whole instance.
        #[serde(skip_serializing_if = "Option::is_none")]
        database: Option<String>,
        /// The finding and the treatment.
        message: String,
        /// The reason in the configuration for keeping it.
        #[serde(skip_serializing_if = "Option::is_none")]
        kept: Option<String>,
    },
    /// The coverage of every column of a database was decided.
    Coverage {
        /// The database.
        database: String,
        /// Its columns, sorted by name.
        columns: Vec<ColumnCoverage>,
    },
    /// A table was masked.
    TableMasked {
        /// The database.
        database: String,
        /// The table, with its schema.
        table: String,
        /// The mask of each masked column.
        masks: Vec<ColumnMask>,
        /// Method of the rewrite.
        method: &'static str,
        /// Why the fastest method was not possible.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        /// Number of rows.
        rows: u64,
        /// Bytes on disk before, including indexes.
        bytes_before: u64,
        /// Bytes on disk after.
        bytes_after: u64,
        /// Duration in seconds.
        seconds: f64,
        /// Whether an interrupted run had already done it.
        already: bool,
    },
    /// An original, or a value that looks personal, was found.
    Leak {
        /// The database.
        database: String,
        /// The place: a column, a comment, a large object, a statistic. Never the value.
        place: String,
        /// Number of rows.
        rows: u64,
        /// The column of the original, or what the value looks like.
        of: String,
        /// The reason in the configuration for keeping it.
        #[serde(skip_serializing_if = "Option::is_none")]
        kept: Option<String>,
    },
    /// A database was searched for originals.
    LeakChecked {
        /// The database.
        database: String,
        /// Place of the search: `server` or `stream`.
        mode: &'static str,
        /// Number of columns and other places searched.
        places: u64,
        /// Number of rows read.
        rows: u64,
        /// Number of bytes read.
        bytes: u64,
        /// Number of originals searched for.
        originals: u64,
        /// Number of originals that cannot be searched for, because they are too short or too common.
        left_out: u64,
        /// Duration in seconds.
        seconds: f64,
    },
    /// All rows of a table were copied.
    TableSampled {
        /// The table, with its schema.
        table: String,
        /// Number of rows.
        rows: u64,
        /// Their size in bytes, in PostgreSQL's binary format.
        bytes: u64,
    },
    /// A script of `postproc-sql` ran.
    ScriptRan {
        /// The database.
        database: String,
        /// Its path in the folder of scripts.
        script: String,
        /// Number of statements sent.
        statements: usize,
        /// Number of rows affected, as reported by the server.
        rows: u64,
        /// Duration in seconds.
        seconds: f64,
        /// Whether an interrupted run had already committed it.
        already: bool,
    },
    /// A step succeeded.
    StepFinished {
        /// The step's name.
        step: &'static str,
        /// Its result, for people.
        summary: String,
        /// Duration in seconds.
        seconds: f64,
    },
    /// A problem that needs attention; the run continues.
    Warning {
        /// The problem.
        message: String,
    },
    /// A failure.
    Failed {
        /// The cause.
        message: String,
        /// Locations in files that it refers to.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        places: Vec<FailedAt>,
        /// The remedy.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
        /// What is done, undone or left, one sentence each.
        aftermath: Vec<String>,
    },
    /// The command ended.
    RunFinished {
        /// The exit code.
        exit: u8,
        /// The live generation, if the command published it.
        #[serde(skip_serializing_if = "Option::is_none")]
        generation: Option<String>,
        /// Duration in seconds.
        seconds: f64,
    },
}

impl From<&Failure> for Event {
    fn from(failure: &Failure) -> Event {
        let places = failure.places.iter();
        Event::Failed {
            message: failure.to_string(),
            places: places
                .map(|at| FailedAt { file: at.file.clone(), line: at.line, title: at.title.clone() })
                .collect(),
            hint: failure.hint.clone(),
            aftermath: failure.aftermath.clone(),
        }
    }
}

/// Receives the events of a run. Implementations must not block for long: steps wait for them.
pub trait Listener: Send + Sync {
    /// Receives one event.
    fn on_event(&self, event: &Event);

    /// Registers a secret before it could appear anywhere, so that a log can mask it.
    fn add_secret(&self, _value: &str) {}

    /// Prints the output of a command, such as a table or a file. Not for progress.
    fn print(&self, _text: &str) {}
}
