//! What a clone could do to the outside is found, made harmless, and proven harmless.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use devdb::pg::Session;
use devdb::scrub::hazards;

use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};
use crate::support::listener::Heard;

mod queues;
mod replication;

on_every_version!(
    prepared_transactions,
    foreign_servers_and_dblink,
    secret_settings_and_event_triggers,
    what_cannot_be_defused_is_named,
    kept_with_a_reason,
);

pub fn nothing() -> BTreeMap<String, String> {
    BTreeMap::new()
}

/// Defuses, and returns what was said.
pub async fn defuse(session: &Session) -> String {
    let heard = Heard::default();
    tokio::time::timeout(Duration::from_secs(60), hazards::defuse(session, &nothing(), &heard)).await.unwrap().unwrap();
    heard.text()
}

/// Names of hazards that are still there.
pub async fn remaining(session: &Session) -> Vec<String> {
    let remaining = hazards::remaining(session, &nothing()).await.unwrap();
    remaining.into_iter().map(|it| format!("{}: {} ({})", it.hazard, it.description, it.remedy)).collect()
}

pub async fn count(session: &Session, from: &str) -> i64 {
    session.query_one(&format!("SELECT count(*) FROM {from}"), &[]).await.unwrap().get(0)
}

/// L5: a prepared transaction's locks survive a restore; the queue behind them must be emptied all
/// the same, and nothing may wait for ever.
async fn prepared_transactions(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    master.run("CREATE TABLE outbox (id int, sent_at timestamptz); INSERT INTO outbox VALUES (1)").await.unwrap();
    master.run("BEGIN; UPDATE outbox SET id = 2; PREPARE TRANSACTION 'it''s \\ mine'").await.unwrap();
    // One of a role that the master may become (it made it), one in another database.
    master.run("CREATE ROLE api LOGIN PASSWORD 'p'; GRANT ALL ON outbox TO api").await.unwrap();
    let api = cluster.login("api", "p", "app").await.unwrap();
    api.run("BEGIN; LOCK TABLE outbox IN ROW EXCLUSIVE MODE; PREPARE TRANSACTION 'of api'").await.unwrap();
    cluster.sql("postgres", "BEGIN; CREATE TABLE t (i int); PREPARE TRANSACTION 'elsewhere'").await;
    drop(api);
    let cluster = cluster.crash().start(&[]).await;
    let master = cluster.login("master", "m", "app").await.unwrap();
    assert_eq!(count(&master, "pg_prepared_xacts").await, 3);
    assert_eq!(remaining(&master).await.iter().filter(|it| it.starts_with("prepared-transactions")).count(), 2);

    let said = defuse(&master).await;
    assert!(said.contains("mine") && said.contains("of api") && said.contains("1 row, 1 waiting; emptied"), "{said}");
    assert_eq!(count(&master, "outbox").await, 0);
    assert_eq!(count(&master, "pg_prepared_xacts").await, 1, "that of another database is that database's");
    assert_eq!(remaining(&master).await, Vec::<String>::new());
    // No membership is left behind.
    assert_eq!(
        count(&master, "pg_auth_members WHERE member = 'master'::regrole AND grantor = 'master'::regrole").await,
        0
    );
}

