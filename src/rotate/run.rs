//! State that all steps of a run share.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::{PlatformConfig, Target};
use crate::error::{Exit, Failure};
use crate::event::{Event, Listener};
use crate::pg::tunnel::Transport;
use crate::platform::guard::{self, DevInstance, Rules};
use crate::platform::{self, Instance, Platform, Tags, tag};
use crate::scrub::roles;
use crate::step::{Step, new_run_id};

use super::skipped::SkippedRecorder;
use super::wait;

/// One run of a command on one target.
pub struct Run {
    /// The platform.
    pub platform: Arc<dyn Platform>,
    /// Rules by which an instance is devdb's own.
    pub rules: Rules,
    /// The target.
    pub target: Target,
    /// The way to its instances.
    pub transport: Transport,
    /// The listener.
    pub listener: Arc<dyn Listener>,
    /// Id of this run.
    pub id: String,
    /// Held during a change of the record, by the request itself: it is completed even if the run is cancelled
    /// meanwhile.
    pub record_change: Arc<tokio::sync::Mutex<()>>,
    /// Whether the run changes published generations only and deletes none, so that deletion protection is no obstacle.
    pub(super) published_only: bool,
    /// What was left alone with a reason.
    pub(super) skipped: Arc<SkippedRecorder>,
    progress: Mutex<Progress>,
}

/// Progress of a rotation or rollback, for the cleanup after a failure.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The unpublished clone of this run, or the generation that it rolls back to: name and immutable id.
    pub clone: Option<(String, Option<String>)>,
    /// Whether the platform may be creating the clone: it will appear even if it is not visible yet.
    pub accepted: bool,
    /// Whether the clone has this run's tags, and the run is not over, so that the lease is renewed.
    pub held: bool,
    /// Whether a change of the record was requested, so that it may point at the clone.
    pub swap_requested: bool,
    /// Whether the record was changed to point at the clone.
    pub swapped: bool,
    /// Logins that were closed with the reset of the master password.
    pub closed: Vec<String>,
    /// Whether a rollback has started the stopped generation.
    pub started: bool,
    /// Whether the master password was reset.
    pub reset: bool,
    /// Whether a generated secret was stored.
    pub stored: bool,
}

impl Run {
    /// Returns a run that has not begun.
    pub fn new(
        platform: Arc<dyn Platform>,
        rules: Rules,
        transport: Transport,
        target: Target,
        listener: Arc<dyn Listener>,
    ) -> Run {
        let skipped = Arc::new(SkippedRecorder::over(listener));
        Run {
            platform,
            rules,
            target,
            transport,
            listener: skipped.clone(),
            id: new_run_id(),
            record_change: Arc::default(),
            published_only: false,
            skipped,
            progress: Mutex::default(),
        }
    }

    /// Returns the progress.
    pub fn progress(&self) -> Progress {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Updates the progress.
    pub fn update_progress(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Returns the roles that may log in to a published generation.
    pub fn allowed_logins(&self) -> BTreeSet<String> {
        let ensured = self.target.ensured_roles.iter().filter(|(_, role)| role.login).map(|(name, _)| name);
        self.target.allowed_roles.keys().chain(ensured).cloned().collect()
    }

    /// Returns the roles by which the platform itself logs in.
    pub fn internal_logins(&self) -> Vec<String> {
        match self.target.platform {
            PlatformConfig::Aws(_) => roles::RDS_INTERNAL.map(str::to_owned).into(),
            PlatformConfig::Local(_) => Vec::new(),
        }
    }

    /// Returns the database for work on the whole instance: the first configured one.
    pub fn first_database(&self) -> String {
        self.target.databases.first().map_or_else(|| "postgres".to_owned(), |database| database.name.clone())
    }

    /// Reports the start of a step.
    pub fn step(&self, name: &'static str, title: impl Into<String>) -> Step<'_> {
        Step::begin(&*self.listener, name, title)
    }

    /// Reports a warning.
    pub fn warn(&self, message: impl Into<String>) {
        self.listener.on_event(&Event::Warning { message: message.into() });
    }

    /// Describes an instance once and admits one modification of it.
    pub async fn admit_once(&self, name: &str, id: &str) -> platform::Result<DevInstance> {
        self.admit_seen(name, Some(id)).await
    }

    /// [`Run::admit_once`] for an instance whose immutable id may not be known yet.
    pub(super) async fn admit_seen(&self, name: &str, id: Option<&str>) -> platform::Result<DevInstance> {
        if self.published_only {
            guard::admit_published(&*self.platform, &self.rules, name, id).await
        } else {
            guard::admit(&*self.platform, &self.rules, name, id).await
        }
    }

    /// As [`Run::admit_once`], and waits for the end of an outage.
    pub async fn admit(&self, name: &str, id: &str) -> platform::Result<DevInstance> {
        self.retry(|| self.admit_once(name, id)).await
    }

    /// Repeats an attempt during an outage, at most for the deadline of publishing.
    pub async fn retry<T, Attempt>(&self, attempt: impl FnMut() -> Attempt) -> platform::Result<T>
    where
        Attempt: Future<Output = platform::Result<T>>,
    {
        wait::retry(&*self.listener, self.target.deadlines.publish, attempt).await
    }

    /// Fails if another run has taken the clone over, which the lease reports only a little later. That run decides
    /// about the clone from then on, so it is removed from this run's progress.
    pub async fn check_owner(&self, clone: &Instance) -> Result<(), Failure> {
        let dev = self.admit(&clone.name, &clone.resource_id).await?;
        let owner = dev.instance().tag(tag::RUN).unwrap_or("unknown");
        if owner == self.id {
            return Ok(());
        }
        self.update_progress(|progress| progress.clone = None);
        Err(Failure::new(Exit::Busy, format!("{} belongs to another run now ({owner})", clone.name)))
    }

    /// Adds tags to a generation.
    pub async fn tag(&self, name: &str, id: &str, tags: Tags) -> platform::Result<()> {
        self.retry(|| async { self.platform.set_tags(self.admit_once(name, id).await?, &tags).await }).await
    }
}
