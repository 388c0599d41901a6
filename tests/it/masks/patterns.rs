//! CHECK constraints by pattern, list, length and bound: whatever is accepted holds on the server, for random patterns.

use std::fmt::Write as _;

use devdb::mask::compile;
use devdb::pg::catalog::Check;

use super::{EXAMPLE_KEY, HOSTILE, Random, column, key, rule};
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(proofs_hold_on_the_server, usual_checks_are_accepted);

const MASKS: [&str; 14] = [
    "email",
    "username",
    "url",
    "uuid",
    "phone: kr",
    "phone: e164",
    "phone: us",
    "registration_number",
    "business_number",
    "card",
    "ip",
    "fake: korean_name",
    "fake: english_name",
    "text: lorem",
];

/// A random pattern that the text probably matches.
fn pattern(random: &mut Random, text: &str) -> String {
    let mut pattern = String::new();
    let characters: Vec<char> = text.chars().collect();
    let mut at = 0;
    if random.below(5) != 0 {
        pattern.push('^');
    }
    while at < characters.len() {
        let here = characters[at];
        let class = match here {
            '0'..='9' => {
                ["[0-9]", r"\d", "[[:digit:]]", r"\w", "[0-9a-f]", "[^a-z]", "[1-9]"][random.below(7)].to_owned()
            }
            'a'..='z' => {
                ["[a-z]", r"[\w]", "[[:alnum:]]", "[0-9a-f]", "[^-A-Z]", ".", "[a-y]"][random.below(7)].to_owned()
            }
            'A'..='Z' => ["[A-Z]", r"\w", "[a-zA-Z]", "."][random.below(4)].to_owned(),
            '가'..='힣' => ["[가-힣]", ".", "[^ -~]"][random.below(3)].to_owned(),
            _ => [format!("[{here}]"), format!("\\{here}"), ".".into(), format!("({here})?"), format!("({here}|-)")]
                [random.below(5)]
            .clone(),
        };
        // About as long as the run of this class.
        let mut length = 1;
        while at + length < characters.len()
            && characters[at + length].is_alphanumeric() == here.is_alphanumeric()
            && random.below(9) != 0
        {
            length += 1;
        }
        at += length;
        let _ = match random.below(5) {
            0 => write!(pattern, "{class}+"),
            1 => write!(pattern, "{class}*"),
            2 => write!(
                pattern,
                "({class}{{{}}}|{class}{{{length},{}}})",
                length.saturating_sub(1),
                length + random.below(3)
            ),
            3 => write!(pattern, "{class}{{{length}}}"),
            _ => write!(pattern, "(?:{class}){{0,{}}}", length + random.below(2)),
        };
        if random.below(12) == 0 {
            pattern.push_str(".*");
            break;
        }
    }
    if random.below(4) != 0 {
        pattern.push('$');
    }
    if random.below(15) == 0 { format!("^x{{3}}$|{pattern}") } else { pattern }
}

async fn proofs_hold_on_the_server(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session.run("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, value text)").await.unwrap();
    let mut random = Random::new(5);
    let mut values: Vec<String> = HOSTILE.iter().map(|value| (*value).to_owned()).collect();
    for _ in 0..150 {
        let digits =
            |random: &mut Random, count: usize| (0..count).map(|_| random.below(10).to_string()).collect::<String>();
        let (a, b, c, d) =
            (digits(&mut random, 4), digits(&mut random, 4), digits(&mut random, 3), digits(&mut random, 6));
        values.extend([
            format!("010-{a}-{b}"),
            format!("+8210{a}{b}"),
            format!("41{}-5{}-{b}", &c[..1], &c[1..]),
            format!("{d}-{c}{a}"),
            format!("{c}-{}-{a}1", &d[..2]),
            format!("name{c}@haneul.example"),
        ]);
    }
    for value in &values {
        session.execute("INSERT INTO t (value) VALUES ($1)", &[value]).await.unwrap();
    }
    let plain = column(&session, "public.t.value").await;
    let (mut taken, mut refused, mut conditional) = (0, 0, 0);
    for mask in MASKS {
        let rule = rule(mask);
        let open = compile(&rule, &plain, &key(EXAMPLE_KEY)).unwrap().sql;
        let rows = session.query(&format!("SELECT value, {open} FROM t ORDER BY id"), &[]).await.unwrap();
        let outputs: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        for _ in 0..70 {
            let like = random.below(outputs.len());
            let pattern = pattern(&mut random, &outputs[like].1);
            let operator = ["~", "~", "~*", "!~"][random.below(4)];
            let written = pattern.replace('\'', "''");
            let definition = format!("CHECK ((value {operator} '{written}'::text))");
            let check = Check { name: "c".into(), definition, of_domain: false, of_elements: false };
            let checked = devdb::pg::catalog::Column { checks: vec![check], ..plain.clone() };
            if compile(&rule, &checked, &key(EXAMPLE_KEY)).is_err() {
                refused += 1;
                continue;
            }
            taken += 1;
            let sql = format!(
                "SELECT count(*) FILTER (WHERE value {operator} '{written}' AND NOT out {operator} '{written}'), count(*) FILTER (WHERE NOT out {operator} '{written}') \
                 FROM (SELECT value, {open} AS out FROM t OFFSET 0) AS masked"
            );
            let row = session.query_one(&sql, &[]).await.unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(row.get::<_, i64>(0), 0, "{mask}: {operator} {pattern}");
            let of_numbers = ["phone", "registration", "business", "card"].iter().any(|name| mask.starts_with(name));
            assert!(of_numbers || row.get::<_, i64>(1) == 0, "{mask}: {operator} {pattern}");
            conditional += usize::from(row.get::<_, i64>(1) > 0);
        }
    }
    assert!(
        taken > 150 && refused > 150 && conditional > 3,
        "{taken} taken, {refused} refused, {conditional} by the original"
    );
}

