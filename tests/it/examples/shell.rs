use std::path::Path;
use std::process::Command;

use devdb::pg::server::Account;

use super::cases::{LOCAL, case};
use super::documents::blocks;
use super::on_local::{Desk, end_servers, environment};
use crate::support::cluster::{Cluster, version};
use crate::support::scene::{Done, done};
use crate::support::server;

/// Shell blocks that are run here, by these tests or by those of the platforms.
const RUN: [&str; 13] = [
    "README.md: Install 2",
    "README.md: Five minutes with the demo 1",
    "README.md: Five minutes with the demo 2",
    CHECK,
    POLICY,
    LOOK,
    FIRST,
    ADOPT,
    "README.md: Without RDS: the local platform 1",
    "README.md: Without RDS: the local platform 2",
    "README.md: Without RDS: the local platform 3",
    "README.md: First steps 1",
    SAMPLES,
];

pub const CHECK: &str = "README.md: 5. devdb.yaml 1";
pub const POLICY: &str = "README.md: 6. The IAM policy 1";
pub const LOOK: &str = "README.md: 8. Look before you leap 1";
pub const FIRST: &str = "README.md: 9. The first rotation 1";
pub const ADOPT: &str = "README.md: 9. The first rotation 2";
pub const SAMPLES: &str = "README.md: Samples 1";

/// Blocks that are not run, and why.
const NOT_RUN: [(&str, &str); 6] = [
    ("README.md: Install 1", "compiles the release, which takes minutes"),
    ("README.md: 1. Two security groups 1", "makes a network, which the simulated account does not have"),
    ("README.md: 3. A parameter group 1", "the simulated account plants groups by its control side only"),
    ("README.md: 7. The role 1", "the simulated account makes the role"),
    ("README.md: 10. Every night 1", "changes a repository on GitHub"),
    ("CONTRIBUTING.md: Build and test 1", "is how this test is run"),
];

/// Lines of blocks that are run, which are not, and why.
const LINES_NOT_RUN: [(&str, &str, &str); 2] = [
    (POLICY, "aws iam create-policy", "tests/it/aws_rotate/policy.rs judges what the policy allows"),
    (SAMPLES, "devdb sample --where", "pushes to ECR; tests/it/workflows.rs pushes to a registry"),
];

/// Names, hosts and passwords of the reader; `{…}` is known when the test runs.
const SUBSTITUTIONS: [(&str, &str, &str); 6] = [
    ("README.md: Five minutes with the demo 1", "/tmp/haneul", "{home}"),
    ("README.md: Five minutes with the demo 2", "/tmp/haneul", "{home}"),
    ("README.md: Without RDS: the local platform 1", "prod.example.com", "127.0.0.1"),
    ("README.md: First steps 1", "PGPASSWORD=…", "PGPASSWORD=r"),
    ("README.md: First steps 1", "replica.example.com", "localhost:{replica}"),
    (SAMPLES, "me@localhost", "dev@localhost:{laptop}"),
];

#[test]
fn every_shell_block_is_run_or_its_exception_has_a_reason() {
    let mut there: Vec<String> = blocks("sh").into_iter().map(|block| block.place).collect();
    there.sort();
    let mut known: Vec<&str> = RUN.into_iter().chain(NOT_RUN.map(|(place, _)| place)).collect();
    known.sort_unstable();
    assert_eq!(there, known);
}

