//! A clone of a subscriber, and of a publisher, beside the real ones (L1 to L4).

use std::time::{Duration, Instant};

use devdb::pg::Session;

use super::{count, defuse, remaining};
use crate::on_14_to_18;
use crate::support::cluster::{Cluster, Version};

on_14_to_18!(
    a_clone_would_steal_rows_and_drop_slots,
    the_publisher_survives_our_defuse,
    copies_under_way_survive_too,
    slots_of_a_cloned_publisher,
    subscriptions_of_others,
);

const PUBLISHER: [&str; 3] = ["wal_level = logical", "max_wal_senders = 10", "max_replication_slots = 10"];

/// A publisher with a table and a slot `s`, and a subscriber that has caught up.
async fn pair(version: &Version) -> (Cluster, Cluster) {
    let publisher = Cluster::start(version, &PUBLISHER).await;
    publisher.sql("postgres", "CREATE TABLE t (id int PRIMARY KEY)").await;
    publisher.sql("postgres", "CREATE PUBLICATION p FOR TABLE t").await;
    let subscriber = Cluster::start(version, &[]).await;
    drop(subscriber.with_master().await);
    subscriber.sql("app", "CREATE TABLE t (id int PRIMARY KEY)").await;
    let subscribe = format!("CREATE SUBSCRIPTION s CONNECTION '{}' PUBLICATION p", publisher.conninfo("postgres"));
    subscriber.sql("app", &subscribe).await;
    wait(&subscriber.superuser("app").await, "pg_subscription_rel WHERE srsubstate = 'r'", 1).await;
    (publisher, subscriber)
}

