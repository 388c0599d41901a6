//! How a source is read: with SELECT only, on a standby, in one snapshot, on one server, and no longer than
//! somebody wants to know.

use std::sync::Arc;
use std::time::{Duration, Instant};

use devdb::mask::{Expression, Key};
use devdb::pg::Session;
use devdb::sample::{Masks, SampleError, SelectionInput, select};
use futures_util::{StreamExt, TryStreamExt};
use tokio::net::{TcpListener, TcpStream};

use crate::on_every_version;
use crate::support::cluster::Version;

use super::scene::{Ears, OPEN, Scene, config, rows, selected, source, those};

on_every_version!(
    select_is_all_it_takes_and_all_of_it,
    a_standby_will_do,
    all_is_of_one_snapshot,
    a_balanced_endpoint_is_refused,
    whoever_stops_ends_the_query_on_the_server,
    large_tables_come_in_parts_and_masked,
);

const DDL: &str = "CREATE SCHEMA app; CREATE TABLE app.users (id int PRIMARY KEY, email text, mood int); \
     CREATE TABLE app.notes (of int REFERENCES app.users, note text); CREATE INDEX ON app.notes (of)";
const DATA: &str = "INSERT INTO app.users SELECT i, 'kim' || i || '@real.kr', i % 7 FROM generate_series(1, 300) i; \
     INSERT INTO app.notes SELECT 1 + i % 300, 'note ' || i FROM generate_series(1, 3000) i";

async fn select_is_all_it_takes_and_all_of_it(version: Version) {
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
        Ok(_) => "taken".to_owned(),
    };
    scene.cluster.sql("app", "REVOKE SELECT ON app.notes FROM reader").await;
    assert_eq!(
        refused().await,
        "reader cannot read 1 table; run on the source: GRANT SELECT ON \"app\".\"notes\" TO \"reader\""
    );
    let error = devdb::sample::check(&scene.source().await, root.sample.as_ref().unwrap(), &[]).await.err().unwrap();
    assert!(matches!(&error, SampleError::MissingPrivileges { grants, .. } if grants.len() == 1), "{error}");
    let without = config("", "root: app.users\ntables: { app.notes: none }");
    // Its schema is read all the same, for which pg_dump asks for the same right.
    assert!(matches!(
        scene.select(&without, &rows("app.users", "1")).await,
        Err(SampleError::MissingPrivileges { .. })
    ));
    scene.cluster.sql("app", "REVOKE USAGE ON SCHEMA app FROM reader").await;
    assert!(refused().await.starts_with(
        "reader cannot read 2 tables; run on the source: GRANT USAGE ON SCHEMA \"app\" TO \"reader\"; GRANT SELECT"
    ));
    scene.cluster.sql("app", OPEN).await;
    scene.cluster.sql("app", "ALTER TABLE app.users ENABLE ROW LEVEL SECURITY").await;
    assert!(refused().await.starts_with(
        "row-level security hides rows of app.users from reader; run on the source: ALTER ROLE \"reader\" BYPASSRLS"
    ));
}

async fn a_standby_will_do(version: Version) {
    let mut scene = Scene::new(&version, DDL, DATA).await;
    let (primary, standby) = scene.cluster.with_standby(&["max_standby_streaming_delay = 0"]).await;
    scene.cluster = primary;
    let from = source(standby.port(), "reader", "r").await;
    let root = config("", "root: app.users");
    let selection = selected(&from, &root, &rows("app.users", "5")).await.unwrap();
    assert_eq!(scene.load(selection, &Masks::new()).await["app.notes"].len(), 10);

    // The primary removes rows that the snapshot sees: the standby ends the query, and it is tried again.
    let ears = Arc::new(Ears::default());
    let (seeds, sample) =
        ([those("app.users", "id < 3 AND pg_sleep(1) IS NOT NULL", None)], root.sample.clone().unwrap());
    let heard = ears.clone();
    let selecting = tokio::spawn(async move {
        let wanted = SelectionInput { seeds: &seeds, sample: &sample, references: &[], explain: false };
        select(&from, &wanted, &*heard, std::future::pending()).await.map(|selection| selection.plan().rows())
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    let primary = scene.cluster.superuser("app").await;
    primary.run("UPDATE app.users SET mood = mood + 1").await.unwrap();
    primary.run("VACUUM app.users").await.unwrap();
    let rows = selecting.await.unwrap().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rows, 22);
    let heard = ears.0.lock().unwrap().clone();
    assert!(!heard.is_empty() && heard[0].contains("starting over from a new snapshot"), "{heard:?}");
}

async fn all_is_of_one_snapshot(version: Version) {
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
    let error = selected(&from, &config("", "root: app.users"), &rows("app.users", "1")).await.err().unwrap();
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
        assert!(begun.elapsed() < Duration::from_secs(5), "the query goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn whoever_stops_ends_the_query_on_the_server(version: Version) {
    let scene = Scene::new(&version, DDL, DATA).await;
    let superuser = scene.cluster.superuser("app").await;
    let root = config("", "root: app.users");
    let seeds = [those("app.users", "pg_sleep(60) IS NOT NULL", Some(1))];
    let sample = root.sample.as_ref().unwrap();
    let wanted = SelectionInput { seeds: &seeds, sample, references: &[], explain: false };
    let from = scene.source().await;
    // Asked to stop.
    let begun = Instant::now();
    let stop = tokio::time::sleep(Duration::from_secs(1));
    let error = select(&from, &wanted, &Ears::default(), stop).await.err().unwrap();
    assert!(matches!(error, SampleError::Interrupted) && begun.elapsed() < Duration::from_secs(4), "{error}");
    none_running(&superuser).await;
    // Dropped in the middle.
    let ears = Ears::default();
    let selecting = select(&from, &wanted, &ears, std::future::pending());
    assert!(tokio::time::timeout(Duration::from_secs(1), selecting).await.is_err());
    none_running(&superuser).await;
    // A limit in time.
    let mut hasty = from.clone();
    hasty.statement_timeout = Duration::from_millis(300);
    let error = selected(&hasty, &root, &seeds).await.err().unwrap();
    assert!(matches!(&error, SampleError::Source(error) if error.sqlstate() == Some("57014")), "{error}");
    // A stream that is dropped.
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
    assert!(bytes > 0, "another connection takes its place");
}

async fn large_tables_come_in_parts_and_masked(version: Version) {
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
    // The same bytes every time, wherever the pieces end.
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
