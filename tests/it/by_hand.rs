//! `devdb init`, `coverage`, `audit` and `scrub`: the real program on databases that a URL names, first on
//! one with personal data, then on schemas that chance made.

#![allow(clippy::unwrap_used, clippy::expect_used)]

/// Schemas and data by chance.
mod chance;
/// Reports.
mod events;
/// Inheritance.
mod inheriting;
/// Refusals and their remedies.
mod remedies;
/// Constraints that are not proved.
mod vouched;

use std::process::{Command, Stdio};

use crate::support::cluster::{Cluster, version};
use crate::support::scene::{Done, done};
use crate::support::server::client;

const PASSWORD: &str = "m";

/// A folder with a `devdb.yaml`, and a database of a master user who is no superuser.
struct Desk {
    folder: tempfile::TempDir,
    cluster: Cluster,
}

impl Desk {
    async fn with(sql: &str) -> Desk {
        Desk::on(15, sql).await
    }

    async fn on(major: u32, sql: &str) -> Desk {
        Desk::of(Cluster::start(&version(major), &[]).await, sql).await
    }

    async fn with_settings(sql: &str, settings: &[&str]) -> Desk {
        Desk::of(Cluster::start(&version(15), settings).await, sql).await
    }

    async fn of(cluster: Cluster, sql: &str) -> Desk {
        let master = cluster.with_master().await;
        master.run(sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
        Desk { folder: tempfile::tempdir().unwrap(), cluster }
    }

    fn place(&self) -> String {
        self.cluster.conninfo("").split_whitespace().find_map(|part| part.strip_prefix("port=")).unwrap().to_owned()
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn devdb(&self, arguments: &[&str]) -> Done {
        let done = done(self.command(arguments).output().unwrap());
        assert!(!done.err.contains("a key for tests"), "{}", done.err);
        done
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.without_configuration(arguments);
        command.arg("--config").arg(self.path("devdb.yaml"));
        command
    }

    fn without_configuration(&self, arguments: &[&str]) -> Command {
        let url = format!("postgres://master@127.0.0.1:{}/app", self.place());
        let mut command = Command::new(env!("CARGO_BIN_EXE_devdb"));
        command.args(arguments).current_dir(self.folder.path());
        command.env("DEVDB_DATABASE", &url).env("PGPASSWORD", PASSWORD);
        command.env("DEVDB_MASK_KEY", "a key for tests by hand");
        command
    }

    /// The events of a command, whose first and last are its frame.
    fn framed(&self, command: &str, code: i32) -> Vec<serde_json::Value> {
        let done = self.devdb(&[command, "--format", "json"]).code(code);
        let events: Vec<serde_json::Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (first, last) = (&events[0], &events[events.len() - 1]);
        assert!(first["event"] == "run_started" && first["command"] == command, "{events:#?}");
        assert_eq!(first["target"], format!("127.0.0.1:{}/app", self.place()));
        assert!(last["event"] == "run_finished" && last["exit"] == code, "{events:#?}");
        events
    }

    /// The HTML page that a command writes.
    fn page(&self, command: &str, code: i32) -> String {
        let path = self.path("report.html");
        self.devdb(&[command, "--html", path.to_str().unwrap()]).code(code);
        let page = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        page
    }

    /// What `init` writes, with every column kept of which it says nothing, and this database allowed.
    fn begin(&self) {
        let written = self.devdb(&["init"]).code(0).out;
        let allowed = format!("  databases: [\"127.0.0.1:{}/app\"]\n", self.place());
        let text = written.replacen("\nmask:\n", &format!("\nmask:\n{allowed}"), 1);
        std::fs::write(self.path("devdb.yaml"), &text).unwrap();
        let judged = self.devdb(&["coverage"]);
        if judged.code == 7 {
            let open =
                judged.err.lines().find_map(|line| line.split_once("neither masked nor kept: ")).map(|(_, all)| all);
            let open: Vec<&str> = open.into_iter().flat_map(|all| all.split(", ")).collect();
            // A list of its own: the columns that scripts would mask; here they stay.
            let lines: Vec<String> =
                open.iter().map(|path| format!("    - '{}'\n", path.replace('\'', "''"))).collect();
            let lines = lines.concat();
            let text = text.replacen("\n  keep: []\n", "\n  keep:\n", 1);
            assert!(text.contains("\n  keep:\n"), "{text}");
            let text = text.replacen("\n  keep:\n", &format!("\n  keep:\n{lines}"), 1);
            std::fs::write(self.path("devdb.yaml"), text).unwrap();
        }
    }

    /// How much the tool has left of its own.
    async fn meta(&self) -> i64 {
        let sql = "SELECT count(*) FROM pg_namespace WHERE nspname = 'devdb_meta'";
        self.cluster.superuser("app").await.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// The schema, as `pg_dump` writes it.
    fn schema(&self) -> String {
        self.dump(&["-s"])
    }

    fn dump(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(client().join("pg_dump"));
        command.args(arguments).args([
            "-h",
            "127.0.0.1",
            "-U",
            "postgres",
            "-N",
            "devdb_meta",
            "-p",
            &self.place(),
            "app",
        ]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // Newer versions write a random word around the dump.
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().filter(|line| !line.starts_with('\\')).collect::<Vec<_>>().join("\n")
    }
}

const SHOP: &str = "
    CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE NOT NULL, phone text, name text, note text, created_at timestamptz);
    CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, recipient_email text, amount numeric(10,2));
    CREATE VIEW customers AS SELECT id, email FROM users;
    INSERT INTO users SELECT i, 'minsu' || i || '@corp.kr', '010-' || 2000 + i || '-' || 3000 + i, '김민수', 'vip', now()
        FROM generate_series(1, 300) i;
    INSERT INTO orders SELECT i, i, 'minsu' || i || '@corp.kr', i FROM generate_series(1, 300) i";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_covered_and_scrubbed_by_hand() {
    let desk = Desk::with(SHOP).await;
    let audit = done(desk.without_configuration(&["audit"]).output().unwrap())
        .code(7)
        .says("users.email")
        .says("looks like e-mail addresses");
    assert!(!audit.err.contains("corp.kr"), "{}", audit.err);

    desk.begin();
    desk.devdb(&["coverage", "--accept"]).code(0).says("commit it");
    desk.devdb(&["coverage"]).code(0);
    desk.cluster.sql("app", "ALTER TABLE users ADD birth_place text").await;
    desk.devdb(&["coverage"]).code(7).says("public.users.birth_place");
    desk.cluster.sql("app", "ALTER TABLE users DROP birth_place").await;

    let before = desk.schema();
    desk.devdb(&["scrub"]).code(0).says("no original was found");
    assert_eq!(desk.schema(), before);
    let data = desk.dump(&["-a"]);
    assert!(!data.contains("corp.kr") && !data.contains("010-2001-3001"), "{data}");
    let master = desk.cluster.superuser("app").await;
    let row = master
        .query_one("SELECT count(*), (SELECT count(*) FROM pg_namespace WHERE nspname = 'devdb_meta') FROM users u JOIN orders o ON o.user_id = u.id AND o.recipient_email = u.email", &[])
        .await
        .unwrap();
    // The same value was masked alike on both sides; and of the tool nothing is left.
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (300, 0));
    desk.devdb(&["scrub"]).code(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_listed_is_not_touched() {
    let desk = Desk::with(SHOP).await;
    desk.begin();
    let path = desk.path("devdb.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("/app\"]", "/other\"]")).unwrap();
    let before = desk.dump(&[]);
    desk.devdb(&["scrub"]).code(3).says("not listed under `mask.databases`").says("nothing was changed");
    std::fs::write(&path, &text).unwrap();
    let marker = "CREATE SCHEMA devdb_meta; CREATE TABLE devdb_meta.generation AS SELECT 'app-dev-1'::text AS name, \
                  ''::text AS snapshot, ''::text AS run, ''::text AS recipe, ''::text AS phase";
    desk.cluster
        .sql(
            "app",
            &format!(
                "{marker}; GRANT USAGE ON SCHEMA devdb_meta TO master; GRANT SELECT ON devdb_meta.generation TO master"
            ),
        )
        .await;
    desk.devdb(&["scrub"]).code(3).says("the generation app-dev-1");
    assert_eq!(desk.dump(&[]), before);
}

/// `scrub` passes the same gate as a rotation: a column that devdb.lock does not list stops it, although a pattern
/// keeps the column.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_column_that_the_lock_does_not_list_is_not_scrubbed() {
    let desk = Desk::with(SHOP).await;
    desk.begin();
    desk.devdb(&["coverage", "--accept"]).code(0);
    let lock = std::fs::read_to_string(desk.path("devdb.lock")).unwrap();
    let other = lock.replace("        note: text\n", "");
    assert_ne!(other, lock);
    std::fs::write(desk.path("devdb.lock"), other).unwrap();
    let before = desk.dump(&[]);
    desk.devdb(&["scrub"])
        .code(7)
        .says("users.note (text) is new since devdb.lock")
        .says("coverage --database URL --accept");
    assert_eq!(desk.dump(&[]), before);
    std::fs::write(desk.path("devdb.lock"), lock).unwrap();
    desk.devdb(&["scrub"]).code(0);
}

