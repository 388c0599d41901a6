//! What a sample costs: against a pipe of `psql` that knows the rows beforehand, with the number of users, with
//! the size of the database, in memory, and on the wire.
//!
//! `DEVDB_BENCH_MB` says how large the company is, about 400 when it is not set.

mod floor;
mod proxy;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::block_on;
use crate::support::cluster::{Cluster, version};
use proxy::Proxy;

const COMPANY: &str = include_str!("sample/company.sql");
/// Users of one megabyte on disk, with all that is theirs.
const PER_MEGABYTE: u64 = 75;
const SETTINGS: [&str; 5] = [
    "shared_buffers = 512MB",
    "max_wal_size = 8GB",
    "checkpoint_timeout = 1h",
    "maintenance_work_mem = 128MB",
    "max_locks_per_transaction = 512",
];

/// The masks; without them all is kept, and what looks personal is listed.
const MASKS: &str = "  rules:
    app.users: { email: email, phone: { phone: kr }, name: { fake: korean_name }, note: { text: shape } }
    app.orders: { address: { text: shape } }
    app.logs: { payload: { json: { $.email: email } } }
    app.comments: { body: { text: shape } }
  keep: [app.countries.*, app.products.*, app.companies.*, app.order_lines.*, app.shipments.*, app.comments.subject_type, app.logs.action,
    app.notifications.*, app.audit.*]
";
const KEPT: &str = "  keep: [app.countries.*, app.products.*, app.companies.*, app.users.*, app.orders.*, app.order_lines.*, app.shipments.*, app.logs.*,
    app.comments.*, app.notifications.*, app.audit.*]
  survivors:
    - { in: app.users.email, reason: generated }
    - { in: app.users.phone, reason: generated }
    - { in: app.logs.payload, reason: generated }
";

/// A source, a server to write into, and a configuration.
struct Bench {
    source: Cluster,
    target: Cluster,
    folder: TempDir,
}

/// One run of the program.
struct Run {
    seconds: f64,
    /// Seconds of processors: its own and of both servers.
    work: f64,
    /// Seconds by step.
    steps: BTreeMap<String, f64>,
    /// Megabytes.
    memory: f64,
    said: String,
}

/// Prints the figures.
pub fn figures() {
    block_on(async {
        let megabytes = std::env::var("DEVDB_BENCH_MB").ok().and_then(|text| text.parse().ok()).unwrap_or(400);
        let bench = Bench {
            source: Cluster::start(&version(15), &SETTINGS).await,
            target: Cluster::unrelated(&version(15), &SETTINGS).await,
            folder: tempfile::tempdir().unwrap(),
        };
        bench.source.sql("postgres", "CREATE ROLE reader LOGIN PASSWORD 'r'; GRANT pg_read_all_data TO reader").await;
        let users = megabytes * PER_MEGABYTE;
        bench.company("app", users).await;
        bench.by_users(users).await;
        bench.company("small", users / 4).await;
        bench.by_size().await;
        bench.whole(megabytes).await;
        bench.wide().await;
    });
}

impl Bench {
    async fn company(&self, database: &str, users: u64) {
        self.source.sql("postgres", &format!("CREATE DATABASE {database}")).await;
        let session = self.source.superuser(database).await;
        session.run(&COMPANY.replace("{users}", &users.to_string())).await.unwrap();
        session.run("VACUUM (ANALYZE)").await.unwrap();
        let size: i64 = session.query_one("SELECT pg_database_size(current_database())", &[]).await.unwrap().get(0);
        println!("{database}: {users} users, {:.0} MB", size as f64 / 1e6);
    }

