//! Tables that come in families, and methods for those that cannot be altered.

use devdb::scrub::rewrite::{Error, Method};

use super::{EMAIL, Scene, masks, methods};
use crate::on_every_version;
use crate::support::cluster::Version;

on_every_version!(
    keys_between_masked_tables,
    keys_that_do_not_hold_are_named,
    numbered_keys_are_permuted,
    partitions_are_altered_at_their_root,
    a_masked_partition_key_moves_rows,
    inheritance,
    what_cannot_be_altered_is_filled_anew,
    room_on_the_disk,
    errors_show_no_expression,
);

const KEY: &str = "'u' || pg_catalog.md5('k' || KEY)";

fn key(column: &str) -> String {
    KEY.replace("KEY", column)
}

async fn keys_between_masked_tables(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE users (id text PRIMARY KEY, boss text REFERENCES users DEFERRABLE INITIALLY DEFERRED, org int, UNIQUE (org, id));
         INSERT INTO users SELECT 'kim' || i, CASE WHEN i > 1 THEN 'kim' || i / 2 END, i % 7 FROM generate_series(1, 300) i;
         CREATE TABLE orders (id int PRIMARY KEY, org int, buyer text NOT NULL, seller text CONSTRAINT \"the seller\" REFERENCES users ON UPDATE CASCADE ON DELETE SET NULL,
             CONSTRAINT pair FOREIGN KEY (org, buyer) REFERENCES users (org, id) MATCH FULL ON DELETE CASCADE);
         INSERT INTO orders SELECT i, i % 7, 'kim' || i, 'kim' || i % 9 + 1 FROM generate_series(1, 300) i;
         CREATE TABLE old (who text);  INSERT INTO old VALUES ('nobody');
         ALTER TABLE old ADD CONSTRAINT unchecked FOREIGN KEY (who) REFERENCES users NOT VALID;
         COMMENT ON CONSTRAINT \"the seller\" ON orders IS 'a key'; COMMENT ON CONSTRAINT unchecked ON old IS 'never checked';
         CREATE TABLE events (day date, who text REFERENCES users, PRIMARY KEY (day, who)) PARTITION BY RANGE (day);
         CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
         CREATE TABLE events_2 PARTITION OF events DEFAULT;
         INSERT INTO events SELECT date '2026-01-01' + i, 'kim' || i FROM generate_series(1, 300) i;
         COMMENT ON CONSTRAINT events_who_fkey ON events IS 'of a partitioned table';
         CREATE TABLE seen (day date, who text, FOREIGN KEY (day, who) REFERENCES events ON DELETE CASCADE);
         INSERT INTO seen SELECT day, who FROM events;
         CREATE TABLE apart (id int REFERENCES orders); INSERT INTO apart VALUES (5)",
    )
    .await;
    let (id, boss, buyer, seller, who) = (key("id"), key("boss"), key("buyer"), key("seller"), key("who"));
    let list = [
        masks("users", &[("id", &id), ("boss", &boss)]),
        masks("orders", &[("buyer", &buyer), ("seller", &seller)]),
        masks("old", &[("who", &who)]),
        masks("events", &[("who", &who)]),
        masks("seen", &[("who", &who)]),
    ];
    let valid = "SELECT format('%s %s %s', conname, conrelid::regclass, convalidated) FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 ORDER BY 1";
    let before = scene.texts(valid).await;
    let done = scene.mask_and_compare(&list).await;
    assert!(done.iter().all(|table| table.method == Method::AlterWithoutObstacles), "{done:#?}");
    assert_eq!(scene.texts(valid).await, before);
    let orphans = "SELECT count(*) FROM seen LEFT JOIN events USING (day, who) LEFT JOIN users ON id = who WHERE id IS NULL OR events.who IS NULL";
    assert_eq!(scene.number(orphans).await, 0);
    assert_eq!(scene.number("SELECT count(*) FROM users b JOIN users u ON u.boss = b.id JOIN orders o ON o.buyer = u.id AND o.org = u.org").await, 299);
    assert_eq!(scene.number("SELECT count(*) FROM users WHERE id LIKE 'kim%'").await, 0);
}

