//! Reads the tables to be masked from the catalog.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{Error, Result};
use super::table_mask::TableMask;
use crate::pg::{self, Session, identifier};
use crate::pg::{display_name, qualified_name};

/// A table that is to be masked.
#[derive(Clone, Debug)]
pub(super) struct MaskedTable {
    /// Masks of its columns.
    pub mask: TableMask,
    pub oid: u32,
    /// Qualified name for SQL.
    pub sql: String,
    /// Qualified name for people.
    pub shown: String,
    pub owner: String,
    pub partitioned: bool,
    /// Types of the masked columns, in the order of the mask, for `ALTER COLUMN … TYPE`.
    pub types: Vec<String>,
    /// The table itself and all its partitions.
    pub relations: Vec<Relation>,
    /// Masked columns of each relation: relation and attribute number.
    pub masked: Vec<(u32, i16)>,
    /// Tables that inherit from it directly, without partitions.
    pub children: Vec<u32>,
    /// Tables that it inherits from directly.
    pub parents: Vec<u32>,
}

/// A table with storage, or a partitioned table.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    pub oid: u32,
    pub sql: String,
    pub shown: String,
    pub kind: char,
    /// Size with TOAST and indexes, in bytes.
    pub total: i64,
    /// Size without indexes, in bytes.
    pub heap: i64,
    /// Size of its largest index, in bytes.
    pub largest_index: i64,
}

impl MaskedTable {
    /// Returns `ONLY` for an ordinary table, whose inheriting tables have rows of their own; partitions belong to their root.
    pub fn only(&self) -> &'static str {
        if self.partitioned { "" } else { "ONLY " }
    }

    /// Returns the size with indexes, TOAST and partitions, in bytes.
    pub fn bytes(&self) -> i64 {
        self.relations.iter().map(|relation| relation.total).sum()
    }
}

/// Reads all tables from the catalog. Returns everything that is wrong with the list in one error.
pub(super) async fn tables(session: &Session, masks: &[TableMask]) -> Result<Vec<MaskedTable>> {
    let mut reasons = Vec::new();
    let mut tables = named(session, masks, &mut reasons).await?;
    relations(session, &mut tables).await?;
    columns(session, &mut tables, &mut reasons).await?;
    inheritance(session, &mut tables).await?;
    if reasons.is_empty() { Ok(tables) } else { Err(Error::Refused(reasons)) }
}

async fn named(session: &Session, masks: &[TableMask], reasons: &mut Vec<String>) -> Result<Vec<MaskedTable>> {
    let (schemas, names): (Vec<&str>, Vec<&str>) =
        masks.iter().map(|mask| (mask.schema.as_str(), mask.table.as_str())).unzip();
    let rows = session
        .query(
            "SELECT c.oid, c.relkind::text, c.relispartition, COALESCE(r.rolname::text, '') \
             FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted(schema, name, place) \
             LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema \
             LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name \
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.relowner ORDER BY wanted.place",
            &[&schemas, &names],
        )
        .await?;
    let mut tables = Vec::new();
    let mut seen = BTreeSet::new();
    for (row, mask) in rows.iter().zip(masks) {
        let name = display_name(&mask.schema, &mask.table);
        let (oid, kind): (Option<u32>, Option<&str>) = (row.get(0), row.get(1));
        let (Some(oid), Some(kind @ ("r" | "p"))) = (oid, kind) else {
            reasons.push(format!("{name} is not a table of this database"));
            continue;
        };
        if row.get(2) {
            reasons.push(format!("{name} is a partition: mask its partitioned table instead"));
        } else if mask.columns.is_empty() || !seen.insert(oid) {
            reasons.push(format!("{name} is listed without a column, or twice"));
        }
        tables.push(MaskedTable {
            mask: mask.clone(),
            oid,
            sql: qualified_name(&mask.schema, &mask.table),
            shown: name,
            owner: row.get(3),
            partitioned: kind == "p",
            types: Vec::new(),
            relations: Vec::new(),
            masked: Vec::new(),
            children: Vec::new(),
            parents: Vec::new(),
        });
    }
    Ok(tables)
}

