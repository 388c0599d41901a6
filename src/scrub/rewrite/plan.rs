//! Plans the rewrite: which tables form a unit, by which method, and with which obstacles. Decides from what `introspect`,
//! `blocked` and `obstacles` find; changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::blocked::{self, Reasons};
use super::error::{Error, Result};
use super::introspect::{self, MaskedTable};
use super::method::Method;
use super::obstacles::{self, Obstacle};
use super::table_mask::TableMask;
use super::unit::{Plan, Unit};
use super::{half_masked_keys, reparse};
use crate::pg::{Session, identifier};

/// Obstacles that could not be recreated in the trial, and why: their tables are rewritten by another method.
#[derive(Clone, Debug, Default)]
pub(super) struct Unrestorable {
    /// Reason, by name of the obstacle.
    pub by_name: BTreeMap<String, String>,
    /// Why no obstacle may be removed that has an alternative.
    pub all: Option<String>,
}

impl Unrestorable {
    fn reason(&self, obstacle: &Obstacle) -> Option<String> {
        let why = obstacle.irremovable.as_ref().or_else(|| self.by_name.get(&obstacle.name)).or(self.all.as_ref())?;
        Some(format!("{} cannot be recreated: {why}", obstacle.name))
    }
}

/// Returns the plan for these masks.
pub(super) async fn make(session: &Session, masks: &[TableMask], unrestorable: &Unrestorable) -> Result<Plan> {
    let tables = introspect::tables(session, masks).await?;
    let blocked = blocked::find(session, &tables).await?;
    let mut units = Vec::new();
    for tables in group_by_inheritance(tables) {
        units.push(decide(session, tables, &blocked).await?);
    }
    loop {
        let mut obstacles = obstacles::find(session, &altered(&units), &refilled(&units)).await?;
        let mut changed = false;
        for obstacle in obstacles.iter().filter(|obstacle| !obstacle.required) {
            let Some(why) = unrestorable.reason(obstacle) else { continue };
            for unit in units.iter_mut().filter(|unit| unit.method == Method::Alter && unit.is_blocked_by(obstacle)) {
                unit.method = Method::Refill;
                unit.why.push(why.clone());
                changed = true;
            }
        }
        if changed {
            // Fewer columns are altered now, so there may be fewer obstacles.
            continue;
        }
        refuse(session, &units, &obstacles, unrestorable).await?;
        if units.iter().all(|unit| unit.method == Method::Nothing) {
            obstacles.clear();
        }
        for unit in units.iter_mut().filter(|unit| unit.method != Method::Nothing) {
            unit.obstacles =
                obstacles.iter().filter(|it| unit.is_blocked_by(it)).map(|obstacle| obstacle.name.clone()).collect();
            if unit.method == Method::Alter && !unit.obstacles.is_empty() {
                unit.method = Method::AlterWithoutObstacles;
            }
        }
        return Ok(Plan { units, obstacles });
    }
}

