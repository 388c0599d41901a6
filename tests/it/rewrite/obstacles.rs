//! Obstacles to altering a column are removed and recreated to the byte.

use devdb::scrub::rewrite::{Error, Method};

use super::{EMAIL, Scene, masks, methods};
use crate::on_every_version;
use crate::support::cluster::Version;

on_every_version!(
    views_over_views,
    materialized_views_over_each_other,
    triggers_rules_and_policies,
    functions_with_an_sql_body,
    publications_with_columns_and_filters,
    marks_that_alter_forgets,
    other_owners,
    event_triggers_of_ours,
    what_cannot_be_put_back_is_gone_around,
    indexes_that_were_never_completed,
);

const USERS: &str = "
    CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE, name text, team int);
    INSERT INTO users SELECT i, 'kim' || i || '@real.kr', 'Kim ' || i, i % 5 FROM generate_series(1, 200) i;";

async fn real(scene: &Scene, table: &str) -> i64 {
    scene.number(&format!("SELECT count(*) FROM {table} t WHERE t::text LIKE '%real.kr%'")).await
}

async fn views_over_views(version: Version) {
    let scene = Scene::new(
        &version,
        &format!(
            "{USERS}
             CREATE ROLE reader; CREATE ROLE \"Odd Name\";
             CREATE VIEW mails WITH (security_barrier = true) AS SELECT id, email AS mail, upper(name) AS name FROM users WHERE email <> '';
             ALTER VIEW mails RENAME COLUMN mail TO \"the mail\";
             ALTER VIEW mails ALTER COLUMN id SET DEFAULT 7;
             COMMENT ON VIEW mails IS 'it''s a view'; COMMENT ON COLUMN mails.\"the mail\" IS 'of \\ a column';
             GRANT SELECT ON mails TO reader WITH GRANT OPTION; GRANT UPDATE (name) ON mails TO \"Odd Name\";
             CREATE VIEW above AS SELECT m.\"the mail\" AS a, u.email AS b FROM mails m JOIN users u USING (id);
             CREATE VIEW checked AS SELECT id, email, team FROM users WHERE email IS NOT NULL WITH LOCAL CHECK OPTION;
             CREATE VIEW grouped AS SELECT id, name, count(*) AS n FROM users GROUP BY id;
             CREATE RECURSIVE VIEW numbers (n) AS SELECT min(length(email)) FROM users UNION ALL SELECT n + 1 FROM numbers WHERE n < 20;
             CREATE VIEW \"Odd \"\"view\" AS SELECT email COLLATE \"C\" AS \"Odd \"\"column\", ARRAY[email]::varchar(80)[] AS list FROM users;
             CREATE VIEW top AS SELECT * FROM above WHERE b LIKE '%@%';
             CREATE FUNCTION ins() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
             CREATE TRIGGER instead INSTEAD OF INSERT ON above FOR EACH ROW EXECUTE FUNCTION ins();
             CREATE RULE quiet AS ON DELETE TO top DO INSTEAD NOTHING;
             CREATE VIEW apart AS SELECT team FROM users"
        ),
    )
    .await;
    if version.major >= 15 {
        scene
            .run(
                "CREATE VIEW invoker WITH (security_invoker = on, security_barrier = false) AS SELECT email FROM users",
            )
            .await;
    }
    let done = scene.mask_and_compare(&[masks("users", &[("email", EMAIL)])]).await;
    assert_eq!(methods(&done), [("users", Method::AlterWithoutObstacles)]);
    let why = done[0].why.clone().unwrap();
    assert!(why.contains("view public.mails") && !why.contains("public.apart") && !why.contains("public.top"), "{why}");
    for view in ["users", "mails", "above", "checked", "top", "\"Odd \"\"view\""] {
        assert_eq!(real(&scene, view).await, 0, "{view}");
        assert_eq!(scene.number(&format!("SELECT count(*) FROM {view}")).await, 200, "{view}");
    }
}

