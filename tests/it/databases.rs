//! Rotations of several databases on the local platform: each is marked, masked, searched and published by itself, and
//! one that is not configured stays closed.

use super::support::block_on;
use super::support::databases::{self, Database, FILLED};
use super::support::scene::Scene;

/// The same schema as in `app`, with other people; a database that nobody lists; and what an older clone left behind.
const LIKE_APP: Database = (
    "archive",
    "CREATE SCHEMA app;
     CREATE TABLE app.users (id int PRIMARY KEY, email text, name text, phone text);
     INSERT INTO app.users SELECT i, 'old' || i || '@corp.example', '박서연' || i, NULL FROM generate_series(1, 40) i;
     GRANT USAGE ON SCHEMA app TO app_service; GRANT SELECT ON app.users TO app_service",
);
const UNLISTED: Database =
    ("analytics", "CREATE TABLE visits (email text); INSERT INTO visits VALUES ('kim@corp.example')");
const ARCHIVE: &str = "  - { name: archive, postproc: scripts-archive }\n      - name: postgres\n";

fn scene_with(production: &'static [Database]) -> Scene {
    let scene = Scene::of(None, production);
    scene.config("  - name: postgres\n", ARCHIVE);
    scene
        .file("scripts-archive/10-scrub/10_users.sql", "UPDATE app.users SET email = 'old' || id || '@dev.example';\n");
    scene
}

#[test]
fn two_databases_with_the_same_schema_and_one_that_nobody_lists() {
    static PRODUCTION: [Database; 5] = [FILLED[0], FILLED[1], FILLED[2], LIKE_APP, UNLISTED];
    let scene = scene_with(&PRODUCTION);
    for _ in 0..2 {
        let done = scene.devdb(&["rotate"]).code(0).says("is live");
        let skipped = done.err.split_once("  skipped ").expect("a list of what was skipped").1;
        assert!(skipped.contains("database analytics is not configured: closed to all roles"), "{}", done.err);
        let (live, port) = scene.record().unwrap();
        databases::assert_scrubbed(&live, async |database| scene.developer_in(database).await);
        block_on(async {
            let archive = scene.developer_in("archive").await;
            let query = "SELECT count(*) FROM app.users WHERE email LIKE '%@dev.example' AND name ~ '^[A-Za-z .-]+$'";
            assert_eq!(archive.query_one(query, &[]).await.unwrap().get::<_, i64>(0), 40);
            let closed = super::support::server::login(port, "app_service", "dev-service-password", "analytics").await;
            assert_eq!(closed.map(drop).unwrap_err().sqlstate(), Some("55000"), "analytics accepts connections");
        });
    }
}

/// Production's settings of a role or a database would make a session of devdb read-only, or end its statements.
#[test]
fn settings_of_roles_and_databases_do_not_disturb_a_rotation() {
    const HOSTILE: Database = (
        "hostile",
        "CREATE TABLE people (id int PRIMARY KEY, email text);
         INSERT INTO people SELECT i, 'old' || i || '@corp.example' FROM generate_series(1, 40) i;
         GRANT SELECT ON people TO app_service;
         ALTER DATABASE hostile SET default_transaction_read_only = on;
         ALTER DATABASE hostile SET statement_timeout = '1ms';
         ALTER DATABASE hostile SET lock_timeout = '1ms';
         ALTER DATABASE hostile SET row_security = off;
         ALTER DATABASE hostile SET idle_session_timeout = '200ms';
         ALTER DATABASE hostile SET idle_in_transaction_session_timeout = '200ms';
         ALTER ROLE app_admin SET idle_session_timeout = '200ms';
         ALTER ROLE app_admin SET default_transaction_read_only = on",
    );
    const HOSTILE_SCRIPT: &str = "UPDATE public.people SET email = 'old' || id || '@dev.example';\n\
        SELECT pg_catalog.pg_sleep(0.5);\n";
    static PRODUCTION: [Database; 4] = [FILLED[0], FILLED[1], FILLED[2], HOSTILE];
    for major in [None, Some(18)] {
        let scene = Scene::of(major, &PRODUCTION);
        // Known from 17 on.
        if major.is_some() {
            let role = "ALTER ROLE app_admin SET transaction_timeout = '100ms'";
            block_on(scene.alter_production(&[role, "ALTER DATABASE hostile SET transaction_timeout = '100ms'"]));
        }
        scene
            .config(
                "  - name: postgres\n",
                "  - { name: hostile, postproc: scripts-hostile }\n      - name: postgres\n",
            )
            .config("keep: [", "keep: [public.people.id, ")
            .file("scripts-hostile/10-scrub/10_people.sql", HOSTILE_SCRIPT)
            .config("scripted: [", "scripted: [public.people.email, ");
        scene.devdb(&["rotate"]).code(0).says("is live");
        let live = scene.record().unwrap().0;
        databases::assert_scrubbed(&live, async |database| scene.developer_in(database).await);
    }
}

