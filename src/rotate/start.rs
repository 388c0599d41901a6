//! Start of a command on a target: connects to the platform and reports the start.

use std::ops::Deref;
use std::sync::Arc;

use crate::config::Target;
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::platform::dry_run::DryRun;
use crate::platform::{self, Platform};
use crate::step::Frame;

use super::run::Run;

/// A run whose start was reported.
pub struct StartedRun {
    run: Arc<Run>,
    frame: Frame,
}

impl Deref for StartedRun {
    type Target = Arc<Run>;

    fn deref(&self) -> &Arc<Run> {
        &self.run
    }
}

/// Connects to a target's platform and reports the start. A dry run gets a platform that refuses writes.
pub async fn start(
    command: &'static str,
    target: Target,
    listener: Arc<dyn Listener>,
    dry_run: bool,
) -> Result<StartedRun, Failure> {
    Ok(begin(command, connect(target, listener, dry_run).await?))
}

/// [`start`] for a command that changes published generations only and deletes none: deletion protection is no obstacle.
pub async fn start_on_published(
    command: &'static str,
    target: Target,
    listener: Arc<dyn Listener>,
    dry_run: bool,
) -> Result<StartedRun, Failure> {
    let mut run = connect(target, listener, dry_run).await?;
    run.published_only = true;
    Ok(begin(command, run))
}

fn begin(command: &'static str, run: Run) -> StartedRun {
    let frame = Frame::begin(command, run.target.name.clone(), run.id.clone(), run.listener.clone());
    StartedRun { run: Arc::new(run), frame }
}

/// Connects without a report, for a command that only reads and whose whole result is what it prints.
pub async fn connect_read_only(target: Target, listener: Arc<dyn Listener>) -> Result<Run, Failure> {
    connect(target, listener, true).await
}

async fn connect(target: Target, listener: Arc<dyn Listener>, read_only: bool) -> Result<Run, Failure> {
    let refused = |error| {
        let failure = Failure { exit: Exit::Refused, ..Failure::from(error) };
        failure.during(format!("reach the platform of {}", target.name))
    };
    let (platform, rules) = platform::connect(&target).await.map_err(refused)?;
    let transport = platform::transport(&target, &target.connect).await.map_err(refused)?;
    let platform: Arc<dyn Platform> = if read_only { Arc::new(DryRun::over(platform)) } else { platform };
    Ok(Run::new(platform, rules, transport, target, listener))
}

impl StartedRun {
    /// Reports the end. `generation` is the live one, if the command published it.
    pub fn finish(&self, result: Result<(Exit, Option<String>), Failure>) -> Exit {
        self.frame.finish(result)
    }
}