    /// With and without masks, against the floor.
    async fn by_users(&self, users: u64) {
        crate::heading(
            "a sample of k users into another database (goals: k = 1 under 2 s; k = 10,000 at most 1.5 of psql's pipe; \
             at most 128 MB of memory)",
        );
        for k in [1, 100, 10_000, 100_000].into_iter().filter(|k| k * 3 <= users) {
            let rounds = if k > 10_000 { 1 } else { 3 };
            let (mut ratios, mut works) = (Vec::new(), Vec::new());
            for _ in 0..rounds {
                let kept = self.sample("app", KEPT, &spread(k, users), self.source.port()).await;
                println!("k = {k}, kept: {kept}");
                let (floor, work) = floor::pipe(self, k, users).await;
                println!("k = {k}, psql: {floor:.2} s, {work:.1} s of processors");
                ratios.push(kept.seconds / floor);
                works.push(kept.work / work);
                let masked = self.sample("app", MASKS, &spread(k, users), self.source.port()).await;
                println!("k = {k}, masked: {masked}");
            }
            println!(
                "k = {k}: ratio to psql without masks, median {:.2}; of the work of processors, {:.2}",
                crate::median(ratios),
                crate::median(works)
            );
            let proxy = Proxy::to(self.source.port()).await;
            self.sample("app", MASKS, &spread(k, users), proxy.port).await;
            println!("k = {k}: {}", proxy.told());
        }
    }

    /// The same users of a company of a quarter of the size, without the one reference that has no index.
    async fn by_size(&self) {
        crate::heading("the size of the database at k = 100 (goal: flat, but for the reference without an index)");
        for _ in 0..3 {
            for database in ["small", "app"] {
                println!("{database}: {}", self.sample(database, MASKS, &spread(100, 1000), self.source.port()).await);
            }
        }
    }

    /// A table that is reference data.
    async fn whole(&self, megabytes: u64) {
        crate::heading(&format!("a table of about {megabytes} MB that is taken as a whole"));
        self.source.sql("postgres", "CREATE DATABASE big").await;
        let session = self.source.superuser("big").await;
        let make = "CREATE SCHEMA app; CREATE TABLE app.users (id bigint PRIMARY KEY); INSERT INTO app.users VALUES (1); \
                    CREATE TABLE app.words (id bigint PRIMARY KEY, word text)";
        session.run(make).await.unwrap();
        let fill = format!(
            "INSERT INTO app.words SELECT i, repeat('word ', 40) FROM generate_series(1, {}) i",
            megabytes * 4_000
        );
        session.run(&fill).await.unwrap();
        session.run("VACUUM (ANALYZE)").await.unwrap();
        let keep = "  keep: [\"*.word\"]\n";
        for _ in 0..2 {
            println!("{}", self.run("big", keep, "  tables: { app.words: all }\n", "1\n", self.source.port()).await);
        }
    }

    /// A thousand tables, as a tree and as a chain, where each round finds one row.
    async fn wide(&self) {
        crate::heading("1,000 tables (no goal but no surprise)");
        for (database, up) in [("tree", "i / 10"), ("chain", "i - 1")] {
            self.source.sql("postgres", &format!("CREATE DATABASE {database}")).await;
            let make = format!(
                "CREATE SCHEMA app; DO $$ BEGIN FOR i IN 1..1000 LOOP \
                 EXECUTE format('CREATE TABLE app.t%s (id serial PRIMARY KEY, up int REFERENCES app.t%s, a text, b text, c text, d timestamptz)', i, greatest({up}, 1)); \
                 EXECUTE format('CREATE INDEX ON app.t%s (up)', i); EXECUTE format('INSERT INTO app.t%s VALUES (1, 1), (2, 1)', i); END LOOP; \
                 ALTER TABLE app.t1 RENAME TO users; END $$"
            );
            self.source.sql(database, &make).await;
            println!(
                "{database}: {}",
                self.run(database, "  keep: [\"*.a\", \"*.b\", \"*.c\"]\n", "", "1\n", self.source.port()).await
            );
        }
    }

    async fn sample(&self, database: &str, masks: &str, users: &str, port: u16) -> Run {
        let more = "  edges: [{ table: app.users, columns: [company_id], rule: stop }]
  tables: { app.countries: all, app.products: all }\n";
        self.run(database, masks, more, users, port).await
    }

