//! Attributes that `ALTER … TYPE` resets and a recreated materialized view lacks: storage, compression, statistics targets,
//! comments and the like, with the statement that sets each.

use std::collections::BTreeMap;

use crate::pg::{Result, Session};

/// One attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    /// Kind and object.
    pub key: String,
    /// Value.
    pub value: String,
    /// Statement that sets it.
    pub set: String,
    /// Statement that removes it, where the server may have added it.
    unset: Option<String>,
}

/// Returns the attributes of relations, their columns, indexes, constraints and statistics that differ from those of a new
/// object.
pub(super) async fn capture(session: &Session, relations: &[u32]) -> Result<Vec<Attribute>> {
    let attributes = read(session, relations).await?;
    Ok(attributes.into_iter().filter_map(|(attribute, special)| special.then_some(attribute)).collect())
}

/// All attributes at one moment, including default values, such as the storage that a partition got from its root.
pub(super) struct Attributes(Vec<Attribute>);

impl Attributes {
    /// Reads the attributes of relations.
    pub async fn read(session: &Session, relations: &[u32]) -> Result<Self> {
        Ok(Self(read(session, relations).await?.into_iter().map(|(attribute, _)| attribute).collect()))
    }

    /// Sets the attributes that have changed since, and removes those that the server has added.
    pub async fn restore(&self, session: &Session, relations: &[u32]) -> Result<()> {
        let now = Self::read(session, relations).await?;
        let (before, after) = (self.by_key(), now.by_key());
        let lost = before
            .values()
            .filter(|attribute| after.get(attribute.key.as_str()).is_none_or(|now| now.value != attribute.value));
        // The server copies the comment of a root's index to those of its partitions.
        let added = after.values().filter(|attribute| !before.contains_key(attribute.key.as_str()));
        let statements: Vec<&str> = lost
            .map(|attribute| attribute.set.as_str())
            .chain(added.filter_map(|attribute| attribute.unset.as_deref()))
            .collect();
        if statements.is_empty() { Ok(()) } else { session.run(&statements.join("; ")).await.map(drop) }
    }

    fn by_key(&self) -> BTreeMap<&str, &Attribute> {
        self.0.iter().map(|attribute| (attribute.key.as_str(), attribute)).collect()
    }
}

async fn read(session: &Session, relations: &[u32]) -> Result<Vec<(Attribute, bool)>> {
    let rows = session.query(ATTRIBUTES, &[&relations]).await?;
    let attribute = |row: &tokio_postgres::Row| Attribute {
        key: row.get(0),
        value: row.get(1),
        set: row.get(2),
        unset: row.get(4),
    };
    Ok(rows.iter().map(|row| (attribute(row), row.get(3))).collect())
}

/// Key, value, statement that sets it, whether it differs from a new object's, and statement that removes it.
/// A statistics target of -1 is the default before PostgreSQL 17, NULL is since; `to_jsonb` reads both.
const ATTRIBUTES: &str = "
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
