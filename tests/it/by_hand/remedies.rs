//! What cannot be done is refused with the right exit code and a remedy.

use super::{Desk, SHOP, done};

/// A login that fails says whose it is, and that nothing was changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_fails_is_refused_with_its_remedy() {
    let desk = Desk::with(SHOP).await;
    desk.begin();
    for command in ["init", "coverage", "audit", "scrub"] {
        let wrong = done(desk.command(&[command]).env("PGPASSWORD", "wrong").output().unwrap());
        let wrong = wrong.code(3).says("the login of master to database app failed").says("28P01");
        wrong.says("hint: check the user in the URL and the password in PGPASSWORD");
        let nowhere = format!("postgres://master@127.0.0.1:{}/nowhere", desk.place());
        let missing = done(desk.command(&[command]).env("DEVDB_DATABASE", nowhere).output().unwrap());
        if command != "scrub" {
            missing.code(3).says("3D000").says("hint: name a database that exists");
        }
        let closed =
            done(desk.command(&[command]).env("DEVDB_DATABASE", "postgres://m@127.0.0.1:1/app").output().unwrap());
        if command != "scrub" {
            closed.code(3).says("hint: check host and port");
        }
    }
}

/// A scrub whose verification fails says what helps, and continues once the script is corrected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scrub_continues_after_its_script_was_corrected() {
    let desk = Desk::with(SHOP).await;
    desk.begin();
    let path = desk.path("devdb.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let with_scripts = text.replacen("{ name: app }", "{ name: app, postproc: scripts }", 1);
    assert_ne!(text, with_scripts, "{text}");
    std::fs::write(&path, &with_scripts).unwrap();
    let script = |name: &str, sql: &str| {
        let path = desk.path("scripts").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, sql).unwrap();
    };
    script("10-scrub/10_notes.sql", "UPDATE public.users SET note = 'none' WHERE id < 100;\n");
    script("90-verify/10_notes.sql", "SELECT FROM public.users WHERE note <> 'none';\n");
    let failed = desk.devdb(&["scrub"]).code(7).says("returned 201 rows");
    let failed = failed.says("run the query in the database; then run `devdb scrub` again, which continues");
    assert!(!failed.err.contains("--keep-failed"), "{}", failed.err);
    script("10-scrub/10_notes.sql", "UPDATE public.users SET note = 'none';\n");
    desk.devdb(&["scrub"]).code(0).says("no original was found");
    let (users, meta) = (desk.dump(&["-a", "-t", "users"]), desk.meta().await);
    assert!(!users.contains("corp.kr") && !users.contains("vip") && meta == 0, "{users}");
}

/// A schema of that name may be somebody's own; what it holds is neither dropped nor published.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_devdb_meta_of_somebody_else_is_not_touched() {
    let desk = Desk::with(SHOP).await;
    desk.begin();
    let master = desk.cluster.login("master", super::PASSWORD, "app").await.unwrap();
    master
        .run("CREATE SCHEMA devdb_meta; CREATE TABLE devdb_meta.backup AS SELECT 'kim@haneul.example' AS email")
        .await
        .unwrap();
    let before = desk.dump(&[]);
    desk.devdb(&["scrub"]).code(3).says("a schema devdb_meta that devdb did not create").says("nothing was changed");
    assert_eq!(desk.dump(&[]), before);
}

/// Its COMMIT would publish originals after the search.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prepared_transaction_is_refused() {
    let desk = Desk::with_settings(SHOP, &["max_prepared_transactions = 5"]).await;
    desk.begin();
    let master = desk.cluster.login("master", super::PASSWORD, "app").await.unwrap();
    master.run("CREATE TABLE later (email text)").await.unwrap();
    desk.begin();
    let prepare = "BEGIN; INSERT INTO later VALUES ('kim@haneul.example'); PREPARE TRANSACTION 'late'";
    for statement in prepare.split("; ") {
        master.run(statement).await.unwrap();
    }
    desk.devdb(&["scrub"]).code(3).says("prepared transaction \"late\"").says("ROLLBACK PREPARED 'late'");
    master.run("ROLLBACK PREPARED 'late'").await.unwrap();
    desk.devdb(&["scrub"]).code(0);
}
