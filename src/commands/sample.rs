//! `devdb sample` and `devdb load`: what was typed, as meant.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use crate::cli::{self, Cli};
use crate::config::{Config, Sample, Target};
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::sample::command::request::{fulfilling, lines, rows, table_and, users};
use crate::sample::command::{self, Ask, Goal, Look, Sink};
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

fn ask(options: &cli::Sample, sample: Option<&Sample>, listener: &dyn Listener) -> Result<Ask, Failure> {
    let mut seeds = options.rows.iter().map(|text| rows(text)).collect::<Result<Vec<_>, _>>()?;
    let mut named = options.users.clone();
    if let Some(path) = &options.users_file {
        named.extend(lines(&read(path)?));
    }
    let is_rooted = !options.users.is_empty() || options.users_file.is_some() || options.condition.is_some();
    if is_rooted {
        let sample = sample.ok_or_else(command::no_section)?;
        if !options.users.is_empty() || options.users_file.is_some() {
            seeds.push(users(sample, &named)?);
        }
        seeds.extend(options.condition.iter().map(|condition| fulfilling(sample, condition, options.limit)));
    }
    let goal = match (&options.into, &options.why) {
        (Some(place), _) if !options.dry_run && options.why.is_none() && !options.suggest => {
            Goal::Write(into(place, listener)?)
        }
        (_, Some(row)) => {
            let (table, key) = table_and(row, "--why", "42")?;
            Goal::Look(Look::Why(table, key.to_owned()))
        }
        _ if options.suggest => Goal::Look(Look::Suggest),
        _ => Goal::Look(Look::Plan),
    };
    if options.push && !matches!(goal, Goal::Write(Sink::Container(_)) | Goal::Look(_)) {
        return Err(
            Failure::new(Exit::Usage, "only an image can be pushed").hint("write `--into container://REPO:TAG`")
        );
    }
    let from = options.from.as_deref().map(|text| url(text, listener)).transpose()?;
    Ok(Ask { seeds, from, goal, push: options.push, replace: options.replace })
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
