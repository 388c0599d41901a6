//! Which tables are rewritten together, how, and what is in the way. Decides from what `look`,
//! `blocked` and `obstacles` found; changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::blocked::{self, Reasons};
use super::introspect::{self, Table};
use super::obstacles::{self, Obstacle};
use super::{Error, Method, Result, TableMask, TablePlan, reparse};
use crate::pg::{Session, identifier};

/// Obstacles that could not be put back on trial, and why: their tables are rewritten in another way.
#[derive(Clone, Debug, Default)]
pub(super) struct Unproven {
    /// By what they are.
    pub these: BTreeMap<String, String>,
    /// Why none is taken down that can be gone around.
    pub all: Option<String>,
}

impl Unproven {
    fn why(&self, obstacle: &Obstacle) -> Option<String> {
        let why = obstacle.stuck.as_ref().or_else(|| self.these.get(&obstacle.what)).or(self.all.as_ref())?;
        Some(format!("{} cannot be put back: {why}", obstacle.what))
    }
}

/// Tables that are rewritten in one transaction: one, or a tree of inheritance, children first.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub tables: Vec<Table>,
    pub method: Method,
    /// Why not by the fastest method.
    pub why: Vec<String>,
    /// What is in the way.
    pub obstacles: Vec<String>,
}

impl Unit {
    pub fn bytes(&self) -> i64 {
        self.tables.iter().map(Table::bytes).sum()
    }

    pub fn largest_index(&self) -> i64 {
        let relations = self.tables.iter().flat_map(|table| &table.relations);
        relations.map(|relation| relation.largest_index).max().unwrap_or(0)
    }

    fn touched_by(&self, obstacle: &Obstacle) -> bool {
        self.tables.iter().flat_map(|table| &table.relations).any(|relation| obstacle.touches.contains(&relation.oid))
    }