async fn keys_that_do_not_hold_are_named(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE users (id text PRIMARY KEY, nick text UNIQUE); INSERT INTO users VALUES ('kim', 'k');
         CREATE TABLE orders (who text REFERENCES users, nick text CONSTRAINT by_nick REFERENCES users (nick)); INSERT INTO orders VALUES ('kim', 'k')",
    )
    .await;
    let id = key("id");
    let Err(Error::Refused(reasons)) = scene.mask(&[masks("users", &[("id", &id)])]).await else { panic!() };
    assert_eq!(
        reasons,
        ["foreign key orders_who_fkey: public.users.id is masked, and public.orders.who, which references it, is not"]
    );
    // By another rule: found when the key is recreated, and the key is not lost.
    let list = [masks("users", &[("nick", "'a' || nick")]), masks("orders", &[("nick", "'b' || nick")])];
    let error = scene.mask(&list).await.unwrap_err();
    assert!(
        matches!(&error, Error::Restore { obstacle, .. } if obstacle == "foreign key by_nick of public.orders"),
        "{error}"
    );
    assert!(!error.is_disconnect() && !error.to_string().contains("bk"), "{error}");
    let again = scene.mask(&list).await.unwrap_err();
    assert_eq!(again.to_string(), error.to_string(), "it is still not published");
    scene.run("UPDATE orders SET nick = 'ak'").await;
    let done = scene.mask(&list).await.unwrap();
    assert!(done.iter().all(|table| table.already));
    assert_eq!(scene.number("SELECT count(*) FROM pg_constraint WHERE conname = 'by_nick' AND convalidated").await, 1);
}

/// Sequences, identity and what hangs on a primary key stay what they are.
async fn numbered_keys_are_permuted(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE a (id bigint GENERATED ALWAYS AS IDENTITY (START 7 INCREMENT 3) PRIMARY KEY, name text);
         CREATE TABLE b (id serial PRIMARY KEY, a bigint NOT NULL REFERENCES a, next int GENERATED BY DEFAULT AS IDENTITY);
         INSERT INTO a (name) SELECT 'n' || i FROM generate_series(1, 100) i; INSERT INTO b (a) SELECT id FROM a;
         ALTER TABLE a REPLICA IDENTITY USING INDEX a_pkey; COMMENT ON SEQUENCE a_id_seq IS 'a sequence';
         CREATE VIEW grouped AS SELECT a.id, a.name, count(*) AS n FROM a JOIN b ON b.a = a.id GROUP BY a.id",
    )
    .await;
    // A permutation of 7, 10, …, 304.
    let (id, a) = ("7 + (id - 7 + 150) % 300", "7 + (a - 7 + 150) % 300");
    let list = [masks("a", &[("id", id)]), masks("b", &[("a", a), ("id", "101 - id"), ("next", "next * 2")])];
    let last = "SELECT string_agg(last_value::text, ' ' ORDER BY sequencename) FROM pg_sequences";
    let before = scene.texts(last).await;
    let done = scene.mask_and_compare(&list).await;
    assert_eq!(methods(&done), [("a", Method::AlterWithoutObstacles), ("b", Method::AlterWithoutObstacles)]);
    assert_eq!(scene.texts(last).await, before);
    assert_eq!(scene.number("SELECT count(*) FROM grouped WHERE n = 1 AND name <> 'n' || (id - 4) / 3").await, 100);
}

