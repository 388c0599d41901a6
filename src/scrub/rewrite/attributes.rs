//! What `ALTER … TYPE` forgets and what a materialized view made anew has not: storage, compression,
//! statistics targets, comments and the like, with the statement that sets each.

use std::collections::BTreeMap;

use crate::pg::{Result, Session};

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// What it belongs to.
    pub key: String,
    /// What it is.
    pub value: String,
    /// Sets it.
    pub fix: String,
    /// Takes it away, where the server may have added it.
    undo: Option<String>,
}

/// Those of relations, their columns, indexes, constraints and statistics that are not what a new one has.
pub(super) async fn capture(session: &Session, relations: &[u32]) -> Result<Vec<Mark>> {
    let marks = read(session, relations).await?;
    Ok(marks.into_iter().filter_map(|(mark, special)| special.then_some(mark)).collect())
}

/// Sets again what differs from before; what was not special then too, such as the storage that a
/// partition got from its root.
pub(super) struct Before(Vec<Mark>);

impl Before {
    pub async fn read(session: &Session, relations: &[u32]) -> Result<Self> {
        Ok(Self(read(session, relations).await?.into_iter().map(|(mark, _)| mark).collect()))
    }

    pub async fn restore(&self, session: &Session, relations: &[u32]) -> Result<()> {
        let now = Self::read(session, relations).await?;
        let (before, after) = (self.by_key(), now.by_key());
        let lost =
            before.values().filter(|mark| after.get(mark.key.as_str()).is_none_or(|now| now.value != mark.value));
        // The comment of a root's index is given to those of its partitions, too.
        let added = after.values().filter(|mark| !before.contains_key(mark.key.as_str()));
        let statements: Vec<&str> =
            lost.map(|mark| mark.fix.as_str()).chain(added.filter_map(|mark| mark.undo.as_deref())).collect();
        if statements.is_empty() { Ok(()) } else { session.run(&statements.join("; ")).await.map(drop) }
    }

    fn by_key(&self) -> BTreeMap<&str, &Mark> {
        self.0.iter().map(|mark| (mark.key.as_str(), mark)).collect()
    }
}

async fn read(session: &Session, relations: &[u32]) -> Result<Vec<(Mark, bool)>> {
    let rows = session.query(MARKS, &[&relations]).await?;
    let mark =
        |row: &tokio_postgres::Row| Mark { key: row.get(0), value: row.get(1), fix: row.get(2), undo: row.get(4) };
    Ok(rows.iter().map(|row| (mark(row), row.get(3))).collect())
}

/// Key, value, statement, whether it is not what a new object has, and the statement that takes it away.
/// A statistics target of -1 is the default before PostgreSQL 17, NULL is since; `to_jsonb` reads both.
const MARKS: &str = "
WITH relation AS (
    SELECT c.oid, c.relkind, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = ANY ($1) AND c.relkind <> 'f'),
col AS (
    SELECT r.name AS relation, r.relkind, a.*, t.typstorage, pg_catalog.quote_ident(a.attname) AS name,
        COALESCE((pg_catalog.to_jsonb(a) ->> 'attstattarget')::int, -1) AS target
    FROM relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid),
ind AS (
    SELECT r.name AS relation, i.*, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, c.relname
    FROM relation r JOIN pg_catalog.pg_index i ON i.indrelid = r.oid
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)
SELECT 'storage ' || relation || '.' || name, attstorage::text,
    pg_catalog.format('ALTER TABLE ONLY %s ALTER COLUMN %s SET STORAGE %s', relation, name,
        CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END),
    attstorage <> typstorage, NULL
