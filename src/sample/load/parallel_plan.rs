//! What may run beside what, of the statements of a schema's second half. Their order is right for one session;
//! several may work where neither the order nor the server's locks can tell the difference.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Result;
use super::statement_target::{Named, Touches};
use crate::pg::Session;
use crate::sample::schema::{Statement, StatementKind};

/// What a statement costs besides reading its table, as bytes of a table.
const BASE: u64 = 64 * 1024;

/// Tables by name, with their sizes and with what belongs to them: partitions and children.
#[derive(Debug, Default)]
pub(super) struct Relations {
    numbers: BTreeMap<(String, String), usize>,
    bytes: Vec<u64>,
    children: Vec<Vec<usize>>,
    parents: Vec<Vec<usize>>,
}

/// A statement and those on what it makes, for one session, in one transaction.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unit<'a> {
    pub(super) statements: &'a [String],
    /// The tables that it locks, as numbers.
    pub(super) tables: Vec<usize>,
    /// Whether others that share may work on the same tables meanwhile: PostgreSQL lets several sessions build
    /// indexes of one table.
    pub(super) shares: bool,
    /// How long it takes, as bytes of tables that it reads.
    pub(super) cost: u64,
}

/// Statements that follow each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stretch<'a> {
    /// One after the other.
    Alone(&'a [String]),
    /// Several at a time, as far as their tables allow.
    Beside(Vec<Unit<'a>>),
}

impl Relations {
    /// The tables of a database.
    pub(super) async fn read(session: &Session) -> Result<Relations> {
        let mut relations = Relations::default();
        let rows = session
            .query(
                "SELECT n.nspname::text, c.relname::text, COALESCE(pg_catalog.pg_relation_size(c.oid), 0), c.oid \
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname <> 'pg_catalog'",
                &[],
            )
            .await?;
        let mut oids = BTreeMap::new();
        for row in rows {
            let bytes = u64::try_from(row.get::<_, i64>(2)).unwrap_or(0);
            oids.insert(row.get::<_, u32>(3), relations.add(row.get(0), row.get(1), bytes));
        }
        for row in session.query("SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits", &[]).await? {
            if let (Some(child), Some(parent)) = (oids.get(&row.get(0)), oids.get(&row.get(1))) {
                relations.belongs(*child, *parent);
            }
        }
        Ok(relations)
    }

    fn add(&mut self, schema: String, table: String, bytes: u64) -> usize {
        let number = self.bytes.len();
        self.numbers.insert((schema, table), number);
        self.bytes.push(bytes);
        self.children.push(Vec::new());
        self.parents.push(Vec::new());
        number
    }

    fn belongs(&mut self, child: usize, parent: usize) {
        self.children[parent].push(child);
        self.parents[child].push(parent);
    }

    /// A table with all below it; with all that it belongs to as well, and what belongs to those.
    fn reach(&self, table: usize, up: bool) -> BTreeSet<usize> {
        let (mut found, mut open) = (BTreeSet::new(), vec![table]);
        while let Some(next) = open.pop() {
            if found.insert(next) {
                open.extend(&self.children[next]);
                open.extend(self.parents[next].iter().filter(|_| up));
            }
        }
        found
    }

    /// Cuts statements into stretches, in their order.
    pub(super) fn cut<'a>(&self, statements: &'a [String]) -> Vec<Stretch<'a>> {
        let (mut stretches, mut units, mut from, mut at) = (Vec::new(), Vec::new(), 0, 0);
        // Whether a unit of this stretch makes a constraint.
        let mut constraints = false;
        while at < statements.len() {
            let touches = certain(&statements[at]);
            let unit = touches.and_then(|touches| self.unit(touches, &statements[at..]));
            // A function in an index may read another table, and need its key.
            let gate = constraints && matches!(touches, Some(Touches::Index { computed: true, .. }));
            if (unit.is_none() || gate) && !units.is_empty() {
                stretches.push(Stretch::Beside(std::mem::take(&mut units)));
                (from, constraints) = (at, false);
            }
            let Some(unit) = unit else {
                at += 1;
                continue;
            };
            if units.is_empty() && from < at {
                stretches.push(Stretch::Alone(&statements[from..at]));
            }
            constraints |= matches!(touches, Some(Touches::Constraint { .. }));
            at += unit.statements.len();
            from = at;
            units.push(unit);
        }
        match units.is_empty() {
            true if from < at => stretches.push(Stretch::Alone(&statements[from..])),
            true => {}
            false => stretches.push(Stretch::Beside(units)),
        }
        stretches
    }

    /// The unit that begins the statements.
    fn unit<'a>(&self, touches: Touches<'a>, statements: &'a [String]) -> Option<Unit<'a>> {
        let follow = |sql: &&String| touches.is_followed_by(sql) && Statement::read(sql).kind == StatementKind::Object;
        let statements = &statements[..1 + statements[1..].iter().take_while(follow).count()];
        let number = |table: Named| self.numbers.get(&table.path()).copied();
        let (tables, cost) = match touches {
            Touches::Index { table, .. } | Touches::Constraint { table, .. } => {
                let table = number(table)?;
                // Some releases look at the tables below when a key is added to one.
                (self.reach(table, false), self.bytes[table])
            }
            // Added to a table and all below it on both sides; a partition's are kept apart from its table's.
            Touches::Key { table, to, .. } => {
                let mut tables = self.reach(number(table)?, true);
                tables.extend(self.reach(number(to)?, true));
                let bytes = tables.iter().map(|table| self.bytes[*table]).sum();
                (tables, bytes)
            }
        };
        let marked = statements.iter().any(|sql| touches.is_marked_by(sql));
        let shares = matches!(touches, Touches::Index { .. }) && !marked;
        Some(Unit { statements, tables: tables.into_iter().collect(), shares, cost: cost + BASE })
    }
}

