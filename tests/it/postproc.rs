//! Folders of scripts on a real server: order, progress, resuming, verification.

use std::sync::Mutex;
use std::time::Duration;

use devdb::error::{Exit, Failure};
use devdb::event::{Event, Listener};
use devdb::pg::Session;
use devdb::pg::script::Variables;
use devdb::scrub::marker::{Marker, claim, mark, read_marker};
use devdb::scrub::scripts::{Error, Scripts, Stage, StageOptions, StageOutcome, load, run_stage, unfinished};

use crate::cluster_for_scripts::{MASTER, database, session, session_of};

const GENERATION: &str = "app-dev-20261121-021700";

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Listener for Heard {
    fn on_event(&self, event: &Event) {
        if let Event::ScriptRan { script, rows, already, .. } = event {
            let what = if *already { "already".to_owned() } else { format!("{rows} rows") };
            self.0.lock().unwrap().push(format!("{script}: {what}"));
        }
    }
}

/// A folder of scripts, a database to run them in, and what was heard.
struct Bench {
    folder: tempfile::TempDir,
    database: String,
    generation: String,
    contexts: Vec<String>,
    check_idempotent: bool,
    variables: Variables,
}

impl Bench {
    async fn new(files: &[(&str, &str)]) -> Bench {
        let bench = Bench {
            folder: tempfile::tempdir().unwrap(),
            database: database().await,
            generation: GENERATION.into(),
            contexts: Vec::new(),
            check_idempotent: false,
            variables: Variables::default(),
        };
        for (path, text) in files {
            bench.write(path, text);
        }
        let sql = "CREATE SCHEMA app; CREATE TABLE app.users (id int PRIMARY KEY, email text UNIQUE); \
                   CREATE TABLE app.log (line serial, what text); \
                   INSERT INTO app.users VALUES (1, 'kim@real.kr'), (2, 'lee@real.kr')";
        bench.session().await.run(sql).await.unwrap();
        bench.claim().await;
        bench
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn scripts(&self) -> Scripts {
        load(self.folder.path()).unwrap_or_else(|problems| panic!("{problems}"))
    }

    async fn session(&self) -> Session {
        session(&self.database).await
    }

    /// Runs all stages on one new connection; answers what was heard too.
    async fn run(&self) -> (Vec<String>, Result<StageOutcome, Error>) {
        let heard = Heard::default();
        let order = StageOptions {
            generation: &self.generation,
            variables: &self.variables,
            contexts: &self.contexts,
            deadline: Duration::from_secs(30),
            check_idempotent: self.check_idempotent,
            inspect: "run it",
            listener: &heard,
        };
        let (scripts, session) = (self.scripts(), self.session().await);
        let mut last = Ok(StageOutcome::default());
        for stage in Stage::ALL {
            last = run_stage(&session, &scripts, stage, &order).await;
            if last.is_err() {
                break;
            }
        }
        (heard.0.into_inner().unwrap(), last)
    }

    /// Makes `devdb_meta` the generation's own, as the first step of a rotation does.
    async fn claim(&self) {
        claim(&self.session().await, &self.generation).await.unwrap();
    }

    async fn unfinished(&self) -> Vec<String> {
        unfinished(&self.session().await, &self.scripts(), &self.generation, &self.contexts).await.unwrap()
    }

    async fn log(&self) -> String {
        let sql = "SELECT coalesce(string_agg(what, ' ' ORDER BY line), '') FROM app.log";
        self.session().await.query_one(sql, &[]).await.unwrap().get(0)
    }
}

fn say(what: &str) -> String {
    format!("INSERT INTO app.log (what) VALUES ('{what}')")
}

#[tokio::test]
async fn every_script_runs_once_in_order_and_is_recorded() {
    let mut bench = Bench::new(&[
        ("00-secure/1_a.sql", &say("secure")),
        ("10-scrub/V2__b.sql", &say("two")),
        ("10-scrub/V10__c.sql", &format!("UPDATE app.users SET email = id || :'domain'; {}", say("ten"))),
        ("10-scrub/R__d.sql", &say("last")),
        ("20-seed/1_qa.sql", &format!("-- devdb: context=qa\n{}", say("qa"))),
        ("90-verify/1_e.sql", "SELECT FROM app.users WHERE email NOT LIKE '%.test'"),
    ])
    .await;
    bench.variables.values.insert("domain".into(), "@x.test".into());
    assert_eq!(bench.unfinished().await.len(), 4);
    let (heard, result) = bench.run().await;
    result.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        heard,
        [
            "00-secure/1_a.sql: 1 rows",
            "10-scrub/V2__b.sql: 1 rows",
            "10-scrub/V10__c.sql: 3 rows",
            "10-scrub/R__d.sql: 1 rows",
            "90-verify/1_e.sql: 0 rows"
        ]
    );
    assert_eq!(bench.log().await, "secure two ten last");
    assert!(bench.unfinished().await.is_empty());

