//! The three strategies, on every version and across versions.

use super::*;
use crate::on_14_to_18;

on_14_to_18!(
    a_master_without_superuser_makes_and_replaces_databases,
    a_new_database_is_the_sources_double,
    a_role_without_createdb_loads_in_one_transaction
);

async fn a_new_database_is_the_sources_double(version: Version) {
    let source = source(&version).await;
    let other = Cluster::unrelated(&version, &["wal_level = minimal", "max_wal_senders = 0"]).await;
    let mut whole = Whole::of(&source, "app").await;
    let expected = picture(&source.superuser("app").await).await;
    let loaded = load(&whole, &target(&other, "postgres", "", "copy"), CAREFUL).await.unwrap();
    assert_eq!(loaded.strategy, LoadStrategy::Scratch);
    assert_eq!(loaded.skipped.sentences(), Vec::<String>::new());
    assert_eq!(picture(&other.superuser("copy").await).await, expected);
    assert_eq!(databases(&other).await, ["copy", "postgres"]);

    // Again, in several streams a table: what is there is only replaced when that is asked for.
    whole.parts = 3;
    let refused = refusal(load(&whole, &target(&other, "postgres", "", "copy"), CAREFUL).await);
    assert!(matches!(&refused, Refusal::NotEmpty { found, .. } if found.starts_with("rows in ")), "{refused}");
    other
        .sql("postgres", "ALTER DATABASE copy SET work_mem = '7MB'; ALTER DATABASE copy SET search_path = app, public")
        .await;
    other
        .sql(
            "postgres",
            "CREATE ROLE dev; GRANT CREATE ON DATABASE copy TO dev; REVOKE CONNECT ON DATABASE copy FROM PUBLIC",
        )
        .await;
    let idle = other.superuser("copy").await;
    load(&whole, &target(&other, "postgres", "", "copy"), REPLACE).await.unwrap();
    assert!(idle.query("SELECT 1", &[]).await.is_err(), "a session of the replaced database lives");
    let copy = other.superuser("copy").await;
    let row = copy
        .query_one(
            "SELECT current_setting('work_mem'), current_setting('search_path'), has_database_privilege('dev', 'copy', 'CREATE'), \
             has_database_privilege('dev', 'copy', 'CONNECT')",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("7MB", "app, public"));
    assert_eq!((row.get::<_, bool>(2), row.get::<_, bool>(3)), (true, false));
    assert_eq!(picture(&copy).await, expected);
    assert_eq!(databases(&other).await, ["copy", "postgres"]);
}

async fn a_role_without_createdb_loads_in_one_transaction(version: Version) {
    let source = source(&version).await;
    let other = Cluster::unrelated(&version, &[]).await;
    other.sql("postgres", "CREATE ROLE dev LOGIN PASSWORD 'd'").await;
    other.sql("postgres", "CREATE DATABASE mine OWNER dev").await;
    let mine = target(&other, "dev", "d", "mine");
    let whole = Whole::of(&source, "app").await;
    let loaded = load(&whole, &mine, CAREFUL).await.unwrap();
    assert_eq!(loaded.strategy, LoadStrategy::Whole);
    // The owner of the source's objects exists on the target, but the loading role may not transfer objects to it.
    assert!(loaded.skipped.owners["postgres"] > 20, "{:?}", loaded.skipped);
    assert!(loaded.skipped.statements.is_empty(), "{:?}", loaded.skipped);
    let expected = picture(&source.superuser("app").await).await;
    assert_eq!(picture(&other.superuser("mine").await).await, expected);

    // Once more into the tables that are there now: triggers and cycles without a superuser.
    let refused = refusal(load(&whole, &mine, CAREFUL).await);
    assert!(matches!(refused, Refusal::NotEmpty { .. }), "{refused}");
    for parts in [1, 3] {
        let mut whole = Whole::of(&source, "app").await;
        whole.parts = parts;
        let loaded = load(&whole, &mine, REPLACE).await.unwrap();
        assert_eq!(loaded.strategy, LoadStrategy::Existing);
        assert_eq!(picture(&other.superuser("mine").await).await, expected, "{parts} parts");
    }
}