FROM col
UNION ALL
SELECT 'compression ' || relation || '.' || name, attcompression::text,
    pg_catalog.format('ALTER TABLE ONLY %s ALTER COLUMN %s SET COMPRESSION %s', relation, name,
        CASE attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' ELSE 'default' END),
    attcompression <> '', NULL
FROM col WHERE attcompression <> '' OR attlen = -1
UNION ALL
SELECT 'target ' || relation || '.' || name, target::text,
    pg_catalog.format('ALTER TABLE ONLY %s ALTER COLUMN %s SET STATISTICS %s', relation, name, target), target <> -1, NULL
FROM col
UNION ALL
SELECT 'options ' || relation || '.' || name, attoptions::text,
    pg_catalog.format('ALTER TABLE ONLY %s ALTER COLUMN %s SET (%s)', relation, name,
        pg_catalog.array_to_string(attoptions, ', ')), true, NULL
FROM col WHERE attoptions IS NOT NULL
UNION ALL
SELECT 'comment ' || relation || '.' || name, d.description,
    pg_catalog.format('COMMENT ON COLUMN %s.%s IS %L', relation, name, d.description), true,
    pg_catalog.format('COMMENT ON COLUMN %s.%s IS NULL', relation, name)
FROM col JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.objoid = attrelid AND d.objsubid = attnum
UNION ALL
SELECT 'target of index ' || ind.name || '.' || a.attnum, pg_catalog.to_jsonb(a) ->> 'attstattarget',
    pg_catalog.format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', ind.name, a.attnum,
        pg_catalog.to_jsonb(a) ->> 'attstattarget'), true, NULL
FROM ind JOIN pg_catalog.pg_attribute a ON a.attrelid = ind.indexrelid
WHERE COALESCE((pg_catalog.to_jsonb(a) ->> 'attstattarget')::int, -1) >= 0
UNION ALL
SELECT 'comment on index ' || name, d.description, pg_catalog.format('COMMENT ON INDEX %s IS %L', name, d.description), true,
    pg_catalog.format('COMMENT ON INDEX %s IS NULL', name)
FROM ind JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.objoid = ind.indexrelid AND d.objsubid = 0
UNION ALL
SELECT 'cluster ' || relation, name, pg_catalog.format('ALTER TABLE %s CLUSTER ON %I', relation, relname), true, NULL
FROM ind WHERE indisclustered
UNION ALL
SELECT 'comment on constraint ' || r.name || '.' || k.conname, d.description,
    pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', k.conname, r.name, d.description), true,
    pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS NULL', k.conname, r.name)
FROM relation r JOIN pg_catalog.pg_constraint k ON k.conrelid = r.oid AND k.contype <> 'f'
JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.objoid = k.oid
UNION ALL
SELECT 'target of statistics ' || s.oid_name, s.target::text,
    pg_catalog.format('ALTER STATISTICS %s SET STATISTICS %s', s.oid_name, s.target), s.target <> -1, NULL
FROM (SELECT pg_catalog.format('%I.%I', n.nspname, x.stxname) AS oid_name,
          COALESCE((pg_catalog.to_jsonb(x) ->> 'stxstattarget')::int, -1) AS target
      FROM relation r JOIN pg_catalog.pg_statistic_ext x ON x.stxrelid = r.oid
      JOIN pg_catalog.pg_namespace n ON n.oid = x.stxnamespace) s
UNION ALL
SELECT 'owner ' || n.nspname || '.' || x.stxname, o.rolname::text,
    pg_catalog.format('ALTER STATISTICS %I.%I OWNER TO %I', n.nspname, x.stxname, o.rolname), x.stxowner <> c.relowner, NULL
FROM relation r JOIN pg_catalog.pg_class c ON c.oid = r.oid
JOIN pg_catalog.pg_statistic_ext x ON x.stxrelid = r.oid
JOIN pg_catalog.pg_namespace n ON n.oid = x.stxnamespace JOIN pg_catalog.pg_roles o ON o.oid = x.stxowner
UNION ALL
SELECT 'comment on statistics ' || n.nspname || '.' || x.stxname, d.description,
    pg_catalog.format('COMMENT ON STATISTICS %I.%I IS %L', n.nspname, x.stxname, d.description), true,
    pg_catalog.format('COMMENT ON STATISTICS %I.%I IS NULL', n.nspname, x.stxname)
FROM relation r JOIN pg_catalog.pg_statistic_ext x ON x.stxrelid = r.oid
JOIN pg_catalog.pg_namespace n ON n.oid = x.stxnamespace
JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass AND d.objoid = x.oid";
