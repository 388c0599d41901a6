//! Sequences after a load.

use super::*;
use crate::on_every_version;

on_every_version!(sequences_are_set_to_the_maximum_of_their_columns);

async fn sequences_are_set_to_the_maximum_of_their_columns(version: Version) {
    let source = source(&version).await;
    let other = Cluster::unrelated(&version, &[]).await;
    other.sql("postgres", "CREATE ROLE dev LOGIN PASSWORD 'd'").await;
    other.sql("postgres", "CREATE DATABASE mine OWNER dev").await;
    let whole = Whole::of(&source, "app").await;
    for target in [target(&other, "postgres", "", "copy"), target(&other, "dev", "d", "mine")] {
        let loaded = load(&whole, &target, CAREFUL).await.unwrap();
        assert_eq!(loaded.notes.len(), 1, "{:?}", loaded.notes);
        assert!(
            loaded.notes[0].contains(r#"sequence "app"."numbered" is at its start value: "app"."codes"."code""#),
            "{:?}",
            loaded.notes
        );
        let session = other.superuser(&target.database).await;
        let row = session
            .query_one(
                "SELECT nextval('app.users_id_seq'), nextval('app.teams_id_seq'), nextval('app.shared'), nextval('app.down'), \
                 nextval('app.small'), nextval('app.numbered'), nextval('app.events_id_seq')",
                &[],
            )
            .await
            .unwrap();
        let given: Vec<i64> = (0..7).map(|at| row.get(at)).collect();
        // shared: 20 values of 100, 105, … in two tables; down: five below -10; small starts again.
        assert_eq!(given, [501, 4, 200, -15, 1, 1, 401], "{}", target.database);
        session
            .run("INSERT INTO app.users (email) VALUES ('new'); INSERT INTO app.orders DEFAULT VALUES")
            .await
            .unwrap();
    }
}
