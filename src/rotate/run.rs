//! What every step of one run shares: where it works, by which rules, who listens, and how far it is.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::{PlatformConfig, Target};
use crate::error::{Exit, Failure};
use crate::event::{Event, Listener};
use crate::platform::guard::{self, DevInstance, Rules};
use crate::platform::{self, Instance, Platform, Tags, tag};
use crate::scrub::roles;
use crate::step::{Step, new_run_id};

/// One run of a command on one target.
pub struct Run {
    /// The place of the generations.
    pub platform: Arc<dyn Platform>,
    /// What makes an instance ours.
    pub rules: Rules,
    /// The target.
    pub target: Target,
    /// Who hears what happens.
    pub listener: Arc<dyn Listener>,
    /// Identifies this run.
    pub id: String,
    /// Held while the record is being changed, by the call itself: it goes on when the run is cancelled
    /// in the middle of it.
    pub changing: Arc<tokio::sync::Mutex<()>>,
    place: Mutex<Place>,
}

/// How far a rotation is, for whoever has to clean up after it.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The clone that exists because of this run and is not published: name and immutable id.
    pub clone: Option<(String, Option<String>)>,
    /// Whether the platform may be making it, as far as anybody knows: then it will appear, even if it
    /// cannot be seen yet.
    pub accepted: bool,
    /// Whether it carries this run's tags: from then on the lease is renewed.
    pub held: bool,
    /// Whether the record was told to point at it.
    pub swapped: bool,
}

impl Run {
    /// A run that has not begun.
    pub fn new(platform: Arc<dyn Platform>, rules: Rules, target: Target, listener: Arc<dyn Listener>) -> Run {
        Run { platform, rules, target, listener, id: new_run_id(), changing: Arc::default(), place: Mutex::default() }
    }

    /// How far it is.
    pub fn place(&self) -> Place {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how far it is.
    pub fn set_place(&self, change: impl FnOnce(&mut Place)) {
        change(&mut self.place.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Roles that may log in when it is published.
    pub fn allowed_logins(&self) -> BTreeSet<String> {
        let ensured = self.target.ensured_roles.iter().filter(|(_, role)| role.login).map(|(name, _)| name);
        self.target.allowed_roles.keys().chain(ensured).cloned().collect()
    }

    /// Roles by which the platform itself logs in.
    pub fn internal_logins(&self) -> Vec<String> {
        match self.target.platform {
            PlatformConfig::Aws(_) => roles::RDS_INTERNAL.map(str::to_owned).into(),
            PlatformConfig::Local(_) => Vec::new(),
        }
    }

    /// Begins a step.
    pub fn step(&self, name: &'static str, title: impl Into<String>) -> Step<'_> {
        Step::begin(&*self.listener, name, title)
    }

    /// Something a person should look at.
    pub fn warn(&self, message: impl Into<String>) {
        self.listener.on_event(&Event::Warning { message: message.into() });
    }

    /// A fresh look that lets one modification through.
    pub async fn admit(&self, name: &str, id: &str) -> platform::Result<DevInstance> {
        guard::admit(&*self.platform, &self.rules, name, Some(id)).await
    }

    /// Stops a run whose clone another one took over: from the lease it hears of that a little later. What is
    /// to be done with the clone is done there, so it is this run's place no longer.
    pub async fn still_owns(&self, clone: &Instance) -> Result<(), Failure> {
        let dev = self.admit(&clone.name, &clone.resource_id).await?;
        let owner = dev.instance().tag(tag::RUN).unwrap_or("unknown");
        if owner == self.id {
            return Ok(());
        }
        self.set_place(|place| place.clone = None);
        Err(Failure::new(Exit::Busy, format!("{} belongs to another run now ({owner})", clone.name)))
    }

    /// Adds tags to a generation.
    pub async fn tag(&self, name: &str, id: &str, tags: Tags) -> platform::Result<()> {
        let dev = self.admit(name, id).await?;
        self.platform.set_tags(dev, &tags).await
    }
}
