//! Originals hidden everywhere: each is found, in the right place, as often as it is there.

use super::{found, original, remember, statements};
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(every_canary_is_found, an_encoding_hides_nothing);

const PRODUCTION: &str = r#"
    CREATE TABLE users (id bigint PRIMARY KEY, email text, phone text, name text, address text, secret bytea, note text);
    INSERT INTO users SELECT i, 'kim.minsu' || i || '@haneul.example', '010-1234-' || to_char(i, 'FM0000'), '김민수',
        '서울특별시 종로구 세종대로 ' || i || '번지 3층', decode(md5(i::text), 'hex'), 'nothing of note' FROM generate_series(1000, 1100) i;
    UPDATE users SET name = '남궁도영', note = 'asked for Jane Doe, who lives at 12 Elm Street in Boston and has a dog' WHERE id = 1001;
    UPDATE users SET name = 'José Pérez' WHERE id = 1002;
    CREATE TYPE pair AS (left_part text, right_part text);
    CREATE TYPE words AS RANGE (subtype = text);
    CREATE DOMAIN mail AS text;
    CREATE TABLE "We""ird; -- 표" ("Col ""um"";n" text, untouched int);
    CREATE TABLE articles (id int PRIMARY KEY, body text);
    CREATE TABLE docs (id int, payload jsonb, old json);
    CREATE TABLE tags (id int, list text[], many mail[]);
    CREATE TABLE files (id int, content bytea);
    CREATE TABLE rows (id int, value pair, span words);
    CREATE TABLE feeds (id int, feed xml);
    CREATE TABLE users_bak (email varchar(100), phone bigint, card numeric);
    CREATE TABLE logs (at date, line text) PARTITION BY RANGE (at);
    CREATE TABLE logs_old PARTITION OF logs FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
    CREATE TABLE logs_new PARTITION OF logs DEFAULT;
    CREATE TABLE unrelated (id int DEFAULT 1);
    CREATE TABLE quoted (word text DEFAULT 'x');
    CREATE TABLE empty (word text)"#;

const CANARIES: &str = r#"
    UPDATE users SET email = 'u' || md5(email) || '@example.com', phone = '016-0000-' || id, name = '신하은', address = '경기도', secret = NULL, note = NULL;
    VACUUM FULL users;
    INSERT INTO "We""ird; -- 표" VALUES ('kim.minsu1003@haneul.example'), ('clean');
    INSERT INTO articles VALUES (1, 'Write to KIM.Minsu1004@Haneul.example, please.'), (2, 'call +82 10-1234-1005 or 010 1234 1006'), (3, 'clean'),
        (4, '남궁도영님께 전화했음'), (5, 'jose perez'), (6, 'He lives at 서울특별시 종로구 세종대로 1007번지 3층'), (7, '０１０−１２３４−１００８'),
        (8, 'asked for jane doe who lives at 12 elm street in Boston and has a dog'), (9, 'half of it: asked for Jane Doe, who lives');
    INSERT INTO docs VALUES (1, '{"a": [{"b": {"c": "kim.minsu1009@haneul.example"}}]}', '{"x":"\uB0A8\uAD81\uB3C4\uC601"}'), (2, '{"kim.minsu1010@haneul.example": 1}', '{}'),
        (3, '{"phone": 1012341011}', '[]');
    INSERT INTO tags VALUES (1, ARRAY['clean', 'kim.minsu1012@haneul.example'], ARRAY['kim.minsu1013@haneul.example']::mail[]), (2, '{}', NULL);
    INSERT INTO files VALUES (1, convert_to('kim.minsu1014@haneul.example', 'UTF8')), (2, decode(md5('1015'), 'hex')), (3, '\x00ff01'),
        (4, '\xff00'::bytea || convert_to(' kim.minsu1014@haneul.example ', 'UTF8') || '\xfe'::bytea);
    INSERT INTO rows VALUES (1, ROW('clean', 'a "quoted" kim.minsu1016@haneul.example'), words('kim.minsu1017@haneul.example', 'x'));
    INSERT INTO feeds VALUES (1, '<feed><mail to="kim.minsu1018@haneul.example"/></feed>');
    INSERT INTO users_bak VALUES ('kim.minsu1019@haneul.example', 1012341020, 821012341021), ('kim.minsu1022@haneul.example', NULL, NULL);
    INSERT INTO logs VALUES ('2025-05-05', 'login of kim.minsu1023@haneul.example'), ('2026-05-05', 'login of 010-1234-1024'), ('2026-05-06', 'by 010-1234-1025');
    COMMENT ON COLUMN unrelated.id IS 'ask kim.minsu1026@haneul.example';
    ALTER TABLE quoted ALTER word SET DEFAULT 'kim.minsu1027@haneul.example';
    CREATE MATERIALIZED VIEW contacts AS SELECT 'kim.minsu1028@haneul.example'::text AS contact;
    CREATE FUNCTION contact() RETURNS text LANGUAGE sql AS 'SELECT ''kim.minsu1029@haneul.example''::text';
    CREATE TABLE sampled (mail text, kind int);
    INSERT INTO sampled SELECT 'kim.minsu1030@haneul.example', 1 FROM generate_series(1, 500);
    CREATE STATISTICS sampled_pairs (mcv) ON mail, kind FROM sampled;
    ANALYZE sampled;
    SET session_replication_role = DEFAULT;
    TRUNCATE sampled"#;

