//! Job queues and their like, in the shapes that their own migrations give them.

use super::{count, defuse, nothing, remaining};
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};
use crate::support::listener::Heard;
use devdb::scrub::hazards;

on_every_version!(
    every_known_shape,
    triggers_keys_and_partitions,
    what_only_looks_alike,
    queues_of_others,
    scheduled_sql,
    background_jobs
);

const SHAPES: &str = include_str!("shapes.sql");

/// Each table of `shapes.sql` says what is to become of it in its comment: `empty`, `off: condition
/// of rows that are disabled`, or `stays`.
async fn every_known_shape(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    master.run(SHAPES).await.unwrap();
    let dangerous = remaining(&master).await;
    let said = defuse(&master).await;
    assert_eq!(remaining(&master).await, Vec::<String>::new(), "{said}");
    let tables = master
        .query(
            "SELECT format('%I.%I', n.nspname, c.relname), obj_description(c.oid, 'pg_class'), c.relname::text \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
            &[],
        )
        .await
        .unwrap();
    assert!(tables.len() > 60, "{}", tables.len());
    for row in &tables {
        let (table, fate, name): (String, Option<String>, String) = (row.get(0), row.get(1), row.get(2));
        let all = count(&master, &table).await;
        match fate.as_deref().unwrap_or_else(|| panic!("{table} has no comment")) {
            "empty" => {
                assert_eq!(all, 0, "{table}\n{said}");
                assert!(
                    dangerous.iter().any(|it| it.contains(&name)),
                    "{table} was not named as dangerous: {dangerous:#?}"
                );
            }
            // Emptied with another, or although nothing would have run it.
            "empty too" => assert_eq!(all, 0, "{table}\n{said}"),
            "stays" => assert!(all > 0, "{table}\n{said}"),
            other => {
                let off = other.strip_prefix("off: ").unwrap_or_else(|| panic!("{table}: {other}"));
                assert!(all > 0 && count(&master, &format!("{table} WHERE {off}")).await == all, "{table}\n{said}");
                assert!(dangerous.iter().any(|it| it.contains(&name)), "{table}");
            }
        }
    }
    // A second pass finds nothing to do.
    let tally = hazards::defuse(&master, &nothing(), &Heard::default()).await.unwrap();
    assert_eq!(tally, hazards::Tally::default());
}

