//! Names of objects that are not ordinary identifiers. A name that needs no quotes is the team's vocabulary, like
//! `complete` or `customers`, and may equal a one-word original by chance; one with a blank, an `@` or other letters
//! may be a value. The report gives the object's identifier instead of its name.

/// Names in catalogs whose rows have an `oid`: the column, what is named, and the condition for objects of the team's own.
const NAMES: [(&str, &str, &str); 25] = [
    ("pg_class.relname", "relation", "oid >= 16384 AND relkind <> 't'"),
    ("pg_namespace.nspname", "schema", "oid >= 16384"),
    ("pg_proc.proname", "function", "oid >= 16384"),
    ("pg_type.typname", "type", "oid >= 16384 AND typrelid = 0 AND typcategory <> 'A'"),
    ("pg_constraint.conname", "constraint", "oid >= 16384"),
    ("pg_rewrite.rulename", "rule", "oid >= 16384"),
    ("pg_trigger.tgname", "trigger", "NOT tgisinternal"),
    ("pg_policy.polname", "policy", "true"),
    ("pg_publication.pubname", "publication", "true"),
    ("pg_subscription.subname", "subscription", "true"),
    ("pg_event_trigger.evtname", "event trigger", "oid >= 16384"),
    ("pg_statistic_ext.stxname", "extended statistics", "true"),
    ("pg_foreign_server.srvname", "foreign server", "true"),
    ("pg_foreign_data_wrapper.fdwname", "foreign-data wrapper", "true"),
    ("pg_collation.collname", "collation", "oid >= 16384"),
    ("pg_ts_config.cfgname", "text search configuration", "oid >= 16384"),
    ("pg_ts_dict.dictname", "text search dictionary", "oid >= 16384"),
    ("pg_ts_parser.prsname", "text search parser", "oid >= 16384"),
    ("pg_ts_template.tmplname", "text search template", "oid >= 16384"),
    ("pg_am.amname", "access method", "oid >= 16384"),
    ("pg_opclass.opcname", "operator class", "oid >= 16384"),
    ("pg_opfamily.opfname", "operator family", "oid >= 16384"),
    ("pg_language.lanname", "language", "oid >= 16384"),
    ("pg_conversion.conname", "conversion", "oid >= 16384"),
    ("pg_tablespace.spcname", "tablespace", "oid >= 16384"),
];

/// Other names: the column, and a query for place and name.
const OTHER_NAMES: [(&str, &str); 6] = [
    (
        "pg_attribute.attname",
        "SELECT 'name of column ' || a.attnum || ' of relation ' || a.attrelid, a.attname::pg_catalog.text \
         FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
         WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f', 'c') AND c.oid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped",
    ),
    (
        "pg_proc.proargnames",
        "SELECT 'parameter of function ' || p.oid, parameter FROM pg_catalog.pg_proc p, pg_catalog.unnest(p.proargnames) parameter \
         WHERE p.oid >= 16384",
    ),
    ("pg_enum.enumlabel", "SELECT 'label of type ' || enumtypid, enumlabel::pg_catalog.text FROM pg_catalog.pg_enum"),
    (
        "pg_replication_origin.roname",
        "SELECT 'name of replication origin ' || roident, roname FROM pg_catalog.pg_replication_origin",
    ),
    (
        "pg_authid.rolname",
        "SELECT 'name of role ' || oid, rolname::pg_catalog.text FROM pg_catalog.pg_roles WHERE oid >= 16384",
    ),
    ("pg_database.datname", "SELECT 'name of the database', pg_catalog.current_database()::pg_catalog.text"),
];

/// Columns of system catalogs that hold names.
pub(super) fn columns() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(column, ..)| *column).chain(OTHER_NAMES.iter().map(|(column, _)| *column))
}

/// A query for place and name.
pub(super) fn sql() -> String {
    let named = NAMES.iter().filter_map(|(column, kind, own)| {
        let (catalog, name) = column.split_once('.')?;
        Some(format!("SELECT 'name of {kind} ' || oid, {name}::pg_catalog.text FROM pg_catalog.{catalog} WHERE {own}"))
    });
    let all: Vec<String> = named.chain(OTHER_NAMES.iter().map(|(_, sql)| (*sql).to_owned())).collect();
    format!(
        "SELECT place, name FROM ({}) AS names (place, name) WHERE name COLLATE \"C\" !~ '^[a-z0-9_$]*$'",
        all.join(" UNION ALL ")
    )
}
