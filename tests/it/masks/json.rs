//! Masks inside JSON: paths compared with a second implementation on random documents, unusual `json` documents,
//! and the shape of a whole document.

use serde_json::{Value, json};

use super::{EXAMPLE_KEY, Random, compiled, pairs, refused};
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(paths_select_the_right_values, unusual_documents_are_masked, a_shape_contains_no_values);

const KEYS: [&str; 9] = ["phone", "user", "a.b", "it's", "q\"\\", "", "0", "전화", "list"];

fn document(random: &mut Random, depth: usize) -> Value {
    let leaf = depth == 0 || random.below(4) == 0;
    match random.below(if leaf { 5 } else { 9 }) {
        0 => json!(format!("010-{:04}-한글 \"q\" \\ \n 100%", random.below(10_000))),
        1 => json!(random.below(1000)),
        2 => json!(random.below(2) == 0),
        3 => Value::Null,
        4 => json!(-1.5),
        5 | 6 => (0..random.below(5)).map(|_| document(random, depth - 1)).collect(),
        _ => {
            let members =
                (0..random.below(5)).map(|_| (KEYS[random.below(KEYS.len())].to_owned(), document(random, depth - 1)));
            Value::Object(members.collect())
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(&'static str),
    Index(usize),
    Each,
    Deep,
}

fn path(random: &mut Random) -> Vec<Step> {
    let mut steps = Vec::new();
    for _ in 0..1 + random.below(3) {
        if random.below(3) == 0 {
            steps.push(Step::Deep);
        }
        steps.push(match random.below(5) {
            0 => Step::Each,
            1 => Step::Index(random.below(3)),
            _ => Step::Key(KEYS[random.below(KEYS.len())]),
        });
    }
    steps
}

fn written(path: &[Step]) -> String {
    let mut text = String::from("$");
    for step in path {
        match step {
            Step::Deep => text.push_str(".."),
            Step::Key(key) => text.push_str(&format!("[\"{}\"]", key.replace('\\', "\\\\").replace('"', "\\\""))),
            Step::Index(index) => text.push_str(&format!("[{index}]")),
            Step::Each => text.push_str("[*]"),
        }
    }
    text
}

/// Whether a path selects a place, by exhaustive search.
fn leads(path: &[Step], place: &[(Option<&str>, usize)]) -> bool {
    match (path.first(), place.first()) {
        (None, _) => place.is_empty(),
        (Some(Step::Deep), _) => leads(&path[1..], place) || (!place.is_empty() && leads(path, &place[1..])),
        (_, None) => false,
        (Some(Step::Each), _) => leads(&path[1..], &place[1..]),
        (Some(Step::Key(key)), Some((name, _))) => *name == Some(key) && leads(&path[1..], &place[1..]),
        (Some(Step::Index(index)), Some((name, at))) => name.is_none() && at == index && leads(&path[1..], &place[1..]),
    }
}

/// The document with "m" for every string and number that a path selects.
fn masked<'a>(value: &'a Value, place: &mut Vec<(Option<&'a str>, usize)>, paths: &[Vec<Step>]) -> Value {
    let here = paths.iter().filter(|path| leads(path, place));
    let through = here.clone().min_by_key(|path| {
        let open = path.iter().filter(|step| matches!(step, Step::Each | Step::Deep)).count();
        (open, std::cmp::Reverse(path.len()))
    });
    let stays = through.is_none_or(|path| path.ends_with(&[Step::Deep, Step::Each]));
    match value {
        Value::String(_) | Value::Number(_) if through.is_some() => json!("m"),
        Value::Array(_) | Value::Object(_) if !stays => Value::Null,
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .map(|(at, element)| {
                place.push((None, at));
                let new = masked(element, place, paths);
                place.pop();
                new
            })
            .collect(),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, member)| {
                    place.push((Some(key), usize::MAX));
                    let new = masked(member, place, paths);
                    place.pop();
                    (key.clone(), new)
                })
                .collect(),
        ),
        leaf => leaf.clone(),
    }
}