    // Again: nothing but verification runs. Asked for, the context's script runs as well.
    bench.contexts = vec!["qa".into()];
    assert_eq!(bench.unfinished().await, ["20-seed/1_qa.sql"]);
    let (heard, result) = bench.run().await;
    result.unwrap();
    assert_eq!(heard.iter().filter(|line| line.ends_with("already")).count(), 4);
    assert_eq!(bench.log().await, "secure two ten last qa");
}

#[tokio::test]
async fn a_changed_script_makes_everything_from_there_run_again() {
    let bench = Bench::new(&[
        ("00-secure/1_a.sql", &say("a")),
        ("10-scrub/1_b.sql", &say("b")),
        ("10-scrub/2_c.sql", &say("c")),
        ("20-seed/1_d.sql", &say("d")),
    ])
    .await;
    bench.run().await.1.unwrap();
    bench.write("10-scrub/1_b.sql", &say("B"));
    assert_eq!(bench.unfinished().await, ["10-scrub/1_b.sql", "10-scrub/2_c.sql", "20-seed/1_d.sql"]);
    bench.run().await.1.unwrap();
    assert_eq!(bench.log().await, "a b c d B c d");
    // The same when one is added or removed in between.
    std::fs::remove_file(bench.folder.path().join("10-scrub/1_b.sql")).unwrap();
    bench.run().await.1.unwrap();
    assert_eq!(bench.log().await, "a b c d B c d c d");
    assert!(bench.unfinished().await.is_empty());
}

#[tokio::test]
async fn a_failed_script_leaves_nothing_and_the_next_run_goes_on_with_it() {
    let bench = Bench::new(&[
        ("10-scrub/1_a.sql", &say("a")),
        ("10-scrub/2_b.sql", &format!("{};\nUPDATE app.users SET email = 'same'", say("b"))),
        ("10-scrub/3_c.sql", &say("c")),
    ])
    .await;
    let error = bench.run().await.1.unwrap_err();
    assert!(!error.is_disconnect());
    let complaint = &error.complaints()[0];
    assert!(complaint.file.ends_with("10-scrub/2_b.sql") && complaint.line() == 2, "{error}");
    assert_eq!(bench.log().await, "a");
    bench.write("10-scrub/2_b.sql", &say("b"));
    let (heard, result) = bench.run().await;
    result.unwrap();
    assert_eq!(heard[0], "10-scrub/1_a.sql: already");
    assert_eq!(bench.log().await, "a b c");
}

#[tokio::test]
async fn a_script_and_the_note_that_it_ran_are_one() {
    let bench = Bench::new(&[("10-scrub/1_a.sql", &say("a")), ("10-scrub/2_b.sql", &say("b"))]).await;
    mark(&bench.session().await, &Marker { generation: GENERATION.into(), ..Marker::default() }).await.unwrap();
    let no_second = "ALTER TABLE devdb_meta.script ADD CHECK (position < 1)";
    bench.session().await.run(no_second).await.unwrap();
    let error = bench.run().await.1.unwrap_err();
    assert!(error.complaints()[0].label.as_ref().unwrap().contains("recording the script"), "{error}");
    assert_eq!(bench.log().await, "a");
    assert_eq!(bench.unfinished().await, ["10-scrub/2_b.sql"]);
}