/// Runs a block in a folder, in the environment of a command, with devdb on the `PATH`.
#[track_caller]
pub fn run(place: &str, folder: &Path, prepared: &Command, values: &[(&str, &str)]) -> Done {
    assert!(RUN.contains(&place), "list {place}");
    let block = blocks("sh").into_iter().find(|block| block.place == place).unwrap();
    let mut script = block.text.lines().filter(|line| !not_run(place, line)).collect::<Vec<_>>().join("\n");
    for (_, from, to) in SUBSTITUTIONS.iter().filter(|(of, ..)| *of == place) {
        assert!(script.contains(from), "{place}: nothing to replace: {from}");
        let to = values.iter().fold((*to).to_owned(), |to, (name, value)| to.replace(&format!("{{{name}}}"), value));
        script = script.replace(from, &to);
    }
    let mut command = Command::new("bash");
    for (name, value) in prepared.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let own = Path::new(env!("CARGO_BIN_EXE_devdb")).parent().unwrap().display().to_string();
    let inherited = prepared.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value?.to_str());
    let path = inherited.map_or_else(|| std::env::var("PATH").unwrap(), str::to_owned);
    command.env("PATH", format!("{own}:{}:{path}", server::bin(None).display()));
    command.args(["--noprofile", "--norc", "-eu", "-o", "pipefail", "-c", &script]).current_dir(folder);
    done(command.stdin(std::process::Stdio::null()).output().unwrap())
}

fn not_run(place: &str, line: &str) -> bool {
    LINES_NOT_RUN.iter().any(|(of, start, _)| *of == place && line.starts_with(start))
}

#[test]
fn completions_are_installed() {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new("bash");
    command.env("HOME", home.path());
    run("README.md: Install 2", home.path(), &command, &[]).code(0);
    let file = home.path().join(".local/share/bash-completion/completions/devdb");
    assert!(std::fs::read_to_string(file).unwrap().contains("complete"));
}

#[test]
fn five_minutes_with_the_demo() {
    // A name without a space, as the block has it.
    let folder = tempfile::Builder::new().prefix("devdb-it-").tempdir().unwrap();
    Account::for_files_in(Path::new("/nonexistent")).unwrap().own(folder.path()).unwrap();
    let home = folder.path().join("haneul").display().to_string();
    let mut command = Command::new("bash");
    environment(&mut command, folder.path()).env_remove("PGPASSWORD");
    let values = [("home", home.as_str())];
    let first = run("README.md: Five minutes with the demo 1", folder.path(), &command, &values);
    let config = Path::new(&home).join("devdb.yaml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("keep: 0", "keep: 1")).unwrap();
    let twice = (0..2).map(|_| run("README.md: Five minutes with the demo 2", folder.path(), &command, &values));
    let second: Vec<Done> = twice.collect();
    end_servers(&Path::new(&home).join("instances"));
    for server in ["production", "laptop"] {
        end_server(&Path::new(&home).join(server));
    }
    first.code(0).says("three-users.tar.zst");
    assert!(text.contains("keep: 0"));
    second.into_iter().for_each(|done| drop(done.code(0).says("is live")));
}

fn end_server(data: &Path) {
    let pid = std::fs::read_to_string(data.join("postmaster.pid")).ok();
    let pid = pid.and_then(|text| text.lines().next()?.trim().parse().ok());
    if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_a_rotation_and_a_developer_on_this_machine() {
    let desk = Desk::without_snapshot(case(LOCAL), "postgres").await;
    let folder = desk.config.parent().unwrap();
    let mut command = Command::new("bash");
    environment(&mut command, &desk.path("")).env("PGPORT", desk.production.port().to_string());
    run("README.md: Without RDS: the local platform 1", folder, &command, &[]).code(0);
    command.env_remove("PGPORT");
    run("README.md: Without RDS: the local platform 2", folder, &command, &[]).code(0).says("is live");
    command.env("PGPASSWORD", "dev-developer-password");
    run("README.md: Without RDS: the local platform 3", folder, &command, &[]).code(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_steps_with_a_replica() {
    let replica = Cluster::start(&version(15), &[]).await;
    replica.sql("postgres", "CREATE ROLE reader LOGIN PASSWORD 'r'; GRANT pg_read_all_data TO reader").await;
    replica.sql("postgres", "CREATE DATABASE app").await;
    replica.sql("app", case(LOCAL).production[0].1).await;
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("bash");
    environment(&mut command, folder.path());
    let port = replica.port().to_string();
    run("README.md: First steps 1", folder.path(), &command, &[("replica", &port)]).code(0).says("commit it");
    assert!(folder.path().join("devdb.lock").is_file());
}