async fn wait(session: &Session, from: &str, rows: i64) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while count(session, from).await != rows {
        assert!(Instant::now() < deadline, "waited for {rows} × {from}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What this room is for: without it, the clone takes the real subscriber's rows (L1), and a plain
/// `DROP SUBSCRIPTION` in it drops production's slot (L3).
async fn a_clone_would_steal_rows_and_drop_slots(version: Version) {
    let (publisher, subscriber) = pair(&version).await;
    let stopped = subscriber.stop();
    let clone = stopped.copy().start(&[]).await;
    publisher.sql("postgres", "INSERT INTO t VALUES (1)").await;
    wait(&clone.superuser("app").await, "t", 1).await;
    let published = publisher.superuser("postgres").await;
    wait(&published, "pg_replication_slots WHERE confirmed_flush_lsn >= (SELECT pg_current_wal_lsn())", 1).await;
    clone.sql("app", "ALTER SUBSCRIPTION s DISABLE").await;
    wait(&published, "pg_replication_slots WHERE active", 0).await;
    let real = stopped.start(&[]).await;
    wait(&published, "pg_replication_slots WHERE active", 1).await;
    publisher.sql("postgres", "INSERT INTO t VALUES (2)").await;
    let real_session = real.superuser("app").await;
    wait(&real_session, "t WHERE id = 2", 1).await;
    assert_eq!(count(&real_session, "t WHERE id = 1").await, 0, "row 1 went to the clone and is lost");
    drop(real);
    wait(&published, "pg_replication_slots WHERE active", 0).await;
    clone.sql("app", "DROP SUBSCRIPTION s").await;
    assert_eq!(count(&published, "pg_replication_slots").await, 0, "production's slot is gone");
}

/// Rule 10, with the real subscriber down and the publisher in reach: the worst moment.
async fn the_publisher_survives_our_defuse(version: Version) {
    let (publisher, subscriber) = pair(&version).await;
    let stopped = subscriber.stop();
    // L2: what the parameter group does; the defuse must not rely on it, but a test of what it leaves
    // on the publisher must not race with a worker.
    let clone = stopped.copy().start(&["max_logical_replication_workers = 0"]).await;
    let master = clone.login("master", "m", "app").await.unwrap();
    assert!(remaining(&master).await[0].starts_with("subscriptions: subscription \"s\", enabled, slot \"s\""));
    let said = defuse(&clone.superuser("app").await).await;
    assert!(said.contains("detached and dropped"), "{said}");
    assert_eq!(count(&master, "pg_subscription").await, 0);
    assert_eq!(remaining(&master).await, Vec::<String>::new());
    let published = publisher.superuser("postgres").await;
    assert_eq!(count(&published, "pg_replication_slots WHERE slot_name = 's'").await, 1);
    // And the real one goes on where it was.
    publisher.sql("postgres", "INSERT INTO t VALUES (1)").await;
    let real = stopped.start(&[]).await;
    wait(&real.superuser("app").await, "t", 1).await;
}

/// A table that is still being copied has a slot of its own on the publisher, which `DROP SUBSCRIPTION`
/// drops even with `slot_name = NONE`.
async fn copies_under_way_survive_too(version: Version) {
    let (publisher, subscriber) = pair(&version).await;
    // The copy of `u` fails on a duplicate, again and again, with its slot in place.
    publisher
        .sql(
            "postgres",
            "CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u VALUES (1); ALTER PUBLICATION p ADD TABLE u",
        )
        .await;
    subscriber.sql("app", "CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u VALUES (1)").await;
    subscriber.sql("app", "ALTER SUBSCRIPTION s REFRESH PUBLICATION").await;
    let published = publisher.superuser("postgres").await;
    wait(&published, "pg_replication_slots WHERE slot_name ~ '_sync_'", 1).await;
    wait(&subscriber.superuser("app").await, "pg_subscription_rel WHERE srsubstate = 'd'", 1).await;
    let stopped = subscriber.stop();
    wait(&published, "pg_replication_slots WHERE NOT active", 2).await;
    let quiet = ["max_logical_replication_workers = 0"];
    let clone = stopped.copy().start(&quiet).await;
    defuse(&clone.superuser("app").await).await;
    assert_eq!(count(&clone.superuser("app").await, "pg_subscription").await, 0);
    assert_eq!(count(&published, "pg_replication_slots").await, 2, "both slots live");

    // The usual recipe, by hand: the slot of the copy goes.
    let clone = stopped.copy().start(&quiet).await;
    clone.sql("app", "ALTER SUBSCRIPTION s DISABLE").await;
    clone.sql("app", "ALTER SUBSCRIPTION s SET (slot_name = NONE)").await;
    clone.sql("app", "DROP SUBSCRIPTION s").await;
    assert_eq!(count(&published, "pg_replication_slots").await, 1);
}

async fn slots_of_a_cloned_publisher(version: Version) {
    let publisher = Cluster::start(&version, &PUBLISHER).await;
    drop(publisher.with_master().await);
    publisher.sql("app", "SELECT pg_create_logical_replication_slot('dms', 'pgoutput')").await;
    publisher.sql("postgres", "SELECT pg_create_physical_replication_slot('standby', true)").await;
    let stopped = publisher.crash();
    let clone = stopped.copy().start(&[]).await;
    // The master lacks REPLICATION: a warning, for it reaches nobody outside.
    let master = clone.login("master", "m", "app").await.unwrap();
    let said = defuse(&master).await;
    assert!(said.contains("replication-slots in app") && said.contains("could not be dropped"), "{said}");
    assert_eq!(remaining(&master).await, Vec::<String>::new());
    // As on RDS, where the master has it.
    clone.sql("postgres", "ALTER ROLE master REPLICATION").await;
    let master = clone.login("master", "m", "app").await.unwrap();
    let said = defuse(&master).await;
    assert_eq!(count(&master, "pg_replication_slots").await, 0, "{said}");
}

/// A plain master may not touch a superuser's subscription: named with the right order of statements.
async fn subscriptions_of_others(version: Version) {
    let cluster = Cluster::start(&version, &["max_logical_replication_workers = 0"]).await;
    let master = cluster.with_master().await;
    let create = "CREATE SUBSCRIPTION \"구독 \"\"1\"\"\" CONNECTION 'host=127.0.0.1 port=1 user=postgres dbname=x password=y' \
                  PUBLICATION p WITH (connect = false, slot_name = 'real')";
    cluster.sql("app", create).await;
    let said = defuse(&master).await;
    assert!(said.contains("could not be detached and dropped"), "{said}");
    let left = remaining(&master).await;
    assert!(left[0].contains("slot \"real\"; it belongs to postgres, a superuser"), "{left:?}");
    assert!(left[0].contains("never run DROP SUBSCRIPTION alone"), "{left:?}");
    if version.major >= 16 {
        // A plain role may own one there; the master made it, and so may become it.
        master.run("CREATE ROLE replicator").await.unwrap();
        cluster
            .sql("app", "GRANT pg_create_subscription TO replicator; GRANT CREATE ON DATABASE app TO replicator")
            .await;
        cluster.sql("app", "ALTER SUBSCRIPTION \"구독 \"\"1\"\"\" OWNER TO replicator").await;
        let said = defuse(&master).await;
        assert_eq!(remaining(&master).await, Vec::<String>::new(), "{said}");
    }
    assert_eq!(count(&master, "pg_subscription").await, i64::from(version.major < 16));
}
