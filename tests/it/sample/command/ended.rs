//! Stopped, killed, and done: what runs on the source ends, and the target is as it was.

use std::process::Command;
use std::time::{Duration, Instant};

use super::Desk;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_it_ends_what_runs_and_leaves_the_target() {
    let desk = Desk::new().await;
    desk.sample(&["--users", "1"]).code(0);
    let before = desk.dump(desk.laptop.port(), "app_sample");
    // A lock makes the source wait as long as we like.
    let holder = desk.production.superuser("app").await;
    holder.run("BEGIN; LOCK TABLE app.logs IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let mut child = desk.spawn(&["sample", "--users", "2", "--replace", "--into", &desk.place()]);
    let watcher = desk.production.superuser("app").await;
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active'";
    let wait = async |wanted: bool| {
        let began = Instant::now();
        while (watcher.query_one(busy, &[]).await.unwrap().get::<_, i64>(0) > 0) != wanted {
            assert!(began.elapsed() < Duration::from_secs(20), "the source is still not {wanted}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    wait(true).await;
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let began = Instant::now();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
    wait(false).await;
    assert_eq!(desk.dump(desk.laptop.port(), "app_sample"), before);
    assert_eq!(desk.databases().await, ["app_sample", "postgres"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_instant_the_target_is_as_before() {
    let desk = Desk::new().await;
    let words = ["sample", "--users", "1,2,3,4", "--replace", "--into"];
    let (into, began) = (desk.place(), Instant::now());
    let arguments = [&words[..], &[into.as_str()]].concat();
    desk.devdb(&arguments).code(0);
    let whole = began.elapsed();
    let (before, trace) = (desk.dump(desk.laptop.port(), "app_sample"), desk.trace().await);
    let mut cut = 0;
    for _ in 0..12 {
        let mut child = desk.spawn(&arguments);
        tokio::time::sleep(whole.mul_f64(rand::random::<f64>())).await;
        cut += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(desk.dump(desk.laptop.port(), "app_sample"), before);
    }
    assert!(cut > 3, "only {cut} of 12 runs were still going");
    desk.devdb(&arguments).code(0);
    assert_eq!(desk.databases().await, ["app_sample", "postgres"], "a scratch database is left");
    assert_eq!(desk.dump(desk.laptop.port(), "app_sample"), before);
    assert_eq!(desk.trace().await, trace);
    let left: Vec<_> = std::fs::read_dir(desk.path("rows")).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "of rows and schemas on their way is left: {left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_is_let_go_as_soon_as_all_is_read() {
    let desk = Desk::new().await;
    let slow = "CREATE FUNCTION app.slow(bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS \
                'SELECT $1 FROM pg_catalog.pg_sleep(0.7)'; CREATE INDEX ON app.users (app.slow(id)) WHERE id < 3";
    desk.production.sql("app", slow).await;
    let mut child = desk.spawn(&["sample", "--users", "1,2", "--into", &desk.place()]);
    let (laptop, production) = (desk.laptop.superuser("postgres").await, desk.production.superuser("app").await);
    let building = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%CREATE INDEX%slow%' AND state = 'active' AND pid <> pg_backend_pid()";
    let began = Instant::now();
    while laptop.query_one(building, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "no index is built");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let held = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND (backend_xmin IS NOT NULL OR xact_start IS NOT NULL)";
    assert_eq!(production.query_one(held, &[]).await.unwrap().get::<_, i64>(0), 0);
    production.run("SET lock_timeout = '100ms'; ALTER TABLE app.users ADD COLUMN later integer").await.unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