#[expect(clippy::too_many_lines, reason = "a table of planted values")]
async fn every_canary_is_found(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    statements(&master, PRODUCTION).await;
    let hstore = cluster.superuser("app").await.run("CREATE EXTENSION hstore").await.is_ok();
    let columns = ["email", "phone", "name", "address", "secret", "note"];
    let originals: Vec<_> = columns.iter().map(|it| original(&format!("public.users.{it}"), it, None)).collect();
    remember(&cluster, &originals).await.unwrap();
    for statement in CANARIES.split(";\n").filter(|it| !it.contains("session_replication_role")) {
        master.run(statement).await.unwrap_or_else(|error| panic!("{error}\n{statement}"));
    }
    let object: u32 = master
        .query_one("SELECT lo_from_bytea(0, convert_to('x kim.minsu1031@haneul.example', 'UTF8'))", &[])
        .await
        .unwrap()
        .get(0);
    let mut expected: Vec<String> = [
        "public.We\"ird; -- 표.Col \"um\";n: 1 email",
        "public.articles.body: 1 email",
        "public.articles.body: 2 phone",
        "public.articles.body: 2 name",
        "public.articles.body: 1 address",
        "public.articles.body: 1 note",
        "public.docs.payload: 2 email",
        "public.docs.payload: 1 phone",
        "public.docs.old: 1 name",
        "public.tags.list: 1 email",
        "public.tags.many: 1 email",
        "public.files.content: 2 email",
        "public.files.content: 1 secret",
        "public.rows.value: 1 email",
        "public.rows.span: 1 email",
        "public.feeds.feed: 1 email",
        "public.users_bak.email: 2 email",
        "public.users_bak.phone: 1 phone",
        "public.users_bak.card: 1 phone",
        "public.logs_old.line: 1 email",
        "public.logs_new.line: 2 phone",
        "comment on column id of table public.unrelated: 1 email",
        "default value for column word of table public.quoted: 1 email",
        "public.contacts.contact: 1 email",
        "materialized view public.contacts: 1 email",
        "function public.contact(): 1 email",
        "pg_stats of public.sampled.mail: 1 email",
        "pg_stats_ext of public.sampled_pairs: 1 email",
    ]
    .map(str::to_owned)
    .into();
    expected.push(format!("large object {object}: 1 email"));
    if hstore {
        let schema: String = master
            .query_one("SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'hstore'", &[])
            .await
            .unwrap()
            .get(0);
        statements(
            &master,
            &format!("CREATE TABLE stores (id int, store {schema}.hstore);\nINSERT INTO stores VALUES (1, 'a=>\"kim.minsu1032@haneul.example\"')"),
        )
        .await;
        expected.push("public.stores.store: 1 email".into());
    }
    let mut expected: Vec<String> =
        expected.iter().map(|line| format!("{line} of public.users.{}", line.rsplit(' ').next().unwrap())).collect();
    let mut found = found(&cluster).await;
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

/// Every form that a value may hide in, each in a row of its own.
async fn an_encoding_hides_nothing(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    statements(
        &master,
        "CREATE TABLE users (email text, phone text, name text);
         INSERT INTO users VALUES ('kim.minsu@haneul.example', '010-1234-5678', '남궁도영');
         CREATE TABLE hidden (id int GENERATED ALWAYS AS IDENTITY, value text)",
    )
    .await;
    let columns = ["email", "phone", "name"];
    let originals: Vec<_> = columns.iter().map(|it| original(&format!("public.users.{it}"), it, None)).collect();
    remember(&cluster, &originals).await.unwrap();
    statements(
        &master,
        r#"TRUNCATE users;
        INSERT INTO hidden (value) SELECT v FROM (VALUES ('kim.minsu@haneul.example'), ('010-1234-5678'), ('남궁도영')) o(v);
        INSERT INTO hidden (value) SELECT upper(v) FROM (VALUES ('kim.minsu@haneul.example'), ('010-1234-5678'), ('남궁도영')) o(v);
        INSERT INTO hidden (value) SELECT normalize(v, NFD) FROM (VALUES ('kim.minsu@haneul.example'), ('010-1234-5678'), ('남궁도영')) o(v);
        INSERT INTO hidden (value) SELECT encode(convert_to(v, 'UTF8'), 'base64') FROM (VALUES ('kim.minsu@haneul.example'), ('010-1234-5678'), ('남궁도영')) o(v);
        INSERT INTO hidden (value) SELECT rtrim(translate(encode(convert_to('{"x":"' || v || '"}', 'UTF8'), 'base64'), '+/', '-_'), '=') FROM (VALUES ('kim.minsu@haneul.example'), ('010-1234-5678'), ('남궁도영')) o(v);
        INSERT INTO hidden (value) SELECT regexp_replace(encode(convert_to(v, 'UTF8'), 'hex'), '(..)', '%\1', 'g') FROM (VALUES ('kim.minsu@haneul.example'), ('010-1234-5678'), ('남궁도영')) o(v);
        INSERT INTO hidden (value) SELECT '\x' || encode(convert_to(v, 'UTF8'), 'hex') FROM (VALUES ('kim.minsu@haneul.example'), ('010-1234-5678'), ('남궁도영')) o(v);
        INSERT INTO hidden (value) SELECT jsonb_build_object('a', jsonb_build_object('b', v)::text)::text FROM (VALUES ('kim.minsu@haneul.example'), ('010-1234-5678'), ('남궁도영')) o(v);
        INSERT INTO hidden (value) VALUES ('\ub0a8\uad81\ub3c4\uc601'), ('{"a": "x\nkim.minsu@haneul.example"}'), ('ｋｉｍ．ｍｉｎｓｕ＠ｈａｎｅｕｌ．ｅｘａｍｐｌｅ'),
            ('<kim.minsu@haneul.example>;'), ('mailto:kim.minsu@haneul.example?subject=x'), ('https://x.example/?q=kim.minsu%40haneul.example&y=1'),
            ('(010) 1234-5678'), ('+82-10-1234-5678'), ('82 10 1234 5678'), ('1012345678'), ('연락처:010.1234.5678입니다'), ('남궁도영이'), ('"남궁도영"'), ('😀남궁도영😀');
        INSERT INTO hidden (value) VALUES ('kim.minsu@haneul.exampl'), ('010-1234-567'), ('남궁도'), ('11-1234-5678'), ('kim.minsu@haneul'), ('minsu@haneul.example');
        CREATE TABLE integers (small int2, middle int4, big int8);
        INSERT INTO integers VALUES (1, 1012345678, 1012345678), (NULL, -1012345678, NULL), (1, 101234567, 101234567)"#,
    )
    .await;
    let expected = [
        "public.hidden.value: 13 email of public.users.email",
        "public.hidden.value: 13 phone of public.users.phone",
        "public.hidden.value: 12 name of public.users.name",
        "public.integers.big: 1 phone of public.users.phone",
        "public.integers.middle: 2 phone of public.users.phone",
    ];
    assert_eq!(found(&cluster).await, expected);
}
