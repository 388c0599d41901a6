//! Before anything is asked of anybody: scripts read, secrets at hand, the recipe's fingerprint made.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::config::{Password, Target};
use crate::digest::hex;
use crate::error::{Exit, Failure, Place};
use crate::event::Listener;
use crate::mask::lock::{self, Lock};
use crate::pg::script::Variables;
use crate::scrub::scripts::{self, Problem, Problems, Scripts, Stage};
use crate::{mask, secret};

/// The scripts of one database and the values they use.
pub struct Work {
    /// The database.
    pub database: String,
    /// Its scripts.
    pub scripts: Scripts,
    /// Their values.
    pub variables: Variables,
}

/// Everything that a rotation brings along.
pub struct RunInputs {
    /// Scripts by database, in the configuration's order.
    pub work: Vec<Work>,
    /// The new master password.
    pub master: SecretString,
    /// What the team has seen of the databases, by name; none without a `devdb.lock`.
    pub seen: Option<BTreeMap<String, Lock>>,
    /// The key of the masks.
    pub mask_key: mask::Key,
    /// New passwords of roles that log in.
    pub roles: BTreeMap<String, SecretString>,
    /// Where each secret came from and what it is for, to be kept once the generation is live.
    origins: Vec<(Password, SecretString, String)>,
    /// Fingerprint of everything that decides what a scrubbed clone looks like.
    pub recipe: String,
}

impl RunInputs {
    /// Refuses a context that no script is of: misspelt, it would leave its seeds out without a word.
    pub fn must_know(&self, contexts: &[String]) -> Result<(), Failure> {
        let entries = self.work.iter().flat_map(|work| work.scripts.entries());
        let known: BTreeSet<&str> = entries.flat_map(|entry| entry.script.contexts()).map(String::as_str).collect();
        let Some(unknown) = contexts.iter().find(|context| !known.contains(context.as_str())) else { return Ok(()) };
        let failure = Failure::new(Exit::Usage, format!("no script is of the context {unknown:?}"));
        let known: Vec<&str> = known.into_iter().collect();
        Err(failure.hint(if known.is_empty() {
            "no script names a context".to_owned()
        } else {
            format!("known are {}", known.join(", "))
        }))
    }

    /// Gives generated secrets to the programs that keep them.
    pub async fn store(&self) -> Result<(), Failure> {
        for (password, secret, purpose) in &self.origins {
            secret::store(password, secret, purpose).await?;
        }
        Ok(())
    }
}

/// Reads all scripts; nothing is sent anywhere. A database without a folder has none.
pub fn scripts(target: &Target) -> Result<Vec<(String, Scripts)>, Failure> {
    let mut all = Vec::new();
    for database in &target.databases {
        let scripts = match &database.postproc {
            Some(folder) => scripts::load(folder).map_err(from_problems)?,
            None => Scripts::default(),
        };
        all.push((database.name.clone(), scripts));
    }
    let scrubs = all.iter().flat_map(|(_, scripts)| scripts.entries()).any(|entry| entry.stage == Stage::Scrub);
    if let Some(column) = target.masking.scripted.first().filter(|_| !scrubs) {
        return Err(Failure::new(
            Exit::Usage,
            format!("`scripted` lists {column}, but there is no script in 10-scrub"),
        )
        .hint("write the script that masks it, or give it a mask under `rules`"));
    }
    Ok(all)
}

/// Reads `devdb.lock`; none when there is none.
pub fn seen(path: &Path) -> Result<Option<BTreeMap<String, Lock>>, Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::new(Exit::Usage, format!("{}: {error}", path.display()))),
    };
    let wrong = |complaint: lock::Complaint| {
        let mut failure = Failure::new(Exit::Usage, format!("{}: {complaint}", path.display()))
            .hint("take it from the last commit, or write it anew by `devdb coverage --from URL --accept`");
        failure.places = vec![Place { file: path.display().to_string(), line: complaint.line, title: complaint.what }];
        failure
    };
    lock::read(&text).map(Some).map_err(wrong)
}

