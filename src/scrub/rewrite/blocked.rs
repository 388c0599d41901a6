//! What keeps a table from being altered and cannot be taken down: found in advance, because the
//! server's refusal in the middle of the work would name one of them at a time.

use std::collections::BTreeMap;

use super::Result;
use super::introspect::Table;
use crate::pg::Session;

/// Why relations cannot be altered, each with its reasons.
pub(super) type Reasons = BTreeMap<u32, Vec<String>>;

/// Looks at all of them.
pub(super) async fn find(session: &Session, tables: &[Table]) -> Result<Reasons> {
    let mut reasons = Reasons::new();
    generated(session, tables, &mut reasons).await?;
    partition_keys(session, tables, &mut reasons).await?;
    row_types(session, tables, &mut reasons).await?;
    typed(session, tables, &mut reasons).await?;
    statistics_of_others(session, tables, &mut reasons).await?;
    unlike_indexes(session, tables, &mut reasons).await?;
    for relation in tables.iter().flat_map(|table| &table.relations).filter(|relation| relation.kind == 'f') {
        add(&mut reasons, relation.oid, format!("its partition {} is a foreign table", relation.shown));
    }
    Ok(reasons)
}

fn add(reasons: &mut Reasons, relation: u32, why: String) {
    let all = reasons.entry(relation).or_default();
    if !all.contains(&why) {
        all.push(why);
    }
}

async fn ask(session: &Session, tables: &[Table], sql: &str, words: &str, reasons: &mut Reasons) -> Result<()> {
    let (relations, columns): (Vec<u32>, Vec<i16>) =
        tables.iter().flat_map(|table| table.masked.iter().copied()).unzip();
    for row in session.query(sql, &[&relations, &columns]).await? {
        add(reasons, row.get(0), words.replace("{}", row.get(1)));
    }
    Ok(())
}

/// Before PostgreSQL 15 the column itself depends on what it is made of, since then its expression does.
async fn generated(session: &Session, tables: &[Table], reasons: &mut Reasons) -> Result<()> {
    let sql = "SELECT DISTINCT hit.relation, a.attname::text \
         FROM unnest($1::oid[], $2::int2[]) AS hit(relation, position) \
         JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
             AND d.refobjid = hit.relation AND d.refobjsubid = hit.position \
         LEFT JOIN pg_catalog.pg_attrdef ad ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND ad.oid = d.objid \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = hit.relation AND a.attgenerated <> '' \
             AND a.attnum = CASE WHEN d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = hit.relation \
                                 THEN d.objsubid ELSE ad.adnum END";
    ask(session, tables, sql, "the generated column {} is computed from a masked one", reasons).await
}

async fn partition_keys(session: &Session, tables: &[Table], reasons: &mut Reasons) -> Result<()> {
    let sql = "SELECT DISTINCT hit.relation, a.attname::text \
         FROM unnest($1::oid[], $2::int2[]) AS hit(relation, position) \
         JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = hit.relation \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = hit.relation AND a.attnum = hit.position \
         WHERE hit.position = ANY (p.partattrs) OR EXISTS ( \
             SELECT FROM pg_catalog.pg_depend d \
             WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = hit.relation AND d.objsubid = 0 \
               AND d.refclassid = d.classid AND d.refobjid = d.objid AND d.refobjsubid = hit.position)";
    ask(session, tables, sql, "{} is a part of the partition key", reasons).await
}

/// The way through `pg_depend` is the server's own: over arrays, domains, ranges and composite types.
async fn row_types(session: &Session, tables: &[Table], reasons: &mut Reasons) -> Result<()> {
    let sql = "WITH RECURSIVE uses(relation, type) AS ( \
             SELECT c.oid, c.reltype FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1) AND $2::int2[] IS NOT NULL \
             UNION \
             SELECT uses.relation, CASE WHEN d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass THEN d.objid ELSE k.reltype END \
             FROM uses \
             JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid = uses.type \
             LEFT JOIN pg_catalog.pg_class k ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND k.oid = d.objid \
                 AND k.relkind = 'c' \
             WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass OR (d.objsubid > 0 AND k.oid IS NOT NULL)) \
         SELECT DISTINCT uses.relation, pg_catalog.format('%s.%s', user_of.relname, a.attname) \
         FROM uses \
         JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid = uses.type \
             AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid > 0 \
         JOIN pg_catalog.pg_class user_of ON user_of.oid = d.objid AND user_of.relkind IN ('r', 'p', 'm', 'i', 'I', 'f') \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid";
    ask(session, tables, sql, "its row type is the type of {}", reasons).await
}

async fn typed(session: &Session, tables: &[Table], reasons: &mut Reasons) -> Result<()> {
    let sql = "SELECT c.oid, pg_catalog.format_type(c.reloftype, NULL) FROM pg_catalog.pg_class c \
         WHERE c.oid = ANY ($1) AND c.reloftype <> 0 AND $2::int2[] IS NOT NULL";
    ask(session, tables, sql, "it is a table of the type {}", reasons).await
}

/// Altering a column makes its extended statistics anew, as our own.
async fn statistics_of_others(session: &Session, tables: &[Table], reasons: &mut Reasons) -> Result<()> {
    let sql = "SELECT x.stxrelid, pg_catalog.format('%I.%I', n.nspname, x.stxname) FROM pg_catalog.pg_statistic_ext x \
         JOIN pg_catalog.pg_namespace n ON n.oid = x.stxnamespace \
         JOIN pg_catalog.pg_class c ON c.oid = x.stxrelid AND c.relowner <> x.stxowner \
         WHERE x.stxrelid = ANY ($1) AND $2::int2[] IS NOT NULL AND NOT pg_catalog.pg_has_role(x.stxowner, 'USAGE')";
    ask(session, tables, sql, "its statistics {} belong to a role whose rights the master user does not have", reasons)
        .await
}

/// An index of a partitioned table is made anew for all partitions alike.
async fn unlike_indexes(session: &Session, tables: &[Table], reasons: &mut Reasons) -> Result<()> {
    let sql = "SELECT i.indrelid, c.oid::regclass::text FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_inherits h ON h.inhrelid = c.oid JOIN pg_catalog.pg_class p ON p.oid = h.inhparent \
         WHERE i.indrelid = ANY ($1) AND $2::int2[] IS NOT NULL \
           AND (c.reloptions IS DISTINCT FROM p.reloptions OR c.reltablespace <> p.reltablespace)";
    ask(session, tables, sql, "the index {} has other options than the one it is a part of", reasons).await
}