#[test]
fn undecided_columns_of_all_databases_are_refused_at_once() {
    const FIRST: Database = ("first", "CREATE TABLE one (undecided_here text)");
    const SECOND: Database = ("second", "CREATE TABLE two (undecided_there text)");
    static PRODUCTION: [Database; 5] = [FILLED[0], FILLED[1], FILLED[2], FIRST, SECOND];
    let scene = Scene::of(None, &PRODUCTION);
    scene.config("  - name: postgres\n", "  - name: first\n      - name: second\n      - name: postgres\n");
    let done = scene.devdb(&["rotate"]).code(7);
    for words in ["first cannot be published", "undecided_here", "second cannot be published", "undecided_there"] {
        assert!(done.err.contains(words), "{words:?} is not in\n{}", done.err);
    }
}

/// An original of one database that was copied into another before masking is none of that database's own originals, but
/// one within a database is found in whichever it is.
#[test]
fn an_original_that_is_left_in_the_second_database_stops_the_publication() {
    let scene = Scene::new();
    let copy = "CREATE TABLE billing.copies AS SELECT id, 'sent to ' || recipient AS note FROM billing.invoices;\n";
    scene.file("scripts-billing/00-secure/10_copy.sql", copy);
    let done = scene.devdb(&["rotate"]).code(7).says("billing: originals of billing.invoices.recipient (scripted)");
    done.says("billing.copies.note").says("was removed");
    assert_eq!((scene.generations(), scene.record()), (Vec::new(), None));
}

/// A snapshot of an instance that once was a generation brings its `devdb_meta` along, in every database, with the progress
/// of a masking run that never ended.
#[test]
fn what_another_generation_left_in_any_database_is_neither_believed_nor_in_the_way() {
    const LEFT: &str = "; CREATE SCHEMA devdb_meta;
        CREATE TABLE devdb_meta.generation (name text, snapshot text, run text, recipe text, phase text);
        INSERT INTO devdb_meta.generation VALUES ('app-dev-20200101-000000', '', '', '', 'scrubbed');
        CREATE TABLE devdb_meta.rewrite (only_row boolean, recipe text, stage text, schema_before text);
        INSERT INTO devdb_meta.rewrite VALUES (true, 'v2-0', 'rewriting', '');
        CREATE TABLE devdb_meta.leak_run (only_row boolean, key_check bigint, settled boolean, filter text);
        INSERT INTO devdb_meta.leak_run VALUES (true, 1, true, NULL);
        CREATE FUNCTION devdb_meta.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
        CREATE TRIGGER t BEFORE INSERT OR UPDATE ON devdb_meta.generation FOR EACH ROW EXECUTE FUNCTION devdb_meta.refuse()";
    static PRODUCTION: std::sync::LazyLock<Vec<Database>> = std::sync::LazyLock::new(|| {
        let with = |(name, sql): Database| (name, &*Box::leak(format!("{sql}{LEFT}").into_boxed_str()));
        FILLED.into_iter().chain([("postgres", "SELECT 1")]).map(with).collect()
    });
    let scene = Scene::of(None, &PRODUCTION);
    scene.devdb(&["rotate"]).code(0).says("is live");
    let live = scene.record().unwrap().0;
    databases::assert_scrubbed(&live, async |database| scene.developer_in(database).await);
}

