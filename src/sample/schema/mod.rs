//! The schema of a source as SQL statements, in the two halves that the rows go between: what a table
//! needs to take rows, and what is added once they are in (indexes, constraints, triggers, policies).
//! Constraints that are added afterwards prove that the sample is closed, and no trigger ever fires.

mod statement;

use std::ffi::OsString;

use secrecy::ExposeSecret;

use super::DumpConnection;
use super::load::error::{Error, Result};
use super::private_dir::PrivateDir;
use crate::pg::RDS_ROOTS;
use crate::pg::dump::Dumper;
use crate::pg::script::Script;

pub use statement::{Statement, StatementKind};

/// Statements that make the objects of a database, without rows. The same database gives the same ones:
/// what a dump says of itself (times, versions, keys) is not part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// Schemas, types, functions, tables, sequences: before the rows.
    pub pre_data: Vec<String>,
    /// Indexes, constraints, triggers, rules, policies: after the rows.
    pub post_data: Vec<String>,
}

impl Schema {
    /// Reads the schema from the same snapshot as the rows. Security labels, tablespaces and subscriptions are
    /// not asked for, and devdb's own schema stays where it is.
    ///
    /// # Errors
    /// What `pg_dump` says, for example of a table that the role may not read.
    pub async fn read(from: &DumpConnection, dumper: &Dumper) -> Result<Schema> {
        let folder = PrivateDir::new()?;
        let dump = folder.path().join("schema.dump");
        let mut arguments: Vec<OsString> = [
            "--format=custom",
            "--schema-only",
            "--no-password",
            "--no-tablespaces",
            "--no-security-labels",
            "--no-subscriptions",
            "--encoding=UTF8",
            "--exclude-schema=devdb_meta",
        ]
        .map(OsString::from)
        .into();
        arguments.push(format!("--snapshot={}", from.snapshot).into());
        arguments.push("--file".into());
        arguments.push(dump.clone().into());
        dumper.run("pg_dump", &environment(from, &folder)?, arguments).await?;
        let mut halves = Vec::new();
        for section in ["--section=pre-data", "--section=post-data"] {
            let words = [OsString::from(section), "--file=-".into(), dump.clone().into()];
            halves.push(statements(&dumper.run("pg_restore", &[], words).await?)?);
        }
        let post_data = halves.pop().unwrap_or_default();
        let pre_data = halves.pop().unwrap_or_default();
        Ok(Schema { pre_data, post_data })
    }

    /// The first half as one text.
    pub fn pre_data_text(&self) -> String {
        text(&self.pre_data)
    }

    /// The second half as one text.
    pub fn post_data_text(&self) -> String {
        text(&self.post_data)
    }

    /// From the texts of both halves.
    ///
    /// # Errors
    /// When one cannot be cut into statements.
    pub fn from_texts(before: &str, after: &str) -> Result<Schema> {
        Ok(Schema { pre_data: cut(before)?, post_data: cut(after)? })
    }
}

fn text(statements: &[String]) -> String {
    statements.iter().map(|statement| format!("{statement};\n\n")).collect()
}

/// What the programs of PostgreSQL read instead of arguments, which everybody on the machine could see.
fn environment(from: &DumpConnection, folder: &PrivateDir) -> Result<Vec<(&'static str, OsString)>> {
    let mut environment: Vec<(&'static str, OsString)> = vec![
        ("PGHOSTADDR", from.address.ip().to_string().into()),
        ("PGPORT", from.address.port().to_string().into()),
        ("PGUSER", from.user.clone().into()),
        ("PGPASSWORD", from.password.expose_secret().into()),
        ("PGDATABASE", from.database.clone().into()),
        ("PGAPPNAME", "devdb".into()),
        ("PGCONNECT_TIMEOUT", "15".into()),
        // A limit that the role brings along is meant for other work.
        ("PGOPTIONS", "-c statement_timeout=0 -c lock_timeout=60s".into()),
    ];
    let Some(name) = &from.server_name else {
        environment.push(("PGHOST", "localhost".into()));
        environment.push(("PGSSLMODE", "disable".into()));
        return Ok(environment);
    };
    let roots = match &from.root_cert {
        Some(file) => file.clone(),
        None => folder.file("roots.pem", RDS_ROOTS)?,
    };
    environment.push(("PGHOST", name.into()));
    environment.push(("PGSSLMODE", "verify-full".into()));
    environment.push(("PGSSLROOTCERT", roots.into()));
    Ok(environment)
}

/// Cuts what `pg_restore` writes into statements. Its settings are left out: a session has its own.
fn statements(text: &str) -> Result<Vec<String>> {
    // Newer releases put two commands of psql around it all, with a key of their own: not those in a body.
    let Some(line) = text.lines().find(|line| !line.is_empty() && !line.starts_with("--")) else {
        return Ok(Vec::new());
    };
    match line.strip_prefix("\\restrict ") {
        Some(key) => {
            let body = text.split_once(line).map_or("", |(_, rest)| rest);
            cut(body.rsplit_once(&format!("\n\\unrestrict {key}")).map_or(body, |(body, _)| body))
        }
        None => cut(text),
    }
}

/// Cuts SQL into statements, without those that only concern the session.
fn cut(text: &str) -> Result<Vec<String>> {
    let only_comments = text.lines().all(|line| line.trim().is_empty() || line.starts_with("--"));
    if only_comments {
        return Ok(Vec::new());
    }
    let script = Script::parse("the schema", text).map_err(|complaints| {
        let all: Vec<String> = complaints.iter().map(crate::diagnostic::Complaint::headline).collect();
        Error::Schema(all.join("; "))
    })?;
    let all = script.statements().iter().map(|statement| &script.text()[statement.span.clone()]);
    Ok(all.filter(|sql| Statement::read(sql).kind != StatementKind::Session).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_is_cut_into_its_statements() {
        let text = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nSET lock_timeout = 0;\n\
            SELECT pg_catalog.set_config('search_path', '', false);\n\
            CREATE FUNCTION public.f() RETURNS integer\n    LANGUAGE sql\n    BEGIN ATOMIC\n SELECT 1;\nEND;\n\n\
            CREATE FUNCTION public.g() RETURNS text LANGUAGE sql AS $$\n\\restricted\nselect ';'$$;\n\
            CREATE TABLE app.t (\n    id integer\n);\n\n\\unrestrict abc\n";
        let found = statements(text).unwrap();
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(found[0].ends_with("END") && found[1].contains("\\restricted\n"));
        assert_eq!(found[2], "CREATE TABLE app.t (\n    id integer\n)");
        assert!(statements("--\n-- PostgreSQL database dump\n--\n").unwrap().is_empty());
        let schema = Schema { pre_data: found, post_data: Vec::new() };
        assert_eq!(Schema::from_texts(&schema.pre_data_text(), &schema.post_data_text()).unwrap(), schema);
    }
}
