//! Which schemas belong to the team.

/// A condition over `pg_namespace n` that excludes the schemas of the system and of devdb.
pub(crate) const USER_SCHEMAS: &str =
    "n.nspname NOT IN ('pg_catalog', 'information_schema', 'devdb_meta') AND n.nspname NOT LIKE 'pg\\_%'";
