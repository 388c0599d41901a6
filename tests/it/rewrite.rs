//! Masking in place, as a master user who is no superuser: the schema is the same before and after to
//! the byte of a dump, the data is masked, constraints are valid.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

use async_trait::async_trait;
use devdb::mask::Expression;
use devdb::pg::connector::Connector;
use devdb::pg::{self, Session};
use devdb::scrub::marker::claim;
use devdb::scrub::rewrite::{ColumnMask, Error, Method, Options, Rewritten, TableMask, plan, rewrite};

use crate::on_14_to_18;
use crate::support::cluster::{Cluster, Version};
use crate::support::listener::Heard;
use crate::support::server::client;

mod forms;
mod killed;
mod obstacles;
mod partitions;
mod residue;

on_14_to_18!(a_table_is_masked_in_one_pass, a_second_call_masks_nothing_twice);

/// A clone whose master user is no superuser.
pub(super) struct Scene {
    pub cluster: Cluster,
    pub master: Session,
    pub heard: Heard,
}

#[async_trait]
impl Connector for Scene {
    async fn session(&self, database: &str) -> pg::Result<Session> {
        self.cluster.login("master", "m", database).await
    }
}

impl Scene {
    pub async fn new(version: &Version, production: &str) -> Scene {
        let settings = ["wal_level = logical", "max_connections = 60"];
        let cluster = Cluster::start(version, &settings).await;
        let master = cluster.with_master().await;
        let scene = Scene { cluster, master, heard: Heard::default() };
        scene.run(production).await;
        claim(&scene.master, "app-dev-1").await.unwrap();
        scene
    }

    /// Runs statements as the master user.
    pub async fn run(&self, sql: &str) {
        self.master.run(sql).await.unwrap_or_else(|error| panic!("{error}"));
    }

    pub async fn mask(&self, masks: &[TableMask]) -> Result<Vec<Rewritten>, Error> {
        self.mask_with(masks, 2).await
    }

    pub async fn mask_with(&self, masks: &[TableMask], jobs: usize) -> Result<Vec<Rewritten>, Error> {
        let options = Options { generation: "app-dev-1", recipe: "one", jobs, free_bytes: None, listener: &self.heard };
        rewrite(self, "app", masks, &options).await
    }

    /// Masks, and compares the dumps of the schema before and after.
    pub async fn mask_and_compare(&self, masks: &[TableMask]) -> Vec<Rewritten> {
        let before = self.schema();
        let done = self.mask(masks).await.unwrap_or_else(|error| panic!("{error}\n{}", self.heard.text()));
        assert_same(&before, &self.schema());
        let left: i64 = self.number("SELECT count(*) FROM pg_auth_members m WHERE m.member = 'master'::regrole AND m.grantor = 'master'::regrole").await;
        assert_eq!(left, 0, "memberships taken for the work are given back");
        done
    }

    /// All of the schema, as the newest `pg_dump` writes it.
    pub fn schema(&self) -> String {
        dump(&self.cluster, "app", &["--schema-only", "--exclude-schema=devdb_meta"])
    }

    /// One number.
    pub async fn number(&self, sql: &str) -> i64 {
        self.cluster
            .superuser("app")
            .await
            .query_one(sql, &[])
            .await
            .unwrap_or_else(|error| panic!("{error}\n{sql}"))
            .get(0)
    }

    /// One column of text, sorted by the query.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.cluster.superuser("app").await.query(sql, &[]).await;
        let rows = rows.unwrap_or_else(|error| panic!("{error}\n{sql}"));
        rows.iter().map(|row| row.get::<_, Option<String>>(0).unwrap_or("NULL".into())).collect()
    }
}

