//! A generated company of any size, as the production of the local platform: two databases, JSON, partitions,
//! inheritance, a reference that follows a masked key, default server settings. Names, addresses and numbers are
//! combined by arithmetic, so that every original has a shape that a query can recognize.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use devdb::pg::server::{Account, Server};

use super::block_on;
use super::server::{self, MASTER, MASTER_PASSWORD, ROLES};

/// The databases.
pub const DATABASES: [&str; 2] = ["crm", "billing"];

/// The first database: `users` users, what they ordered and wrote.
fn crm(users: u32) -> String {
    format!(
        "CREATE TABLE users (id bigint PRIMARY KEY, email text UNIQUE NOT NULL, name text NOT NULL, phone varchar(20), born date,
             created_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO users SELECT i, 'kim.minsu' || i || '@original.example',
             chr(44032 + i % 11000) || chr(44032 + i * 7 % 11000) || chr(44032 + i * 31 % 11000),
             '010-' || to_char(i / 10000 % 8000 + 1000, 'FM0000') || '-' || to_char(i % 10000, 'FM0000'), date '1950-01-01' + i % 18000
             FROM generate_series(1, {users}) i;
         CREATE TABLE profiles (user_id bigint PRIMARY KEY REFERENCES users, document jsonb NOT NULL);
         INSERT INTO profiles SELECT id, jsonb_build_object('contact', jsonb_build_object('email', email, 'phone', phone),
             'plan', 'pro', 'visits', id % 90) FROM users WHERE id % 5 = 0;
         CREATE TABLE orders (id bigint NOT NULL, user_id bigint NOT NULL REFERENCES users, recipient text NOT NULL, placed_on date NOT NULL,
             PRIMARY KEY (id, placed_on)) PARTITION BY RANGE (placed_on);
         CREATE TABLE orders_2024 PARTITION OF orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
         CREATE TABLE orders_2025 PARTITION OF orders FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
         CREATE TABLE orders_2026 PARTITION OF orders DEFAULT;
         INSERT INTO orders SELECT id, id, name, date '2024-01-01' + (id % 1000)::int FROM users WHERE id % 2 = 0;
         CREATE TABLE messages (id bigint PRIMARY KEY, sender text NOT NULL, sent_on date NOT NULL);
         CREATE TABLE messages_2025 (CHECK (sent_on < '2026-01-01')) INHERITS (messages);
         CREATE TABLE messages_2026 (archived boolean, CHECK (sent_on >= '2026-01-01')) INHERITS (messages);
         INSERT INTO messages_2025 SELECT id, email, date '2025-03-01' + (id % 200)::int FROM users WHERE id % 3 = 0;
         INSERT INTO messages_2026 SELECT id, email, date '2026-03-01' + (id % 200)::int, false FROM users WHERE id % 3 = 1;
         CREATE MATERIALIZED VIEW directory AS SELECT id, email FROM users;
         GRANT SELECT ON ALL TABLES IN SCHEMA public TO app_service;
         ANALYZE"
    )
}

/// The second database: an invoice for every second user.
fn billing(users: u32) -> String {
    format!(
        "CREATE TABLE invoices (id bigint PRIMARY KEY, customer text NOT NULL, phone text, cents bigint NOT NULL);
         INSERT INTO invoices SELECT i, 'kim.minsu' || i || '@original.example',
             '010-' || to_char(i / 10000 % 8000 + 1000, 'FM0000') || '-' || to_char(i % 10000, 'FM0000'), i * 100
             FROM generate_series(1, {users}, 2) i;
         GRANT SELECT ON ALL TABLES IN SCHEMA public TO app_service;
         ANALYZE"
    )
}

const CONFIG: &str = r#"version: 1
targets:
  company-dev:
    platform:
      local: { root: ., master_user: app_admin }
    source: { instance: prod-company, max_snapshot_age: 300d }
    generation: { prefix: company-dev- }
    record: { name: company-dev }
    databases: [{ name: crm }, { name: billing }]
    master_password: generate
    roles:
      allow:
        app_service: { password: { command: [printf, "%s", dev-service-password] } }
mask:
  key: { command: [printf, "%s", the key of these tests] }
  rules:
    public.users: { email: email, name: { fake: korean_name }, phone: { phone: kr } }
    public.profiles.document: { json: { $.contact.email: email, $.contact.phone: { phone: kr } } }
    public.orders.recipient: { fake: korean_name }
    public.messages.sender: email
    public.invoices: { customer: email, phone: { phone: kr } }
  keep: [public.users.id, public.users.born, public.users.created_at, public.profiles.user_id, "public.orders.*", public.messages.id,
         public.messages.sent_on, public.messages_2026.archived, "public.invoices.*"]
