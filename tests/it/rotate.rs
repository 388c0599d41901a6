//! Rotations on the local platform, from the command line, on real clusters of each major version.

use super::support::block_on;
use super::support::scene::Scene;

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

#[test]
fn two_nights_on_14() {
    two_nights(14);
}

#[test]
fn two_nights_on_15() {
    two_nights(15);
}

#[test]
fn two_nights_on_18() {
    two_nights(18);
}
