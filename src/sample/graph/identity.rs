//! The identity of rows: a key, or the physical position.

use crate::sample::key_set::{KeyType, KeyValue};

use super::term::{Slot, Term};

/// What distinguishes the rows of a table.
#[derive(Clone, Debug)]
pub enum RowIdentity {
    /// Columns of the primary key, or of a unique index over columns that are NOT NULL.
    Columns(Vec<Term>),
    /// The physical position, which is constant within a snapshot.
    Ctid,
}

impl RowIdentity {
    /// The types of an encoded identity.
    pub fn key_types(&self) -> Vec<KeyType> {
        match self {
            RowIdentity::Columns(terms) => terms.iter().map(Term::key_type).collect(),
            RowIdentity::Ctid => vec![KeyType::Int],
        }
    }

    pub(super) fn slots(&self) -> Vec<Slot> {
        match self {
            RowIdentity::Columns(terms) => terms.iter().map(Term::to_slot).collect(),
            RowIdentity::Ctid => vec![
                Slot { sql: "t.tableoid::pg_catalog.int8".into(), key_type: KeyType::Int },
                Slot { sql: "t.ctid::pg_catalog.text".into(), key_type: KeyType::Text },
            ],
        }
    }

    /// The ORDER BY list over the alias `t`.
    pub fn order(&self) -> String {
        match self {
            RowIdentity::Columns(terms) => terms.iter().map(|term| term.sql.as_str()).collect::<Vec<_>>().join(", "),
            RowIdentity::Ctid => "t.tableoid, t.ctid".into(),
        }
    }

    /// Returns the index of the leaf and the `ctid` of a packed position.
    pub fn unpack_ctid(packed: i64) -> (usize, String) {
        let packed = packed.cast_unsigned();
        ((packed >> 48) as usize, format!("({},{})", packed >> 16 & 0xffff_ffff, packed & 0xffff))
    }
}

/// Packs the index of a leaf and a `ctid` into one integer: 16 bits for the leaf, 32 for the block, 16 for the offset.
pub(super) fn pack_ctid(leaf: usize, ctid: &KeyValue) -> Option<i64> {
    let KeyValue::Text(ctid) = ctid else { return None };
    let (block, offset) = ctid.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
    let (leaf, block) = (u16::try_from(leaf).ok()?, block.parse::<u32>().ok()?);
    let packed = u64::from(leaf) << 48 | u64::from(block) << 16 | u64::from(offset.parse::<u16>().ok()?);
    Some(packed.cast_signed())
}
