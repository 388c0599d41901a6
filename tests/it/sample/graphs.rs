//! Closures of difficult graphs.

use std::collections::BTreeMap;

use crate::on_14_to_18;
use crate::support::cluster::{Version, version};

use super::scene::{Scene, config, rows, rows_where};

on_14_to_18!(
    down_from_the_seeds_and_up_from_everything,
    cycles_and_several_through_one_table,
    composite_keys_and_keys_that_are_not_primary,
    tables_without_a_key,
    partitions,
    inheritance_and_schemas_and_hostile_names,
    keys_of_every_type,
);

fn assert_rows(found: &BTreeMap<String, Vec<String>>, expected: &[(&str, &[&str])]) {
    let expected: BTreeMap<String, Vec<String>> = expected
        .iter()
        .map(|(table, rows)| ((*table).to_owned(), rows.iter().map(|row| (*row).to_owned()).collect()))
        .collect();
    assert_eq!(*found, expected);
}

async fn down_from_the_seeds_and_up_from_everything(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE plans (id int PRIMARY KEY); \
         CREATE TABLE users (id int PRIMARY KEY, plan int REFERENCES plans, boss int REFERENCES users); \
         CREATE TABLE messages (id bigint PRIMARY KEY, sender int NOT NULL REFERENCES users, recipient int REFERENCES users); \
         CREATE TABLE reads (message bigint REFERENCES messages, at int, PRIMARY KEY (message, at)); \
         CREATE TABLE features (plan int REFERENCES plans, name text); \
         CREATE INDEX ON messages (sender); CREATE INDEX ON reads (message)",
        "INSERT INTO plans VALUES (1), (2), (3); \
         INSERT INTO users VALUES (1, 1, NULL), (2, 1, 1), (3, 2, 1), (4, 3, 2), (5, 1, 2); \
         INSERT INTO messages VALUES (10, 2, 3), (11, 4, 2), (12, 4, 5), (13, 2, NULL); \
         INSERT INTO reads VALUES (10, 1), (10, 2), (12, 1); INSERT INTO features VALUES (1, 'a'), (3, 'b')",
    )
    .await;
    // Users 3 and 4 are required by messages and are not expanded downward; 1 is the boss and comes without the others he
    // is the boss of; user 5 and message 12 are not included.
    let found = scene.sample(&config("", "root: public.users"), &rows("public.users", "2")).await;
    assert_rows(
        &found,
        &[
            ("public.messages", &["(10,2,3)", "(11,4,2)", "(13,2,)"]),
            ("public.plans", &["(1)", "(2)", "(3)"]),
            ("public.reads", &["(10,1)", "(10,2)"]),
            ("public.users", &["(1,1,)", "(2,1,1)", "(3,2,1)", "(4,3,2)"]),
        ],
    );
    // A tree is followed downward on request.
    let tree = config("", "root: public.users\nedges: [{ table: public.users, columns: [boss], rule: follow }]");
    let found = scene.sample(&tree, &rows("public.users", "2")).await;
    assert_eq!(found["public.users"].len(), 5);
    assert_eq!(found["public.messages"].len(), 4);
    // Seed rows of several tables, one of them by condition.
    let mut seeds = rows("public.users", "5");
    seeds.push(rows_where("public.messages", "id > 10 ORDER BY id", None));
    assert!(
        scene.select(&config("", "root: public.users"), &seeds).await.is_err(),
        "a condition cannot contain ORDER BY"
    );
    seeds[1] = rows_where("public.messages", "id > 10 -- and no more", Some(1));
    let found = scene.sample(&config("", "root: public.users"), &seeds).await;
    assert_eq!(found["public.messages"], ["(11,4,2)", "(12,4,5)"]);
}

async fn cycles_and_several_through_one_table(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE users (id int PRIMARY KEY, org int, latest int); \
         CREATE TABLE orgs (id int PRIMARY KEY, owner int NOT NULL REFERENCES users, billing int); \
         CREATE TABLE bills (id int PRIMARY KEY, org int NOT NULL REFERENCES orgs, by int REFERENCES users); \
         ALTER TABLE users ADD FOREIGN KEY (org) REFERENCES orgs, ADD FOREIGN KEY (latest) REFERENCES bills; \
         ALTER TABLE orgs ADD FOREIGN KEY (billing) REFERENCES bills",
        "SET session_replication_role = replica; \
         INSERT INTO users VALUES (1, 1, 1), (2, 1, 2), (3, 2, NULL), (4, 3, 4); \
         INSERT INTO orgs VALUES (1, 1, 2), (2, 2, 3), (3, 4, 4); \
         INSERT INTO bills VALUES (1, 1, 1), (2, 1, 3), (3, 2, NULL), (4, 3, 4)",
    )
    .await;
    let found = scene.sample(&config("", "root: public.users"), &rows("public.users", "1")).await;
    // Owned: user 1, its org, the bills of that org, the users of that org, their orgs and bills …
    assert_rows(
        &found,
        &[
            ("public.bills", &["(1,1,1)", "(2,1,3)", "(3,2,)"]),
            ("public.orgs", &["(1,1,2)", "(2,2,3)"]),
            ("public.users", &["(1,1,1)", "(2,1,2)", "(3,2,)"]),
        ],
    );
}

