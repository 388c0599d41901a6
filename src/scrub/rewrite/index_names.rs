//! Names of partitions' indexes. The server recreates an index of a partitioned table from the root's definition, and gives
//! those of its partitions default names.

use std::collections::BTreeMap;

use crate::pg::{Result, Session, identifier, qualified_name};

/// A relation and the topmost index that its index belongs to; identifies one index.
type IndexKey = (u32, String);

/// Schema and name of each index before a rewrite.
pub(super) struct IndexNames(BTreeMap<IndexKey, (String, String)>);

impl IndexNames {
    /// Reads the names of the relations' indexes that belong to a partitioned index.
    pub async fn read(session: &Session, relations: &[u32]) -> Result<Self> {
        let rows = session
            .query(
                "WITH RECURSIVE up(index, relation, ancestor) AS ( \
                     SELECT i.indexrelid, i.indrelid, h.inhparent FROM pg_catalog.pg_index i \
                     JOIN pg_catalog.pg_inherits h ON h.inhrelid = i.indexrelid WHERE i.indrelid = ANY ($1) \
                     UNION ALL \
                     SELECT up.index, up.relation, h.inhparent FROM up JOIN pg_catalog.pg_inherits h ON h.inhrelid = up.ancestor) \
                 SELECT up.relation, pg_catalog.format('%I.%I', tn.nspname, top.relname), n.nspname::text, c.relname::text \
                 FROM up JOIN pg_catalog.pg_class c ON c.oid = up.index \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 JOIN pg_catalog.pg_class top ON top.oid = up.ancestor \
                 JOIN pg_catalog.pg_namespace tn ON tn.oid = top.relnamespace \
                 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = up.ancestor)",
                &[&relations],
            )
            .await?;
        Ok(Self(rows.iter().map(|row| ((row.get(0), row.get(1)), (row.get(2), row.get(3)))).collect()))
    }

    /// Restores the names. A constraint takes the name of its index.
    pub async fn restore(&self, session: &Session, relations: &[u32]) -> Result<()> {
        let now = Self::read(session, relations).await?;
        let renamed: Vec<(&(String, String), &String)> = now
            .0
            .iter()
            .filter_map(|(key, new)| self.0.get(key).filter(|old| *old != new).map(|old| (new, &old.1)))
            .collect();
        // Two indexes may have swapped names, so all of them get a temporary name first.
        let temporary = |at: usize| format!("devdb_index_{at}");
        let mut sql = Vec::new();
        for (at, ((schema, name), _)) in renamed.iter().enumerate() {
            sql.push(format!("ALTER INDEX {} RENAME TO {}", qualified_name(schema, name), identifier(&temporary(at))));
        }
        for (at, ((schema, _), old)) in renamed.iter().enumerate() {
            sql.push(format!("ALTER INDEX {} RENAME TO {}", qualified_name(schema, &temporary(at)), identifier(old)));
        }
        if sql.is_empty() { Ok(()) } else { session.run(&sql.join("; ")).await.map(drop) }
    }
}