#[tokio::test]
async fn a_connection_lost_in_the_middle_resumes_with_the_next_script() {
    let kill = "SELECT pg_terminate_backend(pg_backend_pid()) WHERE NOT EXISTS (SELECT FROM app.users WHERE id = 9)";
    for mode in ["", "-- devdb: transaction=none\n"] {
        let bench = Bench::new(&[
            ("10-scrub/1_a.sql", &say("a")),
            ("10-scrub/2_b.sql", &format!("{mode}{kill}; {}", say("b"))),
            ("10-scrub/3_c.sql", &say("c")),
        ])
        .await;
        let (heard, result) = bench.run().await;
        let error = result.unwrap_err();
        assert!(error.is_disconnect(), "{error}");
        assert_eq!(heard, ["10-scrub/1_a.sql: 1 rows"]);
        bench.session().await.run("INSERT INTO app.users VALUES (9, 'now it runs')").await.unwrap();
        let (heard, result) = bench.run().await;
        result.unwrap();
        assert_eq!(heard, ["10-scrub/1_a.sql: already", "10-scrub/2_b.sql: 1 rows", "10-scrub/3_c.sql: 1 rows"]);
        assert_eq!(bench.log().await, "a b c");
    }
}

#[tokio::test]
async fn a_script_that_a_killed_run_left_running_cannot_commit_behind_our_back() {
    let bench = Bench::new(&[("10-scrub/1_a.sql", &format!("{}; SELECT pg_sleep(3)", say("a")))]).await;
    // The first run's client goes away without a word, its statement goes on in the server.
    let first = tokio::time::timeout(Duration::from_secs(1), bench.run()).await;
    assert!(first.is_err());
    let (heard, result) = bench.run().await;
    result.unwrap();
    assert_eq!(heard, ["10-scrub/1_a.sql: 1 rows"]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.log().await, "a");
}

#[tokio::test]
async fn progress_and_marker_of_another_generation_are_not_believed() {
    let mut bench = Bench::new(&[("10-scrub/1_a.sql", &say("a")), ("10-scrub/2_b.sql", &say("b"))]).await;
    let session = bench.session().await;
    let old = Marker { generation: GENERATION.into(), phase: "live".into(), ..Marker::default() };
    mark(&session, &old).await.unwrap();
    bench.run().await.1.unwrap();
    assert_eq!(read_marker(&session).await.unwrap(), Some(old));

    // A snapshot of that clone, restored under another name.
    bench.generation = "app-dev-20261122-021700".into();
    assert_eq!(bench.unfinished().await.len(), 2);
    let error = bench.run().await.1.unwrap_err();
    assert!(error.to_string().contains("has no marker of app-dev-20261122-021700"), "{error}");
    assert_eq!(bench.log().await, "a b", "nothing ran beside the progress of another generation");
    bench.claim().await;
    bench.run().await.1.unwrap();
    assert_eq!(bench.log().await, "a b a b");
    let claimed = Marker { generation: bench.generation.clone(), ..Marker::default() };
    assert_eq!(read_marker(&session).await.unwrap(), Some(claimed), "nothing of the old marker is left");
    let new = Marker { generation: bench.generation.clone(), phase: "scrubbed".into(), ..Marker::default() };
    mark(&session, &new).await.unwrap();
    mark(&session, &new).await.unwrap();
    assert_eq!(read_marker(&session).await.unwrap(), Some(new));
    assert!(bench.unfinished().await.is_empty(), "marking again keeps the progress");

    // Either of the two that names another generation is enough.
    session.run("UPDATE devdb_meta.script SET generation = 'app-dev-1'").await.unwrap();
    assert_eq!(bench.unfinished().await.len(), 2);
    let forge = format!(
        "UPDATE devdb_meta.script SET generation = '{}'; UPDATE devdb_meta.generation SET name = 'app-dev-1'",
        bench.generation
    );
    session.run(&forge).await.unwrap();
    assert_eq!(bench.unfinished().await.len(), 2);
}

#[tokio::test]
async fn a_devdb_meta_of_another_shape_is_replaced_and_one_of_another_owner_refused() {
    let bench = Bench::new(&[("10-scrub/1_a.sql", &say("a"))]).await;
    let session = bench.session().await;
    let other =
        "DROP SCHEMA devdb_meta CASCADE; CREATE SCHEMA devdb_meta; CREATE TABLE devdb_meta.generation (name int)";
    session.run(other).await.unwrap();
    assert!(bench.run().await.1.unwrap_err().to_string().contains("has no marker"));
    bench.claim().await;
    bench.run().await.1.unwrap();
    session.run("DROP SCHEMA devdb_meta CASCADE").await.unwrap();
    session_of("postgres", &bench.database)
        .await
        .run(&format!("CREATE SCHEMA devdb_meta; GRANT USAGE ON SCHEMA devdb_meta TO {MASTER}"))
        .await
        .unwrap();
    let error = claim(&session, &bench.generation).await.unwrap_err();
    let failure = devdb::scrub::marker::failure(error, &bench.database);
    assert!(failure.to_string().contains("must be owner of schema devdb_meta"), "{failure}");
    assert!(failure.hint.unwrap().contains("make the master user the owner"));
}

