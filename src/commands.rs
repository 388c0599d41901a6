//! From what was typed to what is done: one function per command, no more than a few lines each.

mod sample;

use std::sync::Arc;

use clap::CommandFactory as _;
use secrecy::ExposeSecret as _;

use crate::cli::{Cli, Command, ConfigAction};
use crate::config::{self, Config, PlatformConfig, Target};
use crate::database::framed;
use crate::error::{Exit, Failure};
use crate::event::{Event, Listener, Verdict};
use crate::pg::Url;
use crate::report::Format;
use crate::rotate::begin::{begin, quietly};
use crate::rotate::plan::PlanOptions;
use crate::rotate::{self, Options, audit, cleanup, doctor, prepare, rollback, status};
use crate::{database, demo, interrupt, mask, platform, scrub};

/// Runs a command.
pub async fn run(cli: Cli, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "devdb", &mut script);
            print(&*listener, &String::from_utf8_lossy(&script))
        }
        Command::Config { action: ConfigAction::Schema } => print_json(&*listener, &config::schema()),
        Command::Config { action: ConfigAction::Check } => check(&load(&cli)?, &*listener),
        Command::Masks if cli.format == Format::Json => print_json(&*listener, &serde_json::json!(mask::list())),
        Command::Masks => print(&*listener, &mask::table()),
        Command::Init(options) => {
            let url = url(&options.from, &*listener)?;
            let work = database::init(&url, cli.format == Format::Json, &*listener);
            Ok(framed("init", &url, listener.clone(), work).await)
        }
        Command::Coverage(options) => {
            let (config, url) = (load(&cli)?, url(&options.source.from, &*listener)?);
            let work = database::coverage(masking(&config)?, &url, options.accept, &*listener);
            Ok(framed("coverage", &url, listener.clone(), work).await)
        }
        Command::Audit(options) => {
            let database = match (&options.database, &cli.target) {
                (Some(database), None) => database,
                (None, Some(_)) => {
                    let run = begin("audit", target(&cli)?, listener, true).await?;
                    let exit = audit::audit(&run).await;
                    return Ok(run.finish(exit.map(|exit| (exit, None))));
                }
                (Some(_), Some(_)) => {
                    return Err(usage("--database and --target are two places")
                        .hint("give one of them; DEVDB_DATABASE and DEVDB_TARGET count as well"));
                }
                (None, None) => {
                    return Err(usage("it is not said what to look at")
                        .hint("--database URL, or --target NAME for the live generation of a target"));
                }
            };
            // Without a configuration there is something to find all the same.
            let config = if cli.config.exists() { Some(load(&cli)?) } else { None };
            let url = url(database, &*listener)?;
            let work = database::audit(config.as_ref().map(masking).transpose()?, &url, &*listener);
            Ok(framed("audit", &url, listener.clone(), work).await)
        }
        Command::Scrub(options) => {
            let database = options.database.as_ref().ok_or_else(|| {
                usage("it is not said what to mask: --database URL").hint(
                    "a target's live generation was masked when it was made; to mask by other rules, `devdb rotate`",
                )
            })?;
            let (target, url) = (target(&cli)?, url(database, &*listener)?);
            let work = async {
                tokio::select! {
                    done = database::scrub(&target, &url, &*listener) => done,
                    () = interrupt::signal() => Err(Failure::new(Exit::Interrupted, "interrupted")
                        .and("the next `devdb scrub` goes on where this one was")),
                }
            };
            Ok(framed("scrub", &url, listener.clone(), work).await)
        }
        Command::Policy => {
            let config = load(&cli)?;
            let target = config.target(cli.target.as_deref())?;
            if matches!(target.platform, PlatformConfig::Local(_)) {
                return Err(usage(&format!("target {} is local and needs no IAM policy", target.name)));
            }
            let source = config.sample.as_ref().and_then(|sample| sample.source.as_ref());
            print_json(&*listener, &platform::aws::policy(target, source))
        }
        Command::Demo(options) => demo::run(options, listener).await,
        Command::Rotate(options) => {
            let run = begin("rotate", target(&cli)?, listener, options.dry_run).await?;
            let rotated = rotate::rotate(&run, &meant(options), interrupt::signal()).await;
            Ok(run.finish(rotated.map(|generation| (Exit::Done, generation))))
        }
        Command::Status => {
            let run = quietly(target(&cli)?, listener).await?;
            status::status(&run, cli.format == Format::Json).await
        }
        Command::Rollback(options) => {
            let run = begin("rollback", target(&cli)?, listener, false).await?;
            let done = rollback::rollback(&run, options.to.as_deref(), interrupt::signal()).await;
            Ok(run.finish(done.map(|generation| (Exit::Done, Some(generation)))))
        }
        Command::Cleanup(options) => {
            let run = begin("cleanup", target(&cli)?, listener, options.dry_run).await?;
            let done = cleanup::cleanup(&run, options.older_than, options.dry_run).await;
            Ok(run.finish(done.map(|()| (Exit::Done, None))))
        }
        Command::Sample(options) => sample::sample(&cli, options, listener).await,
        Command::Load(options) => sample::load(&cli, options, listener).await,
        Command::Doctor(options) if options.sample => sample::doctor(&cli, listener).await,
        Command::Doctor(_) => {
            let run = begin("doctor", target(&cli)?, listener, true).await?;
            let exit = doctor::doctor(&run).await;
            Ok(run.finish(Ok((exit, None))))
        }
    }
}

