//! The differential leak check: originals that survive are found wherever they are, in both modes
//! alike; what is no original is not; and where nothing can be proved, nothing passes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use async_trait::async_trait;
use devdb::mask::Key;
use devdb::pg::Session;
use devdb::pg::connector::Connector;
use devdb::scrub::leak::{self, Error, Mode, Original, Outcome, Search, Secrets, Survivor};

use crate::on_14_to_18;
use crate::support::cluster::{Cluster, Version};
use crate::support::listener::Heard;

mod alike;
mod canaries;
mod catalog;
mod closed;

on_14_to_18!(a_clean_database_is_clean, survivors_are_named);

/// The way into a cluster's databases for its master.
pub(super) struct Way<'a>(pub &'a Cluster);

#[async_trait]
impl Connector for Way<'_> {
    async fn session(&self, database: &str) -> devdb::pg::Result<Session> {
        self.0.login("master", "m", database).await
    }
}

pub(super) fn secrets() -> Secrets {
    Secrets::of(&Key::new("a long enough secret").unwrap())
}

pub(super) fn original(path: &str, rule: &str, masked: Option<&str>) -> Original {
    let mut parts = path.split('.').map(str::to_owned);
    let mut next = || parts.next().unwrap();
    let (schema, table, column) = (next(), next(), next());
    Original { schema, table, column, rule: rule.into(), masked: masked.map(str::to_owned) }
}

pub(super) async fn statements(session: &Session, sql: &str) {
    for statement in sql.split(";\n") {
        session.run(statement).await.unwrap_or_else(|error| panic!("{error}\n{statement}"));
    }
}

pub(super) async fn remember(cluster: &Cluster, originals: &[Original]) -> Result<leak::Remembered, Error> {
    leak::remember(&Way(cluster), "app", originals, &secrets(), 2, &Heard::default()).await
}

pub(super) async fn search(cluster: &Cluster, mode: Mode, survivors: &[Survivor]) -> Result<Outcome, Error> {
    let secret = secrets();
    let heard = Heard::default();
    let options = Search { mode, survivors, jobs: 2, listener: &heard, secret: &secret };
    leak::search(&Way(cluster), "app", &options).await
}

/// The hits in both modes, which must be the same.
pub(super) async fn found(cluster: &Cluster) -> Vec<String> {
    let mut shown = Vec::new();
    for mode in [Mode::Stream, Mode::Server] {
        let outcome = search(cluster, mode, &[]).await.unwrap_or_else(|error| panic!("{mode:?}: {error}"));
        assert_eq!(outcome.mode_used, mode);
        shown.push(lines(&outcome));
    }
    let server = shown.pop().unwrap();
    let stream = shown.pop().unwrap();
    assert_eq!(stream, server, "stream and server");
    stream
}

pub(super) fn lines(outcome: &Outcome) -> Vec<String> {
    let line = |hit: &leak::Hit| {
        let column = if hit.column.is_empty() { String::new() } else { format!(".{}", hit.column) };
        format!("{}{column}: {} {} of {}", hit.place, hit.rows, hit.rule, hit.of)
    };
    outcome.hits.iter().map(line).collect()
}

/// The name that a number stands for, in SQL.
fn name_of(number: &str) -> String {
    let number = format!("({number})::int");
    format!("chr(44032 + {number} % 30) || chr(45032 + {number} / 30 % 30) || chr(46032 + {number} / 900)")
}

