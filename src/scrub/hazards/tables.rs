//! Tables that something acts on: recognized by their shape ([`super::shapes`]), emptied or disabled.

use async_trait::async_trait;

use super::hazard::{Finding, Hazard};
use super::shape::{Name, Shape, Table, Treatment};
use super::shapes::{OUTBOX, QUEUE_LIKE, SHAPES, done_column, is_queue_like};
use crate::pg::as_owner::query_as_owner;
use crate::pg::triggers::trigger_statements;
use crate::pg::{Result, Session, display_name, identifier, qualified_name};
use crate::units::{counted, grouped};

/// Returns one hazard for each shape.
pub(super) fn all() -> impl Iterator<Item = Box<dyn Hazard>> {
    let known = SHAPES.iter().map(|shape| TableHazard { shape, matches: |shape, table| shape.fits(table) });
    let outbox = |shape: &Shape, table: &Table| shape.fits(table) && !is_known(table);
    let queue_like = |_: &Shape, table: &Table| is_queue_like(table) && !is_known(table) && !OUTBOX.fits(table);
    known
        .chain([
            TableHazard { shape: &OUTBOX, matches: outbox },
            TableHazard { shape: &QUEUE_LIKE, matches: queue_like },
        ])
        .map(|hazard| Box::new(hazard) as Box<dyn Hazard>)
}

/// Whether the table belongs to a specific hazard; it can be kept under that name only.
fn is_known(table: &Table) -> bool {
    SHAPES.iter().any(|shape| shape.fits(table))
}

fn is_companion(companion: &str, name: &str) -> bool {
    companion.strip_prefix('*').map_or(name == companion, |suffix| name.ends_with(suffix))
}

struct TableHazard {
    shape: &'static Shape,
    matches: fn(&Shape, &Table) -> bool,
}

#[async_trait]
impl Hazard for TableHazard {
    fn name(&self) -> &'static str {
        self.shape.hazard
    }

    fn about(&self) -> &'static str {
        self.shape.about
    }

    async fn detect(&self, session: &Session) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for table in candidates(session, self.shape).await? {
            if (self.matches)(self.shape, &table)
                && let Some(finding) = self.finding(session, &table).await?
            {
                findings.push(finding);
            }
        }
        Ok(findings)
    }
}

impl TableHazard {
    async fn finding(&self, session: &Session, table: &Table) -> Result<Option<Finding>> {
        let name = qualified_name(&table.schema, &table.name);
        let waiting = self.waiting(table);
        let counts = query_as_owner(
            session,
            table.owner.as_deref(),
            &format!("SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE {waiting}) FROM {name}"),
        )
        .await;
        let rows = match counts {
            Ok(rows) => {
                rows.first().map(|row| (row.get::<_, i64>(0).unsigned_abs(), row.get::<_, i64>(1).unsigned_abs()))
            }
            Err(error) if error.is_disconnect() => return Err(error),
            // A policy that is forced on the owner hides rows from every role, but not that a table is empty.
            Err(_) if has_no_pages(session, table).await? => return Ok(None),
            Err(_) => None,
        };
        let (blocks, content) = match (rows, self.shape.treatment) {
            (Some((0, _)), _) | (Some((_, 0)), Treatment::Disable(_)) => return Ok(None),
            (Some((all, 0)), _) => (false, counted(all, "row")),
            (Some((all, waiting)), _) => (true, format!("{}, {} waiting", counted(all, "row"), grouped(waiting))),
            // Unreadable, hence not known to be harmless.
            (None, _) => (true, "an unknown number of rows".to_owned()),
        };
        let (defusals, effect) = match self.shape.treatment {
            Treatment::Empty => (self.emptying(session, table, &name).await?, "emptied"),
            Treatment::Disable(assignment) => {
                let (before, after) = trigger_statements(session, &[table.oid]).await?;
                (vec![format!("{before}UPDATE {name} SET {assignment} WHERE {waiting}{after}")], "disabled")
            }
        };
        Ok(Some(Finding {
            description: format!("{}: {content}", display_name(&table.schema, &table.name)),
            effect,
            owner: table.owner.clone(),
            remedy: format!(
                "empty it in a script of 00-secure (other tables may reference its rows), or keep {} with a reason under \
                 `hazards:`",
                self.shape.hazard
            ),
            defusals,
            blocks,
        }))
    }

