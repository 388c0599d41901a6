//! The beginning of a command on a target: connect, and announce it.

use std::ops::Deref;
use std::sync::Arc;

use crate::config::Target;
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::platform::dry_run::DryRun;
use crate::platform::{self, Platform};

use super::run::Run;
use crate::step::Frame;

/// A run that was announced.
pub struct Begun {
    run: Arc<Run>,
    frame: Frame,
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
    let frame = Frame::begin(command, run.target.name.clone(), run.id.clone(), run.listener.clone());
    Ok(Begun { run: Arc::new(run), frame })
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
        self.frame.finish(result)
    }
}