/// What was typed for `devdb rotate`, as meant.
fn meant(options: &crate::cli::Rotate) -> Options {
    Options {
        wishes: PlanOptions { snapshot: options.snapshot.clone(), take_over: options.take_over, adopt: options.adopt },
        dry_run: options.dry_run,
        keep_failed: options.keep_failed,
        contexts: options.contexts.clone(),
        check_idempotent: options.check_idempotent,
    }
}

fn usage(cause: &str) -> Failure {
    Failure::new(Exit::Usage, cause)
}

fn masking(config: &Config) -> Result<&config::Masking, Failure> {
    let first = config.targets.values().next();
    Ok(&*first.ok_or_else(|| Failure::new(Exit::Usage, "no target is configured"))?.masking)
}

fn url(text: &str, listener: &dyn Listener) -> Result<Url, Failure> {
    let url = Url::read(text, &|name| std::env::var(name).ok()).map_err(|error| {
        Failure::new(Exit::Usage, error).hint("write postgres://user@host:5432/database, the password in PGPASSWORD")
    })?;
    listener.add_secret(url.password().expose_secret());
    Ok(url)
}

fn target(cli: &Cli) -> Result<Target, Failure> {
    Ok(load(cli)?.target(cli.target.as_deref())?.clone())
}

fn load(cli: &Cli) -> Result<Config, Failure> {
    Ok(config::load(&cli.config, &|name| std::env::var(name).ok(), scrub::words())?)
}

fn check(config: &Config, listener: &dyn Listener) -> Result<Exit, Failure> {
    for target in config.targets.values() {
        let scripts: usize = prepare::scripts(target)?.iter().map(|(_, scripts)| scripts.entries().len()).sum();
        listener.on_event(&Event::Checked {
            check: target.name.clone(),
            verdict: Verdict::Ok,
            found: format!("configuration and {scripts} scripts"),
            remedy: None,
        });
    }
    Ok(Exit::Done)
}

fn print(listener: &dyn Listener, text: &str) -> Result<Exit, Failure> {
    listener.print(text);
    Ok(Exit::Done)
}

fn print_json(listener: &dyn Listener, value: &serde_json::Value) -> Result<Exit, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::new(Exit::Unexpected, error))?;
    print(listener, &format!("{text}\n"))
}