    /// Why it is not the fastest method, or what was put back.
    pub fn reason(&self) -> Option<String> {
        let mut reasons = self.why.clone();
        if !self.obstacles.is_empty() {
            // A table that everything refers to has dozens.
            let shown = self.obstacles.iter().take(2).cloned().collect::<Vec<_>>().join(", ");
            let more = self.obstacles.len().saturating_sub(2);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            reasons.push(format!("taken down and put back: {shown}{more}"));
        }
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

/// All units, and all that is in the way, in the order in which it is taken down.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub units: Vec<Unit>,
    pub obstacles: Vec<Obstacle>,
}

impl Plan {
    /// For people, in the order of the tables' names.
    pub fn shown(&self) -> Vec<TablePlan> {
        let mut all: Vec<TablePlan> = Vec::new();
        for unit in &self.units {
            all.extend(unit.tables.iter().map(|table| TablePlan {
                schema: table.mask.schema.clone(),
                table: table.mask.table.clone(),
                method: unit.method,
                obstacles: unit.obstacles.clone(),
                why: (!unit.why.is_empty()).then(|| unit.why.join("; ")),
                bytes: u64::try_from(table.bytes()).unwrap_or(0),
            }));
        }
        all.sort_by(|a, b| (&a.schema, &a.table).cmp(&(&b.schema, &b.table)));
        all
    }
}

/// Looks and decides.
pub(super) async fn make(session: &Session, masks: &[TableMask], unproven: &Unproven) -> Result<Plan> {
    let tables = introspect::tables(session, masks).await?;
    let blocked = blocked::find(session, &tables).await?;
    let mut units = Vec::new();
    for tables in together(tables) {
        units.push(decide(session, tables, &blocked).await?);
    }
    loop {
        let mut obstacles = obstacles::find(session, &altered(&units), &refilled(&units)).await?;
        let mut changed = false;
        for obstacle in obstacles.iter().filter(|obstacle| !obstacle.required) {
            let Some(why) = unproven.why(obstacle) else { continue };
            for unit in units.iter_mut().filter(|unit| unit.method == Method::Alter && unit.touched_by(obstacle)) {
                unit.method = Method::Refill;
                unit.why.push(why.clone());
                changed = true;
            }
        }
        if changed {
            // Fewer columns are altered now, so that fewer obstacles are in the way.
            continue;
        }
        refuse(session, &units, &obstacles, unproven).await?;
        if units.iter().all(|unit| unit.method == Method::Nothing) {
            obstacles.clear();
        }
        for unit in units.iter_mut().filter(|unit| unit.method != Method::Nothing) {
            unit.obstacles =
                obstacles.iter().filter(|it| unit.touched_by(it)).map(|obstacle| obstacle.what.clone()).collect();
            if unit.method == Method::Alter && !unit.obstacles.is_empty() {
                unit.method = Method::AlterWithout;
            }
        }
        return Ok(Plan { units, obstacles });
    }
}

/// Groups tables that inherit from one another, children before their parents.
pub(super) fn together(tables: Vec<Table>) -> Vec<Vec<Table>> {
    let mut waiting: BTreeMap<u32, Table> = tables.into_iter().map(|table| (table.oid, table)).collect();
    let mut groups = Vec::new();
    while let Some((oid, _)) = waiting.first_key_value() {
        let (mut next, mut group) = (vec![*oid], Vec::new());
        while let Some(oid) = next.pop() {
            if let Some(table) = waiting.remove(&oid) {
                next.extend(table.children.iter().chain(&table.parents));
                group.push(table);
            }
        }
        groups.push(children_first(group));
    }
    groups
}

fn children_first(mut group: Vec<Table>) -> Vec<Table> {
    let mut ordered = Vec::new();
    while !group.is_empty() {
        let here: BTreeSet<u32> = group.iter().map(|table| table.oid).collect();
        let (ready, rest) =
            group.into_iter().partition(|table| !table.children.iter().any(|child| here.contains(child)));
        ordered.extend::<Vec<Table>>(ready);
        group = rest;
    }
    ordered
}

async fn decide(session: &Session, tables: Vec<Table>, blocked: &Reasons) -> Result<Unit> {
    let mut unit = Unit { tables, method: Method::Alter, why: Vec::new(), obstacles: Vec::new() };
    let mut empty = true;
    for table in &unit.tables {
        empty = empty && !has_values(session, table).await?;
        for relation in &table.relations {
            unit.why.extend(blocked.get(&relation.oid).into_iter().flatten().cloned());
        }
        let subqueries = table.mask.columns.iter().filter(|column| column.expression.subquery);
        unit.why.extend(subqueries.map(|column| format!("the mask of {} holds a subquery", identifier(&column.name))));
        if table.relations.len() > 1 || !table.children.is_empty() {
            unit.why.extend(table.mask.columns.iter().filter_map(reparse::why_not));
        }
    }
    unit.why.extend(inherited(&unit.tables));
    unit.why.dedup();
    if empty {
        (unit.method, unit.why) = (Method::Nothing, vec!["no row has a value in these columns".into()]);
    } else if !unit.why.is_empty() {
        unit.method = Method::Refill;
    }
    Ok(unit)
}

/// Whether there is anything to mask. Masks keep NULL, but an expression of the user's may not.
async fn has_values(session: &Session, table: &Table) -> Result<bool> {
    let columns = &table.mask.columns;
    let values = if columns.iter().any(|column| column.rule == "sql") {
        "true".to_owned()
    } else {
        let columns: Vec<String> =
            columns.iter().map(|column| format!("{} IS NOT NULL", identifier(&column.name))).collect();
        columns.join(" OR ")
    };
    // Relation by relation: a foreign partition would be read from its own server.
    for relation in table.relations.iter().filter(|relation| relation.kind == 'r') {
        let sql = format!("SELECT EXISTS (SELECT FROM ONLY {} WHERE {values})", relation.sql);
        match session.query_one(&sql, &[]).await {
            Ok(row) if row.get(0) => return Ok(true),
            Ok(_) => {}
            Err(error) if error.is_disconnect() => return Err(error.into()),
            // Its owner's rights or a policy are in the way of reading it, not of the work.
            Err(_) => return Ok(true),
        }
    }
    Ok(false)
}

/// `ALTER` of a parent alters the column of all its children by the same expression, and refuses a
/// child alone.
fn inherited(tables: &[Table]) -> Vec<String> {
    let by_oid: BTreeMap<u32, &Table> = tables.iter().map(|table| (table.oid, table)).collect();
    let mut why = Vec::new();
    for table in tables {
        if table.parents.len() > 1 {
            why.push(format!("{} inherits from several tables", table.shown));
        }
        for child in &table.children {
            let alike = by_oid.get(child).is_some_and(|child| {
                table.mask.columns.iter().all(|ours| {
                    child
                        .mask
                        .columns
                        .iter()
                        .any(|theirs| ours.name == theirs.name && ours.expression.sql == theirs.expression.sql)
                })
            });
            if !alike {
                why.push(format!("a table that inherits from {} is masked in another way", table.shown));
            }
        }
        // A parent that is not listed keeps its rows; whether a column comes from it does not matter then.
        if table.parents.iter().any(|parent| !by_oid.contains_key(parent)) {
            why.push(format!("{} inherits from a table that is not masked", table.shown));
        }
    }
    why
}

fn altered(units: &[Unit]) -> Vec<(u32, i16)> {
    let altered = units.iter().filter(|unit| unit.method == Method::Alter);
    altered.flat_map(|unit| &unit.tables).flat_map(|table| table.masked.iter().copied()).collect()
}

fn refilled(units: &[Unit]) -> Vec<u32> {
    let refilled = units.iter().filter(|unit| unit.method == Method::Refill);
    refilled.flat_map(|unit| &unit.tables).flat_map(|table| &table.relations).map(|relation| relation.oid).collect()
}

/// What no method can do.
async fn refuse(session: &Session, units: &[Unit], obstacles: &[Obstacle], unproven: &Unproven) -> Result<()> {
    let mut reasons: Vec<String> = obstacles
        .iter()
        .filter(|obstacle| obstacle.required)
        .filter_map(|obstacle| {
            Some(format!("{} cannot be put back: {}", obstacle.what, unproven.these.get(&obstacle.what)?))
        })
        .collect();
    for unit in units.iter().filter(|unit| unit.method == Method::Refill) {
        let (mut foreign, mut key) = (false, false);
        for relation in unit.tables.iter().flat_map(|table| &table.relations) {
            foreign |= relation.kind == 'f';
            key |= unit.why.iter().any(|why| why.contains("partition key"));
        }
        if let (true, true, Some(table)) = (foreign, key, unit.tables.first()) {
            reasons.push(format!(
                "{}: its partition key is masked, and rows would move to or from a foreign table",
                table.shown
            ));
        }
    }
    reasons.extend(half_keys(session, units).await?);
    if reasons.is_empty() { Ok(()) } else { Err(Error::Refused(reasons)) }
}

/// Foreign keys whose referenced column gets new values while the referencing one keeps the old.
async fn half_keys(session: &Session, units: &[Unit]) -> Result<Vec<String>> {
    let working = units.iter().filter(|unit| unit.method != Method::Nothing);
    let (relations, positions): (Vec<u32>, Vec<i16>) =
        working.flat_map(|unit| &unit.tables).flat_map(|table| table.masked.iter().copied()).unzip();
    let rows = session
        .query(
            "WITH hit AS (SELECT * FROM unnest($1::oid[], $2::int2[]) AS h(relation, position)) \
             SELECT DISTINCT k.conname::text, k.conrelid::regclass::text, a.attname::text, k.confrelid::regclass::text, fa.attname::text \
             FROM pg_catalog.pg_constraint k \
             CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair(here, there) \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.here \
             JOIN pg_catalog.pg_attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = pair.there \
             WHERE k.contype = 'f' AND k.conparentid = 0 \
               AND EXISTS (SELECT FROM hit WHERE hit.relation = k.confrelid AND hit.position = pair.there) \
               AND NOT EXISTS (SELECT FROM hit WHERE hit.relation = k.conrelid AND hit.position = pair.here) \
             ORDER BY 2, 1",
            &[&relations, &positions],
        )
        .await?;
    let mut reasons = Vec::new();
    for row in &rows {
        let (key, table, column, other, there): (&str, &str, &str, &str, &str) =
            (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4));
        let sql = format!("SELECT EXISTS (SELECT FROM {table} WHERE {} IS NOT NULL)", identifier(column));
        let used = match session.query_one(&sql, &[]).await {
            Ok(row) => row.get(0),
            Err(error) if error.is_disconnect() => return Err(error.into()),
            Err(_) => true,
        };
        if used {
            reasons.push(format!(
                "foreign key {key}: {other}.{there} is masked, and {table}.{column}, which references it, is not"
            ));
        }
    }
    Ok(reasons)
}

