//! Ordinary CHECK constraints: which masks are proved to hold them, and that no accepted mask violates one on a server,
//! for values that satisfy it.

use devdb::mask::compile;
use devdb::pg::Session;

use super::{EXAMPLE_KEY, HOSTILE, Random, column, key, rule};
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(
    ordinary_checks_are_proved,
    no_accepted_check_is_violated,
    parts_of_conditions_are_not_confused,
    checks_that_are_not_enforced_constrain_nothing,
);

/// (type, check, mask, whether it is accepted)
const ORDINARY: &[(&str, &str, &str, bool)] = &[
    ("text", "position('@' in v) > 1", "email", true),
    ("text", "position('@' in v) > 40", "email", false),
    ("text", "strpos(v, '@') <> 0", "email", true),
    ("text", "strpos(v, '@') = 0", "email", false),
    ("text", "strpos(v, '@') = 0", "username", true),
    ("text", "1 < strpos(v, '@')", "email", true),
    ("text", "starts_with(v, 'user_')", "username", true),
    ("text", "NOT starts_with(v, 'user_')", "username", false),
    ("text", "left(v, 8) = 'https://'", "url", true),
    ("text", "right(v, 12) = '@example.com'", "email", true),
    ("text", "length(trim(v)) > 0", "fake: korean_name", true),
    ("text", "length(trim(v)) > 0", "text: lorem", false),
    ("text", "btrim(v) = v", "fake: english_name", true),
    ("text", "trim(leading from v) = v AND rtrim(v) = v", "phone: kr", true),
    ("text", "trim(both ' ' from v) = v", "text: lorem", false),
    ("text", "v = upper(v)", "fake: korean_name", true),
    ("text", "v = upper(v)", "email", false),
    ("text", "lower(v) LIKE '%@%'", "email", true),
    ("text", "upper(v) LIKE '%@%'", "email", false),
    ("text", "octet_length(v) <= 60", "email", true),
    ("text", "octet_length(v) <= 20", "fake: korean_name", true),
    ("text", "octet_length(v) <= 9", "fake: korean_name", false),
    ("text", "octet_length(v) <= 400", "text: lorem", true),
    ("text", "octet_length(v) >= 400", "text: lorem", false),
    ("text", "length(v) BETWEEN 20 AND 60", "email", true),
    ("text", "length(v) NOT BETWEEN 20 AND 60", "email", false),
    ("text", "length(v) = ANY (ARRAY[10, 13])", "text: lorem", true),
    ("varchar(13)", "length(v) = 13", "phone: kr", true),
    ("varchar(14)", "length(v) = 13", "phone: kr", false),
    ("text", "v SIMILAR TO '010-[0-9]{4}-[0-9]{4}'", "phone: kr", true),
    ("text", "v SIMILAR TO '010-[0-9]{3,4}-[0-9]{4}'", "phone: kr", false),
    ("text", "v SIMILAR TO '%@%.(com|net)'", "email", true),
    ("text", r"v ~ '^\d{1,3}(\.\d{1,3}){3}$'", "ip", true),
    ("text", "v ~ ':'", "ip", true),
    ("text", "v NOT IN ('admin', 'root')", "username", true),
    ("text", "v <> 'UsER_0123456789abcdef'", "username", false),
    ("text", "NOT (v ~ '[A-Z]' OR v = '')", "username", true),
    ("text", "NOT (v ~ '[a-z]')", "username", false),
    ("text", "v IS NULL OR v ~ '^010' OR v ~ '^011'", "phone: kr", false),
    ("text", "v ~ '^010-[0-9]{4}-[0-9]{4}$' OR v ~ '^011-[0-9]{4}-[0-9]{4}$'", "phone: kr", true),
    ("text", "num_nonnulls(v, w) >= 1", "email", true),
    ("text", "num_nulls(v, w) = 1 OR length(v) < 999", "email", true),
    ("text", "coalesce(v, w) IS NOT NULL", "email", true),
    ("jsonb", "jsonb_typeof(v) = 'object'", "json: { $.email: email }", true),
    ("jsonb", "jsonb_typeof(v) = 'object'", "json: { $..email: email }", true),
    ("jsonb", "jsonb_typeof(v) = 'object' AND v ? 'email'", "json: { $.email: email }", true),
    ("jsonb", "v ?& ARRAY['email', 'name'] AND NOT v ?| ARRAY['x']", "json: { $.email: email, $.name: null }", true),
    ("jsonb", "v ? 'email'", "json: { '$[0]': email }", false),
    ("jsonb", "v ? 'email'", "json: shape", false),
    ("jsonb", "jsonb_typeof(v -> 'user') = 'object'", "json: { $.user.email: email }", true),
    ("jsonb", "jsonb_typeof(v -> 'user') = 'object'", "json: { $.user: email }", false),
    ("jsonb", "v ->> 'kind' = 'person'", "json: { $.email: email }", true),
    ("jsonb", "v ->> 'email' LIKE '%@%'", "json: { $.email: email }", false),
    ("jsonb", "v -> 'email' IS NOT NULL", "json: { $.email: email }", true),
    ("jsonb", "v ->> 'email' IS NOT NULL", "json: { $.email: email }", false),
    ("jsonb", "jsonb_path_exists(v, '$.user.email')", "json: { $.user.email: email }", true),
    ("jsonb", "jsonb_path_exists(v, '$.user.email')", "json: { $.user: email }", false),
    ("text[]", "array_length(v, 1) <= 3", "text: lorem", true),
    ("text[]", "cardinality(v) BETWEEN 1 AND 9 AND v <> '{}'", "email", true),
    ("text[]", "array_length(v, 2) <= 3", "text: lorem", false),
    ("text[]", "array_position(v, 'a') IS NULL", "text: lorem", false),
];