async fn a_master_without_superuser_makes_and_replaces_databases(version: Version) {
    let source = source(&version).await;
    // The master of the target may transfer objects to this role.
    source
        .sql(
            "app",
            "CREATE ROLE app_owner; ALTER TABLE app.users OWNER TO app_owner; ALTER SCHEMA app OWNER TO app_owner; \
             ALTER TABLE \"Od\"\"d\".\"Tab;le\" OWNER TO app_owner; \
             CREATE ROLE reader; GRANT SELECT ON app.users TO reader; GRANT USAGE ON SCHEMA app TO reader",
        )
        .await;
    let other = Cluster::unrelated(&version, &[]).await;
    other
        .sql("postgres", "CREATE ROLE app_owner; CREATE ROLE master LOGIN CREATEROLE CREATEDB PASSWORD 'm' NOINHERIT")
        .await;
    other.sql("postgres", "GRANT app_owner TO master; CREATE ROLE reader").await;
    let copy = target(&other, "master", "m", "copy");
    let whole = Whole::of(&source, "app").await;
    let expected = picture(&source.superuser("app").await).await;
    for options in [CAREFUL, REPLACE] {
        let loaded = load(&whole, &copy, options).await.unwrap();
        assert_eq!(loaded.strategy, LoadStrategy::Scratch);
        let owners: Vec<&str> = loaded.skipped.owners.keys().map(String::as_str).collect();
        assert_eq!(owners, ["postgres"], "{:?}", loaded.skipped);
        let session = other.superuser("copy").await;
        assert!(loaded.skipped.statements.is_empty(), "{:?}", loaded.skipped);
        let given = "SELECT concat_ws(' ', (SELECT string_agg(tableowner, ' ') FROM pg_tables WHERE tablename IN ('users', 'Tab;le')), \
                     has_schema_privilege('app_owner', 'Od\"d', 'CREATE'), has_table_privilege('reader', 'app.users', 'SELECT'), \
                     has_schema_privilege('reader', 'app', 'USAGE'), (SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'app'))";
        let given = session.query_one(given, &[]).await.unwrap();
        assert_eq!(given.get::<_, &str>(0), "app_owner app_owner f t t app_owner");
        assert_eq!(picture(&session).await, expected);
    }
    assert_eq!(databases(&other).await, ["copy", "postgres"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_migrations_are_filled() {
    let source = source(&version(15)).await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    other.sql("postgres", "CREATE DATABASE migrated").await;
    other.sql("migrated", HARD.split("SET session_replication_role").next().unwrap()).await;
    other.sql("migrated", "ALTER TABLE app.users ADD COLUMN newer text; REFRESH MATERIALIZED VIEW app.z_first").await;
    let whole = Whole::of(&source, "app").await;
    let loaded = load(&whole, &target(&other, "postgres", "", "migrated"), CAREFUL).await.unwrap();
    assert_eq!(loaded.strategy, LoadStrategy::Existing);
    let session = other.superuser("migrated").await;
    let row = session
        .query_one(
            "SELECT (SELECT count(*) FROM app.users), (SELECT count(*) FROM app.log), (SELECT n FROM app.a_second)",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1), row.get::<_, i64>(2)), (500, 0, 500));
    let triggers = "SELECT string_agg(tgname || tgenabled::text, ' ' ORDER BY tgname) FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0";
    let row = session.query_one(triggers, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "alwaysA offD partedO plainO replicaR");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tables() {
    let source = Cluster::start(&version(15), &["max_locks_per_transaction = 256"]).await;
    source.sql("postgres", "CREATE DATABASE app").await;
    let make = "DO $$ BEGIN FOR i IN 1..1000 LOOP \
                EXECUTE format('CREATE TABLE t%s (id serial PRIMARY KEY, up integer REFERENCES t%s)', i, greatest(i - 1, 1)); \
                EXECUTE format('INSERT INTO t%s VALUES (1, 1), (2, 1)', i); END LOOP; END $$";
    source.sql("app", make).await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    let whole = Whole::of(&source, "app").await;
    let began = std::time::Instant::now();
    load(&whole, &target(&other, "postgres", "", "copy"), CAREFUL).await.unwrap();
    println!("a thousand tables: {:?}", began.elapsed());
    let session = other.superuser("copy").await;
    let row = session
        .query_one(
            "SELECT count(*) FILTER (WHERE contype = 'f'), count(*) FILTER (WHERE contype = 'p') FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1000, 1000));
    assert_eq!(session.query_one("SELECT nextval('t1000_id_seq')", &[]).await.unwrap().get::<_, i64>(0), 3);
}

async fn across(from: u32, to: u32) {
    let source = source(&version(from)).await;
    let other = Cluster::unrelated(&version(to), &[]).await;
    let whole = Whole::of(&source, "app").await;
    load(&whole, &target(&other, "postgres", "", "copy"), CAREFUL).await.unwrap();
    let rows =
        |lines: Vec<String>| -> Vec<String> { lines.into_iter().filter(|line| line.contains(" rows ")).collect() };
    let expected = rows(picture(&source.superuser("app").await).await);
    assert_eq!(rows(picture(&other.superuser("copy").await).await), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_15_to_18() {
    across(15, 18).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_14_to_15() {
    across(14, 15).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_target_has_no_place_for_is_skipped_and_named() {
    let source = source(&version(15)).await;
    source
        .sql(
            "app",
            "CREATE ROLE app_owner; CREATE ROLE \"read er\"; ALTER TABLE app.users OWNER TO app_owner; \
             GRANT SELECT ON app.users TO \"read er\"; GRANT SELECT (id) ON app.orders TO app_owner WITH GRANT OPTION; \
             CREATE POLICY mine ON app.credits TO \"read er\" USING (true); \
             ALTER DEFAULT PRIVILEGES FOR ROLE app_owner IN SCHEMA app GRANT SELECT ON TABLES TO \"read er\"; \
             CREATE PUBLICATION everything FOR ALL TABLES; \
             CREATE FUNCTION app.evil() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fired''; END'; \
             CREATE EXTENSION postgres_fdw; \
             CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'prod.example'); \
             CREATE USER MAPPING FOR postgres SERVER elsewhere OPTIONS (password 'prod-secret'); \
             CREATE FOREIGN TABLE app.far (a integer OPTIONS (column_name 'A')) SERVER elsewhere OPTIONS (table_name 'x'); \
             COMMENT ON FOREIGN TABLE app.far IS 'far away'; \
             CREATE VIEW app.near AS SELECT a FROM app.far; \
             CREATE SUBSCRIPTION prod CONNECTION 'host=prod.example' PUBLICATION p WITH (connect = false); \
             CREATE EVENT TRIGGER evil ON ddl_command_end EXECUTE FUNCTION app.evil()",
        )
        .await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    let whole = Whole::of(&source, "app").await;
    let loaded = load(&whole, &target(&other, "postgres", "", "copy"), CAREFUL).await.unwrap();
    let roles: Vec<(String, usize)> = loaded.skipped.roles.into_iter().collect();
    assert_eq!(roles, [("app_owner".to_owned(), 3), ("read er".to_owned(), 1)]);
    let said = loaded.skipped.statements.join("\n");
    for word in [
        "CREATE PUBLICATION everything",
        "CREATE EVENT TRIGGER evil",
        "CREATE SERVER elsewhere",
        "CREATE USER MAPPING",
        "CREATE POLICY mine",
    ] {
        assert!(said.contains(word), "{word} is not named in {said}");
    }
    assert!(!said.contains("prod-secret"), "{said}");
    assert_eq!(loaded.skipped.foreign_tables, ["app.far"]);
    let row = other
        .superuser("copy")
        .await
        .query_one(
            "SELECT (SELECT count(*) FROM app.near), (SELECT count(*) FROM pg_foreign_server) + (SELECT count(*) FROM pg_subscription) \
             + (SELECT count(*) FROM pg_publication) + (SELECT count(*) FROM pg_event_trigger)",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_extension_that_is_missing_is_named() {
    let source = Cluster::start(&version(15), &[]).await;
    source.sql("postgres", "CREATE DATABASE app").await;
    source.sql("app", "CREATE EXTENSION adminpack; CREATE TABLE t (id integer)").await;
    // 18 has no adminpack any more.
    let other = Cluster::unrelated(&version(18), &[]).await;
    let whole = Whole::of(&source, "app").await;
    let loaded = load(&whole, &target(&other, "postgres", "", "copy"), CAREFUL).await.unwrap();
    assert!(loaded.skipped.extensions.contains("adminpack"), "{:?}", loaded.skipped);
}
