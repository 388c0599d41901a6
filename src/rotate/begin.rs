//! The frame around a command: connect, announce, and say how it ended.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use crate::config::Target;
use crate::error::{Exit, Failure};
use crate::event::{Event, Listener, SCHEMA_VERSION};
use crate::platform::dry_run::DryRun;
use crate::platform::{self, Platform};

use super::run::{Run, run_id};

/// A run that was announced, and when.
pub struct Begun {
    run: Arc<Run>,
    at: Instant,
}

impl Deref for Begun {
    type Target = Arc<Run>;

    fn deref(&self) -> &Arc<Run> {
        &self.run
    }
}

/// Connects to a target's platform and announces the run. A dry run gets a platform that cannot write.
pub async fn begin(
    command: &'static str,
    target: Target,
    listener: Arc<dyn Listener>,
    dry: bool,
) -> Result<Begun, Failure> {
    let run = prepare(target, listener, dry).await?;
    run.listener.hear(&Event::RunStarted {
        schema: SCHEMA_VERSION,
        version: env!("CARGO_PKG_VERSION"),
        command,
        target: run.target.name.clone(),
        run_id: run.id.clone(),
    });
    Ok(Begun { run: Arc::new(run), at: Instant::now() })
}

/// A command without a platform that was announced, and when.
pub struct Announced {
    listener: Arc<dyn Listener>,
    at: Instant,
}

/// Announces a command that has no platform of its own; `of` is what it is about.
pub fn announce(command: &'static str, of: &str, listener: Arc<dyn Listener>) -> Announced {
    let run_id = run_id();
    let (schema, version) = (SCHEMA_VERSION, env!("CARGO_PKG_VERSION"));
    listener.hear(&Event::RunStarted { schema, version, command, target: of.to_owned(), run_id });
    Announced { listener, at: Instant::now() }
}

impl Announced {
    /// Says how it ended.
    pub fn finish(&self, result: Result<Exit, Failure>) -> Exit {
        let exit = result.unwrap_or_else(|failure| {
            self.listener.hear(&(&failure).into());
            failure.exit
        });
        let seconds = self.at.elapsed().as_secs_f64();
        self.listener.hear(&Event::RunFinished { exit: exit as u8, generation: None, seconds });
        exit
    }
}

/// For a command that only reads and whose whole answer is what it prints.
pub async fn quietly(target: Target, listener: Arc<dyn Listener>) -> Result<Run, Failure> {
    prepare(target, listener, true).await
}

async fn prepare(target: Target, listener: Arc<dyn Listener>, dry: bool) -> Result<Run, Failure> {
    let refused = |error| {
        let failure = Failure { exit: Exit::Refused, ..Failure::from(error) };
        failure.during(format!("reach the platform of {}", target.name))
    };
    let (platform, rules) = platform::connect(&target).await.map_err(refused)?;
    let platform: Arc<dyn Platform> = if dry { Arc::new(DryRun::over(platform)) } else { platform };
    Ok(Run::new(platform, rules, target, listener))
}

impl Begun {
    /// Says how it ended; `generation` is the live one, where the command made it so.
    pub fn finish(&self, result: Result<(Exit, Option<String>), Failure>) -> Exit {
        let (exit, generation) = result.unwrap_or_else(|failure| {
            self.listener.hear(&(&failure).into());
            (failure.exit, None)
        });
        let seconds = self.at.elapsed().as_secs_f64();
        self.listener.hear(&Event::RunFinished { exit: exit as u8, generation, seconds });
        exit
    }
}
