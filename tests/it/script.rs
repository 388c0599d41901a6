//! Errors of scripts on a real server: their location, and never a row value.

use std::time::{Duration, Instant};

use devdb::pg::Session;
use devdb::pg::script::{Options, Ran, Script, ScriptError, Variables, run};

use crate::cluster_for_scripts::{MASTER, database, session, session_of};

fn variables() -> Variables {
    Variables {
        values: [("domain".to_owned(), "it's.test".to_owned())].into(),
        secrets: [("token".to_owned(), "s3cret".to_owned().into())].into(),
    }
}

async fn run_text(session: &Session, text: &str) -> Result<Ran, ScriptError> {
    run_within(session, text, Duration::from_secs(60)).await
}

async fn run_within(session: &Session, text: &str, deadline: Duration) -> Result<Ran, ScriptError> {
    let script = Script::parse("x.sql", text).unwrap_or_else(|complaints| panic!("{complaints:?}"));
    let variables = variables();
    run(session, &script, &Options { variables: &variables, deadline, read_only: false, closing: &[] }).await
}

async fn fresh() -> Session {
    let session = session(&database().await).await;
    session
        .run("CREATE SCHEMA app; CREATE TABLE app.users (id int PRIMARY KEY, email text UNIQUE, age int)")
        .await
        .unwrap();
    session.run("INSERT INTO app.users VALUES (1, 'kim@real.kr', 1), (2, 'lee@real.kr', 2)").await.unwrap();
    session
}

/// Line, column, and all text that a person or a log may see.
fn shown(error: &ScriptError) -> (usize, usize, String) {
    let complaint = &error.complaints[0];
    let all = format!("{error}\n{}\n{error:?}", complaint.render(false));
    (complaint.line(), complaint.column(), all)
}

