//! Flags and help texts, no logic: what is typed, before anybody thinks about what it means.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::error::Exit;
use crate::report::Format;
use crate::trace::TraceFilter;

/// Fresh, scrubbed development databases from production snapshots.
#[derive(Debug, Parser)]
#[command(name = "devdb", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = exit_codes())]
pub struct Cli {
    /// The configuration file.
    #[arg(short, long, global = true, default_value = "devdb.yaml", env = "DEVDB_CONFIG", value_name = "FILE")]
    pub config: PathBuf,

    /// The target in the configuration; needed only when there are several.
    #[arg(short, long, global = true, env = "DEVDB_TARGET", value_name = "NAME")]
    pub target: Option<String>,

    /// How to report.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORM")]
    pub format: Format,

    /// Report every table and script, and trace SQL statements and API calls: kind, target and duration.
    #[arg(short, long, global = true)]
    pub verbose: bool,

    /// Filter of the trace: a level (`debug`, `off`) or SOURCE=LEVEL, comma-separated; sources are `sql`, `aws` and
    /// `docker`.
    #[arg(long, global = true, env = "DEVDB_LOG", value_name = "FILTER", default_value_t, hide_default_value = true)]
    pub log: TraceFilter,

    /// Also write a report of the run to this file when it ends, as one HTML page.
    #[arg(long, global = true, env = "DEVDB_HTML", value_name = "FILE")]
    pub html: Option<PathBuf>,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Restore the newest snapshot, scrub it, point the record at it, remove the old generation.
    Rotate(Rotate),
    /// List every generation, what the record points at, and whether the live one is too old.
    Status,
    /// Point the record back at a generation kept by `keep`.
    Rollback(Rollback),
    /// Remove clones that interrupted runs left and that were never published.
    Cleanup(Cleanup),
    /// Copy the data of a few users, masked, into an image, a database or an archive.
    ///
    /// Which rows: down from the seed rows, up from everything, OR over several foreign keys. That is: the
    /// users, all that refers to them, all that refers to that, and what any of these rows needs to be whole.
    Sample(Box<Sample>),
    /// Load an archive that `sample` wrote into a database.
    Load(Load),
    /// Check everything that can be checked before a rotation, each with its remedy.
    Doctor(Doctor),
    /// Check the configuration, or print its JSON schema.
    Config {
        /// What to do with it.
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Write a first devdb.yaml for a database: masks for what looks personal, each with its reason.
    Init(From),
    /// Judge a database by devdb.yaml and devdb.lock; code 7 when a column is neither masked nor kept.
    Coverage(Coverage),
    /// Look for what looks personal in any column of a database, or of a target's live generation; changes nothing.
    Audit(Audit),
    /// Mask a database that devdb.yaml lists, in place, and search it for originals.
    ///
    /// There is no scrubbing of a target's live generation: it was masked when it was made, and masks of masked
    /// values make nothing safer.
    Scrub(Scrub),
    /// Print the least-privilege IAM policy for this very configuration.
    Policy,
    /// List every mask: what it makes, what it keeps, what it costs, with an example.
    Masks,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Rotate an example company's database on throw-away PostgreSQL clusters of this machine, and take a sample.
    Demo(Demo),
}

/// `devdb rotate`.
#[derive(Debug, Default, Args)]
pub struct Rotate {
    /// Print the plan and stop; makes no write call of any kind.
    #[arg(long)]
    pub dry_run: bool,
    /// Restore this snapshot instead of the newest.
    #[arg(long, value_name = "ID", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub snapshot: Option<String>,
    /// Do not wait for another run's lease to end: take its clone over.
    #[arg(long)]
    pub take_over: bool,
    /// Swap the record although it points at something devdb did not make.
    #[arg(long)]
    pub adopt: bool,
    /// Leave a clone that failed in quarantine; the next rotation goes on with it. To look into it, the
    /// master password must be one you know (`env:` or `command`), not a generated one.
    #[arg(long)]
    pub keep_failed: bool,
    /// Also run the seeds of this context. May be given several times.
    #[arg(long = "context", value_name = "NAME")]
    pub contexts: Vec<String>,
    /// Run each script twice and fail when the second time changes anything.
    #[arg(long)]
    pub check_idempotent: bool,
}

/// `devdb rollback`.
#[derive(Debug, Args)]
pub struct Rollback {
    /// The generation to go back to; the newest kept one when left out.
    #[arg(value_name = "GENERATION")]
    pub to: Option<String>,
}

/// `devdb cleanup`.
#[derive(Debug, Args)]
pub struct Cleanup {
    /// Only clones that are older than this, such as 90m or 6h.
    #[arg(long, value_name = "TIME", default_value = "6h", value_parser = duration)]
    pub older_than: std::time::Duration,
    /// List what would be removed and stop.
    #[arg(long)]
    pub dry_run: bool,
}

/// `devdb sample`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("seeds").multiple(true).args(["users", "users_file", "condition", "rows"]))]
#[command(group = clap::ArgGroup::new("goal").required(true).args(["into", "dry_run", "why", "suggest"]))]
pub struct Sample {
    /// Rows of the root table (`sample.root`) by key.
    #[arg(long, value_name = "KEY,…", value_delimiter = ',')]
    pub users: Vec<String>,
    /// The same from a file with one key a line; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub users_file: Option<PathBuf>,
    /// Rows of the root table that fulfil a condition in SQL.
    #[arg(long = "where", value_name = "CONDITION")]
    pub condition: Option<String>,
    /// At most so many of them, the first by key.
    #[arg(long, value_name = "N", requires = "condition")]
    pub limit: Option<u64>,
    /// Rows of any table by its primary key. May be given several times.
    #[arg(long, value_name = "TABLE:KEY,…")]
    pub rows: Vec<String>,
    /// Where it goes: container://REPO:TAG, database://USER@HOST/DATABASE, archive:PATH (a folder, or one file
    /// when it ends in .tar.zst).
    #[arg(long, value_name = "PLACE", requires = "seeds")]
    pub into: Option<String>,
    /// Push the image; to ECR with a token of its own, to others as docker's configuration says.
    #[arg(long, requires = "into")]
    pub push: bool,
    /// Replace a database that is not empty, or an archive that is there.
    #[arg(long, requires = "into")]
    pub replace: bool,
    /// Read this database instead, such as postgres://reader@replica.example.com/app; its password stands in
    /// PGPASSWORD. It is masked on the way out.
    #[arg(long, value_name = "URL", env = "DEVDB_FROM", hide_env_values = true)]
    pub from: Option<String>,
    /// Print rows and bytes by table and edge, and stop.
    #[arg(long, requires = "seeds")]
    pub dry_run: bool,
    /// Print the path that brings a row in, and stop.
    #[arg(long, value_name = "TABLE:KEY", requires = "seeds")]
    pub why: Option<String>,
    /// Print references that the database does not declare, as YAML to paste, and stop.
    #[arg(long)]
    pub suggest: bool,
}

/// `devdb load`.
#[derive(Debug, Args)]
pub struct Load {
    /// The archive: a folder, or a file that ends in .tar.zst.
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// Where it goes: database://USER@HOST/DATABASE; the password stands in PGPASSWORD.
    #[arg(long, value_name = "PLACE")]
    pub into: String,
    /// Replace a database that is not empty.
    #[arg(long)]
    pub replace: bool,
}

/// `devdb doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Check what samples need instead, and print the GRANTs of a role that reads them.
    #[arg(long)]
    pub sample: bool,
}

