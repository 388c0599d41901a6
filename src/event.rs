//! What happened, as data. Steps emit events; `report` turns them into words for a terminal, a log,
//! GitHub or a program. The JSON form is a documented interface: see [`SCHEMA_VERSION`].

use serde::Serialize;

use crate::error::Failure;

/// Version of the JSON form. Fields and events may be added; a rename or removal raises it.
pub const SCHEMA_VERSION: u32 = 1;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Works, but somebody should look.
    Warn,
    /// Stops the run.
    Fail,
}

/// One line of a labelled list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fact {
    /// What it is about; empty when it goes on with the one above.
    pub label: String,
    /// What it is.
    pub value: String,
}

impl Fact {
    /// A line.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into() }
    }
}

/// A place in a file that a failure is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FailedAt {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub title: String,
}

/// What becomes of a column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Covered {
    /// `schema.table.column`.
    pub column: String,
    /// Its type.
    pub kind: String,
    /// `masked`, `scripted`, `kept`, `computed`, `elsewhere` or `open`.
    pub class: &'static str,
    /// The entry of the configuration that says so, or the mask's name.
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

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A command began.
    RunStarted {
        /// Version of this form.
        schema: u32,
        /// Program version.
        version: &'static str,
        /// `rotate`, `rollback`, …
        command: &'static str,
        /// The target's name in the configuration.
        target: String,
        /// Identifies this run; it is also a tag on the generation.
        run_id: String,
    },
    /// A check of preflight or `doctor`.
    Checked {
        /// What was checked.
        check: String,
        /// How it came out.
        verdict: Verdict,
        /// What was found.
        found: String,
        /// What to do when it is not ok.
        #[serde(skip_serializing_if = "Option::is_none")]
        remedy: Option<String>,
    },
    /// What will be done, or what is: a labelled list for people.
    Facts {
        /// What the list is about.
        title: String,
        /// The list, in reading order.
        facts: Vec<Fact>,
    },
    /// A step began.
    StepStarted {
        /// The step's name, stable over releases.
        step: &'static str,
        /// What it will do, in words.
        title: String,
    },
    /// Something moved inside the current step, such as the status of an instance.
    Progress {
        /// The step's name.
        step: &'static str,
        /// What moved.
        message: String,
    },
    /// Something worth keeping in the report, found or done by the current step.
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
        /// The database, or none when it belongs to the whole instance.
        #[serde(skip_serializing_if = "Option::is_none")]
        database: Option<String>,
        /// What was found and done.
        message: String,
        /// The reason given in the configuration for leaving it.
        #[serde(skip_serializing_if = "Option::is_none")]
        kept: Option<String>,
    },
    /// It was decided what becomes of every column of a database.
    Coverage {
        /// The database.
        database: String,
        /// Its columns in the order of schema, table and position.
        columns: Vec<Covered>,
    },
    /// A table was masked.
    TableMasked {
        /// The database.
        database: String,
        /// The table, with its schema.
        table: String,
        /// The mask of each masked column.
        masks: Vec<ColumnMask>,
        /// How the table was rewritten.
        method: &'static str,
        /// Why not in the fastest way.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        /// Rows it has.
        rows: u64,
        /// Bytes on disk before, with indexes.
        bytes_before: u64,
        /// Bytes on disk after.
        bytes_after: u64,
        /// Seconds it took.
        seconds: f64,
        /// True when an interrupted run had already done it.
        already: bool,
    },
    /// An original was found where it should not be.
    Leak {
        /// The database.
        database: String,
        /// Where: a column, a comment, a large object, a statistic. Never the value.
        place: String,
        /// In how many rows.
        rows: u64,
        /// What it is an original of, or what it looks like.
        of: String,
        /// The reason given in the configuration for leaving it.
        #[serde(skip_serializing_if = "Option::is_none")]
        kept: Option<String>,
    },
    /// A database was searched for originals.
    LeakChecked {
        /// The database.
        database: String,
        /// Where the search ran: `server` or `stream`.
        mode: &'static str,
        /// Columns and other places that were searched.
        places: u64,
        /// Rows that were read.
        rows: u64,
        /// Bytes that were read.
        bytes: u64,
        /// Originals that were searched for.
        originals: u64,
        /// Originals that no search can find, because they are too short or too common.
        left_out: u64,
        /// Seconds it took.
        seconds: f64,
    },
    /// All rows of a table were copied.
    TableSampled {
        /// The table, with its schema.
        table: String,
        /// Rows.
        rows: u64,
        /// Bytes of these in PostgreSQL's own format.
        bytes: u64,
    },
    /// A script of `postproc-sql` ran.
    ScriptRan {
        /// The database it ran in.
        database: String,
        /// Its path below the scripts' folder.
        script: String,
        /// Statements sent.
        statements: usize,
        /// Rows that the server said were touched.
        rows: u64,
        /// Seconds it took.
        seconds: f64,
        /// True when an interrupted run had already committed it.
        already: bool,
    },
    /// A step ended well.
    StepFinished {
        /// The step's name.
        step: &'static str,
        /// Its result in words.
        summary: String,
        /// Seconds it took.
        seconds: f64,
    },
    /// Something a person should look at; the run goes on.
    Warning {
        /// What.
        message: String,
    },
    /// A failure.
    Failed {
        /// What went wrong.
        message: String,
        /// Places in files that it is about.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        places: Vec<FailedAt>,
        /// The remedy.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
        /// What is done, undone or left.
        aftermath: Vec<String>,
    },
    /// The command ended.
    RunFinished {
        /// The exit code.
        exit: u8,
        /// The live generation, where the command knows it.
        #[serde(skip_serializing_if = "Option::is_none")]
        generation: Option<String>,
        /// Seconds it took.
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
