//! An explicit setting that cannot be used is an error with its name, value and remedy, never a silent fallback.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::support::scene::{Done, Scene, done};
use super::support::server;

/// A database that nobody serves.
const NOWHERE: &str = "postgres://a@127.0.0.1:1/b";

/// Runs a command with these variables, and without any other of devdb's.
fn run(scene: &Scene, arguments: &[&str], variables: &[(&str, &str)]) -> Done {
    let mut command = scene.command(arguments);
    for name in ["DEVDB_TARGET", "DEVDB_DATABASE", "DEVDB_FROM", "DEVDB_LOG", "DEVDB_HTML", "DOCKER_HOST"] {
        command.env_remove(name);
    }
    done(command.envs(variables.iter().copied()).output().unwrap())
}

/// A folder with programs that print this version.
fn programs(folder: &Path, names: &[&str], version: &str) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    for name in names {
        let path = folder.join(name);
        std::fs::write(&path, format!("#!/bin/sh\necho \"${{0##*/}} {version}\"\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder.to_owned()
}

#[test]
fn pg_bin_is_used_or_refused() {
    let scene = Scene::new();
    let refused = |value: &str, why: &str| {
        for command in [&["rotate"][..], &["doctor"], &["status"], &["start"]] {
            run(&scene, command, &[("PG_BIN", value)]).code(3).says("PG_BIN is").says(value).says(why);
        }
    };
    refused("/nonexistent", "/nonexistent is not a directory");
    let empty = scene.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let empty = empty.display().to_string();
    refused(&empty, "contains neither postgres and pg_ctl nor pg_dump and pg_restore");
    let good = server::bin(None).display().to_string();
    refused(&format!("{good}:/nonexistent"), "/nonexistent is not a directory");
    let broken = programs(&scene.path("broken"), &["postgres", "pg_ctl"], "says nothing");
    refused(&broken.display().to_string(), "--version does not print a version");
    let half = programs(&scene.path("half"), &["postgres"], "(PostgreSQL) 15.2");
    refused(&half.display().to_string(), "contains neither postgres and pg_ctl");
    run(&scene, &["rotate", "--dry-run"], &[("PG_BIN", "/nonexistent")]).code(3).says("correct PG_BIN, or unset it");
    // Clients alone: there is no server, and none elsewhere is taken.
    let clients = programs(&scene.path("clients"), &["pg_dump", "pg_restore"], "(PostgreSQL) 15.2");
    let clients = clients.display().to_string();
    run(&scene, &["rotate"], &[("PG_BIN", &clients)]).code(3).says("it has no postgres with pg_ctl");
    assert_eq!(scene.generations(), [""; 0]);
    run(&scene, &["rotate"], &[("PG_BIN", &format!("{clients}:{good}"))]).code(0);
}

#[test]
fn a_pre_release_in_pg_bin_is_recognized_and_no_other_version_is_taken() {
    let scene = Scene::new();
    for version in ["19beta2", "19rc1", "19devel", "19.0 (Debian 19.0-1.pgdg130+1)"] {
        let bin = programs(&scene.path("new"), &["postgres", "pg_ctl"], &format!("(PostgreSQL) {version}"));
        let done = run(&scene, &["rotate"], &[("PG_BIN", &bin.display().to_string())]).code(3);
        assert!(done.err.contains("server found (installed: 19)"), "{version}: {}", done.err);
        run(&scene, &["doctor"], &[("PG_BIN", &bin.display().to_string())]).says("PostgreSQL 19 in");
    }
    assert_eq!(scene.generations(), [""; 0]);
}

#[test]
fn an_option_takes_precedence_over_a_variable_and_an_empty_variable_is_unset() {
    let scene = Scene::new();
    // The option wins over the variable of the other.
    let both = [("DEVDB_TARGET", "app-dev")];
    run(&scene, &["audit", "--database", NOWHERE], &both).code(3).says("127.0.0.1:1");
    run(&scene, &["audit", "--database", NOWHERE], &[("DEVDB_TARGET", "nonsense")]).code(3).says("127.0.0.1:1");
    let generated = "the master password of app-dev is generated";
    run(&scene, &["audit", "--target", "app-dev"], &[("DEVDB_DATABASE", NOWHERE)]).code(3).says(generated);
    run(&scene, &["audit"], &[("DEVDB_DATABASE", NOWHERE), ("DEVDB_TARGET", "app-dev")])
        .code(2)
        .says("the variables DEVDB_DATABASE and DEVDB_TARGET cannot be combined");
    // Empty is unset.
    run(&scene, &["audit"], &[("DEVDB_DATABASE", ""), ("DEVDB_TARGET", "")]).code(2).says("nothing to audit");
    run(&scene, &["scrub"], &[("DEVDB_DATABASE", "")]).code(2).says("no database to mask");
    run(&scene, &["init"], &[("DEVDB_DATABASE", ""), ("DEVDB_FROM", "")]).code(2).says("no database");
    let empty = [("DEVDB_TARGET", ""), ("DEVDB_LOG", ""), ("DEVDB_HTML", ""), ("PG_BIN", "")];
    run(&scene, &["rotate", "--dry-run"], &empty).code(0);
}

#[test]
fn variables_and_options_with_nonsense_are_refused() {
    let scene = Scene::new();
    let text = std::fs::read_to_string(scene.path("devdb.yaml")).unwrap();
    std::fs::write(scene.path("devdb.yaml"), format!("{text}sample: {{ root: app.users, database: app }}\n")).unwrap();
    let archive = format!("archive:{}", scene.path("sample").display());
    let sample = |into| ["sample", "--rows", "app.users:1", "--database", NOWHERE, "--into", into];
    let cases: [(&[&str], &str, &str, &str); 14] = [
        (&["coverage", "--database", NOWHERE], "DEVDB_TARGET", "nonsense", "nonsense"),
        (&["rotate"], "DEVDB_TARGET", "nonsense", "nonsense"),
        (&["rotate"], "DEVDB_LOG", "nonsense", "DEVDB_LOG is \"nonsense\""),
        (&["rotate", "-v"], "DEVDB_LOG", "sql=loud", "DEVDB_LOG is \"sql=loud\""),
        (&["rotate"], "DEVDB_HTML", "/nonexistent/page.html", "/nonexistent/page.html"),
        (&["audit"], "DEVDB_DATABASE", "nonsense", "URL"),
        (&["init"], "DEVDB_FROM", "nonsense", "URL"),
        (&["coverage", "--database", NOWHERE], "PGSSLROOTCERT", "/nonexistent", "correct PGSSLROOTCERT"),
        (&sample("container://x:y"), "DOCKER_HOST", "nonsense", "DOCKER_HOST: nonsense"),
        (&sample("container://x:y"), "DOCKER_HOST", "tcp://db.example.com:2375", "DOCKER_HOST"),
        (&sample("container://x:y"), "DOCKER_CONTEXT", "nonsense", "docker context nonsense"),
        (&sample("container://x:y"), "DOCKER_CONFIG", "/nonexistent", "DOCKER_CONFIG: /nonexistent is not a directory"),
        (&sample(&archive), "TMPDIR", "/nonexistent", "TMPDIR is /nonexistent"),
        (&["rotate", "--log", "debug"], "DEVDB_LOG", "", "--verbose"),
    ];
    for (arguments, name, value, words) in cases {
        let done = run(&scene, arguments, &[(name, value)]);
        assert!(done.code == 2, "{name}={value} {arguments:?}: code {}\n{}{}", done.code, done.out, done.err);
        done.says(words);
    }
    run(&scene, &sample("container://x:y"), &[("DOCKER_HOST", "unix:///nonexistent.sock")])
        .code(3)
        .says("unix:///nonexistent.sock");
    // A configuration that is named but missing is not replaced by none.
    let missing = ["--config", "/nonexistent.yaml", "audit", "--database", NOWHERE];
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_devdb")).args(missing).output().unwrap();
    done(output).code(2).says("/nonexistent.yaml");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_devdb"))
        .args(&missing[2..])
        .env("DEVDB_CONFIG", "/nonexistent.yaml")
        .output();
    done(output.unwrap()).code(2).says("/nonexistent.yaml");
}

#[test]
fn half_of_github_s_token_service_is_refused() {
    let scene = Scene::new();
    scene.config(
        "local: { root: ., master_user: app_admin }",
        "aws: { account: \"111122223333\", region: ap-northeast-2, class: db.t4g.medium, subnet_group: dev,\n        \
         role: \"arn:aws:iam::111122223333:role/devdb\", parameter_group: dev,\n        \
         quarantine_security_groups: [sg-0000000000000001], developer_security_groups: [sg-0000000000000002] }",
    );
    scene.config("record: { name: app-dev }", "record: { name: app.dev.example.com, zone: Z0000000000000000001 }");
    let url = ("ACTIONS_ID_TOKEN_REQUEST_URL", "http://127.0.0.1:1/token");
    run(&scene, &["status"], &[url, ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")])
        .code(3)
        .says("ACTIONS_ID_TOKEN_REQUEST_URL is set, but ACTIONS_ID_TOKEN_REQUEST_TOKEN is not");
}

#[test]
fn output_stays_one_document_and_messages_name_what_is_missing() {
    let scene = Scene::new();
    let done = run(&scene, &["status", "--format", "json"], &[]).code(3).says("does not exist yet");
    assert_eq!(done.out, "[]\n");
    std::fs::rename(scene.path("devdb.yaml"), scene.path("moved.yaml")).unwrap();
    let text = std::fs::read_to_string(scene.path("moved.yaml")).unwrap();
    let text = text.replace("root: .", "root: ./gone");
    std::fs::write(scene.path("devdb.yaml"), format!("{text}sample: {{ root: app.users, database: app }}\n")).unwrap();
    let done = run(&scene, &["doctor", "--sample"], &[]).code(3);
    for words in ["failed to reach the platform of app-dev", "the root directory", "gone cannot be used", "create it"] {
        assert!(done.err.contains(words), "{words:?} is not in\n{}", done.err);
    }
}
