//! Killed at any instant, the next call ends where an undisturbed one does: every value masked once, no
//! constraint lost, the schema what it was.

use std::time::{Duration, Instant};

use devdb::pg::Session;
use devdb::scrub::rewrite::{APPLICATION_NAME, Error, Options, Rewritten, TableMask, rewrite};

use super::{EMAIL, Scene, dump, masks};
use crate::on_every_version;
use crate::support::cluster::Version;

on_every_version!(at_thirty_instants_and_more);

const PRODUCTION: &str = "
    CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE, boss text REFERENCES users (email) DEFERRABLE);
    INSERT INTO users SELECT i, 'kim' || i || '@real.kr', CASE WHEN i > 1 THEN 'kim' || i / 2 || '@real.kr' END FROM generate_series(1, 3000) i;
    CREATE TABLE orders (id int PRIMARY KEY, email text NOT NULL REFERENCES users (email) ON DELETE CASCADE, email2 text REFERENCES users (email));
    INSERT INTO orders SELECT i, 'kim' || i || '@real.kr', 'kim' || i % 9 + 1 || '@real.kr' FROM generate_series(1, 3000) i;
    COMMENT ON CONSTRAINT orders_email_fkey ON orders IS 'a key';
    CREATE TABLE logs (day date, email text REFERENCES users (email), PRIMARY KEY (day, email)) PARTITION BY RANGE (day);
    CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2026-03-01');
    CREATE TABLE logs_2 PARTITION OF logs DEFAULT;
    INSERT INTO logs SELECT date '2026-01-01' + i % 100, 'kim' || i || '@real.kr' FROM generate_series(1, 3000) i;
    CREATE TABLE hosts (id int PRIMARY KEY, email text REFERENCES users (email), host text GENERATED ALWAYS AS (split_part(email, '@', 2)) STORED);
    INSERT INTO hosts SELECT i, 'kim' || i || '@real.kr' FROM generate_series(1, 3000) i;
    CREATE TABLE plain (id int PRIMARY KEY, email text); INSERT INTO plain SELECT i, 'kim' || i || '@real.kr' FROM generate_series(1, 3000) i;
    CREATE INDEX ON plain (lower(email));
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fired''; END';
    CREATE TRIGGER t BEFORE UPDATE OF email ON plain FOR EACH ROW EXECUTE FUNCTION f();
    CREATE VIEW mails AS SELECT email FROM users UNION SELECT email FROM orders;
    CREATE MATERIALIZED VIEW counted AS SELECT p.email, count(*) AS n FROM plain p JOIN users u USING (email) GROUP BY p.email;
    CREATE UNIQUE INDEX ON counted (email); CREATE VIEW over AS SELECT max(email) AS email FROM counted;
    ALTER TABLE plain ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON plain USING (email = current_user)";

fn list() -> Vec<TableMask> {
    let (boss, second) = (EMAIL.replace("email", "boss"), EMAIL.replace("email", "email2"));
    vec![
        masks("users", &[("email", EMAIL), ("boss", &boss)]),
        masks("orders", &[("email", EMAIL), ("email2", &second)]),
        masks("logs", &[("email", EMAIL)]),
        masks("hosts", &[("email", EMAIL)]),
        masks("plain", &[("email", EMAIL)]),
    ]
}

async fn mask(scene: &Scene, database: &str) -> Result<Vec<Rewritten>, Error> {
    let options = Options { generation: "app-dev-1", recipe: "one", jobs: 2, free_bytes: None, listener: &scene.heard };
    rewrite(scene, database, &list(), &options).await
}

fn everything(scene: &Scene, database: &str) -> String {
    dump(&scene.cluster, database, &["--exclude-schema=devdb_meta"])
}

async fn copy(postgres: &Session, from: &str, to: &str) {
    for _ in 0..50 {
        match postgres.run(&format!("CREATE DATABASE {to} TEMPLATE {from} OWNER master")).await {
            Ok(_) => return,
            // Somebody's session is just ending.
            Err(error) if error.sqlstate() == Some("55006") => tokio::time::sleep(Duration::from_millis(100)).await,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("{from} is still in use");
}

async fn at_thirty_instants_and_more(version: Version) {
    const INTERRUPTIONS: u32 = 32;
    let mut scene = Scene::new(&version, PRODUCTION).await;
    let postgres = scene.cluster.superuser("postgres").await;
    // A session on it would be in the way of copying it.
    scene.master = scene.cluster.login("master", "m", "postgres").await.unwrap();
    copy(&postgres, "app", "undisturbed").await;
    let began = Instant::now();
    mask(&scene, "undisturbed").await.unwrap();
    let whole = began.elapsed();
    let wanted = everything(&scene, "undisturbed");
    assert!(!wanted.contains("@real.kr"));

    let (mut interrupted, mut attempts) = (0, 0);
    while interrupted < INTERRUPTIONS {
        assert!(attempts < 4 * INTERRUPTIONS, "it ends too soon to be interrupted");
        copy(&postgres, "app", "victim").await;
        // Spread over the whole run; some are killed again and again.
        let delay = whole.mul_f64(f64::from(attempts * 7 % 31) / 32.0);
        for _ in 0..=attempts % 3 {
            let disturbed = if attempts % 2 == 0 {
                tokio::time::timeout(delay, mask(&scene, "victim")).await.is_err()
            } else {
                let end = async {
                    tokio::time::sleep(delay).await;
                    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
                    postgres.query(sql, &[&APPLICATION_NAME]).await.unwrap();
                };
                let (result, ()) = tokio::join!(mask(&scene, "victim"), end);
                result.is_err_and(|error| {
                    assert!(error.is_disconnect(), "{error}");
                    true
                })
            };
            interrupted += u32::from(disturbed);
        }
        let done = mask(&scene, "victim").await.unwrap_or_else(|error| panic!("after {delay:?}: {error}"));
        assert_eq!(done.len(), 5);
        super::assert_same(&wanted, &everything(&scene, "victim"));
        postgres.run("DROP DATABASE victim WITH (FORCE)").await.unwrap();
        attempts += 1;
    }
}
