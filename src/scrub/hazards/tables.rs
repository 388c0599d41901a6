//! Tables that something acts on: found by their shape ([`super::shapes`]), emptied or switched off.

use async_trait::async_trait;

use super::shapes::{HOME_MADE, Name, OUTBOX, SHAPES, Shape, Treatment, done_column, looks_like_a_queue};
use super::{Finding, Hazard};
use crate::pg::as_owner::{count, qualified, read, shown, without_triggers};
use crate::pg::{Result, Session, identifier};

/// An ordinary or partitioned table.
pub(super) struct Table {
    oid: u32,
    schema: String,
    pub(super) name: String,
    owner: Option<String>,
    pub(super) columns: Vec<String>,
}

/// One hazard for each kind of table.
pub(super) fn all() -> impl Iterator<Item = Box<dyn Hazard>> {
    let known = SHAPES.iter().map(|shape| Tables { shape, judge: |shape, table| shape.fits(table) });
    let named = |shape: &Shape, table: &Table| shape.fits(table) && !is_known(table);
    let unnamed = |_: &Shape, table: &Table| looks_like_a_queue(table) && !is_known(table) && !OUTBOX.fits(table);
    known
        .chain([Tables { shape: &OUTBOX, judge: named }, Tables { shape: &HOME_MADE, judge: unnamed }])
        .map(|tables| Box::new(tables) as Box<dyn Hazard>)
}

/// Whether the table has a name of its own among the hazards, under which alone it may be kept.
fn is_known(table: &Table) -> bool {
    SHAPES.iter().any(|shape| shape.fits(table))
}

fn is_companion(companion: &str, name: &str) -> bool {
    companion.strip_prefix('*').map_or(name == companion, |ending| name.ends_with(ending))
}

struct Tables {
    shape: &'static Shape,
    judge: fn(&Shape, &Table) -> bool,
}

#[async_trait]
impl Hazard for Tables {
    fn name(&self) -> &'static str {
        self.shape.hazard
    }

    fn about(&self) -> &'static str {
        self.shape.about
    }

    async fn detect(&self, session: &Session) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for table in candidates(session, self.shape).await? {
            if (self.judge)(self.shape, &table)
                && let Some(finding) = self.finding(session, &table).await?
            {
                findings.push(finding);
            }
        }
        Ok(findings)
    }
}

impl Tables {
    async fn finding(&self, session: &Session, table: &Table) -> Result<Option<Finding>> {
        let name = qualified(&table.schema, &table.name);
        let waiting = self.waiting(table);
        let counted = read(
            session,
            table.owner.as_deref(),
            &format!("SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE {waiting}) FROM {name}"),
        )
        .await;
        let rows = match counted {
            Ok(rows) => rows.first().map(|row| (row.get::<_, i64>(0), row.get::<_, i64>(1))),
            Err(error) if error.is_disconnect() => return Err(error),
            // A policy forced upon the owner hides rows from everybody, but not that there are none.
            Err(_) if has_no_pages(session, table).await? => return Ok(None),
            Err(_) => None,
        };
        let (harmless, words) = match (rows, self.shape.treatment) {
            (Some((0, _)), _) | (Some((_, 0)), Treatment::Set(_)) => return Ok(None),
            (Some((all, 0)), _) => (true, format!("rows: {}", count(all))),
            (Some((all, waiting)), _) => (false, format!("rows: {}, waiting: {}", count(all), count(waiting))),
            // Unreadable, so nobody can say that it is harmless.
            (None, _) => (false, "rows that cannot be counted".to_owned()),
        };
        let (ways, done) = match self.shape.treatment {
            Treatment::Empty => (self.emptying(session, table, &name).await?, "emptied"),
            Treatment::Set(off) => {
                let (before, after) = without_triggers(session, &[table.oid]).await?;
                (vec![format!("{before}UPDATE {name} SET {off} WHERE {waiting}{after}")], "switched off")
            }
        };
        Ok(Some(Finding {
            what: format!("{}, {words}", shown(&table.schema, &table.name)),
            done,
            owner: table.owner.clone(),
            remedy: format!(
                "empty it in a script of 00-secure (rows of other tables may refer to it), or keep {} with a reason under \
                 `hazards:`",
                self.shape.hazard
            ),
            ways,
            blocks: !harmless,
        }))
    }

    fn waiting(&self, table: &Table) -> String {
        let home_made = std::ptr::eq(self.shape, &OUTBOX) || std::ptr::eq(self.shape, &HOME_MADE);
        match done_column(table) {
            Some(column) if home_made => format!("{} IS NULL", identifier(column)),
            _ => self.shape.waiting.to_owned(),
        }
    }

    /// `TRUNCATE` first: it leaves no dead rows. It refuses when a table outside the set refers to
    /// this one; then rows are deleted, which those tables' foreign keys may allow.
    async fn emptying(&self, session: &Session, table: &Table, name: &str) -> Result<Vec<String>> {
        let mut oids = vec![table.oid];
        let mut names = Vec::new();
        if !self.shape.companions.is_empty() {
            for (oid, other) in neighbours(session, table).await? {
                if self.shape.companions.iter().any(|companion| is_companion(companion, &other)) {
                    oids.push(oid);
                    names.push(qualified(&table.schema, &other));
                }
            }
        }
        // Companions refer to the table, so their rows go first.
        names.push(name.to_owned());
        let (before, after) = without_triggers(session, &oids).await?;
        let delete: Vec<String> = names.iter().map(|name| format!("DELETE FROM {name}")).collect();
        // Pending checks of deferred constraints would not let the triggers be enabled again.
        let check = if after.is_empty() { "" } else { "; SET CONSTRAINTS ALL IMMEDIATE" };
        Ok(vec![
            format!("{before}TRUNCATE {}{after}", names.join(", ")),
            format!("{before}{}{check}{after}", delete.join("; ")),
        ])
    }
}

/// Tables that may be of a shape; views and foreign tables are none. Partitions are reached through
/// their root.
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

/// Whether a table and its partitions take no space: nothing can be in them.
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

/// Other tables of the same schema.
async fn neighbours(session: &Session, table: &Table) -> Result<Vec<(u32, String)>> {
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
