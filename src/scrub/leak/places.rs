//! Everything in a database where a value may stand.

use std::collections::BTreeMap;

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
                 rn.nspname::text, rc.relname::text, \
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
        let (names, types): (Vec<String>, Vec<u32>) = (row.get(7), row.get(8));
        let shape = |oid: &u32| shapes.get(oid).copied().unwrap_or(Shape::Text);
        let columns = names.into_iter().zip(types.iter().map(shape)).filter(|(_, shape)| shape.is_searched()).collect();
        let root = row.get::<_, Option<String>>(5).zip(row.get(6));
        relations.read.push(Relation { schema, name, root, owner: row.get(2), pages: row.get(4), columns });
    }
    Ok(relations)
}

/// Texts of the catalog: a title, and a query for place and text.
pub(super) struct Texts {
    pub title: &'static str,
    pub sql: String,
    /// Whose rights it needs.
    pub owner: Option<String>,
}

/// What developers read in the catalog, and what may quote a value: comments and labels; defaults,
/// conditions, definitions and bodies; settings. Names of objects are not searched, nor labels of enums.
const CATALOG: [(&str, &str); 12] = [
    (
        "comments",
        "SELECT 'comment on ' || pg_catalog.pg_describe_object(classoid, objoid, objsubid), description \
         FROM pg_catalog.pg_description WHERE objoid >= 16384 \
             OR classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass \
             OR classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass",
    ),
    (
        "shared comments",
        "SELECT 'comment on ' || pg_catalog.pg_describe_object(classoid, objoid, 0), description FROM pg_catalog.pg_shdescription",
    ),
    (
        "security labels",
        "SELECT 'security label of ' || pg_catalog.pg_describe_object(classoid, objoid, objsubid), label FROM pg_catalog.pg_seclabel \
         UNION ALL SELECT 'security label of ' || pg_catalog.pg_describe_object(classoid, objoid, 0), label FROM pg_catalog.pg_shseclabel",
    ),
    (
        "defaults",
        "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_attrdef'::pg_catalog.regclass, oid, 0), \
             pg_catalog.pg_get_expr(adbin, adrelid) FROM pg_catalog.pg_attrdef \
         UNION ALL SELECT 'default of ' || pg_catalog.pg_describe_object('pg_catalog.pg_type'::pg_catalog.regclass, oid, 0), typdefault \
             FROM pg_catalog.pg_type WHERE typdefault IS NOT NULL AND oid >= 16384",
    ),
    (
        "constraints",
        "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_constraint'::pg_catalog.regclass, oid, 0), \
             pg_catalog.pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint WHERE contype IN ('c', 'x') AND oid >= 16384",
    ),
    (
        "views",
        "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, oid, 0), pg_catalog.pg_get_viewdef(oid) \
         FROM pg_catalog.pg_class WHERE relkind IN ('v', 'm') AND oid >= 16384 \
         UNION ALL SELECT pg_catalog.pg_describe_object('pg_catalog.pg_rewrite'::pg_catalog.regclass, oid, 0), pg_catalog.pg_get_ruledef(oid) \
         FROM pg_catalog.pg_rewrite WHERE rulename <> '_RETURN' AND oid >= 16384",
    ),
    (
        "functions",
        "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_proc'::pg_catalog.regclass, oid, 0), \
             CASE WHEN prokind IN ('f', 'p') THEN pg_catalog.pg_get_functiondef(oid) ELSE prosrc END \
         FROM pg_catalog.pg_proc WHERE oid >= 16384",
    ),
    (
        "indexes",
        "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, indexrelid, 0), \
             pg_catalog.pg_get_indexdef(indexrelid) FROM pg_catalog.pg_index \
         WHERE (indexprs IS NOT NULL OR indpred IS NOT NULL) AND indexrelid >= 16384",
    ),
    (
        "policies",
        "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_policy'::pg_catalog.regclass, oid, 0), \
             pg_catalog.concat_ws(' ', pg_catalog.pg_get_expr(polqual, polrelid), pg_catalog.pg_get_expr(polwithcheck, polrelid)) \
         FROM pg_catalog.pg_policy",
    ),
    (
        "triggers",
        "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_trigger'::pg_catalog.regclass, oid, 0), pg_catalog.pg_get_triggerdef(oid) \
         FROM pg_catalog.pg_trigger WHERE NOT tgisinternal",
    ),
    (
        "bounds of partitions",
        "SELECT 'bounds of ' || pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, oid, 0), \
             pg_catalog.pg_get_expr(relpartbound, oid) FROM pg_catalog.pg_class WHERE relispartition",
    ),
    (
        "settings",
        "SELECT 'settings of roles and databases', pg_catalog.array_to_string(setconfig, ' ') FROM pg_catalog.pg_db_role_setting \
         UNION ALL SELECT 'options of ' || pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, ftrelid, 0), \
             pg_catalog.array_to_string(ftoptions, ' ') FROM pg_catalog.pg_foreign_table",
    ),
];

/// What the planner quotes of tables, for those whose owner is `$1`; with the rights of that owner every
/// row of it can be seen.
const STATISTICS: [&str; 3] = [
    "SELECT pg_catalog.format('pg_stats of %s.%s.%s', s.schemaname, s.tablename, s.attname), \
         pg_catalog.concat_ws(E'\\n', s.most_common_vals::text, s.histogram_bounds::text, s.most_common_elems::text, \
             pg_catalog.to_jsonb(s) ->> 'range_bounds_histogram') \
     FROM pg_catalog.pg_stats s JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname \
     JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename \
     WHERE s.schemaname !~ '^pg_' AND s.schemaname NOT IN ('information_schema', 'devdb_meta') \
       AND pg_catalog.pg_get_userbyid(c.relowner) = ",
    "SELECT pg_catalog.format('pg_stats_ext of %s.%s', s.statistics_schemaname, s.statistics_name), s.most_common_vals::text \
     FROM pg_catalog.pg_stats_ext s JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname \
     JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename \
     WHERE pg_catalog.pg_get_userbyid(c.relowner) = ",
    "SELECT pg_catalog.format('pg_stats_ext_exprs of %s.%s', s.statistics_schemaname, s.statistics_name), \
         pg_catalog.concat_ws(E'\\n', s.most_common_vals::text, s.histogram_bounds::text, s.most_common_elems::text) \
     FROM pg_catalog.pg_stats_ext_exprs s JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname \
     JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename \
     WHERE pg_catalog.pg_get_userbyid(c.relowner) = ",
];

/// All texts of the catalog that are searched.
pub(super) fn texts(relations: &Relations) -> Vec<Texts> {
    let fixed = CATALOG.iter().map(|(title, sql)| Texts { title, sql: (*sql).to_owned(), owner: None });
    let owners: BTreeMap<&str, ()> =
        relations.read.iter().filter_map(|relation| relation.owner.as_deref()).map(|owner| (owner, ())).collect();
    let of_owner = |owner: &str| {
        let owner = owner.to_owned();
        STATISTICS.iter().map(move |sql| Texts {
            title: "the planner's statistics",
            sql: format!("{sql}{}", crate::pg::literal(&owner)),
            owner: Some(owner.clone()),
        })
    };
    fixed.chain(owners.keys().flat_map(|owner| of_owner(owner))).collect()
}