/// `init`, `coverage --accept` and `scrub` on schemas by chance end well, or say what cannot be done. After a
/// good end no original of a masked column is anywhere in a dump.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemas_by_chance_are_scrubbed_or_refused_by_name() {
    let seed = std::env::var("DEVDB_TEST_SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs());
    let (mut scrubbed, mut refused) = (0, Vec::new());
    for round in 0..12 {
        let seed = seed + round;
        let sql = chance::database(seed);
        let major = match round {
            0..2 => 14,
            2..4 => 18,
            _ => 15,
        };
        let desk = Desk::on(major, &sql).await;
        desk.begin();
        let said = |done: &Done| format!("DEVDB_TEST_SEED={seed} on {major}\n{sql}\n{}\n{}", done.out, done.err);
        let covered = desk.devdb(&["coverage", "--accept"]);
        if covered.code != 0 {
            assert!(covered.code == 7 && covered.err.contains("cannot be used for"), "{}", said(&covered));
            refused.push(seed);
            continue;
        }
        let before = desk.schema();
        let done = desk.devdb(&["scrub"]);
        match done.code {
            0 => scrubbed += 1,
            7 => assert!(done.err.contains("originals of") || done.err.contains("looks like"), "{}", said(&done)),
            _ => panic!("{}", said(&done)),
        }
        if done.code == 0 {
            assert_eq!(desk.schema(), before, "{}", said(&done));
            let data = desk.dump(&["-a", "--inserts"]);
            let left = chance::left(&data);
            assert!(left.is_empty(), "{left:?}\n{}", said(&done));
        } else {
            refused.push(seed);
        }
    }
    println!("{scrubbed} scrubbed, refused: {refused:?}");
    assert!(scrubbed >= 6, "refused: {refused:?}");
}