async fn triggers_keys_and_partitions(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    master
        .run(
            "CREATE TABLE log (what text); \
             CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.log VALUES (TG_OP); RETURN OLD; END$$; \
             CREATE TABLE que_jobs (job_id int PRIMARY KEY, job_class text, run_at timestamptz, error_count int, last_error text, queue text, args json); \
             CREATE TABLE reminders (id int, job int REFERENCES que_jobs ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED); \
             INSERT INTO que_jobs SELECT i, 'Mail' FROM generate_series(1, 1500) i; INSERT INTO reminders VALUES (1, 1); \
             CREATE TRIGGER a AFTER DELETE ON que_jobs FOR EACH ROW EXECUTE FUNCTION shout(); \
             CREATE TRIGGER b AFTER DELETE OR TRUNCATE ON que_jobs EXECUTE FUNCTION shout(); \
             CREATE TRIGGER c AFTER DELETE ON que_jobs EXECUTE FUNCTION shout(); \
             CREATE TRIGGER d AFTER DELETE ON que_jobs EXECUTE FUNCTION shout(); \
             ALTER TABLE que_jobs DISABLE TRIGGER c; ALTER TABLE que_jobs ENABLE ALWAYS TRIGGER d; \
             CREATE SCHEMA \"내 \"\"Schema\"\"\"; \
             CREATE TABLE \"내 \"\"Schema\"\"\".\"Out\"\"box 발송\" (id int, at date, \"sentAt\" date) PARTITION BY RANGE (at); \
             CREATE TABLE \"내 \"\"Schema\"\"\".\"Q1\" PARTITION OF \"내 \"\"Schema\"\"\".\"Out\"\"box 발송\" DEFAULT; \
             CREATE TABLE \"내 \"\"Schema\"\"\".\"MailOutbox\" (id int, at date, \"sentAt\" date) PARTITION BY RANGE (at); \
             CREATE TABLE \"내 \"\"Schema\"\"\".\"Q2\" PARTITION OF \"내 \"\"Schema\"\"\".\"MailOutbox\" DEFAULT; \
             CREATE TRIGGER t AFTER TRUNCATE ON \"내 \"\"Schema\"\"\".\"Q2\" EXECUTE FUNCTION shout(); \
             INSERT INTO \"내 \"\"Schema\"\"\".\"MailOutbox\" VALUES (1, now(), NULL), (2, now(), now()); \
             INSERT INTO \"내 \"\"Schema\"\"\".\"Out\"\"box 발송\" VALUES (1, now(), NULL)",
        )
        .await
        .unwrap();
    let said = defuse(&master).await;
    assert!(said.contains("public.que_jobs: 1,500 rows, 1,500 waiting; emptied"), "{said}");
    assert!(said.contains("MailOutbox") && said.contains("2 rows, 1 waiting; emptied"), "{said}");
    assert_eq!(count(&master, "que_jobs").await, 0);
    assert_eq!(count(&master, "reminders WHERE job IS NULL").await, 1, "the row that referred to it stays");
    assert_eq!(count(&master, "\"내 \"\"Schema\"\"\".\"Q2\"").await, 0);
    assert_eq!(count(&master, "log").await, 0, "no trigger fired");
    let states: String = master
        .query_one(
            "SELECT string_agg(tgname || tgenabled::text, ',' ORDER BY tgname) FROM pg_trigger WHERE NOT tgisinternal",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(states, "aO,bO,cD,dA,tO", "each trigger is as it was");
    assert_eq!(remaining(&master).await, Vec::<String>::new());
    // A key that forbids it: named, and nothing else is touched.
    master
        .run(
            "INSERT INTO que_jobs SELECT i, 'Mail' FROM generate_series(1, 3) i; \
             CREATE TABLE strict (job int REFERENCES que_jobs); INSERT INTO strict VALUES (2)",
        )
        .await
        .unwrap();
    let said = defuse(&master).await;
    assert!(said.contains("could not be emptied"), "{said}");
    assert_eq!((count(&master, "que_jobs").await, count(&master, "log").await), (3, 0));
    let left = remaining(&master).await;
    assert!(left.len() == 1 && left[0].starts_with("que: public.que_jobs: 3 rows, 3 waiting"), "{left:?}");
}

/// Views, foreign tables and tables that share a few columns are left alone.
async fn what_only_looks_alike(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    cluster
        .sql("app", "CREATE EXTENSION postgres_fdw; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO master")
        .await;
    master
        .run(
            "CREATE TABLE letters (id int, payload text, attempts int); INSERT INTO letters VALUES (1, 'x', 0); \
             CREATE VIEW outbox AS SELECT * FROM letters; \
             CREATE VIEW mails AS SELECT *, now() AS run_at FROM letters; \
             CREATE MATERIALIZED VIEW old_outbox AS SELECT * FROM letters; \
             CREATE TABLE courses (id int, schedule text, body text, scheduled_at date); INSERT INTO courses VALUES (1); \
             CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; CREATE FOREIGN TABLE far_outbox (id int) SERVER far; \
             CREATE TEMP TABLE temp_outbox (id int); INSERT INTO temp_outbox VALUES (1)",
        )
        .await
        .unwrap();
    let said = defuse(&master).await;
    for table in ["letters", "courses", "old_outbox", "temp_outbox"] {
        assert_eq!(count(&master, table).await, 1, "{table}\n{said}");
    }
    assert!(!said.contains("outbox"), "{said}");
    assert_eq!(remaining(&master).await, Vec::<String>::new());
}

/// A queue that belongs to a service account, closed by a policy even to its owner's other members.
async fn queues_of_others(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    master.run("CREATE ROLE worker LOGIN PASSWORD 'p'; GRANT CREATE ON DATABASE app TO worker").await.unwrap();
    let worker = cluster.login("worker", "p", "app").await.unwrap();
    worker
        .run(
            "CREATE SCHEMA graphile_worker; CREATE TABLE graphile_worker._private_jobs (id bigint PRIMARY KEY, job_queue_id int, \
             task_id int NOT NULL, payload json NOT NULL, priority smallint, run_at timestamptz, attempts smallint NOT NULL, \
             max_attempts smallint NOT NULL, last_error text, key text, locked_at timestamptz, locked_by text); \
             ALTER TABLE graphile_worker._private_jobs ENABLE ROW LEVEL SECURITY; \
             INSERT INTO graphile_worker._private_jobs VALUES (1, 1, 1, '{\"email\":\"kim@real.kr\"}', 0, now(), 0, 25), \
             (2, 1, 1, '{}', 0, now(), 25, 25); \
             CREATE TABLE graphile_worker.forced_outbox (id int); INSERT INTO graphile_worker.forced_outbox VALUES (1); \
             ALTER TABLE graphile_worker.forced_outbox ENABLE ROW LEVEL SECURITY; \
             ALTER TABLE graphile_worker.forced_outbox FORCE ROW LEVEL SECURITY",
        )
        .await
        .unwrap();
    let said = defuse(&master).await;
    assert!(said.contains("graphile_worker._private_jobs: 2 rows, 1 waiting; emptied"), "{said}");
    // Nobody but a superuser could count the forced one; that it takes no space any more is proof.
    assert!(said.contains("forced_outbox: an unknown number of rows; emptied"), "{said}");
    let superuser = cluster.superuser("app").await;
    assert_eq!(count(&superuser, "graphile_worker._private_jobs").await, 0);
    assert_eq!(count(&superuser, "graphile_worker.forced_outbox").await, 0);
    assert_eq!(remaining(&master).await, Vec::<String>::new());
    assert!(!said.contains("real.kr"));
}

/// pg_cron is found through `pg_extension`; here an extension of that name stands in for it, made from
/// loose objects, with the real one's policy on its jobs.
async fn scheduled_sql(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    let superuser = cluster.superuser("app").await;
    superuser
        .run(
            "CREATE SCHEMA cron; CREATE TABLE cron.job (jobid bigint PRIMARY KEY, schedule text, command text, nodename text, \
             nodeport int, database text, username text DEFAULT current_user, active bool DEFAULT true, jobname text); \
             ALTER TABLE cron.job ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON cron.job USING (username = current_user); \
             GRANT USAGE ON SCHEMA cron TO PUBLIC; GRANT SELECT ON cron.job TO PUBLIC; \
             INSERT INTO cron.job VALUES (1, '* * * * *', 'SELECT bill_everybody()')",
        )
        .await
        .unwrap();
    // Somebody else's job is hidden from the master by the policy, and blocks all the same.
    assert_eq!(count(&master, "cron.job").await, 0);
    assert!(remaining(&master).await[0].starts_with("pg-cron"), "{:?}", remaining(&master).await);
    let said = defuse(&superuser).await;
    assert_eq!(count(&superuser, "cron.job WHERE active").await, 0, "{said}");
    // With the extension itself: any extension that may be renamed, its name changed in the catalog.
    superuser
        .run("CREATE EXTENSION citext; UPDATE pg_extension SET extname = 'pg_cron' WHERE extname = 'citext'")
        .await
        .unwrap();
    superuser.run("UPDATE cron.job SET active = true").await.unwrap();
    let left = remaining(&superuser).await;
    assert!(left[0].starts_with("pg-cron: extension pg_cron with 1 active job"), "{left:?}");
    let said = defuse(&superuser).await;
    assert!(said.contains("dropped with its jobs and their log"), "{said}");
    assert_eq!(count(&superuser, "pg_extension WHERE extname = 'pg_cron'").await, 0);
    assert_eq!(remaining(&superuser).await, Vec::<String>::new());
}

/// TimescaleDB's view of its jobs and its function, in look-alikes: production's own procedure and the
/// telemetry are disabled, its policies go on.
async fn background_jobs(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    master
        .run(
            "CREATE TABLE bgw (id int, proc_schema name, proc_name name, owner name DEFAULT current_user, scheduled bool DEFAULT true); \
             INSERT INTO bgw (id, proc_schema, proc_name) VALUES (1, '_timescaledb_functions', 'policy_telemetry'), \
             (1000, '_timescaledb_functions', 'policy_retention'), (1001, 'app', 'bill_everybody'); \
             CREATE SCHEMA timescaledb_information; CREATE VIEW timescaledb_information.jobs AS \
             SELECT id AS job_id, proc_schema, proc_name, owner, scheduled FROM bgw; \
             CREATE FUNCTION public.alter_job(job_id int, scheduled bool) RETURNS void LANGUAGE sql AS \
             'UPDATE public.bgw SET scheduled = $2 WHERE id = $1'",
        )
        .await
        .unwrap();
    assert_eq!(remaining(&master).await.len(), 2);
    let said = defuse(&master).await;
    assert!(said.contains("TimescaleDB job 1001 calling app.bill_everybody; disabled"), "{said}");
    assert_eq!(count(&master, "bgw WHERE scheduled AND id = 1000").await, 1);
    assert_eq!(count(&master, "bgw WHERE scheduled").await, 1);
    assert_eq!(remaining(&master).await, Vec::<String>::new());
}
