//! Masks on real servers: the same in, the same out; types, lengths, uniqueness and checks kept;
//! hostile values; refusals.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};

use devdb::mask::{Expression, Key, Refusal, Rule, Why, compile};
use devdb::pg::Session;
use devdb::pg::catalog::{Column, columns};

use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

mod constraints;

on_every_version!(
    the_list_shows_what_really_comes_out,
    text_masks_take_anything,
    a_hundred_thousand_stay_a_hundred_thousand,
    other_types,
    a_table_is_rewritten_and_its_constraints_hold,
    numbers_have_their_shape,
);

const EXAMPLE_KEY: &str = "an example key!!";

/// Values that break what is not written with care.
pub(super) const HOSTILE: [&str; 24] = [
    "Kim.Minsu@Haneul.example",
    "kim.minsu@haneul.example",
    "it's \"quoted\" @ home",
    r"back\slash \1 \& \\' E'",
    "이메일@한글.example",
    "😀 emoji 👩‍👩‍👧‍👦 family",
    "tab\tnewline\ncarriage\r\u{1}\u{7f}",
    "trailing spaces   ",
    "   leading",
    " ",
    "010-1234-5678",
    "01012345678",
    "+82 10-1234-5678",
    "+821012345678",
    "02-123-4567",
    "(415) 555-0123",
    "415-555-0124",
    "880417-1234567",
    "4242-4242-4242-4242",
    "4242 4242 4242 4242",
    "2001:db8:1:2::3",
    "121.160.12.7",
    "%s $1 $$ {a,b} NULL null ; DROP TABLE users; --",
    "É é ß ẞ İ ı Σ σ ς ﬁ",
];

pub(super) fn key(secret: &str) -> Key {
    Key::new(secret).unwrap()
}

