//! Masks, coverage and the leak check as a rotation uses them: what nobody thought of and what is left
//! stops the publication, by name and without a value.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::scene::Scene;

/// The scene's own sections, to be replaced.
const SCRIPTED: &str = "scripted: [app.users.*, \"app.*.받는 사람\"]";
const KEPT: &str = "keep: [\"app.*.*\"]";

/// Before any script ran, so before anything took time; with lines to paste.
#[test]
fn a_column_that_nobody_thought_of_stops_the_night_by_name() {
    let scene = Scene::new();
    scene.config(SCRIPTED, "scripted: [app.users.email]").config(KEPT, "keep: [app.users.id]");
    let done = scene.devdb(&["rotate"]).code(7).says("neither masked nor kept").says("app.users.phone");
    let done = done.says("phone: { phone: kr }").says("was removed");
    assert!(!done.err.contains("10-scrub"), "{}", done.err);
    assert_eq!((scene.generations(), scene.record()), (Vec::new(), None));
}

/// A column of the pattern's kind is covered, and still told of: the lock knows what was looked at.
#[test]
fn a_new_column_is_told_of_although_a_pattern_covers_it() {
    let scene = Scene::new();
    scene.devdb(&["rotate"]).code(0).says("no devdb.lock");
    let (_, port) = scene.record().unwrap();
    let url = format!("postgres://app_service@127.0.0.1:{port}/app");
    let coverage = |arguments: &[&str]| {
        let arguments = [&["coverage", "--database", &url], arguments].concat();
        let mut command = scene.command(&arguments);
        crate::support::scene::done(command.env("PGPASSWORD", "dev-service-password").output().unwrap())
    };
    coverage(&[]).code(0).says("no devdb.lock");
    coverage(&["--accept"]).code(0).says("commit it");
    let lock = std::fs::read_to_string(scene.path("devdb.lock")).unwrap();
    scene.devdb(&["rotate"]).code(0);

    std::fs::write(scene.path("devdb.lock"), lock.replace("      phone: ", "      fax: ")).unwrap();
    let live = scene.record();
    scene.devdb(&["rotate"]).code(7).says("app.users.phone").says("is new").says("--accept");
    assert_eq!(scene.record(), live);
    std::fs::write(scene.path("devdb.lock"), lock.replace("tables:", "tabels:")).unwrap();
    scene.devdb(&["rotate"]).code(2).says("devdb.lock").says("line ");
}

/// A copy of what was masked, in a table that is kept.
const COPY: &str = "CREATE TABLE app.copies AS SELECT 'written by ' || upper(email) AS note FROM app.users";

#[test]
fn an_original_that_is_found_elsewhere_stops_the_publication() {
    let scene = Scene::new();
    // Made while the originals are still there.
    scene.script("00-secure/10_copy.sql", &format!("{COPY};\n"));
    let done = scene.devdb(&["rotate"]).code(7).says("originals of app.users.email").says("app.copies.note");
    assert!(!done.err.to_lowercase().contains("@company.example"), "{}", done.err);
    assert_eq!((scene.generations(), scene.record()), (Vec::new(), None));
    let reason = "survivors: [{ in: app.copies.note, reason: the tests want them there }]";
    scene.config("  mail_domains:", &format!("  {reason}\n  mail_domains:"));
    scene.devdb(&["rotate"]).code(0).says("the tests want them there");
}

/// A mask that cannot be proved is refused before anything is touched, with the constraint named.
#[test]
fn a_mask_that_cannot_be_proved_is_refused_with_its_constraint() {
    let scene = Scene::new();
    scene.config("name: { fake: english_name }", "id: { fixed: 1 }");
    scene.devdb(&["rotate"]).code(7).says("app.users.id").says("users_pkey").says("was removed");
}

#[test]
fn a_weak_or_missing_key_is_refused_before_anything_is_done() {
    let scene = Scene::new();
    scene.config("the key of these tests", "short");
    scene.devdb(&["rotate"]).code(2).says("needs at least 16");
    scene.config("{ command: [printf, \"%s\", short] }", "env:DEVDB_TEST_NO_SUCH_KEY");
    scene.devdb(&["rotate"]).code(2).says("key of the masks").says("DEVDB_TEST_NO_SUCH_KEY");
    assert_eq!(scene.generations(), [""; 0]);
}

/// What only looks personal, in a column that is kept and was never an original.
#[test]
fn what_looks_personal_stops_the_publication_too() {
    let scene = Scene::new();
    scene.script("20-seed/30_real.sql", "UPDATE app.users SET email = 'kim' || id || '@naver.com' WHERE id > 9000;\n");
    scene.script("90-verify/10_users.sql", "SELECT 1 WHERE false;\n");
    let done = scene.devdb(&["rotate"]).code(7).says("app.users.email").says("looks like e-mail addresses");
    assert!(!done.err.contains("naver"), "{}", done.err);
}
