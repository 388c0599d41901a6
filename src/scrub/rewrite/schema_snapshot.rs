//! The schema as lines of text, to be compared before and after. It covers the whole database, because dependents of a table may
//! be anywhere: a publication, a policy of another table.
//!
//! Object identifiers, file names and gaps left by dropped columns are not included.

use std::collections::BTreeSet;

use crate::pg::{Result, Session};

/// Prefix of lines that describe a state rather than structure: they become true only when rows are present.
pub(super) const STATE: &str = "state: ";

/// Returns the line for a populated materialized view, given its name for SQL.
pub(super) fn is_populated(view: &str) -> String {
    format!("{STATE}materialized view {view} is filled")
}

/// Returns all lines, sorted.
pub(super) async fn schema(session: &Session) -> Result<Vec<String>> {
    let mut lines = BTreeSet::new();
    // A filter's expression cannot be had by way of JSON, and there is none before PostgreSQL 15.
    let filter = if session.major() >= 15 { "pr.prqual" } else { "NULL" };
    for part in PARTS {
        let sql = format!("WITH {RELATIONS} {}", part.replace("FILTER", filter));
        // A line break in a definition would split its line.
        lines.extend(
            session.query(&sql, &[]).await?.iter().map(|row| row.get::<_, String>(0).replace(['\n', '\r'], " ")),
        );
    }
    Ok(lines.into_iter().collect())
}

/// Returns the lines that are not in both, marked as `was` or `is`.
pub(super) fn differences(before: &[String], after: &[String]) -> Vec<String> {
    let (before, after): (BTreeSet<&String>, BTreeSet<&String>) = (before.iter().collect(), after.iter().collect());
    let was = before.difference(&after).map(|line| format!("was: {line}"));
    was.chain(after.difference(&before).map(|line| format!("is: {line}"))).collect()
}

/// Relations except those of the system and of devdb. Invalid indexes of a failed `CREATE INDEX CONCURRENTLY` are not part of the
/// schema: no dump contains them.
const RELATIONS: &str = "relation AS (
    SELECT c.*, '\"' || pg_catalog.replace(n.nspname, '\"', '\"\"') || '\".\"' || pg_catalog.replace(c.relname, '\"', '\"\"') || '\"' AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'devdb_meta') AND NOT (c.relkind = 'i' AND EXISTS (
        SELECT FROM pg_catalog.pg_index i WHERE i.indexrelid = c.oid AND NOT i.indisvalid)))";

