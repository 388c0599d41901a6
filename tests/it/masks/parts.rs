//! Ranges, composites, hstore, arrays of them, and enums.

use devdb::mask::RefusalReason;

use super::{EXAMPLE_KEY, compiled, pairs, refused};
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(ranges_are_shifted, composites_by_attribute, hstore_by_key, labels_are_chosen_by_the_row);

const RANGES: [&str; 6] = ["ints", "bigs", "nums", "days", "stamps", "zoned"];

#[expect(clippy::too_many_lines, reason = "a table of masks")]
async fn ranges_are_shifted(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session
        .run(
            "CREATE TYPE own AS RANGE (SUBTYPE = date, MULTIRANGE_TYPE_NAME = owns); CREATE DOMAIN stay AS daterange; \
             CREATE TABLE t (id int, ints int4range, bigs int8range, nums numrange, days daterange, stamps tsrange, zoned tstzrange, own own, stay stay, \
                             multi datemultirange, nums_multi nummultirange, zoned_multi tstzmultirange, owns owns, list daterange[]); \
             INSERT INTO t SELECT i, int4range(i, i + i % 5), int8range(i * 1000000007::bigint, NULL), numrange(i * 0.5, i * 0.5 + 1.25, '(]'), \
                    daterange('2024-01-01'::date + i, '2024-02-01'::date + i), tsrange(NULL, '2024-01-01'::timestamp + i * interval '7 h', '(]'), \
                    tstzrange('2024-01-01Z'::timestamptz + i * interval '7 h', '2024-03-01Z'::timestamptz + i * interval '7 h', '[]'), \
                    own('2024-01-01'::date + i, '2024-02-01'::date + i), daterange('2024-01-01'::date + i, '2024-02-01'::date + i), \
                    datemultirange(daterange('2024-01-01'::date + i, '2024-02-01'::date + i), daterange('2024-03-01'::date + i, NULL)), \
                    nummultirange(numrange(i, i + 0.1), numrange(i + 0.2, i + 0.3)), \
                    tstzmultirange(tstzrange('2024-03-30Z'::timestamptz + i * interval '1 h', '2024-03-31Z'::timestamptz + i * interval '1 h')), \
                    owns(own('2024-01-01'::date + i, NULL)), ARRAY[daterange('2024-01-01'::date + i, '2024-02-01'::date + i), NULL, 'empty'] \
             FROM generate_series(1, 1000) AS i; \
             INSERT INTO t (id, ints, bigs, nums, days, stamps, zoned, multi, nums_multi, zoned_multi, owns, list) VALUES \
             (2001, 'empty', 'empty', 'empty', 'empty', 'empty', 'empty', '{}', '{}', '{}', '{}', '{}'), \
             (2002, '(,)', '(,)', '(,)', '(,)', '(,)', '(,)', '{(,)}', '{(,)}', '{(,)}', '{(,)}', NULL), \
             (2003, '[2147483600,2147483647)', '[9223372036854775800,9223372036854775807)', '[-Infinity,Infinity]', '[2024-01-01,infinity]', \
              '[-infinity,infinity]', '(-infinity,294276-12-31Z)', '{[-infinity,2024-01-01)}', '{[1,1]}', NULL, NULL, NULL), \
             (2004, '[-2147483648,2147483647)', '[-9223372036854775808,9223372036854775807)', '[0.1,0.1]', '[4713-01-01 BC,5874897-12-31)', \
              '[4713-01-01 BC,294276-12-31]', NULL, NULL, NULL, NULL, NULL, NULL)",
        )
        .await
        .unwrap();
    let all = ["own", "stay", "multi", "nums_multi", "zoned_multi", "owns"];
    for name in RANGES.iter().chain(&all) {
        for mask in ["range: { shift: 30 }", "range: { shift: 30, by: id }"] {
            let path = format!("public.t.{name}");
            let one = compiled(&session, mask, &path, EXAMPLE_KEY).await;
            let two = compiled(&session, mask, &path, "another long key").await.sql;
            assert_eq!(one.subquery, name.contains("multi") || *name == "owns");
            let one = one.sql;
            let length = match *name {
                "bigs" | "stamps" | "owns" | "multi" => "0".to_owned(),
                "ints" | "nums" | "nums_multi" => {
                    format!("(upper(one) - lower(one)) - (upper({name}) - lower({name}))")
                }
                "days" | "own" | "stay" => format!("(upper(one) - lower(one)) - (upper({name}) - lower({name}))"),
                _ => format!("extract(epoch FROM (upper(one) - lower(one)) - (upper({name}) - lower({name})))"),
            };
            let sql = format!(
                "SELECT count(*) FILTER (WHERE one = {name} AND id < 2000), count(*) FILTER (WHERE id <= 1000 AND ({length}) <> 0), \
                        count(*) FILTER (WHERE one IS DISTINCT FROM two), \
                        count(*) FILTER (WHERE one IS NULL <> ({name} IS NULL) OR isempty(one) <> isempty({name}) OR lower_inc(one) <> lower_inc({name}) \
                            OR upper_inc(one) <> upper_inc({name}) OR lower_inf(one) <> lower_inf({name}) OR upper_inf(one) <> upper_inf({name})), \
                        count(*) FILTER (WHERE isempty({name}) AND NOT isempty(one)) \
                 FROM (SELECT id, {name}, {one} AS one, {two} AS two FROM t OFFSET 0) AS masked"
            );
            let row = session.query_one(&sql, &[]).await.unwrap_or_else(|error| panic!("{mask} of {name}: {error}"));
            let counts: Vec<i64> = (0..5).map(|at| row.get(at)).collect();
            let empty = if *name == "ints" { 200 } else { 0 };
            assert_eq!((counts[0], counts[1], counts[3], counts[4]), (empty, 0, 0, 0), "{mask} of {name}: {counts:?}");
            assert!(counts[2] > 700, "{mask} of {name}: {counts:?}");
            session.run(&format!("UPDATE t SET {name} = {one} WHERE id > 990")).await.unwrap();
        }
    }
    // Number and lengths of the ranges of a multirange.
    let one = compiled(&session, "range: { shift: 3000 }", "public.t.multi", EXAMPLE_KEY).await.sql;
    let sql = format!(
        "SELECT count(*) FROM (SELECT * FROM t WHERE id < 990 OFFSET 0) AS t WHERE (SELECT count(*) FROM unnest({one})) <> 2 OR \
         (SELECT array_agg(upper(r) - lower(r)) FROM unnest({one}) r) <> (SELECT array_agg(upper(r) - lower(r)) FROM unnest(multi) r)"
    );
    assert_eq!(session.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0), 0);
    let list = compiled(&session, "range: { shift: 30 }", "public.t.list", EXAMPLE_KEY).await;
    let lists = pairs(&session, "t", "list", &list).await;
    assert!(lists[0].1.as_ref().unwrap().ends_with(",NULL,empty}") && lists[0].0 != *lists[0].1.as_ref().unwrap());
    session.run("CREATE TABLE u (room int4range, EXCLUDE USING gist (room WITH &&), f int4range CHECK (lower(f) > 3), d date)").await.unwrap();
    for (name, named) in [("room", "exclusion"), ("f", "u_f_check"), ("d", "ranges")] {
        let refusal = refused(&session, "range: { shift: 3 }", &format!("public.u.{name}")).await;
        assert!(refusal.to_string().contains(named), "{refusal}");
    }
}