async fn count(session: &Session, sql: &str) -> i64 {
    session.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_syntax_error_has_its_line_and_column() {
    let session = fresh().await;
    let text = "SELECT '안녕하세요';\n/* 메모 */ INSERT INTO app.users VALUES (3, '한글', 0);\nSELECT '가나다', :'domain',\n  '라' FORM app.users;\n";
    let error = run_text(&session, text).await.unwrap_err();
    let (line, column, all) = shown(&error);
    assert_eq!((line, column), (4, 12), "{all}");
    assert_eq!(error.sqlstate(), Some("42601"));
    assert!(all.contains("in statement 3 of 3, from line 3"), "{all}");
    assert!(all.contains("^^^"), "{all}");
    assert_eq!(error.statement.unwrap(), "SELECT '가나다', :'domain',\n  '라' FORM app.users");
    // The file was rolled back.
    assert_eq!(count(&session, "SELECT count(*) FROM app.users").await, 2);
}

#[tokio::test]
async fn an_error_inside_a_variable_is_located_at_the_variable() {
    let session = fresh().await;
    let error = run_text(&session, "SELECT 1,\n :\"domain\" FROM app.users").await.unwrap_err();
    let (line, column, all) = shown(&error);
    assert_eq!((line, column, error.sqlstate()), (2, 2, Some("42703")), "{all}");
}

#[tokio::test]
async fn a_constraint_is_shown_without_the_value() {
    let session = fresh().await;
    let error = run_text(&session, "SELECT 1;\n\n  UPDATE app.users\n SET email = 'x' || 'kim' || '@real.kr'")
        .await
        .unwrap_err();
    let (line, column, all) = shown(&error);
    assert_eq!((line, column, error.sqlstate()), (3, 3, Some("23505")));
    assert!(all.contains("users_email_key"), "{all}");
    assert!(!all.contains("xkim@real.kr"), "{all}");
    let error = run_text(&session, "UPDATE app.users SET age = email::int").await.unwrap_err();
    let (_, _, all) = shown(&error);
    assert!(!all.contains("real.kr"), "{all}");
}

#[tokio::test]
async fn a_raised_message_is_shown_only_if_the_script_contains_it() {
    let session = fresh().await;
    let text = "SELECT 1;\nDO $$\nDECLARE e text;\nBEGIN\n  SELECT email INTO e FROM app.users LIMIT 1;\n  RAISE EXCEPTION 'bad address %', e;\nEND $$;";
    let (line, column, all) = shown(&run_text(&session, text).await.unwrap_err());
    assert!(!all.contains("real.kr"), "{all}");
    assert_eq!((line, column), (6, 3), "{all}");
    let (_, _, all) = shown(&run_text(&session, "DO $$ BEGIN RAISE 'too few users'; END $$").await.unwrap_err());
    assert!(all.contains("too few users"), "{all}");
}

#[tokio::test]
async fn a_run_time_error_in_a_block_has_its_line() {
    let session = fresh().await;
    for quoted in ["$$", "$body$", "'"] {
        let text = format!("SELECT 1;\n-- why\nDO {quoted}BEGIN\n  PERFORM 1;\n    PERFORM 1/0;\nEND{quoted};");
        let error = run_text(&session, &text).await.unwrap_err();
        let (line, column, all) = shown(&error);
        assert_eq!((line, column, error.sqlstate()), (5, 5, Some("22012")), "{all}");
    }
    // Without a position: the statement's first line.
    let error = run_text(&session, "SELECT 1;\n SELECT 1\n / 0").await.unwrap_err();
    assert_eq!(shown(&error).0, 2);
}

#[tokio::test]
async fn a_lock_held_by_a_prepared_transaction_or_session_ends_in_an_error() {
    let name = database().await;
    let (one, two) = (session(&name).await, session(&name).await);
    one.run("CREATE TABLE public.t (a int); INSERT INTO public.t VALUES (1)").await.unwrap();
    two.run("BEGIN; LOCK public.t").await.unwrap();
    // A setting of the script applies inside of it.
    let error = run_text(&one, "SET lock_timeout = 200;\nUPDATE public.t SET a = 2").await.unwrap_err();
    let (line, _, all) = shown(&error);
    assert_eq!((line, error.sqlstate()), (2, Some("55P03")), "{all}");
    assert!(all.contains("holds the lock"), "{all}");
    assert!(!error.is_disconnect());
    // And not afterwards.
    let row = one.query_one("SELECT pg_catalog.current_setting('lock_timeout')", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "1min");
}

#[tokio::test]
async fn a_script_cannot_lift_its_deadline() {
    let session = fresh().await;
    let error = run_within(&session, "SELECT pg_sleep(10)", Duration::from_millis(300)).await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("57014"));
    assert!(!error.is_disconnect());
    let started = Instant::now();
    let text = "SET statement_timeout = 0; SELECT pg_sleep(5.5); SELECT pg_sleep(30)";
    let error = run_within(&session, text, Duration::from_secs(7)).await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("57014"));
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn settings_of_a_script_do_not_reach_the_next() {
    let name = database().await;
    let session = session(&name).await;
    session.run(&format!("CREATE ROLE \"{name}_owner\"; GRANT \"{name}_owner\" TO {MASTER}")).await.unwrap();
    let text = format!(
        "SET search_path = public; SET row_security = on; SET ROLE \"{name}_owner\"; SET devdb.domain = 'x'; SET TimeZone = 'Asia/Seoul';
         SET session_replication_role = origin; CREATE TEMP TABLE users (a int); SELECT pg_advisory_lock(1);"
    );
    // SET session_replication_role is for superusers, as on RDS.
    assert_eq!(run_text(&session, &text).await.unwrap_err().sqlstate(), Some("42501"));
    run_text(&session, &text.replace("SET session_replication_role = origin;", "")).await.unwrap();
    let sql = "DO $$ BEGIN
        ASSERT current_setting('search_path') = 'pg_catalog';
        ASSERT current_setting('row_security') = 'off';
        ASSERT current_setting('devdb.domain') = 'it''s.test' AND current_setting('devdb.token') = 's3cret';
        ASSERT current_setting('default_transaction_read_only') = 'off';
        ASSERT current_user = 'master' AND current_setting('TimeZone') <> 'Asia/Seoul';
        ASSERT to_regclass('users') IS NULL AND to_regclass('pg_temp.users') IS NULL;
        ASSERT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid());
    END $$";
    run_text(&session, sql).await.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn settings_of_the_database_do_not_reach_a_script() {
    let name = database().await;
    let sql = format!(
        "ALTER DATABASE {name} SET default_transaction_read_only = on; ALTER DATABASE {name} SET search_path = app;
         ALTER DATABASE {name} SET standard_conforming_strings = off; ALTER DATABASE {name} SET statement_timeout = 1"
    );
    session(&name).await.run(&sql).await.unwrap();
    let session = session_of(MASTER, &name).await;
    run_text(
        &session,
        r"CREATE TABLE public.t (a text); INSERT INTO public.t SELECT 'a\' WHERE pg_sleep(0.1) IS NOT NULL",
    )
    .await
    .unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn rows_hidden_by_a_policy_are_an_error() {
    let name = database().await;
    let owner = session_of("postgres", &name).await;
    owner
        .run(&format!(
            "CREATE TABLE public.t (a int); INSERT INTO public.t VALUES (1); GRANT ALL ON public.t TO {MASTER}; ALTER TABLE public.t ENABLE ROW LEVEL SECURITY"
        ))
        .await
        .unwrap();
    let session = session(&name).await;
    assert_eq!(session.run("UPDATE public.t SET a = 2").await.unwrap(), 0);
    assert_eq!(run_text(&session, "UPDATE public.t SET a = 2").await.unwrap_err().sqlstate(), Some("42501"));
}

#[tokio::test]
async fn without_a_transaction_vacuum_runs_and_earlier_statements_remain() {
    let session = fresh().await;
    assert_eq!(run_text(&session, "VACUUM app.users").await.unwrap_err().sqlstate(), Some("25001"));
    let text = "-- devdb: transaction=none\nDELETE FROM app.users WHERE id = 1; VACUUM app.users; SELECT 1/0";
    assert_eq!(run_text(&session, text).await.unwrap_err().sqlstate(), Some("22012"));
    assert_eq!(count(&session, "SELECT count(*) FROM app.users").await, 1);
    let text = "-- devdb: transaction=none\nBEGIN; DELETE FROM app.users";
    let error = run_text(&session, text).await.unwrap_err();
    assert!(error.to_string().ends_with("the file ends inside a transaction"), "{error}");
    assert_eq!(count(&session, "SELECT count(*) FROM app.users").await, 1);
    run_text(&session, &format!("{text}; COMMIT")).await.unwrap();
    assert_eq!(count(&session, "SELECT count(*) FROM app.users").await, 0);
}

#[tokio::test]
async fn deferred_constraints_are_reported_on_commit() {
    let session = fresh().await;
    session.run("CREATE TABLE app.p (u int REFERENCES app.users DEFERRABLE INITIALLY DEFERRED)").await.unwrap();
    let error = run_text(&session, "SELECT 1;\nINSERT INTO app.p VALUES (4711)").await.unwrap_err();
    let (line, _, all) = shown(&error);
    assert_eq!((line, error.sqlstate()), (2, Some("23503")));
    assert!(all.contains("deferred") && !error.to_string().contains("4711"), "{all}");
    run_text(&session, "SELECT 1").await.unwrap();
}

#[tokio::test]
async fn affected_rows_are_counted() {
    let session = fresh().await;
    let text = "SELECT * FROM app.users; UPDATE app.users SET age = 0 RETURNING id; WITH x AS (SELECT 1) DELETE FROM app.users; (SELECT 1);
        CREATE RULE r AS ON UPDATE TO app.users DO ALSO (SELECT 1; SELECT 2);
        CREATE FUNCTION app.f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END; SELECT app.f()";
    let ran = run_text(&session, text).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(ran, Ran { rows: 4, returned: vec![2, 2, 0, 1, 0, 0, 1] });
}

#[tokio::test]
async fn a_lost_connection_is_recognized() {
    let name = database().await;
    let session = session(&name).await;
    let error = run_text(&session, "SELECT 1;\nSELECT pg_terminate_backend(pg_backend_pid());").await.unwrap_err();
    assert!(error.is_disconnect());
    assert_eq!(shown(&error).0, 2);
}

#[tokio::test]
async fn variables_reach_the_server_unchanged() {
    let session = fresh().await;
    let nasty = "a'b\"c\\d;e $$f$$ 가:'g'";
    let script =
        Script::parse("x.sql", "UPDATE app.users SET email = :'v' || id WHERE current_setting('devdb.v') = :'v'")
            .unwrap();
    for quoting in ["on", "off"] {
        session.run(&format!("SET standard_conforming_strings = {quoting}")).await.unwrap();
        let variables = Variables { values: [("v".to_owned(), nasty.to_owned())].into(), ..Variables::default() };
        let options =
            Options { variables: &variables, deadline: Duration::from_secs(9), read_only: false, closing: &[] };
        run(&session, &script, &options).await.unwrap();
    }
    let row = session.query_one("SELECT email FROM app.users WHERE id = 1", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), format!("{nasty}1"));
}
