//! Everything in a database where a value may stand.

use super::error::Error;
use super::shape::{Shape, shapes};
use crate::pg::Session;

/// A table or materialized view with rows of its own.
pub(super) struct Relation {
    pub schema: String,
    pub name: String,
    /// The partitioned table at the top, for a partition.
    pub root: Option<(String, String)>,
    pub owner: Option<String>,
    /// Whether its policies hide rows from the owner too, so that reading it locks it.
    pub is_forced: bool,
    /// Pages of its heap.
    pub pages: i64,
    /// Columns that are searched.
    pub columns: Vec<(String, Shape)>,
}

impl Relation {
    pub(super) fn path(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

/// Tables that are read, and foreign ones, which are not: reading them would act on the outside.
pub(super) struct Relations {
    pub read: Vec<Relation>,
    pub foreign: Vec<String>,
}

pub(super) async fn relations(session: &Session) -> Result<Relations, Error> {
    let shapes = shapes(session).await?;
    let rows = session
        .query(
            "SELECT n.nspname::text, c.relname::text, r.rolname::text, c.relkind = 'f', \
                 CASE WHEN c.relkind = 'f' THEN 0 ELSE pg_catalog.pg_relation_size(c.oid) \
                     / pg_catalog.current_setting('block_size')::int8 END, \
                 rn.nspname::text, rc.relname::text, c.relforcerowsecurity AND pg_catalog.row_security_active(c.oid), \
                 ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 \
                       AND NOT a.attisdropped ORDER BY a.attnum), \
                 ARRAY(SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 \
                       AND NOT a.attisdropped ORDER BY a.attnum) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             LEFT JOIN pg_catalog.pg_class rc ON c.relispartition AND rc.oid = pg_catalog.pg_partition_root(c.oid::regclass)::oid \
             LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace \
             WHERE (c.relkind IN ('r', 'f') OR c.relkind = 'm' AND c.relispopulated) AND c.relpersistence <> 't' \
               AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'devdb_meta') ORDER BY 1, 2",
            &[],
        )
        .await?;
    let mut relations = Relations { read: Vec::new(), foreign: Vec::new() };
    for row in &rows {
        let (schema, name): (String, String) = (row.get(0), row.get(1));
        if row.get(3) {
            relations.foreign.push(format!("{schema}.{name}"));
            continue;
        }
        let (names, types): (Vec<String>, Vec<u32>) = (row.get(8), row.get(9));
        let shape = |oid: &u32| shapes.get(oid).copied().unwrap_or(Shape::Text);
        let columns = names.into_iter().zip(types.iter().map(shape)).filter(|(_, shape)| shape.is_searched()).collect();
        let root = row.get::<_, Option<String>>(5).zip(row.get(6));
        let (owner, is_forced, pages) = (row.get(2), row.get(7), row.get(4));
        relations.read.push(Relation { schema, name, root, owner, is_forced, pages, columns });
    }
    Ok(relations)
}