/// Masks that can make the originals of others, documents of which parts are kept, ids, dates, amounts.
async fn a_clean_database_is_clean(version: Version) {
    let cluster = Cluster::start(&version, &["shared_buffers = 128MB"]).await;
    let master = cluster.with_master().await;
    statements(
        &master,
        &format!(
            "CREATE TABLE users (id bigint PRIMARY KEY, email text, phone text, name text, born date, city text, profile jsonb, at timestamptz);
         INSERT INTO users SELECT i, 'kim' || i || '@real.kr', '010-' || to_char(i * 7919::bigint % 10000, 'FM0000') || '-' || to_char(i % 10000, 'FM0000'),
             {}, date '1970-01-01' + i % 9000, 'Seoul',
             jsonb_build_object('email', 'kim' || i || '@real.kr', 'plan', 'business plan of ' || i % 7, 'at', now()), now() FROM generate_series(1, 30000) i;
         CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, amount numeric, phone text, note text, ref uuid, at timestamptz);
         INSERT INTO orders SELECT 10000000 + i, i % 30000, i * 1250, NULL, 'lorem ipsum dolor sit amet ' || i, gen_random_uuid(), now() + i * interval '1 minute'
             FROM generate_series(1, 70000) i;
         ANALYZE",
            name_of("i")
        ),
    )
    .await;
    // A permutation, and names of a list that holds all of the originals.
    let phone = "'010-' || translate(right(phone, 9), '0123456789', '1234567890')";
    let name = &name_of("id % 30000 + 1");
    let profile = "profile || jsonb_build_object('email', 'u' || md5(profile ->> 'email') || '@example.com')";
    let originals = [
        original("public.users.email", "email", None),
        original("public.users.phone", "phone", Some(phone)),
        original("public.users.name", "fake", Some(name)),
        original("public.users.born", "date", None),
        original("public.users.city", "fixed", None),
        original("public.users.profile", "json", Some(profile)),
    ];
    let remembered = remember(&cluster, &originals).await.unwrap();
    assert_eq!(remembered.columns, 6);
    assert!(remembered.fingerprints >= 30_000 && remembered.left_out >= 90_000, "{remembered:?}");
    statements(
        &master,
        &format!(
            "UPDATE users SET email = 'u' || md5(email) || '@example.com', phone = {phone}, name = {name}, born = date_trunc('year', born), \
                 city = 'Busan', profile = {profile};
             UPDATE orders SET phone = (SELECT phone FROM users WHERE id = user_id);
             VACUUM FULL ANALYZE users;
             ANALYZE"
        ),
    )
    .await;
    assert_eq!(found(&cluster).await, Vec::<String>::new());
    let outcome = search(&cluster, Mode::Stream, &[]).await.unwrap();
    assert!(outcome.is_clean() && outcome.rows >= 100_000 && outcome.left_out == remembered.left_out, "{outcome:?}");
    // A mask that does nothing is found where it is.
    statements(&master, "UPDATE users SET email = 'kim' || id || '@real.kr' WHERE id % 1000 = 0").await;
    assert_eq!(found(&cluster).await, ["public.users.email: 30 email of public.users.email"]);
    // Forgotten, nothing is left of the fingerprints, and nothing passes any more.
    leak::forget(&master).await.unwrap();
    let left: i64 = master
        .query_one("SELECT count(*) FROM pg_class WHERE relnamespace = 'devdb_meta'::regnamespace", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(left, 0);
    assert!(matches!(search(&cluster, Mode::Stream, &[]).await, Err(Error::NotRemembered)));
}

async fn survivors_are_named(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    statements(
        &master,
        "CREATE TABLE users (email text, phone text);
         INSERT INTO users VALUES ('kim@real.kr', '010-1234-5678');
         CREATE TABLE events (at date, payload text) PARTITION BY RANGE (at);
         CREATE TABLE events_now PARTITION OF events DEFAULT;
         INSERT INTO events VALUES (now(), 'kim@real.kr'), (now(), '01012345678')",
    )
    .await;
    let originals = [original("public.users.email", "email", None), original("public.users.phone", "phone", None)];
    remember(&cluster, &originals).await.unwrap();
    statements(&master, "UPDATE users SET email = 'masked@example.com', phone = NULL;\nVACUUM FULL users").await;
    let survivor = |place: &str, of: Option<&str>| Survivor {
        place: place.into(),
        of: of.map(str::to_owned),
        reason: "agreed with the data protection officer".into(),
    };
    let all = search(&cluster, Mode::Stream, &[survivor("public.events.payload", None)]).await.unwrap();
    assert!(all.hits.len() == 2 && all.is_clean(), "{all:?}");
    let one = survivor("public.events_now.payload", Some("public.users.phone"));
    let one = search(&cluster, Mode::Stream, &[one]).await.unwrap();
    assert!(one.hits.len() == 2 && !one.is_clean(), "{one:?}");
    let left: Vec<&str> = one.hits.iter().filter(|hit| hit.survivor.is_none()).map(|hit| hit.rule.as_str()).collect();
    assert_eq!(left, ["email"]);
}
