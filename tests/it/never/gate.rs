//! Nothing is published that could act on the outside, or that nobody scrubbed; only listed logins work.

use super::*;

/// Scripts that undo what was done before them: each is found by reading back, and named.
#[test]
fn rule_7_what_scripts_open_again_is_found_before_anybody_is_let_in() {
    let scene = Scene::new();
    let undone = [
        ("CREATE ROLE sneaky LOGIN PASSWORD 'sneaky-password-1';", "sneaky can still log in"),
        ("DELETE FROM devdb_meta.script;", "10-scrub/10_users.sql is not recorded as committed in app"),
        (
            "-- devdb: transaction=none\nCREATE DATABASE forgotten TEMPLATE app;",
            "database forgotten is open and not scrubbed",
        ),
    ];
    for (sql, words) in undone {
        scene.script("20-seed/20_undo.sql", sql);
        scene.devdb(&["rotate"]).code(7).says(words).says("was removed");
        assert_eq!((scene.generations(), scene.record()), (Vec::new(), None));
    }
}

/// What scripts, or triggers that fire on them, put into a queue is emptied like what was in it before.
#[test]
fn rule_7_what_scripts_set_off_is_defused_too() {
    let scene = Scene::new();
    scene.script("20-seed/20_mail.sql", "INSERT INTO app.notification_outbox VALUES (1, 1, 'a mail', NULL);");
    scene.devdb(&["rotate"]).code(0);
    block_on(async {
        let queue = "SELECT pg_catalog.count(*) FROM app.notification_outbox";
        assert_eq!(scene.developer().await.query_one(queue, &[]).await.unwrap().get::<_, i64>(0), 0);
    });
}

/// A database of production that the configuration does not name: its rows are originals, so nobody gets in.
#[test]
fn rule_9_a_database_that_nobody_scrubs_is_closed() {
    let scene = Scene::new();
    let files = scene.path("snapshots/app-prod/20261121-0200").canonicalize().unwrap();
    let more = [
        ("template1", "CREATE DATABASE metrics OWNER app_admin"),
        ("metrics", "CREATE TABLE visits AS SELECT 'real1@corp.example' AS who"),
    ];
    let _files = changed(&scene, &files, "with-metrics", &more);
    scene.devdb(&["rotate", "--snapshot", "with-metrics"]).code(0);
    let port = scene.record().unwrap().1;
    block_on(async {
        scene.developer().await;
        let password = crate::support::scene::SERVICE_PASSWORD;
        assert!(server::login(port, "app_service", password, "metrics").await.is_err());
    });
}

/// What only a superuser could change, who is nobody here: it is left, and so nothing is published.
#[test]
fn rule_7_what_cannot_be_defused_or_cleared_blocks_the_publication() {
    let scene = Scene::new();
    let files = scene.path("snapshots/app-prod/20261121-0200").canonicalize().unwrap();
    let out_of_reach = [
        (
            "server",
            "CREATE FOREIGN DATA WRAPPER homemade; \
             CREATE SERVER reporting FOREIGN DATA WRAPPER homemade OPTIONS (host 'prod.example')",
            "reporting",
        ),
        (
            "view",
            "CREATE MATERIALIZED VIEW app.frozen AS SELECT email FROM app.users",
            "app still contain original rows: app.frozen",
        ),
        (
            "statistics",
            "CREATE TABLE app.emptied AS SELECT 'real@corp.example' AS email FROM generate_series(1, 9); \
             ANALYZE app.emptied; TRUNCATE app.emptied; GRANT SELECT ON app.emptied TO app_admin",
            "app.emptied (email)",
        ),
    ];
    for (id, sql, words) in out_of_reach {
        let _files = changed(&scene, &files, id, &[("app", sql)]);
        scene.devdb(&["rotate", "--snapshot", id]).code(7).says(words).says("was removed");
        assert_eq!((scene.generations(), scene.record()), (Vec::new(), None));
    }
}

#[test]
fn rule_9_only_listed_logins_work_and_with_new_passwords() {
    let scene = Scene::new();
    scene.devdb(&["rotate"]).code(0);
    let port = scene.record().unwrap().1;
    block_on(async {
        for (user, password) in [
            ("app_admin", server::MASTER_PASSWORD),
            ("app_service", "prod-service-password"),
            ("kim.minsu", "prod-minsu-password"),
            ("postgres", ""),
        ] {
            let refused = server::login(port, user, password, "app").await.err().expect(user);
            assert!(refused.sqlstate().is_some_and(|code| code.starts_with("28")), "{user}: {refused}");
        }
        scene.developer().await;
    });
}

/// A snapshot like `files` in which a superuser did more: statements, each in a database.
fn changed(scene: &Scene, files: &Path, id: &str, more: &[(&str, &str)]) -> tempfile::TempDir {
    let (copy, account) = server::directory();
    let data = copy.path().join("snapshot");
    assert!(std::process::Command::new("cp").arg("-a").args([files, &data]).status().unwrap().success());
    let production = devdb::pg::server::Server {
        programs: server::programs(None),
        account,
        data: data.clone(),
        settings: server::settings(server::free_port()),
        log: copy.path().join("log"),
    };
    for (database, sql) in more {
        block_on(async { production.single_user_in(database, &[(*sql).to_owned()]).await.unwrap() });
    }
    scene.snapshot(id, &data);
    copy
}
