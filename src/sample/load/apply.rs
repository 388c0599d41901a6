//! Running the statements of a schema, except those that the target does not support.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::error::SqlState;

use super::error::{Error, Result};
use crate::pg::{self, Session};
use crate::sample::schema::{Statement, StatementKind};

/// The number of statements that are sent in one message. A schema of a thousand tables has five thousand, and each
/// message costs a round trip.
pub(super) const BATCH: usize = 100;

/// The parts of a schema that a load has skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkippedObjects {
    /// Roles that do not exist on the target, with the number of grants and owners that name them.
    pub roles: BTreeMap<String, usize>,
    /// Roles that the loading role may not transfer objects to, with the number of objects.
    pub owners: BTreeMap<String, usize>,
    /// Extensions that the target's server does not have, or that the role may not create.
    pub extensions: BTreeSet<String>,
    /// The beginnings of skipped statements: publications, event triggers, foreign servers, and what the role may not
    /// do.
    pub statements: Vec<String>,
    /// Foreign tables that were created as ordinary tables without rows.
    pub foreign_tables: Vec<String>,
}

impl SkippedObjects {
    /// Returns one sentence for each kind of skipped object.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if !self.roles.is_empty() {
            let roles: Vec<String> = self.roles.iter().map(|(role, count)| format!("{role} ({count})")).collect();
            sentences
                .push(format!("grants and owners skipped, the roles do not exist on the target: {}", roles.join(", ")));
        }
        if !self.owners.is_empty() {
            let roles: Vec<String> = self.owners.iter().map(|(role, count)| format!("{role} ({count})")).collect();
            sentences.push(format!(
                "objects stay with the loading role, which may not transfer them to {}",
                roles.join(", ")
            ));
        }
        if !self.extensions.is_empty() {
            let names: Vec<&str> = self.extensions.iter().map(String::as_str).collect();
            sentences.push(format!("extensions skipped, the target does not have them: {}", names.join(", ")));
        }
        if !self.foreign_tables.is_empty() {
            let names = self.foreign_tables.join(", ");
            sentences.push(format!("foreign tables created as ordinary tables without rows: {names}"));
        }
        if !self.statements.is_empty() {
            sentences.push(format!("skipped: {}", self.statements.join("; ")));
        }
        sentences
    }
}

/// Runs the statements of a schema on one session, inside a transaction or not.
pub(super) struct SchemaApplier<'a> {
    pub(super) session: &'a Session,
    in_transaction: bool,
    /// Statements on owners and privileges, which run last.
    pub(super) privileges: Vec<String>,
    pub(super) skipped: SkippedObjects,
}

impl<'a> SchemaApplier<'a> {
    pub(super) fn new(session: &'a Session, in_transaction: bool) -> SchemaApplier<'a> {
        SchemaApplier { session, in_transaction, privileges: Vec::new(), skipped: SkippedObjects::default() }
    }

    /// Runs statements of a schema, except those on owners and privileges, which are collected.
    pub(super) async fn apply(&mut self, statements: &[String]) -> Result<()> {
        let mut required: Vec<Statement> = Vec::new();
        for statement in statements.iter().map(|sql| Statement::read(sql)) {
            match statement.kind {
                StatementKind::Object => required.push(statement),
                StatementKind::ForeignTable => {
                    if let Some(name) = statement.sql.strip_prefix("CREATE TABLE ") {
                        let name = name.split(" (").next().unwrap_or(name);
                        self.skipped.foreign_tables.push(name.to_owned());
                    }
                    required.push(statement);
                }
                StatementKind::Session => {}
                StatementKind::Acting | StatementKind::Outside => self.skipped.statements.push(statement.title()),
                StatementKind::Rights => self.privileges.push(statement.sql.into_owned()),
                StatementKind::Optional | StatementKind::Extension => {
                    self.run_required(&mut required).await?;
                    self.run_optional(&statement).await?;
                }
            }
            if required.len() >= BATCH {
                self.run_required(&mut required).await?;
            }
        }
        self.run_required(&mut required).await
    }

    /// Runs statements that must succeed, in one message. If that fails, runs them one by one to find the failing one.
    async fn run_required(&mut self, statements: &mut Vec<Statement<'_>>) -> Result<()> {
        let all: Vec<Statement> = std::mem::take(statements);
        if all.is_empty() || self.run_atomically(&join(&all)).await.is_ok() {
            return Ok(());
        }
        for statement in &all {
            self.run_atomically(&statement.sql).await.map_err(|error| self.statement_error(statement, error))?;
        }
        Ok(())
    }

    /// Returns the error of a statement that must succeed.
    pub(super) fn statement_error(&self, statement: &Statement<'_>, error: pg::Error) -> Error {
        let missing_extensions = self.skipped.extensions.iter().cloned().collect();
        Error::Statement { statement: statement.title(), error, missing_extensions }
    }

    /// Runs a statement that is skipped if the target does not support it.
    pub(super) async fn run_optional(&mut self, statement: &Statement<'_>) -> Result<()> {
        let Err(error) = self.run_atomically(&statement.sql).await else { return Ok(()) };
        // A role, an extension or its file does not exist; not permitted; a privilege that this version does not know.
        let unsupported = [
            SqlState::UNDEFINED_OBJECT,
            SqlState::INSUFFICIENT_PRIVILEGE,
            SqlState::FEATURE_NOT_SUPPORTED,
            SqlState::UNDEFINED_FILE,
            SqlState::INVALID_GRANT_OPERATION,
        ]
        .iter()
        .any(|state| error.is_state(state));
        match statement.kind {
            StatementKind::Extension if unsupported => {
                if let Some(name) = extension(&statement.sql) {
                    self.skipped.extensions.insert(name);
                }
            }
            StatementKind::Rights | StatementKind::Optional if unsupported => match &statement.role {
                Some(role) if statement.owner => *self.skipped.owners.entry(role.clone()).or_default() += 1,
                _ => self.skipped.statements.push(format!("{} ({error})", statement.title())),
            },
            _ => return Err(Error::Statement { statement: statement.title(), error, missing_extensions: Vec::new() }),
        }
        Ok(())
    }

    /// Runs SQL so that a failure changes nothing and leaves the transaction usable.
    pub(super) async fn run_atomically(&self, sql: &str) -> pg::Result<()> {
        if !self.in_transaction {
            // The statements of one message are one transaction.
            return self.session.run(sql).await.map(drop);
        }
        self.session.run("SAVEPOINT devdb").await?;
        let done = self.session.run(sql).await;
        let end = if done.is_ok() { "RELEASE devdb" } else { "ROLLBACK TO devdb; RELEASE devdb" };
        match self.session.run(end).await {
            Err(error) if done.is_ok() => Err(error),
            _ => done.map(drop),
        }
    }
}

/// Joins statements into one message.
pub(super) fn join<'a>(statements: impl IntoIterator<Item = &'a Statement<'a>>) -> String {
    let all: Vec<&str> = statements.into_iter().map(|statement| &*statement.sql).collect();
    all.join(";\n")
}

/// Returns the name in `CREATE EXTENSION IF NOT EXISTS name WITH SCHEMA …`; `None` for a comment on an extension.
fn extension(sql: &str) -> Option<String> {
    let rest = sql.strip_prefix("CREATE EXTENSION IF NOT EXISTS ")?;
    Some(rest.split(" WITH SCHEMA ").next().unwrap_or(rest).trim_matches('"').to_owned())
}
