//! The scripts of one database, and the values of their variables.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use crate::config::{Database, Target};
use crate::error::{Exit, Failure, FileLocation};
use crate::event::Listener;
use crate::pg::script::Variables;
use crate::scrub::scripts::{self, Problem, Problems, Scripts, Stage};
use crate::secret;

/// The scripts of one database, and the values of their variables.
pub struct DatabaseScripts {
    /// The database.
    pub database: String,
    /// Its scripts.
    pub scripts: Scripts,
    /// Values of their variables.
    pub variables: Variables,
}

impl DatabaseScripts {
    /// Reads the scripts of one database: the configured one of this name, or the only one there is.
    pub async fn of_database(
        target: &Target,
        database: &str,
        listener: &dyn Listener,
    ) -> Result<DatabaseScripts, Failure> {
        let all = load(target)?;
        let only = all.len() == 1;
        let found = all.into_iter().zip(&target.databases).find(|((name, _), _)| only || name == database);
        let Some(((_, scripts), configured)) = found else {
            return DatabaseScripts::checked(database.to_owned(), Scripts::default(), Variables::default());
        };
        let mut secrets = BTreeMap::new();
        for (variable, password) in &configured.secrets {
            let secret = secret::resolve(password, &purpose(variable)).await?;
            listener.add_secret(secret.expose_secret());
            secrets.insert(variable.clone(), secret);
        }
        DatabaseScripts::checked(database.to_owned(), scripts, variables(configured, secrets))
    }

    /// Pairs scripts with the values of their variables.
    ///
    /// # Errors
    /// If a variable has no value.
    pub fn checked(database: String, scripts: Scripts, variables: Variables) -> Result<DatabaseScripts, Failure> {
        let complaints = scripts.check(&variables);
        if !complaints.is_empty() {
            return Err(failure_of(Problems(complaints.into_iter().map(Problem::Text).collect())));
        }
        Ok(DatabaseScripts { database, scripts, variables })
    }
}

/// Returns what the secret of a variable is for, in messages.
pub fn purpose(variable: &str) -> String {
    format!("value of devdb.{variable}")
}

/// Returns the values of a database's variables.
pub fn variables(database: &Database, secrets: BTreeMap<String, SecretString>) -> Variables {
    Variables { values: database.variables.clone(), secrets }
}

/// Reads the scripts of all databases of a target; sends nothing anywhere. A database without a folder has no scripts.
pub fn load(target: &Target) -> Result<Vec<(String, Scripts)>, Failure> {
    let mut all = Vec::new();
    for database in &target.databases {
        let scripts = match &database.postproc {
            Some(folder) => scripts::load(folder).map_err(failure_of)?,
            None => Scripts::default(),
        };
        all.push((database.name.clone(), scripts));
    }
    let has_scrub = all.iter().flat_map(|(_, scripts)| scripts.entries()).any(|entry| entry.stage == Stage::Scrub);
    if let Some(column) = target.masking.scripted.first().filter(|_| !has_scrub) {
        return Err(Failure::new(
            Exit::Usage,
            format!("`scripted` lists {column}, but there is no script in 10-scrub"),
        )
        .hint("write the script that masks it, or give it a mask under `rules`"));
    }
    Ok(all)
}

fn failure_of(problems: Problems) -> Failure {
    let place = |problem: &Problem| match problem {
        Problem::Text(complaint) => {
            Some(FileLocation { file: complaint.file.clone(), line: complaint.line(), title: complaint.title.clone() })
        }
        Problem::Layout { .. } => None,
    };
    let text = |problem: &Problem| match problem {
        Problem::Text(complaint) => complaint.render(false),
        Problem::Layout { .. } => problem.to_string(),
    };
    let texts: Vec<String> = problems.0.iter().map(text).collect();
    let mut failure = Failure::new(Exit::Usage, format!("the scripts have problems\n{}", texts.join("\n\n")));
    failure.places = problems.0.iter().filter_map(place).collect();
    failure
}