"#;

/// Queries that return 0 if no original is left, by database.
pub const ORIGINALS: [(&str, &str); 2] = [
    (
        "crm",
        "SELECT (SELECT count(*) FROM users WHERE email ~ 'original' OR phone = '010-' || to_char(id / 10000 % 8000 + 1000, 'FM0000') || '-' || to_char(id % 10000, 'FM0000')) \
              + (SELECT count(*) FROM profiles WHERE document::text ~ 'original') \
              + (SELECT count(*) FROM messages WHERE sender ~ 'original') \
              + (SELECT count(*) FROM directory WHERE email ~ 'original') \
              + (SELECT count(*) FROM orders WHERE recipient = chr((44032 + id % 11000)::int) || chr((44032 + id * 7 % 11000)::int) || chr((44032 + id * 31 % 11000)::int))",
    ),
    ("billing", "SELECT count(*) FROM invoices WHERE customer ~ 'original'"),
];

/// The company's root folder, ready to rotate.
pub struct Company {
    directory: tempfile::TempDir,
    bin: PathBuf,
}

impl Company {
    /// Makes the production and its snapshot, with as many users.
    pub fn of(users: u32) -> Company {
        let (directory, account) = server::directory();
        let company = Company { directory, bin: server::bin(None) };
        block_on(company.fill(users, account));
        std::fs::write(company.path("devdb.yaml"), CONFIG).unwrap();
        company
    }

    async fn fill(&self, users: u32, account: Account) {
        let data = self.path("snapshots/prod-company/20261121-0200");
        std::fs::create_dir_all(data.parent().unwrap()).unwrap();
        for folder in ["snapshots", "snapshots/prod-company"] {
            account.own(&self.path(folder)).unwrap();
        }
        let programs = server::programs(None);
        let path = data.display().to_string();
        let words = ["-D", &path, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"];
        programs.run("initdb", account, words).await.unwrap();
        let port = server::free_port();
        let settings = [("port", port.to_string()), ("unix_socket_directories", String::new())];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).into();
        let production = Server { programs, account, data, settings, log: self.path("production.log") };
        production.start(Duration::from_secs(60)).await.unwrap();
        let root = server::login(port, "postgres", "", "postgres").await.unwrap();
        root.run(ROLES).await.unwrap();
        root.run("RESET ROLE").await.unwrap();
        for (database, sql) in DATABASES.iter().zip([crm(users), billing(users)]) {
            root.run(&format!("CREATE DATABASE {database} OWNER {MASTER}")).await.unwrap();
            let session = server::login(port, MASTER, MASTER_PASSWORD, database).await.unwrap();
            session.run(&sql).await.unwrap();
        }
        drop(root);
        production.stop("fast").await.unwrap();
    }

    /// A file of the root folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A `devdb` command on this company.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_devdb"));
        command.arg("--config").arg(self.path("devdb.yaml")).args(arguments);
        command.env("PG_BIN", &self.bin).env_remove("DEVDB_CONFIG").env_remove("GITHUB_STEP_SUMMARY");
        command.stdin(Stdio::null());
        command
    }

    /// Counts the originals that a developer can see through the record, and the rows there are, by database.
    pub fn seen_by_developers(&self) -> Vec<(i64, i64)> {
        let text = std::fs::read_to_string(self.path("pg_service.conf")).unwrap();
        let port = text.lines().find_map(|line| line.strip_prefix("port=")?.parse().ok()).unwrap();
        let rows = [
            "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM profiles) + (SELECT count(*) FROM orders) + (SELECT count(*) FROM messages)",
            "SELECT count(*) FROM invoices",
        ];
        let count = async |database: &str, sql: &str| -> i64 {
            let session = server::login(port, "app_service", "dev-service-password", database).await.unwrap();
            session.query_one(sql, &[]).await.unwrap().get(0)
        };
        block_on(async {
            let mut all = Vec::new();
            for ((database, originals), rows) in ORIGINALS.iter().zip(rows) {
                all.push((count(database, originals).await, count(database, rows).await));
            }
            all
        })
    }
}

impl Drop for Company {
    fn drop(&mut self) {
        let instances = std::fs::read_dir(self.path("instances")).into_iter().flatten().flatten();
        for instance in instances {
            let pid = std::fs::read_to_string(instance.path().join("data/postmaster.pid")).ok();
            let pid = pid.and_then(|text| text.lines().next()?.trim().parse().ok());
            if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
            }
        }
    }
}
