//! Numbers with check digits: a permutation within each kind, which makes valid numbers invalid.

use std::collections::BTreeSet;

use super::{EXAMPLE_KEY, HOSTILE, Random, column, compiled};
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(registration_numbers_stay_distinct, business_numbers_stay_distinct);

fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|c| c.to_digit(10)).collect()
}

fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Valid check digits; a foreigner's number has two.
fn checks(d: &[u32]) -> Vec<u32> {
    let rest = weighted(d, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11;
    let own = (11 - rest) % 10;
    if (5..=8).contains(&d[6]) { vec![own, (13 - rest) % 10] } else { vec![own] }
}

fn business_check(d: &[u32]) -> u32 {
    (10 - (weighted(d, &[1, 3, 7, 1, 3, 7, 1, 3, 5]) + d[8] * 5 / 10) % 10) % 10
}

fn year(d: &[u32]) -> i16 {
    let century = if [1, 2, 5, 6].contains(&d[6]) { 1900 } else { 2000 };
    i16::try_from(century + d[0] * 10 + d[1]).unwrap()
}

fn is_born(d: &[u32]) -> bool {
    let part = |at: usize| i8::try_from(d[at] * 10 + d[at + 1]).unwrap();
    (1..=8).contains(&d[6]) && jiff::civil::Date::new(year(d), part(2), part(4)).is_ok()
}

/// The kind of a number, which masking must not change.
fn kind(d: &[u32]) -> String {
    let foreign = d[6] > 4;
    let (month, day) = (d[2] * 10 + d[3], d[4] * 10 + d[5]);
    match () {
        () if is_born(d) => format!("{foreign} {}", (1930..2025).contains(&year(d))),
        () if [0, 9].contains(&d[6]) => format!("{}", d[6]),
        () if !(1..=12).contains(&month) => format!("{} no month", d[6]),
        () if !(1..=31).contains(&day) => format!("{} no day", d[6]),
        () => format!("{:?}", &d[..7]),
    }
}

fn written(number: &[u32], separators: &[(usize, &str)]) -> String {
    let mut text: String = number.iter().map(ToString::to_string).collect();
    for (at, separator) in separators.iter().rev() {
        text.insert_str(*at, separator);
    }
    text
}

fn registration_number(random: &mut Random) -> String {
    let mut below = |limit: usize| u32::try_from(random.below(limit)).unwrap();
    let (year, month, day, seventh) = match below(10) {
        0 => (below(100), below(100), below(100), below(10)),
        1 => (below(100), below(13), below(100), below(10)),
        2 => (below(100), [2, 2, 4, 6, 9, 11][below(6) as usize], 28 + below(4), 1 + below(8)),
        // All in one year, to provoke collisions.
        3..6 => (88, 1 + below(12), 1 + below(28), 1 + below(2)),
        _ => (below(100), 1 + below(12), 1 + below(31), 1 + below(8)),
    };
    let mut number: Vec<u32> = [year, month, day].iter().flat_map(|part| [part / 10, part % 10]).collect();
    number.push(seventh);
    number.extend((0..5).map(|_| below(10)));
    let checks = checks(&number);
    number.push(if below(3) == 0 { below(10) } else { checks[below(checks.len()) as usize] });
    written(&number, [&[(6, "-")][..], &[], &[(6, "-")], &[(6, " ")]][below(4) as usize])
}

fn business_number(random: &mut Random) -> String {
    let mut number: Vec<u32> = (0..10).map(|_| u32::try_from(random.below(10)).unwrap()).collect();
    if random.below(3) != 0 {
        number[9] = business_check(&number);
    }
    written(&number, [&[(3, "-"), (5, "-")][..], &[], &[(5, "-")], &[(3, " "), (5, "-")]][random.below(4)])
}

/// Outputs for 100,000 different numbers and malformed texts.
async fn masked(
    version: &Version,
    mask: &str,
    declared: &str,
    number: impl Fn(&mut Random) -> String,
) -> Vec<(String, String)> {
    let cluster = Cluster::start(version, &["work_mem = '64MB'"]).await;
    let session = cluster.with_master().await;
    let mut random = Random::new(11);
    let mut values: BTreeSet<String> = HOSTILE.iter().map(|value| (*value).to_owned()).collect();
    for _ in 0..2000 {
        let mut damaged = number(&mut random);
        let at = random.below(damaged.len());
        damaged.replace_range(at..=at, ["*", "", "12", "-", "\n"][random.below(5)]);
        values.insert(damaged);
    }
    while values.len() < 100_000 {
        values.insert(number(&mut random));
    }
    let values: Vec<String> = values.into_iter().collect();
    session.run(&format!("CREATE TABLE t (value text UNIQUE, narrow {declared} UNIQUE)")).await.unwrap();
    session.execute("INSERT INTO t (value) SELECT unnest($1::text[])", &[&values]).await.unwrap();
    let expression = compiled(&session, mask, "public.t.value", EXAMPLE_KEY).await;
    assert!(!expression.subquery);
    let other = compiled(&session, mask, "public.t.value", "another long key").await.sql;
    let sql = format!("SELECT value, {}, {other} FROM t", expression.sql);
    let rows = session.query(&sql, &[]).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    let pairs: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(pairs.iter().map(|(_, out)| out).collect::<BTreeSet<&String>>().len(), 100_000);
    assert_eq!(rows.iter().map(|row| row.get(2)).collect::<BTreeSet<String>>().len(), 100_000);
    let same = rows.iter().filter(|row| row.get::<_, &str>(1) == row.get::<_, &str>(2)).count();
    assert!(same < 100, "{same} alike under two keys");
    // As in a table rewrite, with the unique index, and in the shortest possible column.
    session.run(&format!("ALTER TABLE t ALTER value TYPE text USING ({})", expression.sql)).await.unwrap();
    let row = session.query_one("SELECT max(length(value)) FROM t", &[]).await.unwrap();
    let length = column(&session, "public.t.narrow").await.longest;
    assert_eq!(usize::try_from(row.get::<_, i32>(0)).ok(), length);
    let narrow = compiled(&session, mask, "public.t.narrow", EXAMPLE_KEY).await.sql;
    session.run("TRUNCATE t").await.unwrap();
    let fitting: Vec<&String> =
        values.iter().filter(|value| value.trim_end().chars().count() <= length.unwrap()).collect();
    let sql = "INSERT INTO t (narrow) SELECT DISTINCT rtrim(x) FROM unnest($1::text[]) AS x";
    session.execute(sql, &[&fitting]).await.unwrap();
    session.run(&format!("ALTER TABLE t ALTER narrow TYPE {declared} USING ({narrow})")).await.unwrap();
    pairs
}

fn shape(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

async fn registration_numbers_stay_distinct(version: Version) {
    let (mut right, mut to_right, mut unchanged) = (0, 0, 0);
    let shapes = ["000000-0000000", "0000000000000", "000000 0000000"];
    let mut kinds = BTreeSet::new();
    for (from, to) in masked(&version, "registration_number", "char(14)", registration_number).await {
        if !shapes.contains(&shape(&from).as_str()) {
            assert!(to.len() == 13 && to.starts_with('x'), "{from}: {to}");
            continue;
        }
        assert_eq!(shape(&from), shape(&to));
        let (one, two) = (digits(&from), digits(&to));
        assert_eq!(kind(&one), kind(&two), "{from}: {to}");
        kinds.insert(kind(&one));
        let is_right = |d: &[u32]| checks(d).contains(&d[12]);
        if is_right(&one) {
            right += 1;
            assert!(!is_right(&two), "{from}: {to}");
        } else {
            to_right += usize::from(is_right(&two));
        }
        unchanged += usize::from(one[..7] == two[..7] && is_born(&one));
    }
    assert!(
        kinds.len() > 100 && right > 50_000 && (500..10_000).contains(&to_right),
        "{} {right} {to_right}",
        kinds.len()
    );
    assert!(unchanged < 20, "{unchanged} of the same day");
}

async fn business_numbers_stay_distinct(version: Version) {
    let (mut right, mut to_right) = (0, 0);
    for (from, to) in masked(&version, "business_number", "varchar(12)", business_number).await {
        let plain = from.replace(['-', ' '], "");
        let bare = shape(&from).replace(['-', ' '], "|");
        if plain.len() != 10 || !["000|00|00000", "000|0000000", "00000|00000", "0000000000"].contains(&bare.as_str()) {
            assert!(to.len() == 10 && to.starts_with('x'), "{from}: {to}");
            continue;
        }
        assert_eq!(shape(&from), shape(&to));
        let (one, two) = (digits(&from), digits(&to));
        assert_eq!(one[0] == 0, two[0] == 0, "{from}: {to}");
        let is_right = |d: &[u32]| business_check(d) == d[9];
        if is_right(&one) {
            right += 1;
            assert!(!is_right(&two), "{from}: {to}");
        } else {
            to_right += usize::from(is_right(&two));
        }
    }
    assert!(right > 50_000 && (500..10_000).contains(&to_right), "{right} {to_right}");
}
