//! Masking in place against one `UPDATE` of the same columns, and against `VACUUM FULL`, which rewrites
//! heap and indexes and changes nothing.

use std::time::Instant;

use async_trait::async_trait;
use devdb::mask::{Expression, Key, Rule, compile};
use devdb::pg::catalog::columns;
use devdb::pg::connector::Connector;
use devdb::pg::{self, Session};
use devdb::scrub::rewrite::{ColumnMask, Options, TableMask, rewrite};

use crate::support::cluster::{Cluster, version};
use crate::support::listener::Heard;

const ROUNDS: usize = 3;
const DATABASE: &str = "bench";

const TABLES: &str = "
    CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, phone text, name text, birth_date date, team int, note text, created_at timestamptz);
    INSERT INTO users SELECT i, 'kim.minsu' || i || '@haneul.example', '010-' || to_char(i / 10000, 'FM0000') || '-' || to_char(i % 10000, 'FM0000'),
        (ARRAY['김민수', '이서연', '박지훈', '최유진'])[i % 4 + 1], date '1970-01-01' + i % 12000, i % 1000, repeat('note ', 12), now() - i * interval '1 second'
        FROM generate_series(1, 1000000) i;
    CREATE UNIQUE INDEX ON users (email); CREATE INDEX ON users (phone); CREATE INDEX ON users (lower(email)); CREATE INDEX ON users (name, birth_date);
    CREATE INDEX ON users (created_at);
    CREATE TABLE logs (id bigint, at date, payload jsonb) PARTITION BY RANGE (at);
    CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2026-04-01');
    CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM ('2026-04-01') TO ('2026-07-01');
    CREATE TABLE logs_3 PARTITION OF logs FOR VALUES FROM ('2026-07-01') TO ('2026-10-01');
    CREATE TABLE logs_4 PARTITION OF logs DEFAULT;
    CREATE INDEX ON logs (id);
    INSERT INTO logs SELECT i, date '2026-01-01' + i % 365, jsonb_build_object('user', jsonb_build_object('email', 'kim.minsu' || i || '@haneul.example'),
        'action', 'login', 'ip', '121.160.12.' || i % 256, 'agent', repeat('Mozilla ', 8)) FROM generate_series(1, 400000) i;
    ANALYZE";

struct Clone(Cluster);

#[async_trait]
impl Connector for Clone {
    async fn session(&self, database: &str) -> pg::Result<Session> {
        self.0.login("master", "m", database).await
    }
}

/// One way of changing both tables.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Update,
    VacuumFull,
    Ours,
}

struct Figures {
    seconds: f64,
    wal: f64,
    size: f64,
}

pub fn figures() {
    crate::support::block_on(async {
        let settings = [
            "shared_buffers = 512MB",
            "max_wal_size = 8GB",
            "checkpoint_timeout = 1h",
            "maintenance_work_mem = 128MB",
            "max_parallel_maintenance_workers = 0",
        ];
        let clone = Clone(Cluster::start(&version(15), &settings).await);
        let master = clone.0.with_master().await;
        for statement in TABLES.split_inclusive(';') {
            master.run(statement).await.unwrap();
        }
        let realistic = realistic(&master).await;
        drop(master);
        for (title, masks) in [("cheap masks", cheap()), ("realistic masks", realistic)] {
            crate::heading(&format!(
                "masking in place, {title}: 1,000,000 rows × 4 columns, 6 indexes, and 400,000 rows of JSON in 4 partitions \
                 (goals: ≤ 0.33 of UPDATE, ≤ 1.5 of VACUUM FULL)"
            ));
            compare(&clone, &masks).await;
        }
    });
}

async fn compare(clone: &Clone, masks: &[TableMask]) {
    let (mut to_update, mut to_vacuum) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Which comes first changes from round to round.
        let mut ways = [Way::Update, Way::VacuumFull, Way::Ours];
        ways.rotate_left(round % 3);
        let of = |wanted: Way, all: &[(Way, Figures)]| {
            all.iter().find(|(way, _)| *way == wanted).map(|(_, figures)| figures.seconds).unwrap()
        };
        let mut all = Vec::new();
        for way in ways {
            all.push((way, measure(clone, way, masks).await));
        }
        for (way, figures) in &all {
            let name = match way {
                Way::Update => "UPDATE",
                Way::VacuumFull => "VACUUM FULL",
                Way::Ours => "in place",
            };
            println!(
                "{name:>12}: {:5.1} s, {:6.0} MB of WAL, {:5.0} MB afterwards",
                figures.seconds, figures.wal, figures.size
            );
        }
        to_update.push(of(Way::Ours, &all) / of(Way::Update, &all));
        to_vacuum.push(of(Way::Ours, &all) / of(Way::VacuumFull, &all));
    }
    println!(
        "ratio to UPDATE, median: {:.2}; to VACUUM FULL, median: {:.2}",
        crate::median(to_update),
        crate::median(to_vacuum)
    );
}

