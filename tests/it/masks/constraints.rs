//! Refusals name the unproved constraint; proved masks are accepted.

use devdb::mask::RefusalReason;

use super::{compiled, key, refused, rule};
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(masks_are_refused_by_constraint, a_role_without_privileges_reads_the_same_catalog);

const SCHEMA: &str = "\
    CREATE DOMAIN code AS varchar(30) CHECK (VALUE ~ '^[A-Z]+$'); \
    CREATE DOMAIN phone AS text CHECK (VALUE ~ '^[+0-9][0-9 -]{7,19}$'); \
    CREATE DOMAIN few AS phone[] CHECK (cardinality(VALUE) < 9); \
    CREATE DOMAIN needed AS text NOT NULL; \
    CREATE TABLE t ( \
        id int PRIMARY KEY, must text NOT NULL, domained needed, tiny varchar(10), tiny_unique varchar(30) UNIQUE, \
        uniq text UNIQUE, lowered text, partial text, partly text, hashed text, pattern text CHECK (pattern ~ '^[a-z]+$'), \
        odd text CHECK (odd LIKE '%(@)%'), liked text CHECK (liked LIKE '%@%'), bounded text CHECK (char_length(bounded) <= 30), minimum text CHECK (length(minimum) > 100), \
        coded code, pair_a text, pair_b text, either_a text, either_b text, made text GENERATED ALWAYS AS (upper(must)) STORED, \
        above int CHECK (above > 1000), positive int CHECK (positive > 0), born date UNIQUE, room int4range, arr text[] UNIQUE, phones phone[], few_phones few, \
        CHECK (either_a IS NOT NULL OR either_b IS NOT NULL), UNIQUE (pair_a, pair_b), \
        CHECK (pair_a <> pair_b), EXCLUDE USING gist (room WITH &&)); \
    CREATE UNIQUE INDEX t_lower ON t (lower(lowered)); \
    CREATE UNIQUE INDEX t_partial ON t (partial) WHERE partial <> ''; \
    CREATE UNIQUE INDEX t_partly ON t (id) WHERE partly LIKE 'a%'; \
    CREATE UNIQUE INDEX t_hashed ON t (left(hashed, 3))";

#[expect(clippy::too_many_lines, reason = "a table of constraints")]
async fn masks_are_refused_by_constraint(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session.run(SCHEMA).await.unwrap();
    // (mask, column, fragment of the refusal, or `None` if accepted)
    for (mask, name, named) in [
        ("null", "must", Some("NOT NULL")),
        ("null", "domained", Some("NOT NULL")),
        ("null", "id", Some("NOT NULL")),
        ("null", "uniq", None),
        ("null", "bounded", None),
        ("null", "either_a", Some("IS NOT NULL")),
        ("email", "either_a", None),
        ("email", "tiny", Some("takes 10")),
        ("fake: korean_name", "tiny", None),
        ("fake: english_name", "tiny", Some("takes 10")),
        ("text: lorem", "tiny", None),
        ("text: redact", "tiny", None),
        ("email", "tiny_unique", Some("t_tiny_unique_key")),
        ("username", "tiny_unique", None),
        ("email", "uniq", None),
        ("phone: kr", "uniq", None),
        ("uuid", "uniq", None),
        ("fake: korean_name", "uniq", Some("t_uniq_key")),
        ("fixed: same", "uniq", Some("t_uniq_key")),
        ("text: lorem", "uniq", Some("t_uniq_key")),
        ("card", "uniq", Some("t_uniq_key")),
        ("registration_number", "uniq", None),
        ("business_number", "lowered", None),
        ("phone: kr", "phones", None),
        ("phone: kr", "few_phones", None),
        ("email", "phones", Some("phone_check")),
        ("phone: us", "phones", None),
        ("card", "phones", None),
        ("username", "phones", Some("phone_check")),
        ("sql: uniq || 'x'", "uniq", Some("t_uniq_key")),
        ("sql: { expression: uniq || 'x', vouch: [t_uniq_key] }", "uniq", None),
        ("sql: must || 'x'", "must", Some("NOT NULL")),
        ("email", "lowered", None),
        ("phone: kr", "lowered", None),
        ("fake: english_name", "lowered", Some("t_lower")),
        ("email", "partial", None),
        ("fake: english_name", "partial", Some("t_partial")),
        ("email", "partly", Some("t_partly")),
        ("email", "hashed", Some("t_hashed")),
        ("email", "pattern", Some("t_pattern_check")),
        ("email", "liked", None),
        ("email", "odd", Some("t_odd_check")),
        ("url", "liked", Some("t_liked_check")),
        ("email", "bounded", Some("t_bounded_check")),
        ("username", "bounded", None),
        ("text: lorem", "minimum", None),
        ("text: redact", "minimum", Some("t_minimum_check")),
        ("email", "minimum", Some("t_minimum_check")),
        ("username", "coded", Some("code_check")),
        ("username", "pair_a", Some("t_check1")),
        ("sql: upper(must)", "made", Some("computed")),
        ("identifier", "id", None),
        ("identifier", "positive", None),
        ("identifier", "above", Some("t_above_check")),
        ("fixed: 5", "above", Some("t_above_check")),
        ("fixed: 99999999999", "positive", Some("not a value of type int4")),
        ("date: year", "born", Some("t_born_key")),
        ("null", "room", None),
        ("sql: room", "room", Some("t_room_excl")),
        ("email", "arr", None),
        ("fake: english_name", "arr", Some("t_arr_key")),
    ] {
        let path = format!("public.t.{name}");
        match named {
            None => drop(compiled(&session, mask, &path, "a key that is long").await),
            Some(words) => {
                let refusal = refused(&session, mask, &path).await;
                assert!(refusal.to_string().contains(words), "{mask} for {name}: {refusal}");
                assert!(!refusal.remedy().is_empty());
            }
        }
    }
    let refusal = refused(&session, "sql: md5(made)", "public.t.made").await;
    assert_eq!(refusal.reason, RefusalReason::Generated);
    if version.major >= 15 {
        session.run("CREATE TABLE n (value text UNIQUE NULLS NOT DISTINCT)").await.unwrap();
        assert!(matches!(refused(&session, "null", "public.n.value").await.reason, RefusalReason::NotUnique { .. }));
    }
}

/// Masks need only the catalog, which a role without privileges on the tables can read.
async fn a_role_without_privileges_reads_the_same_catalog(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    master.run(SCHEMA).await.unwrap();
    master.run("CREATE ROLE reader LOGIN PASSWORD 'r'").await.unwrap();
    let reader = cluster.login("reader", "r", "app").await.unwrap();
    let seen = devdb::pg::catalog::columns(&reader).await.unwrap();
    assert_eq!(seen, devdb::pg::catalog::columns(&master).await.unwrap());
    assert_eq!(seen.len(), 28);
    let tiny = seen.iter().find(|column| column.name == "tiny").unwrap();
    assert_eq!((tiny.longest, tiny.declared.as_str()), (Some(10), "\"pg_catalog\".\"varchar\"(10)"));
    let coded = seen.iter().find(|column| column.name == "coded").unwrap();
    assert_eq!((coded.longest, coded.base.name.as_str(), coded.checks.len()), (Some(30), "varchar", 1));
    let id = seen.iter().find(|column| column.name == "id").unwrap();
    assert!(devdb::mask::compile(&rule("identifier"), id, &key("a key that is long")).is_ok());
}