async fn materialized_views_over_each_other(version: Version) {
    let scene = Scene::new(
        &version,
        &format!(
            "{USERS}
             CREATE ROLE reader;
             ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader;
             CREATE MATERIALIZED VIEW mails WITH (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false)
                 AS SELECT id, email, name FROM users;
             REVOKE ALL ON mails FROM reader; GRANT SELECT (email) ON mails TO reader; GRANT INSERT ON mails TO PUBLIC;
             CREATE UNIQUE INDEX mails_id ON mails (id); CREATE INDEX mails_lower ON mails (lower(email)) WHERE id > 3;
             ALTER INDEX mails_lower ALTER COLUMN 1 SET STATISTICS 77; COMMENT ON INDEX mails_lower IS 'an index';
             ALTER MATERIALIZED VIEW mails CLUSTER ON mails_id;
             ALTER MATERIALIZED VIEW mails ALTER COLUMN email SET STATISTICS 55; ALTER MATERIALIZED VIEW mails ALTER COLUMN email SET STORAGE EXTERNAL;
             ALTER MATERIALIZED VIEW mails ALTER COLUMN name SET (n_distinct = -0.5);
             CREATE STATISTICS mails_st (mcv) ON email, name FROM mails; ALTER STATISTICS mails_st SET STATISTICS 44;
             COMMENT ON STATISTICS mails_st IS 'pairs';
             COMMENT ON MATERIALIZED VIEW mails IS 'a copy'; COMMENT ON COLUMN mails.email IS 'a column of a copy';
             CREATE VIEW between AS SELECT email, count(*) AS n FROM mails GROUP BY email;
             CREATE MATERIALIZED VIEW a_top AS SELECT max(email) AS email FROM between;
             CREATE MATERIALIZED VIEW direct AS SELECT m.email, u.name FROM mails m JOIN users u ON u.email = m.email;
             CREATE MATERIALIZED VIEW empty AS SELECT email FROM users WITH NO DATA;
             CREATE MATERIALIZED VIEW whole AS SELECT count(*) AS n FROM mails"
        ),
    )
    .await;
    let done = scene.mask_and_compare(&[masks("users", &[("email", EMAIL)])]).await;
    assert_eq!(methods(&done), [("users", Method::AlterWithoutObstacles)]);
    for view in ["mails", "direct"] {
        assert_eq!(scene.number(&format!("SELECT count(*) FROM {view} WHERE email LIKE '%@example.com'")).await, 200);
    }
    assert_eq!(scene.number("SELECT n FROM whole").await, 200);
    // It reads the copy through a view that was only replaced, so it was not in the way; clearing residue
    // fills it anew.
    assert_eq!(scene.number("SELECT count(*) FROM pg_class WHERE relkind = 'm' AND NOT relispopulated").await, 1);
}

