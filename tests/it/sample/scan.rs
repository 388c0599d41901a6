//! The scan of rows that are copied, compared with an audit of the database itself.

use std::collections::BTreeMap;

use devdb::discover::audit::{Detection, Exemptions, audit};
use devdb::discover::detect::Domains;
use devdb::sample::Masks;

use crate::on_every_version;
use crate::support::cluster::Version;

use super::scene::{Scene, Warnings, config, rows};

on_every_version!(values_of_every_form_are_scanned,);

/// Columns of every form of value, each with its value.
const COLUMNS: [(&str, &str, &str); 18] = [
    ("a", "text", "'kim@naver.com'"),
    ("b", "varchar(80)", "'call 010-1234-5678'"),
    ("c", "char(60)", "'kim@naver.com'"),
    ("d", "name", "'kim@naver.com'"),
    ("e", "json", "'{\"to\": [\"x\\u0041\\nkim@naver.com\"]}'"),
    ("f", "jsonb", "'{\"to\": \"line\\n010-1234-5678\"}'"),
    ("g", "inet", "'203.0.114.7'"),
    ("h", "cidr", "'203.0.114.0/24'"),
    ("i", "text[]", "ARRAY[NULL, '1', '010-1234-5678', '2']"),
    ("j", "jsonb[]", "ARRAY['{}', '{\"a\": \"\\nkim@naver.com\"}']::jsonb[]"),
    ("k", "inet[]", "ARRAY['10.0.0.1', '203.0.114.7']::inet[]"),
    ("l", "mail", "'kim@naver.com'"),
    ("m", "text", "repeat('word ', 50000) || 'kim@naver.com'"),
    ("n", "text", "repeat('가', 1400000) || ' kim@naver.com'"),
    ("q", "text", "repeat(E'a\\n\\\\\\t', 900000) || ' kim@naver.com'"),
    ("r", "numrange", "'[4532015112830366,4532015112830366]'"),
    ("o", "text[]", "ARRAY[[repeat('x', 70000), 'kim@naver.com'], ['a', NULL]]"),
    ("p", "date", "'2020-02-03'"),
];

async fn values_of_every_form_are_scanned(version: Version) {
    let columns: Vec<String> = COLUMNS.iter().map(|(name, kind, _)| format!("{name} {kind}")).collect();
    let values: Vec<&str> = COLUMNS.iter().map(|(_, _, value)| *value).collect();
    let nulls = "NULL, ".repeat(COLUMNS.len());
    let scene = Scene::new(
        &version,
        &format!(
            "CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%'); CREATE TYPE pair AS (x text, y int); \
             CREATE TABLE users (id int PRIMARY KEY, {columns}); \
             CREATE TABLE texts (id int PRIMARY KEY REFERENCES users, {columns}, x tsvector, y pair, z bytea); \
             CREATE TABLE words (id int PRIMARY KEY REFERENCES users, x tsvector)",
            columns = columns.join(", ")
        ),
        &format!(
            "INSERT INTO users SELECT i, {values} FROM generate_series(1, 3) i; INSERT INTO users VALUES (4, {}); \
             INSERT INTO texts SELECT i, {values}, 'kim@naver.com'::tsvector, ROW('kim@naver.com', i)::pair, 'kim@naver.com' \
             FROM generate_series(1, 3) i; INSERT INTO words SELECT id, CASE WHEN id < 4 THEN 'kim@naver.com'::tsvector END FROM users; \
             INSERT INTO texts VALUES (4, {nulls} NULL, NULL, '\\x0a095c')",
            nulls.trim_end_matches(", "),
            values = values.join(", ")
        ),
    )
    .await;
    let exemptions = Exemptions { domains: Domains::harmless([]), columns: BTreeMap::new() };
    let mut expected = audit(&scene.cluster.superuser("app").await, &exemptions).await.unwrap();
    let seeds = rows("public.users", "1,2,3,4");
    let selection = scene.select(&config("", "root: public.users"), &seeds).await.unwrap();
    let extraction = selection.extract(&Masks::new());
    let binary: Vec<bool> = extraction.tables().iter().map(|table| table.binary).collect();
    assert_eq!(binary, [false, true, false], "types that cannot be scanned in binary are copied as text");
    let (spool, mut found) = extraction.read(Some(&exemptions), 2, &Warnings::default()).await.unwrap();
    let order = |one: &Detection| (one.table.clone(), one.column.clone(), one.kind as usize);
    expected.sort_by_key(order);
    found.sort_by_key(order);
    assert_eq!(found, expected);
    let seen: Vec<&str> = found.iter().filter(|one| one.table == "users").map(|one| one.column.as_str()).collect();
    // All except the date and the range.
    assert_eq!(seen, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "q"]);
    assert!(found.iter().any(|one| one.table == "texts" && one.column == "x"));
    assert!(found.iter().all(|one| one.rows == 3 && one.of == 4), "{found:?}");
    assert!(spool.bytes() > 20_000_000, "{}", spool.bytes());
}