/// Values of every kind that the checks test.
fn values(kind: &str) -> Vec<String> {
    let own: &[&str] = match kind {
        "jsonb" => &[
            r#"{"email": "a@b.co", "name": "Kim", "kind": "person"}"#,
            r#"{"email": {"x": 1}, "name": 5, "user": {"email": "a@b.co"}}"#,
            r#"{"user": {"email": ["a@b.co"]}}"#,
            r#"[{"user": {"email": 1}}, "email"]"#,
            r#"["email", "name"]"#,
            r#""email""#,
            r#"{"user": [{"email": null}]}"#,
            "7",
        ],
        "text[]" => {
            &["{}", "{a}", "{a,b,NULL}", "{{a,b},{c,d},{e,f}}", "{{{a},{b}},{{c},{d}}}", "[3:4]={x,y}", "{\"\"}"]
        }
        _ => &[
            "010-1234-5678",
            "011-123-4567",
            "+821012345678",
            "10.1.2.3",
            "fe80::1",
            "admin",
            "a@b.co",
            "A@B.NET",
            "0123456789",
        ],
    };
    let own = own.iter().map(|value| (*value).to_owned());
    if kind.starts_with("text[") || kind == "jsonb" {
        own.collect()
    } else {
        own.chain(HOSTILE.map(str::to_owned)).collect()
    }
}

/// Creates a table with a check, and fills it with all values that satisfy it. Returns their number.
async fn fill(session: &Session, kind: &str, check: &str) -> i64 {
    session
        .run(&format!("DROP TABLE IF EXISTS t; CREATE TABLE t (v {kind}, w text, CONSTRAINT held CHECK ({check}))"))
        .await
        .unwrap_or_else(|error| panic!("{check}: {error}"));
    for value in values(kind) {
        // A value that violates the check, or is too long for the column.
        _ = session.execute(&format!("INSERT INTO t VALUES ($1::text::{kind})"), &[&value]).await;
    }
    session.query_one("SELECT count(*) FROM t", &[]).await.unwrap().get(0)
}

/// Whether the mask is accepted for `t.v`. If it is, the rows are masked, and must satisfy the check.
async fn accepted(session: &Session, mask: &str, told: &str) -> bool {
    let Ok(expression) = compile(&rule(mask), &column(session, "public.t.v").await, &key(EXAMPLE_KEY)) else {
        return false;
    };
    let masked = session.run(&format!("UPDATE t SET v = {}", expression.sql)).await;
    masked.unwrap_or_else(|error| panic!("{told} is accepted and violated: {error}"));
    true
}