/// Killed at any instant, a scrub says nothing of being done, and the next one ends where an undisturbed one does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_scrub_is_gone_on_with() {
    let desk = Desk::with(SHOP).await;
    desk.begin();
    let postgres = desk.cluster.superuser("postgres").await;
    postgres.run("CREATE DATABASE clean TEMPLATE app OWNER master").await.unwrap();
    let anew = async || {
        postgres.run("DROP DATABASE app WITH (FORCE)").await.unwrap();
        postgres.run("CREATE DATABASE app TEMPLATE clean OWNER master").await.unwrap();
    };
    let began = std::time::Instant::now();
    desk.devdb(&["scrub"]).code(0);
    let whole = began.elapsed();
    let wanted = desk.dump(&[]);
    let (mut kills, mut rounds) = (0_u32, 0_u32);
    while kills < 12 {
        assert!(rounds < 30, "it ends too soon to be killed");
        anew().await;
        let mut done = false;
        for part in 0..2 {
            let mut child = desk.command(&["scrub", "--format", "json"]).stdout(Stdio::piped()).spawn().unwrap();
            // Spread over the run: early and late ones, in no order.
            std::thread::sleep(whole.mul_f64(f64::from((rounds * 2 + part) * 7 % 23) / 22.0));
            let _ = child.kill();
            let killed = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&killed.stdout).into_owned();
            done = said.contains("run_finished");
            // What it was about to say when it was killed is true.
            done |= said.contains("no original was found") && desk.meta().await == 0;
            if done {
                break;
            }
            kills += 1;
        }
        if !done {
            desk.devdb(&["scrub"]).code(0).says("no original was found");
        }
        crate::rewrite::assert_same(&wanted, &desk.dump(&[]));
        assert_eq!(desk.meta().await, 0);
        rounds += 1;
    }
}
