//! Failures, interruptions and deaths in the middle: the target stays as it was.

use super::*;

async fn a_target(other: &Cluster) -> Vec<String> {
    other.sql("postgres", "CREATE DATABASE mine").await;
    other
        .sql(
            "mine",
            "CREATE TABLE precious (id serial PRIMARY KEY); INSERT INTO precious SELECT FROM generate_series(1, 9)",
        )
        .await;
    picture(&other.superuser("mine").await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sample_that_is_not_closed_is_not_loaded() {
    let source = source(&version(15)).await;
    source.sql("app", "SET session_replication_role = replica; DELETE FROM app.teams WHERE id = 2").await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    let before = a_target(&other).await;
    let whole = Whole::of(&source, "app").await;
    let error = load(&whole, &target(&other, "postgres", "", "mine"), REPLACE).await.unwrap_err().to_string();
    assert!(error.contains("users_team") && !error.contains("(2)"), "{error}");
    assert_eq!(picture(&other.superuser("mine").await).await, before);
    assert_eq!(databases(&other).await, ["mine", "postgres"]);

    // Into tables that are there, where keys are not looked at while rows come in.
    let schema = HARD.split("SET session_replication_role").next().unwrap();
    other.sql("postgres", "CREATE DATABASE tables").await;
    other.sql("tables", schema).await;
    let before = picture(&other.superuser("tables").await).await;
    let error = load(&whole, &target(&other, "postgres", "", "tables"), CAREFUL).await.unwrap_err();
    assert!(
        matches!(&error, Error::ForeignKeyViolated { constraint, rows: 167, .. } if constraint == "users_team"),
        "{error}"
    );
    assert_eq!(picture(&other.superuser("tables").await).await, before);
    // Every composite key too: a row that is NULL in part is broken with MATCH FULL only.
    source.sql("app", "SET session_replication_role = replica; UPDATE app.users SET team_id = 1; INSERT INTO app.whole VALUES (1, NULL)").await;
    let whole = Whole::of(&source, "app").await;
    let error = load(&whole, &target(&other, "postgres", "", "tables"), CAREFUL).await.unwrap_err();
    assert!(matches!(&error, Error::ForeignKeyViolated { table, rows: 1, .. } if table == "app.whole"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_end_early_leave_nothing() {
    let source = source(&version(15)).await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    let before = a_target(&other).await;
    for table in ["users", "events", "credits"] {
        let mut whole = Whole::of(&source, "app").await;
        whole.breaks = Some(table.into());
        let error = load(&whole, &target(&other, "postgres", "", "mine"), REPLACE).await.unwrap_err().to_string();
        assert!(error.contains("broken on purpose"), "{error}");
        assert_eq!(picture(&other.superuser("mine").await).await, before);
        assert_eq!(databases(&other).await, ["mine", "postgres"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_and_killed_at_any_instant() {
    let source = source(&version(15)).await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    let before = a_target(&other).await;
    other.sql("postgres", "CREATE ROLE dev LOGIN PASSWORD 'd'").await;
    other.sql("postgres", "CREATE DATABASE theirs OWNER dev").await;
    let whole = Whole::of(&source, "app").await;
    let schema = whole.schema().await;
    let guard = whole.guard(other.address()).await;
    let heard = Heard::default();
    let (mine, theirs) = (target(&other, "postgres", "", "mine"), target(&other, "dev", "d", "theirs"));
    let began = std::time::Instant::now();
    let timed = target(&other, "postgres", "", "timed");
    load::load(&whole, &schema, &timed, &guard, CAREFUL, &heard, std::future::pending()).await.unwrap();
    let normal = began.elapsed();
    // Whole or as before, whatever the instant: also when the last word was sent and its answer never heard.
    let full = picture(&other.superuser("timed").await).await;
    let all_or_nothing = |now: Vec<String>, before: &[String]| assert!(now == before || now == full, "{now:#?}");
    for step in 0..12u32 {
        let life = normal * step / 12;
        // Told to stop: it cleans up by itself.
        let stop = tokio::time::sleep(life);
        match load::load(&whole, &schema, &mine, &guard, REPLACE, &heard, stop).await {
            Ok(_) => break,
            Err(Error::Interrupted) => {}
            Err(error) => panic!("{error}"),
        }
        let ours = databases(&other).await;
        assert!(!ours.iter().any(|name| name.starts_with("devdb_")), "{ours:?}");
        all_or_nothing(picture(&other.superuser("mine").await).await, &before);
        // Killed: nobody cleans up. A dropped future does not even say goodbye on its connections.
        for victim in [&mine, &theirs] {
            let load = load::load(&whole, &schema, victim, &guard, REPLACE, &heard, std::future::pending());
            let _ = tokio::time::timeout(life, load).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        all_or_nothing(picture(&other.superuser("mine").await).await, &before);
        all_or_nothing(picture(&other.superuser("theirs").await).await, &[]);
    }
    // The next load removes what the killed ones left.
    load::load(&whole, &schema, &mine, &guard, REPLACE, &heard, std::future::pending()).await.unwrap();
    assert_eq!(databases(&other).await, ["mine", "postgres", "theirs", "timed"]);
    assert_eq!(picture(&other.superuser("mine").await).await, full);
}