#[cfg(test)]
impl Unit {
    /// For tests of what follows from sizes alone.
    pub fn of_sizes(heap: i64, index: i64, method: Method) -> Unit {
        let relation = introspect::Relation {
            oid: 1,
            sql: String::new(),
            shown: String::new(),
            kind: 'r',
            total: heap + index,
            heap,
            largest_index: index,
        };
        let table = tests::table(1, &[], &[]);
        let tables = vec![Table { relations: vec![relation], ..table }];
        Unit { tables, method, why: Vec::new(), obstacles: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn table(oid: u32, parents: &[u32], children: &[u32]) -> Table {
        Table {
            mask: TableMask { schema: "s".into(), table: oid.to_string(), columns: Vec::new() },
            oid,
            sql: String::new(),
            shown: oid.to_string(),
            owner: String::new(),
            partitioned: false,
            types: Vec::new(),
            relations: Vec::new(),
            masked: Vec::new(),
            children: children.to_vec(),
            parents: parents.to_vec(),
        }
    }

    #[test]
    fn trees_of_inheritance_are_one_unit_children_first() {
        // 3 is not listed.
        let tables = vec![table(1, &[], &[2, 3]), table(9, &[], &[]), table(2, &[1], &[4]), table(4, &[2], &[])];
        let groups: Vec<Vec<u32>> =
            together(tables).iter().map(|group| group.iter().map(|table| table.oid).collect()).collect();
        assert_eq!(groups, [vec![4, 2, 1], vec![9]]);
    }

    #[test]
    fn a_child_that_is_not_masked_alike_is_not_altered_with_its_parent() {
        assert_eq!(inherited(&[table(2, &[1], &[]), table(1, &[], &[2])]), Vec::<String>::new());
        assert_eq!(inherited(&[table(1, &[], &[2])]).len(), 1);
        assert_eq!(inherited(&[table(2, &[1], &[])]).len(), 1);
        assert_eq!(inherited(&[table(3, &[1, 2], &[])]).len(), 3 - 1);
    }
}
