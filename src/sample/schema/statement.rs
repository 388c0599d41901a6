//! Classification of a dump's statements by their first and last words. PostgreSQL itself writes these words; names and
//! literals in a statement cannot change them.

use std::borrow::Cow;

/// How a statement is treated when the schema is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// Creates an object. It has to succeed.
    Object,
    /// Changes a setting of the session. Left out, because the load has its own settings.
    Session,
    /// Creates an extension. Left out if the target does not have it.
    Extension,
    /// Changes the owner of an object, or grants privileges. Executed last, because the load may not own the object
    /// afterwards. Left out if the target does not have the role, or the load may not do it.
    Rights,
    /// A policy, whose roles may not exist. Left out if the target lacks what it names, or the load may not create it.
    Optional,
    /// A publication or an event trigger, which have effects of their own. Always left out, with a notice.
    Acting,
    /// A foreign server and what belongs to it, or a subscription. Always left out, because it connects to systems of
    /// the source.
    Outside,
    /// A foreign table. It becomes an ordinary table without rows, because views may read it.
    ForeignTable,
}

/// A classified statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// How it is treated.
    pub kind: StatementKind,
    /// The SQL to execute; for a foreign table, it differs from the dump.
    pub sql: Cow<'a, str>,
    /// The role that a statement of [`StatementKind::Rights`] names, if it is found.
    pub role: Option<String>,
    /// Whether that role becomes the owner.
    pub owner: bool,
}

impl Statement<'_> {
    /// Classifies a statement without its `;`.
    pub fn read(sql: &str) -> Statement<'_> {
        let kind = kind(sql);
        let role = if kind == StatementKind::Rights { role(sql) } else { None };
        let owner = kind == StatementKind::Rights && owner(sql).is_some();
        let foreign = kind == StatementKind::ForeignTable || sql.starts_with("ALTER FOREIGN TABLE");
        let text = if foreign && kind != StatementKind::Outside { as_ordinary(sql) } else { None };
        Statement { kind, sql: text.map_or(Cow::Borrowed(sql), Cow::Owned), role, owner }
    }

    /// The first line of the statement, truncated to 100 characters.
    pub fn title(&self) -> String {
        let line = self.sql.lines().next().unwrap_or_default();
        let mut title: String = line.chars().take(100).collect();
        if title.len() < self.sql.len() {
            title.push('…');
        }
        title
    }
}

fn kind(sql: &str) -> StatementKind {
    let words: Vec<&str> = sql.split_whitespace().take(4).collect();
    match words.as_slice() {
        ["SET" | "RESET", ..] => StatementKind::Session,
        ["SELECT", word, ..] if word.starts_with("pg_catalog.set_config(") => StatementKind::Session,
        ["CREATE", "EXTENSION", ..] | ["COMMENT", "ON", "EXTENSION", ..] => StatementKind::Extension,
        ["CREATE" | "ALTER", "PUBLICATION", ..]
        | ["COMMENT", "ON", "PUBLICATION", ..]
        | ["CREATE" | "ALTER", "EVENT", "TRIGGER", ..]
        | ["COMMENT", "ON", "EVENT", "TRIGGER"] => StatementKind::Acting,
        ["CREATE" | "ALTER", "FOREIGN", "DATA", "WRAPPER"]
        | ["COMMENT", "ON", "FOREIGN", "DATA"]
        | ["CREATE" | "ALTER", "SERVER" | "SUBSCRIPTION", ..]
        | ["CREATE", "USER", "MAPPING", ..]
        | ["COMMENT", "ON", "SERVER" | "SUBSCRIPTION", ..] => StatementKind::Outside,
        ["GRANT" | "REVOKE", ..] if sql.contains(" ON FOREIGN ") => StatementKind::Outside,
        ["ALTER", "FOREIGN", "TABLE", ..] if owner(sql).is_some() => StatementKind::Rights,
        ["ALTER", "FOREIGN", "TABLE", ..] if sql.ends_with(')') && sql.contains(" OPTIONS (") => StatementKind::Outside,
        ["CREATE" | "ALTER", "FOREIGN", "TABLE", ..] | ["COMMENT", "ON", "FOREIGN", "TABLE"] => {
            StatementKind::ForeignTable
        }
        ["GRANT" | "REVOKE", ..] | ["ALTER", "DEFAULT", "PRIVILEGES", ..] => StatementKind::Rights,
        ["CREATE", "POLICY", ..] => StatementKind::Optional,
        // The schema exists in every database and may have another owner.
        ["COMMENT", "ON", "POLICY", ..] | ["COMMENT", "ON", "SCHEMA", "public"] => StatementKind::Optional,
        ["ALTER", ..] if owner(sql).is_some() => StatementKind::Rights,
        _ => StatementKind::Object,
    }
}

/// Returns the role that becomes the owner, if the statement does nothing else.
fn owner(sql: &str) -> Option<String> {
    let (before, role) = last_name(sql)?;
    before.ends_with(" OWNER TO ").then_some(role)
}

