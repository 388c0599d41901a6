//! `devdb sample` and `devdb load`: what was typed, as meant.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use crate::cli::{self, Cli};
use crate::config::{Config, Sample, Target};
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::sample::command::seed_arguments::{keys_in_file, root_rows, rows_where, table_and_key, table_rows};
use crate::sample::command::{self, Goal, Inspection, SampleRequest, Sink};
use crate::step::Frame;

use super::{load as configuration, url};

/// `devdb sample`.
pub async fn sample(cli: &Cli, options: &cli::Sample, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let (config, target) = both(cli)?;
    let ask = ask(options, config.sample.as_ref(), &*listener)?;
    let run = Frame::announce("sample", &target.name, listener.clone());
    Ok(run.finish(command::sample(&config, &target, &ask, &*listener).await.map(|()| (Exit::Done, None))))
}

/// `devdb load`.
pub async fn load(cli: &Cli, options: &cli::Load, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let config = configuration(cli)?;
    let Sink::Database(url) = into(&options.into, &*listener)? else {
        return Err(Failure::new(Exit::Usage, "an archive is loaded into a database")
            .hint("write `--into database://USER@HOST/DATABASE`"));
    };
    let run = Frame::announce("load", options.path.display().to_string(), listener.clone());
    let done = command::load(&config, &options.path, &url, options.replace, &*listener).await;
    Ok(run.finish(done.map(|()| (Exit::Done, None))))
}

/// `devdb doctor --sample`.
pub async fn doctor(cli: &Cli, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let (config, target) = both(cli)?;
    let run = Frame::announce("doctor", &target.name, listener.clone());
    let sample = config.sample.as_ref().ok_or_else(command::no_section);
    let done = match sample {
        Ok(sample) => command::doctor::doctor(&target, sample, &*listener).await,
        Err(failure) => Err(failure),
    };
    Ok(run.finish(done.map(|exit| (exit, None))))
}

fn both(cli: &Cli) -> Result<(Config, Target), Failure> {
    let config = configuration(cli)?;
    let target = config.target(cli.target.as_deref())?.clone();
    Ok((config, target))
}

fn into(text: &str, listener: &dyn Listener) -> Result<Sink, Failure> {
    Sink::read(text, |text| url(text, listener))
}

fn ask(options: &cli::Sample, sample: Option<&Sample>, listener: &dyn Listener) -> Result<SampleRequest, Failure> {
    let mut seeds = options.rows.iter().map(|text| table_rows(text)).collect::<Result<Vec<_>, _>>()?;
    let mut named = options.users.clone();
    if let Some(path) = &options.users_file {
        named.extend(keys_in_file(&read(path)?));
    }
    let is_rooted = !options.users.is_empty() || options.users_file.is_some() || options.condition.is_some();
    if is_rooted {
        let sample = sample.ok_or_else(command::no_section)?;
        if !options.users.is_empty() || options.users_file.is_some() {
            seeds.push(root_rows(sample, &named)?);
        }
        seeds.extend(options.condition.iter().map(|condition| rows_where(sample, condition, options.limit)));
    }
    let goal = match (&options.into, &options.why) {
        (Some(place), _) if !options.dry_run && options.why.is_none() && !options.suggest => {
            Goal::Write(into(place, listener)?)
        }
        (_, Some(row)) => {
            let (table, key) = table_and_key(row, "--why", "42")?;
            Goal::Inspect(Inspection::Why(table, key.to_owned()))
        }
        _ if options.suggest => Goal::Inspect(Inspection::Suggest),
        _ => Goal::Inspect(Inspection::Plan),
    };
    if options.push && !matches!(goal, Goal::Write(Sink::Container(_)) | Goal::Inspect(_)) {
        return Err(
            Failure::new(Exit::Usage, "only an image can be pushed").hint("write `--into container://REPO:TAG`")
        );
    }
    let from = options.from.as_deref().map(|text| url(text, listener)).transpose()?;
    Ok(SampleRequest { seeds, from, goal, push: options.push, replace: options.replace })
}

fn read(path: &Path) -> Result<String, Failure> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|error| {
        Failure::new(Exit::Usage, format!("{}: {error}", path.display())).hint("one key a line, in UTF-8")
    })
}
