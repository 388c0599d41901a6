//! `devdb sample`: copies the data of a few users, masked, into an image, a database or an archive.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::config::Sample;
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::sample::Seeds;
use crate::sample::command::seed_arguments::{keys_in_file, root_rows, rows_where, table_and_key, table_rows};
use crate::sample::command::{self, Goal, Inspection, SampleRequest, Sink};
use crate::step::Frame;

use super::database_url::{SourceDatabase, parse_url};
use super::global_options::GlobalOptions;

/// Arguments of `devdb sample`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("seeds").multiple(true).args(["users", "users_file", "condition", "rows"]))]
#[command(group = clap::ArgGroup::new("goal").required(true).args(["into", "dry_run", "why", "suggest"]))]
pub struct SampleArgs {
    /// Rows of the root table (`sample.root`) by key.
    #[arg(long, value_name = "KEY,…", value_delimiter = ',')]
    users: Vec<String>,
    /// The same from a file with one key per line; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    users_file: Option<PathBuf>,
    /// Rows of the root table that match an SQL condition.
    #[arg(long = "where", value_name = "CONDITION")]
    condition: Option<String>,
    /// At most this many rows of --where, the first by key.
    #[arg(long, value_name = "N", requires = "condition")]
    limit: Option<u64>,
    /// Rows of any table by its primary key. Can be repeated.
    #[arg(long, value_name = "TABLE:KEY,…")]
    rows: Vec<String>,
    /// Destination: container://REPO:TAG, database://USER@HOST/DATABASE, or archive:PATH (a folder, or one file
    /// if it ends in .tar.zst).
    #[arg(long, value_name = "PLACE", requires = "seeds")]
    into: Option<String>,
    /// Push the image; to ECR with a token of its own, to other registries with docker's credentials.
    #[arg(long, requires = "into")]
    push: bool,
    /// Replace a database that is not empty, or an existing archive.
    #[arg(long, requires = "into")]
    replace: bool,
    /// The source instead of `sample.source` and the live generation. Rows are masked as they are read.
    #[command(flatten)]
    source: SourceDatabase,
    /// Print rows and bytes by table and edge, and stop.
    #[arg(long, requires = "seeds")]
    dry_run: bool,
    /// Print the path that leads to a row, and stop.
    #[arg(long, value_name = "TABLE:KEY", requires = "seeds")]
    why: Option<String>,
    /// Print references that the database does not declare, as YAML for devdb.yaml, and stop.
    #[arg(long)]
    suggest: bool,
}

/// Runs the command.
pub async fn run(global: &GlobalOptions, args: &SampleArgs, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let (config, target) = global.load_target()?;
    let request = args.request(config.sample.as_ref(), &*listener)?;
    let run = Frame::announce("sample", &target.name, listener.clone());
    Ok(run.finish(command::sample(&config, &target, &request, &*listener).await.map(|()| (Exit::Done, None))))
}

impl SampleArgs {
    fn request(&self, sample: Option<&Sample>, listener: &dyn Listener) -> Result<SampleRequest, Failure> {
        let seeds = self.seeds(sample)?;
        let goal = self.goal(listener)?;
        if self.push && !matches!(goal, Goal::Write(Sink::Container(_)) | Goal::Inspect(_)) {
            return Err(
                Failure::new(Exit::Usage, "only an image can be pushed").hint("write `--into container://REPO:TAG`")
            );
        }
        Ok(SampleRequest { seeds, from: self.source.find(listener)?, goal, push: self.push, replace: self.replace })
    }

    fn seeds(&self, sample: Option<&Sample>) -> Result<Vec<Seeds>, Failure> {
        let mut seeds = self.rows.iter().map(|text| table_rows(text)).collect::<Result<Vec<_>, _>>()?;
        let mut keys = self.users.clone();
        if let Some(path) = &self.users_file {
            keys.extend(keys_in_file(&read(path)?));
        }
        let has_keys = !self.users.is_empty() || self.users_file.is_some();
        if has_keys || self.condition.is_some() {
            let sample = sample.ok_or_else(command::no_section)?;
            if has_keys {
                seeds.push(root_rows(sample, &keys)?);
            }
            seeds.extend(self.condition.iter().map(|condition| rows_where(sample, condition, self.limit)));
        }
        Ok(seeds)
    }

    fn goal(&self, listener: &dyn Listener) -> Result<Goal, Failure> {
        Ok(match (&self.into, &self.why) {
            (Some(place), None) if !self.dry_run && !self.suggest => {
                Goal::Write(Sink::read(place, |text| parse_url(text, listener))?)
            }
            (_, Some(row)) => {
                let (table, key) = table_and_key(row, "--why", "42")?;
                Goal::Inspect(Inspection::Why(table, key.to_owned()))
            }
            _ if self.suggest => Goal::Inspect(Inspection::Suggest),
            _ => Goal::Inspect(Inspection::Plan),
        })
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|error| {
        Failure::new(Exit::Usage, format!("{}: {error}", path.display())).hint("write one key per line, in UTF-8")
    })
}