#[expect(clippy::too_many_lines, reason = "a table of masks")]
async fn composites_by_attribute(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session
        .run(
            "CREATE DOMAIN code AS varchar(8) CHECK (char_length(VALUE) <= 8); \
             CREATE TYPE spot AS (\"the x\" numeric(6,2), since date); \
             CREATE SCHEMA \"our app\"; CREATE TYPE \"our app\".\"Address\" AS (street text, zip code, tags text[], at spot, gone int); \
             ALTER TYPE \"our app\".\"Address\" DROP ATTRIBUTE gone; \
             CREATE DOMAIN home AS \"our app\".\"Address\" CHECK ((VALUE).street <> 'nowhere'); \
             CREATE TABLE row_type (id int, name text CHECK (name <> 'x')); \
             CREATE TABLE t (id int, a \"our app\".\"Address\", h \"our app\".\"Address\"[], r row_type, checked home); \
             INSERT INTO t VALUES (1, ROW('세종대로 1', '04524', ARRAY['a@b.c', NULL], ROW(12.5, '1988-04-17')), ARRAY[ROW('세종대로 1', '04524', NULL, NULL)::\"our app\".\"Address\", NULL], ROW(7, 'kim')), \
             (2, NULL, NULL, NULL), (3, ROW(NULL, NULL, NULL, NULL), '{}', ROW(NULL, NULL)), (4, ROW('', '', '{}', ROW(NULL, NULL)), NULL, NULL)",
        )
        .await
        .unwrap();
    let mask = "composite: { street: { fake: korean_address }, zip: { postal_code: kr }, tags: email, \
                at: { composite: { the x: { number: { noise: 10 } }, since: keep } } }";
    let one = compiled(&session, mask, "public.t.a", EXAMPLE_KEY).await;
    assert!(one.subquery);
    let out = pairs(&session, "t", "a", &one).await;
    let first = out[0].1.as_deref().unwrap();
    assert!(
        !first.contains("세종대로") && !first.contains("04524") && !first.contains("a@b.c") && !first.contains("12.5"),
        "{first}"
    );
    assert!(first.contains("1988-04-17") && first.contains("@example.com,NULL"), "{first}");
    assert_eq!((out[1].1.as_deref(), out[2].1.as_deref()), (None, Some("(,,,)")));
    assert_eq!(out[3].1.as_deref(), Some("(\"\",\"\",{},\"(,)\")"));
    let other = compiled(&session, mask, "public.t.a", "another long key").await;
    assert_ne!(pairs(&session, "t", "a", &other).await[0], out[0]);
    session.run(&format!("UPDATE t SET a = {}", one.sql)).await.unwrap();
    let many = compiled(
        &session,
        &mask
            .replace("tags: email", "tags: null")
            .replace("at: {", "at: null, x: {")
            .split(", x:")
            .next()
            .map(|mask| format!("{mask} }}"))
            .unwrap(),
        "public.t.h",
        EXAMPLE_KEY,
    )
    .await;
    let out = pairs(&session, "t", "h", &many).await;
    assert!(out[0].1.as_ref().unwrap().ends_with(",NULL}") && out[2].1.as_deref() == Some("{}"), "{out:?}");
    assert!(!out[0].1.as_ref().unwrap().contains("세종대로"), "{out:?}");
    // A composite has a subquery only if an attribute has one.
    let rows = compiled(&session, "composite: { id: identifier, name: username }", "public.t.r", EXAMPLE_KEY).await;
    assert!(!rows.subquery);
    assert!(pairs(&session, "t", "r", &rows).await[0].1.as_ref().unwrap().contains(",user_"));
    for (mask, name, named) in [
        ("composite: { id: identifier }", "r", "`name` has neither"),
        ("composite: { id: identifier, name: email, nam: email }", "r", "`nam` does not exist"),
        ("composite: { id: email, name: email }", "r", "attribute `id`: the mask accepts text"),
        ("composite: { street: null, zip: email, tags: keep, at: keep }", "a", "attribute `zip`"),
        ("composite: { street: email, zip: null, tags: keep, at: keep }", "checked", "home_check"),
        ("email", "a", "the mask accepts text"),
        ("composite: { id: keep }", "id", "a composite"),
    ] {
        let refusal = refused(&session, mask, &format!("public.t.{name}")).await;
        assert!(refusal.to_string().contains(named) && !refusal.remedy().is_empty(), "{refusal}");
    }
}

