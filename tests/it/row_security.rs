//! Row-level security that is forced on the owner of a table, who is another role than the master user.

use super::support::block_on;
use super::support::databases::{Database, FILLED};
use super::support::scene::Scene;

/// Tables of another role: masked, kept, emptied before the snapshot; ordinary, partitioned and inherited.
const TENANTS: Database = (
    "tenants",
    "CREATE ROLE tenant_owner; GRANT tenant_owner TO app_admin;
     CREATE SCHEMA tenants; GRANT ALL ON SCHEMA tenants TO tenant_owner; GRANT USAGE ON SCHEMA tenants TO app_service;
     SET ROLE tenant_owner;
     CREATE TABLE tenants.people (id int PRIMARY KEY, email text);
     INSERT INTO tenants.people SELECT i, 'tenant' || i || '@corp.example' FROM generate_series(1, 50) i;
     CREATE TABLE tenants.notes (id int REFERENCES tenants.people, note text);
     INSERT INTO tenants.notes SELECT i, 'note ' || i FROM generate_series(1, 50) i;
     CREATE TABLE tenants.events (id int, email text) PARTITION BY RANGE (id);
     CREATE TABLE tenants.events_1 PARTITION OF tenants.events FOR VALUES FROM (0) TO (100);
     INSERT INTO tenants.events SELECT i, 'event' || i || '@corp.example' FROM generate_series(1, 50) i;
     CREATE TABLE tenants.gone (email text);
     INSERT INTO tenants.gone SELECT 'gone' || i || '@corp.example' FROM generate_series(1, 50) i;
     ANALYZE;
     DELETE FROM tenants.gone;
     DO $$ DECLARE t text; BEGIN FOREACH t IN ARRAY '{people,notes,events,events_1,gone}'::text[] LOOP
         EXECUTE format('ALTER TABLE tenants.%I ENABLE ROW LEVEL SECURITY', t);
         EXECUTE format('ALTER TABLE tenants.%I FORCE ROW LEVEL SECURITY', t);
         EXECUTE format('CREATE POLICY own ON tenants.%I USING (current_setting(''app.tenant'', true) = ''all'')', t);
     END LOOP; END $$;
     GRANT SELECT ON ALL TABLES IN SCHEMA tenants TO app_service, app_admin;
     RESET ROLE; REVOKE tenant_owner FROM app_admin",
);
static PRODUCTION: [Database; 4] = [FILLED[0], FILLED[1], FILLED[2], TENANTS];

fn scene(major: Option<u32>) -> Scene {
    let scene = Scene::of(major, &PRODUCTION);
    scene.config("  - name: postgres\n", "  - name: tenants\n      - name: postgres\n");
    scene.config("rules: { ", "rules: { tenants.people: { email: email }, tenants.events: { email: email }, ");
    scene.config("keep: [", "keep: [tenants.people.id, tenants.notes.*, tenants.events.id, tenants.gone.*, ");
    scene
}

/// Asserts that the live generation has masked rows behind policies that are still forced.
fn assert_masked_and_forced(scene: &Scene) {
    block_on(async {
        let session = scene.developer_in("tenants").await;
        let count = async |sql: &str| session.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
        assert_eq!(count("SELECT count(*) FROM tenants.people").await, 0, "a policy was lost");
        session.run("SET app.tenant = 'all'").await.unwrap();
        for table in ["people", "events"] {
            let masked = format!("SELECT count(*) FROM tenants.{table} WHERE email NOT LIKE '%corp%'");
            assert_eq!(count(&masked).await, 50, "{table}");
        }
        assert_eq!(count("SELECT count(*) FROM tenants.notes").await, 50);
        let forced =
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'tenants'::regnamespace AND relforcerowsecurity";
        assert_eq!(count(forced).await, 5);
    });
}

#[test]
fn tables_whose_policies_are_forced_on_another_owner_are_masked_and_published() {
    for major in [None, Some(18)] {
        let scene = scene(major);
        scene.devdb(&["rotate"]).code(0).says("is live");
        assert_masked_and_forced(&scene);
    }
}

#[test]
fn the_same_as_a_superuser() {
    let scene = scene(None);
    block_on(scene.alter_production(&["ALTER ROLE app_admin SUPERUSER"]));
    scene.devdb(&["rotate"]).code(0).says("is live");
    assert_masked_and_forced(&scene);
}

/// The policies of a role that the master user can neither assume nor bypass hide rows: nothing is masked.
#[test]
fn tables_that_cannot_be_read_completely_are_refused_before_masking_with_the_statement_that_helps() {
    // Before 16, CREATEROLE is sufficient to assume every role that is not a superuser.
    let scene = scene(Some(18));
    block_on(scene.alter_production(&["REVOKE tenant_owner FROM app_admin CASCADE"]));
    let done = scene.devdb(&["rotate"]).code(7).says("was removed");
    for words in ["tenants.people", "tenants.notes", "GRANT \"tenant_owner\" TO \"app_admin\""] {
        assert!(done.err.contains(words), "{words:?} is not in\n{}", done.err);
    }
    assert!(!done.err.contains("mask tables"), "{}", done.err);
}