const LOGS: &str = "
    CREATE TABLE logs (id bigint GENERATED ALWAYS AS IDENTITY, day date NOT NULL, email text, doc jsonb, PRIMARY KEY (id, day), UNIQUE (email, day, id)) PARTITION BY RANGE (day);
    CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2026-02-01') PARTITION BY HASH (id);
    CREATE TABLE logs_1a PARTITION OF logs_1 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE logs_1b PARTITION OF logs_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE logs_2 (gone int, doc jsonb, email text, day date NOT NULL, id bigint NOT NULL, CONSTRAINT \"odd key\" PRIMARY KEY (id, day));
    ALTER TABLE logs_2 DROP COLUMN gone;
    CREATE INDEX odd_email ON logs_2 (email); COMMENT ON INDEX odd_email IS 'was there before';
    CREATE INDEX of_leaf ON logs_2 (length(email));
    CREATE INDEX by_email ON logs (email);
    ALTER TABLE logs ATTACH PARTITION logs_2 DEFAULT;
    ALTER TABLE logs_2 ALTER COLUMN email SET STORAGE EXTERNAL, ALTER COLUMN doc SET STATISTICS 9; COMMENT ON COLUMN logs_2.email IS 'of a leaf';
    ALTER TABLE logs ALTER COLUMN doc SET STORAGE EXTERNAL; ALTER TABLE logs_1b ALTER COLUMN doc SET STORAGE EXTENDED;
    COMMENT ON INDEX by_email IS 'of the root'; COMMENT ON CONSTRAINT \"odd key\" ON logs_2 IS 'odd';
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fired''; END';
    INSERT INTO logs (day, email, doc) SELECT date '2026-01-01' + i % 90, 'kim' || i || '@real.kr', jsonb_build_object('e', 'kim@real.kr') FROM generate_series(1, 500) i;
    CREATE TRIGGER t BEFORE UPDATE OF email ON logs FOR EACH ROW EXECUTE FUNCTION f();
    CREATE TRIGGER plain AFTER INSERT OR UPDATE ON logs FOR EACH ROW EXECUTE FUNCTION f();
    CREATE TRIGGER leaf AFTER UPDATE ON logs_2 FOR EACH ROW WHEN (NEW.email <> '') EXECUTE FUNCTION f();
    ALTER TABLE logs_1a DISABLE TRIGGER t; ALTER TABLE logs_2 ENABLE REPLICA TRIGGER t;
    CREATE VIEW of_one AS SELECT email FROM logs_2;
    CREATE VIEW of_all AS SELECT email, doc FROM logs;";

async fn partitions_are_altered_at_their_root(version: Version) {
    let scene = Scene::new(&version, LOGS).await;
    let done = scene
        .mask_and_compare(&[masks(
            "logs",
            &[("email", EMAIL), ("doc", "'{}'::jsonb || jsonb_build_object('at', email)")],
        )])
        .await;
    assert_eq!(methods(&done), [("logs", Method::AlterWithoutObstacles)]);
    assert_eq!(done[0].rows, 500);
    assert_eq!(
        scene
            .number("SELECT count(*) FROM logs WHERE email LIKE '%@example.com' AND doc ->> 'at' LIKE '%real.kr'")
            .await,
        500
    );
    let refused = scene.mask(&[masks("logs_2", &[("email", EMAIL)])]).await.unwrap_err();
    assert!(matches!(refused, Error::DifferentRecipe | Error::Refused(_)));
}

async fn a_masked_partition_key_moves_rows(version: Version) {
    let scene = Scene::new(&version, LOGS).await;
    scene.run("CREATE TABLE refs (id bigint, day date, FOREIGN KEY (id, day) REFERENCES logs ON DELETE CASCADE ON UPDATE CASCADE)").await;
    scene.run("INSERT INTO refs SELECT id, day FROM logs").await;
    let day = "date_trunc('month', day)::date + 3";
    let done = scene
        .mask_and_compare(&[masks("logs", &[("day", day), ("email", EMAIL)]), masks("refs", &[("day", day)])])
        .await;
    assert_eq!(methods(&done), [("logs", Method::Refill), ("refs", Method::AlterWithoutObstacles)]);
    assert!(done[0].why.clone().unwrap().contains("day is part of the partition key"), "{:?}", done[0].why);
    assert_eq!(
        scene.number("SELECT count(*) FROM logs WHERE extract(day FROM day) = 4 AND email LIKE '%@example.com'").await,
        500
    );
    assert_eq!(scene.number("SELECT count(*) FROM refs JOIN logs USING (id, day)").await, 500);
    // A value that no partition takes is an error that names the table, and nothing is changed.
    let strict = Scene::new(
        &version,
        "CREATE TABLE t (day date) PARTITION BY RANGE (day); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
         INSERT INTO t VALUES ('2026-01-05')",
    )
    .await;
    let error = strict.mask(&[masks("t", &[("day", "day + 365")])]).await.unwrap_err();
    assert!(matches!(&error, Error::Table { table, .. } if table == "public.t"), "{error}");
    assert_eq!(strict.number("SELECT count(*) FROM t1 WHERE day = '2026-01-05'").await, 1);
}

async fn inheritance(version: Version) {
    let production = "CREATE TABLE people (id int, email text, note text, CONSTRAINT mails CHECK (email LIKE '%@%')); COMMENT ON CONSTRAINT mails ON people IS 'c';
         CREATE TABLE staff (badge text) INHERITS (people); CREATE TABLE bosses () INHERITS (staff);
         CREATE INDEX ON staff (email); ALTER TABLE staff ALTER COLUMN email SET STORAGE EXTERNAL;
         INSERT INTO people SELECT i, 'p' || i || '@real.kr', 'n' FROM generate_series(1, 10) i;
         INSERT INTO staff SELECT i, 's' || i || '@real.kr', 'n', 'b' || i FROM generate_series(1, 20) i;
         INSERT INTO bosses SELECT i, 'b' || i || '@real.kr', 'n', 'x' FROM generate_series(1, 30) i";
    let scene = Scene::new(&version, production).await;
    let done = scene
        .mask_and_compare(&[
            masks("people", &[("email", EMAIL)]),
            masks("bosses", &[("email", EMAIL), ("badge", "email")]),
            masks("staff", &[("badge", "email"), ("email", EMAIL)]),
        ])
        .await;
    assert_eq!(methods(&done), [("people", Method::Alter), ("bosses", Method::Alter), ("staff", Method::Alter)]);
    assert_eq!(done.iter().map(|table| table.rows).collect::<Vec<_>>(), [10, 30, 20]);
    assert_eq!(scene.number("SELECT count(*) FROM people WHERE email LIKE 'm%@example.com'").await, 60);
    assert_eq!(
        scene.number("SELECT count(*) FROM staff WHERE badge ~ '^[sb][0-9]+@real.kr'").await,
        50,
        "USING sees old values"
    );

    // A child with other masks cannot be altered with its parent.
    let scene = Scene::new(&version, production).await;
    let done =
        scene.mask_and_compare(&[masks("people", &[("email", EMAIL)]), masks("staff", &[("email", "'x@y'")])]).await;
    assert_eq!(methods(&done), [("people", Method::Refill), ("staff", Method::Refill)]);
    assert_eq!(scene.number("SELECT count(*) FROM ONLY people WHERE email LIKE 'm%@example.com'").await, 10);
    assert_eq!(scene.number("SELECT count(*) FROM ONLY staff WHERE email = 'x@y'").await, 20);
    assert_eq!(scene.number("SELECT count(*) FROM bosses WHERE email LIKE '%real.kr'").await, 30);
}

async fn what_cannot_be_altered_is_filled_anew(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text UNIQUE, host text GENERATED ALWAYS AS (split_part(email, '@', 2)) STORED, code int UNIQUE DEFERRABLE INITIALLY DEFERRED);
         INSERT INTO users (email, code) SELECT i || '@real.kr', i FROM generate_series(1, 100) i;
         CREATE TABLE rows (id int, email text); CREATE DOMAIN dom AS rows; CREATE TABLE holder (list dom[]); INSERT INTO rows VALUES (1, 'kim@real.kr');
         CREATE TYPE shape AS (id int, email text); CREATE TABLE typed OF shape; INSERT INTO typed VALUES (1, 'kim@real.kr');
         CREATE TABLE shuffled (id int PRIMARY KEY, email text UNIQUE); INSERT INTO shuffled SELECT i, i || '@real.kr' FROM generate_series(1, 50) i;
         CREATE TABLE log (what text);
         CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (TG_OP); RETURN NULL; END';
         CREATE TRIGGER a BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION loud(); CREATE TRIGGER b BEFORE TRUNCATE ON users EXECUTE FUNCTION loud();
         ALTER TABLE users ENABLE ALWAYS TRIGGER a;
         CREATE RULE r AS ON INSERT TO users DO INSTEAD NOTHING; ALTER TABLE users ENABLE ALWAYS RULE r;
         ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users FORCE ROW LEVEL SECURITY; CREATE POLICY nobody ON users USING (email = 'x');
         CREATE TABLE refs (id bigint REFERENCES users ON DELETE CASCADE); ",
    )
    .await;
    scene.cluster.sql("app", "INSERT INTO refs SELECT id FROM users").await;
    let shuffle = "(SELECT s.email FROM (SELECT email, row_number() OVER (ORDER BY md5(email)) AS place FROM shuffled) s WHERE s.place = shuffled.id)";
    let list = [
        // The codes are a permutation of themselves.
        masks("users", &[("email", EMAIL), ("code", "101 - code")]),
        masks("rows", &[("email", EMAIL)]),
        masks("typed", &[("email", EMAIL)]),
        masks("shuffled", &[("email", shuffle)]),
    ];
    let done = scene.mask_and_compare(&list).await;
    assert!(done.iter().all(|table| table.method == Method::Refill), "{done:#?}");
    let whys: Vec<String> = done.iter().map(|table| table.why.clone().unwrap()).collect();
    assert!(whys[0].starts_with("the generated column host is computed from a masked one; "), "{whys:#?}");
    assert_eq!(
        whys[1..],
        [
            "its row type is the type of holder.list",
            "it is a table of the type public.shape",
            "the mask of \"email\" contains a subquery"
        ]
    );
    assert_eq!(scene.number("SELECT count(*) FROM users WHERE host = 'example.com' AND code = 101 - id").await, 100);
    assert_eq!(scene.number("SELECT count(DISTINCT email) FROM shuffled WHERE email LIKE '%real.kr'").await, 50);
    assert!(scene.number("SELECT count(*) FROM shuffled WHERE email = id || '@real.kr'").await < 50);
    assert_eq!(scene.number("SELECT count(*) FROM refs JOIN users USING (id)").await, 100);
    assert_eq!(scene.number("SELECT count(*) FROM log").await, 0, "no trigger ran");
    if version.major >= 18 {
        let scene = Scene::new(&version, "CREATE TABLE v (email text, up text GENERATED ALWAYS AS (upper(email)) VIRTUAL); INSERT INTO v VALUES ('kim@real.kr')").await;
        let done = scene.mask_and_compare(&[masks("v", &[("email", EMAIL)])]).await;
        assert_eq!(methods(&done), [("v", Method::Refill)]);
        assert_eq!(scene.number("SELECT count(*) FROM v WHERE up LIKE '%EXAMPLE.COM'").await, 1);
    }
}