/// Killed between two of the last writes of the publication gate: databases that carry the proof beside others that do
/// not are searched again; once all carry it, the fingerprints may be gone.
#[test]
fn a_run_that_was_killed_between_the_marks_of_two_databases_is_resumed() {
    let scene = Scene::new();
    // Fails until the row is gone, so that the recipe stays the same.
    scene.script(
        "20-seed/20_wait.sql",
        "INSERT INTO app.users VALUES (9005, 'wait@dev.example', 'Wait') ON CONFLICT DO NOTHING;",
    );
    scene.script("90-verify/20_wait.sql", "SELECT id FROM app.users WHERE id = 9005;");
    let live = |scene: &Scene| scene.record().map(|(generation, _)| generation);
    let mut left = Vec::new();
    let searched = |text: &str| text.matches("\"event\":\"leak_checked\"").count();
    let scrubbed = "UPDATE devdb_meta.generation SET phase = 'scrubbed'";
    let forget = "DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class WHERE relname ~ '^leak_' AND relkind = 'r' \
                  LOOP EXECUTE 'DROP TABLE ' || t; END LOOP; END $$";
    for (marked, forgotten, searches) in [
        (&databases::CONFIGURED[3..], None, 4), // the gate marks the last database first
        (&databases::CONFIGURED[..], None, 0),
        (&databases::CONFIGURED[..], Some("app"), 0),
    ] {
        scene.devdb(&["rotate", "--keep-failed"]).code(7);
        let clone = scene.generations().into_iter().find(|name| Some(name) != live(&scene).as_ref()).unwrap();
        block_on(async {
            for database in marked {
                scene.superuser_in(database, &clone, scrubbed).await;
            }
            if let Some(database) = forgotten {
                scene.superuser_in(database, &clone, forget).await;
            }
            scene.superuser(&clone, "DELETE FROM app.users WHERE id = 9005").await;
        });
        let done = scene.devdb(&["rotate", "--format", "json"]).code(0);
        assert_eq!(live(&scene), Some(clone.clone()), "the clone is resumed\n{}", done.out);
        assert_eq!(searched(&done.out), searches, "{}", done.out);
        databases::assert_scrubbed(&clone, async |database| scene.developer_in(database).await);
        left.push(clone);
    }
    assert_eq!(scene.generations(), left[2..]);
}

#[test]
fn a_database_that_cannot_be_marked_or_does_not_exist_is_named_with_a_remedy() {
    // The master user owns it no longer, so it may not create a schema in it.
    const FOREIGN: Database = (
        "foreign",
        "CREATE ROLE owner; GRANT owner TO app_admin; ALTER DATABASE \"foreign\" OWNER TO owner; REVOKE owner FROM app_admin",
    );
    static PRODUCTION: [Database; 4] = [FILLED[0], FILLED[1], FILLED[2], FOREIGN];
    let scene = Scene::of(None, &PRODUCTION);
    scene.config("  - name: postgres\n", "  - name: foreign\n");
    let done = scene.devdb(&["rotate"]).code(4).says("write the marker into database foreign: permission denied");
    done.says("make the master user the owner of the database").says("was removed");
    scene.config("  - name: foreign\n", "  - name: nowhere\n");
    scene.devdb(&["rotate"]).code(4).says("has no database nowhere").says("databases[3]").says("was removed");
    assert_eq!((scene.generations(), scene.record()), (Vec::new(), None));
}