    /// Seconds of processors that all programs so far have taken, and both servers: on a machine that others use
    /// too, what a clock says is worth little.
    fn work(&self) -> f64 {
        let pid = |cluster: &Cluster| {
            let file = std::fs::read_to_string(cluster.data().join("postmaster.pid")).unwrap();
            file.lines().next().unwrap().to_owned()
        };
        // Sessions count once they have ended.
        std::thread::sleep(Duration::from_millis(200));
        let of_children = |pid: &str| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            let numbers: Vec<f64> =
                stat.rsplit_once(") ").unwrap().1.split(' ').map(|word| word.parse().unwrap_or(0.0)).collect();
            (numbers[13] + numbers[14]) / 100.0
        };
        of_children("self") + of_children(&pid(&self.source)) + of_children(&pid(&self.target))
    }

    /// Runs the program once; what it wrote stays in the database `copy`, which is not there before.
    async fn run(&self, database: &str, masks: &str, sample: &str, users: &str, port: u16) -> Run {
        let references = "references:
  - { table: app.comments, columns: [subject_id], where: \"subject_type = 'User'\", to: app.users, key: [id] }
  - { table: app.comments, columns: [subject_id], where: \"subject_type = 'Order'\", to: app.orders, key: [id] }
  - { table: app.notifications, expression: \"payload ->> 'user_id'\", to: app.users, key: [id] }
  - { table: app.audit, columns: [user_id], to: app.users, key: [id] }
";
        let is_company = sample.contains("countries");
        let config = format!(
            "version: 1\ntargets:\n  bench:\n    platform: {{ local: {{ root: . }} }}\n    source: {{ instance: none }}\n    \
             generation: {{ prefix: bench- }}\n    record: {{ name: bench }}\n    databases: [{{ name: {database} }}]\n\
             mask:\n  key: {{ command: [printf, \"%s\", the key of a bench is long enough] }}\n  keep_types: [integer, number, boolean, timestamp, date, enum]\n\
             {masks}{}sample:\n  root: app.users\n{sample}  targets: [\"127.0.0.1:{}/copy\"]\n",
            if is_company { references } else { "" },
            self.target.port()
        );
        std::fs::write(self.folder.path().join("devdb.yaml"), &config).unwrap();
        std::fs::write(self.folder.path().join("users"), users).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_devdb"));
        command.current_dir(self.folder.path()).args(["sample", "--users-file", "users", "--format", "json"]);
        command.arg(format!("--into=database://postgres@127.0.0.1:{}/copy", self.target.port()));
        command.arg(format!("--database=postgres://reader@127.0.0.1:{port}/{database}"));
        command.env("PGPASSWORD", "r").env_remove("DEVDB_CONFIG").env_remove("GITHUB_STEP_SUMMARY");
        command.env("PG_BIN", crate::support::server::bin(Some(15)));
        let out = std::fs::File::create(self.folder.path().join("out")).unwrap();
        // As the pipe finds it: dropping what was there would be a checkpoint of its own.
        self.target.sql("postgres", "DROP DATABASE IF EXISTS copy").await;
        self.target.sql("postgres", "CHECKPOINT").await;
        command.stdin(Stdio::null()).stderr(out.try_clone().unwrap()).stdout(out);
        let (began, work) = (Instant::now(), self.work());
        let memory = crate::peak_of(command.spawn().unwrap());
        let (seconds, work) = (began.elapsed().as_secs_f64(), self.work() - work);
        let said = std::fs::read_to_string(self.folder.path().join("out")).unwrap();
        let memory = memory.unwrap_or_else(|| panic!("{said}\n{config}"));
        let events = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let steps = events
            .filter(|event| event["event"] == "step_finished")
            .map(|event| (event["step"].as_str().unwrap().to_owned(), event["seconds"].as_f64().unwrap()));
        Run { seconds, work, steps: steps.collect(), memory, said }
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let steps: Vec<String> = self.steps.iter().map(|(step, seconds)| format!("{step} {seconds:.2}")).collect();
        let rows = self.said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let rows: u64 =
            rows.filter(|event| event["event"] == "table_sampled").filter_map(|event| event["rows"].as_u64()).sum();
        let steps = steps.join(", ");
        write!(
            f,
            "{:.2} s ({steps}), {:.1} s of processors, {rows} rows, {:.0} MB of memory",
            self.seconds, self.work, self.memory
        )
    }
}

/// Keys of so many users, from all over the table.
fn spread(k: u64, users: u64) -> String {
    (0..k).map(|i| format!("{}\n", 1 + i * (users / k))).collect()
}
