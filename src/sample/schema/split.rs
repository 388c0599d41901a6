//! Splitting the output of `pg_restore` into statements.

use super::statement::{Statement, StatementKind};
use crate::pg::script::Script;
use crate::sample::load::error::{Error, Result};

/// Splits the output of `pg_restore` into statements. Its session settings are left out.
pub(super) fn split_dump(text: &str) -> Result<Vec<String>> {
    // Newer releases enclose the output in two commands of psql with a random key. The text of a function may contain
    // similar lines.
    let Some(line) = text.lines().find(|line| !line.is_empty() && !line.starts_with("--")) else {
        return Ok(Vec::new());
    };
    match line.strip_prefix("\\restrict ") {
        Some(key) => {
            let body = text.split_once(line).map_or("", |(_, body)| body);
            split_sql(body.rsplit_once(&format!("\n\\unrestrict {key}")).map_or(body, |(body, _)| body))
        }
        None => split_sql(text),
    }
}

/// Splits SQL into statements, without those that only concern the session.
pub(super) fn split_sql(text: &str) -> Result<Vec<String>> {
    let only_comments = text.lines().all(|line| line.trim().is_empty() || line.starts_with("--"));
    if only_comments {
        return Ok(Vec::new());
    }
    let script = Script::parse("the schema", text).map_err(|complaints| {
        let headlines: Vec<String> = complaints.iter().map(crate::diagnostic::Complaint::headline).collect();
        Error::Schema(headlines.join("; "))
    })?;
    let statements = script.statements().iter().map(|statement| &script.text()[statement.span.clone()]);
    Ok(statements.filter(|sql| Statement::read(sql).kind != StatementKind::Session).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::super::Schema;
    use super::*;

    #[test]
    fn a_dump_is_split_into_statements() {
        let text = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nSET lock_timeout = 0;\n\
            SELECT pg_catalog.set_config('search_path', '', false);\n\
            CREATE FUNCTION public.f() RETURNS integer\n    LANGUAGE sql\n    BEGIN ATOMIC\n SELECT 1;\nEND;\n\n\
            CREATE FUNCTION public.g() RETURNS text LANGUAGE sql AS $$\n\\restricted\nselect ';'$$;\n\
            CREATE TABLE app.t (\n    id integer\n);\n\n\\unrestrict abc\n";
        let found = split_dump(text).unwrap();
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(found[0].ends_with("END") && found[1].contains("\\restricted\n"));
        assert_eq!(found[2], "CREATE TABLE app.t (\n    id integer\n)");
        assert!(split_dump("--\n-- PostgreSQL database dump\n--\n").unwrap().is_empty());
        let schema = Schema { pre_data: found, post_data: Vec::new() };
        assert_eq!(Schema::from_texts(&schema.pre_data_text(), &schema.post_data_text()).unwrap(), schema);
    }
}