    /// Returns the SQL condition of the rows that something would act on.
    fn waiting(&self, table: &Table) -> String {
        let custom = std::ptr::eq(self.shape, &OUTBOX) || std::ptr::eq(self.shape, &QUEUE_LIKE);
        match done_column(table) {
            Some(column) if custom => format!("{} IS NULL", identifier(column)),
            _ => self.shape.waiting.to_owned(),
        }
    }

    /// Returns `TRUNCATE` first, because it leaves no dead rows. It fails when a table outside the set references this one;
    /// then rows are deleted, which that table's foreign key may allow.
    async fn emptying(&self, session: &Session, table: &Table, name: &str) -> Result<Vec<String>> {
        let mut oids = vec![table.oid];
        let mut names = Vec::new();
        if !self.shape.companions.is_empty() {
            for (oid, other) in siblings(session, table).await? {
                if self.shape.companions.iter().any(|companion| is_companion(companion, &other)) {
                    oids.push(oid);
                    names.push(qualified_name(&table.schema, &other));
                }
            }
        }
        // Companions reference the table, so their rows are removed first.
        names.push(name.to_owned());
        let (before, after) = trigger_statements(session, &oids).await?;
        let delete: Vec<String> = names.iter().map(|name| format!("DELETE FROM {name}")).collect();
        // Triggers cannot be enabled again while checks of deferred constraints are pending.
        let check = if after.is_empty() { "" } else { "; SET CONSTRAINTS ALL IMMEDIATE" };
        Ok(vec![
            format!("{before}TRUNCATE {}{after}", names.join(", ")),
            format!("{before}{}{check}{after}", delete.join("; ")),
        ])
    }
}

/// Returns the tables that may have a shape, without views and foreign tables. Partitions are covered by their root.
async fn candidates(session: &Session, shape: &Shape) -> Result<Vec<Table>> {
    let name = match shape.name {
        Name::Contains(part) | Name::Begins(part) => part,
        Name::Any | Name::OneOf(_) => "",
    };
    let rows = session
        .query(
            "SELECT c.oid, n.nspname::text, c.relname::text, r.rolname::text, \
                 ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a \
                       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' \
               AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'devdb_meta') \
               AND pg_catalog.strpos(pg_catalog.lower(c.relname::text), $1) > 0 \
               AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a \
                    WHERE a.attrelid = c.oid AND a.attname::text = ANY ($2) AND NOT a.attisdropped) = $3 \
             ORDER BY 2, 3",
            &[&name, &shape.columns, &(shape.columns.len() as i64)],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Table {
            oid: row.get(0),
            schema: row.get(1),
            name: row.get(2),
            owner: row.get(3),
            columns: row.get(4),
        })
        .collect())
}

/// Whether a table and its partitions occupy no space, so that they are empty.
async fn has_no_pages(session: &Session, table: &Table) -> Result<bool> {
    let row = session
        .query_one(
            "SELECT COALESCE(pg_catalog.sum(pg_catalog.pg_relation_size(part.relid::regclass)), 0) = 0 \
             FROM (SELECT $1::oid AS relid UNION \
                   SELECT p.relid::oid FROM pg_catalog.pg_partition_tree($1::oid::regclass) p) AS part",
            &[&table.oid],
        )
        .await?;
    Ok(row.get(0))
}

/// Returns oid and name of the other tables in the same schema.
async fn siblings(session: &Session, table: &Table) -> Result<Vec<(u32, String)>> {
    let rows = session
        .query(
            "SELECT o.oid, o.relname::text FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_class o ON o.relnamespace = c.relnamespace AND o.oid <> c.oid \
             WHERE c.oid = $1 AND o.relkind IN ('r', 'p') AND NOT o.relispartition ORDER BY o.relname",
            &[&table.oid],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
