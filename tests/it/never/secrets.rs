//! Neither secrets nor values appear anywhere.

use super::*;

#[test]
fn rule_8_neither_passwords_nor_row_values_are_shown() {
    let scene = Scene::new();
    let cases = [
        "INSERT INTO app.users VALUES (1, 'x@y.z');",
        "UPDATE app.users SET email = 'same';",
        "SELECT email::int FROM app.users;",
        "DO $$ BEGIN RAISE EXCEPTION 'row %', (SELECT email FROM app.users LIMIT 1); END $$;",
        "ALTER TABLE app.users ADD CHECK (email = name);",
    ];
    for sql in cases {
        scene.script("10-scrub/05_wrong.sql", sql);
        for format in ["text", "json", "github"] {
            let said = scene.devdb(&["rotate", "--format", format]).code(4);
            for secret in ["real1", "corp.example", "010-1234", "dev-service-password", "김민수"] {
                // GitHub is told the password itself in ::add-mask::, and only there.
                let shown: Vec<String> = [said.out.as_str(), said.err.as_str()]
                    .iter()
                    .flat_map(|text| text.lines())
                    .filter(|line| line.contains(secret) && !line.starts_with("::add-mask::"))
                    .map(str::to_owned)
                    .collect();
                assert!(shown.is_empty(), "{sql} in {format} shows {shown:?}");
            }
        }
    }
}

#[test]
fn rule_8_a_secret_is_masked_before_it_could_appear() {
    let scene = Scene::new();
    let said = scene.devdb(&["rotate", "--format", "github"]).code(0);
    let masks: Vec<usize> =
        said.out.lines().enumerate().filter(|(_, line)| line.starts_with("::add-mask::")).map(|(at, _)| at).collect();
    let first_step = said.out.lines().position(|line| line.starts_with("::group::")).unwrap();
    // The service's password, the key of the masks, the master password.
    assert_eq!(masks.len(), 3, "{}", said.out);
    assert!(masks.iter().all(|at| *at < first_step));
    scene.config("keep: 0", "keep: 1").devdb(&["rotate"]).code(0);
    let back = scene.devdb(&["rollback", "--format", "github"]).code(0);
    assert_eq!(back.out.matches("::add-mask::").count(), 1, "{}", back.out);
    let json = scene.devdb(&["rotate", "--format", "json"]).code(0);
    assert!(!json.out.contains("password_value") && !json.out.contains("dev-service-password"));
}

#[test]
fn rule_8_nobody_else_on_the_machine_can_read_a_clones_files_or_log() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new();
    scene.devdb(&["rotate"]).code(0);
    let instance = scene.path("instances").join(scene.record().unwrap().0);
    for closed in ["data", "server.log"] {
        let mode = std::fs::metadata(instance.join(closed)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{closed} has mode {mode:o}");
    }
}