async fn triggers_rules_and_policies(version: Version) {
    let scene = Scene::new(
        &version,
        &format!(
            "{USERS}
             CREATE TABLE log (what text); CREATE TABLE other (id int, owner text);
             INSERT INTO other SELECT i, 'kim' || i || '@real.kr' FROM generate_series(1, 9) i;
             CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (TG_NAME); RETURN NEW; END';
             CREATE TRIGGER plain AFTER UPDATE OR INSERT OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION loud();
             CREATE TRIGGER of_email BEFORE UPDATE OF email, name ON users FOR EACH ROW EXECUTE FUNCTION loud();
             CREATE TRIGGER when_email AFTER UPDATE ON users FOR EACH ROW WHEN (OLD.email IS DISTINCT FROM NEW.email) EXECUTE FUNCTION loud('a', '''b');
             CREATE CONSTRAINT TRIGGER later AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.email <> '') EXECUTE FUNCTION loud();
             CREATE TRIGGER off BEFORE UPDATE OF email ON users FOR EACH ROW EXECUTE FUNCTION loud();
             ALTER TABLE users DISABLE TRIGGER off; ALTER TABLE users ENABLE ALWAYS TRIGGER of_email; ALTER TABLE users ENABLE REPLICA TRIGGER when_email;
             COMMENT ON TRIGGER of_email ON users IS 'fires';
             CREATE RULE logged AS ON UPDATE TO users WHERE NEW.email <> OLD.email DO ALSO INSERT INTO log VALUES ('rule');
             COMMENT ON RULE logged ON users IS 'a rule'; 
             CREATE RULE off AS ON INSERT TO other DO ALSO UPDATE users SET email = NEW.owner WHERE id = NEW.id;
             ALTER TABLE other DISABLE RULE off;
             ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users FORCE ROW LEVEL SECURITY;
             CREATE ROLE team_a; CREATE ROLE team_b;
             CREATE POLICY own ON users USING (email = current_user) WITH CHECK (email LIKE '%@%');
             CREATE POLICY adding ON users AS RESTRICTIVE FOR INSERT TO team_a, team_b WITH CHECK (email IS NOT NULL);
             COMMENT ON POLICY own ON users IS 'a policy';
             ALTER TABLE other ENABLE ROW LEVEL SECURITY;
             CREATE POLICY through ON other FOR SELECT TO team_b USING (EXISTS (SELECT FROM users u WHERE u.email = other.owner))"
        ),
    )
    .await;
    let done =
        scene.mask_and_compare(&[masks("users", &[("email", EMAIL)]), masks("other", &[("owner", "'x'::text")])]).await;
    assert_eq!(methods(&done), [("users", Method::AlterWithoutObstacles), ("other", Method::AlterWithoutObstacles)]);
    assert_eq!(done[0].rows, 200, "policies hid no row");
    assert_eq!(real(&scene, "users").await + real(&scene, "other").await, 0);
    assert_eq!(scene.number("SELECT count(*) FROM log").await, 0, "no trigger or rule ran");
}

async fn functions_with_an_sql_body(version: Version) {
    let scene = Scene::new(
        &version,
        &format!(
            "{USERS}
             CREATE ROLE caller;
             CREATE FUNCTION mail_of(which int, \"Odd\" text DEFAULT 'x;') RETURNS text LANGUAGE sql STABLE STRICT SECURITY DEFINER SET work_mem = '5MB'
                 RETURN (SELECT u.email FROM users u WHERE u.id = which);
             CREATE PROCEDURE rename(which int) LANGUAGE sql BEGIN ATOMIC UPDATE users SET email = name WHERE id = which; SELECT 1; END;
             CREATE FUNCTION listed(OUT id int, OUT mail text) RETURNS SETOF record LANGUAGE sql BEGIN ATOMIC SELECT u.id, u.email FROM users u; END;
             CREATE VIEW over AS SELECT mail_of(id) AS mail FROM users WHERE team = 1;
             COMMENT ON FUNCTION mail_of IS 'a function'; REVOKE ALL ON FUNCTION mail_of FROM PUBLIC; GRANT EXECUTE ON FUNCTION mail_of TO caller"
        ),
    )
    .await;
    let done = scene.mask_and_compare(&[masks("users", &[("email", EMAIL)])]).await;
    assert_eq!(methods(&done), [("users", Method::AlterWithoutObstacles)]);
    assert_eq!(real(&scene, "listed()").await + real(&scene, "over").await, 0);
    assert_eq!(scene.number("SELECT count(*) FROM over WHERE mail LIKE '%@example.com'").await, 40);
}

async fn publications_with_columns_and_filters(version: Version) {
    let scene = Scene::new(&version, &format!("{USERS} CREATE TABLE more (id int PRIMARY KEY, email text)")).await;
    scene.run("INSERT INTO more VALUES (1, 'kim@real.kr')").await;
    scene.cluster.sql("postgres", "GRANT CREATE ON DATABASE app TO master").await;
    let methods_of = if version.major >= 15 {
        scene
            .run(
                "CREATE PUBLICATION part FOR TABLE users (id, email, team) WHERE (email <> 'x'), more;
                 CREATE PUBLICATION filtered FOR TABLE users WHERE (name LIKE 'K%' AND email IS NOT NULL) WITH (publish = 'insert');
                 CREATE PUBLICATION apart FOR TABLE users (id, team)",
            )
            .await;
        [("users", Method::AlterWithoutObstacles), ("more", Method::Alter)]
    } else {
        scene.run("CREATE PUBLICATION part FOR TABLE users, more").await;
        [("users", Method::Alter), ("more", Method::Alter)]
    };
    let done = scene.mask_and_compare(&[masks("users", &[("email", EMAIL)]), masks("more", &[("email", EMAIL)])]).await;
    assert_eq!(methods(&done), methods_of);
    assert_eq!(real(&scene, "users").await, 0);
}

async fn marks_that_alter_forgets(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE COLLATION ci (provider = libc, locale = 'C');
         CREATE DOMAIN mail AS text COLLATE ci CHECK (VALUE LIKE '%@%');
         CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, gone int, email mail NOT NULL DEFAULT 'a@b', name varchar(40) COLLATE ci,
             doc jsonb, tags text[] DEFAULT '{}', CONSTRAINT long CHECK (length(email) > 3), CONSTRAINT unchecked CHECK (name <> '') NO INHERIT,
             EXCLUDE USING hash (name WITH =), UNIQUE (email, name) INCLUDE (id) DEFERRABLE INITIALLY DEFERRED) WITH (fillfactor = 80);
         ALTER TABLE users DROP COLUMN gone;
         INSERT INTO users (email, name, doc) SELECT 'kim' || i || '@real.kr', 'Kim ' || i, jsonb_build_object('email', 'kim' || i || '@real.kr') FROM generate_series(1, 100) i;
         ALTER TABLE users ADD CONSTRAINT late CHECK (name <> 'x') NOT VALID;
         COMMENT ON CONSTRAINT long ON users IS 'a check'; COMMENT ON COLUMN users.email IS 'a column'; COMMENT ON TABLE users IS 'a table';
         CREATE INDEX lowered ON users USING btree (lower(email::text) text_pattern_ops DESC NULLS LAST, name) WITH (fillfactor = 60) WHERE name IS NOT NULL;
         COMMENT ON INDEX lowered IS 'an index'; ALTER INDEX lowered ALTER COLUMN 1 SET STATISTICS 66;
         CREATE INDEX docs ON users USING gin (doc jsonb_path_ops) WITH (fastupdate = off);
         CREATE UNIQUE INDEX one_name ON users (email, id); 
         ALTER TABLE users CLUSTER ON one_name; ALTER TABLE users REPLICA IDENTITY USING INDEX users_pkey;
         ALTER TABLE users ALTER COLUMN email SET STORAGE EXTERNAL, ALTER COLUMN doc SET STORAGE MAIN, ALTER COLUMN name SET STATISTICS 33, ALTER COLUMN tags SET STORAGE PLAIN;
         ALTER TABLE users ALTER COLUMN doc SET COMPRESSION pglz, ALTER COLUMN email SET (n_distinct = 99);
         CREATE STATISTICS st (dependencies, mcv) ON email, name FROM users; ALTER STATISTICS st SET STATISTICS 22; COMMENT ON STATISTICS st IS 'statistics';
         CREATE STATISTICS expr ON lower(email), name FROM users;
         CREATE ROLE reader; GRANT SELECT (email), UPDATE (name) ON users TO reader; GRANT SELECT ON users TO PUBLIC",
    )
    .await;
    scene
        .cluster
        .sql("app", "CREATE ROLE keeper; GRANT CREATE ON SCHEMA public TO keeper; ALTER STATISTICS st OWNER TO keeper")
        .await;
    if version.major >= 16 {
        scene.cluster.sql("app", "GRANT keeper TO master WITH ADMIN TRUE, INHERIT FALSE, SET FALSE").await;
    }
    let done = scene
        .mask_and_compare(&[masks(
            "users",
            &[
                ("email", EMAIL),
                ("name", "'N' || id"),
                ("doc", "jsonb_build_object('email', 'x')"),
                ("tags", "ARRAY[name]::text[]"),
            ],
        )])
        .await;
    assert_eq!(methods(&done), [("users", Method::Alter)]);
    assert_eq!(real(&scene, "users").await, 0);
    assert_eq!(
        scene.number("SELECT count(*) FROM users WHERE tags = ARRAY['Kim ' || id]").await,
        100,
        "USING sees old values"
    );
}

async fn other_owners(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE ROLE api; CREATE ROLE web; GRANT CREATE ON DATABASE app TO api, web; CREATE SCHEMA kept; GRANT USAGE ON SCHEMA kept TO PUBLIC",
    )
    .await;
    scene
        .cluster
        .sql(
            "app",
            &format!(
                "SET ROLE api; CREATE SCHEMA api; GRANT USAGE, CREATE ON SCHEMA api TO web; SET search_path = api; {USERS}
                 GRANT SELECT, REFERENCES ON users TO web;
                 CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; REVOKE ALL ON FUNCTION f FROM PUBLIC;
                 CREATE TRIGGER t BEFORE UPDATE OF email ON users FOR EACH ROW EXECUTE FUNCTION f();
                 SET ROLE web; CREATE SCHEMA web; CREATE VIEW web.v AS SELECT email FROM api.users;
                 CREATE MATERIALIZED VIEW web.m AS SELECT email FROM api.users; CREATE INDEX ON web.m (email);
                 CREATE TABLE web.notes (id int, email text REFERENCES api.users (email)); INSERT INTO web.notes VALUES (1, 'kim7@real.kr');
                 GRANT SELECT ON web.m TO api WITH GRANT OPTION"
            ),
        )
        .await;
    let done = scene
        .mask_and_compare(&[masks("api.users", &[("email", EMAIL)]), masks("web.notes", &[("email", EMAIL)])])
        .await;
    assert_eq!(methods(&done), [("users", Method::AlterWithoutObstacles), ("notes", Method::AlterWithoutObstacles)]);
    assert_eq!(real(&scene, "web.m").await + real(&scene, "web.v").await + real(&scene, "web.notes").await, 0);

    // What belongs to the superuser cannot be altered, and nothing is.
    scene
        .cluster
        .sql("app", "CREATE TABLE kept.theirs (email text); INSERT INTO kept.theirs VALUES ('kim@real.kr')")
        .await;
    scene.cluster.sql("app", "DROP SCHEMA devdb_meta CASCADE").await;
    devdb::scrub::marker::claim(&scene.master, "app-dev-1").await.unwrap();
    let refused =
        scene.mask(&[masks("api.users", &[("email", EMAIL)]), masks("kept.theirs", &[("email", EMAIL)])]).await;
    let Err(Error::Refused(reasons)) = refused else { panic!("{refused:?}") };
    assert_eq!(reasons, ["kept.theirs belongs to postgres, whose privileges the master user cannot obtain"]);
}

async fn event_triggers_of_ours(version: Version) {
    let scene = Scene::new(&version, USERS).await;
    scene
        .cluster
        .sql(
            "app",
            "CREATE TABLE seen (what text); GRANT ALL ON seen TO PUBLIC;
             CREATE FUNCTION loud() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.seen VALUES (tg_tag); END';
             CREATE EVENT TRIGGER loud ON ddl_command_end EXECUTE FUNCTION loud()",
        )
        .await;
    // It belongs to the superuser, and the master may not set session_replication_role: nothing is done.
    let refused = scene.mask(&[masks("users", &[("email", EMAIL)])]).await;
    let Err(Error::Refused(reasons)) = refused else { panic!("{refused:?}") };
    assert!(reasons[0].starts_with("event trigger loud cannot be recreated: "), "{reasons:?}");
    assert_eq!(real(&scene, "users").await, 200);
    if version.major >= 15 {
        scene.cluster.sql("app", "GRANT SET ON PARAMETER session_replication_role TO master; TRUNCATE seen").await;
        let done = scene.mask_and_compare(&[masks("users", &[("email", EMAIL)])]).await;
        assert_eq!(methods(&done), [("users", Method::Alter)]);
        assert_eq!(scene.texts("SELECT what FROM seen").await, Vec::<String>::new());
    }
}

async fn what_cannot_be_put_back_is_gone_around(version: Version) {
    let scene = Scene::new(
        &version,
        &format!("{USERS} CREATE TABLE more AS SELECT * FROM users; GRANT SELECT ON users TO PUBLIC"),
    )
    .await;
    // The superuser's view cannot be replaced by the master.
    scene.cluster.sql("app", "CREATE VIEW theirs AS SELECT email FROM users").await;
    let done = scene.mask_and_compare(&[masks("users", &[("email", EMAIL)]), masks("more", &[("email", EMAIL)])]).await;
    assert_eq!(methods(&done), [("users", Method::Refill), ("more", Method::Alter)]);
    let why = done[0].why.clone().unwrap();
    assert!(why.starts_with("view public.theirs cannot be recreated: must be owner of view theirs"), "{why}");
    assert_eq!(real(&scene, "theirs").await, 0);
    assert_eq!(scene.number("SELECT count(*) FROM users").await, 200);
}

async fn indexes_that_were_never_completed(version: Version) {
    let scene = Scene::new(&version, &format!("{USERS} CREATE TABLE more AS SELECT id, team, email FROM users")).await;
    let broken = scene.master.run("CREATE UNIQUE INDEX CONCURRENTLY broken ON more (team)").await;
    assert_eq!(broken.unwrap_err().sqlstate(), Some("23505"));
    let done = scene.mask_and_compare(&[masks("more", &[("email", EMAIL)])]).await;
    assert_eq!(methods(&done), [("more", Method::AlterWithoutObstacles)]);
    assert_eq!(scene.number("SELECT count(*) FROM pg_class WHERE relname = 'broken'").await, 0);
}
