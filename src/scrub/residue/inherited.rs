//! Statistics of an inherited column: the type of one can be altered in the topmost table only, which drops the statistics of
//! the column in the whole tree.

use crate::pg::{Result, Session, identifier, qualified_name};

/// The topmost table of an inheritance tree.
pub(super) struct Topmost {
    /// Its owner.
    pub(super) owner: Option<String>,
    /// Name in SQL.
    table: String,
    /// All tables of the tree with rows, in SQL.
    tree: Vec<String>,
}

impl Topmost {
    /// Returns the statements that drop the column's statistics in all tables, and compute them anew. An empty table gets none.
    pub(super) fn removal(&self, column: &str, type_name: &str) -> String {
        let mut sql = format!("ALTER TABLE {} ALTER COLUMN {} TYPE {type_name}", self.table, identifier(column));
        for table in &self.tree {
            sql.push_str(&format!("; ANALYZE {table}"));
        }
        sql
    }
}

/// Returns the topmost table that passes a column down to a relation; `None` if the column is not inherited, comes from several
/// tables, or a table of the tree stores it in another way than its type's default, which the statement would reset.
pub(super) async fn topmost(session: &Session, relation: u32, column: &str) -> Result<Option<Topmost>> {
    let rows = session
        .query(
            "WITH RECURSIVE up (relid) AS ( \
                 SELECT i.inhparent FROM pg_catalog.pg_inherits i WHERE i.inhrelid = $1 UNION \
                 SELECT i.inhparent FROM up JOIN pg_catalog.pg_inherits i ON i.inhrelid = up.relid), \
             top (relid) AS (SELECT relid FROM up WHERE EXISTS ( \
                 SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = up.relid AND a.attname = $2::text::name \
                     AND NOT a.attisdropped AND a.attinhcount = 0)), \
             tree (relid) AS (SELECT relid FROM top UNION \
                 SELECT i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.relid) \
             SELECT n.nspname::text, c.relname::text, r.rolname::text, c.oid IN (SELECT relid FROM top), c.relkind::text, \
                 a.attstorage = t.typstorage AND a.attcompression = '' \
             FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = $2::text::name \
             JOIN pg_catalog.pg_type t ON t.oid = a.atttypid LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.relowner ORDER BY c.oid",
            &[&relation, &column],
        )
        .await?;
    let name = |row: &tokio_postgres::Row| qualified_name(row.get(0), row.get(1));
    let tops: Vec<&tokio_postgres::Row> = rows.iter().filter(|row| row.get(3)).collect();
    let [top] = tops.as_slice() else { return Ok(None) };
    if !rows.iter().all(|row| row.get(5)) {
        return Ok(None);
    }
    // A foreign table is not analyzed: that would act on the outside.
    let tree = rows.iter().filter(|row| row.get::<_, &str>(4) != "f").map(name).collect();
    Ok(Some(Topmost { owner: top.get(2), table: name(top), tree }))
}
