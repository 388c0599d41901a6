//! Reading the source: with SELECT only, on a standby, in one snapshot, on one server, and until it is interrupted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use devdb::mask::{Expression, Key};
use devdb::pg::Session;
use devdb::sample::{Masks, SampleError, SelectionInput, select};
use futures_util::{StreamExt, TryStreamExt};
use tokio::net::{TcpListener, TcpStream};

use crate::on_14_to_18;
use crate::support::cluster::Version;

use super::scene::{GRANT_ALL, Scene, Warnings, config, rows, rows_where, select_from, source};

on_14_to_18!(
    exactly_select_is_required,
    a_standby_is_read,
    all_rows_are_from_one_snapshot,
    a_balanced_endpoint_is_refused,
    an_interruption_cancels_the_query_on_the_server,
    large_tables_are_read_in_parts_and_masked,
);

const DDL: &str = "CREATE SCHEMA app; CREATE TABLE app.users (id int PRIMARY KEY, email text, mood int); \
     CREATE TABLE app.notes (of int REFERENCES app.users, note text); CREATE INDEX ON app.notes (of)";
const DATA: &str = "INSERT INTO app.users SELECT i, 'kim' || i || '@real.kr', i % 7 FROM generate_series(1, 300) i; \
     INSERT INTO app.notes SELECT 1 + i % 300, 'note ' || i FROM generate_series(1, 3000) i";

async fn exactly_select_is_required(version: Version) {
    let scene = Scene::new(&version, DDL, DATA).await;
    let root = config("", "root: app.users");
    let before = scene.cluster.superuser("app").await;
    let count = "SELECT xact_commit, tup_inserted + tup_updated + tup_deleted, temp_files FROM pg_stat_database WHERE datname = 'app'";
    let written: i64 = before.query_one(count, &[]).await.unwrap().get(1);
    let found = scene.sample(&root, &rows("app.users", "1,2")).await;
    assert_eq!(found["app.notes"].len(), 20);
    let after: i64 = before.query_one(count, &[]).await.unwrap().get(1);
    assert_eq!(written, after, "something was written to the source");

    let refused = async || match scene.select(&root, &rows("app.users", "1")).await {
        Err(error) => format!("{error}; {}", error.hint().unwrap_or_default()),
        Ok(_) => "accepted".to_owned(),
    };
    scene.cluster.sql("app", "REVOKE SELECT ON app.notes FROM reader").await;
    assert_eq!(
        refused().await,
        "reader cannot read 1 table; run on the source: GRANT SELECT ON \"app\".\"notes\" TO \"reader\""
    );
    let error = devdb::sample::check(&scene.source().await, root.sample.as_ref().unwrap(), &[]).await.err().unwrap();
    assert!(matches!(&error, SampleError::MissingPrivileges { grants, .. } if grants.len() == 1), "{error}");
    let without = config("", "root: app.users\ntables: { app.notes: none }");
    // pg_dump reads the schema of every table, which requires the same privilege.
    assert!(matches!(
        scene.select(&without, &rows("app.users", "1")).await,
        Err(SampleError::MissingPrivileges { .. })
    ));
    scene.cluster.sql("app", "REVOKE USAGE ON SCHEMA app FROM reader").await;
    assert!(refused().await.starts_with(
        "reader cannot read 2 tables; run on the source: GRANT USAGE ON SCHEMA \"app\" TO \"reader\"; GRANT SELECT"
    ));
    scene.cluster.sql("app", GRANT_ALL).await;
    scene.cluster.sql("app", "ALTER TABLE app.users ENABLE ROW LEVEL SECURITY").await;
    assert!(refused().await.starts_with(
        "row-level security hides rows of app.users from reader; run on the source: ALTER ROLE \"reader\" BYPASSRLS"
    ));
}

