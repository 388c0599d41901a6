//! The marker of a generation: who may read it, and what it proves about several databases.

use async_trait::async_trait;
use devdb::pg::connector::Connector;
use devdb::pg::{self, Session};
use devdb::scrub::marker::{self, Marker};
use devdb::scrub::publish_gate::is_proven;

use crate::support::cluster::{Cluster, version};

#[tokio::test]
async fn every_role_reads_the_marker_of_a_scrubbed_generation_and_nothing_else() {
    let cluster = Cluster::start(&version(15), &[]).await;
    cluster.sql("postgres", "CREATE ROLE reader LOGIN").await;
    // Production's default privileges apply to the tables of devdb_meta too.
    let master = cluster.superuser("postgres").await;
    master.run("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader, PUBLIC").await.unwrap();
    let marker = Marker { generation: "app-dev-1".into(), phase: "secured".into(), ..Marker::default() };
    marker::mark(&master, &marker).await.unwrap();
    master.run("CREATE TABLE devdb_meta.leak_fingerprint (first bigint)").await.unwrap();
    let state = async |table: &str| {
        let sql = format!("SET ROLE reader; SELECT FROM devdb_meta.{table}");
        let result = master.run(&sql).await.map_err(|error| error.sqlstate().map(str::to_owned));
        master.run("RESET ROLE").await.unwrap();
        result.err().flatten()
    };
    let denied = Some("42501".to_owned());
    assert_eq!(state("generation").await, denied);
    // Twice: an interrupted run is repeated.
    for _ in 0..2 {
        marker::mark_scrubbed(&master, &marker).await.unwrap();
        assert_eq!(state("generation").await, None);
        assert_eq!(state("script").await, denied);
        assert_eq!(state("leak_fingerprint").await, denied);
    }
    let read = marker::read_marker(&master).await.unwrap().unwrap();
    assert!(read.is_scrubbed("app-dev-1") && !read.is_scrubbed("app-dev-2"));
}

struct Superuser<'a>(&'a Cluster);

#[async_trait]
impl Connector for Superuser<'_> {
    async fn session(&self, database: &str) -> pg::Result<Session> {
        Ok(self.0.superuser(database).await)
    }
}

#[tokio::test]
async fn a_generation_is_proven_only_when_every_database_is() {
    let cluster = Cluster::start(&version(15), &[]).await;
    let databases = ["postgres", "billing", "Ünï \"cøde\" db"];
    for database in &databases[1..] {
        cluster.sql("postgres", &format!("CREATE DATABASE {}", pg::identifier(database))).await;
    }
    let marker = Marker { generation: "app-dev-1".into(), recipe: "v2-1".into(), ..Marker::default() };
    for database in databases {
        let proven = is_proven(&Superuser(&cluster), &databases, &marker).await.unwrap();
        assert!(!proven, "{database} is not marked yet");
        marker::mark_scrubbed(&cluster.superuser(database).await, &marker).await.unwrap();
    }
    assert!(is_proven(&Superuser(&cluster), &databases, &marker).await.unwrap());
    let other = Marker { recipe: "v2-2".into(), ..marker.clone() };
    assert!(!is_proven(&Superuser(&cluster), &databases, &other).await.unwrap());
    // Marked anew in one, as by a run that was killed after it.
    let again = Marker { phase: "secured".into(), ..marker.clone() };
    marker::mark(&cluster.superuser("billing").await, &again).await.unwrap();
    assert!(!is_proven(&Superuser(&cluster), &databases, &marker).await.unwrap());
}

#[tokio::test]
async fn what_a_generation_stores_requires_its_marker() {
    let cluster = Cluster::start(&version(15), &[]).await;
    let session = cluster.superuser("postgres").await;
    let error = marker::require(&session, "app-dev-1").await.unwrap_err();
    assert_eq!(error.to_string(), "database postgres has no marker of app-dev-1 in its schema devdb_meta");
    marker::claim(&session, "app-dev-1").await.unwrap();
    session.run("CREATE TABLE devdb_meta.leak_run ()").await.unwrap();
    marker::require(&session, "app-dev-1").await.unwrap();
    marker::claim(&session, "app-dev-1").await.unwrap();
    session.run("SELECT FROM devdb_meta.leak_run").await.expect("claiming again drops nothing");
    assert!(marker::require(&session, "app-dev-2").await.is_err());
    marker::claim(&session, "app-dev-2").await.unwrap();
    session.run("SELECT FROM devdb_meta.leak_run").await.expect_err("what another generation stored is dropped");
}
