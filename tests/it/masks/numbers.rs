//! Numbers, intervals and times of day: near the original, always different, and within the range of the column.

use super::{EXAMPLE_KEY, Random, compiled, refused};
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(numbers_stay_near_and_fit, times_and_intervals);

#[expect(clippy::too_many_lines, reason = "a table of masks")]
async fn numbers_stay_near_and_fit(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session
        .run(
            "CREATE DOMAIN price AS numeric(8,2) CHECK (VALUE >= 0); \
             CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, small smallint, whole int CHECK (whole > 0), big bigint, exact numeric(6,2), \
                             fraction numeric(3,3), any_scale numeric, single real, double double precision, cash money, price price NOT NULL)",
        )
        .await
        .unwrap();
    let mut random = Random::new(3);
    for _ in 0..2000 {
        let digits = u32::try_from(random.below(5)).unwrap();
        let number = i32::try_from(random.below(10_usize.pow(digits + 1))).unwrap();
        let sql = format!(
            "INSERT INTO t (small, whole, big, exact, fraction, any_scale, single, double, cash, price) VALUES \
             (least({number}, 32767) * {sign}, {number} + 1, {number}::bigint * {number} * 900000 * {sign}, least({number} * 0.1, 9999.99) * {sign}, \
              {part} * 0.001 * {sign}, {number} * 1.0000000000000000000000000000007 * {sign}, {number} * 3.3e33::real, {number} * -1e-300::float8, \
              ({number} * {sign})::numeric::money, {number})",
            sign = if random.below(2) == 0 { 1 } else { -1 },
            part = random.below(1000),
        );
        session.run(&sql).await.unwrap();
    }
    session
        .run(
            "INSERT INTO t (small, whole, big, exact, fraction, any_scale, single, double, cash, price) VALUES \
             (32767, 2147483647, 9223372036854775807, 9999.99, 0.999, 'NaN', 'NaN', 'Infinity', '92233720368547758.07', 999999.99), \
             (-32768, 1, '-9223372036854775808', -9999.99, -0.999, 'Infinity', '-Infinity', 1.79769e308, '-92233720368547758.08', 0.01), \
             (0, 2, 0, 0, 0, 0, 3.4028e38, 0, 0, 0), (1, 9, -1, 0.01, 0.001, 1e-50, 1e-38, 1e-305, 0.01, 1), \
             (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 7)",
        )
        .await
        .unwrap();
    for name in ["small", "whole", "big", "exact", "fraction", "any_scale", "single", "double", "cash", "price"] {
        let path = format!("public.t.{name}");
        for noise in [1, 10, 90] {
            let mask = format!("number: {{ noise: {noise} }}");
            let one = compiled(&session, &mask, &path, EXAMPLE_KEY).await;
            let two = compiled(&session, &mask, &path, "another long key").await;
            assert!(!one.subquery);
            let row = session
                .query_one(
                    &format!(
                        "SELECT count(*) FILTER (WHERE one = {name} AND {name}::numeric <> 0 AND min_scale({name}::numeric) IS NOT NULL), \
                                count(*) FILTER (WHERE min_scale({name}::numeric) IS NOT NULL AND (sign(one::numeric) <> sign({name}::numeric) OR \
                                    abs(one::numeric - {name}::numeric) > greatest(abs({name}::numeric) * (0.{noise:02} + 0.00001), ('1e-' || min_scale({name}::numeric))::numeric * 1.000001, 6e-324))), \
                                count(*) FILTER (WHERE one IS DISTINCT FROM two), count(*) FILTER (WHERE (one IS NULL) <> ({name} IS NULL)), \
                                count(*) FILTER (WHERE one > {name}), count(*) FILTER (WHERE one < {name}), \
                                count(DISTINCT {name}::numeric) - count(DISTINCT ({name}::numeric, one::numeric)) \
                         FROM (SELECT {name}, {} AS one, {} AS two FROM t OFFSET 0) AS masked",
                        one.sql, two.sql
                    ),
                    &[],
                )
                .await
                .unwrap_or_else(|error| panic!("{name}, {noise}: {error}"));
            let count = |at: usize| row.get::<_, i64>(at);
            assert_eq!((count(0), count(1), count(3)), (0, 0, 0), "{name}, {noise}: same, far, NULL");
            assert!(
                count(2) > 300 && count(4) > 150 && count(5) > 150,
                "{name}, {noise}: {}, {}, {}",
                count(2),
                count(4),
                count(5)
            );
            assert!(count(6) >= -1, "{name}: one value, one mask; {}", count(6));
        }
        // Written into the column, with its constraints.
        let expression = compiled(&session, "number: { noise: 50 }", &path, EXAMPLE_KEY).await;
        let kind = super::column(&session, &path).await.declared;
        session
            .run(&format!("ALTER TABLE t ALTER COLUMN {name} TYPE {kind} USING ({})", expression.sql))
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    // One number in columns of different types and scales has the same output.
    session
        .run("CREATE TABLE same (a int, b numeric(12,4), c numeric, d float8, e bigint); INSERT INTO same VALUES (120500, 120500, 120500.0, 120500, 120500)")
        .await
        .unwrap();
    let mut out = std::collections::BTreeSet::new();
    for name in ["a", "b", "c", "d", "e"] {
        let expression =
            compiled(&session, "number: { noise: 20 }", &format!("public.same.{name}"), EXAMPLE_KEY).await.sql;
        let row = session.query_one(&format!("SELECT trim_scale(({expression})::numeric)::text FROM same"), &[]).await;
        out.insert(row.unwrap().get::<_, String>(0));
    }
    assert_eq!(out.len(), 1, "{out:?}");
    session.run("CREATE TABLE f (n numeric(4,2), d float8, at timestamptz, time time, x xml, v tsvector, name name, word bpchar)").await.unwrap();
    for (mask, name, taken) in [
        ("fixed: \"12.50\"", "n", true),
        ("fixed: \"123\"", "n", false),
        ("fixed: \"1.234\"", "n", false),
        ("fixed: -7", "n", true),
        ("fixed: \"1e5\"", "d", true),
        ("fixed: \"inf\"", "d", false),
        ("fixed: \"2024-01-01T00:00:00Z\"", "at", true),
        ("fixed: \"yesterday\"", "at", false),
        ("fixed: \"12:30\"", "time", true),
        ("fixed: a note", "x", true),
        ("fixed: \"<a>\"", "x", false),
        ("text: lorem", "x", true),
        ("text: shape", "x", false),
        ("fixed: \"\"", "v", true),
        ("fixed: \"a:1b\"", "v", false),
        ("null", "v", true),
        ("username", "name", true),
        ("email", "name", true),
        ("text: lorem", "word", true),
        ("number: { noise: 5 }", "v", false),
    ] {
        let path = format!("public.f.{name}");
        if !taken {
            refused(&session, mask, &path).await;
            continue;
        }
        let expression = compiled(&session, mask, &path, EXAMPLE_KEY).await.sql;
        session.run("DELETE FROM f; SET xmloption = document").await.unwrap();
        session
            .run("INSERT INTO f VALUES (1, 1, now(), '1:00', XMLPARSE(CONTENT 'Kim <b>Minsu</b>'), 'kim minsu', 'kim', 'kim  ')")
            .await
            .unwrap();
        session
            .run(&format!("UPDATE f SET {name} = {expression}; RESET ALL"))
            .await
            .unwrap_or_else(|error| panic!("{mask} of {name}: {error}"));
        let left = session.query_one(&format!("SELECT count(*) FROM f WHERE {name}::text ILIKE '%minsu%'"), &[]).await;
        assert_eq!(left.unwrap().get::<_, i64>(0), 0, "{mask} of {name}");
    }
}

async fn times_and_intervals(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session
        .run(
            "CREATE TABLE t (id int, span interval, short interval day to second(0), at time, zoned timetz(0)); \
             INSERT INTO t SELECT i, make_interval(days => i, secs => i * 0.25), make_interval(mins => i * 7), '00:00'::time + i * interval '43 s', \
                    ('00:00:00+09'::timetz + i * interval '43 s') FROM generate_series(1, 2000) AS i; \
             INSERT INTO t VALUES (0, '1 year 2 mons -3 days', '-1 day', '24:00:00', '23:59:59-12'), (-1, '0', '0', '00:00', NULL), (-2, NULL, NULL, NULL, NULL)",
        )
        .await
        .unwrap();
    for (name, mask) in [
        ("span", "number: { noise: 10 }"),
        ("short", "number: { noise: 10 }"),
        ("at", "date: { shift: 1 }"),
        ("zoned", "date: { shift: 3 }"),
        ("at", "date: { shift: 1, by: id }"),
    ] {
        let path = format!("public.t.{name}");
        let one = compiled(&session, mask, &path, EXAMPLE_KEY).await.sql;
        let two = compiled(&session, mask, &path, "another long key").await.sql;
        let near = if mask.starts_with("number") {
            format!(
                "abs(extract(epoch FROM one)) BETWEEN abs(extract(epoch FROM {name})) * 0.9 - 1 AND abs(extract(epoch FROM {name})) * 1.1 + 1"
            )
        } else {
            "true".into()
        };
        let sql = format!(
            "SELECT count(*) FILTER (WHERE one = {name}), count(*) FILTER (WHERE NOT {near}), count(*) FILTER (WHERE one IS DISTINCT FROM two), \
                    count(one) = count({name}), md5(string_agg(one::text, ',' ORDER BY id)) \
             FROM (SELECT id, {name}, {one} AS one, {two} AS two FROM t OFFSET 0) AS masked"
        );
        let row = session.query_one(&sql, &[]).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        // Zero stays zero.
        assert!(row.get::<_, i64>(0) <= 1, "{mask} of {name}: {} stayed", row.get::<_, i64>(0));
        assert_eq!(row.get::<_, i64>(1), 0, "{mask} of {name} is far");
        assert!(row.get::<_, i64>(2) > 1900 && row.get(3), "{mask} of {name}");
        let before: String = row.get(4);
        session
            .run("SET DateStyle = 'German'; SET TimeZone = 'Asia/Seoul'; SET extra_float_digits = -10")
            .await
            .unwrap();
        let after: String = session.query_one(&sql, &[]).await.unwrap().get(4);
        assert_eq!(before, after, "{mask} of {name} follows the session");
        session.run("RESET ALL").await.unwrap();
    }
    for (mask, name) in [("date: year", "at"), ("number: { noise: 10 }", "at"), ("date: { shift: 3 }", "span")] {
        refused(&session, mask, &format!("public.t.{name}")).await;
    }
}
