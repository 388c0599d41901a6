//! The unit of a rewrite: the tables of one transaction. A plan is a list of units and obstacles.

use super::introspect::MaskedTable;
use super::method::Method;
use super::obstacles::Obstacle;
use super::outcome::TablePlan;

/// Tables that are rewritten in one transaction: one table, or an inheritance tree, children first.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub tables: Vec<MaskedTable>,
    pub method: Method,
    /// Why the fastest method cannot be used.
    pub why: Vec<String>,
    /// Names of the obstacles of these tables.
    pub obstacles: Vec<String>,
}

impl Unit {
    pub fn bytes(&self) -> i64 {
        self.tables.iter().map(MaskedTable::bytes).sum()
    }

    pub fn largest_index(&self) -> i64 {
        let relations = self.tables.iter().flat_map(|table| &table.relations);
        relations.map(|relation| relation.largest_index).max().unwrap_or(0)
    }

    pub fn is_blocked_by(&self, obstacle: &Obstacle) -> bool {
        self.tables.iter().flat_map(|table| &table.relations).any(|relation| obstacle.relations.contains(&relation.oid))
    }

    /// Returns why the fastest method is not used, or which obstacles are recreated.
    pub fn reason(&self) -> Option<String> {
        let mut reasons = self.why.clone();
        if !self.obstacles.is_empty() {
            // A table that many others reference has dozens.
            let shown = self.obstacles.iter().take(2).cloned().collect::<Vec<_>>().join(", ");
            let more = self.obstacles.len().saturating_sub(2);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            reasons.push(format!("dropped and recreated: {shown}{more}"));
        }
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

/// All units, and all obstacles in the order of their removal.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub units: Vec<Unit>,
    pub obstacles: Vec<Obstacle>,
}

impl Plan {
    /// Returns the plan by table, sorted by name.
    pub fn by_table(&self) -> Vec<TablePlan> {
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

#[cfg(test)]
impl Unit {
    /// Returns a unit with sizes only.
    pub fn of_sizes(heap: i64, index: i64, method: Method) -> Unit {
        let relation = super::introspect::Relation {
            oid: 1,
            sql: String::new(),
            shown: String::new(),
            kind: 'r',
            total: heap + index,
            heap,
            largest_index: index,
        };
        let table = empty_table(1, &[], &[]);
        let tables = vec![MaskedTable { relations: vec![relation], ..table }];
        Unit { tables, method, why: Vec::new(), obstacles: Vec::new() }
    }
}

/// Returns a table without columns and storage.
#[cfg(test)]
pub(super) fn empty_table(oid: u32, parents: &[u32], children: &[u32]) -> MaskedTable {
    MaskedTable {
        mask: super::table_mask::TableMask { schema: "s".into(), table: oid.to_string(), columns: Vec::new() },
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
