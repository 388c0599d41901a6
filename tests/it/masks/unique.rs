//! Unique outputs for 100,000 different values.

use super::{EXAMPLE_KEY, column, compiled};
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(outputs_are_unique);

#[expect(clippy::too_many_lines, reason = "a table of masks")]
async fn outputs_are_unique(version: Version) {
    let cluster = Cluster::start(&version, &["work_mem = '64MB'"]).await;
    let session = cluster.with_master().await;
    session
        .run(
            "CREATE TABLE t AS SELECT i AS id, i AS number, i::smallint - 1 AS small, i::bigint * 1000003 AS big, \
             'user' || i || '@haneul.example' AS email, '010-' || lpad((i / 10000)::text, 4, '0') || '-' || lpad((i % 10000)::text, 4, '0') AS phone, \
             '+8210' || lpad((i * 7)::text, 8, '0') AS e164, '415-' || 200 + i / 10000 || '-' || lpad((i % 10000)::text, 4, '0') AS us, \
             md5(i::text)::uuid AS uuid, md5(i::text)::uuid::text AS uuid_text, decode(md5(i::text), 'hex') AS bytes \
             FROM generate_series(1, 30000) AS i; \
             INSERT INTO t SELECT i, i, NULL, -i::bigint * 1000003, 'user' || i || '@haneul.example', \
             '010-' || lpad((i / 10000)::text, 4, '0') || '-' || lpad((i % 10000)::text, 4, '0'), '+8210' || lpad((i * 7)::text, 8, '0'), \
             '415-' || 200 + i / 10000 || '-' || lpad((i % 10000)::text, 4, '0'), md5(i::text)::uuid, md5(i::text)::uuid::text, decode(md5(i::text), 'hex') \
             FROM generate_series(30001, 100000) AS i; ANALYZE t",
        )
        .await
        .unwrap();
    for (name, mask) in [
        ("email", "email"),
        ("email", "username"),
        ("email", "url"),
        ("phone", "phone: kr"),
        ("e164", "phone: e164"),
        ("us", "phone: us"),
        // As text that is not a number of its kind.
        ("email", "phone: kr"),
        ("uuid", "uuid"),
        ("uuid_text", "uuid"),
        ("bytes", "bytes: 16"),
        ("number", "identifier"),
        ("number", "identifier: { within: 100000 }"),
        ("small", "identifier"),
        ("big", "identifier"),
    ] {
        let path = format!("public.t.{name}");
        let one = compiled(&session, mask, &path, "the first secret key").await.sql;
        let two = compiled(&session, mask, &path, "a second secret key").await.sql;
        let row = session
            .query_one(
                &format!(
                    "SELECT count({name}), count(DISTINCT one), count(*) FILTER (WHERE one = two), count(*) FILTER (WHERE one = {name}), \
                            pg_typeof(min(one::text::{kind}::text))::text, min(one::text), max(one::text) \
                     FROM (SELECT {name}, {one} AS one, {two} AS two FROM t OFFSET 0) AS masked",
                    kind = column(&session, &path).await.declared
                ),
                &[],
            )
            .await
            .unwrap_or_else(|error| panic!("{mask}: {error}"));
        let (all, distinct): (i64, i64) = (row.get(0), row.get(1));
        assert_eq!(all, distinct, "{mask} of {name}");
        // A few collisions are expected in the narrow ranges: one in 30,000.
        let (same, unchanged): (i64, i64) = (row.get(2), row.get(3));
        assert!(same < 12 && unchanged < 12, "{mask} of {name}: {same} alike under two keys, {unchanged} unchanged");
    }
    // A permutation of 1 to 100,000.
    let permuted = compiled(&session, "identifier: { within: 100000 }", "public.t.number", EXAMPLE_KEY).await.sql;
    let row = session.query_one(&format!("SELECT min(x), max(x) FROM (SELECT {permuted} AS x FROM t) AS p"), &[]).await;
    let row = row.unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, i32>(1)), (1, 100_000));
    // Columns of different width agree, so a foreign key stays valid; signs are kept.
    session.run("ALTER TABLE t ADD wide bigint; UPDATE t SET wide = number").await.unwrap();
    let narrow = compiled(&session, "identifier", "public.t.number", EXAMPLE_KEY).await.sql;
    let wide = compiled(&session, "identifier", "public.t.wide", EXAMPLE_KEY).await.sql;
    let big = compiled(&session, "identifier", "public.t.big", EXAMPLE_KEY).await.sql;
    let sql = format!(
        "SELECT count(*) FILTER (WHERE {narrow} IS DISTINCT FROM {wide}), count(*) FILTER (WHERE sign({big}) <> sign(big)) FROM t"
    );
    let row = session.query_one(&sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 0));
    // The bounds of every type.
    session.run("TRUNCATE t").await.unwrap();
    let ends = "0, 1, -1, 32767, 32768, -32768, 2147483647, 2147483648, -2147483648, -2147483649, 9223372036854775807, -9223372036854775807";
    session
        .run(&format!(
            "INSERT INTO t (id, big) SELECT 1, x FROM unnest(ARRAY[{ends}, (-9223372036854775808)::bigint]) AS x"
        ))
        .await
        .unwrap();
    let row = session.query_one(&format!("SELECT count(DISTINCT {big}), count(*) FROM t"), &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), row.get::<_, i64>(1));
}
