//! Running the statements of a schema, and leaving out what the target has no place for.

use std::collections::{BTreeMap, BTreeSet};

use crate::pg::{self, Session};
use crate::sample::load::error::{Error, Result};
use crate::sample::schema::{Statement, StatementKind};

/// Statements that are sent at a time. Each costs a round trip, and a schema of a thousand tables has five
/// thousand of them.
pub(super) const BATCH: usize = 100;

/// What did not come over, for the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Roles that the target lacks, with how many grants and owners named them.
    pub roles: BTreeMap<String, usize>,
    /// Roles that the target has and that ours may not give objects to, with how many.
    pub owners: BTreeMap<String, usize>,
    /// Extensions that the target's server lacks, or that the role may not make.
    pub extensions: BTreeSet<String>,
    /// Statements left out, in a few words each: publications, event triggers, foreign servers, and what
    /// the role may not do.
    pub statements: Vec<String>,
    /// Foreign tables that came over as ordinary ones without rows.
    pub foreign_tables: Vec<String>,
}

impl LeftOut {
    /// It in sentences, none when nothing was left out.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if !self.roles.is_empty() {
            let roles: Vec<String> = self.roles.iter().map(|(role, count)| format!("{role} ({count})")).collect();
            sentences.push(format!(
                "grants and owners that are roles which the target lacks were left out: {}",
                roles.join(", ")
            ));
        }
        if !self.owners.is_empty() {
            let roles: Vec<String> = self.owners.iter().map(|(role, count)| format!("{role} ({count})")).collect();
            sentences.push(format!(
                "objects belong to the role that loaded them, which may not give them to {}",
                roles.join(", ")
            ));
        }
        if !self.extensions.is_empty() {
            let names: Vec<&str> = self.extensions.iter().map(String::as_str).collect();
            sentences.push(format!("extensions that the target lacks were left out: {}", names.join(", ")));
        }
        if !self.foreign_tables.is_empty() {
            let names = self.foreign_tables.join(", ");
            sentences.push(format!("foreign tables came over as ordinary tables without rows: {names}"));
        }
        if !self.statements.is_empty() {
            sentences.push(format!("left out: {}", self.statements.join("; ")));
        }
        sentences
    }
}

/// Runs statements on one session, inside a transaction or not.
pub(super) struct Apply<'a> {
    pub(super) session: &'a Session,
    in_transaction: bool,
    /// Statements on owners and rights, for the end.
    pub(super) rights: Vec<String>,
    pub(super) left_out: LeftOut,
}

impl<'a> Apply<'a> {
    pub(super) fn begin(session: &'a Session, in_transaction: bool) -> Apply<'a> {
        Apply { session, in_transaction, rights: Vec::new(), left_out: LeftOut::default() }
    }

    /// Runs one half of a schema, but what concerns owners and rights.
    pub(super) async fn run(&mut self, statements: &[String]) -> Result<()> {
        let mut required: Vec<Statement> = Vec::new();
        for statement in statements.iter().map(|sql| Statement::read(sql)) {
            match statement.kind {
                StatementKind::Object => required.push(statement),
                StatementKind::ForeignTable => {
                    if let Some(name) = statement.sql.strip_prefix("CREATE TABLE ") {
                        let name = name.split(" (").next().unwrap_or(name);
                        self.left_out.foreign_tables.push(name.to_owned());
                    }
                    required.push(statement);
                }
                StatementKind::Session => {}
                StatementKind::Acting | StatementKind::Outside => self.left_out.statements.push(statement.title()),
                StatementKind::Rights => self.rights.push(statement.sql.into_owned()),
                StatementKind::Optional | StatementKind::Extension => {
                    self.require(&mut required).await?;
                    self.try_one(&statement).await?;
                }
            }
            if required.len() >= BATCH {
                self.require(&mut required).await?;
            }
        }
        self.require(&mut required).await
    }

    /// Runs what has to work, in one message; when that fails, one by one, to learn which it was.
    async fn require(&mut self, statements: &mut Vec<Statement<'_>>) -> Result<()> {
        let all: Vec<Statement> = std::mem::take(statements);
        if all.is_empty() || self.attempt(&join(&all)).await.is_ok() {
            return Ok(());
        }
        for statement in &all {
            self.attempt(&statement.sql).await.map_err(|error| self.refused(statement, error))?;
        }
        Ok(())
    }

    /// The failure of a statement that has to work.
    pub(super) fn refused(&self, statement: &Statement<'_>, error: pg::Error) -> Error {
        let lacking = self.left_out.extensions.iter().cloned().collect();
        Error::Statement { statement: statement.title(), error, lacking }
    }

    pub(super) async fn try_one(&mut self, statement: &Statement<'_>) -> Result<()> {
        let Err(error) = self.attempt(&statement.sql).await else { return Ok(()) };
        // No such role, extension, or file of an extension; not allowed; a privilege that this version lacks.
        let lacking = matches!(error.sqlstate(), Some("42704" | "42501" | "0A000" | "58P01" | "0LP01"));
        match statement.kind {
            StatementKind::Extension if lacking => {
                if let Some(name) = extension(&statement.sql) {
                    self.left_out.extensions.insert(name);
                }
            }
            StatementKind::Rights | StatementKind::Optional if lacking => match &statement.role {
                Some(role) if statement.owner => *self.left_out.owners.entry(role.clone()).or_default() += 1,
                _ => self.left_out.statements.push(format!("{} ({error})", statement.title())),
            },
            _ => return Err(Error::Statement { statement: statement.title(), error, lacking: Vec::new() }),
        }
        Ok(())
    }

    /// Runs SQL so that a failure changes nothing.
    pub(super) async fn attempt(&self, sql: &str) -> pg::Result<()> {
        if !self.in_transaction {
            // Several statements in one message are one transaction.
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

pub(super) fn join<'a>(statements: impl IntoIterator<Item = &'a Statement<'a>>) -> String {
    let all: Vec<&str> = statements.into_iter().map(|statement| &*statement.sql).collect();
    all.join(";\n")
}

/// The name in `CREATE EXTENSION IF NOT EXISTS name WITH SCHEMA …`; none in a comment on one.
fn extension(sql: &str) -> Option<String> {
    let rest = sql.strip_prefix("CREATE EXTENSION IF NOT EXISTS ")?;
    Some(rest.split(" WITH SCHEMA ").next().unwrap_or(rest).trim_matches('"').to_owned())
}
