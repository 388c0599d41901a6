//! Databases by chance: tables with columns of every type, keys, checks, views, partitions; in some columns
//! personal data, each value with a mark that nothing else has.

use std::fmt::Write as _;

/// A generator that gives the same numbers for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, number: u64) -> u64 {
        self.next() % number
    }

    fn one<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(all.len() as u64);
        &all[usize::try_from(at).unwrap()]
    }
}

/// Columns with personal data: name, type, and the value of row `i`.
const PERSONAL: [(&str, &str, &str); 9] = [
    ("email", "text", "'mark' || i || 'x{t}@corp.kr'"),
    ("E-Mail", "varchar(120)", "'mark' || i || 'y{t}@corp.kr'"),
    (
        "phone",
        "text",
        "'010-' || to_char(2000 + i * 7 % 8000, 'FM0000') || '-' || to_char(1000 + i * 13 % 9000, 'FM0000')",
    ),
    ("contact_emails", "text[]", "ARRAY['mark' || i || 'z{t}@corp.kr']"),
    ("profile", "jsonb", "jsonb_build_object('email', 'mark' || i || 'w{t}@corp.kr', 'n', i)"),
    ("last_login_ip", "inet", "('100.' || 64 + i % 60 || '.' || i % 250 || '.' || i * 31 % 250 + 1)::inet"),
    ("access_token", "text", "md5('mark{t}' || i)"),
    ("메일 주소", "text", "'mark' || i || 'v{t}@corp.kr'"),
    ("address", "text", "'서울특별시 마포구 표시로 ' || i || '-{t}'"),
];

/// Columns of all other types.
const PLAIN: [(&str, &str); 24] = [
    ("smallint", "i % 100"),
    ("integer", "i * 3"),
    ("bigint", "i::bigint * 1000003"),
    ("numeric(12,3)", "i * 1.5"),
    ("real", "i / 3.0"),
    ("double precision", "i / 7.0"),
    ("money", "i::money"),
    ("boolean", "i % 2 = 0"),
    ("date", "date '2020-01-01' + i % 900"),
    ("timestamp", "timestamp '2020-01-01' + i * interval '1 hour'"),
    ("timestamptz(3)", "timestamptz '2020-01-01' + i * interval '1 hour'"),
    ("time", "time '00:00' + i * interval '1 minute'"),
    ("interval", "i * interval '1 minute'"),
    ("uuid", "md5(i::text)::uuid"),
    ("cidr", "('10.' || i % 250 || '.0.0/16')::cidr"),
    ("macaddr", "'08:00:2b:01:02:03'"),
    ("bytea", "decode(md5(i::text), 'hex')"),
    ("int4range", "int4range(i, i + 5)"),
    ("daterange", "daterange(date '2020-01-01', date '2020-01-01' + i % 50 + 1)"),
    ("bit(4)", "B'1010'"),
    ("tsvector", "to_tsvector('simple', 'word' || i)"),
    ("point", "point(i, i)"),
    ("mood", "(ARRAY['sad','ok','happy'])[1 + i % 3]::mood"),
    ("percent", "i % 100"),
];

/// The statements that make one.
#[expect(clippy::too_many_lines, reason = "one scenario over a random schema")]
pub fn database(seed: u64) -> String {
    let mut dice = Dice(seed);
    let mut sql = String::from(
        "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);\n",
    );
    let tables = 2 + dice.below(4);
    for table in 0..tables {
        let name =
            dice.one(&["plain", "Upper Case", "we.ird", "한글 \"\"표\"\"", "order"]).to_string() + &table.to_string();
        let partitioned = dice.below(4) == 0;
        let unique = if partitioned { "" } else { "UNIQUE " };
        let mut columns = vec!["id int NOT NULL".to_owned()];
        let mut values = vec!["i".to_owned()];
        let mut after = String::new();
        let mut used = Vec::new();
        for _ in 0..1 + dice.below(4) {
            let (column, kind, value) = *dice.one(&PERSONAL);
            if used.contains(&column) {
                continue;
            }
            used.push(column);
            columns.push(format!("\"{column}\" {kind}{}", if dice.below(2) == 0 { " NOT NULL" } else { "" }));
            values.push(value.replace("{t}", &table.to_string()));
            if kind == "text" && column.contains("mail") {
                match dice.below(4) {
                    0 => writeln!(after, "CREATE {unique}INDEX ON \"{name}\" (lower(\"{column}\"));").unwrap(),
                    1 => {
                        writeln!(after, "CREATE VIEW view_{table} AS SELECT id, \"{column}\" FROM \"{name}\";").unwrap()
                    }
                    2 => writeln!(
                        after,
                        "CREATE MATERIALIZED VIEW matview_{table} AS SELECT id, \"{column}\" FROM \"{name}\";"
                    )
                    .unwrap(),
                    _ => writeln!(after, "CREATE INDEX ON \"{name}\" (\"{column}\") WHERE \"{column}\" IS NOT NULL;")
                        .unwrap(),
                }
            }
        }
        for number in 0..dice.below(6) {
            let (kind, value) = *dice.one(&PLAIN);
            columns.push(format!("c{number} {kind}"));
            values.push(value.to_owned());
        }
        if used.contains(&"email") && dice.below(3) == 0 {
            columns.push("handle text GENERATED ALWAYS AS (lower(email)) STORED".to_owned());
        }
        let by = if partitioned { " PARTITION BY RANGE (id)" } else { "" };
        let parent = (!partitioned && table > 0).then(|| columns.push("parent_id int REFERENCES \"first\"".to_owned()));
        if parent.is_some() {
            values.push("1 + i % 50".to_owned());
        }
        if table == 0 {
            sql.push_str("CREATE TABLE \"first\" (id int PRIMARY KEY, email text UNIQUE);\n");
            sql.push_str(
                "INSERT INTO \"first\" SELECT i, 'mark' || i || 'first@corp.kr' FROM generate_series(1, 60) i;\n",
            );
        }
        writeln!(sql, "CREATE TABLE \"{name}\" ({}, PRIMARY KEY (id)){by};", columns.join(", ")).unwrap();
        if partitioned {
            writeln!(sql, "CREATE TABLE part_{table}_a PARTITION OF \"{name}\" FOR VALUES FROM (0) TO (70);").unwrap();
            writeln!(sql, "CREATE TABLE part_{table}_b PARTITION OF \"{name}\" DEFAULT;").unwrap();
        }
        let names: Vec<String> = columns
            .iter()
            .filter(|column| !column.contains("GENERATED"))
            .map(|column| {
                let end = if let Some(rest) = column.strip_prefix('"') {
                    rest.find('"').unwrap() + 2
                } else {
                    column.find(' ').unwrap()
                };
                column[..end].to_owned()
            })
            .collect();
        let rows = [0, 1, 40, 150][usize::try_from(dice.below(4)).unwrap()];
        writeln!(
            sql,
            "INSERT INTO \"{name}\" ({}) SELECT {} FROM generate_series(1, {rows}) i;\n{after}",
            names.join(", "),
            values.join(", ")
        )
        .unwrap();
        if dice.below(3) == 0 {
            writeln!(sql, "COMMENT ON TABLE \"{name}\" IS 'made by chance';").unwrap();
        }
    }
    sql.push_str("ANALYZE;");
    sql
}

/// Lines of a dump with an address that was planted. A column that is kept although it holds some stops the
/// scrub: its values look personal.
pub fn left(dump: &str) -> Vec<&str> {
    dump.lines().filter(|line| line.contains("@corp.kr")).take(3).collect()
}
