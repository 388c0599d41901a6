//! What a load must keep, and what must not stop it.

use super::*;

async fn a_small_source(sql: &str) -> Cluster {
    let source = Cluster::start(&version(15), &[]).await;
    source.sql("postgres", "CREATE DATABASE app").await;
    source.sql("app", sql).await;
    source
}

async fn without_superuser() -> Cluster {
    let other = Cluster::unrelated(&version(15), &[]).await;
    other.sql("postgres", "CREATE ROLE master LOGIN CREATEDB PASSWORD 'm'").await;
    other.sql("postgres", "CREATE DATABASE mine OWNER master").await;
    other
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_while_a_load_runs() {
    let source = source(&version(15)).await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    other.sql("postgres", "CREATE DATABASE mine").await;
    let whole = Whole::of(&source, "app").await;
    let (schema, guard) = (whole.schema().await, whole.guard(other.address()).await);
    // It is polled after the target was inspected.
    let meanwhile = async {
        other.sql("mine", "CREATE TABLE precious AS SELECT 1 AS id").await;
        std::future::pending().await
    };
    let mine = target(&other, "postgres", "", "mine");
    let done = load::load(&whole, &schema, &mine, &guard, CAREFUL, &Heard::default(), meanwhile).await;
    assert!(matches!(refusal(done), Refusal::NotEmpty { found, .. } if found == "rows in public.precious"));
    let session = other.superuser("mine").await;
    assert_eq!(session.query_one("SELECT id FROM precious", &[]).await.unwrap().get::<_, i32>(0), 1);
    assert_eq!(databases(&other).await, ["mine", "postgres"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_in_a_database_and_is_no_table() {
    let source = a_small_source("CREATE TABLE t (id integer); INSERT INTO t VALUES (1)").await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    let whole = Whole::of(&source, "app").await;
    for (at, sql) in [
        "SELECT pg_catalog.lo_create(0)",
        "CREATE PUBLICATION p",
        "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p WITH (connect = false)",
        "CREATE COLLATION c FROM \"C\"",
        "CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq)",
        "CREATE TEXT SEARCH CONFIGURATION c (COPY = simple)",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w",
        "CREATE TYPE t AS (a integer)",
    ]
    .iter()
    .enumerate()
    {
        let name = format!("full{at}");
        other.sql("postgres", &format!("CREATE DATABASE {name}")).await;
        other.sql(&name, sql).await;
        match load(&whole, &target(&other, "postgres", "", &name), CAREFUL).await {
            Err(Error::Refused(Refusal::NotEmpty { .. })) => {}
            done => panic!("{sql}: {:?}", done.map(|loaded| loaded.strategy)),
        }
    }
    // Extensions alone may have been created by a role with more privileges.
    other.sql("postgres", "CREATE DATABASE ready").await;
    other.sql("ready", "CREATE EXTENSION hstore").await;
    let loaded = load(&whole, &target(&other, "postgres", "", "ready"), CAREFUL).await.unwrap();
    assert_eq!(loaded.strategy, LoadStrategy::Whole);
    let found = "SELECT count(*) FROM t, pg_extension WHERE extname = 'hstore'";
    assert_eq!(other.superuser("ready").await.query_one(found, &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_database_has_of_its_own() {
    let source = a_small_source("CREATE TABLE t (id integer)").await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    other.sql("postgres", "CREATE DATABASE mine").await;
    other.sql("mine", "CREATE TABLE t (id integer); INSERT INTO t VALUES (1); CREATE ROLE \"de v\"").await;
    other.sql("postgres", "ALTER ROLE \"de v\" IN DATABASE mine SET work_mem = '7MB'").await;
    other.sql("postgres", "COMMENT ON DATABASE mine IS 'it''s mine'; ALTER DATABASE mine IS_TEMPLATE true").await;
    let whole = Whole::of(&source, "app").await;
    let loaded = load(&whole, &target(&other, "postgres", "", "mine"), REPLACE).await.unwrap();
    assert_eq!((loaded.skipped.statements.len(), loaded.notes.len()), (0, 0), "{loaded:?}");
    let found = "SELECT concat_ws(' ', pg_catalog.shobj_description(d.oid, 'pg_database'), d.datistemplate, \
                 (SELECT setrole::regrole || setconfig::text FROM pg_db_role_setting WHERE setdatabase = d.oid), \
                 (SELECT count(*) FROM pg_database WHERE datname LIKE 'devdb%')) FROM pg_database d WHERE datname = 'mine'";
    let found = other.superuser("mine").await.query_one(found, &[]).await.unwrap();
    assert_eq!(found.get::<_, &str>(0), "it's mine t \"de v\"{work_mem=7MB} 0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_not_be_done_is_told_and_stops_nothing() {
    let source = a_small_source("CREATE TABLE t (id integer); INSERT INTO t VALUES (1)").await;
    let other = without_superuser().await;
    other.sql("mine", "CREATE TABLE t (id integer); INSERT INTO t VALUES (2); ALTER TABLE t OWNER TO master").await;
    other.sql("postgres", "ALTER DATABASE mine SET log_statement = 'all'").await;
    // A database with a subscription cannot be dropped.
    let left = "devdb_old_0123456789abcdef";
    other.sql("postgres", &format!("CREATE DATABASE {left} OWNER master")).await;
    other.sql(left, "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p WITH (connect = false)").await;
    let whole = Whole::of(&source, "app").await;
    let (schema, guard, heard) = (whole.schema().await, whole.guard(other.address()).await, Heard::default());
    let mine = target(&other, "master", "m", "mine");
    let loaded = load::load(&whole, &schema, &mine, &guard, REPLACE, &heard, std::future::pending()).await.unwrap();
    let said = loaded.skipped.statements.join("\n");
    assert!(said.contains("log_statement"), "{said}");
    assert!(heard.text().contains(left), "{}", heard.text());
    // A session with more privileges stays connected; the remedy names it.
    let session = other.superuser("mine").await;
    let error = load(&whole, &mine, REPLACE).await.unwrap_err();
    assert!(error.hint().unwrap_or_default().contains("more privileges"), "{error}: {:?}", error.hint());
    assert_eq!(session.query_one("SELECT id FROM t", &[]).await.unwrap().get::<_, i32>(0), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_is_not_waited_for_without_end() {
    let source = a_small_source("CREATE TABLE t (id integer); INSERT INTO t VALUES (1)").await;
    let other = without_superuser().await;
    other.sql("mine", "CREATE TABLE t (id integer); ALTER TABLE t OWNER TO master").await;
    let session = other.superuser("mine").await;
    session.run("BEGIN; LOCK TABLE t IN SHARE MODE").await.unwrap();
    let whole = Whole::of(&source, "app").await;
    let error = load(&whole, &target(&other, "master", "m", "mine"), CAREFUL).await.unwrap_err();
    let said = format!("{error} {}", error.hint().unwrap_or_default());
    assert!(said.contains("public.t") && said.contains("postgres") && said.contains("pg_terminate_backend"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_of_the_server_are_meant_for_others() {
    let source = source(&version(15)).await;
    let whole = Whole::of(&source, "app").await;
    let other = Cluster::unrelated(&version(15), &["idle_session_timeout = 300ms"]).await;
    load(&whole, &target(&other, "postgres", "", "mine"), CAREFUL).await.unwrap();
    let other = Cluster::unrelated(&version(18), &[]).await;
    other.sql("postgres", "CREATE ROLE dev LOGIN PASSWORD 'd'; ALTER ROLE dev SET transaction_timeout = 200").await;
    other.sql("postgres", "CREATE DATABASE mine OWNER dev").await;
    load(&whole, &target(&other, "dev", "d", "mine"), CAREFUL).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heirs_have_keys_of_their_own() {
    let tables = "CREATE TABLE people (id integer PRIMARY KEY); CREATE TABLE staff () INHERITS (people); \
                  CREATE TABLE notes (person integer REFERENCES people); CREATE TABLE drafts () INHERITS (notes)";
    let source =
        a_small_source(&format!("{tables}; INSERT INTO staff VALUES (5); INSERT INTO drafts VALUES (7)")).await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    for name in ["first", "second"] {
        other.sql("postgres", &format!("CREATE DATABASE {name}")).await;
        other.sql(name, tables).await;
    }
    let whole = Whole::of(&source, "app").await;
    let loaded = load(&whole, &target(&other, "postgres", "", "first"), CAREFUL).await.unwrap();
    assert_eq!(loaded.strategy, LoadStrategy::Existing);
    source.sql("app", "SET session_replication_role = replica; INSERT INTO notes VALUES (5)").await;
    let whole = Whole::of(&source, "app").await;
    let error = load(&whole, &target(&other, "postgres", "", "second"), CAREFUL).await.unwrap_err();
    assert!(matches!(&error, Error::ForeignKeyViolated { table, rows: 1, .. } if table == "public.notes"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_does_not_go_back_in_time() {
    let source = Cluster::start(&version(18), &[]).await;
    source.sql("postgres", "CREATE DATABASE app").await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    let whole = Whole::of(&source, "app").await;
    let mine = target(&other, "postgres", "", "mine");
    let refused = refusal(load(&whole, &mine, CAREFUL).await);
    assert_eq!(refused, Refusal::Older { target: mine.name(), major: 15, source_major: 18 });
    assert_eq!(databases(&other).await, ["postgres"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sequence_behind_a_domain_of_a_domain() {
    let source = a_small_source(
        "CREATE DOMAIN a AS bigint; CREATE DOMAIN b AS a; CREATE SEQUENCE s; \
         CREATE TABLE t (id b DEFAULT nextval('s')); INSERT INTO t SELECT FROM generate_series(1, 9)",
    )
    .await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    let whole = Whole::of(&source, "app").await;
    load(&whole, &target(&other, "postgres", "", "mine"), CAREFUL).await.unwrap();
    let next = other.superuser("mine").await.query_one("SELECT nextval('s')", &[]).await.unwrap();
    assert_eq!(next.get::<_, i64>(0), 10);
}