async fn ordinary_checks_are_proved(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    let mut wrong = Vec::new();
    for &(kind, check, mask, expected) in ORDINARY {
        let told = format!("{mask} for {kind} CHECK ({check})");
        fill(&session, kind, check).await;
        if accepted(&session, mask, &told).await != expected {
            wrong.push(told);
        }
    }
    assert!(wrong.is_empty(), "decided wrongly: {wrong:#?}");
}

/// A random condition on `v` of the kinds above.
fn condition(random: &mut Random, depth: usize) -> String {
    if depth > 0 && random.below(3) == 0 {
        let (one, two) = (condition(random, depth - 1), condition(random, depth - 1));
        return match random.below(4) {
            0 => format!("({one} AND {two})"),
            1 => format!("NOT ({one})"),
            _ => format!("({one} OR {two})"),
        };
    }
    let number = [0, 1, 2, 3, 5, 11, 12, 13, 14, 20, 21, 33, 40, 255][random.below(14)];
    let operator = ["<", "<=", ">", ">=", "=", "<>"][random.below(6)];
    let part = ["@", "-", "0", "u", "example", "user_", "https://", "+999", "x", " "][random.below(10)];
    let value = ["v", "v", "v", "lower(v)", "btrim(v)", "upper(v)", "rtrim(v)"][random.below(7)];
    match random.below(9) {
        0 => format!("length({value}) {operator} {number}"),
        1 => format!("octet_length({value}) {operator} {number}"),
        2 => format!("strpos({value}, '{part}') {operator} {number}"),
        3 => format!("starts_with({value}, '{part}')"),
        4 => format!("{value} LIKE '%{part}%'"),
        5 => format!("{value} SIMILAR TO '({part}|[a-z0-9])%'"),
        6 => format!("left({value}, {}) = '{part}'", part.len()),
        7 => "v IS NULL".to_owned(),
        _ => format!("{value} {} v", ["=", ">=", "<"][random.below(3)]),
    }
}

async fn no_accepted_check_is_violated(version: Version) {
    const MASKS: [&str; 9] = [
        "email",
        "username",
        "phone: kr",
        "card",
        "ip",
        "fake: korean_name",
        "fake: english_name",
        "text: lorem",
        "registration_number",
    ];
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    let mut random = Random::new(11);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..220 {
        let check = condition(&mut random, 2);
        let kind = ["text", "text", "varchar(60)", "char(60)"][random.below(4)];
        if fill(&session, kind, &check).await == 0 {
            continue;
        }
        let mask = MASKS[random.below(MASKS.len())];
        if accepted(&session, mask, &format!("{mask} for {kind} CHECK ({check})")).await {
            taken += 1;
        } else {
            refused += 1;
        }
    }
    assert!(taken > 20 && refused > 60, "{taken} taken, {refused} refused");
}

/// A part of OR that only stays true if it was is not proved by another part that was true instead.
async fn parts_of_conditions_are_not_confused(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    for (check, mask) in [
        ("length(v) <= 5 OR v ~ '^x'", "text: lorem"),
        ("(v IS NULL AND w IS NULL) OR v ~ '^x'", "email"),
        ("(v ~ '@' AND w = 'y') OR (v ~ '^x' AND w = 'z')", "email"),
    ] {
        session
            .run(&format!(
                "DROP TABLE IF EXISTS t; CREATE TABLE t (v text, w text, CONSTRAINT held CHECK ({check})); \
                 INSERT INTO t VALUES ('x long original', 'z')"
            ))
            .await
            .unwrap();
        assert!(!accepted(&session, mask, check).await, "{mask} for {check}");
    }
}

async fn checks_that_are_not_enforced_constrain_nothing(version: Version) {
    if version.major < 18 {
        return;
    }
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session.run("CREATE TABLE t (v text, CONSTRAINT held CHECK (v ~ '^x') NOT ENFORCED)").await.unwrap();
    session.run("INSERT INTO t VALUES ('kim@haneul.example')").await.unwrap();
    assert!(accepted(&session, "email", "a check that is not enforced").await);
}
