//! The conditions that make an instance a generation of a target.

use crate::config::PREFIX_MIN;
use crate::platform::identity::Identity;
use crate::platform::instance::{Instance, Status};
use crate::platform::tag;

use super::refusal::Refusal;

/// The identity of a target's generations, from the configuration.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Configured account.
    pub account: String,
    /// Configured region.
    pub region: String,
    /// Prefix of the names of generations: at least [`crate::config::PREFIX_MIN`] characters, ending in `-`.
    pub prefix: String,
    /// The target's name: the value of the tag [`tag::TARGET`].
    pub target: String,
    /// Identifier of the source.
    pub source: String,
    /// Immutable id of the source, where known.
    pub source_resource_id: Option<String>,
}

impl Rules {
    /// Checks that an instance is a generation that may be modified and deleted. `expected_id` is the immutable id under
    /// which it was described before. Pure.
    ///
    /// # Errors
    /// The first condition that does not hold.
    pub fn check(&self, identity: &Identity, instance: &Instance, expected_id: Option<&str>) -> Result<(), Refusal> {
        self.check_identity(identity, instance, expected_id)?;
        Rules::check_removable(instance)
    }

    /// Checks that a generation has no deletion protection and no replicas, and is none.
    pub(super) fn check_removable(instance: &Instance) -> Result<(), Refusal> {
        if instance.deletion_protection {
            return Err(Refusal::Protected { name: instance.name.clone() });
        }
        match instance.replica_of.iter().chain(&instance.replicas).next() {
            Some(peer) => Err(Refusal::Replicates { name: instance.name.clone(), peer: peer.clone() }),
            None => Ok(()),
        }
    }

    /// Checks that an instance is a generation of this target, whether it may be deleted or not. The condition whose
    /// violation does most damage is first.
    ///
    /// # Errors
    /// The first condition that does not hold.
    pub fn check_identity(
        &self,
        identity: &Identity,
        instance: &Instance,
        expected_id: Option<&str>,
    ) -> Result<(), Refusal> {
        let name = || instance.name.clone();
        if identity.account != self.account || identity.region != self.region {
            return Err(Refusal::WrongAccount {
                found: format!("{} in {}", identity.account, identity.region),
                expected: format!("{} in {}", self.account, self.region),
            });
        }
        if instance.name.eq_ignore_ascii_case(&self.source)
            || self.source_resource_id.as_ref() == Some(&instance.resource_id)
        {
            return Err(Refusal::IsSource { name: name() });
        }
        if !is_generation_name(&self.prefix, &instance.name) {
            return Err(Refusal::WrongName { name: name(), prefix: self.prefix.clone() });
        }
        if let Status::Damaged(why) = &instance.status {
            return Err(Refusal::Damaged { name: name(), why: why.clone() });
        }
        if instance.engine != "postgres" {
            return Err(Refusal::WrongKind { name: name(), found: instance.engine.clone() });
        }
        if let Some(cluster) = &instance.cluster {
            return Err(Refusal::WrongKind { name: name(), found: format!("a member of cluster {cluster}") });
        }
        for (key, expected) in [(tag::MANAGED_BY, tag::MANAGED_BY_VALUE), (tag::TARGET, self.target.as_str())] {
            if instance.tag(key) != Some(expected) {
                return Err(Refusal::MissingTag { name: name(), key, expected: expected.to_owned() });
            }
        }
        if expected_id.is_some_and(|id| id != instance.resource_id) {
            return Err(Refusal::Replaced { name: name() });
        }
        Ok(())
    }
}

/// Whether a name is the prefix followed by at least one character. Never a substring match: a tool that matched by
/// substring deleted production when its prefix was left out.
pub fn is_generation_name(prefix: &str, name: &str) -> bool {
    prefix.len() >= PREFIX_MIN && prefix.ends_with('-') && name.len() > prefix.len() && name.starts_with(prefix)
}
