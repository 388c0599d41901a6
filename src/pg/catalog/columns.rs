//! Columns: their types down to the base type, and every constraint that a change of their values has
//! to keep.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::pg::{Result, Session, identifier};

use super::OWN;
use super::types::Types;

/// A column of an ordinary, partitioned or foreign table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its table's schema.
    pub schema: String,
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Its type as declared, qualified and quoted, with length or precision: what a cast takes.
    pub declared: String,
    /// The type below all domains; of an array, that of its elements.
    pub base: Type,
    /// Whether it is an array of `base`.
    pub array: bool,
    /// Most characters that it takes: of `varchar(n)`, `char(n)` and domains on them.
    pub longest: Option<usize>,
    /// The modifier of the base type, as `pg_attribute` has it; -1 when there is none.
    pub modifier: i32,
    /// Whether NULL is refused; by the domain too.
    pub not_null: bool,
    /// Whether its values are computed from other columns.
    pub generated: bool,
    /// Whether it is an identity column.
    pub identity: bool,
    /// Unique indexes and exclusion constraints that it has a part in.
    pub unique: Vec<Unique>,
    /// Check constraints that mention it; of its domains too.
    pub checks: Vec<Check>,
    /// All columns of the table with their base types, this one included.
    pub siblings: Arc<BTreeMap<String, Type>>,
}

impl Column {
    /// `schema.table.column` for messages.
    pub fn path(&self) -> String {
        format!("{}.{}.{}", self.schema, self.table, self.name)
    }
}

/// A type that is no domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// Its object identifier; differs between databases for types that are not built in.
    pub oid: u32,
    /// Its schema.
    pub schema: String,
    /// Its name, such as `varchar`.
    pub name: String,
    /// `b` base, `c` composite, `e` enum, `r` range, `m` multirange, `p` pseudo.
    pub form: char,
    /// Labels of an enum, in their order.
    pub labels: Vec<String>,
    /// Of a range the type of its bounds; of a multirange its range.
    pub inner: Option<Arc<Type>>,
    /// Of a composite its attributes, each as if it were a column of a table of the type's name.
    pub attributes: Arc<Vec<Column>>,
}

impl Type {
    /// Its name as SQL takes it, whatever the search path.
    pub fn qualified(&self) -> String {
        format!("{}.{}", identifier(&self.schema), identifier(&self.name))
    }
}

/// A unique index (with or without a constraint of its name) or an exclusion constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unique {
    /// Its name.
    pub name: String,
    /// Its key columns and expressions, in order.
    pub keys: Vec<IndexKey>,
    /// Of a partial index, the condition.
    pub predicate: Option<String>,
    /// Whether two NULLs are the same.
    pub nulls_not_distinct: bool,
    /// Whether it excludes by other operators than equality.
    pub exclusion: bool,
}

/// What an index compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexKey {
    /// A column.
    Column(String),
    /// An expression, as the server writes it.
    Expression(String),
}

/// A check constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// Its definition as the server writes it: `CHECK (…)`.
    pub definition: String,
    /// Whether a domain has it; the value is then called `VALUE`.
    pub of_domain: bool,
    /// Whether it is about each element of the column's array, and not about the array.
    pub of_elements: bool,
}