/// What a statement touches, where it is one that has to work.
fn certain(sql: &str) -> Option<Touches<'_>> {
    Touches::read(sql).filter(|_| Statement::read(sql).kind == StatementKind::Object)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables of a schema `app` with their sizes; `child < parent` after them.
    fn relations(tables: &[(&str, u64)], belongs: &[(&str, &str)]) -> Relations {
        let mut relations = Relations::default();
        for (table, bytes) in tables {
            relations.add("app".into(), (*table).into(), *bytes);
        }
        for (child, parent) in belongs {
            let number = |table: &str| relations.numbers[&("app".to_owned(), table.to_owned())];
            let (child, parent) = (number(child), number(parent));
            relations.belongs(child, parent);
        }
        relations
    }

    fn texts(statements: &[&str]) -> Vec<String> {
        statements.iter().map(|sql| (*sql).to_owned()).collect()
    }

    /// Each stretch as its number of statements, those of several units in brackets.
    fn form(relations: &Relations, statements: &[&str]) -> String {
        let statements = texts(statements);
        let stretches = relations.cut(&statements);
        let all: Vec<String> = stretches
            .iter()
            .flat_map(|stretch| match stretch {
                Stretch::Alone(statements) => statements.to_vec(),
                Stretch::Beside(units) => units.iter().flat_map(|unit| unit.statements).cloned().collect(),
            })
            .collect();
        assert_eq!(all, statements, "order and number");
        let forms = stretches.iter().map(|stretch| match stretch {
            Stretch::Alone(statements) => statements.len().to_string(),
            Stretch::Beside(units) => {
                format!("{:?}", units.iter().map(|unit| unit.statements.len()).collect::<Vec<_>>())
            }
        });
        forms.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_not_read_for_certain_is_a_stretch_of_its_own() {
        let two = relations(&[("a", 1), ("b", 1)], &[]);
        let (first, second) = ("CREATE INDEX i ON app.a USING btree (x)", "CREATE INDEX j ON app.b USING btree (x)");
        assert_eq!(form(&two, &[]), "");
        assert_eq!(form(&two, &["CREATE RULE r", "CREATE RULE s"]), "2");
        assert_eq!(
            form(&two, &["CREATE RULE r", first, second, "ALTER INDEX app.k ATTACH PARTITION app.i"]),
            "1 [1, 1] 1"
        );
        assert_eq!(form(&two, &[first, "CREATE INDEX k ON app.unknown USING btree (x)", second]), "[1] 1 [1]");
        // About an index that another statement made.
        let other = "COMMENT ON INDEX app.i IS 'x'";
        assert_eq!(form(&two, &[first, other, second, other, other]), "[2, 1] 2");
        // Extensions and policies may be left out, which only one session notes.
        assert_eq!(form(&two, &[first, "CREATE POLICY p ON app.a USING (true)", second]), "[1] 1 [1]");
    }

    #[test]
    fn computed_indexes_wait_for_constraints() {
        let two = relations(&[("a", 1), ("b", 1)], &[]);
        let (key, plain) = (
            "ALTER TABLE ONLY app.a\n    ADD CONSTRAINT k PRIMARY KEY (id)",
            "CREATE INDEX i ON app.b USING btree (x)",
        );
        let computed = "CREATE INDEX j ON app.b USING btree (app.f(x))";
        assert_eq!(form(&two, &[key, plain, plain]), "[1, 1, 1]");
        assert_eq!(form(&two, &[key, plain, computed, plain, computed]), "[1, 1] [1, 1, 1]");
        assert_eq!(form(&two, &[computed, computed]), "[1, 1]");
    }

    #[test]
    fn units_name_all_that_they_lock() {
        let tables = [
            ("root", 0),
            ("part", 10),
            ("leaf", 30),
            ("sister", 500),
            ("users", 7),
            ("child", 1),
            ("x ON app.users", 2),
        ];
        let all = relations(&tables, &[("part", "root"), ("leaf", "part"), ("sister", "root"), ("child", "users")]);
        let unit = |sql: &[&str]| match &all.cut(&texts(sql))[..] {
            [Stretch::Beside(units)] => {
                let unit = &units[0];
                let names = unit.tables.iter().map(|number| tables[*number].0).collect::<Vec<_>>().join(" ");
                (names, unit.shares, unit.cost - BASE)
            }
            other => panic!("{other:?}"),
        };
        let index = "CREATE INDEX i ON ONLY app.part USING btree (x)";
        assert_eq!(unit(&[index]), ("part leaf".into(), true, 10));
        assert_eq!(unit(&[index, "COMMENT ON INDEX app.i IS 'x'"]), ("part leaf".into(), true, 10));
        // These need the table for themselves.
        assert_eq!(unit(&[index, "ALTER TABLE app.part CLUSTER ON i"]), ("part leaf".into(), false, 10));
        let key = "ALTER TABLE ONLY app.part\n    ADD CONSTRAINT k PRIMARY KEY (id)";
        assert_eq!(unit(&[key]), ("part leaf".into(), false, 10));
        let index = "CREATE INDEX \"i ON app.root USING\" ON app.\"x ON app.users\" USING btree (x)";
        assert_eq!(unit(&[index]), ("x ON app.users".into(), true, 2));
        // A partition's key locks what its table's keys lock.
        let key = "ALTER TABLE ONLY app.leaf\n    ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES app.child(id)";
        assert_eq!(unit(&[key]), ("root part leaf sister users child".into(), false, 548));
        let key = "ALTER TABLE ONLY app.sister\n    ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES app.sister(id)";
        assert_eq!(unit(&[key]), ("root part leaf sister".into(), false, 540));
    }
}
