//! A table as a sample sees it.

use crate::config::{Extent, TablePath};
use crate::pg::catalog::Column;
use crate::pg::{identifier, literal};
use crate::sample::key_set::{Kind, Value};

use super::build;
use super::edge::{Compare, End, Term};

/// A table with rows: an ordinary one without its children, or a partitioned one with its partitions.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub path: TablePath,
    /// Whether its rows are in partitions.
    pub partitioned: bool,
    /// Where its rows are: itself, or its partitions at the bottom.
    pub leaves: Vec<Leaf>,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// What tells one row from another.
    pub identity: Identity,
    /// What the configuration says is taken of it.
    pub extent: Option<Extent>,
    /// How many rows the server believes it has.
    pub believed_rows: Option<u64>,
    /// Bytes on disk.
    pub bytes: u64,
    /// What a row is read for: its identity first.
    pub slots: Vec<Slot>,
}

/// A relation that has rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its name.
    pub path: TablePath,
    /// Its `tableoid`.
    pub oid: i64,
}

/// What tells one row of a table from another.
#[derive(Clone, Debug)]
pub enum Identity {
    /// Columns of the primary key, or of a unique index over columns that are never NULL.
    Columns(Vec<Term>),
    /// Where the row is, which is the same as long as the snapshot is.
    Place,
}

/// A value that a row is read for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The expression over the alias `t`.
    pub sql: String,
    /// How it is read.
    pub kind: Kind,
}

impl Identity {
    /// The kinds of an encoded identity.
    pub fn kinds(&self) -> Vec<Kind> {
        match self {
            Identity::Columns(terms) => terms.iter().map(Term::kind).collect(),
            Identity::Place => vec![Kind::Int],
        }
    }

    pub(super) fn slots(&self) -> Vec<Slot> {
        match self {
            Identity::Columns(terms) => terms.iter().map(Term::read).collect(),
            Identity::Place => vec![
                Slot { sql: "t.tableoid::pg_catalog.int8".into(), kind: Kind::Int },
                Slot { sql: "t.ctid::pg_catalog.text".into(), kind: Kind::Text },
            ],
        }
    }

    /// What rows are put in order by, over the alias `t`.
    pub fn order(&self) -> String {
        match self {
            Identity::Columns(terms) => terms.iter().map(|term| term.sql.as_str()).collect::<Vec<_>>().join(", "),
            Identity::Place => "t.tableoid, t.ctid".into(),
        }
    }
}

impl Table {
    /// What stands after FROM: children of ordinary inheritance are tables of their own.
    pub fn relation(&self) -> String {
        if self.partitioned { quoted(&self.path) } else { format!("ONLY {}", quoted(&self.path)) }
    }

    /// What stands after FROM for one side of an edge.
    pub fn relation_of(&self, end: &End) -> String {
        match &end.relation {
            // A partition may have partitions again.
            Some(leaf) => quoted(leaf),
            None => self.relation(),
        }
    }

    /// A column to look rows up by text.
    pub fn term(&self, name: &str) -> Option<Term> {
        let column = self.columns.iter().find(|column| column.name == name)?;
        Some(Term::column(column, build::from_text(column)))
    }

    /// The identity of a row that was read.
    pub fn identify(&self, row: &[Value]) -> Vec<Value> {
        match &self.identity {
            Identity::Columns(terms) => row[..terms.len()].to_vec(),
            Identity::Place => vec![self.place(row).map_or(Value::Null, Value::Int)],
        }
    }

    /// The number of the leaf, of the block, and of the row in it, in one integer.
    fn place(&self, row: &[Value]) -> Option<i64> {
        let [Value::Int(oid), Value::Text(place), ..] = row else { return None };
        let leaf = self.leaves.iter().position(|leaf| leaf.oid == *oid)?;
        let (block, offset) = place.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
        let (leaf, block) = (u16::try_from(leaf).ok()?, block.parse::<u32>().ok()?);
        let packed = u64::from(leaf) << 48 | u64::from(block) << 16 | u64::from(offset.parse::<u16>().ok()?);
        Some(packed.cast_signed())
    }

    /// The leaf and the `ctid` of a packed place.
    pub fn unpack(packed: i64) -> (usize, String) {
        let packed = packed.cast_unsigned();
        ((packed >> 48) as usize, format!("({},{})", packed >> 16 & 0xffff_ffff, packed & 0xffff))
    }

    /// Where a term's value stands in a row that is read; adds it if nobody has read it so far. With a partition
    /// or a condition it is NULL for rows that are not meant.
    pub fn slot(&mut self, term: &Term, relation: Option<&TablePath>, condition: Option<&str>) -> usize {
        let mut slot = term.read();
        // A foreign key of one partition, or to one, is none for rows of the others.
        let within = relation.map(|leaf| {
            let regclass = format!("{}::pg_catalog.regclass", literal(&quoted(leaf)));
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

    /// Whether rows are told apart by their place only.
    pub fn is_by_place(&self) -> bool {
        matches!(self.identity, Identity::Place)
    }

    /// The column that is the whole key, if one is.
    pub fn only_key(&self) -> Option<Term> {
        match &self.identity {
            Identity::Columns(terms) if terms.len() == 1 => terms.first().cloned(),
            _ => None,
        }
    }

    /// Bytes that a row is expected to have.
    pub fn row_bytes(&self) -> u64 {
        match self.believed_rows {
            Some(rows) if rows > 0 => (self.bytes / rows).clamp(8, 1 << 20),
            _ => 16 * self.columns.len().max(1) as u64,
        }
    }

    /// Whether rows may be in it, as far as the server knows.
    pub fn may_have_rows(&self) -> bool {
        self.believed_rows != Some(0) && self.bytes > 0
    }

    /// Whether two keys of this table are one and the same list.
    pub fn is_identity(&self, terms: &[Term]) -> bool {
        let same = |mine: &[Term]| mine.len() == terms.len() && mine.iter().zip(terms).all(|(a, b)| a.sql == b.sql);
        matches!(&self.identity, Identity::Columns(mine) if same(mine))
            && terms.iter().all(|term| !matches!(term.compare, Compare::Text))
    }
}

/// A table's name in SQL.
pub(in crate::sample) fn quoted(path: &TablePath) -> String {
    format!("{}.{}", identifier(&path.schema), identifier(&path.table))
}
