//! The tables of a post-data statement, parsed from its text. A statement that is not exactly in the form that `pg_dump`
//! and the server write is not parsed, and runs alone.

/// A table with schema, in the quotes of the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TableName<'a> {
    schema: &'a str,
    table: &'a str,
}

/// The object that a statement adds, and its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatementTarget<'a> {
    /// An index. It is `computed` if it may contain functions, which may read other tables.
    Index { name: &'a str, table: TableName<'a>, computed: bool },
    /// A constraint with an index.
    Constraint { name: &'a str, table: TableName<'a> },
    /// A foreign key and its referenced table.
    ForeignKey { name: &'a str, table: TableName<'a>, to: TableName<'a> },
}

impl<'a> StatementTarget<'a> {
    /// Parses a statement without its `;`.
    pub(super) fn parse(sql: &'a str) -> Option<StatementTarget<'a>> {
        let index = sql.strip_prefix("CREATE INDEX ").or_else(|| sql.strip_prefix("CREATE UNIQUE INDEX "));
        if let Some(rest) = index {
            let (name, rest) = self::name(rest)?;
            let (table, rest) = table_name(only(rest.strip_prefix(" ON ")?))?;
            let computed = rest.strip_prefix(" USING ")?.matches('(').count() > 1;
            return Some(StatementTarget::Index { name, table, computed });
        }
        let (table, rest) = table_name(only(sql.strip_prefix("ALTER TABLE ")?))?;
        let (name, rest) = self::name(rest.strip_prefix("\n    ADD CONSTRAINT ")?)?;
        // Only columns: a function may read another table and need its key.
        if rest.starts_with(" EXCLUDE USING ") && rest.matches('(').count() > 1 {
            return None;
        }
        let unique = [" PRIMARY KEY (", " UNIQUE (", " UNIQUE NULLS NOT DISTINCT (", " EXCLUDE USING "];
        if unique.iter().any(|words| rest.starts_with(words)) {
            return Some(StatementTarget::Constraint { name, table });
        }
        let mut rest = rest.strip_prefix(" FOREIGN KEY (")?;
        // The columns; quoted names may contain anything.
        let rest = loop {
            rest = self::name(rest.strip_prefix("PERIOD ").unwrap_or(rest))?.1;
            match rest.strip_prefix(", ") {
                Some(more) => rest = more,
                None => break rest.strip_prefix(") REFERENCES ")?,
            }
        };
        let (to, rest) = table_name(rest)?;
        rest.starts_with('(').then_some(StatementTarget::ForeignKey { name, table, to })
    }

    /// Whether another statement concerns only the object that this one adds, and its table. It runs after this one.
    pub(super) fn is_followed_by(&self, sql: &str) -> bool {
        let of_index = |name: &str, TableName { schema, .. }: &TableName| {
            sql.starts_with(&format!("COMMENT ON INDEX {schema}.{name} IS "))
                || sql.starts_with(&format!("ALTER INDEX {schema}.{name} ALTER COLUMN "))
                || self.is_marked_by(sql)
        };
        let of_constraint = |name: &str, TableName { schema, table }: &TableName| {
            sql.starts_with(&format!("COMMENT ON CONSTRAINT {name} ON {schema}.{table} IS "))
        };
        match self {
            StatementTarget::Index { name, table, .. } => of_index(name, table),
            StatementTarget::Constraint { name, table } => of_index(name, table) || of_constraint(name, table),
            StatementTarget::ForeignKey { name, table, .. } => of_constraint(name, table),
        }
    }

    /// Whether another statement sets the index of this one as the table's cluster index or replica identity.
    pub(super) fn is_marked_by(&self, sql: &str) -> bool {
        let (StatementTarget::Index { name, table, .. } | StatementTarget::Constraint { name, table }) = self else {
            return false;
        };
        let TableName { schema, table } = table;
        sql == format!("ALTER TABLE {schema}.{table} CLUSTER ON {name}")
            || sql == format!("ALTER TABLE ONLY {schema}.{table} REPLICA IDENTITY USING INDEX {name}")
    }
}

impl TableName<'_> {
    /// Returns schema and table without quotes.
    pub(super) fn path(&self) -> (String, String) {
        (unquoted(self.schema), unquoted(self.table))
    }
}

