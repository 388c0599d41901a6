//! Tokens: proofs that an instance passed the guard. Their fields are private to this file.

use crate::platform::identity::Identity;
use crate::platform::instance::{Instance, Status};
use crate::platform::phase::Phase;
use crate::platform::record::RecordState;

use super::refusal::Refusal;
use super::rules::Rules;

/// An instance that may be modified once, now.
#[derive(Debug)]
pub struct DevInstance {
    instance: Instance,
}

/// An instance that may be deleted once, now.
#[derive(Debug)]
pub struct Deletable {
    instance: Instance,
}

/// A generation that the record may point at.
#[derive(Debug)]
pub struct Scrubbed {
    instance: Instance,
}

/// The conditions for publishing a generation. The publication gate fills it from what it reads back from the
/// database; a field that is false is named in the refusal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence {
    /// Every hazard is defused, or kept with a reason.
    pub hazards_defused: bool,
    /// No login role is open unless it is allowed.
    pub logins_closed: bool,
    /// Every column is masked or kept on purpose.
    pub covered: bool,
    /// Every place that stores rows is in the ledger.
    pub accounted: bool,
    /// Every table is masked, and no original is left that may not remain.
    pub masked: bool,
    /// Every script was committed, with its present fingerprint.
    pub scripts_run: bool,
    /// Statistics and other residue were rebuilt after the last script.
    pub residue_cleared: bool,
    /// Every verify query returned no row.
    pub verified: bool,
}

macro_rules! accessors {
    ($($token:ty),*) => {$(
        impl $token {
            /// The instance, as the guard described it.
            pub fn instance(&self) -> &Instance {
                &self.instance
            }

            /// Name of the instance.
            pub fn name(&self) -> &str {
                &self.instance.name
            }
        }
    )*};
}
accessors!(DevInstance, Deletable, Scrubbed);

impl DevInstance {
    /// Builds the token for an instance that was just described, if all rules hold.
    pub(super) fn validate(
        rules: &Rules,
        identity: &Identity,
        instance: Instance,
        expected_id: Option<&str>,
    ) -> Result<DevInstance, Refusal> {
        rules.check(identity, &instance, expected_id)?;
        Ok(DevInstance { instance })
    }

    /// Builds the token for a published generation that was just described. Deletion protection and replicas do not
    /// matter: [`Deletable::validate`] refuses them again.
    pub(super) fn validate_published(
        rules: &Rules,
        identity: &Identity,
        instance: Instance,
        expected_id: Option<&str>,
    ) -> Result<DevInstance, Refusal> {
        if !instance.phase().is_some_and(Phase::is_published) || instance.replica_of.is_some() {
            return DevInstance::validate(rules, identity, instance, expected_id);
        }
        rules.check_identity(identity, &instance, expected_id)?;
        Ok(DevInstance { instance })
    }
}

impl Deletable {
    /// Builds the token if the record does not point at the instance. `record_value` is the value of a record that
    /// would.
    pub(super) fn validate(
        dev: DevInstance,
        record: &RecordState,
        record_value: Option<&str>,
    ) -> Result<Deletable, Refusal> {
        match record {
            RecordState::Foreign(reason) => Err(Refusal::UnusableRecord { reason: reason.clone() }),
            RecordState::Present(record) if record.has_value(record_value) => {
                Err(Refusal::Live { name: dev.instance.name })
            }
            RecordState::Present(_) | RecordState::Absent => {
                Rules::check_removable(&dev.instance)?;
                Ok(Deletable { instance: dev.instance })
            }
        }
    }
}

impl Scrubbed {
    /// Proves that a generation may be published. Called by the publication gate only (a test enforces it).
    ///
    /// # Errors
    /// The first condition that does not hold.
    pub fn prove(dev: DevInstance, evidence: Evidence) -> Result<Scrubbed, &'static str> {
        let Evidence {
            hazards_defused,
            logins_closed,
            covered,
            accounted,
            masked,
            scripts_run,
            residue_cleared,
            verified,
        } = evidence;
        let violated = [
            (hazards_defused, "hazards are not all defused"),
            (logins_closed, "logins are not all closed"),
            (covered, "not every column is covered"),
            (accounted, "a place that stores rows is not in the ledger"),
            (masked, "original values are left"),
            (scripts_run, "scripts have not all run"),
            (residue_cleared, "residue is not cleared"),
            (verified, "verify queries did not all pass"),
        ]
        .into_iter()
        .find(|(holds, _)| !holds);
        match violated {
            Some((_, reason)) => Err(reason),
            None if dev.instance.status == Status::Deleting => Err("it is being deleted"),
            None => Ok(Scrubbed { instance: dev.instance }),
        }
    }
}