/// Before PostgreSQL 15 the triggers that partitions have from their root count as internal.
const PARTS: [&str; 13] = [
    "SELECT pg_catalog.format('relation %s: %s of %s, for %s, options %s, persistence %s, policies %s %s, identity %s, method %s, tablespace %s, \
         bound %s, key %s, type %s', r.name, r.relkind, pg_catalog.pg_get_userbyid(r.relowner), \
         COALESCE(r.relacl, pg_catalog.acldefault(CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", r.relowner))::text, \
         r.reloptions::text, r.relpersistence, r.relrowsecurity, r.relforcerowsecurity, r.relreplident, r.relam, r.reltablespace, \
         pg_catalog.pg_get_expr(r.relpartbound, r.oid), \
         CASE r.relkind WHEN 'p' THEN pg_catalog.pg_get_partkeydef(r.oid) END, \
         CASE WHEN r.reloftype <> 0 THEN pg_catalog.format_type(r.reloftype, NULL) END) \
     FROM relation r WHERE r.relkind NOT IN ('t', 'c')",
    "SELECT pg_catalog.format('options of TOAST of %s: %s', r.name, t.reloptions) FROM relation r \
     JOIN pg_catalog.pg_class t ON t.oid = r.reltoastrelid WHERE t.reloptions IS NOT NULL",
    "SELECT pg_catalog.format('column %s.%s: %s %s, collation %s, not null %s, default %s, generated %s, identity %s, storage %s %s, \
         target %s, options %s, for %s, local %s %s', \
         r.name, pg_catalog.row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum), \
         a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation, a.attnotnull, \
         pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attgenerated, a.attidentity, a.attstorage, a.attcompression, \
         COALESCE((pg_catalog.to_jsonb(a) ->> 'attstattarget')::int, -1), a.attoptions, a.attacl, a.attislocal, a.attinhcount) \
     FROM relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped \
     LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE r.relkind NOT IN ('t', 'S')",
    "SELECT pg_catalog.format('constraint %s of %s: %s, local %s %s', k.conname, r.name, \
         pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID$', ''), k.conislocal, k.coninhcount) \
     FROM relation r JOIN pg_catalog.pg_constraint k ON k.conrelid = r.oid \
     WHERE k.contype IN ('c', 'f', 'n', 'p', 'u', 'x') AND (k.contype <> 'f' OR k.conparentid = 0)",
    "SELECT pg_catalog.format('state: constraint %s of %s is valid', k.conname, r.name) \
     FROM relation r JOIN pg_catalog.pg_constraint k ON k.conrelid = r.oid \
     WHERE k.contype IN ('c', 'f', 'n') AND (k.contype <> 'f' OR k.conparentid = 0) AND k.convalidated",
    "SELECT 'state: materialized view ' || r.name || ' is filled' FROM relation r WHERE r.relkind = 'm' AND r.relispopulated",
    "SELECT pg_catalog.format('index %s of %s: %s, clustered %s, identity %s, under %s', r.name, i.indrelid::regclass, \
         pg_catalog.pg_get_indexdef(i.indexrelid), i.indisclustered, i.indisreplident, \
         (SELECT h.inhparent::regclass FROM pg_catalog.pg_inherits h WHERE h.inhrelid = r.oid)) \
     FROM relation r JOIN pg_catalog.pg_index i ON i.indexrelid = r.oid",
    "SELECT pg_catalog.format('trigger on %s: %s, enabled %s', r.name, pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled) \
     FROM relation r JOIN pg_catalog.pg_trigger t ON t.tgrelid = r.oid \
     WHERE NOT t.tgisinternal OR (t.tgparentid <> 0 AND NOT EXISTS ( \
         SELECT FROM pg_catalog.pg_constraint k WHERE k.oid = t.tgconstraint AND k.contype = 'f')) \
     UNION ALL SELECT pg_catalog.format('event trigger %s: enabled %s', evtname, evtenabled) FROM pg_catalog.pg_event_trigger",
    "SELECT pg_catalog.format('rule on %s: %s, enabled %s', r.name, pg_catalog.pg_get_ruledef(w.oid), w.ev_enabled) \
     FROM relation r JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.oid",
    "SELECT pg_catalog.format('policy %s on %s: %s %s to %s using %s check %s', p.polname, r.name, p.polcmd, p.polpermissive, \
         (SELECT pg_catalog.string_agg(CASE m.role WHEN 0 THEN 'public' ELSE m.role::regrole::text END, ', ' ORDER BY m.role) \
          FROM pg_catalog.unnest(p.polroles) AS m(role)), \
         pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) \
     FROM relation r JOIN pg_catalog.pg_policy p ON p.polrelid = r.oid",
    "SELECT pg_catalog.format('publication %s of %s: %s %s', p.pubname, r.name, pg_catalog.to_jsonb(pr) ->> 'prattrs', \
         pg_catalog.pg_get_expr(FILTER, pr.prrelid)) \
     FROM relation r JOIN pg_catalog.pg_publication_rel pr ON pr.prrelid = r.oid \
     JOIN pg_catalog.pg_publication p ON p.oid = pr.prpubid",
    "SELECT pg_catalog.format('function %s of %s, for %s: %s', p.oid::regprocedure, pg_catalog.pg_get_userbyid(p.proowner), p.proacl, \
         pg_catalog.pg_get_functiondef(p.oid)) FROM pg_catalog.pg_proc p WHERE p.prosqlbody IS NOT NULL AND p.oid >= 16384 \
     UNION ALL \
     SELECT pg_catalog.format('statistics of %s, target %s: %s', pg_catalog.pg_get_userbyid(x.stxowner), \
         COALESCE((pg_catalog.to_jsonb(x) ->> 'stxstattarget')::int, -1), pg_catalog.pg_get_statisticsobjdef(x.oid)) \
     FROM relation r JOIN pg_catalog.pg_statistic_ext x ON x.stxrelid = r.oid",
    // A comment may contain personal data, so only its hash is included.
    "SELECT pg_catalog.format('comment on %s: %s', pg_catalog.pg_describe_object(d.classoid, d.objoid, d.objsubid), \
         pg_catalog.md5(d.description)) \
     FROM pg_catalog.pg_description d WHERE d.objoid >= 16384 \
     UNION ALL \
     SELECT pg_catalog.format('label on %s: %s %s', pg_catalog.pg_describe_object(l.classoid, l.objoid, l.objsubid), l.provider, l.label) \
     FROM pg_catalog.pg_seclabel l WHERE l.objoid >= 16384 \
     UNION ALL \
     SELECT pg_catalog.format('%s belongs to %s (%s)', pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid), \
         pg_catalog.pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid), d.deptype) \
     FROM pg_catalog.pg_depend d WHERE d.deptype IN ('e', 'x') AND d.objid >= 16384 \
     UNION ALL \
     SELECT pg_catalog.format('%s inherits from %s', h.inhrelid::regclass, h.inhparent::regclass) \
     FROM relation r JOIN pg_catalog.pg_inherits h ON h.inhrelid = r.oid AND r.relkind IN ('r', 'p', 'f')",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_both_sides() {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let found = differences(&lines(&["view a", "view b"]), &lines(&["view b", "view c"]));
        assert_eq!(found, ["was: view a", "is: view c"]);
        assert!(differences(&lines(&["a", "b"]), &lines(&["b", "a"])).is_empty());
    }
}