/// (type, check, mask, whether it is accepted, a value that satisfies the check)
const USUAL: [(&str, &str, &str, bool, &str); 66] = [
    ("text", "value ~ '^01[016789]-[0-9]{3,4}-[0-9]{4}$'", "phone: kr", false, "010-123-4567"),
    ("text", "value ~ '^01[016789]-[0-9]{4}-[0-9]{4}$'", "phone: kr", true, "010-1234-5678"),
    ("varchar(20)", r"value ~ '^010-?\d{4}-?\d{4}$'", "phone: kr", true, "01012345678"),
    ("text", r"value ~ '^\+[1-9]\d{9,14}$'", "phone: e164", true, "+821012345678"),
    ("text", r"value ~ '^\+[1-9]\d{1,14}$'", "phone: e164", false, "+821012345678"),
    ("text", r"value IS NULL OR value ~ '^\+82\d{9,10}$'", "phone: e164", true, "+821012345678"),
    ("text", r"value ~* '^[A-Z0-9._%+-]+@[A-Z0-9.-]+\.[A-Z]{2,}$'", "email", true, "a@b.co"),
    ("varchar(320)", "value LIKE '%_@_%._%' AND length(value) <= 320", "email", true, "aa@b.co"),
    ("text", "value = lower(value) AND position('@' in value) > 1", "email", true, "a@b.co"),
    ("text", r"value ~ '^[^@[:space:]]+@[^@[:space:]]+\.[A-Za-z]+$'", "email", true, "Kim@b.co"),
    ("text", r"value ~ '^[^@\s]+@[^@\s]+\.\w+$'", "email: { domain: dev.example }", true, "a@b.co"),
    ("text", r"value ~ '^[^@[:alpha:]]+$'", "fake: korean_name", false, "1"),
    ("text", r"value !~ '\w'", "fake: korean_name", false, "-"),
    ("text", "value = lower(value)", "email", true, "a@b.co"),
    ("text", "value = lower(value)", "fake: korean_name", true, "김민수"),
    ("text", "value = lower(value)", "fake: english_name", false, "jane doe"),
    ("text", "value !~ '\\s'", "username", true, "kim"),
    ("text", "value !~ '[A-Z]'", "fake: english_name", false, "kim"),
    ("text", "value ~ '^[가-힣]{2,10}$'", "fake: korean_name", true, "김민수"),
    ("text", "value ~ '^[가-힣]{2,3}$'", "fake: korean_name", false, "김민수"),
    ("text", "length(btrim(value)) > 0", "fake: english_name", true, "Jane"),
    ("text", "btrim(value) <> ''", "text: lorem", false, "Jane"),
    ("text", "value = ANY (ARRAY['a', 'b.c'])", "fixed: b.c", true, "a"),
    ("varchar(9)", "value IN ('a', 'b.c')", "fixed: b", false, "a"),
    ("varchar(9)", "value IN ('free', 'gold')", "fixed: gold", true, "free"),
    ("text", "value = 'a' OR value LIKE 'user%'", "username", true, "a"),
    ("text", r"value ~ '^\d{6}-\d{7}$'", "registration_number", true, "880417-1234567"),
    ("text", r"value ~ '^\d{13}$'", "registration_number", true, "8804171234567"),
    ("text", r"value ~ '^\d{6}-?[1-4]\d{6}$'", "registration_number", true, "000229-3234567"),
    ("text", r"value ~ '^\d{6}-[1-8]\d{6}$'", "registration_number", true, "880417-1234567"),
    ("text", r"value ~ '^\d{6}-[1-2]\d{6}$'", "registration_number", false, "880417-1234567"),
    ("text", r"value ~ '^\d\d(0\d|1[0-2])([0-2]\d|3[01])-[1-4]\d{6}$'", "registration_number", false, "880431-1234567"),
    (
        "text",
        r"value ~ '^[1-9]\d(0\d|1[0-2])([0-2]\d|3[01])-[1-4]\d{6}$'",
        "registration_number",
        false,
        "880431-1234567",
    ),
    (
        "text",
        r"value ~ '^\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])-?[1-8]\d{6}$'",
        "registration_number",
        true,
        "000229-3234567",
    ),
    ("text", r"value ~ '^\d{6}-[0-9*]{7}$'", "registration_number", false, "880417-1******"),
    ("char(14)", "length(value) = 14", "registration_number", false, "880417-1234567"),
    ("text", r"value ~ '^[1-9]\d{2}-\d{2}-\d{5}$'", "business_number", true, "124-81-00998"),
    ("text", r"value ~ '^[2-9]\d{2}-\d{2}-\d{5}$'", "business_number", false, "224-81-00998"),
    ("text", r"value ~ '^\d{3}-?\d{2}-?\d{5}$'", "business_number", true, "12481-00998"),
    ("text", "value ~ '^[0-9]{4}(-[0-9]{4}){3}$'", "card", true, "4242-4242-4242-4242"),
    ("text", "value ~ '^[0-9]{4}([ -]?[0-9]{4}){3}$'", "card: valid", true, "4242 4242 4242 4242"),
    ("varchar(16)", "value ~ '^[0-9]{13,16}$'", "card", true, "4242424242424242"),
    ("text", "value ~ '^[0-9]{13,16}$'", "card", true, "424242424242424"),
    ("text", "value ~ '^5[0-9]{15}$'", "card", false, "5242424242424242"),
    ("text", "value ~ '^[0-9]{4}-[0-9]{6}-[0-9]{5}$'", "card", false, "3434-343434-34343"),
    ("text", "value !~ '[a-z]' AND btrim(value) <> ''", "card", true, "?"),
    ("text", "value = lower(value)", "phone: kr", true, "010"),
    ("text", r"value ~ '^\d{3}-\d{2}-\d{5}$'", "business_number", true, "124-81-00998"),
    ("char(5)", "length(value) = 5", "postal_code: kr", true, "04524"),
    ("text", "char_length(value) = 36", "uuid", true, "0b0c4b6a-6c1f-4a39-9a53-7d3b5f0a1d11"),
    ("text", "value ~ '^https?://'", "url", true, "http://a"),
    ("int", "value > 1000", "fixed: 1001", true, "2000"),
    ("int", "value BETWEEN 1 AND 10", "fixed: 11", false, "3"),
    ("int", "value = ANY (ARRAY[1, 2, 3])", "fixed: 2", true, "3"),
    ("int", "value >= 1", "identifier", true, "3"),
    ("numeric(8,2)", "value >= 0 AND value <> 0", "number: { noise: 10 }", true, "3.5"),
    ("numeric(8,2)", "value >= 1", "number: { noise: 10 }", false, "3.5"),
    ("int", "value >= 1", "number: { noise: 10 }", true, "1"),
    ("date", "value > '1900-01-01'", "date: year", false, "1988-04-17"),
    ("date", "value >= '1900-01-01' AND value <= '2029-12-31'", "date: year", true, "1988-04-17"),
    ("date", "value >= '1900-03-01' AND value < '2030-02-01'", "date: month", true, "1988-04-17"),
    ("date", "value >= '1900-01-01'", "date: { shift: 10 }", false, "1988-04-17"),
    ("date", "value >= '1900-01-01'", "fixed: \"1990-01-01\"", true, "1988-04-17"),
    ("date", "value >= '1900-01-01'", "fixed: \"1890-01-01\"", false, "1988-04-17"),
    ("text", "value ~ '(?i)^user'", "username", false, "user"),
    ("inet", "value << '0.0.0.0/0'", "ip", false, "10.0.0.1"),
];