async fn a_standby_is_read(version: Version) {
    let mut scene = Scene::new(&version, DDL, DATA).await;
    let (primary, standby) = scene.cluster.with_standby(&["max_standby_streaming_delay = 0"]).await;
    scene.cluster = primary;
    let from = source(standby.port(), "reader", "r").await;
    let root = config("", "root: app.users");
    let selection = select_from(&from, &root, &rows("app.users", "5")).await.unwrap();
    assert_eq!(scene.load(selection, &Masks::new()).await["app.notes"].len(), 10);

    // The primary removes rows that the snapshot sees: the standby cancels the query, and the selection starts over.
    let warnings = Arc::new(Warnings::default());
    let (seeds, sample) =
        ([rows_where("app.users", "id < 3 AND pg_sleep(1) IS NOT NULL", None)], root.sample.clone().unwrap());
    let listener = warnings.clone();
    let selecting = tokio::spawn(async move {
        let input = SelectionInput { seeds: &seeds, sample: &sample, references: &[], explain: false };
        select(&from, &input, &*listener, std::future::pending()).await.map(|selection| selection.plan().rows())
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    let primary = scene.cluster.superuser("app").await;
    primary.run("UPDATE app.users SET mood = mood + 1").await.unwrap();
    primary.run("VACUUM app.users").await.unwrap();
    let rows = selecting.await.unwrap().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rows, 22);
    let heard = warnings.0.lock().unwrap().clone();
    assert!(!heard.is_empty() && heard[0].contains("retrying with a new snapshot"), "{heard:?}");
}

async fn all_rows_are_from_one_snapshot(version: Version) {
    let scene = Scene::new(&version, DDL, DATA).await;
    let selection = scene.select(&config("", "root: app.users"), &rows("app.users", "1")).await.unwrap();
    scene
        .cluster
        .sql(
            "app",
            "DELETE FROM app.notes; UPDATE app.users SET email = 'later'; INSERT INTO app.notes VALUES (1, 'later')",
        )
        .await;
    scene.cluster.sql("app", "VACUUM").await;
    let found = scene.load(selection, &Masks::new()).await;
    assert_eq!(found["app.notes"].len(), 10);
    assert_eq!(found["app.users"], ["(1,kim1@real.kr,1)"]);
}

async fn a_balanced_endpoint_is_refused(version: Version) {
    let one = Scene::new(&version, DDL, DATA).await;
    let other = Scene::new(&version, DDL, DATA).await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let servers = [one.cluster.port(), other.cluster.port()];
    let proxy = tokio::spawn(async move {
        for turn in 0.. {
            let (mut near, _) = listener.accept().await.unwrap();
            let to = servers[turn % 2];
            tokio::spawn(async move {
                if let Ok(mut far) = TcpStream::connect(("127.0.0.1", to)).await {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                }
            });
        }
    });
    let from = source(port, "reader", "r").await;
    let error = select_from(&from, &config("", "root: app.users"), &rows("app.users", "1")).await.err().unwrap();
    assert!(matches!(error, SampleError::MixedServers { .. }), "{error}");
    assert!(error.hint().unwrap().contains("endpoint of one instance"));
    proxy.abort();
}

async fn running(session: &Session) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active'";
    session.query_one(sql, &[]).await.unwrap().get(0)
}

async fn none_running(session: &Session) {
    let begun = Instant::now();
    while running(session).await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(5), "the query still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn an_interruption_cancels_the_query_on_the_server(version: Version) {
    let scene = Scene::new(&version, DDL, DATA).await;
    let superuser = scene.cluster.superuser("app").await;
    let root = config("", "root: app.users");
    let seeds = [rows_where("app.users", "pg_sleep(60) IS NOT NULL", Some(1))];
    let sample = root.sample.as_ref().unwrap();
    let input = SelectionInput { seeds: &seeds, sample, references: &[], explain: false };
    let from = scene.source().await;
    // Interrupted.
    let begun = Instant::now();
    let stop = tokio::time::sleep(Duration::from_secs(1));
    let error = select(&from, &input, &Warnings::default(), stop).await.err().unwrap();
    assert!(matches!(error, SampleError::Interrupted) && begun.elapsed() < Duration::from_secs(4), "{error}");
    none_running(&superuser).await;
    // Dropped during a query.
    let warnings = Warnings::default();
    let selecting = select(&from, &input, &warnings, std::future::pending());
    assert!(tokio::time::timeout(Duration::from_secs(1), selecting).await.is_err());
    none_running(&superuser).await;
    // Statement timeout.
    let mut impatient = from.clone();
    impatient.statement_timeout = Duration::from_millis(300);
    let error = select_from(&impatient, &root, &seeds).await.err().unwrap();
    assert!(matches!(&error, SampleError::Source(error) if error.sqlstate() == Some("57014")), "{error}");
    // A dropped stream.
    scene.cluster.sql("app", "INSERT INTO app.notes SELECT 1, repeat('x', 1000) FROM generate_series(1, 100000)").await;
    let selection = scene.select(&root, &rows("app.users", "1")).await.unwrap();
    let extraction = selection.extract(&Masks::new());
    let mut stream = extraction.copy(0, 0).await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    none_running(&superuser).await;
    let bytes: usize = extraction
        .copy(1, 0)
        .await
        .unwrap()
        .map_ok(|bytes| bytes.len())
        .try_fold(0, async |all, one| Ok(all + one))
        .await
        .unwrap();
    assert!(bytes > 0, "a new connection replaces the cancelled one");
}