async fn foreign_servers_and_dblink(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    cluster
        .sql(
            "app",
            "CREATE EXTENSION postgres_fdw; CREATE EXTENSION file_fdw; CREATE EXTENSION dblink; \
             GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw, file_fdw, dblink_fdw TO master",
        )
        .await;
    master
        .run(
            "CREATE ROLE reader; \
             CREATE SERVER \"프로드 \"\"DB\"\"\" FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'prod.example', hostaddr '10.0.0.1', dbname 'shop'); \
             CREATE SERVER bare FOREIGN DATA WRAPPER postgres_fdw; \
             CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; \
             CREATE USER MAPPING FOR PUBLIC SERVER \"프로드 \"\"DB\"\"\" OPTIONS (user 'app', password 'prod-secret'); \
             CREATE USER MAPPING FOR reader SERVER \"프로드 \"\"DB\"\"\" OPTIONS (user 'app', password 'prod-secret'); \
             CREATE FOREIGN TABLE orders (id int) SERVER \"프로드 \"\"DB\"\"\"; CREATE VIEW recent AS SELECT * FROM orders",
        )
        .await
        .unwrap();
    let before = remaining(&master).await;
    assert_eq!(before.iter().filter(|it| it.starts_with("foreign-servers")).count(), 3, "{before:?}");
    let said = defuse(&master).await;
    // The shape of the schema survives; the way out does not.
    assert_eq!(count(&master, "pg_foreign_table").await, 1, "{said}");
    assert_eq!(count(&master, "pg_user_mappings").await, 0);
    assert_eq!(count(&master, "pg_foreign_server WHERE srvname = 'files'").await, 0);
    let options: String = master
        .query_one("SELECT srvoptions::text FROM pg_foreign_server WHERE srvname LIKE '프로드%'", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(options, "{host=devdb.invalid,dbname=shop}");
    assert!(!said.contains("prod-secret"));
    // A mapping that comes back is found again, though the host is harmless.
    master.run("CREATE USER MAPPING FOR reader SERVER bare OPTIONS (user 'app', password 'x')").await.unwrap();
    assert!(remaining(&master).await.iter().any(|it| it.contains("foreign server \"bare\"")));
    defuse(&master).await;
    // dblink belongs to the superuser: it cannot be dropped, and is named with its owner.
    let left = remaining(&master).await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(
        left[0].starts_with("outbound-extensions: extension dblink") && left[0].contains("postgres, a superuser"),
        "{left:?}"
    );
    let superuser = cluster.superuser("app").await;
    defuse(&superuser).await;
    assert_eq!(remaining(&master).await, Vec::<String>::new());
    assert_eq!(count(&master, "pg_extension WHERE extname = 'dblink'").await, 0);
}

async fn secret_settings_and_event_triggers(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    cluster
        .sql(
            "postgres",
            "CREATE ROLE \"Api\" LOGIN; ALTER ROLE \"Api\" SET app.jwt_secret = 'tell nobody'; \
             ALTER ROLE \"Api\" IN DATABASE app SET app.api_key = 'k'; ALTER ROLE \"Api\" SET password_encryption = 'scram-sha-256'; \
             ALTER DATABASE app SET app.token = 't'; ALTER DATABASE app SET app.upstream = 'postgres://u:pw@prod/db'; \
             ALTER DATABASE app SET application_name = 'host=prod password=pw2'; ALTER ROLE ALL SET app.shared_secret = 'x'; \
             ALTER DATABASE app SET app.greeting = 'hello'; ALTER ROLE \"Api\" SET app.monkeys = '3'",
        )
        .await;
    cluster
        .sql(
            "app",
            "CREATE FUNCTION ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; \
             CREATE EVENT TRIGGER awsdms_intercept_ddl ON ddl_command_end EXECUTE FUNCTION ddl()",
        )
        .await;
    // The master's database, but a setting that no module defines is a superuser's to change: named.
    let said = defuse(&master).await;
    assert!(said.contains("setting application_name of this database; reset"), "{said}");
    let left = remaining(&master).await;
    assert_eq!(left.len(), 5, "{left:?}");
    for setting in [
        "jwt_secret of role Api",
        "api_key of role Api in this database",
        "token of this",
        "upstream of this",
        "shared_secret of all roles",
    ] {
        assert!(
            left.iter().any(|it| it.contains(&format!("secret-settings: setting app.{setting}"))),
            "{setting}: {left:?}"
        );
    }
    // An event trigger that cannot be disabled is a warning: it stays inside the clone.
    assert!(said.contains("event-triggers in app") && said.contains("could not be disabled"), "{said}");

    let said = said + &defuse(&cluster.superuser("app").await).await;
    assert!(!said.contains("tell nobody") && !said.contains("pw"), "{said}");
    let settings: String = master
        .query_one("SELECT string_agg(c, ',' ORDER BY c) FROM pg_db_role_setting, unnest(setconfig) c", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(settings, "app.greeting=hello,app.monkeys=3,password_encryption=scram-sha-256", "{said}");
    assert_eq!(remaining(&master).await, Vec::<String>::new());
    assert_eq!(count(&master, "pg_event_trigger WHERE evtenabled <> 'D'").await, 0);
}

/// A queue of a role that the master can neither become nor read is named, not passed over.
async fn what_cannot_be_defused_is_named(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    cluster.sql("app", "CREATE SCHEMA s; CREATE TABLE s.outbox (id int); INSERT INTO s.outbox VALUES (1)").await;
    // An untrusted language, as plpython3u is one, without the need to install it.
    cluster.sql("app", "CREATE LANGUAGE sneaky HANDLER plpgsql_call_handler; CREATE FUNCTION s.f() RETURNS void LANGUAGE sneaky AS ''").await;
    let heard = Heard::default();
    let tally = hazards::defuse(&master, &nothing(), &heard).await.unwrap();
    assert_eq!((tally.defused, tally.left), (0, 2), "{}", heard.text());
    let left = remaining(&master).await;
    assert!(left[0].contains("untrusted-languages: 1 function in sneaky, such as s.f"), "{left:?}");
    assert!(
        left[1].contains("outbox: s.outbox: an unknown number of rows; it belongs to postgres, a superuser"),
        "{left:?}"
    );
    // Row security hides rows by an error here, never by a smaller number (L14).
    cluster
        .sql(
            "app",
            "DROP FUNCTION s.f(); GRANT USAGE ON SCHEMA s TO master; GRANT SELECT ON s.outbox TO master; \
             ALTER TABLE s.outbox ENABLE ROW LEVEL SECURITY; CREATE POLICY none ON s.outbox USING (false)",
        )
        .await;
    assert_eq!(count(&master, "s.outbox").await, 0, "the policy hides the row");
    let left = remaining(&master).await;
    assert!(left.len() == 1 && left[0].contains("an unknown number of rows"), "{left:?}");
    // The session is given back as it was.
    let settings =
        master.query_one("SELECT current_setting('row_security'), current_setting('search_path')", &[]).await.unwrap();
    assert_eq!((settings.get::<_, &str>(0), settings.get::<_, &str>(1)), ("on", "\"$user\", public"));
}

async fn kept_with_a_reason(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    master
        .run(
            "CREATE TABLE outbox (id int); INSERT INTO outbox VALUES (1); \
             CREATE TABLE mails (payload text, attempts int, run_at timestamptz); INSERT INTO mails VALUES ('x', 0, now())",
        )
        .await
        .unwrap();
    let kept = BTreeMap::from([("outbox".to_owned(), "the demo shows it".to_owned())]);
    let heard = Heard::default();
    let tally = hazards::defuse(&master, &kept, &heard).await.unwrap();
    assert_eq!((tally.defused, tally.kept, tally.left), (1, 1, 0));
    assert!(heard.text().contains(r#""kept":"the demo shows it""#), "{}", heard.text());
    assert_eq!((count(&master, "outbox").await, count(&master, "mails").await), (1, 0));
    assert!(hazards::remaining(&master, &kept).await.unwrap().is_empty());
    // The reason covers that hazard only.
    assert_eq!(hazards::remaining(&master, &nothing()).await.unwrap().len(), 1);
}
