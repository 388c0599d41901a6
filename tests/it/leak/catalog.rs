//! Originals in the system catalogs: every place in which a version of the server stores a text is found.

use std::collections::BTreeSet;

use devdb::scrub::leak::known_catalog_columns;

use super::{found, original, remember, statements};
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(every_column_of_the_catalog_is_known, an_original_in_the_catalog_is_found);

/// The server's own list: a new column that can hold a text is named here.
async fn every_column_of_the_catalog_is_known(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let sql = "SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
               JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type e ON e.oid = t.typelem \
               WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 \
                 AND COALESCE(CASE WHEN t.typcategory = 'A' THEN e.typname END, t.typname) NOT IN ('oid', 'bool', 'int2', \
                     'int4', 'int8', 'float4', 'xid', 'char', 'aclitem', 'int2vector', 'oidvector', 'regproc', 'pg_lsn', \
                     'timestamptz', 'pg_statistic')";
    let rows = cluster.superuser("postgres").await.query(sql, &[]).await.unwrap();
    let columns: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(columns.len() > 90, "{}", columns.len());
    let known = known_catalog_columns();
    let unknown: Vec<&String> = columns.iter().filter(|column| !known.contains(column.as_str())).collect();
    assert!(
        unknown.is_empty(),
        "{version:?} stores texts in columns that are neither searched nor explained: {unknown:?}"
    );
}

/// From version 15 on.
const ROW_FILTER: (&str, &str) =
    ("CREATE PUBLICATION pub FOR TABLE plain WHERE (b <> '{}')", "row filter of publication pub for public.plain");

/// Statements that hide an original, and the place that is reported; `0` stands for any number.
const HIDEOUTS: [(&str, &str); 22] = [
    (
        "CREATE TABLE ticket (n int); INSERT INTO ticket VALUES (1); ALTER TABLE ticket ADD assignee text DEFAULT '{}'; \
         ALTER TABLE ticket ALTER assignee DROP DEFAULT; UPDATE ticket SET assignee = 'nobody'",
        "earlier default of column assignee of table public.ticket",
    ),
    ("CREATE TYPE kind AS ENUM ('{}', 'other')", "label of type 0"),
    ("CREATE STATISTICS st ON (b = '{}'), a FROM plain", "statistics object public.st"),
    ("CREATE AGGREGATE greet (text) (sfunc = textcat, stype = text, initcond = '{}')", "function public.greet(text)"),
    ("CREATE TABLE pt (c text) PARTITION BY LIST ((c = '{}'))", "partition key of table public.pt"),
    ("CREATE FUNCTION f(a text DEFAULT '{}') RETURNS text LANGUAGE sql AS 'SELECT a'", "function public.f(text)"),
    ("CREATE FUNCTION g(\"{}\" text) RETURNS int LANGUAGE sql AS 'SELECT 1'", "parameter of function 0"),
    ("CREATE DOMAIN d AS text DEFAULT '{}'", "default of type public.d"),
    ("COMMENT ON SCHEMA public IS '{}'", "comment on schema public"),
    ("COMMENT ON EXTENSION plpgsql IS '{}'", "comment on extension plpgsql"),
    ("COMMENT ON DATABASE app IS '{}'", "comment on database app"),
    ("CREATE SCHEMA \"{}\"", "name of schema 0"),
    ("CREATE TABLE \"{}\" ()", "name of relation 0"),
    ("ALTER TABLE plain RENAME b TO \"{}\"", "name of column 0 of relation 0"),
    ("CREATE INDEX \"index {}\" ON plain (a)", "name of relation 0"),
    ("ALTER TABLE plain ADD CONSTRAINT \"{}\" CHECK (a > 0)", "name of constraint 0"),
    ("CREATE ROLE \"{}\"", "name of role 0"),
    ("CREATE PUBLICATION \"{}\"", "name of publication 0"),
    ("ALTER DATABASE app SET application_name = '{}'", "settings of roles and databases"),
    ("CREATE FOREIGN DATA WRAPPER w OPTIONS (contact '{}')", "options of foreign-data wrapper w"),
    ("CREATE SERVER s TYPE '{}' FOREIGN DATA WRAPPER w OPTIONS (owner 'x')", "options of server s"),
    ("CREATE FOREIGN TABLE ft (c text OPTIONS (note '{}')) SERVER s", "options of column c of foreign table public.ft"),
];

async fn an_original_in_the_catalog_is_found(version: Version) {
    const ORIGINAL: &str = "secret.person@naver.example";
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    let tables = "CREATE TABLE users (email text); CREATE TABLE plain (a int, b text)";
    statements(&master, &format!("{tables}; INSERT INTO users VALUES ('{ORIGINAL}')")).await;
    remember(&cluster, &[original("public.users.email", "email", None)]).await.unwrap();
    statements(&master, "TRUNCATE users").await;
    let mut hideouts = Vec::new();
    if version.major >= 15 {
        hideouts.push(ROW_FILTER);
    }
    hideouts.extend(HIDEOUTS);
    for (hide, _) in &hideouts {
        let hide = hide.replace("{}", ORIGINAL);
        // What only a superuser may do, production's superuser has done.
        if master.run(&hide).await.is_err() {
            cluster.sql("app", &hide).await;
        }
    }
    let shape = |line: &String| {
        let words = line.split_once(": ").unwrap().0.split(' ');
        words.map(|word| if word.parse::<u64>().is_ok() { "0" } else { word }).collect::<Vec<_>>().join(" ")
    };
    let places: BTreeSet<String> = found(&cluster).await.iter().map(shape).collect();
    let missed: Vec<_> = hideouts.iter().filter(|(_, place)| !places.contains(*place)).collect();
    assert!(missed.is_empty(), "{missed:#?}\nfound: {places:#?}");
}