async fn composite_keys_and_keys_that_are_not_primary(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE users (id int PRIMARY KEY, handle text UNIQUE, code varchar(8) NOT NULL UNIQUE); \
         CREATE TABLE files (owner int REFERENCES users, version smallint, name text, PRIMARY KEY (name, version), UNIQUE (version, name)); \
         CREATE TABLE comments (id int PRIMARY KEY, file_version smallint, file_name text, author text REFERENCES users (handle), \
             FOREIGN KEY (file_version, file_name) REFERENCES files (version, name)); \
         CREATE TABLE pins (id int PRIMARY KEY, n text, v smallint, FOREIGN KEY (n, v) REFERENCES files MATCH FULL); \
         CREATE TABLE tickets (id int PRIMARY KEY, code text REFERENCES users (code))",
        "INSERT INTO users VALUES (1, 'kim', 'a'), (2, NULL, 'b'), (3, 'lee', 'c'); \
         INSERT INTO files VALUES (1, 1, 'x'), (1, 2, 'x'), (2, 1, 'it''s \"y\" \\ z'), (NULL, 9, 'z'); \
         INSERT INTO comments VALUES (1, 1, 'x', 'lee'), (2, NULL, 'x', 'kim'), (3, 9, 'z', 'kim'), (4, 1, 'it''s \"y\" \\ z', NULL), (5, 2, NULL, NULL); \
         INSERT INTO pins VALUES (1, 'x', 2::smallint), (2, NULL, NULL), (3, 'z', 9::smallint); \
         INSERT INTO tickets VALUES (1, 'a'), (2, 'b'), (3, 'c')",
    )
    .await;
    let found = scene.sample(&config("", "root: public.users"), &rows("public.users", "1")).await;
    // A partly NULL key refers to nothing; file 9 and user 3 are required by comments.
    assert_rows(
        &found,
        &[
            ("public.comments", &["(1,1,x,lee)", "(2,,x,kim)", "(3,9,z,kim)"]),
            ("public.files", &["(,9,z)", "(1,1,x)", "(1,2,x)"]),
            ("public.pins", &["(1,x,2)"]),
            ("public.tickets", &["(1,a)"]),
            ("public.users", &["(1,kim,a)", "(3,lee,c)"]),
        ],
    );
    let found = scene.sample(&config("", "root: public.users"), &rows("public.users", "2")).await;
    assert_eq!(found["public.comments"].len(), 1, "{found:?}");
    assert_eq!(found["public.tickets"], ["(2,b)"]);
    // Seed rows by another column than the primary key.
    let by_handle = config("", "root: public.users\nkey: handle");
    let seeds = [devdb::sample::Seeds {
        table: by_handle.sample.as_ref().unwrap().root.clone(),
        filter: devdb::sample::SeedFilter::Keys {
            column: Some("handle".into()),
            values: vec!["lee".into(), " kim".into()],
        },
    }];
    assert_eq!(scene.sample(&by_handle, &seeds).await["public.users"].len(), 2);
}

async fn tables_without_a_key(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE kinds (name text UNIQUE); \
         CREATE TABLE events (of int REFERENCES users, kind text REFERENCES kinds (name), note text); \
         CREATE INDEX ON events (of)",
        "INSERT INTO users SELECT generate_series(1, 30); INSERT INTO kinds VALUES ('a'), ('b'), (NULL), (NULL); \
         INSERT INTO events SELECT 1 + i % 30, CASE WHEN i % 3 = 0 THEN 'a' END, 'same' FROM generate_series(0, 2999) i; \
         INSERT INTO events SELECT of, kind, note FROM events WHERE of = 7",
    )
    .await;
    let found = scene.sample(&config("", "root: public.users"), &rows("public.users", "7")).await;
    assert_eq!(found["public.events"].len(), 200);
    assert_eq!(found["public.kinds"], ["(a)"]);
    // Duplicates are separate rows, and a row that is reached over two edges is one row.
    assert!(found["public.events"].iter().all(|row| row == "(7,a,same)"), "{:?}", found["public.events"][0]);
}

