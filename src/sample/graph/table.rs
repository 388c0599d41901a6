//! Tables of the graph.

use crate::config::{Extent, TablePath};
use crate::pg::catalog::Column;
use crate::pg::{identifier, literal};
use crate::sample::key_set::KeyValue;

use super::comparison::Comparison;
use super::edge::EdgeEnd;
use super::identity::{RowIdentity, pack_ctid};
use super::term::{Slot, Term};

/// A table with rows: an ordinary table without its children, or a partitioned table with its partitions.
#[derive(Clone, Debug)]
pub struct GraphTable {
    /// Schema and name.
    pub path: TablePath,
    /// Whether it is partitioned.
    pub partitioned: bool,
    /// The relations that hold its rows: itself, or its leaf partitions.
    pub leaves: Vec<Leaf>,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// What distinguishes its rows.
    pub identity: RowIdentity,
    /// The rows that the configuration takes from it; `None` if it does not mention the table.
    pub extent: Option<Extent>,
    /// The estimated number of rows; `None` if it was never analyzed.
    pub estimated_rows: Option<u64>,
    /// Bytes on disk.
    pub bytes: u64,
    /// The values that are read for each row, beginning with its identity.
    pub slots: Vec<Slot>,
}

/// A relation that holds rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Schema and name.
    pub path: TablePath,
    /// Its `tableoid`.
    pub oid: i64,
}

impl GraphTable {
    /// The FROM item of the table. Children of ordinary inheritance are tables of their own.
    pub fn relation(&self) -> String {
        if self.partitioned { quoted(&self.path) } else { format!("ONLY {}", quoted(&self.path)) }
    }

    /// The FROM item for one end of an edge.
    pub fn relation_of(&self, end: &EdgeEnd) -> String {
        match &end.relation {
            // Without ONLY: a partition may be partitioned again.
            Some(partition) => quoted(partition),
            None => self.relation(),
        }
    }

    /// The term that looks rows up by a column and values given as text.
    pub fn term(&self, name: &str) -> Option<Term> {
        let column = self.columns.iter().find(|column| column.name == name)?;
        Some(Term::column(column, Comparison::with_text(column)))
    }

    /// Returns the identity of a row that was read.
    pub fn identify(&self, row: &[KeyValue]) -> Vec<KeyValue> {
        match &self.identity {
            RowIdentity::Columns(terms) => row[..terms.len()].to_vec(),
            RowIdentity::Ctid => vec![self.packed_ctid(row).map_or(KeyValue::Null, KeyValue::Int)],
        }
    }

    fn packed_ctid(&self, row: &[KeyValue]) -> Option<i64> {
        let [KeyValue::Int(oid), ctid, ..] = row else { return None };
        pack_ctid(self.leaves.iter().position(|leaf| leaf.oid == *oid)?, ctid)
    }

    /// Returns the position of a term's value in a row, adding a slot if there is none yet. With a partition or a
    /// condition, the value is NULL for rows outside of it.
    pub fn slot(&mut self, term: &Term, relation: Option<&TablePath>, condition: Option<&str>) -> usize {
        let mut slot = term.to_slot();
        // The foreign key from or to one partition does not apply to rows of the others.
        let within = relation.map(|partition| {
            let regclass = format!("{}::pg_catalog.regclass", literal(&quoted(partition)));
            format!("t.tableoid = ANY (ARRAY(SELECT p.relid FROM pg_catalog.pg_partition_tree({regclass}) AS p))")
        });
        let condition = condition.map(|condition| format!("({condition}\n)"));
        let guards: Vec<String> = within.into_iter().chain(condition).collect();
        if !guards.is_empty() {
            slot.sql = format!("CASE WHEN {} THEN {} END", guards.join(" AND "), slot.sql);
        }
        match self.slots.iter().position(|known| *known == slot) {
            Some(at) => at,
            None => {
                self.slots.push(slot);
                self.slots.len() - 1
            }
        }
    }

    /// Whether its rows are distinguished by their physical position only.
    pub fn has_no_key(&self) -> bool {
        matches!(self.identity, RowIdentity::Ctid)
    }

    /// The key, if it consists of one column.
    pub fn single_column_key(&self) -> Option<Term> {
        match &self.identity {
            RowIdentity::Columns(terms) if terms.len() == 1 => terms.first().cloned(),
            _ => None,
        }
    }

    /// The estimated number of bytes in a row.
    pub fn row_bytes(&self) -> u64 {
        match self.estimated_rows {
            Some(rows) if rows > 0 => (self.bytes / rows).clamp(8, 1 << 20),
            _ => 16 * self.columns.len().max(1) as u64,
        }
    }

    /// Whether it may have rows, according to the server's statistics.
    pub fn may_have_rows(&self) -> bool {
        self.estimated_rows != Some(0) && self.bytes > 0
    }

    /// Whether terms are exactly those of the table's identity, compared by their type and not as text.
    pub fn is_identity(&self, terms: &[Term]) -> bool {
        let same = |own: &[Term]| own.len() == terms.len() && own.iter().zip(terms).all(|(a, b)| a.sql == b.sql);
        matches!(&self.identity, RowIdentity::Columns(own) if same(own))
            && terms.iter().all(|term| !matches!(term.comparison, Comparison::Text))
    }
}

/// The quoted name of a table.
pub(in crate::sample) fn quoted(path: &TablePath) -> String {
    format!("{}.{}", identifier(&path.schema), identifier(&path.table))
}