/// Returns a name without quotes.
fn unquoted(word: &str) -> String {
    match word.strip_prefix('"').and_then(|word| word.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => word.to_owned(),
    }
}

/// Returns the text after the keyword `ONLY`. A table of this name is quoted.
fn only(text: &str) -> &str {
    text.strip_prefix("ONLY ").unwrap_or(text)
}

/// Parses `schema.table`. Returns it and the rest.
fn table_name(text: &str) -> Option<(TableName<'_>, &str)> {
    let (schema, rest) = name(text)?;
    let (table, rest) = name(rest.strip_prefix('.')?)?;
    Some((TableName { schema, table }, rest))
}

/// Parses a name. Returns it with its quotes, and the rest.
fn name(text: &str) -> Option<(&str, &str)> {
    let end = match text.strip_prefix('"') {
        Some(body) => {
            let mut end = body.find('"')?;
            // A doubled quote belongs to the name.
            while body[end + 1..].starts_with('"') {
                end += 2 + body[end + 2..].find('"')?;
            }
            end + 2
        }
        // Unquoted names contain only these characters.
        None => text.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')).unwrap_or(text.len()),
    };
    (end > 0).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(sql: &str) -> Option<Vec<(String, String)>> {
        Some(match StatementTarget::parse(sql)? {
            StatementTarget::Index { table, .. } | StatementTarget::Constraint { table, .. } => vec![table.path()],
            StatementTarget::ForeignKey { table, to, .. } => vec![table.path(), to.path()],
        })
    }

    fn path(schema: &str, table: &str) -> (String, String) {
        (schema.to_owned(), table.to_owned())
    }

    #[test]
    fn quoted_names_may_contain_anything() {
        for (sql, found) in [
            ("CREATE INDEX a ON app.t USING btree (x)", path("app", "t")),
            ("CREATE UNIQUE INDEX a ON ONLY app.t USING btree (x)", path("app", "t")),
            ("CREATE INDEX \"x ON app.y USING\" ON app.\"t USING z\" USING btree (x)", path("app", "t USING z")),
            ("CREATE INDEX \"a\"\"\"\"b\" ON \"o.d \"\"x\"\"\".\"\"\"\" USING gin (x)", path("o.d \"x\"", "\"")),
            ("CREATE INDEX \"번호\" ON \"한글\".\"표 .\"\"; \" USING btree (x)", path("한글", "표 .\"; ")),
            ("CREATE INDEX a ON \"ONLY \".\"ONLY\" USING btree (x)", path("ONLY ", "ONLY")),
            ("ALTER TABLE ONLY app.t\n    ADD CONSTRAINT \"c FOREIGN KEY (\" PRIMARY KEY (id)", path("app", "t")),
            ("ALTER TABLE ONLY app.t\n    ADD CONSTRAINT c UNIQUE NULLS NOT DISTINCT (id)", path("app", "t")),
            ("ALTER TABLE ONLY app.t\n    ADD CONSTRAINT c EXCLUDE USING gist (x WITH &&)", path("app", "t")),
        ] {
            assert_eq!(tables(sql), Some(vec![found]), "{sql}");
        }
        for (sql, from, to) in [
            (
                "ALTER TABLE ONLY app.t\n    ADD CONSTRAINT c FOREIGN KEY (a, b) REFERENCES app.u(a, b) NOT VALID",
                path("app", "t"),
                path("app", "u"),
            ),
            (
                "ALTER TABLE app.t\n    ADD CONSTRAINT \"k) REFERENCES x.y(\" \
                 FOREIGN KEY (\"a) REFERENCES app.u(id\", \"b, c\") REFERENCES \"o d\".\"u(id)\"(id)",
                path("app", "t"),
                path("o d", "u(id)"),
            ),
            (
                "ALTER TABLE app.t\n    ADD CONSTRAINT c FOREIGN KEY (id, PERIOD at) REFERENCES app.u(id, PERIOD at)",
                path("app", "t"),
                path("app", "u"),
            ),
        ] {
            assert_eq!(tables(sql), Some(vec![from, to]), "{sql}");
        }
    }

    #[test]
    fn other_forms_are_not_parsed() {
        for sql in [
            "",
            "CREATE INDEX",
            "CREATE INDEX a ON t USING btree (x)",
            "CREATE INDEX ON app.t USING btree (x)",
            "CREATE INDEX a ON app.T USING btree (x)",
            "CREATE INDEX a ON app.t$ USING btree (x)",
            "CREATE INDEX a ON app.\"t USING btree (x)",
            "CREATE INDEX a ON app.t /* */ USING btree (x)",
            "CREATE INDEX CONCURRENTLY a ON app.t USING btree (x)",
            "ALTER TABLE ONLY app.t\n    ADD CONSTRAINT c CHECK ((a > 0)) NOT VALID",
            "ALTER TABLE ONLY app.t\n    ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u(a)",
            "ALTER TABLE ONLY app.t\n    ADD CONSTRAINT c FOREIGN KEY (\"a) REFERENCES app.u(a)",
            "ALTER TABLE ONLY app.t\n    ADD CONSTRAINT c EXCLUDE USING gist (a WITH =) WHERE ((app.f(a) > 0))",
            "ALTER TABLE ONLY app.t CLUSTER ON i",
            "ALTER TABLE app.t ENABLE ROW LEVEL SECURITY",
            "ALTER INDEX app.i ATTACH PARTITION app.j",
            "CREATE TRIGGER t AFTER INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.f()",
        ] {
            assert_eq!(StatementTarget::parse(sql), None, "{sql}");
        }
    }

    #[test]
    fn computed_indexes_are_recognized() {
        let computed = |rest: &str| {
            matches!(
                StatementTarget::parse(&format!("CREATE INDEX i ON app.t USING {rest}")),
                Some(StatementTarget::Index { computed: true, .. })
            )
        };
        assert!(!computed("btree (a, b DESC)"));
        assert!(computed("btree (lower(a))") && computed("btree (a) WHERE (b > 0)") && computed("btree ((a + 1))"));
    }

    #[test]
    fn statements_about_other_objects_do_not_follow() {
        let index = StatementTarget::parse("CREATE INDEX \"i x\" ON app.t USING btree (a)").unwrap();
        for sql in [
            "COMMENT ON INDEX app.\"i x\" IS 'x'",
            "ALTER INDEX app.\"i x\" ALTER COLUMN 1 SET STATISTICS 500",
            "ALTER TABLE app.t CLUSTER ON \"i x\"",
            "ALTER TABLE ONLY app.t REPLICA IDENTITY USING INDEX \"i x\"",
        ] {
            assert!(index.is_followed_by(sql), "{sql}");
            assert_eq!(index.is_marked_by(sql), sql.starts_with("ALTER TABLE"));
        }
        for sql in [
            "COMMENT ON INDEX app.i IS 'app.\"i x\" IS '",
            "COMMENT ON INDEX other.\"i x\" IS 'x'",
            "ALTER TABLE app.u CLUSTER ON \"i x\"",
            "ALTER INDEX app.\"i x\" ATTACH PARTITION app.j",
            "ALTER INDEX app.\"i x\" DEPENDS ON EXTENSION e",
        ] {
            assert!(!index.is_followed_by(sql), "{sql}");
        }
        let key = "ALTER TABLE ONLY app.t\n    ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES app.u(a)";
        let key = StatementTarget::parse(key).unwrap();
        assert!(key.is_followed_by("COMMENT ON CONSTRAINT k ON app.t IS 'x'"));
        assert!(!key.is_followed_by("COMMENT ON CONSTRAINT k ON app.u IS 'x'"));
        assert!(!key.is_followed_by("ALTER TABLE app.t CLUSTER ON k"));
    }
}
