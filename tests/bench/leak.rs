//! What the leak check costs, in both modes, against a plain read of the same columns.

use std::time::Instant;

use async_trait::async_trait;
use devdb::event::{Event, Listener};
use devdb::mask::Key;
use devdb::pg::Session;
use devdb::pg::connector::Connector;
use devdb::scrub::leak::{self, Mode, Original, Search, Secrets};
use futures_util::StreamExt as _;

use crate::support::cluster::{Cluster, version};
use crate::support::listener::Heard;

/// Knows when the search itself begins: fingerprints are loaded once, however much there is to be searched.
#[derive(Default)]
struct Loaded(std::sync::Mutex<Option<Instant>>);

impl Listener for Loaded {
    fn on_event(&self, event: &Event) {
        if matches!(event, Event::Progress { message, .. } if message.ends_with(" loaded")) {
            *self.0.lock().unwrap() = Some(Instant::now());
        }
    }
}

/// Rows of each table.
const ROWS: u32 = 1_000_000;
const COLUMNS: [&str; 4] = ["email", "phone", "name", "address"];

struct Way<'a>(&'a Cluster);

#[async_trait]
impl Connector for Way<'_> {
    async fn session(&self, database: &str) -> devdb::pg::Result<Session> {
        self.0.login("master", "m", database).await
    }
}

/// Prints the figures.
pub fn figures() {
    crate::heading("leak check against COPY of the same columns (goals: stream at most 1.3, server at most 3)");
    crate::support::block_on(measure());
}

async fn measure() {
    let cluster = Cluster::start(&version(15), &["shared_buffers = 512MB", "max_wal_size = 4GB"]).await;
    let master = cluster.with_master().await;
    let secret = Secrets::of(&Key::new("a long enough secret").unwrap());
    let heard = Heard::default();
    let way = Way(&cluster);
    for (table, columns, filled, masked) in tables() {
        master.run(&filled).await.unwrap();
        let originals: Vec<Original> = columns
            .iter()
            .map(|column| Original {
                schema: "public".into(),
                table: table.into(),
                column: (*column).into(),
                rule: "any".into(),
                masked: None,
            })
            .collect();
        let began = Instant::now();
        let remembered = leak::remember(&way, "app", &originals, &secret, 2, &heard).await.unwrap();
        println!("{table}: {ROWS} rows, {} fingerprints made in {:.1} s", remembered.fingerprints, seconds(began));
        master.run(&masked).await.unwrap();
        master.run(&format!("VACUUM FULL {table}")).await.unwrap();
        let copied = columns.join(", ");
        for _ in 0..3 {
            let discarded = discard(&master, &format!("COPY (SELECT {copied} FROM {table}) TO STDOUT")).await;
            let on_server = {
                let superuser = cluster.superuser("app").await;
                let began = Instant::now();
                superuser.run(&format!("COPY (SELECT {copied} FROM {table}) TO '/dev/null'")).await.unwrap();
                seconds(began)
            };
            let (mut took, mut loading) = (Vec::new(), Vec::new());
            for mode in [Mode::Stream, Mode::Server] {
                let loaded = Loaded::default();
                let options = Search { mode, survivors: &[], jobs: 2, listener: &loaded, secret: &secret };
                let began = Instant::now();
                let outcome = leak::search(&way, "app", &options).await.unwrap();
                let searching = loaded.0.lock().unwrap().unwrap();
                loading.push((searching - began).as_secs_f64());
                took.push((seconds(searching), outcome.rows, outcome.hits.len()));
            }
            println!(
                "  read and discarded {discarded:.2} s, COPY to /dev/null {on_server:.2} s; stream {:.2} s ({:.2}), server {:.2} s ({:.2}), \
                 which sent {} of {} rows; hits {} and {}; before that {:.2} s to load the fingerprints",
                took[0].0,
                took[0].0 / discarded,
                took[1].0,
                took[1].0 / on_server,
                took[1].1,
                took[0].1,
                took[0].2,
                took[1].2,
                loading[0],
            );
        }
        leak::forget(&master).await.unwrap();
        master.run(&format!("DROP TABLE {table}")).await.unwrap();
    }
}

fn tables() -> [(&'static str, Vec<&'static str>, String, String); 2] {
    let masked_email = "'u' || left(md5(i::text), 20) || '@example.com'";
    let users = format!(
        "CREATE TABLE users AS SELECT i AS id, 'kim.minsu' || i || '@haneul.example' AS email, '010-' || to_char(i / 10000 + 1000, 'FM0000') || '-' || \
         to_char(i % 10000, 'FM0000') AS phone, chr(44032 + i % 11000) || chr(44032 + i * 7 % 11000) || chr(44032 + i * 31 % 11000) AS name, \
         '서울특별시 종로구 세종대로 ' || i || '번지' AS address FROM generate_series(1, {ROWS}) i"
    );
    let mask_users = format!(
        "UPDATE users SET email = {}, phone = '016-' || to_char(id / 10000 + 3000, 'FM0000') || '-' || to_char(id % 10000, 'FM0000'), \
         name = '가나다', address = '경기도 수원시 은하수로 ' || id % 300",
        masked_email.replace("i::", "id::")
    );
    let logs = format!(
        "CREATE TABLE logs AS SELECT i AS id, jsonb_build_object('user', jsonb_build_object('email', 'kim.minsu' || i || '@haneul.example', 'id', i), \
         'action', 'login', 'ip', '192.0.2.' || i % 250, 'at', '2026-11-21T10:15:00Z', 'agent', 'Mozilla/5.0 (X11; Linux x86_64)', \
         'note', 'lorem ipsum dolor sit amet') AS payload FROM generate_series(1, {ROWS}) i"
    );
    // All of the document is remembered without the mask's expression; what stays would be found.
    let mask_logs = format!(
        "UPDATE logs SET payload = jsonb_build_object('user', jsonb_build_object('email', {}, 'id', id), 'action', 'logout', 'ip', '198.51.100.' || id % 250, \
         'agent', 'Wget/1.21 (linux-gnu; amd64 build)', 'note', 'ipsum lorem amet sit dolor', 'at', '2026-11-22T11:16:01Z')",
        masked_email.replace("i::", "id::")
    );
    [("users", COLUMNS.to_vec(), users, mask_users), ("logs", vec!["payload"], logs, mask_logs)]
}

async fn discard(session: &Session, sql: &str) -> f64 {
    let began = Instant::now();
    let mut stream = std::pin::pin!(session.client().copy_out(sql).await.unwrap());
    while let Some(part) = stream.next().await {
        part.unwrap();
    }
    seconds(began)
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}
