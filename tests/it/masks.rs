//! Masks on real servers: deterministic outputs; types, lengths, uniqueness and checks preserved; hostile values;
//! refusals.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};

use devdb::mask::{Expression, Key, Refusal, Rule, compile};
use devdb::pg::Session;
use devdb::pg::catalog::{Column, columns};

use crate::on_14_to_18;
use crate::support::cluster::{Cluster, Version};

mod checked;
mod constraints;
mod json;
mod numbers;
mod ordinary;
mod parts;
mod patterns;
mod types;
mod unique;

on_14_to_18!(
    the_reference_shows_the_actual_outputs,
    text_masks_accept_any_text,
    constraints_hold_after_a_table_rewrite,
    outputs_have_their_format,
);

pub(crate) const EXAMPLE_KEY: &str = "an example key!!";

/// Values that break careless SQL.
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

/// Reproducible random numbers (splitmix64).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }
}

pub(super) fn key(secret: &str) -> Key {
    Key::new(secret).unwrap()
}

pub(super) fn rule(yaml: &str) -> Rule {
    Rule::resolve(&serde_yaml::from_str(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"))).unwrap()
}

pub(super) async fn column(session: &Session, path: &str) -> Column {
    columns(session).await.unwrap().into_iter().find(|column| column.path() == path).unwrap_or_else(|| panic!("{path}"))
}

pub(crate) async fn compiled(session: &Session, mask: &str, path: &str, secret: &str) -> Expression {
    compile(&rule(mask), &column(session, path).await, &key(secret)).unwrap_or_else(|refusal| panic!("{refusal}"))
}

pub(super) async fn refused(session: &Session, mask: &str, path: &str) -> Refusal {
    match compile(&rule(mask), &column(session, path).await, &key(EXAMPLE_KEY)) {
        Ok(_) => panic!("{mask} is accepted for {path}"),
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

/// Types of the examples in the mask reference.
pub(crate) const TYPES: &str =
    "CREATE TYPE tier AS ENUM ('free', 'gold', 'silver'); CREATE TYPE address AS (street text, zip text, country text)";

/// A type that a mask of the reference accepts.
pub(crate) fn type_for(takes: &str) -> &'static str {
    match takes.split([',', ' ']).next().unwrap() {
        "uuid" => "uuid",
        "smallint" => "integer",
        "numeric" => "numeric",
        "ranges" => "daterange",
        "a" => "address",
        "hstore" => "hstore",
        "date" => "date",
        "inet" => "inet",
        "bytea" => "bytea",
        "json" => "jsonb",
        "an" => "tier",
        _ => "text",
    }
}

async fn the_reference_shows_the_actual_outputs(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    cluster.sql("app", "CREATE EXTENSION hstore").await;
    session.run(TYPES).await.unwrap();
    let mut wrong = String::new();
    for entry in devdb::mask::reference::entries() {
        let kind = type_for(entry.takes);
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

/// Masks whose output does not depend on the key.
const KEYLESS: [&str; 5] = ["text: shape", "text: redact", "fixed", "null", "sql"];

#[expect(clippy::too_many_lines, reason = "a table of masks")]
async fn text_masks_accept_any_text(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    // Another table, type, collation and width must give the same output.
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
        // Settings and search path of the session must have no effect.
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
        assert_eq!(first[last].1, None, "{mask}: NULL must stay");
        if !["fixed", "null", "sql"].iter().any(|keyless| mask.starts_with(keyless)) {
            assert_eq!(first[last - 1].1.as_deref(), Some(""), "{mask}: an empty string must stay");
        }
        if mask == "null" {
            assert!(first.iter().all(|(_, out)| out.is_none()));
            continue;
        }
        for (original, masked) in &first[..last - 1] {
            let masked = masked.as_ref().unwrap_or_else(|| panic!("{mask}: {original:?} became NULL"));
            // The output must not contain an input of more than four characters; `redact` keeps words on purpose.
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
        // As a COPY stream, which samples use.
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
    // Two spellings of one address stay similar, and different.
    let email = compiled(&session, "email", "public.t.value", EXAMPLE_KEY).await;
    let email: Vec<String> =
        pairs(&session, "t", "value", &email).await.into_iter().filter_map(|pair| pair.1).collect();
    assert!(email[0] != email[1] && email[0][..21] == email[1][..21], "{email:?}");
    // One number in three formats.
    let phone = compiled(&session, "phone: kr", "public.t.value", EXAMPLE_KEY).await;
    let phone: Vec<String> =
        pairs(&session, "t", "value", &phone).await.into_iter().filter_map(|pair| pair.1).collect();
    let digits = |at: usize| phone[at].chars().filter(char::is_ascii_digit).collect::<String>();
    assert!(phone[10].starts_with("010-") && phone[12].starts_with("+82 10-"), "{phone:?}");
    assert_eq!(digits(10), digits(11));
    assert_eq!(digits(10)[1..], digits(12)[2..]);
    assert!(phone[14].starts_with("+999") && phone[14].len() == 20, "{phone:?}");
}

/// All columns in one statement, as in a table rewrite.
async fn constraints_hold_after_a_table_rewrite(version: Version) {
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

async fn outputs_have_their_format(version: Version) {
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
    for (mask, valid) in [("card", false), ("card: valid", true)] {
        for number in outputs(mask).await {
            let d = digits(&number);
            let luhn: u32 = (0..16).map(|at| if at % 2 == 0 { d[at] * 2 / 10 + d[at] * 2 % 10 } else { d[at] }).sum();
            assert!(
                d.len() == 16 && number.starts_with("4000") && luhn.is_multiple_of(10) == valid,
                "{mask}: {number}"
            );
        }
    }
    let names = outputs("fake: korean_name").await;
    assert!(names.len() > 1500 && names.iter().all(|name| (3..=4).contains(&name.chars().count())), "{}", names.len());
    // By frequency: 43 of 200 people are called Kim.
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