pub(super) fn rule(yaml: &str) -> Rule {
    Rule::meant(&serde_yaml::from_str(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"))).unwrap()
}

pub(super) async fn column(session: &Session, path: &str) -> Column {
    columns(session).await.unwrap().into_iter().find(|column| column.path() == path).unwrap_or_else(|| panic!("{path}"))
}

pub(super) async fn compiled(session: &Session, mask: &str, path: &str, secret: &str) -> Expression {
    compile(&rule(mask), &column(session, path).await, &key(secret)).unwrap_or_else(|refusal| panic!("{refusal}"))
}

pub(super) async fn refused(session: &Session, mask: &str, path: &str) -> Refusal {
    match compile(&rule(mask), &column(session, path).await, &key(EXAMPLE_KEY)) {
        Ok(_) => panic!("{mask} is taken for {path}"),
        Err(refusal) => refusal,
    }
}

/// Original and masked value of every row, as text.
async fn pairs(
    session: &Session,
    table: &str,
    original: &str,
    expression: &Expression,
) -> Vec<(String, Option<String>)> {
    let sql = format!("SELECT {original}::text, ({})::text FROM {table} ORDER BY id", expression.sql);
    let rows = session.query(&sql, &[]).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    rows.iter().map(|row| (row.get::<_, Option<String>>(0).unwrap_or_default(), row.get(1))).collect()
}

async fn the_list_shows_what_really_comes_out(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session.run("CREATE TYPE tier AS ENUM ('free', 'gold', 'silver')").await.unwrap();
    let mut wrong = String::new();
    for entry in devdb::mask::list() {
        let kind = match entry.takes.split([',', ' ']).next().unwrap() {
            "uuid" => "uuid",
            "smallint" => "integer",
            "date" => "date",
            "inet" => "inet",
            "bytea" => "bytea",
            "json" => "jsonb",
            "an" => "tier",
            _ => "text",
        };
        session.run(&format!("DROP TABLE IF EXISTS t; CREATE TABLE t (id int DEFAULT 1, value {kind})")).await.unwrap();
        session.execute(&format!("INSERT INTO t (value) VALUES ($1::text::{kind})"), &[&entry.from]).await.unwrap();
        let expression = compiled(&session, entry.mask, "public.t.value", EXAMPLE_KEY).await;
        let out = pairs(&session, "t", "value", &expression).await.remove(0).1.unwrap_or("NULL".into());
        if out != entry.to {
            wrong.push_str(&format!("{}\t{}\t{out}\n", entry.mask, entry.from));
        }
    }
    if let Some(file) = std::env::var_os("DEVDB_BLESS_MASKS") {
        std::fs::write(file, &wrong).unwrap();
    }
    assert!(wrong.is_empty(), "`devdb masks` should show:\n{wrong}");
}

const TEXT_MASKS: [&str; 31] = [
    "email",
    "email: { domain: dev.example }",
    "username",
    "url",
    "uuid",
    "phone: kr",
    "phone: e164",
    "phone: us",
    "fake: korean_name",
    "fake: korean_family_name",
    "fake: korean_given_name",
    "fake: english_name",
    "fake: english_family_name",
    "fake: english_given_name",
    "fake: korean_address",
    "fake: english_address",
    "fake: korean_company",
    "fake: english_company",
    "postal_code: kr",
    "postal_code: us",
    "registration_number",
    "business_number",
    "card",
    "card: valid",
    "ip",
    "text: lorem",
    "text: shape",
    "text: redact",
    "fixed: \"it's \\\\ fixed\"",
    "null",
    "sql: md5(value)",
];

/// Masks whose output says nothing of the key.
const KEYLESS: [&str; 5] = ["text: shape", "text: redact", "fixed", "null", "sql"];

async fn text_masks_take_anything(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    // Another table, type, collation and width: the same comes out.
    session
        .run(
            "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, value text); \
             CREATE TABLE u (id int GENERATED ALWAYS AS IDENTITY, value varchar(20000) COLLATE \"POSIX\")",
        )
        .await
        .unwrap();
    let long = "긴 글 and words ".repeat(800);
    let values: Vec<&str> = HOSTILE.iter().copied().chain([long.as_str(), ""]).collect();
    for value in &values {
        session.execute("INSERT INTO t (value) VALUES ($1)", &[value]).await.unwrap();
    }
    session
        .run("INSERT INTO t (value) VALUES (NULL); INSERT INTO u (value) SELECT value FROM t ORDER BY id")
        .await
        .unwrap();
    for mask in TEXT_MASKS {
        let one = compiled(&session, mask, "public.t.value", "the first secret key").await;
        let first = pairs(&session, "t", "value", &one).await;
        // A session's settings and path change nothing.
        session
            .run(
                "CREATE SCHEMA evil; CREATE FUNCTION evil.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1'; \
                 CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'; \
                 CREATE FUNCTION evil.never(text, text) RETURNS text LANGUAGE sql AS 'SELECT ''evil''::text'; \
                 CREATE OPERATOR evil.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.never); \
                 SET search_path = evil, public, pg_catalog; SET standard_conforming_strings = off; SET escape_string_warning = off; \
                 SET DateStyle = 'SQL, DMY'; SET TimeZone = 'Asia/Seoul'; SET bytea_output = 'escape'",
            )
            .await
            .unwrap();
        if !mask.starts_with("sql") {
            assert_eq!(pairs(&session, "public.t", "value", &one).await, first, "{mask}");
        }
        session.run("RESET ALL; DROP SCHEMA evil CASCADE").await.unwrap();
        let again = compiled(&session, mask, "public.u.value", "the first secret key").await;
        assert_eq!(pairs(&session, "u", "value", &again).await, first, "{mask}");

        let last = first.len() - 1;
        assert_eq!(first[last].1, None, "{mask}: NULL stays");
        if !["fixed", "null", "sql"].iter().any(|keyless| mask.starts_with(keyless)) {
            assert_eq!(first[last - 1].1.as_deref(), Some(""), "{mask}: an empty string stays");
        }
        if mask == "null" {
            assert!(first.iter().all(|(_, out)| out.is_none()));
            continue;
        }
        for (original, masked) in &first[..last - 1] {
            let masked = masked.as_ref().unwrap_or_else(|| panic!("{mask}: {original:?} became NULL"));
            // What is longer than four characters does not stand in its mask; `redact` keeps words by intent.
            let kept = original.trim().chars().count() > 4 && masked.contains(original.trim());
            assert!(!kept || mask == "text: redact", "{mask}: {original:?} is in {masked:?}");
            assert!(!masked.contains("evil"), "{mask}");
            if ["text: lorem", "text: shape"].contains(&mask) {
                assert_eq!(original.chars().count(), masked.chars().count(), "{mask}: {original:?}: {masked:?}");
            }
        }
        if !KEYLESS.iter().any(|keyless| mask.starts_with(keyless)) {
            let other = compiled(&session, mask, "public.t.value", "a second secret key").await;
            let second = pairs(&session, "t", "value", &other).await;
            let same = first.iter().zip(&second).filter(|(one, two)| !one.0.is_empty() && one.1 == two.1).count();
            assert!(same <= 3, "{mask}: {same} of {} are the same under two keys", first.len());
        }
        // As a stream, as sampling uses it.
        let copied = session.client().copy_out(&format!("COPY (SELECT {} FROM t) TO STDOUT", one.sql)).await;
        assert!(copied.is_ok(), "{mask}");
    }
    let redacted = compiled(&session, "text: redact", "public.t.value", EXAMPLE_KEY).await;
    let redacted = pairs(&session, "t", "value", &redacted).await;
    assert_eq!(redacted[0].1.as_deref(), Some("***"));
    assert_eq!(redacted[10].1.as_deref(), Some("***"));
    assert_eq!(redacted[6].1.as_deref(), Some("tab\tnewline\ncarriage\r\u{1}\u{7f}"));
    let shape = compiled(&session, "text: shape", "public.t.value", EXAMPLE_KEY).await;
    let shape = pairs(&session, "t", "value", &shape).await;
    assert_eq!(shape[0].1.as_deref(), Some("Xxx.Xxxxx@Xxxxxx.xxxxxxx"));
    assert_eq!(shape[4].1.as_deref(), Some("가가가@가가.xxxxxxx"));
    // Two spellings of one address stay near each other and two.
    let email = compiled(&session, "email", "public.t.value", EXAMPLE_KEY).await;
    let email: Vec<String> =
        pairs(&session, "t", "value", &email).await.into_iter().filter_map(|pair| pair.1).collect();
    assert!(email[0] != email[1] && email[0][..21] == email[1][..21], "{email:?}");
    // One number in three spellings.
    let phone = compiled(&session, "phone: kr", "public.t.value", EXAMPLE_KEY).await;
    let phone: Vec<String> =
        pairs(&session, "t", "value", &phone).await.into_iter().filter_map(|pair| pair.1).collect();
    let digits = |at: usize| phone[at].chars().filter(char::is_ascii_digit).collect::<String>();
    assert!(phone[10].starts_with("010-") && phone[12].starts_with("+82 10-"), "{phone:?}");
    assert_eq!(digits(10), digits(11));
    assert_eq!(digits(10)[1..], digits(12)[2..]);
    assert!(phone[14].starts_with("+999") && phone[14].len() == 20, "{phone:?}");
}

async fn a_hundred_thousand_stay_a_hundred_thousand(version: Version) {
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
        // As text that is no number of its kind.
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
        // Chance makes a few of the narrow ranges meet: one in 30,000.
        let (same, unchanged): (i64, i64) = (row.get(2), row.get(3));
        assert!(same < 12 && unchanged < 12, "{mask} of {name}: {same} alike under two keys, {unchanged} unchanged");
    }
    // 1 to 100,000 stay among themselves: a permutation.
    let permuted = compiled(&session, "identifier: { within: 100000 }", "public.t.number", EXAMPLE_KEY).await.sql;
    let row = session.query_one(&format!("SELECT min(x), max(x) FROM (SELECT {permuted} AS x FROM t) AS p"), &[]).await;
    let row = row.unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, i32>(1)), (1, 100_000));
    // Two columns of different width agree, so a foreign key follows; signs are kept.
    session.run("ALTER TABLE t ADD wide bigint; UPDATE t SET wide = number").await.unwrap();
    let narrow = compiled(&session, "identifier", "public.t.number", EXAMPLE_KEY).await.sql;
    let wide = compiled(&session, "identifier", "public.t.wide", EXAMPLE_KEY).await.sql;
    let big = compiled(&session, "identifier", "public.t.big", EXAMPLE_KEY).await.sql;
    let sql = format!(
        "SELECT count(*) FILTER (WHERE {narrow} IS DISTINCT FROM {wide}), count(*) FILTER (WHERE sign({big}) <> sign(big)) FROM t"
    );
    let row = session.query_one(&sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 0));
    // Every end of every type.
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

