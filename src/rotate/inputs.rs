//! Everything that a rotation reads before its first request: scripts, secrets, `devdb.lock`, and the recipe.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};

use crate::config::{Password, Target};
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::scrub::mask_key;
use crate::scrub::schema_locks::SchemaLocks;
use crate::{mask, secret};

use super::database_scripts::{self, DatabaseScripts};
use super::recipe::recipe;
use super::store::ResolvedSecret;

/// The inputs of a rotation.
pub struct RunInputs {
    /// Scripts by database, in the order of the configuration.
    pub databases: Vec<DatabaseScripts>,
    /// The new master password.
    pub master: ResolvedSecret,
    /// The schemas that the team has reviewed.
    pub locks: SchemaLocks,
    /// The key of the masks.
    pub mask_key: mask::Key,
    /// New passwords of login roles, by role.
    pub roles: BTreeMap<String, SecretString>,
    /// All other secrets.
    pub secrets: Vec<ResolvedSecret>,
    /// Fingerprint of everything that decides what a scrubbed clone contains.
    pub recipe: String,
}

impl RunInputs {
    /// Reads scripts and resolves secrets. Each secret is registered with `listener` before it is used.
    pub async fn read(target: &Target, listener: &dyn Listener) -> Result<RunInputs, Failure> {
        let mut secrets = Vec::new();
        let mut resolve = async |password: &Password, purpose: String| {
            let value = secret::resolve(password, &purpose).await?;
            listener.add_secret(value.expose_secret());
            secrets.push(ResolvedSecret { origin: password.clone(), value: value.clone(), purpose });
            Ok::<_, secret::Error>(value)
        };
        let mut databases = Vec::new();
        for ((name, scripts), database) in database_scripts::load(target)?.into_iter().zip(&target.databases) {
            let mut values = BTreeMap::new();
            for (variable, password) in &database.secrets {
                values.insert(variable.clone(), resolve(password, database_scripts::purpose(variable)).await?);
            }
            let variables = database_scripts::variables(database, values);
            databases.push(DatabaseScripts::checked(name, scripts, variables)?);
        }
        let mut roles = BTreeMap::new();
        let allowed = target.allowed_roles.iter().map(|(name, role)| (name, role.password.as_ref()));
        let ensured = target.ensured_roles.iter().map(|(name, role)| (name, role.password.as_ref()));
        for (name, password) in allowed.chain(ensured) {
            if let Some(password) = password {
                roles.insert(name.clone(), resolve(password, format!("password of {name}")).await?);
            }
        }
        let mask_key = mask_key::derive(&resolve(&target.masking.key, mask_key::PURPOSE.to_owned()).await?)?;
        let master = resolve_master(target, listener).await?;
        let recipe = recipe(target, &databases, &mask_key);
        let locks = SchemaLocks::read(&target.masking.lock)?;
        let locks = if target.databases.len() > 1 { locks.by_name() } else { locks };
        Ok(RunInputs { databases, locks, master, mask_key, roles, secrets, recipe })
    }

    /// Refuses a context that no script names: if it is misspelt, its seeds would be skipped silently.
    pub fn check_contexts(&self, contexts: &[String]) -> Result<(), Failure> {
        let entries = self.databases.iter().flat_map(|database| database.scripts.entries());
        let known: BTreeSet<&str> = entries.flat_map(|entry| entry.script.contexts()).map(String::as_str).collect();
        let Some(unknown) = contexts.iter().find(|context| !known.contains(context.as_str())) else { return Ok(()) };
        let failure = Failure::new(Exit::Usage, format!("no script names the context {unknown:?}"));
        let known: Vec<&str> = known.into_iter().collect();
        Err(failure.hint(if known.is_empty() {
            "no script names any context".to_owned()
        } else {
            format!("known contexts: {}", known.join(", "))
        }))
    }
}

/// Resolves the master password of a run, and registers it with `listener`.
pub async fn resolve_master(target: &Target, listener: &dyn Listener) -> Result<ResolvedSecret, Failure> {
    let purpose = "master password".to_owned();
    let value = secret::resolve(&target.master_password, &purpose).await?;
    listener.add_secret(value.expose_secret());
    secret::check_master(&value)?;
    Ok(ResolvedSecret { origin: target.master_password.clone(), value, purpose })
}
