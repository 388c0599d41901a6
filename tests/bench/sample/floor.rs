//! The least that copying the same rows can cost: `psql` pipes whose keys are known beforehand.

use std::process::{Command, Stdio};
use std::time::Instant;

use super::Bench;
use crate::support::server::bin;

/// Tables in the order in which they are copied, with what joins the keys.
const TABLES: [(&str, &str); 11] = [
    ("countries", ""),
    ("products", ""),
    ("companies", "JOIN floor.companies USING (id)"),
    ("users", "JOIN floor.users USING (id)"),
    ("orders", "JOIN floor.orders USING (id)"),
    ("order_lines", "JOIN floor.order_lines USING (order_id, line_no)"),
    ("shipments", "JOIN floor.shipments USING (id)"),
    ("logs", "JOIN floor.logs USING (id, at)"),
    ("comments", "JOIN floor.comments USING (id)"),
    ("notifications", "JOIN floor.notifications USING (id)"),
    ("audit", "JOIN floor.audit USING (user_id)"),
];

/// Takes the keys from what is in the target's `copy`, and copies the same rows into `floor` there. Answers seconds
/// of the copies and of the schema, without `pg_dump`, and seconds of processors.
pub async fn pipe(bench: &Bench, k: u64, users: u64) -> (f64, f64) {
    let script = |name: &str| bench.folder.path().join(name).display().to_string();
    let (source, target) = (bench.source.port(), bench.target.port());
    bench.source.sql("app", "DROP SCHEMA IF EXISTS floor CASCADE; CREATE SCHEMA floor").await;
    for (table, join) in TABLES.into_iter().filter(|(_, join)| !join.is_empty()) {
        let columns = join.split_once('(').unwrap().1.trim_end_matches(')');
        let make = format!("CREATE TABLE floor.{table} AS SELECT {columns} FROM app.{table} WHERE false");
        bench.source.sql("app", &make).await;
        if table == "audit" {
            let fill =
                format!("INSERT INTO floor.audit SELECT 1 + i * {} FROM generate_series(0, {}) i", users / k, k - 1);
            bench.source.sql("app", &fill).await;
        } else {
            shell(&format!(
                "{} -c 'COPY (SELECT {columns} FROM app.{table}) TO STDOUT' | {} -c 'COPY floor.{table} FROM STDIN'",
                psql(target, "copy"),
                psql(source, "app")
            ));
        }
    }
    bench.source.sql("app", "ANALYZE").await;
    let programs = bin(Some(15)).display().to_string();
    for section in ["pre-data", "post-data"] {
        let to = script(section);
        shell(&format!(
            "{programs}/pg_dump -h 127.0.0.1 -p {source} -U postgres -d app -n app --section={section} -f '{to}'"
        ));
    }
    bench.target.sql("postgres", "DROP DATABASE IF EXISTS floor").await;
    bench.target.sql("postgres", "CHECKPOINT").await;
    let (began, work) = (Instant::now(), bench.work());
    bench.target.sql("postgres", "CREATE DATABASE floor").await;
    shell(&format!("{} -f '{}'", psql(target, "floor"), script("pre-data")));
    for (table, join) in TABLES {
        shell(&format!(
            "{} -c 'COPY (SELECT t.* FROM app.{table} t {join}) TO STDOUT' | {} -c 'COPY app.{table} FROM STDIN'",
            psql(source, "app"),
            psql(target, "floor")
        ));
    }
    shell(&format!("{} -f '{}'", psql(target, "floor"), script("post-data")));
    let (seconds, work) = (began.elapsed().as_secs_f64(), bench.work() - work);
    let count = "SELECT sum((xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || oid::regclass, true, true, '')))[1]::text::int8)::int8 \
                 FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition";
    let mut rows = Vec::new();
    for database in ["copy", "floor"] {
        rows.push(bench.target.superuser(database).await.query_one(count, &[]).await.unwrap().get::<_, i64>(0));
    }
    assert_eq!(rows[0], rows[1], "not the same rows");
    bench.source.sql("app", "DROP SCHEMA floor CASCADE").await;
    (seconds, work)
}

fn psql(port: u16, database: &str) -> String {
    let programs = bin(Some(15));
    format!("{}/psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p {port} -U postgres -d {database}", programs.display())
}

fn shell(line: &str) {
    let status = Command::new("sh").args(["-c", line]).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{line}");
}
