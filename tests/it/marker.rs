//! Who may read the marker of a generation.

use devdb::scrub::marker::{self, Marker};

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