async fn relations(session: &Session, tables: &mut [MaskedTable]) -> pg::Result<()> {
    let roots: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let rows = session
        .query(
            "SELECT root.oid, c.oid, n.nspname::text, c.relname::text, c.relkind::text, \
                 pg_catalog.pg_total_relation_size(c.oid), pg_catalog.pg_table_size(c.oid), \
                 (SELECT COALESCE(pg_catalog.max(pg_catalog.pg_relation_size(i.indexrelid)), 0) \
                  FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid) \
             FROM pg_catalog.unnest($1::oid[]) AS root(oid) \
             CROSS JOIN LATERAL (SELECT root.oid AS relid UNION \
                 SELECT p.relid::oid FROM pg_catalog.pg_partition_tree(root.oid::regclass) p) AS part \
             JOIN pg_catalog.pg_class c ON c.oid = part.relid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY c.oid <> root.oid, 3, 4",
            &[&roots],
        )
        .await?;
    let mut by_oid: BTreeMap<u32, &mut MaskedTable> = tables.iter_mut().map(|table| (table.oid, table)).collect();
    for row in &rows {
        if let Some(table) = by_oid.get_mut(&row.get(0)) {
            table.relations.push(Relation {
                oid: row.get(1),
                sql: qualified_name(row.get(2), row.get(3)),
                shown: display_name(row.get(2), row.get(3)),
                kind: row.get::<_, &str>(4).chars().next().unwrap_or('?'),
                total: row.get(5),
                heap: row.get(6),
                largest_index: row.get(7),
            });
        }
    }
    Ok(())
}

async fn columns(session: &Session, tables: &mut [MaskedTable], reasons: &mut Vec<String>) -> pg::Result<()> {
    for table in tables {
        let relations: Vec<u32> = table.relations.iter().map(|relation| relation.oid).collect();
        let names: Vec<&str> = table.mask.columns.iter().map(|column| column.name.as_str()).collect();
        // Without COLLATE, TYPE would reset the column to its type's default collation.
        let rows = session
            .query(
                "SELECT a.attrelid, a.attnum, a.attname::text, \
                     pg_catalog.format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attcollation IN (0, t.typcollation) THEN '' \
                         ELSE (SELECT pg_catalog.format(' COLLATE %I.%I', cn.nspname, co.collname) \
                               FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace \
                               WHERE co.oid = a.attcollation) END \
                 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
                 WHERE a.attrelid = ANY ($1) AND a.attname = ANY ($2::text[]) AND a.attnum > 0 AND NOT a.attisdropped \
                   AND a.attgenerated = ''",
                &[&relations, &names],
            )
            .await?;
        table.masked = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        for column in &table.mask.columns {
            let of_root =
                rows.iter().find(|row| row.get::<_, u32>(0) == table.oid && row.get::<_, &str>(2) == column.name);
            match of_root {
                Some(row) => table.types.push(row.get(3)),
                None => reasons.push(format!(
                    "{} has no column {} that stores values",
                    table.shown,
                    identifier(&column.name)
                )),
            }
        }
    }
    Ok(())
}

/// Reads plain inheritance; [`relations`] reads partitions.
async fn inheritance(session: &Session, tables: &mut [MaskedTable]) -> pg::Result<()> {
    let rows = session
        .query(
            "SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i \
             JOIN pg_catalog.pg_class p ON p.oid = i.inhparent AND p.relkind IN ('r', 'f')",
            &[],
        )
        .await?;
    for row in &rows {
        let (child, parent): (u32, u32) = (row.get(0), row.get(1));
        for table in &mut *tables {
            if table.oid == parent {
                table.children.push(child);
            }
            if table.oid == child {
                table.parents.push(parent);
            }
        }
    }
    Ok(())
}

/// Returns the owners of the tables' extended statistics, who may differ from the owners of the tables.
pub(super) async fn owners_of_statistics(session: &Session, tables: &[MaskedTable]) -> pg::Result<Vec<String>> {
    let relations: Vec<u32> = tables.iter().flat_map(|table| &table.relations).map(|relation| relation.oid).collect();
    let sql = "SELECT DISTINCT r.rolname::text FROM pg_catalog.pg_statistic_ext x \
               JOIN pg_catalog.pg_roles r ON r.oid = x.stxowner WHERE x.stxrelid = ANY ($1)";
    Ok(session.query(sql, &[&relations]).await?.iter().map(|row| row.get(0)).collect())
}