async fn other_types(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session
        .run(
            "CREATE TYPE tier AS ENUM ('free', 'gold', 'it''s'); \
             CREATE TABLE t (id int, born date, seen timestamptz, made timestamp, host inet, net cidr, raw bytea, tier tier, doc jsonb, old json, \
                             tags text[], ids bigint[], uuids uuid[], amount numeric, span int4range); \
             INSERT INTO t VALUES \
             (1, '1988-04-17', '2024-02-29 23:59:59.5+00', '2024-02-29 23:59:59.5', '121.160.12.7', '10.0.0.0/8', '\\x00ff', 'gold', \
              '{\"user\": {\"email\": \"a@b.c\", \"n\": 7}, \"list\": [{\"p\": \"010-1234-5678\"}, 5], \"deep\": {\"x\": {\"y\": 1}}, \"t\": true}', \
              '{\"user\": {\"email\": \"a@b.c\"}}', ARRAY['a@b.c', NULL, '', 'd@e.f'], ARRAY[1, 2, 3], ARRAY['0b0c4b6a-6c1f-4a39-9a53-7d3b5f0a1d11']::uuid[], 1, '[1,2)'), \
             (2, 'infinity', '-infinity', 'infinity', '2001:db8:ffff::1', '2001:db8::/32', '', 'free', '[1, {\"user\": 3}]', '\"a@b.c\"', '{}', NULL, '{}', 2, NULL), \
             (3, '5874897-12-31', '294276-12-31 23:59:59+00', '4713-01-01 BC', NULL, NULL, NULL, NULL, '\"text\"', 'null', '{{a,b},{c,d}}', NULL, NULL, NULL, NULL), \
             (4, '4713-01-01 BC', NULL, NULL, NULL, NULL, NULL, NULL, '{\"user\": [1, 2]}', NULL, NULL, NULL, NULL, NULL, NULL), \
             (5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{\"user\": {\"email\": {\"secret\": \"a@b.c\"}}}', NULL, NULL, NULL, NULL, NULL, NULL)",
        )
        .await
        .unwrap();
    let masked = async |mask: &str, name: &str| -> Vec<Option<String>> {
        let expression = compiled(&session, mask, &format!("public.t.{name}"), EXAMPLE_KEY).await;
        let before = pairs(&session, "t", name, &expression).await;
        session
            .run("SET DateStyle = 'German'; SET TimeZone = 'Asia/Seoul'; SET IntervalStyle = 'sql_standard'")
            .await
            .unwrap();
        let sql = format!("SELECT ({})::text FROM t ORDER BY id", expression.sql);
        session.query(&sql, &[]).await.unwrap_or_else(|error| panic!("{mask}: {error}"));
        session.run("RESET ALL").await.unwrap();
        before.into_iter().map(|pair| pair.1).collect()
    };
    for name in ["born", "seen", "made"] {
        let year = masked("date: year", name).await;
        let month = masked("date: month", name).await;
        let shift = masked("date: { shift: 10 }", name).await;
        let prefix = if name == "born" { ("1988-", "1988-04-") } else { ("2024-", "2024-02-") };
        assert!(year[0].as_ref().unwrap().starts_with(prefix.0), "{year:?}");
        assert!(month[0].as_ref().unwrap().starts_with(prefix.1), "{month:?}");
        assert!(year[1].as_ref().unwrap().ends_with("infinity"), "{year:?}");
        let [original] = [if name == "born" { "1988-04-17" } else { "2024-02-29 23:59:59" }];
        assert!(!shift[0].as_ref().unwrap().starts_with(original), "{shift:?}");
    }
    // An instant does not depend on the zone in which it is looked at.
    let instant = compiled(&session, "date: year", "public.t.seen", EXAMPLE_KEY).await.sql;
    let sql = format!("SELECT extract(epoch FROM {instant})::int8 FROM t WHERE id = 1");
    let here: i64 = session.query_one(&sql, &[]).await.unwrap().get(0);
    session.run("SET TimeZone = 'Pacific/Kiritimati'").await.unwrap();
    assert_eq!(session.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0), here);
    session.run("RESET ALL").await.unwrap();

    let host = masked("ip", "host").await;
    assert!(host[1].as_ref().unwrap().starts_with("2001:db8::"), "{host:?}");
    masked("ip", "net").await;
    let raw = masked("bytes", "raw").await;
    assert!(
        raw[0].as_ref().is_some_and(|raw| raw.len() == 6 && raw != "\\x00ff") && raw[1].as_deref() == Some("\\x"),
        "{raw:?}"
    );
    let tier = masked("enum: { by: id }", "tier").await;
    assert!(tier[0].is_some() && tier[2].is_none());

    let doc =
        masked("json: { $.user.email: email, \"$.list[0].p\": { phone: kr }, $.deep: username, $.t: username }", "doc")
            .await;
    let first: serde_json::Value = serde_json::from_str(doc[0].as_ref().unwrap()).unwrap();
    assert!(first["user"]["email"].as_str().unwrap().ends_with("@example.com") && first["user"]["n"] == 7, "{first}");
    assert!(first["list"][0]["p"].as_str().unwrap().starts_with("010-") && first["list"][1] == 5, "{first}");
    assert!(first["list"][0]["p"] != "010-1234-5678" && first["deep"].is_null() && first["t"] == true, "{first}");
    assert_eq!(doc[1].as_deref(), Some("[1, {\"user\": 3}]"));
    assert_eq!(doc[2].as_deref(), Some("\"text\""));
    assert_eq!(doc[3].as_deref(), Some("{\"user\": [1, 2]}"));
    // An object where a value was expected does not stay.
    assert_eq!(doc[4].as_deref(), Some("{\"user\": {\"email\": null}}"));
    // The value inside is the one that a column with the same address has.
    session.run("CREATE TABLE u (id int, email text); INSERT INTO u VALUES (1, 'a@b.c')").await.unwrap();
    let email = compiled(&session, "email", "public.u.email", EXAMPLE_KEY).await;
    let email = pairs(&session, "u", "email", &email).await.remove(0).1.unwrap();
    assert_eq!(first["user"]["email"], email.as_str());
    assert!(masked("json: { $.user.email: email }", "old").await[0].as_ref().unwrap().contains(&email));

    let tags = masked("email", "tags").await;
    assert!(tags[0].as_ref().unwrap().starts_with(&format!("{{{email},NULL,\"\",u")), "{tags:?}");
    assert_eq!(tags[1].as_deref(), Some("{}"));
    assert_eq!(tags[2].as_ref().unwrap().matches('@').count(), 4);
    masked("identifier", "ids").await;
    masked("uuid", "uuids").await;
    assert!(compiled(&session, "email", "public.t.tags", EXAMPLE_KEY).await.subquery);

    for (mask, name) in [
        ("email", "amount"),
        ("email", "span"),
        ("identifier", "amount"),
        ("text: lorem", "doc"),
        ("date: year", "doc"),
        ("fixed: 1", "span"),
        ("json: { $.a: email }", "raw"),
        ("enum: { by: id }", "doc"),
    ] {
        let refusal = refused(&session, mask, &format!("public.t.{name}")).await;
        assert!(matches!(refusal.why, Why::Type { .. }), "{refusal}");
        assert!(refusal.to_string().contains(&format!("public.t.{name}")) && !refusal.remedy().is_empty());
    }
    for (mask, name) in
        [("enum: { by: nobody }", "tier"), ("enum: { by: seen }", "tier"), ("date: { shift: 3, by: doc }", "born")]
    {
        assert!(matches!(refused(&session, mask, &format!("public.t.{name}")).await.why, Why::By { .. }));
    }
    assert!(matches!(refused(&session, "fixed: platinum", "public.t.tier").await.why, Why::Label { .. }));
    assert!(matches!(refused(&session, "fixed: soon", "public.t.born").await.why, Why::Value { .. }));
}

