//! Original values do not survive in views, dead rows and statistics (L15, L16).

#![allow(clippy::unwrap_used, clippy::expect_used)]

use devdb::pg::Session;
use devdb::scrub::residue;

use crate::on_14_to_18;
use crate::support::cluster::{Cluster, Version};
use crate::support::listener::Heard;

on_14_to_18!(statistics_views_and_dead_rows, statistics_that_analyze_leaves, what_cannot_be_cleared);

/// How many statistics entries still quote a real address, seen with all rights.
async fn quoted(cluster: &Cluster) -> Vec<String> {
    let superuser = cluster.superuser("app").await;
    let rows = superuser
        .query(
            "SELECT format('%s.%s', tablename, attname) FROM pg_stats WHERE schemaname !~ '^pg_' \
             AND (most_common_vals::text LIKE '%real.kr%' OR histogram_bounds::text LIKE '%real.kr%') \
             UNION SELECT format('%s (extended)', statistics_name) FROM pg_stats_ext WHERE most_common_vals::text LIKE '%real.kr%' \
             ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn gone(cluster: &Cluster, role: &str) {
    let superuser = cluster.superuser("app").await;
    for _ in 0..100 {
        let sessions: i64 = superuser
            .query_one("SELECT count(*) FROM pg_stat_activity WHERE usename = $1::text::name", &[&role])
            .await
            .unwrap()
            .get(0);
        if sessions == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{role} is still there");
}

async fn places(session: &Session) -> Vec<String> {
    residue::stale(session).await.unwrap().into_iter().map(|stale| format!("{}: {}", stale.place, stale.why)).collect()
}

const PRODUCTION: &str = "
    CREATE TABLE users (id int PRIMARY KEY, email text, team int);
    INSERT INTO users SELECT i, 'kim' || i % 50 || '@real.kr', i % 5 FROM generate_series(1, 2000) i;
    CREATE STATISTICS pairs (mcv) ON email, team FROM users;
    CREATE TABLE events (id int, at date, email text) PARTITION BY RANGE (at);
    CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
    CREATE TABLE events_new PARTITION OF events DEFAULT;
    INSERT INTO events SELECT i, date '2025-12-01' + i % 60, 'lee' || i % 40 || '@real.kr' FROM generate_series(1, 1000) i;
    CREATE MATERIALIZED VIEW a_teams AS SELECT 1 AS id, ''::text AS emails WITH NO DATA;
    DROP MATERIALIZED VIEW a_teams;
    CREATE MATERIALIZED VIEW z_teams AS SELECT team, min(email) AS email FROM users GROUP BY team;
    CREATE VIEW m_teams AS SELECT * FROM z_teams;
    CREATE MATERIALIZED VIEW a_teams AS SELECT min(email) AS email FROM m_teams;
    CREATE MATERIALIZED VIEW never_filled AS SELECT email FROM users WITH NO DATA;
    ANALYZE;";

async fn statistics_views_and_dead_rows(version: Version) {
    let cluster = Cluster::start(&version, &["shared_preload_libraries = 'pg_stat_statements'"]).await;
    let master = cluster.with_master().await;
    cluster.sql("app", "CREATE EXTENSION pg_stat_statements").await;
    for statement in PRODUCTION.split_inclusive(';') {
        master.run(statement).await.unwrap();
    }
    // A service account's table, in its own schema.
    master.run("CREATE ROLE api LOGIN PASSWORD 'p'; GRANT CREATE ON DATABASE app TO api").await.unwrap();
    let api = cluster.login("api", "p", "app").await.unwrap();
    api.run("CREATE SCHEMA api; CREATE TABLE api.mails (email text); INSERT INTO api.mails SELECT 'x@real.kr' FROM generate_series(1, 100)").await.unwrap();
    api.run("ANALYZE api.mails; UPDATE api.mails SET email = 'masked'").await.unwrap();

    // The scrub, as a script may do it.
    master
        .run("UPDATE users SET email = 'u' || id || '@example.com'; UPDATE events SET email = 'e' || id")
        .await
        .unwrap();
    // An idle session may not have told the server what it changed.
    drop(api);
    gone(&cluster, "api").await;
    let before = quoted(&cluster).await;
    assert!(before.len() >= 7, "{before:?}");
    let stale = places(&master).await;
    for place in ["public.users: ", "api.mails: ", "public.events_old: "] {
        let changed = |it: &String| it.starts_with(place) && it.ends_with(" rows changed since it was analyzed");
        assert!(stale.iter().any(changed), "{place}: {stale:#?}");
    }

    let heard = Heard::default();
    let done = residue::clear(&master, &heard).await.unwrap();
    assert_eq!((done.refreshed, done.emptied.len(), done.unrefreshed.len()), (2, 0, 0), "{}", heard.text());
    assert_eq!(quoted(&cluster).await, Vec::<String>::new(), "{}", heard.text());
    assert_eq!(places(&master).await, Vec::<String>::new(), "{}", heard.text());
    let email: String = master.query_one("SELECT email FROM a_teams", &[]).await.unwrap().get(0);
    assert!(email.ends_with("@example.com"), "the view over the view was filled after it: {email}");
    // L16: the rows themselves are gone from the pages that a query could reach.
    let dead: i64 =
        master.query_one("SELECT sum(n_dead_tup)::bigint FROM pg_stat_user_tables", &[]).await.unwrap().get(0);
    assert_eq!(dead, 0);
    // The old versions of the statistics went too, because the master owns the database.
    assert!(!heard.text().contains("was not rewritten"), "{}", heard.text());
    assert!(heard.text().contains("pg_stat_statements could not be reset"), "{}", heard.text());

    // Whatever happens afterwards shows.
    master.run("UPDATE events_new SET email = 'again@real.kr'").await.unwrap();
    let stale = places(&master).await;
    assert!(
        stale.iter().any(|it| it.starts_with("public.events_new: ") && it.contains("changed since it was analyzed")),
        "{stale:?}"
    );
}

/// `ANALYZE` computes nothing for a table without rows, and leaves what it had.
#[expect(clippy::too_many_lines, reason = "one scenario over all kinds of residue")]
async fn statistics_that_analyze_leaves(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    cluster.sql("app", "CREATE COLLATION ci (provider = libc, locale = 'C')").await;
    for statement in [
        "CREATE TABLE outbox (id int PRIMARY KEY, email varchar(60) COLLATE \"ci\" NOT NULL, tag text)",
        "ALTER TABLE outbox ALTER COLUMN tag SET STORAGE EXTERNAL",
        "INSERT INTO outbox SELECT i, 'kim' || i % 20 || '@real.kr', 'mail to lee@real.kr' FROM generate_series(1, 500) i",
        "CREATE TABLE parts (id int, email text) PARTITION BY LIST (id)",
        "CREATE TABLE part PARTITION OF parts DEFAULT",
        "INSERT INTO parts SELECT 1, 'park@real.kr' FROM generate_series(1, 100)",
        // A queue's payload under a view, where no type can be altered.
        "CREATE TABLE viewed (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL, at timestamptz NOT NULL, \
             email text, twice text GENERATED ALWAYS AS (email || email) STORED)",
        "INSERT INTO viewed (kind, at, email) SELECT 'k@real.kr', now(), 'jung' || i % 9 || '@real.kr' FROM generate_series(1, 100) i",
        "CREATE VIEW view AS SELECT kind, email FROM viewed",
        "CREATE TABLE untracked (email text)",
        "INSERT INTO untracked SELECT 'choi@real.kr' FROM generate_series(1, 100)",
        // Emptied parts of tables with rows, whose column types can be altered in the topmost table only.
        "CREATE TABLE ranged (at date NOT NULL, who text NOT NULL) PARTITION BY RANGE (at)",
        "CREATE TABLE ranged_1 PARTITION OF ranged FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY RANGE (at)",
        "CREATE TABLE ranged_1_all PARTITION OF ranged_1 DEFAULT",
        "CREATE TABLE ranged_2 PARTITION OF ranged DEFAULT",
        "INSERT INTO ranged SELECT date '2025-02-01', 'shin' || i % 9 || '@real.kr' FROM generate_series(1, 100) i",
        "INSERT INTO ranged SELECT date '2027-02-01', 'masked' FROM generate_series(1, 100) i",
        "CREATE TABLE base (who text NOT NULL)",
        "CREATE TABLE heir (CHECK (length(who) > 3)) INHERITS (base)",
        "INSERT INTO base SELECT 'masked' FROM generate_series(1, 100) i",
        "INSERT INTO heir SELECT 'yoon' || i % 9 || '@real.kr' FROM generate_series(1, 100) i",
        "ANALYZE",
        "ALTER TABLE untracked ALTER COLUMN email SET STATISTICS 0",
        "TRUNCATE outbox, parts, viewed, ranged_1, heir",
        "UPDATE untracked SET email = 'masked'",
        "VACUUM ANALYZE",
    ] {
        master.run(statement).await.unwrap();
    }
    let columns = [
        "heir.who",
        "outbox.email",
        "outbox.tag",
        "part.email",
        "parts.email",
        "ranged_1.who",
        "ranged_1_all.who",
        "untracked.email",
        "viewed.email",
        "viewed.kind",
        "viewed.twice",
    ];
    assert_eq!(quoted(&cluster).await, columns, "this is the server's behaviour that the test is about");
    let stale = places(&master).await;
    for place in
        ["public.outbox (id, email, tag)", "public.part (email)", "public.parts (email)", "public.untracked (email)"]
    {
        assert!(
            stale.iter().any(|it| it.starts_with(&format!("{place}: the planner's statistics"))),
            "{place}: {stale:#?}"
        );
    }
    let heard = Heard::default();
    residue::clear(&master, &heard).await.unwrap();
    assert_eq!(quoted(&cluster).await, Vec::<String>::new(), "{}", heard.text());
    assert_eq!(places(&master).await, Vec::<String>::new(), "{}", heard.text());
    // The columns are what they were.
    let row = master
        .query_one(
            "SELECT string_agg(format('%s %s %s %s', attname, format_type(atttypid, atttypmod), \
                 (SELECT collname FROM pg_collation c WHERE c.oid = attcollation), attstorage), ', ' ORDER BY attnum) \
             FROM pg_attribute WHERE attrelid = 'outbox'::regclass AND attnum > 1",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<_, &str>(0), "email character varying(60) ci x, tag text default e");
    let target: String = master
        .query_one(
            "SELECT attstattarget::text FROM pg_attribute WHERE attrelid = 'untracked'::regclass AND attnum = 1",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(target, "0");
}

/// What the master may not clear is found by reading back, not believed.
async fn what_cannot_be_cleared(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    cluster.sql("postgres", "ALTER DATABASE app OWNER TO postgres").await;
    cluster.sql("app", "CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO master").await;
    cluster
        .sql("app", "CREATE TABLE s.foreign_users (email text); INSERT INTO s.foreign_users VALUES ('kim@real.kr')")
        .await;
    cluster.sql("app", "CREATE MATERIALIZED VIEW s.copy AS SELECT * FROM s.foreign_users").await;
    cluster
        .sql("app", "GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA s TO master; GRANT CREATE ON SCHEMA public TO master")
        .await;
    master.run("UPDATE s.foreign_users SET email = 'masked'").await.unwrap();
    // A view that cannot be filled any more is emptied rather than left.
    master.run("CREATE TABLE mine (i int); INSERT INTO mine VALUES (1)").await.unwrap();
    master.run("CREATE MATERIALIZED VIEW broken AS SELECT 1 / i AS x FROM mine").await.unwrap();
    master.run("UPDATE mine SET i = 0").await.unwrap();
    let heard = Heard::default();
    let done = residue::clear(&master, &heard).await.unwrap();
    assert_eq!(done.emptied, ["public.broken"], "{}", heard.text());
    assert_eq!(done.unrefreshed, ["s.copy"], "{}", heard.text());
    assert!(heard.text().contains("was not rewritten"), "{}", heard.text());
    let stale = places(&master).await;
    let found: Vec<&str> = stale.iter().filter_map(|it| it.split(':').next()).collect();
    assert_eq!(found, ["s.copy", "s.copy", "s.foreign_users"], "{stale:?}");
    assert!(master.query("SELECT * FROM broken", &[]).await.is_err());
    // A database's owner may vacuum it all, but not refresh: fresh statistics of original rows.
    cluster.sql("app", "ALTER DATABASE app OWNER TO master").await;
    residue::clear(&master, &heard).await.unwrap();
    let stale = places(&master).await;
    assert!(
        stale.len() == 1
            && stale[0].starts_with("s.copy: it may hold original rows, and the master user may not refresh it"),
        "{stale:?}"
    );
}