/// On a fresh copy of the database.
async fn measure(clone: &Clone, way: Way, masks: &[TableMask]) -> Figures {
    let postgres = clone.0.superuser("postgres").await;
    postgres.run(&format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")).await.unwrap();
    // Sessions of the step before may need a moment to end.
    let mut tries = 0;
    while let Err(error) =
        postgres.run(&format!("CREATE DATABASE {DATABASE} TEMPLATE app OWNER master STRATEGY file_copy")).await
    {
        tries += 1;
        assert!(tries < 50, "{error}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let session = clone.session(DATABASE).await.unwrap();
    for table in ["users", "logs_1", "logs_2", "logs_3", "logs_4"] {
        session.run(&format!("SELECT count(*) FROM {table}")).await.unwrap();
    }
    devdb::scrub::marker::claim(&session, "bench").await.unwrap();
    postgres.run("CHECKPOINT").await.unwrap();
    let position = "SELECT (pg_current_wal_insert_lsn() - '0/0')::float8";
    let before: f64 = postgres.query_one(position, &[]).await.unwrap().get(0);
    let began = Instant::now();
    match way {
        Way::Ours => {
            let heard = Heard::default();
            // One at a time, as the others are.
            let options = Options { generation: "bench", recipe: "bench", jobs: 1, free_bytes: None, listener: &heard };
            rewrite(clone, DATABASE, masks, &options).await.unwrap();
        }
        Way::VacuumFull => {
            session.run("VACUUM FULL users").await.unwrap();
            session.run("VACUUM FULL logs").await.unwrap();
        }
        Way::Update => {
            for mask in masks {
                let set: Vec<String> =
                    mask.columns.iter().map(|column| format!("{} = {}", column.name, column.expression.sql)).collect();
                session.run(&format!("UPDATE {} SET {}", mask.table, set.join(", "))).await.unwrap();
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let after: f64 = postgres.query_one(position, &[]).await.unwrap().get(0);
    let size: i64 = postgres.query_one("SELECT pg_database_size($1::text::name)", &[&DATABASE]).await.unwrap().get(0);
    Figures { seconds, wal: (after - before) / 1e6, size: size as f64 / 1e6 }
}

fn masks(users: Vec<(&str, &'static str, Expression)>, payload: (&'static str, Expression)) -> Vec<TableMask> {
    let column = |(name, rule, expression): (&str, &'static str, Expression)| ColumnMask {
        keeps_parts: false,
        name: name.to_owned(),
        rule,
        expression,
    };
    let table = |table: &str, columns| TableMask { schema: "public".into(), table: table.into(), columns };
    vec![
        table("users", users.into_iter().map(column).collect()),
        table("logs", vec![column(("payload", payload.0, payload.1))]),
    ]
}

fn cheap() -> Vec<TableMask> {
    let sql = |sql: &str| Expression { sql: sql.to_owned(), subquery: false, vouched: Vec::new() };
    masks(
        vec![
            ("email", "sql", sql("'user' || id || '@example.com'")),
            ("phone", "sql", sql("'016-' || to_char(id / 10000, 'FM0000') || '-' || to_char(id % 10000, 'FM0000')")),
            ("name", "sql", sql("'User ' || id")),
            ("birth_date", "sql", sql("date_trunc('year', birth_date)::date")),
        ],
        ("sql", sql("payload || '{\"user\": {\"email\": \"user@example.com\"}}'")),
    )
}

/// What a team would configure.
async fn realistic(session: &Session) -> Vec<TableMask> {
    let columns = columns(session).await.unwrap();
    let key = Key::new("the key of a bench").unwrap();
    let compiled = |path: &str, yaml: &str| {
        let rule = Rule::resolve(&serde_yaml::from_str(yaml).unwrap()).unwrap();
        let column = columns.iter().find(|column| column.path() == path).unwrap();
        compile(&rule, column, &key).unwrap_or_else(|refusal| panic!("{refusal}"))
    };
    masks(
        vec![
            ("email", "email", compiled("public.users.email", "email")),
            ("phone", "phone", compiled("public.users.phone", "{ phone: kr }")),
            ("name", "fake", compiled("public.users.name", "{ fake: korean_name }")),
            ("birth_date", "date", compiled("public.users.birth_date", "{ date: year }")),
        ],
        ("json", compiled("public.logs.payload", "{ json: { \"$.user.email\": email } }")),
    )
}