/// Reads scripts and resolves secrets. `listener` hears every secret before it is used.
pub async fn prepare(target: &Target, listener: &dyn Listener) -> Result<RunInputs, Failure> {
    let mut origins = Vec::new();
    let mut get = async |password: &Password, purpose: String| {
        let secret = secret::resolve(password, &purpose).await?;
        listener.add_secret(secret.expose_secret());
        origins.push((password.clone(), secret.clone(), purpose));
        Ok::<_, secret::Error>(secret)
    };
    let mut work = Vec::new();
    for ((name, scripts), database) in scripts(target)?.into_iter().zip(&target.databases) {
        let mut secrets = BTreeMap::new();
        for (variable, password) in &database.secrets {
            secrets.insert(variable.clone(), get(password, format!("value of devdb.{variable}")).await?);
        }
        work.push(checked(name, scripts, Variables { values: database.variables.clone(), secrets })?);
    }
    let mut roles = BTreeMap::new();
    let allowed = target.allowed_roles.iter().map(|(name, role)| (name, role.password.as_ref()));
    let ensured = target.ensured_roles.iter().map(|(name, role)| (name, role.password.as_ref()));
    for (name, password) in allowed.chain(ensured) {
        if let Some(password) = password {
            roles.insert(name.clone(), get(password, format!("password of {name}")).await?);
        }
    }
    let master = get(&target.master_password, "master password".to_owned()).await?;
    secret::check_master(&master)?;
    let mask_key = mask_key(&get(&target.masking.key, MASK_KEY.to_owned()).await?)?;
    let recipe = recipe(target, &work, &mask_key);
    Ok(RunInputs { work, seen: seen(&target.masking.lock)?, master, mask_key, roles, origins, recipe })
}

/// Scripts with their values, all of which they must have.
fn checked(database: String, scripts: Scripts, variables: Variables) -> Result<Work, Failure> {
    let complaints = scripts.check(&variables);
    if !complaints.is_empty() {
        return Err(from_problems(Problems(complaints.into_iter().map(Problem::Text).collect())));
    }
    Ok(Work { database, scripts, variables })
}

const MASK_KEY: &str = "key of the masks";

/// The key of the masks alone.
pub async fn key(target: &Target, listener: &dyn Listener) -> Result<mask::Key, Failure> {
    let secret = secret::resolve(&target.masking.key, MASK_KEY).await?;
    listener.add_secret(secret.expose_secret());
    mask_key(&secret)
}

fn mask_key(secret: &SecretString) -> Result<mask::Key, Failure> {
    mask::Key::new(secret.expose_secret()).map_err(|weak| {
        Failure::new(Exit::Usage, weak).hint("take a long random one, such as `openssl rand -hex 32` prints")
    })
}

/// What masking one database by hand takes: the key, and the scripts of the database of this name, or of the
/// only one there is.
pub async fn by_hand(
    target: &Target,
    database: &str,
    listener: &dyn Listener,
) -> Result<(Work, mask::Key, String), Failure> {
    let get = async |password: &Password, purpose: String| {
        let secret = secret::resolve(password, &purpose).await?;
        listener.add_secret(secret.expose_secret());
        Ok::<_, secret::Error>(secret)
    };
    let key = key(target, listener).await?;
    let all = scripts(target)?;
    let only = all.len() == 1;
    let named = all.into_iter().zip(&target.databases).find(|((name, _), _)| only || name == database);
    let work = match named {
        None => checked(database.to_owned(), Scripts::default(), Variables::default())?,
        Some(((_, scripts), configured)) => {
            let mut secrets = BTreeMap::new();
            for (variable, password) in &configured.secrets {
                secrets.insert(variable.clone(), get(password, format!("value of devdb.{variable}")).await?);
            }
            let values = configured.variables.clone();
            checked(database.to_owned(), scripts, Variables { values, secrets })?
        }
    };
    let recipe = recipe(target, std::slice::from_ref(&work), &key);
    Ok((work, key, recipe))
}

/// A clone that an interrupted run left is only gone on with when this is the same: otherwise parts
/// of it would be scrubbed by other rules than the rest.
fn recipe(target: &Target, work: &[Work], mask_key: &mask::Key) -> String {
    let mut hash = Sha256::new();
    let mut put = |text: &str| {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    };
    for one in work {
        put(&one.database);
        put(&one.scripts.fingerprint());
        one.variables.values.iter().for_each(|(name, value)| {
            put(name);
            put(value);
        });
        // Which secrets there are, not what they are: a tag is no place for them, even hashed.
        one.variables.secrets.keys().for_each(|name| put(name));
    }
    put(&format!("{:?}", target.allowed_roles.keys()));
    put(&format!("{:?}", target.ensured_roles));
    put(&format!("{:?}", target.kept_hazards.keys()));
    put(&format!("{:?}", target.masking.rules));
    put(&format!("{:?}{:?}", target.masking.scripted, target.masking.references));
    put(&mask_key.check());
    hex(&hash.finalize()[..16])
}

fn from_problems(problems: Problems) -> Failure {
    let places = problems
        .0
        .iter()
        .filter_map(|problem| match problem {
            Problem::Text(complaint) => {
                Some(Place { file: complaint.file.clone(), line: complaint.line(), title: complaint.title.clone() })
            }
            Problem::Layout { .. } => None,
        })
        .collect();
    let drawn: Vec<String> = problems
        .0
        .iter()
        .map(|problem| match problem {
            Problem::Text(complaint) => complaint.render(false),
            Problem::Layout { .. } => problem.to_string(),
        })
        .collect();
    let mut failure = Failure::new(Exit::Usage, format!("the scripts have problems\n{}", drawn.join("\n\n")));
    failure.places = places;
    failure
}
