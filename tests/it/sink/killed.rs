//! Interrupted and killed while an image is made: nothing is left, or nothing after the next run.

use std::time::{Duration, Instant};

use devdb::sample::load::error::Error;
use devdb::sample::sink::container::write;

use super::NOTHING;
use super::container::settings;
use crate::load::source;
use crate::support::cluster::version;
use crate::support::engine::{docker, engine, left, left_since};
use crate::support::listener::Heard;
use crate::support::whole::Whole;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_any_instant() {
    let (engine, _turn) = engine().await;
    let before = left();
    let source = source(&version(15)).await;
    let whole = Whole::of(&source, "app").await;
    let schema = whole.schema().await;
    let (settings, heard) = (settings("devdb-test/killed:1"), Heard::default());
    let work = |interrupt| write(&whole, &schema, &engine, &settings, &[], &heard, interrupt);
    let began = Instant::now();
    work(tokio::time::sleep(Duration::from_secs(3600))).await.unwrap();
    let normal = began.elapsed();
    docker(&["rmi", "--force", "devdb-test/killed:1"]);
    const INSTANTS: u32 = 8;
    for instant in 0..INSTANTS {
        let life = normal * (2 * instant + 1) / (2 * INSTANTS);
        let began = Instant::now();
        match work(tokio::time::sleep(life)).await {
            Err(Error::Interrupted) => {}
            Err(error) => panic!("{error}"),
            Ok(made) => drop(docker(&["rmi", "--force", &made.id])),
        }
        // Cancelling needs under 7 s.
        assert!(began.elapsed() < life + Duration::from_secs(7), "{:?} to cancel", began.elapsed() - life);
        assert_eq!(left_since(&before), NOTHING, "interrupted after {life:?}");
        // Killed: a dropped future runs no clean-up.
        let dead = tokio::time::timeout(life, work(tokio::time::sleep(Duration::from_secs(3600)))).await;
        if let Ok(made) = dead {
            docker(&["rmi", "--force", &made.unwrap().id]);
        }
        // A request on its way is still carried out; a commit takes longest.
        tokio::time::sleep(Duration::from_millis(2500)).await;
        engine.remove_orphans().await.unwrap();
        assert_eq!(left_since(&before), NOTHING, "killed after {life:?}");
    }
    // One that has got its name was started and counted before: it is whole, though nobody was told of it.
    for id in docker(&["images", "--quiet", "devdb-test/killed"]).lines() {
        docker(&["rmi", "--force", id]);
    }
}