async fn room_on_the_disk(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE big AS SELECT i AS id, repeat('kim@real.kr', 40) AS email FROM generate_series(1, 5000) i",
    )
    .await;
    let list = [masks("big", &[("email", EMAIL)])];
    let options = |free| devdb::scrub::rewrite::Options {
        generation: "app-dev-1",
        recipe: "one",
        jobs: 2,
        free_bytes: Some(free),
        listener: &scene.heard,
    };
    let error = devdb::scrub::rewrite::rewrite(&scene, "app", &list, &options(1 << 20)).await.unwrap_err();
    let Error::DiskSpace { need, free } = &error else { panic!("{error}") };
    assert!(need.tables > 1 << 20 && *free == 1 << 20 && error.to_string().ends_with("1.0 MiB are free"), "{error}");
    assert_eq!(scene.number("SELECT count(*) FROM big WHERE email LIKE 'kim%'").await, 5000);
    devdb::scrub::rewrite::rewrite(&scene, "app", &list, &options(1 << 30)).await.unwrap();
}

async fn errors_show_no_expression(version: Version) {
    let scene = Scene::new(&version, "CREATE TABLE users (id int, email text CONSTRAINT has_at CHECK (email LIKE '%@%'), n text); INSERT INTO users VALUES (1, 'kim@real.kr', 'x-77')").await;
    for (column, sql, told) in [
        ("email", "'secretkey' || id", "constraint has_at"),
        ("n", "(n || 'secretkey')::int::text", "SQLSTATE 22P02"),
        ("n", "secretkey(n)", "SQLSTATE 42883"),
    ] {
        let error = scene.mask(&[masks("users", &[(column, sql)])]).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.starts_with("public.users could not be masked: ") && text.contains(told), "{text}");
        assert!(!text.contains("secretkey") && !text.contains("x-77") && !text.contains("kim@"), "{text}");
        scene.cluster.sql("app", "DROP SCHEMA devdb_meta CASCADE").await;
        devdb::scrub::marker::claim(&scene.master, "app-dev-1").await.unwrap();
    }
    assert!(!scene.cluster.log().contains("secretkey"), "{}", scene.cluster.log());
    assert_eq!(scene.texts("SELECT email FROM users").await, ["kim@real.kr"]);
}