/// A database to look at.
#[derive(Debug, Args)]
pub struct From {
    /// The database, such as postgres://reader@replica.example.com/app. It is only read. Its password stands in
    /// PGPASSWORD.
    #[arg(long, value_name = "URL", env = "DEVDB_FROM", hide_env_values = true)]
    pub from: String,
}

/// `devdb coverage`.
#[derive(Debug, Args)]
pub struct Coverage {
    /// The database.
    #[command(flatten)]
    pub source: From,
    /// Write devdb.lock: what the database looks like now has been looked at.
    #[arg(long)]
    pub accept: bool,
}

/// `devdb audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// The database, such as postgres://me@localhost/app_dev, instead of --target. Its password stands in
    /// PGPASSWORD.
    #[arg(long, value_name = "URL", env = "DEVDB_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
}

/// `devdb scrub`.
#[derive(Debug, Args)]
pub struct Scrub {
    /// The database, such as postgres://me@localhost/app_dev. Its password stands in PGPASSWORD.
    #[arg(long, value_name = "URL", env = "DEVDB_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
}

/// `devdb config …`.
#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Check the configuration and its scripts; changes nothing and needs no network.
    Check,
    /// Print the JSON schema of the configuration.
    Schema,
}

/// `devdb demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Where the demo lives; a temporary directory when left out. Removed at the end unless --keep.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Leave the generation running and print how to connect.
    #[arg(long)]
    pub keep: bool,
}

/// The table of exit codes, from the codes themselves.
fn exit_codes() -> String {
    let lines = Exit::ALL.map(|(exit, words)| format!("  {:>3}  {words}\n", exit as u8));
    format!("Exit codes:\n{}", lines.concat())
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    std::time::Duration::try_from(span).map_err(|_| "a time span cannot be negative".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_flags_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn time_spans_are_read() {
        assert_eq!(duration("90m").unwrap().as_secs(), 5400);
        assert!(duration("-1h").is_err() && duration("soon").is_err());
    }
}