/// Groups tables that inherit from one another, children before their parents.
pub(super) fn group_by_inheritance(tables: Vec<MaskedTable>) -> Vec<Vec<MaskedTable>> {
    let mut waiting: BTreeMap<u32, MaskedTable> = tables.into_iter().map(|table| (table.oid, table)).collect();
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

/// Sorts a group so that children come before their parents.
fn children_first(mut group: Vec<MaskedTable>) -> Vec<MaskedTable> {
    let mut ordered = Vec::new();
    while !group.is_empty() {
        let members: BTreeSet<u32> = group.iter().map(|table| table.oid).collect();
        let (ready, remaining) =
            group.into_iter().partition(|table| !table.children.iter().any(|child| members.contains(child)));
        ordered.extend::<Vec<MaskedTable>>(ready);
        group = remaining;
    }
    ordered
}

/// Chooses the method of a unit.
async fn decide(session: &Session, tables: Vec<MaskedTable>, blocked: &Reasons) -> Result<Unit> {
    let mut unit = Unit { tables, method: Method::Alter, why: Vec::new(), obstacles: Vec::new() };
    let mut empty = true;
    for table in &unit.tables {
        empty = empty && !has_values(session, table).await?;
        for relation in &table.relations {
            unit.why.extend(blocked.get(&relation.oid).into_iter().flatten().cloned());
        }
        let subqueries = table.mask.columns.iter().filter(|column| column.expression.subquery);
        unit.why
            .extend(subqueries.map(|column| format!("the mask of {} contains a subquery", identifier(&column.name))));
        if table.relations.len() > 1 || !table.children.is_empty() {
            unit.why.extend(table.mask.columns.iter().filter_map(reparse::reason));
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

/// Whether there is anything to mask. Built-in masks keep NULL, but a user's expression may not.
async fn has_values(session: &Session, table: &MaskedTable) -> Result<bool> {
    let columns = &table.mask.columns;
    let values = if columns.iter().any(|column| column.rule == "sql") {
        "true".to_owned()
    } else {
        let columns: Vec<String> =
            columns.iter().map(|column| format!("{} IS NOT NULL", identifier(&column.name))).collect();
        columns.join(" OR ")
    };
    // Each relation on its own: a foreign partition would be read from its server.
    for relation in table.relations.iter().filter(|relation| relation.kind == 'r') {
        let sql = format!("SELECT EXISTS (SELECT FROM ONLY {} WHERE {values})", relation.sql);
        match session.query_one(&sql, &[]).await {
            Ok(row) if row.get(0) => return Ok(true),
            Ok(_) => {}
            Err(error) if error.is_disconnect() => return Err(error.into()),
            // Missing privileges or a policy prevent reading here, but not the rewrite.
            Err(_) => return Ok(true),
        }
    }
    Ok(false)
}

/// Returns why an inheritance tree cannot be altered: `ALTER` of a parent alters the column of all its children by the same
/// expression, and refuses a child alone.
fn inherited(tables: &[MaskedTable]) -> Vec<String> {
    let by_oid: BTreeMap<u32, &MaskedTable> = tables.iter().map(|table| (table.oid, table)).collect();
    let mut why = Vec::new();
    for table in tables {
        if table.parents.len() > 1 {
            why.push(format!("{} inherits from several tables", table.shown));
        }
        for child in &table.children {
            let same_masks = by_oid.get(child).is_some_and(|child| {
                table.mask.columns.iter().all(|column| {
                    child
                        .mask
                        .columns
                        .iter()
                        .any(|other| column.name == other.name && column.expression.sql == other.expression.sql)
                })
            });
            if !same_masks {
                why.push(format!("a table that inherits from {} has different masks", table.shown));
            }
        }
        // A parent that is not listed keeps its rows, whether or not the column comes from it.
        if table.parents.iter().any(|parent| !by_oid.contains_key(parent)) {
            why.push(format!("{} inherits from a table that is not masked", table.shown));
        }
    }
    why
}

/// Returns relation and position of the altered columns.
fn altered(units: &[Unit]) -> Vec<(u32, i16)> {
    let altered = units.iter().filter(|unit| unit.method == Method::Alter);
    altered.flat_map(|unit| &unit.tables).flat_map(|table| table.masked.iter().copied()).collect()
}

/// Returns the relations that are refilled.
fn refilled(units: &[Unit]) -> Vec<u32> {
    let refilled = units.iter().filter(|unit| unit.method == Method::Refill);
    refilled.flat_map(|unit| &unit.tables).flat_map(|table| &table.relations).map(|relation| relation.oid).collect()
}

/// Fails if no method can do it.
async fn refuse(session: &Session, units: &[Unit], obstacles: &[Obstacle], unrestorable: &Unrestorable) -> Result<()> {
    let mut reasons: Vec<String> = obstacles
        .iter()
        .filter(|obstacle| obstacle.required)
        .filter_map(|obstacle| {
            Some(format!("{} cannot be recreated: {}", obstacle.name, unrestorable.by_name.get(&obstacle.name)?))
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
    reasons.extend(half_masked_keys::reasons(session, units).await?);
    if reasons.is_empty() { Ok(()) } else { Err(Error::Refused(reasons)) }
}

#[cfg(test)]
mod tests {
    use super::super::unit::empty_table as table;
    use super::*;

    #[test]
    fn an_inheritance_tree_is_one_group_children_first() {
        // 3 is not listed.
        let tables = vec![table(1, &[], &[2, 3]), table(9, &[], &[]), table(2, &[1], &[4]), table(4, &[2], &[])];
        let groups: Vec<Vec<u32>> =
            group_by_inheritance(tables).iter().map(|group| group.iter().map(|table| table.oid).collect()).collect();
        assert_eq!(groups, [vec![4, 2, 1], vec![9]]);
    }

    #[test]
    fn a_child_with_other_masks_is_not_altered_with_its_parent() {
        assert_eq!(inherited(&[table(2, &[1], &[]), table(1, &[], &[2])]), Vec::<String>::new());
        assert_eq!(inherited(&[table(1, &[], &[2])]).len(), 1);
        assert_eq!(inherited(&[table(2, &[1], &[])]).len(), 1);
        assert_eq!(inherited(&[table(3, &[1, 2], &[])]).len(), 3 - 1);
    }
}
