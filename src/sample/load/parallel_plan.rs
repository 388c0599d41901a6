//! The plan for post-data statements with several sessions. Their order is valid for one session; statements run in
//! parallel if neither the order nor the locks of the server make a difference.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Result;
use super::statement_target::{StatementTarget, TableName};
use crate::pg::Session;
use crate::sample::schema::{Statement, StatementKind};

/// The fixed cost of a statement, in bytes of a table.
const BASE: u64 = 64 * 1024;

/// The tables of a database by name, with their sizes, partitions and inheritance children.
#[derive(Debug, Default)]
pub(super) struct Relations {
    numbers: BTreeMap<(String, String), usize>,
    bytes: Vec<u64>,
    children: Vec<Vec<usize>>,
    parents: Vec<Vec<usize>>,
}

/// A statement and those about the object that it creates, for one session, in one transaction.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unit<'a> {
    pub(super) statements: &'a [String],
    /// The indexes of the tables that it locks.
    pub(super) tables: Vec<usize>,
    /// Whether it may overlap with other units of the same tables that share: PostgreSQL allows several sessions to build
    /// indexes of one table.
    pub(super) shares: bool,
    /// Its cost, in bytes of the tables that it reads.
    pub(super) cost: u64,
}

/// Consecutive statements.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    /// They run one after the other.
    Sequential(&'a [String]),
    /// They run in parallel, as far as their tables allow.
    Parallel(Vec<Unit<'a>>),
}

impl Relations {
    /// Reads the tables of a database.
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
                relations.add_child(*child, *parent);
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

    fn add_child(&mut self, child: usize, parent: usize) {
        self.children[parent].push(child);
        self.parents[child].push(parent);
    }

    /// Returns a table with all its descendants; with `up`, also its ancestors and their descendants.
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

    /// Splits statements into segments, in their order.
    pub(super) fn split<'a>(&self, statements: &'a [String]) -> Vec<Segment<'a>> {
        let (mut segments, mut units, mut from, mut at) = (Vec::new(), Vec::new(), 0, 0);
        // Whether a unit of this segment creates a constraint.
        let mut constraints = false;
        while at < statements.len() {
            let target = required_target(&statements[at]);
            let unit = target.and_then(|target| self.unit(target, &statements[at..]));
            // A function in an index may read another table and need its key.
            let gate = constraints && matches!(target, Some(StatementTarget::Index { computed: true, .. }));
            if (unit.is_none() || gate) && !units.is_empty() {
                segments.push(Segment::Parallel(std::mem::take(&mut units)));
                (from, constraints) = (at, false);
            }
            let Some(unit) = unit else {
                at += 1;
                continue;
            };
            if units.is_empty() && from < at {
                segments.push(Segment::Sequential(&statements[from..at]));
            }
            constraints |= matches!(target, Some(StatementTarget::Constraint { .. }));
            at += unit.statements.len();
            from = at;
            units.push(unit);
        }
        match units.is_empty() {
            true if from < at => segments.push(Segment::Sequential(&statements[from..])),
            true => {}
            false => segments.push(Segment::Parallel(units)),
        }
        segments
    }

    /// Returns the unit that the statements begin with.
    fn unit<'a>(&self, target: StatementTarget<'a>, statements: &'a [String]) -> Option<Unit<'a>> {
        let follow = |sql: &&String| target.is_followed_by(sql) && Statement::read(sql).kind == StatementKind::Object;
        let statements = &statements[..1 + statements[1..].iter().take_while(follow).count()];
        let number = |table: TableName| self.numbers.get(&table.path()).copied();
        let (tables, cost) = match target {
            StatementTarget::Index { table, .. } | StatementTarget::Constraint { table, .. } => {
                let table = number(table)?;
                // Some releases lock the descendants when a key is added.
                (self.reach(table, false), self.bytes[table])
            }
            // Locks both tables and their descendants; a key of a partition also excludes those of its table.
            StatementTarget::ForeignKey { table, to, .. } => {
                let mut tables = self.reach(number(table)?, true);
                tables.extend(self.reach(number(to)?, true));
                let bytes = tables.iter().map(|table| self.bytes[*table]).sum();
                (tables, bytes)
            }
        };
        let marked = statements.iter().any(|sql| target.is_marked_by(sql));
        let shares = matches!(target, StatementTarget::Index { .. }) && !marked;
        Some(Unit { statements, tables: tables.into_iter().collect(), shares, cost: cost + BASE })
    }
}

/// Returns the target of a statement that must succeed.
fn required_target(sql: &str) -> Option<StatementTarget<'_>> {
    StatementTarget::parse(sql).filter(|_| Statement::read(sql).kind == StatementKind::Object)
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
            relations.add_child(child, parent);
        }
        relations
    }

    fn texts(statements: &[&str]) -> Vec<String> {
        statements.iter().map(|sql| (*sql).to_owned()).collect()
    }

    /// Returns each segment as its number of statements, parallel units in brackets.
    fn form(relations: &Relations, statements: &[&str]) -> String {
        let statements = texts(statements);
        let segments = relations.split(&statements);
        let all: Vec<String> = segments
            .iter()
            .flat_map(|segment| match segment {
                Segment::Sequential(statements) => statements.to_vec(),
                Segment::Parallel(units) => units.iter().flat_map(|unit| unit.statements).cloned().collect(),
            })
            .collect();
        assert_eq!(all, statements, "order and number");
        let forms = segments.iter().map(|segment| match segment {
            Segment::Sequential(statements) => statements.len().to_string(),
            Segment::Parallel(units) => {
                format!("{:?}", units.iter().map(|unit| unit.statements.len()).collect::<Vec<_>>())
            }
        });
        forms.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn statements_that_are_not_parsed_are_segments_of_their_own() {
        let two = relations(&[("a", 1), ("b", 1)], &[]);
        let (first, second) = ("CREATE INDEX i ON app.a USING btree (x)", "CREATE INDEX j ON app.b USING btree (x)");
        assert_eq!(form(&two, &[]), "");
        assert_eq!(form(&two, &["CREATE RULE r", "CREATE RULE s"]), "2");
        assert_eq!(
            form(&two, &["CREATE RULE r", first, second, "ALTER INDEX app.k ATTACH PARTITION app.i"]),
            "1 [1, 1] 1"
        );
        assert_eq!(form(&two, &[first, "CREATE INDEX k ON app.unknown USING btree (x)", second]), "[1] 1 [1]");
        // About the index of another statement.
        let other = "COMMENT ON INDEX app.i IS 'x'";
        assert_eq!(form(&two, &[first, other, second, other, other]), "[2, 1] 2");
        // Extensions and policies may be skipped, which one session records.
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
        let unit = |sql: &[&str]| match &all.split(&texts(sql))[..] {
            [Segment::Parallel(units)] => {
                let unit = &units[0];
                let names = unit.tables.iter().map(|number| tables[*number].0).collect::<Vec<_>>().join(" ");
                (names, unit.shares, unit.cost - BASE)
            }
            other => panic!("{other:?}"),
        };
        let index = "CREATE INDEX i ON ONLY app.part USING btree (x)";
        assert_eq!(unit(&[index]), ("part leaf".into(), true, 10));
        assert_eq!(unit(&[index, "COMMENT ON INDEX app.i IS 'x'"]), ("part leaf".into(), true, 10));
        // These need the table exclusively.
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