async fn usual_checks_are_accepted(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    for (kind, check, mask, taken, value) in USUAL {
        let told = format!("{mask} for CHECK ({check})");
        session
            .run(&format!("DROP TABLE IF EXISTS t; CREATE TABLE t (value {kind} CHECK ({check})); INSERT INTO t VALUES ('{value}'), (NULL)"))
            .await
            .unwrap_or_else(|error| panic!("{told}: {error}"));
        let checked = column(&session, "public.t.value").await;
        let expression = compile(&rule(mask), &checked, &key(EXAMPLE_KEY));
        assert_eq!(expression.is_ok(), taken, "{told}: {expression:?} {:?}", checked.checks);
        if let Ok(expression) = expression {
            session
                .run(&format!("UPDATE t SET value = {}", expression.sql))
                .await
                .unwrap_or_else(|error| panic!("{told}: {error}"));
        }
        // Existing rows may violate a check that is not validated: the original proves nothing.
        session
            .run(&format!(
                "ALTER TABLE t DROP CONSTRAINT t_value_check, ADD CONSTRAINT later CHECK ({check}) NOT VALID"
            ))
            .await
            .unwrap();
        let unsure = compile(&rule(mask), &column(&session, "public.t.value").await, &key(EXAMPLE_KEY));
        let by_original = ["phone", "registration", "business", "card", "identifier", "number", "date"]
            .iter()
            .any(|name| mask.starts_with(name));
        // These hold for every original.
        let of_all = kind == "varchar(16)" || ["!~", "lower", "[ -]?"].iter().any(|part| check.contains(part));
        assert_eq!(unsure.is_ok(), taken && (!by_original || of_all), "{told} NOT VALID");
    }
}