async fn paths_select_the_right_values(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session.run("CREATE TABLE t (id int, doc jsonb, old json)").await.unwrap();
    let mut random = Random::new(7);
    let documents: Vec<Value> = (0..300).map(|_| document(&mut random, 5)).collect();
    for (id, document) in (0_i32..).zip(&documents) {
        session
            .execute("INSERT INTO t VALUES ($1, $2::text::jsonb, $2::text::json)", &[&id, &document.to_string()])
            .await
            .unwrap();
    }
    let (mut walked, mut changed) = (0, 0);
    for _ in 0..60 {
        let mut paths: Vec<Vec<Step>> = Vec::new();
        for _ in 0..1 + random.below(4) {
            let path = path(&mut random);
            // The precedence of equally specific paths does not matter if both have the same mask.
            if !paths.iter().any(|known| known.starts_with(&path) || path.starts_with(known)) {
                paths.push(path);
            }
        }
        let open = |path: &Vec<Step>| path.iter().any(|step| matches!(step, Step::Each | Step::Deep));
        // `jsonb_set` treats a key of digits as a position and masks it too, which is harmless.
        if !paths.iter().any(open) && paths.iter().flatten().any(|step| matches!(step, Step::Index(_) | Step::Key("0")))
        {
            continue;
        }
        let members: Vec<String> =
            paths.iter().map(|path| format!("'{}': {{ text: lorem }}", written(path).replace('\'', "''"))).collect();
        let mask = format!("json: {{ {} }}", members.join(", "));
        for name in ["doc", "old"] {
            let expression = compiled(&session, &mask, &format!("public.t.{name}"), EXAMPLE_KEY).await;
            assert_eq!(expression.subquery, paths.iter().any(open), "{mask}");
            let out = pairs(&session, "t", name, &expression).await;
            for (document, (_, out)) in documents.iter().zip(out) {
                let expected = masked(document, &mut Vec::new(), &paths);
                let out: Value = serde_json::from_str(out.as_ref().unwrap()).unwrap();
                assert_eq!(marked(&out, document), marked(&expected, document), "{mask} of {name}: {document}");
                walked += 1;
                changed += usize::from(expected != *document);
            }
        }
    }
    assert!(walked > 10_000 && changed > 2_000, "{changed} of {walked} changed");
}

/// The document with "m" for every string that differs from the original at this place.
fn marked(out: &Value, before: &Value) -> Value {
    match (out, before) {
        (Value::Array(new), Value::Array(old)) => new.iter().zip(old).map(|(new, old)| marked(new, old)).collect(),
        (Value::Object(new), Value::Object(old)) => {
            assert!(new.keys().eq(old.keys()), "{out}: {before}");
            Value::Object(new.iter().map(|(key, new)| (key.clone(), marked(new, &old[key]))).collect())
        }
        (Value::String(_), old) if out != old => json!("m"),
        _ => out.clone(),
    }
}