async fn partitions(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE users (id int PRIMARY KEY); \
         CREATE TABLE logs (id int, at int, of int REFERENCES users, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); \
         CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (0) TO (10); \
         CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id); \
         CREATE TABLE logs_2_a PARTITION OF logs_2 FOR VALUES IN (1, 2, 3); \
         CREATE TABLE logs_2_b (of int, at int NOT NULL, id int NOT NULL); \
         ALTER TABLE logs_2 ATTACH PARTITION logs_2_b DEFAULT; \
         CREATE TABLE lines (id int, at int, text text, FOREIGN KEY (id, at) REFERENCES logs); \
         CREATE TABLE raw (of int REFERENCES users, v int) PARTITION BY HASH (v); \
         CREATE TABLE raw_0 PARTITION OF raw FOR VALUES WITH (MODULUS 2, REMAINDER 0); \
         CREATE TABLE raw_1 PARTITION OF raw FOR VALUES WITH (MODULUS 2, REMAINDER 1); \
         CREATE TABLE tags (name int PRIMARY KEY, v int); \
         \
         ALTER TABLE logs_1 ADD CONSTRAINT only_here FOREIGN KEY (id) REFERENCES tags (name); \
         CREATE TABLE marks (tag int, at int, FOREIGN KEY (tag, at) REFERENCES logs_2_a (id, at))",
        "INSERT INTO users VALUES (1), (2); INSERT INTO tags VALUES (1, 1), (2, 2), (3, 3), (4, 4); \
         INSERT INTO logs VALUES (1, 1, 1), (2, 2, 2), (3, 11, 1), (4, 12, 1), (3, 13, 2); \
         INSERT INTO lines VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 11, 'c'), (4, 12, 'd'), (4, 12, 'd'); \
         INSERT INTO raw SELECT 1 + i % 2, i FROM generate_series(1, 10) i; \
         INSERT INTO marks VALUES (3, 11), (3, 13)",
    )
    .await;
    let found = scene.sample(&config("", "root: public.users"), &rows("public.users", "1")).await;
    assert_rows(
        &found,
        &[
            ("public.lines", &["(1,1,a)", "(3,11,c)", "(4,12,d)", "(4,12,d)"]),
            ("public.logs", &["(1,1,1)", "(3,11,1)", "(4,12,1)"]),
            ("public.marks", &["(3,11)"]),
            ("public.raw", &["(1,10)", "(1,2)", "(1,4)", "(1,6)", "(1,8)"]),
            // Only rows of one partition refer to tags.
            ("public.tags", &["(1,1)"]),
            ("public.users", &["(1)"]),
        ],
    );
}

async fn inheritance_and_schemas_and_hostile_names(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE SCHEMA \"we.ird\"; CREATE SCHEMA b; \
         CREATE TABLE \"we.ird\".\"Us\"\"ers; --\" (\"i d\" int PRIMARY KEY, \"t\" text, \"u\" text, \"devdb key 0\" int); \
         CREATE TABLE b.\"주문\" (\"select\" int PRIMARY KEY, \"from\"\"\" int REFERENCES \"we.ird\".\"Us\"\"ers; --\", \
             doubled int GENERATED ALWAYS AS (\"select\" * 2) STORED, at int GENERATED ALWAYS AS IDENTITY); \
         CREATE TABLE b.archive () INHERITS (b.\"주문\"); \
         CREATE TABLE b.lines (o int REFERENCES b.\"주문\")",
        "INSERT INTO \"we.ird\".\"Us\"\"ers; --\" VALUES (1, 'x', NULL, 1), (2, 'y', NULL, 1); \
         INSERT INTO b.\"주문\" VALUES (1, 1), (2, 1), (3, 2); INSERT INTO b.archive (\"select\", \"from\"\"\", at) VALUES (1, 1, 4), (9, 2, 5); \
         INSERT INTO b.lines VALUES (1), (3)",
    )
    .await;
    let root = "root: '\"we.ird\".\"Us\"\"ers; --\"'";
    let users = "\"we.ird\".\"Us\"\"ers; --\"";
    // A child table does not inherit foreign keys, so the reference is configured.
    let reference = format!("{{ table: b.archive, columns: ['from\"'], to: '{users}', key: ['i d'] }}");
    let found = scene.sample(&config(&reference, root), &rows(users, "1")).await;
    let names: Vec<&String> = found.keys().collect();
    assert_eq!(names, ["b.archive", "b.lines", "b.주문", "we.ird.Us\"ers; --"]);
    assert_eq!(found["b.주문"], ["(1,1,2,1)", "(2,1,4,2)"]);
    assert_eq!(found["b.archive"], ["(1,1,2,4)"]);
    assert_eq!(found["b.lines"], ["(1)"]);
}

