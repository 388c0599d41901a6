//! Where samples go: databases, archives, images; and from where a live generation is read.

use std::time::{Duration, Instant};

use super::Desk;
use crate::support::cluster::{Cluster, version};
use crate::support::engine::{base, docker, engine, left, left_since};
use crate::support::scene::{Scene, done};
use crate::support::server::login;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_may_be_production_is_refused() {
    let desk = Desk::new().await;
    let (source, laptop) = (desk.production.port(), desk.laptop.port());
    let refused = |place: &str, words: &str| {
        desk.devdb(&["sample", "--users", "1", "--into", place]).code(3).says(words);
    };
    refused(&format!("database://dev@127.0.0.1:{laptop}/other"), "is not in `sample.targets`");
    refused(&format!("database://dev@127.0.0.1:{laptop}/APP_SAMPLE"), "is not in `sample.targets`");
    // On the list, and on production's own server.
    desk.production.sql("postgres", "CREATE ROLE dev LOGIN CREATEDB PASSWORD 'd'").await;
    refused(&format!("database://dev@127.0.0.1:{source}/other"), "the source's system identifier");
    // A copy of production, under another name, on another port.
    let copy = Cluster::start(&version(15), &[]).await;
    copy.sql("postgres", "CREATE ROLE dev LOGIN CREATEDB PASSWORD 'd'").await;
    desk.config(&format!("\"127.0.0.1:{source}/other\""), &format!("\"127.0.0.1:{}/app\"", copy.port()));
    refused(&format!("database://dev@127.0.0.1:{}/app", copy.port()), "the source's system identifier");
    assert_eq!(desk.databases().await, ["postgres"]);
    // Before anything is read: the source need not even be there.
    desk.config(&format!("port: {source}"), "port: 1");
    refused(&format!("database://dev@127.0.0.1:{laptop}/other"), "is not in `sample.targets`");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn archives_are_the_same_bytes_and_load_anywhere() {
    let desk = Desk::new().await;
    for name in ["one.tar.zst", "two.tar.zst"] {
        desk.devdb(&["sample", "--users", "7,8", "--into", &format!("archive:{name}")])
            .code(0)
            .says("manifest  sha256:");
    }
    let read = |name: &str| std::fs::read(desk.path(name)).unwrap();
    assert_eq!(read("one.tar.zst"), read("two.tar.zst"));
    desk.devdb(&["sample", "--users", "7", "--into", "archive:one.tar.zst"]).code(3).says("already exists");
    desk.devdb(&["sample", "--users", "7", "--into", "archive:one.tar.zst", "--replace"]).code(0);
    assert_ne!(read("one.tar.zst"), read("two.tar.zst"));
    let into = desk.place();
    desk.devdb(&["load", "two.tar.zst", "--into", &into]).code(0).says("12 rows").says("psql");
    assert_eq!(desk.count("SELECT count(*) FROM app.users WHERE id IN (7, 8)").await, 2);
    desk.devdb(&["load", "two.tar.zst", "--into", &into]).code(3).says("--replace");
    desk.devdb(&["load", "two.tar.zst", "--into", &into.replace("app_sample", "elsewhere")]).code(3);

    // Not even an archive goes back to where it came from.
    desk.production.sql("postgres", "CREATE ROLE dev LOGIN CREATEDB PASSWORD 'd'").await;
    desk.production.sql("postgres", "CREATE DATABASE other OWNER dev").await;
    let back = format!("database://dev@127.0.0.1:{}/other", desk.production.port());
    desk.devdb(&["load", "two.tar.zst", "--into", &back]).code(3).says("the source's system identifier");

    desk.devdb(&["sample", "--users", "7", "--into", "archive:folder"]).code(0);
    let rows = desk.path("folder/rows");
    let file = std::fs::read_dir(&rows).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 5;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    desk.devdb(&["load", "folder", "--into", &into, "--replace"])
        .code(3)
        .says("does not match its hash")
        .says("hint: ");
    assert_eq!(desk.count("SELECT count(*) FROM app.users WHERE id IN (7, 8)").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_by_the_command() {
    let (_engine, _turn) = engine().await;
    let before = left();
    let desk = Desk::new().await;
    desk.config("  root: app.users\n", &format!("  root: app.users\n  container: {{ image: \"{}\" }}\n", base()));
    let run = |words: &[&str]| {
        let host = std::env::var("DEVDB_TEST_DOCKER_HOST").unwrap();
        done(desk.command(words).env("DOCKER_HOST", host).output().unwrap())
    };
    let words = ["sample", "--users", "1,2", "--into", "container://devdb-test/command:1"];
    run(&words).code(0).says("docker run --rm").says("psql postgres://postgres:postgres@127.0.0.1:5432/app");
    assert_eq!(left_since(&before), Vec::<String>::new());
    let container = docker(&["run", "--detach", "--publish", "127.0.0.1::5432", "devdb-test/command:1"]);
    let port = docker(&["port", &container, "5432/tcp"]).rsplit(':').next().unwrap().parse().unwrap();
    let began = Instant::now();
    let session = loop {
        match login(port, "postgres", "postgres", "app").await {
            Ok(session) => break session,
            Err(error) => assert!(began.elapsed() < Duration::from_secs(30), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let row =
        session.query_one("SELECT count(*), bool_and(email LIKE '%@dev.example') FROM app.users", &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, bool>(1)), (2, true));
    drop(session);
    docker(&["rm", "--force", "--volumes", &container]);
    docker(&["rmi", "--force", "devdb-test/command:1"]);
    // A name that belongs to something else.
    docker(&["tag", &base(), "devdb-test/foreign:1"]);
    let foreign = ["sample", "--users", "1", "--into", "container://devdb-test/foreign:1"];
    run(&foreign).code(3).says("was not created by devdb").says("--replace");
    docker(&["rmi", "devdb-test/foreign:1"]);
    let nowhere = desk.command(&words).env("DOCKER_HOST", "unix:///nowhere.sock").output().unwrap();
    done(nowhere).code(3).says("no container engine responds").says("DOCKER_HOST");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_archive_is_replaced() {
    let desk = Desk::new().await;
    std::fs::create_dir_all(desk.path("precious/sub")).unwrap();
    std::fs::write(desk.path("precious/sub/file"), "years of work").unwrap();
    let words = ["sample", "--users", "1", "--into", "archive:precious", "--replace"];
    desk.devdb(&words).code(3).says("is a directory but not an archive");
    assert_eq!(std::fs::read_to_string(desk.path("precious/sub/file")).unwrap(), "years of work");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_speaks_against_a_place_is_said_before_a_row_is_looked_for() {
    let desk = Desk::new().await;
    let into = desk.place();
    let refused = |code: i32, words: &str, into: &str, environment: &[(&str, &str)]| {
        let mut command = desk.command(&["sample", "--users", "1", "--push", "--into", into]);
        if !into.starts_with("container:") {
            command = desk.command(&["sample", "--users", "1", "--into", into]);
        }
        let done = done(command.envs(environment.iter().copied()).output().unwrap()).code(code).says(words);
        assert!(!done.err.contains("find the rows"), "{}", done.err);
    };
    refused(3, "password authentication failed", &into, &[("PGPASSWORD", "wrong")]);
    refused(3, "/no/such/folder", "archive:/no/such/folder/one.tar.zst", &[]);
    refused(2, "TMPDIR", &into, &[("TMPDIR", "/no/such/folder")]);
    desk.laptop.sql("postgres", "CREATE DATABASE app_sample OWNER dev").await;
    desk.laptop
        .sql("app_sample", "CREATE TABLE mine (id int); INSERT INTO mine VALUES (1); GRANT ALL ON mine TO dev")
        .await;
    refused(3, "--replace", &into, &[]);
    let (_engine, _turn) = engine().await;
    let host = std::env::var("DEVDB_TEST_DOCKER_HOST").unwrap();
    desk.config("  root: app.users\n", "  root: app.users\n  container: { image: \"127.0.0.1:1/none:1\" }\n");
    let image = "container://devdb-test/early:1";
    refused(1, "pull 127.0.0.1:1/none:1", image, &[("DOCKER_HOST", &host)]);
    desk.config("127.0.0.1:1/none:1", &base());
    std::fs::create_dir(desk.path("docker")).unwrap();
    let config = r#"{"credHelpers": {"127.0.0.1:5": "nobody-has-this"}}"#;
    std::fs::write(desk.path("docker/config.json"), config).unwrap();
    let docker = desk.path("docker").display().to_string();
    let image = "container://127.0.0.1:5/early:1";
    refused(1, "nobody-has-this", image, &[("DOCKER_HOST", &host), ("DOCKER_CONFIG", &docker)]);
}

#[test]
fn a_live_generation_is_copied_as_it_is() {
    let scene = Scene::new();
    scene.devdb(&["rotate"]).code(0);
    crate::support::block_on(live_generation(&scene));
}

async fn live_generation(scene: &Scene) {
    let laptop = Cluster::unrelated(&version(15), &[]).await;
    laptop.sql("postgres", "CREATE ROLE dev LOGIN CREATEDB PASSWORD 'd'").await;
    let sample = format!(
        "\nsample:\n  root: app.users\n  database: app\n  targets: [\"localhost:{0}/app_sample\"]\n  source: {{ user: app_service, password: {{ command: [printf, \"%s\", dev-service-password] }} }}\n",
        laptop.port()
    );
    scene.config("  mail_domains: [dev.example]\n", &format!("  mail_domains: [dev.example]\n{sample}"));
    let run = || {
        let into = format!("database://dev@127.0.0.1:{}/app_sample", laptop.port());
        let mut command = scene.command(&["sample", "--where", "true", "--limit", "2", "--replace", "--into", &into]);
        done(command.env("PGPASSWORD", "d").output().unwrap())
    };
    run().code(0).says("scrubbed by a rotation: copied unchanged");
    let live = scene.developer().await;
    let sql =
        "SELECT string_agg(id || email || name, ',' ORDER BY id) FROM (SELECT * FROM app.users ORDER BY id LIMIT 2) u";
    let expected: String = live.query_one(sql, &[]).await.unwrap().get(0);
    let found: String = laptop.superuser("app_sample").await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(found, expected);
    // The marker proves that, and only the marker: without it, or without the right to read it, nothing is copied.
    let name = scene.record().unwrap().0;
    let denied = live.query("SELECT FROM devdb_meta.script", &[]).await.unwrap_err();
    assert_eq!(denied.sqlstate(), Some("42501"));
    scene.superuser(&name, "UPDATE devdb_meta.generation SET phase = 'secured'").await;
    run().code(3).says("has no marker that says it is scrubbed");
    let close =
        "UPDATE devdb_meta.generation SET phase = 'scrubbed'; REVOKE SELECT ON devdb_meta.generation FROM PUBLIC";
    scene.superuser(&name, close).await;
    run().code(3).says("GRANT SELECT ON devdb_meta.generation TO \"app_service\"");
    // As the master, whose password nobody knows.
    scene
        .config("  source: { user: app_service, password: { command: [printf, \"%s\", dev-service-password] } }\n", "");
    run().code(2).says("was generated and is not stored").says("sample: { source:");
    // As a master whose password is known.
    scene.config("master_password: generate", "master_password: { command: [printf, \"%s\", known-in-this-test] }");
    scene.devdb(&["rotate"]).code(0);
    run().code(0).says("scrubbed by a rotation: copied unchanged");
    let name = scene.record().unwrap().0;
    scene.superuser(&name, "UPDATE devdb_meta.generation SET phase = 'secured'").await;
    run().code(3).says("has no marker that says it is scrubbed");
    scene.edit_meta(&name, |meta| meta["tags"]["devdb:phase"] = "secured".into());
    run().code(3).says("no generation of app-dev is live");
    // Nothing is live: nothing is believed.
    std::fs::remove_file(scene.path("pg_service.conf")).unwrap();
    run().code(3).says("no generation of app-dev is live").says("rotate first");
}
