//! The ledger (invariant 10): every column of every relation with storage has one entry with its reason, and what has none
//! is not published.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use devdb::config::{ColumnPath, Masking, Password};
use devdb::pg::Session;
use devdb::scrub::ledger::{self, Unaccounted};

use super::aws_rotate::world::start;
use super::rollback::account;
use crate::on_14_to_18;
use crate::support::account::Account;
use crate::support::block_on;
use crate::support::cluster::{Cluster, Version};
use crate::support::scene::Scene;

on_14_to_18!(a_difference_in_either_direction_is_named);

/// Relations of every kind, with and without storage.
const KINDS: &str = "
    CREATE TYPE app.mood AS ENUM ('good', 'bad');
    CREATE DOMAIN app.code AS text;
    CREATE TYPE app.pair AS (one text, other int);
    CREATE TABLE app.events (id bigint, at date NOT NULL, sender text, body jsonb, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE app.events_2025 PARTITION OF app.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (id);
    CREATE TABLE app.events_2025_one PARTITION OF app.events_2025 FOR VALUES IN (1, 2);
    CREATE TABLE app.events_2025_rest PARTITION OF app.events_2025 DEFAULT;
    CREATE TABLE app.events_rest (gone int, body jsonb, sender text, at date NOT NULL, id bigint NOT NULL);
    ALTER TABLE app.events_rest DROP COLUMN gone;
    ALTER TABLE app.events ATTACH PARTITION app.events_rest DEFAULT;
    INSERT INTO app.events SELECT i, '2025-01-01'::date + i * 90, 'sender' || i || '@corp.example', jsonb_build_object('mail', 'sender' || i || '@corp.example', 'n', i)
        FROM generate_series(1, 12) i;
    CREATE TABLE app.notes (id int, author text);
    CREATE TABLE app.notes_old (archived boolean) INHERITS (app.notes);
    INSERT INTO app.notes VALUES (1, 'author1@corp.example'); INSERT INTO app.notes_old VALUES (2, 'author2@corp.example', true);
    CREATE UNLOGGED TABLE app.kinds (id int GENERATED ALWAYS AS IDENTITY, mood app.mood, code app.code, codes app.code[], pair app.pair,
        span int4range, raw bytea, spot point, twice int GENERATED ALWAYS AS (id * 2) STORED, search tsvector, doc xml, \"odd \"\" name\" text);
    INSERT INTO app.kinds (mood, raw) VALUES ('good', '\\x00');
    CREATE MATERIALIZED VIEW app.unfilled AS SELECT id FROM app.kinds WITH NO DATA;
    CREATE VIEW app.of_kinds AS SELECT * FROM app.kinds;
    CREATE INDEX ON app.kinds ((lower(code)));
    CREATE SEQUENCE app.numbers;
";

const RULES: &str =
    "rules: { app.events: { sender: email, body: { json: { $.mail: email } } }, app.notes.author: email, app.users: ";

/// What the ledger must say, computed from what the server stores for each relation.
const ASSERTIONS: &str = "
    DO $$ DECLARE wrong text; BEGIN
        SELECT string_agg(format('%s.%s: %s', a.attrelid::regclass, a.attname, coalesce(l.reason, 'no entry')), ', ') INTO wrong
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN devdb_meta.ledger l ON l.relation = c.oid AND l.attribute = a.attnum
        WHERE c.relnamespace IN ('app'::regnamespace, 'public'::regnamespace) AND pg_relation_filenode(c.oid) IS NOT NULL
            AND c.relkind NOT IN ('i', 'S') AND l.reason IS DISTINCT FROM CASE
                WHEN c.relkind = 'm' THEN 'refreshed'
                WHEN c.relname ~ '^events' AND a.attname = 'sender' THEN 'masked'
                WHEN c.relname ~ '^events' AND a.attname = 'body' THEN 'partly masked'
                WHEN c.relname ~ '^notes' AND a.attname = 'author' THEN 'masked'
                WHEN c.relname = 'users' AND a.attname = 'name' THEN 'masked'
                WHEN c.relname = 'users' OR a.attname = '받는 사람' THEN 'scripted'
                WHEN a.attname = 'twice' THEN 'computed'
                ELSE 'kept' END;
        IF wrong IS NOT NULL THEN RAISE EXCEPTION '%', wrong; END IF;
        SELECT string_agg(format('%s: %s', relation::regclass, rows), ', ') INTO wrong FROM devdb_meta.ledger l
        WHERE reason = 'masked' AND rows IS DISTINCT FROM CASE relation::regclass::text
            WHEN 'app.events_2025_one' THEN 2 WHEN 'app.events_2025_rest' THEN 2 WHEN 'app.events_rest' THEN 8
            WHEN 'app.notes' THEN 1 WHEN 'app.notes_old' THEN 1 WHEN 'app.users' THEN 500 END;
        IF wrong IS NOT NULL THEN RAISE EXCEPTION 'rows: %', wrong; END IF;
        IF (SELECT count(*) FROM devdb_meta.ledger) <> (SELECT count(*) FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relnamespace IN ('app'::regnamespace, 'public'::regnamespace) AND c.relkind IN ('r', 'm'))
        THEN RAISE EXCEPTION 'the ledger has entries of other places'; END IF;
    END $$";

#[test]
fn every_column_with_storage_has_one_entry_with_its_reason() {
    let scene = Scene::new();
    // Before the masks.
    scene.script("00-secure/10_kinds.sql", KINDS);
    scene.config("rules: { app.users: ", RULES);
    let done = scene.devdb(&["rotate", "--verbose"]).code(0);
    done.says("app: ledger of ").says("3 partly masked").says("1 computed");
    let (generation, _) = scene.record().unwrap();
    block_on(scene.superuser(&generation, &ASSERTIONS.replace('\n', " ")));
}

/// A script replaces a table after the masks: its columns are those that the configuration masks, its rows are not masked.
#[test]
fn a_table_that_a_script_replaces_after_the_masks_is_not_published() {
    let scene = Scene::new();
    let replace = "CREATE TABLE app.new AS SELECT id, name FROM app.notes; DROP TABLE app.notes; ALTER TABLE app.new RENAME TO notes;\n";
    scene.script(
        "00-secure/10_notes.sql",
        "CREATE TABLE app.notes AS SELECT id, 'note' || id AS name FROM app.users;\n",
    );
    scene.config("rules: { app.users: ", "rules: { app.notes.name: { fake: english_name }, app.users: ");
    scene.script("20-seed/20_notes.sql", replace);
    let done = scene.devdb(&["rotate"]).code(7);
    let done = done.says("app: nothing shows that app.notes.name holds no original").says("list it as `scripted`");
    assert!(!done.err.contains("app.notes.id"), "{}", done.err);
    assert_eq!((scene.generations(), scene.record()), (Vec::new(), None));
    // The remedy of the message.
    scene.config("rules: { app.notes.name: { fake: english_name }, ", "rules: { ");
    scene.config("scripted: [", "scripted: [app.notes.name, ");
    scene.devdb(&["rotate"]).code(0);
}

/// Partitions of a masked table: one that is empty needs no mask; one with rows of a script is named.
#[test]
fn a_partition_that_a_script_adds_to_a_masked_table_is_empty_or_refused() {
    let scene = Scene::new();
    let parted = "CREATE TABLE app.logs (id int, author text) PARTITION BY RANGE (id);\n\
                  CREATE TABLE app.logs_1 PARTITION OF app.logs FOR VALUES FROM (0) TO (100);\n\
                  INSERT INTO app.logs SELECT i, 'author ' || i FROM generate_series(1, 9) i;\n";
    scene.script("00-secure/10_logs.sql", parted);
    scene.config("rules: { app.users: ", "rules: { app.logs.author: { fake: english_name }, app.users: ");
    let add = "CREATE TABLE app.logs_2 PARTITION OF app.logs FOR VALUES FROM (100) TO (200);\n";
    scene.script("20-seed/20_logs.sql", add);
    scene.devdb(&["rotate", "--verbose"]).code(0).says("1 empty");
    scene.script("20-seed/20_logs.sql", &format!("{add}INSERT INTO app.logs VALUES (150, 'a developer');\n"));
    scene.devdb(&["rotate"]).code(7).says("nothing shows that app.logs_2.author holds no original").says("00-secure");
}

/// A query of 90-verify that takes a while: the ledger is complete by then, and not compared yet.
const PAUSE: &str = "SELECT 1 FROM pg_catalog.pg_sleep(6) AS slept WHERE slept::text <> '';\n";

/// Between the completion of the ledger and the publication gate.
#[test]
fn what_is_tampered_with_before_the_gate_is_refused() {
    let account: Account = account();
    account.script("90-verify/05_pause.sql", PAUSE);
    let attempts = [
        ("CREATE TABLE app.late (id int)", "app.late.id"),
        ("ALTER TABLE app.notification_outbox ADD late text", "app.notification_outbox.late"),
        ("DELETE FROM devdb_meta.ledger WHERE relation = 'app.users'::regclass AND attribute = 2", "app.users.email"),
        ("TRUNCATE devdb_meta.ledger", "app.users.name"),
        ("CREATE TABLE devdb_meta.late (id int)", "devdb_meta.late.id"),
        ("DROP TABLE app.notification_outbox", "does not exist"),
    ];
    for (tamper, named) in attempts {
        let mut run = start(&account, &["rotate"]);
        run.until(r#""step":"verify""#);
        let generations = account.generations();
        let [clone] = generations.as_slice() else { panic!("{generations:?}") };
        account.sql(clone, &format!("SET ROLE app_admin; {tamper}"));
        let (done, _) = run.end();
        done.code(7).says(named);
        assert_eq!((account.live(), account.generations()), (None, Vec::new()), "{tamper}");
    }
}

fn masking(keep: &[&str]) -> Masking {
    let keep = keep.iter().map(|path| ColumnPath::parse(path).unwrap()).collect();
    Masking { keep, ..Masking::new(Password::Env("DEVDB_MASK_KEY".into())) }
}

async fn differences(session: &Session) -> Vec<String> {
    let differences = ledger::unaccounted(session).await.unwrap();
    let shown = |difference: &Unaccounted| match difference {
        Unaccounted::Missing { place } => place.clone(),
        Unaccounted::Gone { attribute, .. } => format!("gone: {attribute}"),
    };
    differences.iter().map(shown).collect()
}

async fn a_difference_in_either_direction_is_named(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    let sql = "CREATE SCHEMA devdb_meta; CREATE TABLE devdb_meta.script (a int); CREATE TABLE kept (a int, b text); \
               CREATE TABLE parted (a int) PARTITION BY LIST (a); CREATE TABLE part PARTITION OF parted DEFAULT; \
               CREATE MATERIALIZED VIEW filled AS SELECT a FROM kept; CREATE VIEW of_kept AS SELECT * FROM kept; \
               CREATE SEQUENCE numbers; CREATE TEMP TABLE scratch (a int)";
    for statement in sql.split("; ") {
        session.run(statement).await.unwrap();
    }
    let catalog = devdb::mask::coverage::Catalog::read(&session).await.unwrap();
    let nothing_is_decided = devdb::mask::coverage::decide(&masking(&[]), &catalog);
    ledger::complete(&session, &nothing_is_decided).await.unwrap();
    assert_eq!(differences(&session).await, ["public.kept.a", "public.kept.b", "public.part.a"]);

    let kept = devdb::mask::coverage::decide(&masking(&["public.*.*"]), &catalog);
    ledger::complete(&session, &kept).await.unwrap();
    assert_eq!(differences(&session).await, [""; 0]);
    session
        .run("ALTER TABLE kept DROP COLUMN b CASCADE; ALTER TABLE kept ADD c text; DROP TABLE parted")
        .await
        .unwrap();
    assert_eq!(differences(&session).await, ["public.kept.c", "gone: 2", "gone: 1"]);
    // What was dropped is forgotten; what was added needs a decision.
    ledger::complete(&session, &kept).await.unwrap();
    assert_eq!(differences(&session).await, ["public.kept.c"]);
}
