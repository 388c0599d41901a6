//! Every mask on partitions whose columns stand in another order than those of their table.

use devdb::mask::Expression;
use devdb::scrub::rewrite::{ColumnMask, Method, TableMask};

use super::{Scene, methods};
use crate::masks::{EXAMPLE_KEY, TYPES, compiled, type_for};
use crate::on_every_version;
use crate::support::cluster::Version;

on_every_version!(every_mask_alters_partitions, expressions_that_are_read_once_fill_anew);

/// Where `value` stands in the table, the second partition has `other`.
fn family(name: &str, kind: &str) -> String {
    format!(
        "CREATE TABLE {name} (id int, value {kind}, other {kind}) PARTITION BY RANGE (id); \
         CREATE TABLE {name}_1 PARTITION OF {name} FOR VALUES FROM (0) TO (10); \
         CREATE TABLE {name}_2 (id int, other {kind}, value {kind}); \
         ALTER TABLE {name} ATTACH PARTITION {name}_2 DEFAULT; "
    )
}

async fn every_mask_alters_partitions(version: Version) {
    let scene = Scene::new(&version, TYPES).await;
    scene.cluster.sql("app", "CREATE EXTENSION hstore; GRANT CREATE ON SCHEMA public TO master").await;
    let entries = devdb::mask::reference::entries();
    let mut list = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        let (table, kind) = (format!("t{number}"), type_for(entry.takes));
        scene.run(&family(&table, kind)).await;
        let insert = format!(
            "INSERT INTO {table} (id, value) SELECT id, CASE WHEN id % 10 < 9 THEN $1::text::{kind} END FROM generate_series(1, 19) id"
        );
        scene.master.execute(&insert, &[&entry.from]).await.unwrap();
        // Where the original is NULL the column beside it is not, and the other way round.
        scene.run(&format!("UPDATE {table} SET other = (SELECT value FROM {table} LIMIT 1) WHERE value IS NULL")).await;
        let expression = compiled(&scene.master, entry.mask, &format!("public.{table}.value"), EXAMPLE_KEY).await;
        let column = ColumnMask { keeps_parts: false, name: "value".into(), rule: "mask", expression };
        list.push(TableMask { schema: "public".into(), table, columns: vec![column] });
    }
    let mut expected = Vec::new();
    for mask in &list {
        let sql = &mask.columns[0].expression.sql;
        expected.push(scene.texts(&format!("SELECT ({sql})::text FROM {} ORDER BY id", mask.table)).await);
    }
    let done = scene.mask_and_compare(&list).await;
    for (mask, expected) in list.iter().zip(&expected) {
        let entry = entries[mask.table[1..].parse::<usize>().unwrap()].mask;
        let Expression { sql, subquery, .. } = &mask.columns[0].expression;
        let how = done.iter().find(|one| one.table == mask.table).unwrap();
        let altered = if *subquery { Method::Refill } else { Method::Alter };
        assert_eq!(how.method, altered, "{entry}: {:?}\n{sql}", how.why);
        let out = scene.texts(&format!("SELECT value::text FROM {} ORDER BY id", mask.table)).await;
        assert_eq!(&out, expected, "{entry}");
    }
    assert!(list.iter().filter(|mask| !mask.columns[0].expression.subquery).count() > 20);
}

async fn expressions_that_are_read_once_fill_anew(version: Version) {
    let tests = [
        ("CASE WHEN value IS NULL THEN 'was null' ELSE 'm' || id END", Some("a test with IS")),
        ("CASE WHEN value || 'x' ISNULL THEN 'was null' ELSE 'm' || id END", Some("ISNULL")),
        ("COALESCE('m' || make_interval(days => id), value)", Some("a named argument")),
        ("CASE WHEN value IS DISTINCT FROM NULL THEN 'm' || id ELSE 'is null' END", None),
    ];
    let scene = Scene::new(&version, "SELECT").await;
    let mut list = Vec::new();
    for (number, (sql, _)) in tests.iter().enumerate() {
        scene.run(&family(&format!("t{number}"), "text")).await;
        // A child inherits what it has under the same name.
        scene
            .run(&format!(
                "INSERT INTO t{number} SELECT id, 'kim' || id, NULLIF('x', repeat('x', id % 2)) FROM generate_series(1, 19) id; \
                 CREATE TABLE p{number} (id int, value text); CREATE TABLE c{number} (other text, value text, id int); \
                 ALTER TABLE c{number} INHERIT p{number}; \
                 INSERT INTO p{number} SELECT id, 'kim' || id FROM generate_series(1, 9) id; \
                 INSERT INTO c{number} SELECT NULL, 'kim' || id, id FROM generate_series(10, 19) id"
            ))
            .await;
        list.extend(["t", "p", "c"].map(|family| super::masks(&format!("{family}{number}"), &[("value", sql)])));
    }
    let done = scene.mask_and_compare(&list).await;
    for (number, (sql, why)) in tests.iter().enumerate() {
        for family in ["t", "p"] {
            let how = done.iter().find(|one| one.table == format!("{family}{number}")).unwrap();
            let method = if why.is_some() { Method::Refill } else { Method::Alter };
            assert_eq!(how.method, method, "{sql}: {:?}", how.why);
            if let Some(why) = why {
                let told =
                    format!("the mask of \"value\" contains {why}, which cannot be parsed again for each partition");
                assert_eq!(how.why.as_deref(), Some(told.as_str()));
            }
            let right = format!(
                "SELECT count(*) FROM {family}{number} WHERE value = 'm' || id OR value = 'm' || make_interval(days => id)"
            );
            assert_eq!(scene.number(&right).await, 19, "{sql}");
        }
    }
    assert_eq!(methods(&done).len(), 12);
}
