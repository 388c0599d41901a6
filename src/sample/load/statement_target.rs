//! Which tables a statement of a schema's second half works on, read from its text. What is not written just
//! as `pg_dump` and the server write it is not read at all: then nothing is run beside it.

/// A table as a statement names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named<'a> {
    schema: &'a str,
    table: &'a str,
}

/// What a statement adds, and to which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touches<'a> {
    /// An index. It is `computed` when more than columns may stand in it: functions, which may read other tables.
    Index { name: &'a str, table: Named<'a>, computed: bool },
    /// A constraint that is an index too.
    Constraint { name: &'a str, table: Named<'a> },
    /// A foreign key, and where it points to.
    Key { name: &'a str, table: Named<'a>, to: Named<'a> },
}

impl<'a> Touches<'a> {
    /// Reads a statement without its `;`.
    pub(super) fn read(sql: &'a str) -> Option<Touches<'a>> {
        let index = sql.strip_prefix("CREATE INDEX ").or_else(|| sql.strip_prefix("CREATE UNIQUE INDEX "));
        if let Some(rest) = index {
            let (name, rest) = word(rest)?;
            let (table, rest) = named(only(rest.strip_prefix(" ON ")?))?;
            let computed = rest.strip_prefix(" USING ")?.matches('(').count() > 1;
            return Some(Touches::Index { name, table, computed });
        }
        let (table, rest) = named(only(sql.strip_prefix("ALTER TABLE ")?))?;
        let (name, rest) = word(rest.strip_prefix("\n    ADD CONSTRAINT ")?)?;
        // Only of columns: a function may read another table, and need its key.
        if rest.starts_with(" EXCLUDE USING ") && rest.matches('(').count() > 1 {
            return None;
        }
        let unique = [" PRIMARY KEY (", " UNIQUE (", " UNIQUE NULLS NOT DISTINCT (", " EXCLUDE USING "];
        if unique.iter().any(|words| rest.starts_with(words)) {
            return Some(Touches::Constraint { name, table });
        }
        let mut rest = rest.strip_prefix(" FOREIGN KEY (")?;
        // The columns, whose names may hold anything.
        let rest = loop {
            rest = word(rest.strip_prefix("PERIOD ").unwrap_or(rest))?.1;
            match rest.strip_prefix(", ") {
                Some(more) => rest = more,
                None => break rest.strip_prefix(") REFERENCES ")?,
            }
        };
        let (to, rest) = named(rest)?;
        rest.starts_with('(').then_some(Touches::Key { name, table, to })
    }

    /// Whether another statement is about what this one adds, and about nothing else but its table. Such follow it.
    pub(super) fn is_followed_by(&self, sql: &str) -> bool {
        let of_index = |name: &str, Named { schema, .. }: &Named| {
            sql.starts_with(&format!("COMMENT ON INDEX {schema}.{name} IS "))
                || sql.starts_with(&format!("ALTER INDEX {schema}.{name} ALTER COLUMN "))
                || self.is_marked_by(sql)
        };
        let of_constraint = |name: &str, Named { schema, table }: &Named| {
            sql.starts_with(&format!("COMMENT ON CONSTRAINT {name} ON {schema}.{table} IS "))
        };
        match self {
            Touches::Index { name, table, .. } => of_index(name, table),
            Touches::Constraint { name, table } => of_index(name, table) || of_constraint(name, table),
            Touches::Key { name, table, .. } => of_constraint(name, table),
        }
    }

    /// Whether another statement marks its table with the index that this one makes.
    pub(super) fn is_marked_by(&self, sql: &str) -> bool {
        let (Touches::Index { name, table, .. } | Touches::Constraint { name, table }) = self else { return false };
        let Named { schema, table } = table;
        sql == format!("ALTER TABLE {schema}.{table} CLUSTER ON {name}")
            || sql == format!("ALTER TABLE ONLY {schema}.{table} REPLICA IDENTITY USING INDEX {name}")
    }
}

impl Named<'_> {
    /// Schema and table without quotes.
    pub(super) fn path(&self) -> (String, String) {
        (plain(self.schema), plain(self.table))
    }
}

fn plain(word: &str) -> String {
    match word.strip_prefix('"').and_then(|word| word.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => word.to_owned(),
    }
}

/// The text after the word `ONLY`, which is a name in quotes only.
fn only(text: &str) -> &str {
    text.strip_prefix("ONLY ").unwrap_or(text)
}

/// `schema.table`, and what follows.
fn named(text: &str) -> Option<(Named<'_>, &str)> {
    let (schema, rest) = word(text)?;
    let (table, rest) = word(rest.strip_prefix('.')?)?;
    Some((Named { schema, table }, rest))
}

/// The name that a text begins with, with its quotes, and what follows.
fn word(text: &str) -> Option<(&str, &str)> {
    let end = match text.strip_prefix('"') {
        Some(body) => {
            let mut end = body.find('"')?;
            // A doubled quote is part of the name.
            while body[end + 1..].starts_with('"') {
                end += 2 + body[end + 2..].find('"')?;
            }
            end + 2
        }
        // Without quotes are only names that need none.
        None => text.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')).unwrap_or(text.len()),
    };
    (end > 0).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(sql: &str) -> Option<Vec<(String, String)>> {
        Some(match Touches::read(sql)? {
            Touches::Index { table, .. } | Touches::Constraint { table, .. } => vec![table.path()],
            Touches::Key { table, to, .. } => vec![table.path(), to.path()],
        })
    }

    fn path(schema: &str, table: &str) -> (String, String) {
        (schema.to_owned(), table.to_owned())
    }

    #[test]
    fn names_are_read_whatever_is_in_them() {
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
    fn what_is_not_certain_is_not_read() {
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
            assert_eq!(Touches::read(sql), None, "{sql}");
        }
    }

    #[test]
    fn more_than_columns_is_noticed() {
        let computed = |rest: &str| {
            matches!(
                Touches::read(&format!("CREATE INDEX i ON app.t USING {rest}")),
                Some(Touches::Index { computed: true, .. })
            )
        };
        assert!(!computed("btree (a, b DESC)"));
        assert!(computed("btree (lower(a))") && computed("btree (a) WHERE (b > 0)") && computed("btree ((a + 1))"));
    }

    #[test]
    fn what_is_about_another_does_not_follow() {
        let index = Touches::read("CREATE INDEX \"i x\" ON app.t USING btree (a)").unwrap();
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
        let key = Touches::read(key).unwrap();
        assert!(key.is_followed_by("COMMENT ON CONSTRAINT k ON app.t IS 'x'"));
        assert!(!key.is_followed_by("COMMENT ON CONSTRAINT k ON app.u IS 'x'"));
        assert!(!key.is_followed_by("ALTER TABLE app.t CLUSTER ON k"));
    }
}