async fn keys_of_every_type(version: Version) {
    let types = [
        ("int2", "i::int2"),
        ("int8", "i::int8 << 40"),
        ("numeric", "i + 0.50"),
        ("text", "'k' || i || E'\\t\\\\,\"{}'"),
        ("char(5)", "'c' || i"),
        ("uuid", "('00000000-0000-4000-8000-0000000000' || lpad(i::text, 2, '0'))::uuid"),
        ("date", "date '2026-01-01' + i"),
        ("timestamptz", "timestamptz '2026-01-01 12:34:56.789+09' + i * interval '1 day'"),
        ("interval", "i * interval '1 month 2 days 3.5 seconds'"),
        ("bytea", "decode(lpad(to_hex(i), 4, '0'), 'hex')"),
        ("float8", "i / 3::float8"),
        ("inet", "('10.0.0.' || i)::inet"),
        ("bool", "i % 2 = 1"),
        ("mood", "(ARRAY['a', 'b b', 'c'])[i]::mood"),
        ("int4[]", "ARRAY[i, NULL, i]"),
        ("int4range", "int4range(i, i + 10)"),
        ("email", "'a' || i || '@x.example'"),
        ("small", "i::small"),
        ("xid8", "i::text::xid8"),
        ("\"char\"", "chr(64 + i)::\"char\""),
    ];
    let mut ddl = String::from(
        "CREATE TYPE mood AS ENUM ('a', 'b b', 'c'); CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%'); \
         CREATE DOMAIN small AS int2 CHECK (VALUE < 100); CREATE TABLE users (id int PRIMARY KEY);",
    );
    let mut data = String::from("INSERT INTO users VALUES (1), (2), (3);");
    for (at, (name, value)) in types.iter().enumerate() {
        // Owned over two edges from users, required over a key of the type.
        ddl += &format!(
            "CREATE TABLE p{at} (k {name} PRIMARY KEY); CREATE TABLE c{at} (of int REFERENCES users, k {name} REFERENCES p{at}); \
             CREATE TABLE d{at} (k {name} PRIMARY KEY, of int REFERENCES users); CREATE TABLE e{at} (k {name} REFERENCES d{at});"
        );
        let last = if *name == "bool" { 2 } else { 3 };
        data += &format!(
            "INSERT INTO p{at} SELECT {value} FROM generate_series(1, {last}) i; INSERT INTO c{at} SELECT i, {value} FROM generate_series(1, {last}) i; \
             INSERT INTO d{at} SELECT {value}, i FROM generate_series(1, {last}) i; INSERT INTO e{at} SELECT {value} FROM generate_series(1, {last}) i;"
        );
    }
    let scene = Scene::new(&version, &ddl, &data).await;
    let found = scene.sample(&config("", "root: public.users"), &rows("public.users", "2")).await;
    for (at, (name, _)) in types.iter().enumerate() {
        for table in ["p", "c", "d", "e"] {
            assert_eq!(found.get(&format!("public.{table}{at}")).map(Vec::len), Some(1), "{name}: {table}: {found:?}");
        }
    }
}

/// Since PostgreSQL 18, a foreign key may be temporal: it refers to all rows whose periods overlap.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn temporal_foreign_keys() {
    let scene = Scene::new(
        &version(18),
        "CREATE TABLE rooms (id int4range, at int4range, PRIMARY KEY (id, at WITHOUT OVERLAPS)); \
         CREATE TABLE stays (id int PRIMARY KEY, room int4range, at int4range, \
             FOREIGN KEY (room, PERIOD at) REFERENCES rooms (id, PERIOD at))",
        "INSERT INTO rooms VALUES ('[1,1]', '[0,10)'), ('[1,1]', '[10,20)'), ('[1,1]', '[20,30)'), ('[2,2]', '[0,30)'); \
         INSERT INTO stays VALUES (1, '[1,1]', '[5,15)'), (2, '[1,1]', '[25,26)'), (3, '[2,2]', '[1,2)')",
    )
    .await;
    let found = scene.sample(&config("", "root: public.stays"), &rows("public.stays", "1")).await;
    assert_eq!(found["public.rooms"], ["(\"[1,2)\",\"[0,10)\")", "(\"[1,2)\",\"[10,20)\")"]);
    let room = rows_where("public.rooms", "at @> 25 AND id @> 1", None);
    let found = scene.sample(&config("", "root: public.rooms"), &[room]).await;
    assert_eq!(found["public.stays"], ["(2,\"[1,2)\",\"[25,26)\")"]);
}
