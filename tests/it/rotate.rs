//! Rotations on the local platform, from the command line, on real clusters of each major version.

use super::support::block_on;
use super::support::scene::Scene;
use super::support::server;

/// Two nights: the first publishes a scrubbed generation, the second replaces it.
fn two_nights(major: u32) {
    let scene = Scene::on(Some(major));
    scene.devdb(&["rotate"]).code(0).says("is live").says(&format!("on PostgreSQL {major}"));
    let first = scene.record().unwrap().0;
    block_on(async {
        let developer = scene.developer().await;
        assert_eq!(developer.major(), major);
        for (query, expected) in [
            ("SELECT count(*) FROM app.users WHERE email LIKE '%corp%'", 0),
            ("SELECT count(*) FROM app.users WHERE email LIKE '%@dev.example'", 501),
            ("SELECT count(*) FROM app.directory WHERE email LIKE '%corp%'", 0),
            ("SELECT count(*) FROM app.notification_outbox", 0),
            (
                "SELECT count(*) FROM pg_catalog.pg_stats WHERE most_common_vals::text || histogram_bounds::text ~ 'corp'",
                0,
            ),
        ] {
            let row = developer.query_one(query, &[]).await.unwrap();
            assert_eq!(row.get::<_, i64>(0), expected, "{query}");
        }
    });
    scene.devdb(&["rotate"]).code(0);
    let second = scene.record().unwrap().0;
    assert!(second > first);
    assert_eq!(scene.generations(), std::slice::from_ref(&second));
}

/// A login that a superuser created, not the master. Before PostgreSQL 16 CREATEROLE is enough to close it. From 16 on it
/// takes ADMIN OPTION, so CONNECT has to be revoked, which only the owner of a database can do.
fn a_login_of_somebody_else(major: u32) {
    let login = include_str!("../fixtures/legacy_role.sql");
    let scene = Scene::on(Some(major));
    block_on(scene.alter_production(&[login, "GRANT CONNECT ON DATABASE app TO legacy_etl"]));
    let can_alter = major < 16;
    if !can_alter {
        // It could still connect to the databases of the superuser, so nothing is published.
        scene.devdb(&["rotate"]).code(7).says("legacy_etl").says("ADMIN OPTION").says("was removed");
        assert_eq!((scene.generations(), scene.record()), (Vec::new(), None));
        let owned = ["postgres", "template1"].map(|name| format!("ALTER DATABASE {name} OWNER TO app_admin"));
        block_on(scene.alter_production(&owned.each_ref().map(String::as_str)));
    }
    scene.devdb(&["rotate"]).code(0).says("legacy_etl");
    let (_, port) = scene.record().unwrap();
    block_on(async {
        for database in ["app", "postgres"] {
            let refused = login_as(port, database).await.map(drop).unwrap_err();
            let code = refused.sqlstate().unwrap_or_default().to_owned();
            assert!(code.starts_with("28") || (!can_alter && code == "42501"), "{database}: {refused}");
        }
        let developer = scene.developer().await;
        let query = "SELECT rolcanlogin FROM pg_catalog.pg_roles WHERE rolname = 'legacy_etl'";
        let may: bool = developer.query_one(query, &[]).await.unwrap().get(0);
        assert_eq!(may, !can_alter, "what could not be altered is as it was");
    });
}

async fn login_as(port: u16, database: &str) -> devdb::pg::Result<devdb::pg::Session> {
    server::login(port, "legacy_etl", "prod-etl-Ruo5", database).await
}

/// One test for each scenario and version.
macro_rules! on_versions {
    ($($scenario:ident),+ $(,)?) => {
        $(mod $scenario {
            #[test]
            fn on_14() { super::$scenario(14) }
            #[test]
            fn on_15() { super::$scenario(15) }
            #[test]
            fn on_16() { super::$scenario(16) }
            #[test]
            fn on_17() { super::$scenario(17) }
            #[test]
            fn on_18() { super::$scenario(18) }
        })+
    };
}

on_versions!(two_nights, a_login_of_somebody_else);

/// Superusers are closed before the clone listens, which the step and the report name like every other login.
#[test]
fn a_closed_superuser_is_reported() {
    let scene = Scene::new();
    block_on(scene.alter_production(&[
        "CREATE ROLE \"the boss\" LOGIN SUPERUSER PASSWORD 'x'",
        "CREATE ROLE retired_boss SUPERUSER",
    ]));
    let done = scene.devdb(&["rotate"]).code(0);
    let line = done.err.lines().find(|line| line.contains("closed: ")).expect("a line about logins").to_owned();
    assert!(line.contains("the boss") && line.contains("kim.minsu") && !line.contains("retired_boss"), "{line}");
}
