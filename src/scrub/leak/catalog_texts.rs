//! What the system catalogs store of a team's own: which of their columns are searched, by which query, and which are not,
//! each with the reason. A test compares the list with every server version's own catalog.

use std::collections::BTreeSet;

use super::catalog_names;
use super::places::Relations;

/// Texts of the catalog: a title, and a query for place and text.
pub(super) struct Texts {
    pub title: &'static str,
    pub sql: String,
    /// Role whose privileges the query needs.
    pub owner: Option<String>,
}

/// Columns of system catalogs that are read by one query.
struct Source {
    title: &'static str,
    /// As `catalog.column`.
    columns: &'static [&'static str],
    /// Returns place and text.
    sql: &'static str,
}

/// Objects of the server itself have smaller identifiers (`FirstNormalObjectId`, src/include/access/transam.h).
const SOURCES: [Source; 16] = [
    Source {
        title: "comments",
        columns: &["pg_description.description", "pg_shdescription.description"],
        // A shared comment on another database is that database's own.
        sql: "SELECT 'comment on ' || pg_catalog.pg_describe_object(classoid, objoid, objsubid), description \
              FROM pg_catalog.pg_description \
              UNION ALL SELECT 'comment on ' || pg_catalog.pg_describe_object(classoid, objoid, 0), description \
              FROM pg_catalog.pg_shdescription WHERE classoid <> 'pg_catalog.pg_database'::pg_catalog.regclass \
                 OR objoid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())",
    },
    Source {
        title: "security labels",
        columns: &["pg_seclabel.label", "pg_shseclabel.label"],
        sql: "SELECT 'security label of ' || pg_catalog.pg_describe_object(classoid, objoid, objsubid), label \
              FROM pg_catalog.pg_seclabel \
              UNION ALL SELECT 'security label of ' || pg_catalog.pg_describe_object(classoid, objoid, 0), label \
              FROM pg_catalog.pg_shseclabel",
    },
    Source {
        title: "defaults",
        columns: &["pg_attrdef.adbin", "pg_type.typdefault", "pg_type.typdefaultbin", "pg_attribute.attmissingval"],
        sql: "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_attrdef'::pg_catalog.regclass, oid, 0), \
                  pg_catalog.pg_get_expr(adbin, adrelid) FROM pg_catalog.pg_attrdef \
              UNION ALL SELECT 'default of ' || pg_catalog.pg_describe_object('pg_catalog.pg_type'::pg_catalog.regclass, oid, 0), \
                  typdefault FROM pg_catalog.pg_type WHERE typdefault IS NOT NULL AND oid >= 16384 \
              UNION ALL SELECT 'earlier default of ' || pg_catalog.pg_describe_object( \
                  'pg_catalog.pg_class'::pg_catalog.regclass, attrelid, attnum), attmissingval::pg_catalog.text \
              FROM pg_catalog.pg_attribute WHERE atthasmissing",
    },
    Source {
        title: "constraints",
        columns: &["pg_constraint.conbin"],
        sql: "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_constraint'::pg_catalog.regclass, oid, 0), \
                  pg_catalog.pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint \
              WHERE contype IN ('c', 'x') AND oid >= 16384",
    },
    Source {
        title: "views and rules",
        columns: &["pg_rewrite.ev_qual", "pg_rewrite.ev_action"],
        sql: "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, oid, 0), \
                  pg_catalog.pg_get_viewdef(oid) FROM pg_catalog.pg_class WHERE relkind IN ('v', 'm') AND oid >= 16384 \
              UNION ALL SELECT pg_catalog.pg_describe_object('pg_catalog.pg_rewrite'::pg_catalog.regclass, oid, 0), \
                  pg_catalog.pg_get_ruledef(oid) FROM pg_catalog.pg_rewrite WHERE rulename <> '_RETURN' AND oid >= 16384",
    },
    Source {
        title: "functions",
        columns: &[
            "pg_proc.prosrc",
            "pg_proc.prosqlbody",
            "pg_proc.proargdefaults",
            "pg_proc.proconfig",
            "pg_proc.probin",
            "pg_aggregate.agginitval",
            "pg_aggregate.aggminitval",
        ],
        sql: "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_proc'::pg_catalog.regclass, oid, 0), \
                  CASE WHEN prokind IN ('f', 'p') THEN pg_catalog.pg_get_functiondef(oid) ELSE prosrc END \
              FROM pg_catalog.pg_proc WHERE oid >= 16384 \
              UNION ALL SELECT pg_catalog.pg_describe_object('pg_catalog.pg_proc'::pg_catalog.regclass, aggfnoid, 0), \
                  pg_catalog.concat_ws(E'\\n', agginitval, aggminitval) \
              FROM pg_catalog.pg_aggregate WHERE aggfnoid::pg_catalog.oid >= 16384",
    },
    Source {
        title: "indexes",
        columns: &["pg_index.indexprs", "pg_index.indpred"],
        sql: "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, indexrelid, 0), \
                  pg_catalog.pg_get_indexdef(indexrelid) FROM pg_catalog.pg_index \
              WHERE (indexprs IS NOT NULL OR indpred IS NOT NULL) AND indexrelid >= 16384",
    },
    Source {
        title: "policies",
        columns: &["pg_policy.polqual", "pg_policy.polwithcheck"],
        sql: "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_policy'::pg_catalog.regclass, oid, 0), \
                  pg_catalog.concat_ws(' ', pg_catalog.pg_get_expr(polqual, polrelid), pg_catalog.pg_get_expr(polwithcheck, polrelid)) \
              FROM pg_catalog.pg_policy",
    },
    Source {
        title: "triggers",
        columns: &["pg_trigger.tgqual", "pg_trigger.tgargs", "pg_trigger.tgoldtable", "pg_trigger.tgnewtable"],
        sql: "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_trigger'::pg_catalog.regclass, oid, 0), \
                  pg_catalog.pg_get_triggerdef(oid) FROM pg_catalog.pg_trigger WHERE NOT tgisinternal",
    },
    Source {
        title: "partitions",
        columns: &["pg_class.relpartbound", "pg_partitioned_table.partexprs"],
        sql: "SELECT 'bounds of ' || pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, oid, 0), \
                  pg_catalog.pg_get_expr(relpartbound, oid) FROM pg_catalog.pg_class WHERE relispartition \
              UNION ALL SELECT 'partition key of ' || pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, partrelid, 0), \
                  pg_catalog.pg_get_expr(partexprs, partrelid) FROM pg_catalog.pg_partitioned_table WHERE partexprs IS NOT NULL",
    },
    Source {
        title: "extended statistics",
        columns: &["pg_statistic_ext.stxexprs"],
        sql: "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_statistic_ext'::pg_catalog.regclass, oid, 0), \
                  pg_catalog.pg_get_expr(stxexprs, stxrelid) FROM pg_catalog.pg_statistic_ext WHERE stxexprs IS NOT NULL",
    },
    Source {
        title: "publications",
        columns: &["pg_publication_rel.prqual"],
        // Before version 15 there are no row filters.
        sql: "SELECT pg_catalog.format('row filter of publication %s for %s.%s', t.pubname, t.schemaname, t.tablename), \
                  pg_catalog.to_jsonb(t) ->> 'rowfilter' FROM pg_catalog.pg_publication_tables t",
    },
    Source {
        title: "settings",
        columns: &["pg_db_role_setting.setconfig"],
        sql: "SELECT 'settings of roles and databases', pg_catalog.array_to_string(setconfig, ' ') \
              FROM pg_catalog.pg_db_role_setting WHERE setdatabase IN (0, \
                  (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))",
    },
    Source {
        title: "foreign data",
        columns: &[
            "pg_foreign_table.ftoptions",
            "pg_attribute.attfdwoptions",
            "pg_foreign_data_wrapper.fdwoptions",
            "pg_foreign_server.srvoptions",
            "pg_foreign_server.srvtype",
            "pg_foreign_server.srvversion",
            "pg_user_mapping.umoptions",
        ],
        // The view shows the options of a mapping to whoever may use them.
        sql: "SELECT 'options of ' || pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, ftrelid, 0), \
                  pg_catalog.array_to_string(ftoptions, E'\\n') FROM pg_catalog.pg_foreign_table \
              UNION ALL SELECT 'options of ' || pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, attrelid, attnum), \
                  pg_catalog.array_to_string(attfdwoptions, E'\\n') FROM pg_catalog.pg_attribute WHERE attfdwoptions IS NOT NULL \
              UNION ALL SELECT 'options of ' || pg_catalog.pg_describe_object('pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, oid, 0), \
                  pg_catalog.array_to_string(fdwoptions, E'\\n') FROM pg_catalog.pg_foreign_data_wrapper \
              UNION ALL SELECT 'options of ' || pg_catalog.pg_describe_object('pg_catalog.pg_foreign_server'::pg_catalog.regclass, oid, 0), \
                  pg_catalog.concat_ws(E'\\n', srvtype, srvversion, pg_catalog.array_to_string(srvoptions, E'\\n')) \
              FROM pg_catalog.pg_foreign_server \
              UNION ALL SELECT 'options of ' || pg_catalog.pg_describe_object('pg_catalog.pg_user_mapping'::pg_catalog.regclass, umid, 0), \
                  pg_catalog.array_to_string(umoptions, E'\\n') FROM pg_catalog.pg_user_mappings",
    },
    Source {
        title: "text search and collations",
        columns: &[
            "pg_ts_dict.dictinitoption",
            "pg_collation.collcollate",
            "pg_collation.collctype",
            "pg_collation.colliculocale",
            "pg_collation.colllocale",
            "pg_collation.collicurules",
        ],
        sql: "SELECT pg_catalog.pg_describe_object('pg_catalog.pg_ts_dict'::pg_catalog.regclass, oid, 0), dictinitoption \
              FROM pg_catalog.pg_ts_dict WHERE oid >= 16384 \
              UNION ALL SELECT pg_catalog.pg_describe_object('pg_catalog.pg_collation'::pg_catalog.regclass, c.oid, 0), \
                  pg_catalog.concat_ws(E'\\n', c.collcollate, c.collctype, pg_catalog.to_jsonb(c) ->> 'colliculocale', \
                      pg_catalog.to_jsonb(c) ->> 'colllocale', pg_catalog.to_jsonb(c) ->> 'collicurules') \
              FROM pg_catalog.pg_collation c WHERE c.oid >= 16384",
    },
    Source {
        title: "storage options",
        columns: &[
            "pg_class.reloptions",
            "pg_attribute.attoptions",
            "pg_tablespace.spcoptions",
            "pg_extension.extcondition",
        ],
        sql: "SELECT 'options of ' || pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, oid, 0), \
                  pg_catalog.array_to_string(reloptions, E'\\n') FROM pg_catalog.pg_class \
              WHERE reloptions IS NOT NULL AND oid >= 16384 \
              UNION ALL SELECT 'options of ' || pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, attrelid, attnum), \
                  pg_catalog.array_to_string(attoptions, E'\\n') FROM pg_catalog.pg_attribute WHERE attoptions IS NOT NULL \
              UNION ALL SELECT 'options of tablespace ' || oid, pg_catalog.array_to_string(spcoptions, E'\\n') FROM pg_catalog.pg_tablespace \
              UNION ALL SELECT 'dump conditions of extension ' || extname, pg_catalog.array_to_string(extcondition, E'\\n') \
              FROM pg_catalog.pg_extension",
    },
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

/// Columns that are not searched here, each with the reason.
const NOT_SEARCHED: [(&str, &str); 33] = [
    ("pg_authid.rolpassword", "a hash; only superusers read it"),
    ("pg_largeobject.data", "read as large objects"),
    ("pg_statistic.stavalues1", "read through pg_stats"),
    ("pg_statistic.stavalues2", "read through pg_stats"),
    ("pg_statistic.stavalues3", "read through pg_stats"),
    ("pg_statistic.stavalues4", "read through pg_stats"),
    ("pg_statistic.stavalues5", "read through pg_stats"),
    ("pg_statistic_ext_data.stxdmcv", "read through pg_stats_ext"),
    ("pg_statistic_ext_data.stxdexpr", "read through pg_stats_ext_exprs"),
    ("pg_statistic_ext_data.stxddependencies", "numbers"),
    ("pg_statistic_ext_data.stxdndistinct", "numbers"),
    ("pg_subscription.subconninfo", "a hazard; only superusers read it"),
    ("pg_subscription.subslotname", "a hazard"),
    ("pg_subscription.subpublications", "a hazard"),
    ("pg_subscription.subsynccommit", "one of a few words"),
    ("pg_subscription.suborigin", "one of a few words"),
    ("pg_statistic_ext.stxkind", "letters of the server"),
    ("pg_proc.proargmodes", "letters of the server"),
    ("pg_event_trigger.evtevent", "one of a few words"),
    ("pg_event_trigger.evttags", "one of a few words"),
    ("pg_operator.oprname", "signs without letters"),
    ("pg_parameter_acl.parname", "an identifier of a setting"),
    ("pg_extension.extname", "named by the server's files"),
    ("pg_extension.extversion", "named by the server's files"),
    ("pg_seclabel.provider", "named by the server's files"),
    ("pg_shseclabel.provider", "named by the server's files"),
    ("pg_collation.collversion", "set by the server"),
    ("pg_database.datcollate", "a locale of the server"),
    ("pg_database.datctype", "a locale of the server"),
    ("pg_database.datlocale", "a locale of the server"),
    ("pg_database.daticulocale", "a locale of the server"),
    ("pg_database.daticurules", "a locale of the server"),
    ("pg_database.datcollversion", "set by the server"),
];

/// All texts of the catalog that are searched.
pub(super) fn texts(relations: &Relations) -> Vec<Texts> {
    let fixed = SOURCES.iter().map(|source| Texts { title: source.title, sql: source.sql.to_owned(), owner: None });
    let owners: BTreeSet<&str> = relations.read.iter().filter_map(|relation| relation.owner.as_deref()).collect();
    let of_owner = |owner: &str| {
        let owner = owner.to_owned();
        STATISTICS.iter().map(move |sql| Texts {
            title: "the planner's statistics",
            sql: format!("{sql}{}", crate::pg::literal(&owner)),
            owner: Some(owner.clone()),
        })
    };
    let names = Texts { title: "names", sql: catalog_names::sql(), owner: None };
    fixed.chain([names]).chain(owners.iter().flat_map(|owner| of_owner(owner))).collect()
}

/// Every column of a system catalog that is searched, or not searched for a reason, as `catalog.column`.
pub fn known_catalog_columns() -> BTreeSet<&'static str> {
    let searched = SOURCES.iter().flat_map(|source| source.columns).copied();
    searched.chain(catalog_names::columns()).chain(NOT_SEARCHED.iter().map(|(column, _)| *column)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns that a function of the server renders, by the name of the function or of the column that stands for them.
    const RENDERED: [(&str, &str); 14] = [
        ("pg_type.typdefaultbin", "typdefault"),
        ("pg_constraint.conbin", "pg_get_constraintdef"),
        ("pg_rewrite.ev_qual", "pg_get_ruledef"),
        ("pg_rewrite.ev_action", "pg_get_viewdef"),
        ("pg_proc.prosqlbody", "pg_get_functiondef"),
        ("pg_proc.proargdefaults", "pg_get_functiondef"),
        ("pg_proc.proconfig", "pg_get_functiondef"),
        ("pg_proc.probin", "pg_get_functiondef"),
        ("pg_trigger.tgqual", "pg_get_triggerdef"),
        ("pg_trigger.tgargs", "pg_get_triggerdef"),
        ("pg_trigger.tgoldtable", "pg_get_triggerdef"),
        ("pg_trigger.tgnewtable", "pg_get_triggerdef"),
        ("pg_publication_rel.prqual", "rowfilter"),
        ("pg_index.indexprs", "pg_get_indexdef"),
    ];

    #[test]
    fn every_column_that_a_query_claims_is_in_it() {
        for source in &SOURCES {
            for column in source.columns {
                let rendered = RENDERED.iter().find(|(rendered, _)| rendered == column).map(|(_, by)| *by);
                let word = rendered.or(column.split_once('.').map(|(_, name)| name)).unwrap();
                assert!(source.sql.contains(word), "{}: {column} is not read", source.title);
            }
        }
    }
}