/// Documents that `json` accepts and `jsonb` does not, and scalars.
async fn unusual_documents_are_masked(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session.run("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, old json NOT NULL)").await.unwrap();
    for document in [
        r#"{"phone": "010-1111-2222", "n" : 1.50, "phone":"010-3333-4444", "z": [ 1 ,2 ] }"#,
        r#"{"phone": "zero \u0000 and \\u0000", "\u0000": {"phone": "010-5555-6666"}, "half": "\ud83d", "whole": "\ud83d\ude00", "low": "\ude00x"}"#,
        r#"{"phone": "\ud83d alone", "big": 1e999999}"#,
        "17",
        "null",
        "\"010-7777-8888\"",
        "[]",
        " { } ",
        r#"[[[[{"phone": 1012345678}, {"phone": true}, {"phone": null}, {"phone": {"number": "010-9999-0000"}}]]]]"#,
    ] {
        session.execute("INSERT INTO t (old) VALUES ($1::text::json)", &[&document]).await.unwrap();
    }
    let deep = compiled(&session, "json: { $..phone: { phone: kr } }", "public.t.old", EXAMPLE_KEY).await;
    let out: Vec<String> = pairs(&session, "t", "old", &deep).await.into_iter().filter_map(|pair| pair.1).collect();
    // Both duplicate keys, in their order, and the digits of the number between them.
    assert!(out[0].matches("010-").count() == 2 && out[0].contains("\"n\": 1.50"), "{}", out[0]);
    assert!(out[0].ends_with("\"z\": [1,2]}"), "{}", out[0]);
    for number in ["1111-2222", "3333-4444", "5555-6666", "12345678", "9999-0000", "zero", "alone"] {
        assert!(!out.iter().any(|document| document.contains(number)), "{number} is in {out:?}");
    }
    // Only escapes that text cannot contain are replaced.
    assert!(out[1].contains(r#""whole": "\ud83d\ude00""#) && out[1].contains(r#""half": "\ufffd""#), "{}", out[1]);
    assert!(out[2].contains("1e999999"), "{}", out[2]);
    assert_eq!(out[3..8], ["17", "null", "\"010-7777-8888\"", "[]", "{}"].map(str::to_owned));
    assert!(out[8].ends_with("{\"phone\": true},{\"phone\": null},{\"phone\": null}]]]]"), "{}", out[8]);
    // A single path, which needs no traversal, accepts them too.
    session.run("DELETE FROM t WHERE old::text LIKE '%e999999%'").await.unwrap();
    let single = compiled(&session, "json: { $.phone: { phone: kr } }", "public.t.old", EXAMPLE_KEY).await;
    let out: Vec<String> = pairs(&session, "t", "old", &single).await.into_iter().filter_map(|pair| pair.1).collect();
    assert!(!single.subquery && !out.iter().any(|document| document.contains("3333-4444")), "{out:?}");
    // NOT NULL is preserved, and a table may have columns of any name.
    session
        .run("CREATE TABLE u (id int, devdb_value jsonb, value text, position int, state int); INSERT INTO u VALUES (1, '{\"a\": [{\"phone\": \"010-1111-2222\"}]}')")
        .await
        .unwrap();
    let expression = compiled(&session, "json: { $..phone: username }", "public.u.devdb_value", EXAMPLE_KEY).await;
    session.run(&format!("UPDATE u SET devdb_value = {}", expression.sql)).await.unwrap();
    let left = session.query_one("SELECT devdb_value->'a'->0->>'phone' FROM u", &[]).await.unwrap();
    assert!(left.get::<_, String>(0).starts_with("user_"));
    let many: Vec<String> = (0..14).map(|at| format!("\"$..a{at}[*][*][*]..b{at}[*][*][*]\": email")).collect();
    let refusal = refused(&session, &format!("json: {{ {} }}", many.join(", ")), "public.t.old").await;
    assert!(refusal.reason == devdb::mask::RefusalReason::Paths && !refusal.remedy().is_empty(), "{refusal}");
}

async fn a_shape_contains_no_values(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session.run("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, doc jsonb, old json)").await.unwrap();
    let mut random = Random::new(11);
    let mut documents: Vec<String> = (0..300).map(|_| document(&mut random, 5).to_string()).collect();
    documents.push(
        r#" { "k:\"1" : "Kim \u0000 3\ud83d층\\" , "k" :-1.5e+3,"k": [true , false,null, "", "%s \"x\": 12"] } "#
            .into(),
    );
    for document in &documents {
        session.execute("INSERT INTO t (old) VALUES ($1::text::json)", &[document]).await.unwrap();
    }
    session.run("UPDATE t SET doc = old::jsonb WHERE id <= 300").await.unwrap();
    let wanted = documents.len();
    for name in ["doc", "old"] {
        let shape = compiled(&session, "json: shape", &format!("public.t.{name}"), EXAMPLE_KEY).await;
        assert!(!shape.subquery);
        let out = pairs(&session, "t", name, &shape).await;
        assert_eq!(out.len(), wanted);
        for (before, after) in &out[..300] {
            let (before, after): (Value, Value) =
                (serde_json::from_str(before).unwrap(), serde_json::from_str(after.as_ref().unwrap()).unwrap());
            assert_eq!(shaped(&before), after, "{before}");
        }
        if name == "old" {
            let odd = out[300].1.as_deref().unwrap();
            assert_eq!(odd, r#" { "k:\"1" : "Xxx x 0x가x" , "k" :0,"k": [true , false,null, "", "%x xxx: 00"] } "#);
        } else {
            assert_eq!(out[300].1, None);
        }
    }
}

fn shaped(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let one = |c: char| match c {
                'A'..='Z' => 'X',
                'a'..='z' | '"' | '\\' | '\n' => 'x',
                '0'..='9' => '0',
                '가'..='힣' => '가',
                c => c,
            };
            text.chars().map(one).collect::<String>().into()
        }
        Value::Number(_) => json!(0),
        Value::Array(elements) => elements.iter().map(shaped).collect(),
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), shaped(value))).collect(),
        other => other.clone(),
    }
}