#[tokio::test]
async fn nobody_else_reads_or_writes_the_marker() {
    let bench = Bench::new(&[("10-scrub/1_a.sql", &say("a"))]).await;
    bench.run().await.1.unwrap();
    let session = bench.session().await;
    let developer = format!("{}_developer", bench.database);
    session.run(&format!("CREATE ROLE {developer} LOGIN")).await.unwrap();
    let theirs = session_of(&developer, &bench.database).await;
    assert_eq!(read_marker(&theirs).await.unwrap_err().sqlstate(), Some("42501"));
}

#[tokio::test]
async fn a_script_may_become_another_role_and_is_recorded_all_the_same() {
    let bench = Bench::new(&[]).await;
    let owner = format!("{}_owner", bench.database);
    let session = bench.session().await;
    session.run(&format!("CREATE ROLE {owner}; GRANT {owner} TO {MASTER}")).await.unwrap();
    session
        .run(&format!("GRANT USAGE, CREATE ON SCHEMA app TO {owner}; ALTER TABLE app.users OWNER TO {owner}"))
        .await
        .unwrap();
    bench.write("10-scrub/1_a.sql", &format!("SET ROLE {owner}; UPDATE app.users SET email = NULL"));
    bench.run().await.1.unwrap_or_else(|error| panic!("{error}"));
    assert!(bench.unfinished().await.is_empty());
}

#[tokio::test]
async fn verification_names_every_query_that_returns_rows_and_shows_none() {
    let bench = Bench::new(&[
        ("10-scrub/1_a.sql", &say("a")),
        (
            "90-verify/1_a.sql",
            "SELECT 1 WHERE false;\n\nSELECT email FROM app.users;\nSELECT * FROM app.users WHERE id = 1",
        ),
        ("90-verify/2_b.sql", "SELECT broken"),
        ("90-verify/3_c.sql", "SELECT 1 FROM app.users WHERE id > 7"),
        ("90-verify/4_d.sql", "DELETE FROM app.users WHERE false"),
    ])
    .await;
    let (heard, result) = bench.run().await;
    assert_eq!(heard.len(), 3);
    let error = result.unwrap_err();
    let lines: Vec<String> =
        error.to_string().lines().map(|line| line.split("90-verify/").nth(1).unwrap().into()).collect();
    assert_eq!(
        lines,
        [
            "1_a.sql:3:1: this query must return no row and returned 2 rows",
            "1_a.sql:4:1: this query must return no row and returned 1 row",
            "2_b.sql:1:8: column \"broken\" does not exist (SQLSTATE 42703)",
            "4_d.sql:1:1: cannot execute DELETE in a read-only transaction (SQLSTATE 25006)",
        ]
    );
    assert!(!format!("{error:?}").contains("real.kr"));
    assert_eq!(Failure::from(error).exit, Exit::Leak);
    // What was recorded does not spare the verification.
    assert!(bench.unfinished().await.is_empty());
    assert!(bench.run().await.1.is_err());
}

#[tokio::test]
async fn a_second_run_of_a_file_must_change_nothing() {
    let mut bench = Bench::new(&[
        ("10-scrub/1_a.sql", "UPDATE app.users SET email = id || '@x.test'"),
        (
            "20-seed/1_b.sql",
            "INSERT INTO app.users VALUES (3, 'c') ON CONFLICT DO NOTHING; SELECT nextval('app.log_line_seq')",
        ),
    ])
    .await;
    bench.check_idempotent = true;
    let (heard, result) = bench.run().await;
    result.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(heard.len(), 2);

    for (script, table) in [
        (say("again"), "app.log"),
        ("UPDATE app.users SET email = id || random()::text".into(), "app.users"),
        ("UPDATE app.users SET email = 'x' || email".into(), "app.users"),
        (format!("SET search_path = app; SET TimeZone = 'Asia/Seoul'; {}", say("again")), "app.log"),
    ] {
        bench.write("20-seed/1_b.sql", &format!("-- why\n{script}"));
        let error = bench.run().await.1.unwrap_err();
        let expected = format!("20-seed/1_b.sql:2:1: running this file a second time changes {table}");
        assert!(error.to_string().ends_with(&expected), "{error}");
    }
}