/// What the newest `pg_dump` writes of a database.
pub(super) fn dump(cluster: &Cluster, database: &str, arguments: &[&str]) -> String {
    let output = Command::new(client().join("pg_dump"))
        .arg("-d")
        .arg(cluster.conninfo(database))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // These two lines hold a random word.
    text.lines()
        .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[track_caller]
pub(crate) fn assert_same(before: &str, after: &str) {
    if before != after {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (was, is) = (lines(before), lines(after));
        let gone: Vec<_> = was.iter().filter(|line| !is.contains(line)).collect();
        let new: Vec<_> = is.iter().filter(|line| !was.contains(line)).collect();
        panic!("the dump differs\ngone: {gone:#?}\nnew: {new:#?}");
    }
}

/// A table's masks: `("email", "'u' || id")`.
pub(super) fn masks(table: &str, columns: &[(&str, &str)]) -> TableMask {
    let (schema, table) = table.split_once('.').unwrap_or(("public", table));
    let column = |(name, sql): &(&str, &str)| ColumnMask {
        keeps_parts: false,
        name: (*name).to_owned(),
        rule: "email",
        expression: Expression { sql: (*sql).to_owned(), subquery: sql.contains("SELECT"), vouched: Vec::new() },
    };
    TableMask { schema: schema.into(), table: table.into(), columns: columns.iter().map(column).collect() }
}

/// The same value wherever it comes from, and unlike it.
pub(super) const EMAIL: &str = "CASE WHEN email IS NOT DISTINCT FROM NULL THEN NULL ELSE 'm' || pg_catalog.md5('k' || email) || '@example.com' END";

/// The method of each table.
pub(super) fn methods(done: &[Rewritten]) -> Vec<(&str, Method)> {
    done.iter().map(|table| (table.table.as_str(), table.method)).collect()
}

async fn a_table_is_masked_in_one_pass(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE users (id int PRIMARY KEY, email varchar(80) NOT NULL UNIQUE, phone text UNIQUE, note text DEFAULT 'none');
         INSERT INTO users SELECT i, 'kim' || i || '@real.kr', '010-' || i, CASE i % 3 WHEN 0 THEN 'call kim' END FROM generate_series(1, 1000) i;
         CREATE INDEX by_note ON users (lower(note));
         CREATE TABLE nothing (email text);
         CREATE TABLE nulls (id int, email text);
         INSERT INTO nulls SELECT 1 FROM generate_series(1, 10)",
    )
    .await;
    let masks = [
        // The new phone is a permutation of the old ones, and another column's old value.
        masks("users", &[("email", EMAIL), ("phone", "'010-' || (id % 1000 + 1)"), ("note", "phone")]),
        masks("nothing", &[("email", EMAIL)]),
        masks("nulls", &[("email", EMAIL)]),
    ];
    let planned = plan(&scene.master, &masks).await.unwrap();
    assert_eq!(
        scene.texts("SELECT application_name FROM pg_stat_activity WHERE usename = 'master'").await,
        ["devdb"],
        "the session is as it was"
    );
    assert_eq!(
        planned.iter().map(|table| table.method).collect::<Vec<_>>(),
        [Method::Nothing, Method::Nothing, Method::Alter]
    );
    let done = scene.mask_and_compare(&masks).await;
    assert_eq!(methods(&done), [("users", Method::Alter), ("nothing", Method::Nothing), ("nulls", Method::Nothing)]);
    assert_eq!((done[0].rows, done[0].already, done[0].why.as_deref()), (1000, false, None));
    assert!(done[0].bytes_before > 0 && done[0].bytes_after > 0 && done[0].seconds > 0.0);
    assert_eq!(done[0].columns, [("email".to_owned(), "email"), ("phone".into(), "email"), ("note".into(), "email")]);
    assert_eq!(scene.number("SELECT count(*) FROM users WHERE email LIKE 'm%@example.com'").await, 1000);
    assert_eq!(
        scene
            .number("SELECT count(*) FROM users WHERE note = '010-' || id AND phone = '010-' || (id % 1000 + 1)")
            .await,
        1000
    );
    assert!(scene.heard.text().contains("app: public.users: 1,000 rows, alter, "), "{}", scene.heard.text());
}

async fn a_second_call_masks_nothing_twice(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE users (id int PRIMARY KEY, email text); INSERT INTO users SELECT i, i || '@real.kr' FROM generate_series(1, 100) i",
    )
    .await;
    let masks = [masks("users", &[("email", EMAIL)])];
    scene.mask(&masks).await.unwrap();
    let once = scene.texts("SELECT email FROM users ORDER BY id").await;
    let again = scene.mask(&masks).await.unwrap();
    assert!(again[0].already);
    assert_eq!(again[0].rows, 100);
    assert_eq!(scene.texts("SELECT email FROM users ORDER BY id").await, once);
    // Other rules cannot go on where these ended.
    let options = Options { generation: "app-dev-1", recipe: "two", jobs: 1, free_bytes: None, listener: &scene.heard };
    assert!(matches!(rewrite(&scene, "app", &masks, &options).await, Err(Error::DifferentRecipe)));
    // The progress of another generation is neither used nor replaced: it holds the removed obstacles.
    scene.cluster.sql("app", "UPDATE devdb_meta.rewrite SET stage = 'rewriting'").await;
    let options = Options { generation: "app-dev-2", recipe: "one", ..options };
    let error = rewrite(&scene, "app", &masks, &options).await.unwrap_err();
    assert!(error.to_string().contains("has no marker of app-dev-2"), "{error}");
    assert_eq!(scene.number("SELECT count(*) FROM devdb_meta.rewrite_table").await, 1);
}
