//! No original value is left in the files of a masked table.

use std::collections::BTreeMap;

use super::{EMAIL, Scene, masks};
use crate::on_every_version;
use crate::support::cluster::Version;

on_every_version!(nothing_is_left_in_the_files);

/// Bytes of this in files of the database, by relation; of those that no relation has, under their path.
async fn found(scene: &Scene, token: &str) -> BTreeMap<String, usize> {
    let superuser = scene.cluster.superuser("app").await;
    superuser.run("CHECKPOINT").await.unwrap();
    let rows = superuser
        .query("SELECT pg_relation_filepath(oid), oid::regclass::text FROM pg_class WHERE pg_relation_filepath(oid) IS NOT NULL", &[])
        .await
        .unwrap();
    let names: BTreeMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let folder =
        superuser.query_one("SELECT 'base/' || oid FROM pg_database WHERE datname = 'app'", &[]).await.unwrap();
    let folder: String = folder.get(0);
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(scene.cluster.data().join(&folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().into_string().unwrap());
        let bytes = std::fs::read(entry.path()).unwrap();
        let count = bytes.windows(token.len()).filter(|window| *window == token.as_bytes()).count();
        if count > 0 {
            let relation = names.get(path.split(['.', '_']).next().unwrap()).cloned().unwrap_or(path);
            *found.entry(relation).or_default() += count;
        }
    }
    found
}

async fn nothing_is_left_in_the_files(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE, doc text, team text);
         ALTER TABLE users ALTER COLUMN doc SET STORAGE EXTERNAL;
         INSERT INTO users SELECT i, 'kim' || i || '@real.kr', repeat('kim@real.kr ', 300), 'team' FROM generate_series(1, 500) i;
         CREATE INDEX ON users (lower(email)) INCLUDE (email); CREATE INDEX ON users (team);
         CREATE MATERIALIZED VIEW copy AS SELECT email FROM users; CREATE INDEX ON copy (email);
         CREATE TABLE filled (id int, email text, host text GENERATED ALWAYS AS (split_part(email, '@', 2)) STORED);
         INSERT INTO filled (id, email) SELECT i, 'kim' || i || '@real.kr' FROM generate_series(1, 500) i; CREATE INDEX ON filled (email);
         CREATE TABLE logs (day date, email text) PARTITION BY RANGE (day); CREATE TABLE log PARTITION OF logs DEFAULT; CREATE INDEX ON logs (email);
         INSERT INTO logs SELECT date '2026-01-01' + i, 'kim' || i || '@real.kr' FROM generate_series(1, 500) i;
         UPDATE users SET team = 'dead'; UPDATE filled SET id = id + 1; DELETE FROM logs WHERE day > '2026-06-01'",
    )
    .await;
    let before = found(&scene, "real.kr").await;
    for relation in [
        "users",
        "users_email_key",
        "users_lower_email_idx",
        "copy",
        "copy_email_idx",
        "filled",
        "filled_email_idx",
        "log",
        "log_email_idx",
    ] {
        assert!(before.get(relation).is_some_and(|count| *count >= 300), "{relation}: {before:#?}");
    }
    let list = [
        masks("users", &[("email", EMAIL), ("doc", "repeat(md5(email), 90)")]),
        masks("filled", &[("email", EMAIL)]),
        masks("logs", &[("email", EMAIL)]),
    ];
    scene.mask(&list).await.unwrap();
    scene.run("ANALYZE").await;
    // The old statistics are the residue step's to clear.
    let mut after = found(&scene, "real.kr").await;
    after.retain(|relation, _| !["pg_statistic", "pg_toast.pg_toast_2619"].contains(&relation.as_str()));
    assert_eq!(after, BTreeMap::new());
}
