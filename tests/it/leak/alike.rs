//! Both modes answer alike, whatever the values are.

use devdb::scrub::leak::Mode;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRng, TestRunner};

use super::{lines, original, remember, search, statements};
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(both_modes_answer_alike);

const ORIGINALS: [&str; 14] = [
    "kim.minsu@haneul.example",
    "KIM+tag@Haneul.example",
    "010-1234-5678",
    "+82 10-9876-5432",
    "02-123-4567",
    "남궁민수",
    "김 서연",
    "José Pérez",
    "Jane Doe",
    "서울특별시 종로구 세종대로 1길 22",
    "4242-4242-4242-4242",
    "880417-1234567",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "asked for Jane Doe, who lives at 12 Elm Street in Boston and has a dog",
];

/// What stands around and between originals.
const AROUND: [&str; 26] = [
    "",
    " ",
    "\"",
    "'",
    ": \"",
    "\", \"",
    "님",
    "이에요",
    "x",
    "9",
    "-",
    ".",
    "@",
    "_",
    "+",
    "/",
    "%",
    "%41",
    "\\",
    "\\n",
    "😀",
    "é",
    "  ,  ",
    "<b>",
    "aGVsbG8gd29ybGQgaGVsbG8=",
    "0b0c4b6a-6c1f-4a39-9a53-7d3b5f0a1d11",
];

/// Ways to write a value, in SQL of `v`.
const WRITTEN: [&str; 12] = [
    "v",
    "upper(v)",
    "lower(v)",
    "normalize(v, NFD)",
    "normalize(v, NFKC)",
    "encode(convert_to(v, 'UTF8'), 'base64')",
    "translate(encode(convert_to('xx' || v || 'y', 'UTF8'), 'base64'), E'+/=\\n', '-_')",
    "regexp_replace(encode(convert_to(v, 'UTF8'), 'hex'), '(..)', '%\\1', 'g')",
    "to_jsonb(v)::text",
    "to_jsonb(to_jsonb(v)::text)::text",
    "translate(v, '- ', '')",
    "translate(v, '-@. ', '  ..')",
];

fn text() -> impl Strategy<Value = String> {
    let original = prop::sample::select(&ORIGINALS[..]).prop_map(str::to_owned);
    let around = prop::sample::select(&AROUND[..]).prop_map(str::to_owned);
    let noise = "[a-z0-9가-힣 .@_+/\"%-]{0,12}";
    let cut = (prop::sample::select(&ORIGINALS[..]), 0..20_usize)
        .prop_map(|(text, length)| text.chars().take(length).collect::<String>());
    let piece = prop_oneof![3 => original, 4 => around, 2 => noise, 1 => cut];
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat().replace('\0', ""))
}

async fn both_modes_answer_alike(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    statements(&master, "CREATE TABLE users (value text)").await;
    for value in ORIGINALS {
        master.execute("INSERT INTO users VALUES ($1)", &[&value]).await.unwrap();
    }
    remember(&cluster, &[original("public.users.value", "all", None)]).await.unwrap();
    statements(&master, "DROP TABLE users").await;
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let values: Vec<String> = (0..1500).map(|_| text().new_tree(&mut runner).unwrap().current()).collect();
    master.run("CREATE TABLE plain (id int, value text); CREATE TABLE said (id int, way int, value text); CREATE TABLE kinds (id int, a text[], j jsonb, b bytea)").await.unwrap();
    for (id, value) in values.iter().enumerate() {
        let id = i32::try_from(id).unwrap();
        master.execute("INSERT INTO plain VALUES ($1, $2)", &[&id, value]).await.unwrap();
    }
    for (way, sql) in WRITTEN.iter().enumerate() {
        master
            .run(&format!("INSERT INTO said SELECT id, {way}, {sql} FROM (SELECT id, value AS v FROM plain) p"))
            .await
            .unwrap();
    }
    master.run("INSERT INTO kinds SELECT id, ARRAY['x', value], jsonb_build_object(value, ARRAY[value]), convert_to(value, 'UTF8') FROM plain").await.unwrap();
    let stream = search(&cluster, Mode::Stream, &[]).await.unwrap();
    let server = search(&cluster, Mode::Server, &[]).await.unwrap();
    assert_eq!(lines(&stream), lines(&server));
    let found: u64 = stream.hits.iter().map(|hit| hit.rows).sum();
    assert!(found > 5000 && server.rows < stream.rows, "found {found}, rows {} and {}", stream.rows, server.rows);
}
