//! Masks, coverage and the leak check in a rotation: an undecided column or a surviving original stops the publication;
//! the message names the column and never a value.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::scene::Scene;

/// Sections of the scene's configuration, which tests replace.
const SCRIPTED: &str = "scripted: [app.users.*, \"app.*.받는 사람\",";
const KEPT: &str = "keep: [\"app.*.*\",";

/// The kept database of the production, in a URL.
const REFERENCE_IN_URL: &str = "%C3%9Cn%C3%AF%20%22c%C3%B8de%22%20db";

/// Refused before any script runs; with YAML to paste.
#[test]
fn an_undecided_column_stops_a_rotation() {
    let scene = Scene::new();
    scene.config(SCRIPTED, "scripted: [app.users.email,").config(KEPT, "keep: [app.users.id,");
    let done = scene.devdb(&["rotate"]).code(7).says("neither masked nor kept").says("app.users.phone");
    let done = done.says("phone: { phone: kr }").says("was removed");
    assert!(!done.err.contains("10-scrub"), "{}", done.err);
    assert_eq!((scene.generations(), scene.record()), (Vec::new(), None));
}

/// A pattern decides for the column, but nobody has reviewed it.
#[test]
fn a_new_column_stops_a_rotation_although_a_pattern_matches() {
    let scene = Scene::new();
    scene.devdb(&["rotate"]).code(0).says("no devdb.lock");
    let coverage = |database: &str, arguments: &[&str]| {
        let (_, port) = scene.record().unwrap();
        let url = format!("postgres://app_service@127.0.0.1:{port}/{database}");
        let arguments = [&["coverage", "--database", &url], arguments].concat();
        let mut command = scene.command(&arguments);
        crate::support::scene::done(command.env("PGPASSWORD", "dev-service-password").output().unwrap())
    };
    coverage("app", &[]).code(0).says("no devdb.lock");
    for database in ["app", "billing", REFERENCE_IN_URL] {
        coverage(database, &["--accept"]).code(0).says("commit it");
    }
    let lock = std::fs::read_to_string(scene.path("devdb.lock")).unwrap();
    scene.devdb(&["rotate"]).code(0);

    std::fs::write(scene.path("devdb.lock"), lock.replace("      phone: ", "      fax: ")).unwrap();
    let live = scene.record();
    scene.devdb(&["rotate"]).code(7).says("app.users.phone").says("is new").says("--accept");
    assert_eq!(scene.record(), live);
    std::fs::write(scene.path("devdb.lock"), lock.replace("tables:", "tabels:")).unwrap();
    scene.devdb(&["rotate"]).code(2).says("devdb.lock").says("line ").says("devdb coverage --database URL --accept");

    // What that message recommends works on the damaged file, and says what it loses.
    coverage("app", &["--accept"]).code(0).says("tabels").says("accept each of them again");
    let done = scene.devdb(&["rotate"]).code(7).says("database billing is not in devdb.lock, which lists app");
    assert!(!done.err.contains("is new since"), "{}", done.err);
    coverage("billing", &["--accept"]).code(0);
    scene.devdb(&["rotate"]).code(7).says("is not in devdb.lock, which lists app, billing");
    coverage(REFERENCE_IN_URL, &["--accept"]).code(0);
    scene.devdb(&["rotate"]).code(0);
}

/// A copy of a masked column, in a table that is kept.
const COPY: &str = "CREATE TABLE app.copies AS SELECT 'written by ' || upper(email) AS note FROM app.users";

#[test]
fn an_original_in_another_table_stops_the_publication() {
    let scene = Scene::new();
    // Runs before masking.
    scene.script("00-secure/10_copy.sql", &format!("{COPY};\n"));
    let done = scene.devdb(&["rotate"]).code(7).says("originals of app.users.email").says("app.copies.note");
    assert!(!done.err.to_lowercase().contains("@company.example"), "{}", done.err);
    assert_eq!((scene.generations(), scene.record()), (Vec::new(), None));
    let reason = "survivors: [{ in: app.copies.note, reason: the tests want them there }]";
    scene.config("  mail_domains:", &format!("  {reason}\n  mail_domains:"));
    scene.devdb(&["rotate", "--verbose"]).code(0).says("the tests want them there");
}

/// Refused before anything changes; the message names the constraint.
#[test]
fn an_unproved_mask_is_refused() {
    let scene = Scene::new();
    scene.config("name: { fake: english_name }", "id: { fixed: 1 }");
    scene.devdb(&["rotate"]).code(7).says("app.users.id").says("users_pkey").says("was removed");
}

#[test]
fn a_weak_or_missing_key_is_refused_first() {
    let scene = Scene::new();
    scene.config("the key of these tests", "short");
    scene.devdb(&["rotate"]).code(2).says("needs at least 16");
    scene.config("{ command: [printf, \"%s\", short] }", "env:DEVDB_TEST_NO_SUCH_KEY");
    scene.devdb(&["rotate"]).code(2).says("key of the masks").says("DEVDB_TEST_NO_SUCH_KEY");
    assert_eq!(scene.generations(), [""; 0]);
}

/// Values that look personal, in a column that is kept.
#[test]
fn personal_values_stop_the_publication_too() {
    let scene = Scene::new();
    scene.script("20-seed/30_real.sql", "UPDATE app.users SET email = 'kim' || id || '@naver.com' WHERE id > 9000;\n");
    scene.script("90-verify/10_users.sql", "SELECT 1 WHERE false;\n");
    let done = scene.devdb(&["rotate"]).code(7).says("app.users.email").says("looks like e-mail addresses");
    assert!(!done.err.contains("naver"), "{}", done.err);
}