/// Columns of all tables, in the order of schema, table and position. Leaves
/// of a partitioned table are tables of their own.
///
/// # Errors
/// What the server says.
pub async fn columns(session: &Session) -> Result<Vec<Column>> {
    let types = Types::read(session).await?;
    let mut checks = checks(session).await?;
    let mut unique = unique(session).await?;
    let rows = session
        .query(
            &format!("SELECT n.nspname::text, c.relname::text, a.attname::text, a.attrelid::oid, a.attnum::int4, a.atttypid::oid, a.atttypmod, \
                    a.attnotnull, a.attgenerated::text, a.attidentity::text, \
                    pg_catalog.format_type(a.atttypid, a.atttypmod), c.relkind = 'c' \
             FROM pg_catalog.pg_attribute a \
             JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped AND {OWN} \
             ORDER BY n.nspname, c.relname, a.attnum"),
            &[],
        )
        .await?;
    let mut siblings: BTreeMap<u32, BTreeMap<String, Type>> = BTreeMap::new();
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let (table, position): (u32, i32) = (row.get(3), row.get(4));
        let (declared_oid, declared_typmod): (u32, i32) = (row.get(5), row.get(6));
        let mut own_checks = checks.columns.remove(&(table, position)).unwrap_or_default();
        let (mut oid, mut typmod, mut not_null) = (declared_oid, declared_typmod, row.get::<_, bool>(7));
        let mut array = false;
        // Elements of a domain type: its checks hold for each of them.
        while let Some(below) = types.below(oid) {
            if let Some(typmod_below) = below.domain {
                let of_domain = checks.domains.get(&oid).into_iter().flatten();
                own_checks.extend(of_domain.map(|check| Check { of_elements: array, ..check.clone() }));
                not_null |= below.not_null;
                typmod = typmod_below;
            } else if array {
                break;
            } else {
                array = true;
            }
            oid = below.oid;
        }
        let base = types.base(oid);
        let bounded = base.schema == "pg_catalog" && ["varchar", "bpchar"].contains(&base.name.as_str());
        let name: String = row.get(2);
        siblings.entry(table).or_default().insert(name.clone(), base.clone());
        let column = Column {
            schema: row.get(0),
            table: row.get(1),
            name,
            declared: types.declared(declared_oid, declared_typmod, row.get(10)),
            longest: usize::try_from(typmod - 4).ok().filter(|_| bounded && typmod >= 4),
            base,
            array,
            modifier: typmod,
            not_null,
            generated: !row.get::<_, String>(8).is_empty(),
            identity: !row.get::<_, String>(9).is_empty(),
            unique: unique.remove(&(table, position)).unwrap_or_default(),
            checks: own_checks,
            siblings: Arc::default(),
        };
        found.push((table, row.get::<_, bool>(11), column));
    }
    let siblings: BTreeMap<u32, Arc<_>> = siblings.into_iter().map(|(table, all)| (table, Arc::new(all))).collect();
    let mut attributes: BTreeMap<u32, Vec<Column>> = BTreeMap::new();
    for (relation, _, column) in &found {
        attributes.entry(*relation).or_default().push(column.clone());
    }
    Ok(found
        .into_iter()
        .filter(|(_, of_a_type, _)| !of_a_type)
        .map(|(table, _, column)| {
            let siblings = siblings.get(&table).cloned().unwrap_or_default();
            Column { siblings, base: types.with_attributes(column.base, &attributes), ..column }
        })
        .collect())
}

#[derive(Default)]
struct Checks {
    columns: BTreeMap<(u32, i32), Vec<Check>>,
    domains: BTreeMap<u32, Vec<Check>>,
}

async fn checks(session: &Session) -> Result<Checks> {
    let rows = session
        .query(
            "SELECT conname::text, pg_catalog.pg_get_constraintdef(oid), conrelid, conkey::int4[], contypid \
             FROM pg_catalog.pg_constraint WHERE contype = 'c' ORDER BY conname",
            &[],
        )
        .await?;
    let mut checks = Checks::default();
    for row in rows {
        let (table, domain): (u32, u32) = (row.get(2), row.get(4));
        let check = Check { name: row.get(0), definition: row.get(1), of_domain: domain != 0, of_elements: false };
        if domain != 0 {
            checks.domains.entry(domain).or_default().push(check);
        } else {
            for position in row.get::<_, Option<Vec<i32>>>(3).unwrap_or_default() {
                checks.columns.entry((table, position)).or_default().push(check.clone());
            }
        }
    }
    Ok(checks)
}

/// By table and position: expressions and conditions depend on columns that the key does not list, which
/// `pg_depend` knows.
async fn unique(session: &Session) -> Result<BTreeMap<(u32, i32), Vec<Unique>>> {
    // An attribute of the row as JSON: before 15 there is no indnullsnotdistinct.
    let rows = session
        .query(
            "SELECT c.relname::text, i.indrelid, i.indisexclusion, pg_catalog.pg_get_expr(i.indpred, i.indrelid), \
                    coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false), \
                    ARRAY(SELECT a.attname::text FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k \
                          LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k] AND a.attnum <> 0 \
                          ORDER BY k), \
                    ARRAY(SELECT pg_catalog.pg_get_indexdef(i.indexrelid, k + 1, true) \
                          FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k ORDER BY k), \
                    ARRAY(SELECT i.indkey[k]::int4 FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k) \
                    || ARRAY(SELECT d.refobjsubid FROM pg_catalog.pg_depend d \
                             WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid \
                               AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = i.indrelid \
                               AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)) \
             FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             WHERE i.indisunique OR i.indisexclusion ORDER BY c.relname",
            &[],
        )
        .await?;
    let mut found: BTreeMap<(u32, i32), Vec<Unique>> = BTreeMap::new();
    for row in rows {
        let names: Vec<Option<String>> = row.get(5);
        let expressions: Vec<String> = row.get(6);
        let key = |(name, expression): (Option<String>, String)| match name {
            Some(name) => IndexKey::Column(name),
            None => IndexKey::Expression(expression),
        };
        let unique = Unique {
            name: row.get(0),
            keys: names.into_iter().zip(expressions).map(key).collect(),
            exclusion: row.get(2),
            predicate: row.get(3),
            nulls_not_distinct: row.get(4),
        };
        let positions: BTreeSet<i32> = row.get::<_, Vec<i32>>(7).into_iter().filter(|position| *position > 0).collect();
        for position in positions {
            found.entry((row.get(1), position)).or_default().push(unique.clone());
        }
    }
    Ok(found)
}