/// As the rewriting of tables will use it: all columns in one statement, and nothing objects.
async fn a_table_is_rewritten_and_its_constraints_hold(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    cluster.with_master().await;
    cluster
        .sql("app", "CREATE SCHEMA ext; GRANT USAGE ON SCHEMA ext TO master; CREATE EXTENSION citext SCHEMA ext")
        .await;
    let session = cluster.login("master", "m", "app").await.unwrap();
    session
        .run(
            "CREATE SCHEMA \"our app\"; CREATE DOMAIN \"our app\".address AS varchar(80) NOT NULL CHECK (length(VALUE) >= 3); \
             CREATE TABLE \"our app\".\"Users\" ( \
                id bigint PRIMARY KEY CHECK (id > 0), \"e mail\" \"our app\".address UNIQUE, login ext.citext UNIQUE, short varchar(40) NOT NULL, \
                phone varchar(20) UNIQUE CHECK (phone <> '' AND char_length(phone) <= 20), born date, code char(8), \
                name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 60)); \
             CREATE UNIQUE INDEX lower_mail ON \"our app\".\"Users\" (lower(short)) WHERE short IS NOT NULL; \
             CREATE TABLE \"our app\".posts (author bigint REFERENCES \"our app\".\"Users\"); \
             INSERT INTO \"our app\".\"Users\" SELECT i, 'Kim' || i || '@haneul.example', 'Login' || i, 's' || i || '@haneul.example', \
                '010-1234-' || lpad(i::text, 4, '0'), '1980-01-01'::date + i, 'c' || i, '김민수' || i FROM generate_series(1, 2000) AS i",
        )
        .await
        .unwrap();
    let masks = [
        ("id", "identifier"),
        ("e mail", "email"),
        ("login", "username"),
        ("short", "email"),
        ("phone", "phone: kr"),
        ("born", "date: { shift: 20, by: id }"),
        ("code", "text: lorem"),
        ("name", "fake: korean_name"),
    ];
    let mut actions = Vec::new();
    for (name, mask) in masks {
        let path = format!("our app.Users.{name}");
        let expression = compiled(&session, mask, &path, EXAMPLE_KEY).await;
        assert!(!expression.subquery);
        let kind = column(&session, &path).await.declared;
        actions.push(format!("ALTER COLUMN {} TYPE {kind} USING ({})", devdb::pg::identifier(name), expression.sql));
    }
    let before = shape(&session).await;
    session.run(&format!("ALTER TABLE \"our app\".\"Users\" {}", actions.join(", "))).await.unwrap();
    assert_eq!(shape(&session).await, before);
    let row = session
        .query_one(
            "SELECT count(DISTINCT \"e mail\"), count(DISTINCT login), count(*) FILTER (WHERE \"e mail\" LIKE '%haneul%' OR name LIKE '김민수_%'), \
                    max(length(login::text)) FROM \"our app\".\"Users\"",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1), row.get::<_, i64>(2)), (2000, 2000, 0));
    assert_eq!(row.get::<_, i32>(3), 21);
}