async fn large_tables_are_read_in_parts_and_masked(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE users (id int PRIMARY KEY, email text, tags text[]); \
         CREATE TABLE notes (id bigint PRIMARY KEY, of int REFERENCES users, note text); CREATE INDEX ON notes (of); \
         CREATE TABLE marks (of int REFERENCES users, at int); CREATE INDEX ON marks (of); \
         CREATE TABLE places (of int REFERENCES users, at regclass)",
        "INSERT INTO users SELECT i, 'kim' || i || '@real.kr', ARRAY['a', NULL] FROM generate_series(1, 10) i; \
         INSERT INTO notes SELECT i, 1 + i % 2, 'n' || i FROM generate_series(1, 450000) i; \
         INSERT INTO marks SELECT 1, i FROM generate_series(1, 25000) i; INSERT INTO places VALUES (1, 'users')",
    )
    .await;
    let selection = scene.select(&config("", "root: public.users"), &rows("public.users", "1,2")).await.unwrap();
    let columns = selection.columns().to_vec();
    let key = Key::new("an example key!!").unwrap();
    let compiled = |yaml: &str, path: &str| -> Expression {
        let rule = devdb::mask::Rule::resolve(&serde_yaml::from_str(yaml).unwrap()).unwrap();
        devdb::mask::compile(&rule, columns.iter().find(|column| column.path() == path).unwrap(), &key).unwrap()
    };
    let named = |table: &str, column: &str| ("public".to_owned(), table.to_owned(), column.to_owned());
    let masks = Masks::from([
        (named("users", "email"), compiled("email", "public.users.email")),
        (named("notes", "note"), compiled("null", "public.notes.note")),
    ]);
    let extraction = selection.extract(&masks);
    let tables: Vec<(&str, bool, u64)> =
        extraction.tables().iter().map(|table| (table.table.as_str(), table.binary, table.rows)).collect();
    assert_eq!(tables, [("marks", true, 25_000), ("notes", true, 450_000), ("places", false, 1), ("users", true, 2)]);
    assert_eq!(extraction.parts(1), 3);
    assert_eq!((extraction.parts(0), extraction.major()), (1, version.major));
    let dump = extraction.dump_connection();
    assert_eq!(
        (dump.address.port(), dump.user.as_str(), dump.server_name.as_ref()),
        (scene.cluster.port(), "reader", None)
    );
    // The bytes are the same every time, wherever the pieces end.
    let all = async || {
        let mut bytes = Vec::new();
        let mut stream = extraction.copy(0, 0).await.unwrap();
        while let Some(piece) = stream.try_next().await.unwrap() {
            bytes.extend_from_slice(&piece);
        }
        bytes
    };
    assert_eq!(all().await, all().await);
    drop(extraction);
    let selection = scene.select(&config("", "root: public.users"), &rows("public.users", "1,2")).await.unwrap();
    let found = scene.load(selection, &masks).await;
    assert_eq!(found["public.notes"].len(), 450_000);
    assert!(found["public.notes"].contains(&"(17,2,)".to_owned()), "the note is masked at the source");
    assert!(
        found["public.users"].iter().all(|row| !row.contains("real.kr") && row.contains("example")),
        "{:?}",
        found["public.users"]
    );
    assert_eq!(found["public.places"], ["(1,users)"]);
}