/// Returns the role that is granted something or loses it.
fn role(sql: &str) -> Option<String> {
    if let Some(rest) = sql.strip_prefix("ALTER DEFAULT PRIVILEGES FOR ROLE ") {
        // The role whose new objects are affected. If the grantee does not exist, the server's error names it.
        return first_name(rest);
    }
    let (before, role) = last_name(sql.strip_suffix(" WITH GRANT OPTION").unwrap_or(sql))?;
    let known = [" TO ", " FROM "].iter().any(|word| before.ends_with(word));
    (known && role != "PUBLIC").then_some(role)
}

/// Returns the name at the end of a text, and the text before it.
fn last_name(sql: &str) -> Option<(&str, String)> {
    let Some(body) = sql.strip_suffix('"') else {
        let at = sql.rfind(|c: char| c.is_whitespace() || c == '.')? + 1;
        // The end of an expression is no name.
        let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        return sql[at..].chars().all(plain).then(|| (&sql[..at], sql[at..].to_owned()));
    };
    // Search the opening quote backward; a doubled one is part of the name.
    let mut end = body.len();
    loop {
        let quote = body[..end].rfind('"')?;
        if quote == 0 || !body[..quote].ends_with('"') {
            return Some((&sql[..quote], body[quote + 1..].replace("\"\"", "\"")));
        }
        end = quote - 1;
    }
}

/// Returns the name at the beginning of a text.
fn first_name(text: &str) -> Option<String> {
    let Some(body) = text.strip_prefix('"') else {
        return text.split_whitespace().next().map(str::to_owned);
    };
    let end = body.replace("\"\"", "\u{1}\u{1}").find('"')?;
    Some(body[..end].replace("\"\"", "\""))
}

/// Rewrites a statement on a foreign table to one on an ordinary table.
fn as_ordinary(sql: &str) -> Option<String> {
    let sql = sql.replacen("FOREIGN TABLE", "TABLE", 1);
    if !sql.starts_with("CREATE") {
        return Some(sql);
    }
    let end = sql.find("\nSERVER ")?;
    Some(sql[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sql: &str) -> (StatementKind, Option<String>) {
        let statement = Statement::read(sql);
        (statement.kind, statement.role)
    }

    #[test]
    fn roles_are_found() {
        let role = |name: &str| (StatementKind::Rights, Some(name.to_owned()));
        assert_eq!(read("ALTER TABLE app.t OWNER TO app"), role("app"));
        assert_eq!(
            read("ALTER FUNCTION app.\"a OWNER TO b\"(x text) OWNER TO \"kim \"\"x\"\".minsu\""),
            role("kim \"x\".minsu")
        );
        assert_eq!(read("ALTER FOREIGN TABLE app.t OWNER TO app"), role("app"));
        assert_eq!(read("GRANT SELECT(id),UPDATE ON TABLE app.t TO \"r o\" WITH GRANT OPTION"), role("r o"));
        assert_eq!(read("REVOKE USAGE ON SCHEMA public FROM PUBLIC"), (StatementKind::Rights, None));
        assert_eq!(
            read("ALTER DEFAULT PRIVILEGES FOR ROLE \"a\"\"b\" IN SCHEMA app GRANT SELECT ON TABLES  TO ro"),
            role("a\"b")
        );
        assert_eq!(read("CREATE POLICY p ON app.t TO ro USING (true)"), (StatementKind::Optional, None));
        assert_eq!(
            read("ALTER TABLE app.t ADD CONSTRAINT c CHECK ((a <> 'x OWNER TO y'::text))").0,
            StatementKind::Object
        );
        assert_eq!(read("CREATE TABLE app.t (\n    id integer\n)").0, StatementKind::Object);
    }

    #[test]
    fn active_and_external_objects_are_recognized() {
        for sql in [
            "CREATE PUBLICATION p FOR ALL TABLES",
            "CREATE EVENT TRIGGER e ON ddl_command_end\n   EXECUTE FUNCTION public.f()",
        ] {
            assert_eq!(read(sql).0, StatementKind::Acting, "{sql}");
        }
        for sql in [
            "CREATE SUBSCRIPTION s CONNECTION 'host=prod' PUBLICATION p",
            "CREATE FOREIGN DATA WRAPPER w",
            "CREATE SERVER fs FOREIGN DATA WRAPPER w",
            "ALTER SERVER fs OWNER TO postgres",
            "CREATE USER MAPPING FOR app SERVER fs OPTIONS (\n    password 'x'\n)",
            "GRANT ALL ON FOREIGN SERVER fs TO app",
            "ALTER FOREIGN TABLE ONLY app.t ALTER COLUMN a OPTIONS (\n    column_name 'x'\n)",
        ] {
            assert_eq!(read(sql).0, StatementKind::Outside, "{sql}");
        }
    }

    #[test]
    fn a_foreign_table_becomes_an_ordinary_one() {
        let statement = Statement::read(
            "CREATE FOREIGN TABLE app.t (\n    a integer\n)\nSERVER fs\nOPTIONS (\n    table_name 'x'\n)",
        );
        assert_eq!(
            (statement.kind, &*statement.sql),
            (StatementKind::ForeignTable, "CREATE TABLE app.t (\n    a integer\n)")
        );
    }
}
