//! Logins are closed by default, and what cannot be closed is named (DESIGN rule 9).

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};

use devdb::config::EnsuredRole;
use devdb::pg::Session;
use devdb::scrub::{databases, roles};

use crate::on_14_to_18;
use crate::support::cluster::{Cluster, Version};
use crate::support::listener::Heard;

on_14_to_18!(
    strangers_are_closed,
    a_role_of_somebody_else,
    replication_and_superusers,
    passwords_and_ensured_roles,
    other_databases
);

const INTERNAL: [&str; 1] = ["postgres"];

fn internal() -> Vec<String> {
    INTERNAL.map(String::from).to_vec()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn strangers_are_closed(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    for role in ["kim.minsu", "Jane \"J\" Doe", "김민수", "rdsouza", "api", "gone"] {
        let role = devdb::pg::identifier(role);
        master.run(&format!("CREATE ROLE {role} LOGIN PASSWORD 'prod'")).await.unwrap();
    }
    master.run("CREATE ROLE readers NOLOGIN; ALTER ROLE gone NOLOGIN").await.unwrap();
    let kim = cluster.login("kim.minsu", "prod", "app").await.unwrap();
    let api = cluster.login("api", "prod", "app").await.unwrap();
    let heard = Heard::default();

    // What is open is seen before anything is closed.
    let before = roles::still_open(&master, &set(&["api"]), &internal()).await.unwrap();
    let names: Vec<&str> = before.iter().map(|open| open.role.as_str()).collect();
    assert_eq!(names, ["Jane \"J\" Doe", "kim.minsu", "rdsouza", "김민수"]);

    let closed = roles::close_logins(&master, &set(&["api"]), &internal(), &heard).await.unwrap();
    // A person whose name begins like a role of RDS is a person.
    assert_eq!(closed.closed, ["Jane \"J\" Doe", "kim.minsu", "rdsouza", "김민수"]);
    assert!(closed.open.is_empty(), "{closed:?}");
    assert!(roles::still_open(&master, &set(&["api"]), &internal()).await.unwrap().is_empty());
    assert!(cluster.login("kim.minsu", "prod", "app").await.is_err());
    // A session goes on under NOLOGIN (L11), so it was ended; so was that of a role that stays.
    assert_eq!(closed.ended, 2);
    assert!(kim.run("SELECT 1").await.is_err() && api.run("SELECT 1").await.is_err());
    // The verifier is gone as well.
    assert!(passwordless(&cluster, "kim.minsu").await && !passwordless(&cluster, "api").await);
}

async fn passwordless(cluster: &Cluster, role: &str) -> bool {
    let superuser = cluster.superuser("postgres").await;
    let row =
        superuser.query_one("SELECT rolpassword IS NULL FROM pg_authid WHERE rolname = $1::text::name", &[&role]).await;
    row.unwrap().get(0)
}

/// L7: from PostgreSQL 16 on, a CREATEROLE master may not alter a role that somebody else made. L10: the
/// way round must hold for every database, not only for its own.
async fn a_role_of_somebody_else(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    cluster.sql("postgres", "CREATE ROLE alice LOGIN PASSWORD 'prod'; CREATE ROLE api LOGIN PASSWORD 'prod'").await;
    cluster.sql("postgres", "CREATE ROLE staff; GRANT staff TO alice; GRANT CONNECT ON DATABASE app TO staff").await;
    let heard = Heard::default();
    let closed = roles::close_logins(&master, &set(&["api"]), &internal(), &heard).await.unwrap();
    if version.major < 16 {
        assert_eq!(closed.closed, ["alice"]);
        return;
    }
    // The master owns app, but not postgres and template1: alice still comes in there, and is named.
    assert_eq!(closed.closed, Vec::<String>::new());
    assert_eq!(closed.open.len(), 1, "{closed:?}");
    assert_eq!(
        (closed.open[0].role.as_str(), &closed.open[0].databases[..]),
        ("alice", &["postgres".into(), "template1".into()][..])
    );
    assert!(closed.open[0].why.contains("ADMIN OPTION"), "{closed:?}");
    assert!(cluster.login("alice", "prod", "app").await.is_err(), "CONNECT on app was revoked, from her group too");
    cluster.login("api", "prod", "app").await.expect("an allowed role kept its way in");
    cluster.login("master", "m", "app").await.expect("so did the master");

    // Where the master owns all databases, she is shut out of all, and that is proven.
    cluster.sql("postgres", "ALTER DATABASE postgres OWNER TO master; ALTER DATABASE template1 OWNER TO master").await;
    let closed = roles::close_logins(&master, &set(&["api"]), &internal(), &heard).await.unwrap();
    assert_eq!((closed.locked_out, closed.open), (vec!["alice".to_owned()], vec![]));
    for database in ["app", "postgres", "template1"] {
        assert!(cluster.login("alice", "prod", database).await.is_err(), "{database}");
    }
    // A database that appears later lets her in again: the check is of what is, not of what was done.
    cluster.sql("postgres", "CREATE DATABASE late").await;
    let open = roles::still_open(&master, &set(&["api"]), &internal()).await.unwrap();
    assert_eq!(open[0].databases, ["late"]);
}

/// L8, L9: replication roles on 15 and older, and superusers on all versions, resist.
async fn replication_and_superusers(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    cluster
        .sql(
            "postgres",
            "CREATE ROLE streamer LOGIN REPLICATION PASSWORD 'p'; CREATE ROLE boss LOGIN SUPERUSER PASSWORD 'p'",
        )
        .await;
    cluster.sql("postgres", "CREATE ROLE bypass LOGIN BYPASSRLS PASSWORD 'p' VALID UNTIL '2001-01-01'").await;
    if version.major >= 16 {
        cluster.sql("postgres", "GRANT streamer, bypass TO master WITH ADMIN OPTION").await;
        // Even an administrator of a role with an attribute that it lacks itself may close it.
    }
    let boss = cluster.login("boss", "p", "app").await.unwrap();
    let heard = Heard::default();
    let closed = roles::close_logins(&master, &BTreeSet::new(), &internal(), &heard).await.unwrap();
    let open: Vec<&str> = closed.open.iter().map(|open| open.role.as_str()).collect();
    let expected: &[&str] = if version.major < 16 { &["boss", "streamer"] } else { &["boss"] };
    assert_eq!(open, expected, "{closed:?}\n{}", heard.text());
    // L17: a session of a superuser cannot be ended, and is counted.
    assert_eq!(closed.open[0].sessions, 1);
    boss.run("SELECT 1").await.unwrap();
    assert!(closed.open.iter().all(|open| !open.why.is_empty()));
    // A replication connection asks for no database: shut out of all of them, its role is still open.
    cluster.sql("postgres", "ALTER DATABASE postgres OWNER TO master; ALTER DATABASE template1 OWNER TO master").await;
    let closed = roles::close_logins(&master, &BTreeSet::new(), &internal(), &heard).await.unwrap();
    let streamer = closed.open.iter().find(|open| open.role == "streamer");
    if version.major < 16 {
        assert!(
            streamer.is_some_and(|open| open.databases.is_empty() && open.why.contains("REPLICATION")),
            "{closed:?}"
        );
    } else {
        assert!(streamer.is_none());
    }
    // L8: attributes that change nothing are refused, so they are never sent.
    assert!(master.run("ALTER ROLE bypass NOSUPERUSER").await.is_err());
}

async fn passwords_and_ensured_roles(version: Version) {
    let cluster = Cluster::start(&version, &["log_statement = 'all'"]).await;
    let master = cluster.with_master().await;
    master
        .run(
            "CREATE ROLE api LOGIN PASSWORD 'prod'; CREATE ROLE iam LOGIN PASSWORD 'prod'; CREATE ROLE readers; \
              CREATE SCHEMA app; CREATE TABLE app.users (id int)",
        )
        .await
        .unwrap();
    let passwords =
        BTreeMap::from([("api".to_owned(), Some("new-api-비밀".to_owned().into())), ("iam".to_owned(), None)]);
    roles::set_passwords(&master, &passwords).await.unwrap();
    cluster.login("api", "new-api-비밀", "app").await.unwrap();
    assert!(cluster.login("api", "prod", "app").await.is_err());
    assert!(passwordless(&cluster, "iam").await);
    assert!(!cluster.log().contains("비밀"), "the server never saw the password");

    let role = EnsuredRole {
        login: true,
        password: None,
        member_of: vec!["readers".into()],
        grants: vec!["USAGE ON SCHEMA app".into(), "SELECT ON ALL TABLES IN SCHEMA app".into()],
    };
    let ensured = BTreeMap::from([("dev \"x\"".to_owned(), role.clone())]);
    let passwords = BTreeMap::from([("dev \"x\"".to_owned(), "dev-secret".to_owned().into())]);
    for _ in 0..2 {
        roles::ensure_roles(&master, &ensured, &passwords).await.unwrap();
        roles::grant(&master, "dev \"x\"", &role).await.unwrap();
    }
    let dev: Session = cluster.login("dev \"x\"", "dev-secret", "app").await.unwrap();
    dev.run("SELECT FROM app.users").await.unwrap();
    assert!(!cluster.log().contains("dev-secret"));
    // A member of a role that comes later in the configuration, as in the example.
    let group = EnsuredRole { login: false, password: None, member_of: Vec::new(), grants: Vec::new() };
    let member = EnsuredRole { member_of: vec!["developers".into()], ..group.clone() };
    let ensured = BTreeMap::from([("developer".to_owned(), member), ("developers".to_owned(), group)]);
    roles::ensure_roles(&master, &ensured, &BTreeMap::new()).await.unwrap();

    // A role that exists and may not log in is not made to: LOGIN is never sent to an existing role.
    let ensured = BTreeMap::from([("readers".to_owned(), role.clone())]);
    let error = roles::ensure_roles(&master, &ensured, &BTreeMap::new()).await.unwrap_err();
    assert!(matches!(error, roles::Error::CannotLogIn { .. }), "{error}");
    let hostile = EnsuredRole { grants: vec!["SELECT ON app.users TO PUBLIC; DROP TABLE app.users".into()], ..role };
    assert!(
        roles::ensure_roles(&master, &BTreeMap::from([("evil".to_owned(), hostile)]), &BTreeMap::new()).await.is_err()
    );

    // A role without ADMIN OPTION: the error names it and the way out.
    if version.major >= 16 {
        cluster.sql("postgres", "CREATE ROLE foreign_api LOGIN PASSWORD 'prod'").await;
        let passwords = BTreeMap::from([("foreign_api".to_owned(), Some("x".to_owned().into()))]);
        let error = roles::set_passwords(&master, &passwords).await.unwrap_err();
        assert!(error.to_string().contains("foreign_api"), "{error}");
        let failure = devdb::error::Failure::from(error);
        assert!(failure.hint.unwrap().contains("ADMIN OPTION"));
    }
}

/// Every connectable database is accounted for (I-22).
async fn other_databases(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    master.run("CREATE ROLE api LOGIN PASSWORD 'p'").await.unwrap();
    cluster.sql("postgres", "CREATE ROLE other LOGIN PASSWORD 'p'").await;
    cluster.sql("postgres", "CREATE DATABASE forgotten OWNER api").await;
    cluster.sql("postgres", "CREATE DATABASE \"남의 것\" OWNER other").await;
    cluster.sql("postgres", "CREATE DATABASE blank OWNER master IS_TEMPLATE true").await;
    cluster.sql("forgotten", "CREATE TABLE users (email text)").await;
    cluster.sql("남의 것", "SELECT lo_from_bytea(0, 'x')").await;

    let listed: Vec<String> =
        databases::list(&master).await.unwrap().into_iter().map(|database| database.name).collect();
    assert_eq!(listed, ["app", "blank", "forgotten", "postgres", "template1", "남의 것"]);
    for (database, empty) in [("blank", true), ("postgres", true), ("forgotten", false), ("남의 것", false)] {
        assert_eq!(databases::is_empty(&cluster.superuser(database).await).await.unwrap(), empty, "{database}");
    }
    let accounted = set(&["app", "blank", "postgres", "template1"]);
    let open = databases::still_open(&master, &accounted, &internal()).await.unwrap();
    assert_eq!(open.iter().map(|open| open.name.as_str()).collect::<Vec<_>>(), ["forgotten", "남의 것"]);

    let session = cluster.login("api", "p", "forgotten").await.unwrap();
    let heard = Heard::default();
    databases::close(&master, &["forgotten".into(), "남의 것".into()], &heard).await.unwrap();
    assert!(cluster.login("api", "p", "forgotten").await.is_err(), "{}", heard.text());
    // Its owner stays as a service account: it must not be able to open it again.
    let api = cluster.login("api", "p", "app").await.unwrap();
    assert!(api.run("ALTER DATABASE forgotten ALLOW_CONNECTIONS true").await.is_err(), "{}", heard.text());
    let open = databases::still_open(&master, &accounted, &internal()).await.unwrap();
    if version.major < 16 {
        assert!(session.run("SELECT 1").await.is_err());
        assert!(open.is_empty(), "{open:?}");
    } else {
        // The master has no right over a role that somebody else made, nor over its database.
        assert_eq!(open.iter().map(|open| open.name.as_str()).collect::<Vec<_>>(), ["남의 것"], "{open:?}");
    }
}
