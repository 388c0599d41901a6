//! `devdb sample`: connect, select, read, write.

use std::pin::pin;

use crate::config::{Config, Target};
use crate::error::{Exit, Failure};
use crate::event::{Event, Listener};
use crate::interrupt;
use crate::pg::dump::Dumper;
use crate::sample;
use crate::sample::conflict::Retries;
use crate::step::Step;
use crate::units::counted;

use super::attempt::{RetryableError, SampleSetup};
use super::failure::{interrupted, no_section};
use super::masking::SourceMasking;
use super::open_source::open_source;
use super::request::{Goal, Inspection, SampleRequest};
use super::source::OpenSource;
use super::task::{Interrupt, SampleTask};

/// Takes a sample and writes it, or prints what was asked about it.
///
/// # Errors
/// `Exit::Leak` before anything is written, if a column is neither masked nor kept on purpose; what failed otherwise.
/// The destination is then unchanged.
pub async fn sample(
    config: &Config,
    target: &Target,
    request: &SampleRequest,
    listener: &dyn Listener,
) -> Result<(), Failure> {
    let Some(sample) = &config.sample else { return Err(no_section()) };
    let task = SampleTask { config, target, sample, request, listener };
    let mut interrupt = pin!(interrupt::signal());
    let setup = tokio::select! {
        setup = task.set_up() => setup?,
        () = &mut interrupt => return Err(interrupted()),
    };
    match setup {
        Some(setup) => task.attempts(&setup, interrupt).await,
        None => Ok(()),
    }
}

impl SampleTask<'_> {
    /// Connects to the source and checks all preconditions. Returns `None` if the request is answered by that.
    async fn set_up(&self) -> Result<Option<SampleSetup<'_>>, Failure> {
        let destination = self.open_destination().await?;
        let step = Step::begin(self.listener, "source", "connect to the source");
        let source = open_source(self.target, self.sample, self.request.from.as_ref(), self.listener).await?;
        let session = source.session().await?;
        step.done(format!("{}, PostgreSQL {}{}", source.name, session.major(), source.state()));
        if let Goal::Inspect(Inspection::Suggest) = self.request.goal {
            let found = sample::suggest(&source.source, &self.target.masking.references).await?;
            if found.is_empty() {
                let message = "every column that looks like a reference has a foreign key, or no matching values";
                self.listener.on_event(&Event::Noted { step: "suggest", message: message.to_owned() });
            } else {
                self.listener.print(&sample::suggest::yaml(&found));
            }
            return Ok(None);
        }
        let destination = match destination {
            Some(destination) => {
                let dumper = Dumper::find(session.major()).await?;
                Some((self.check_destination(destination, &source, session.major()).await?, dumper))
            }
            None => None,
        };
        let masking = if source.is_scrubbed { None } else { Some(self.check_coverage(&source).await?) };
        Ok(Some(SampleSetup { destination, source, masking }))
    }

    async fn check_coverage(&self, source: &OpenSource) -> Result<SourceMasking, Failure> {
        let step = Step::begin(self.listener, "coverage", "check column coverage");
        let masking = SourceMasking::compile(&source.session().await?, self.target, self.listener).await?;
        step.done(format!("{} masked, all others kept on purpose", counted(masking.masks.len() as u64, "column")));
        Ok(masking)
    }

    /// Retries with a new snapshot if a standby canceled a query because of a conflict with recovery.
    async fn attempts(&self, setup: &SampleSetup<'_>, mut interrupt: Interrupt<'_>) -> Result<(), Failure> {
        let mut retries = Retries::new();
        loop {
            match self.attempt(setup, interrupt.as_mut()).await {
                Ok(()) => return Ok(()),
                Err(RetryableError::Conflict(why)) if retries.warn(self.listener, &why) => {}
                Err(RetryableError::Conflict(why)) => {
                    return Err(Failure::new(Exit::Unexpected, why).hint(
                        "sample at a quieter time, from the primary, or set hot_standby_feedback on the standby",
                    ));
                }
                Err(RetryableError::Failed(failure)) => return Err(setup.source.explain(failure).await),
            }
        }
    }
}