async fn hstore_by_key(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    cluster.with_master().await;
    cluster.sql("app", "CREATE SCHEMA \"Ext 1\"; GRANT USAGE ON SCHEMA \"Ext 1\" TO master; CREATE EXTENSION hstore SCHEMA \"Ext 1\"").await;
    let session = cluster.login("master", "m", "app").await.unwrap();
    session
        .run(
            "CREATE TABLE t (id int, h \"Ext 1\".hstore); \
             INSERT INTO t VALUES (1, '\"phone\"=>\"010-1124-2486\", \"it''s \\\"k\\\"\"=>\"secret\", \"n\"=>NULL, \"e\"=>\"\", \"note\"=>\"ask Kim\"'), (2, ''), (3, NULL), \
             (4, '\"other\"=>\"ask Lee\"'), (5, '\"phone\"=>NULL')",
        )
        .await
        .unwrap();
    let keys = "keys: { phone: { phone: kr }, \"it's \\\"k\\\"\": { fixed: it's }, e: email, absent: email }";
    let closed = compiled(&session, &format!("hstore: {{ {keys} }}"), "public.t.h", EXAMPLE_KEY).await;
    assert!(!closed.subquery);
    let out = pairs(&session, "t", "h", &closed).await;
    let first = out[0].1.as_deref().unwrap();
    for there in
        ["\"phone\"=>\"010-0341-9296\"", "\"note\"=>NULL", "\"it's \\\"k\\\"\"=>\"it's\"", "\"n\"=>NULL", "\"e\"=>\"\""]
    {
        assert!(first.contains(there), "{there}: {first}");
    }
    assert!(!first.contains("absent") && !first.contains("secret"), "{first}");
    let rest: Vec<Option<&str>> = out[1..].iter().map(|pair| pair.1.as_deref()).collect();
    assert_eq!(rest, [Some(""), None, Some("\"other\"=>NULL"), Some("\"phone\"=>NULL")]);
    let open = compiled(&session, &format!("hstore: {{ {keys}, other: keep }}"), "public.t.h", EXAMPLE_KEY).await;
    let out = pairs(&session, "t", "h", &open).await;
    assert!(
        out[0].1.as_deref().unwrap().contains("\"note\"=>\"ask Kim\"")
            && !out[0].1.as_deref().unwrap().contains("secret")
    );
    assert_eq!(out[3].1.as_deref(), Some("\"other\"=>\"ask Lee\""));
    session.run(&format!("ALTER TABLE t ALTER COLUMN h TYPE \"Ext 1\".hstore USING ({})", closed.sql)).await.unwrap();
    assert!(matches!(
        refused(&session, "hstore: { keys: {} }", "public.t.id").await.reason,
        RefusalReason::Type { .. }
    ));
}

async fn labels_are_chosen_by_the_row(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session
        .run(
            "CREATE TYPE tier AS ENUM ('free', 'gold', 'silver'); CREATE TABLE t (id int, note text, tier tier); CREATE TABLE alone (tier tier, at date); \
             INSERT INTO t SELECT i, NULL, 'free' FROM generate_series(1, 3000) AS i; INSERT INTO t VALUES (0, 'x', NULL)",
        )
        .await
        .unwrap();
    let any = compiled(&session, "enum: any", "public.t.tier", EXAMPLE_KEY).await;
    let out = pairs(&session, "t", "tier", &any).await;
    assert_eq!(out[0].1, None);
    for label in ["free", "gold", "silver"] {
        let count = out.iter().filter(|pair| pair.1.as_deref() == Some(label)).count();
        assert!((850..1150).contains(&count), "{label}: {count}");
    }
    assert_eq!(refused(&session, "enum: any", "public.alone.tier").await.reason, RefusalReason::NoSibling);
}
