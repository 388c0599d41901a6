//! What prevents altering a table and cannot be removed. Found in advance: during the rewrite the server would report only one
//! of them at a time.

use std::collections::BTreeMap;

use super::error::Result;
use super::introspect::MaskedTable;
use crate::pg::Session;

/// Reasons why relations cannot be altered, by relation.
pub(super) type Reasons = BTreeMap<u32, Vec<String>>;

/// Returns the reasons for all relations of the tables.
pub(super) async fn find(session: &Session, tables: &[MaskedTable]) -> Result<Reasons> {
    let mut reasons = Reasons::new();
    generated(session, tables, &mut reasons).await?;
    partition_keys(session, tables, &mut reasons).await?;
    row_types(session, tables, &mut reasons).await?;
    typed(session, tables, &mut reasons).await?;
    statistics_of_others(session, tables, &mut reasons).await?;
    differing_indexes(session, tables, &mut reasons).await?;
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

/// Adds a reason for each row of a query: a relation, and the name that replaces `{}` in `reason`.
async fn collect(
    session: &Session,
    tables: &[MaskedTable],
    sql: &str,
    reason: &str,
    reasons: &mut Reasons,
) -> Result<()> {
    let (relations, columns): (Vec<u32>, Vec<i16>) =
        tables.iter().flat_map(|table| table.masked.iter().copied()).unzip();
    for row in session.query(sql, &[&relations, &columns]).await? {
        add(reasons, row.get(0), reason.replace("{}", row.get(1)));
    }
    Ok(())
}

/// Generated columns. Before PostgreSQL 15 the column depends on its source columns, since then its expression does.
async fn generated(session: &Session, tables: &[MaskedTable], reasons: &mut Reasons) -> Result<()> {
    let sql = "SELECT DISTINCT hit.relation, a.attname::text \
         FROM unnest($1::oid[], $2::int2[]) AS hit(relation, position) \
         JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
             AND d.refobjid = hit.relation AND d.refobjsubid = hit.position \
         LEFT JOIN pg_catalog.pg_attrdef ad ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND ad.oid = d.objid \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = hit.relation AND a.attgenerated <> '' \
             AND a.attnum = CASE WHEN d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = hit.relation \
                                 THEN d.objsubid ELSE ad.adnum END";
    collect(session, tables, sql, "the generated column {} is computed from a masked one", reasons).await
}

/// Masked columns in a partition key.
async fn partition_keys(session: &Session, tables: &[MaskedTable], reasons: &mut Reasons) -> Result<()> {
    let sql = "SELECT DISTINCT hit.relation, a.attname::text \
         FROM unnest($1::oid[], $2::int2[]) AS hit(relation, position) \
         JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = hit.relation \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = hit.relation AND a.attnum = hit.position \
         WHERE hit.position = ANY (p.partattrs) OR EXISTS ( \
             SELECT FROM pg_catalog.pg_depend d \
             WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = hit.relation AND d.objsubid = 0 \
               AND d.refclassid = d.classid AND d.refobjid = d.objid AND d.refobjsubid = hit.position)";
    collect(session, tables, sql, "{} is part of the partition key", reasons).await
}

/// Columns of the table's row type. Follows `pg_depend` like the server: through arrays, domains, ranges and composite types.
async fn row_types(session: &Session, tables: &[MaskedTable], reasons: &mut Reasons) -> Result<()> {
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
    collect(session, tables, sql, "its row type is the type of {}", reasons).await
}

/// Typed tables (`CREATE TABLE … OF`).
async fn typed(session: &Session, tables: &[MaskedTable], reasons: &mut Reasons) -> Result<()> {
    let sql = "SELECT c.oid, pg_catalog.format_type(c.reloftype, NULL) FROM pg_catalog.pg_class c \
         WHERE c.oid = ANY ($1) AND c.reloftype <> 0 AND $2::int2[] IS NOT NULL";
    collect(session, tables, sql, "it is a table of the type {}", reasons).await
}

/// Extended statistics of other owners: altering a column recreates them with the session's role as owner.
async fn statistics_of_others(session: &Session, tables: &[MaskedTable], reasons: &mut Reasons) -> Result<()> {
    let sql = "SELECT x.stxrelid, pg_catalog.format('%I.%I', n.nspname, x.stxname) FROM pg_catalog.pg_statistic_ext x \
         JOIN pg_catalog.pg_namespace n ON n.oid = x.stxnamespace \
         JOIN pg_catalog.pg_class c ON c.oid = x.stxrelid AND c.relowner <> x.stxowner \
         WHERE x.stxrelid = ANY ($1) AND $2::int2[] IS NOT NULL AND NOT pg_catalog.pg_has_role(x.stxowner, 'USAGE')";
    collect(
        session,
        tables,
        sql,
        "its statistics {} belong to a role whose privileges the master user does not have",
        reasons,
    )
    .await
}

/// Indexes of partitions that differ from the root's: they would be recreated from the root's definition.
async fn differing_indexes(session: &Session, tables: &[MaskedTable], reasons: &mut Reasons) -> Result<()> {
    let sql = "SELECT i.indrelid, c.oid::regclass::text FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_inherits h ON h.inhrelid = c.oid JOIN pg_catalog.pg_class p ON p.oid = h.inhparent \
         WHERE i.indrelid = ANY ($1) AND $2::int2[] IS NOT NULL \
           AND (c.reloptions IS DISTINCT FROM p.reloptions OR c.reltablespace <> p.reltablespace)";
    collect(session, tables, sql, "the index {} has other options than the partitioned index", reasons).await
}