/// Columns with their types and constraints.
async fn shape(session: &Session) -> BTreeMap<String, (String, bool, Vec<String>)> {
    let all = columns(session).await.unwrap();
    all.into_iter()
        .map(|column| {
            let unique = column.unique.iter().map(|unique| unique.name.clone());
            let names = unique.chain(column.checks.iter().map(|check| check.definition.clone())).collect();
            (column.path(), (column.declared, column.not_null, names))
        })
        .collect()
}

async fn numbers_have_their_shape(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session
        .run("CREATE TABLE t AS SELECT i AS id, 'value ' || i || CASE WHEN i % 2 = 0 THEN '-' ELSE '' END AS value FROM generate_series(1, 3000) AS i")
        .await
        .unwrap();
    let outputs = async |mask: &str| -> BTreeSet<String> {
        let expression = compiled(&session, mask, "public.t.value", EXAMPLE_KEY).await;
        pairs(&session, "t", "value", &expression).await.into_iter().filter_map(|pair| pair.1).collect()
    };
    let digits = |text: &str| text.chars().filter_map(|c| c.to_digit(10)).collect::<Vec<u32>>();
    let weighted = |digits: &[u32], weights: &[u32]| digits.iter().zip(weights).map(|(d, w)| d * w).sum::<u32>();
    for number in outputs("registration_number").await {
        let d = digits(&number);
        assert_eq!(d.len(), 13, "{number}");
        let check = (11 - weighted(&d[..12], &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10;
        assert_ne!(check, d[12], "{number} is valid");
        assert!((1..=12).contains(&(d[2] * 10 + d[3])) && (1..=4).contains(&d[6]), "{number}");
    }
    for number in outputs("business_number").await {
        let d = digits(&number);
        let sum = weighted(&d[..9], &[1, 3, 7, 1, 3, 7, 1, 3, 5]) + d[8] * 5 / 10;
        assert!(d.len() == 10 && (10 - sum % 10) % 10 != d[9], "{number}");
    }
    for (mask, valid) in [("card", false), ("card: valid", true)] {
        for number in outputs(mask).await {
            let d = digits(&number);
            let luhn: u32 = (0..16).map(|at| if at % 2 == 0 { d[at] * 2 / 10 + d[at] * 2 % 10 } else { d[at] }).sum();
            assert!(d.len() == 16 && number.starts_with("4000") && (luhn % 10 == 0) == valid, "{mask}: {number}");
        }
    }
    let names = outputs("fake: korean_name").await;
    assert!(names.len() > 1500 && names.iter().all(|name| (3..=4).contains(&name.chars().count())), "{}", names.len());
    // By frequency: 43 of 200 are called Kim.
    let family = compiled(&session, "fake: korean_family_name", "public.t.value", EXAMPLE_KEY).await;
    let family = pairs(&session, "t", "value", &family).await;
    let kims = family.iter().filter(|pair| pair.1.as_deref() == Some("김")).count();
    assert!((540..750).contains(&kims), "{kims} of {}", family.len());
    assert!(
        outputs("ip")
            .await
            .iter()
            .all(|ip| ip.starts_with("192.0.2.") || ip.starts_with("198.51.100.") || ip.starts_with("203.0.113."))
    );
    assert!(outputs("postal_code: kr").await.iter().all(|code| code.len() == 5 && code.as_str() > "63999"));
}
