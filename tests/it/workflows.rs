//! The workflows for GitHub Actions: what they may do, and their scripts, run by bash with the real program.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::account::{Account, RECORD};
use crate::support::block_on;
use crate::support::engine::{Registry, address, base, docker, engine};
use crate::support::scene::{Done, Scene, done};
use crate::support::server::{bin, client};

const WORKFLOWS: [&str; 4] = ["ci", "release", "rotate", "sample"];

/// Scripts that are run here.
const RUN: [(&str, &str); 6] = [
    ("release", "The tag is the version in Cargo.toml"),
    ("release", "Pack"),
    ("rotate", "Rotate"),
    ("rotate", "Remove what a killed rotation left"),
    ("sample", "Pack"),
    ("sample", "Sample"),
];

/// Scripts that are not, and why.
const NOT_RUN: [(&str, &str, &str); 7] = [
    ("ci", ".ci/run", "is `make test`, which runs this test"),
    ("ci", "make deny", "needs advisories from the internet"),
    ("release", "Build", "compiles the release with the newest compiler"),
    ("release", "Checksums and release", "publishes on GitHub"),
    ("rotate", "Build", "compiles the release with the newest compiler"),
    ("sample", "Build", "compiles the release with the newest compiler"),
    ("sample", "Install pg_dump", "adds a package source to the system"),
];

#[test]
fn every_script_is_run_or_its_exception_has_a_reason() {
    let mut expected: Vec<(&str, &str)> = NOT_RUN.map(|(workflow, step, _)| (workflow, step)).into();
    expected.extend(RUN);
    expected.sort_unstable();
    let mut found = Vec::new();
    for name in WORKFLOWS {
        for step in read(name).1.iter().flat_map(|job| job["steps"].as_array().unwrap()) {
            if let Some(script) = step["run"].as_str() {
                found.push((name, step["name"].as_str().unwrap_or(script).to_owned()));
            }
        }
    }
    found.sort_unstable();
    assert_eq!(found, expected.iter().map(|(name, step)| (*name, (*step).to_owned())).collect::<Vec<_>>());
    let files = std::fs::read_dir(folder()).unwrap().count();
    assert_eq!(files, WORKFLOWS.len(), "a workflow that no test reads");
}

#[test]
fn actions_are_pinned_and_permissions_are_minimal() {
    for name in WORKFLOWS {
        let text = std::fs::read_to_string(folder().join(format!("{name}.yml"))).unwrap();
        for line in text.lines().filter_map(|line| line.split_once("uses: ").map(|(_, used)| used)) {
            let (commit, version) = line.split_once('@').unwrap().1.split_once(" # v").expect(line);
            let pinned = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(pinned && version.split('.').count() == 3, "{name}: {line} is not pinned to a commit");
        }
        let (whole, jobs) = read(name);
        assert_eq!(whole["permissions"], json!({}), "{name}");
        for job in jobs {
            let what = format!("{name}: {}", job["name"]);
            assert!(job["timeout-minutes"].as_u64().unwrap() < 360, "{what}");
            for (permission, level) in job["permissions"].as_object().unwrap() {
                let allowed = match (permission.as_str(), level.as_str().unwrap()) {
                    ("contents", "read") => true,
                    ("contents", "write") => name == "release" && job["name"] == "Publish",
                    // A token for the role only where the environment's rules apply.
                    ("id-token", "write") => job["environment"] == "devdb",
                    _ => false,
                };
                assert!(allowed, "{what} has {permission}: {level}");
            }
            for step in job["steps"].as_array().unwrap() {
                if step["uses"].as_str().is_some_and(|used| used.starts_with("actions/checkout@")) {
                    assert_eq!(step["with"]["persist-credentials"], false, "{what}");
                }
                // An expression in a script is text that an input can break out of.
                assert!(!step["run"].as_str().unwrap_or_default().contains("${{"), "{what}");
            }
        }
    }
}

#[test]
fn rotations_of_a_target_wait_for_each_other_and_for_no_other_target() {
    let (_, jobs) = read("rotate");
    let rotate = jobs.iter().find(|job| job["name"] == "Rotate").unwrap();
    let group = |target: &str, variable: &str| {
        let given = [("inputs.target", target), ("vars.DEVDB_TARGET", variable)];
        expand(rotate["concurrency"]["group"].as_str().unwrap(), &given)
    };
    assert_ne!(group("app-dev", ""), group("shop-dev", ""));
    assert_eq!(group("app-dev", ""), group("", "app-dev"), "by hand and by night");
    assert_eq!(rotate["concurrency"]["cancel-in-progress"], false);
    // A run that names no target would have a group of its own.
    let scene = checkout();
    for step in ["Rotate", "Remove what a killed rotation left"] {
        run(&scene, "rotate", step, &[("vars.DEVDB_TARGET", "")]).code(2).says("DEVDB_TARGET");
    }
    assert_eq!(scene.generations(), [""; 0]);
}

/// Of the runs that wait in a group GitHub keeps the newest and cancels the others.
#[test]
fn samples_of_an_image_wait_for_each_other_and_cancel_no_other_sample() {
    let (whole, _) = read("sample");
    let group = |target: &str, variable: &str, tag: &str| {
        let given = [("inputs.target", target), ("vars.DEVDB_TARGET", variable), ("inputs.tag", tag)];
        expand(whole["concurrency"]["group"].as_str().unwrap(), &given)
    };
    assert_eq!(group("app-dev", "", "bug-1"), group("", "app-dev", "bug-1"));
    assert_ne!(group("app-dev", "", "bug-1"), group("shop-dev", "", "bug-1"));
    assert_ne!(group("app-dev", "", "bug-1"), group("app-dev", "", "bug-2"));
    assert_eq!(whole["concurrency"]["cancel-in-progress"], false);
}

/// A package's scripts run as root, and a build's scripts as the runner: neither where a token or a secret can be had.
#[test]
fn nothing_is_installed_or_built_where_the_credentials_are() {
    for name in WORKFLOWS {
        for job in read(name).1.iter().filter(|job| job["environment"] == "devdb") {
            for script in job["steps"].as_array().unwrap().iter().filter_map(|step| step["run"].as_str()) {
                for word in ["sudo", "apt", "cargo", "curl", "npm ", "pip "] {
                    assert!(!script.contains(word), "{name}, {}: {word} in\n{script}", job["name"]);
                }
            }
        }
    }
}

/// A profile is a file of the repository, which the branch rules of the environment protect.
#[test]
fn a_profile_outside_of_the_repository_is_refused() {
    let scene = checkout();
    let sample = |profile: &str| {
        let given = [
            ("inputs.users", "1"),
            ("inputs.tag", "bug-1"),
            ("inputs.profile", profile),
            ("vars.DEVDB_SAMPLE_REPOSITORY", "registry.example/app"),
        ];
        run(&scene, "sample", "Sample", &given).code(2)
    };
    let outside = scene.path("devdb.yaml").display().to_string();
    for profile in [&outside, "../devdb.yaml", "a/../../devdb.yaml", ".."] {
        sample(profile).says("the profile has to be a file of the repository");
    }
    // An option is no profile either.
    for profile in ["--version", "profiles/none.yaml"] {
        sample(profile).says(profile);
    }
}

/// The package's `pg_dump` runs from where the artifact is unpacked, on a machine without the package.
#[test]
fn the_packed_pg_dump_is_the_one_that_a_sample_uses() {
    let folder = tempfile::tempdir().unwrap();
    let bin = bin(None);
    let mut pack = bash("sample", "Pack", &[]);
    pack.current_dir(folder.path()).env("PG_BIN", &bin);
    done(pack.output().unwrap()).code(0);
    let packed = folder.path().join("target/release/postgresql");
    let version = |program: std::path::PathBuf| {
        let mut command = Command::new(program);
        command.arg("--version").env_clear().env("LD_LIBRARY_PATH", packed.join("lib"));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(version(packed.join("bin/pg_dump")).starts_with("pg_dump "));
    assert_eq!(version(packed.join("bin/pg_dump")), version(bin.join("pg_dump")));
    assert!(packed.join("lib/libpq.so.5").is_file());
}

#[test]
fn both_workflows_are_switched_on_by_the_same_variable() {
    let conditions = ["rotate", "sample"].map(|name| read(name).1[0]["if"].clone());
    assert_eq!(conditions, ["vars.DEVDB_CONFIG != ''", "vars.DEVDB_CONFIG != ''"]);
}

#[test]
fn every_input_changes_what_the_program_does() {
    let scene = checkout();
    // By hand, `dry_run` is on unless it is switched off.
    run(&scene, "rotate", "Rotate", &[("inputs.dry_run", "true")]).code(0).says("nothing was changed");
    assert_eq!((scene.generations(), scene.record()), (Vec::new(), None));
    run(&scene, "rotate", "Rotate", &[("inputs.target", "shop-dev")]).code(2).says("shop-dev");
    run(&scene, "rotate", "Rotate", &[("inputs.snapshot", "20200101-0200")]).code(3).says("20200101-0200");
    // At night there are no inputs.
    run(&scene, "rotate", "Rotate", &[]).code(0).says("is live");
    run(&scene, "rotate", "Rotate", &[("inputs.target", "app-dev")]).code(0).says("is live");
    assert_eq!(scene.generations(), [scene.record().unwrap().0]);
}

/// The first rotation of a team that has a development database already.
#[test]
fn a_foreign_record_is_adopted_only_when_asked_for() {
    let account = Account::new().production();
    account.bench("record", json!({ "name": RECORD, "zone": account.zone(), "value": "old.example.com", "ttl": 1 }));
    let programs = account.path("runner/devdb");
    std::fs::create_dir_all(&programs).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_devdb"), programs.join("devdb")).unwrap();
    let rotate = |given: &[(&str, &str)]| {
        done(command(&account.command(&[]), &account.path(""), "rotate", "Rotate", given).output().unwrap())
    };
    rotate(&[]).code(3).says("--adopt");
    assert_eq!(account.record().as_deref(), Some("old.example.com"));
    rotate(&[("inputs.adopt", "true")]).code(0).says("is live");
    assert!(account.live().is_some());
}

/// The pause is the lease of the configuration: no shorter, or the clone stays, and no longer.
#[test]
fn what_a_killed_rotation_left_is_removed_when_its_lease_has_ended() {
    for lease in [1, 8] {
        let scene = checkout();
        scene.config("lease: 1s", &format!("lease: {lease}s"));
        scene.script("10-scrub/20_long.sql", "SELECT pg_sleep(60);\n");
        let mut killed = command(&scene.command(&[]), &scene.path(""), "rotate", "Rotate", &[])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while scene.generations().first().is_none_or(|name| scene.meta(name)["tags"]["devdb:phase"] != "secured") {
            assert!(Instant::now() < deadline, "no clone");
            std::thread::sleep(Duration::from_millis(50));
        }
        killed.kill().unwrap();
        killed.wait().unwrap();
        assert_eq!(scene.generations().len(), 1);
        let began = Instant::now();
        run(&scene, "rotate", "Remove what a killed rotation left", &[]).code(0).says("is being removed");
        assert!(began.elapsed() < Duration::from_secs(lease + 20), "{:?}", began.elapsed());
        assert_eq!(scene.generations(), [""; 0]);
    }
}

/// A run that is alive keeps its clone.
#[test]
fn a_rotation_that_is_alive_is_left_alone() {
    let scene = checkout();
    scene.config("lease: 1s", "lease: 10s");
    scene.script("10-scrub/20_long.sql", "SELECT pg_sleep(15);\n");
    let mut alive =
        command(&scene.command(&[]), &scene.path(""), "rotate", "Rotate", &[]).stdout(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while scene.generations().is_empty() {
        assert!(Instant::now() < deadline, "no clone");
        std::thread::sleep(Duration::from_millis(50));
    }
    run(&scene, "rotate", "Remove what a killed rotation left", &[]).code(0).says("no abandoned clone");
    assert!(alive.wait().unwrap().success());
    assert_eq!(scene.generations(), [scene.record().unwrap().0]);
}

#[test]
fn a_sample_is_pushed_and_the_summary_says_how_to_pull_it() {
    let (_engine, _turn) = block_on(engine());
    let registry = Registry::start();
    let scene = checkout();
    let sample = format!(
        "sample:\n  root: app.users\n  database: app\n  source: {{ user: app_service, password: {{ command: [printf, \"%s\", \
         dev-service-password] }} }}\n  container: {{ image: \"{}\" }}\n",
        base()
    );
    scene.config("mask:\n", &format!("{sample}mask:\n"));
    scene.devdb(&["rotate"]).code(0);
    registry.log_in(&scene.path("docker"));
    let repository = format!("{}/app", registry.address);
    let given = [("inputs.users", "1,2"), ("inputs.tag", "bug-1"), ("vars.DEVDB_SAMPLE_REPOSITORY", &repository)];
    let dry = [&given[..], &[("inputs.dry_run", "true")]].concat();
    run(&scene, "sample", "Sample", &given[..2]).code(2).says("DEVDB_SAMPLE_REPOSITORY");
    let no_target = [&given[..], &[("vars.DEVDB_TARGET", "")]].concat();
    run(&scene, "sample", "Sample", &no_target).code(2).says("DEVDB_TARGET");
    run(&scene, "sample", "Sample", &dry).code(0).says("nothing was copied");
    run(&scene, "sample", "Sample", &given).code(0);
    let image = format!("{repository}:bug-1");
    let summary = std::fs::read_to_string(scene.path("summary.md")).unwrap();
    let pulled = summary.split("| docker pull ").nth(1).and_then(|rest| rest.split(" |").next()).expect(&summary);
    assert!(pulled.starts_with(&format!("{repository}@sha256:")), "{pulled}");
    docker(&["rmi", "--force", &image]);
    docker(&["--config", scene.path("docker").to_str().unwrap(), "pull", pulled]);
    docker(&["rmi", "--force", pulled]);
}

#[test]
fn a_release_is_packed_if_its_tag_is_the_version() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["Cargo.toml", "README.md", "CHANGELOG.md", "LICENSE", "LICENSE-MIT", "LICENSE-APACHE"] {
        std::fs::copy(root.join(file), folder.path().join(file)).unwrap();
    }
    let programs = folder.path().join("target/here/release");
    std::fs::create_dir_all(&programs).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_devdb"), programs.join("devdb")).unwrap();
    let step = |name: &str, tag: &str| {
        let mut command = bash("release", name, &[("matrix.target", "here")]);
        done(command.current_dir(folder.path()).env("GITHUB_REF_NAME", tag).output().unwrap())
    };
    let tag = concat!("v", env!("CARGO_PKG_VERSION"));
    step("The tag is the version in Cargo.toml", tag).code(0);
    step("The tag is the version in Cargo.toml", "v9.9.9").code(1).says("the tag is v9.9.9");
    step("Pack", tag).code(0).says("devdb");
    assert!(folder.path().join(format!("devdb-{tag}-here.tar.gz")).is_file());
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows")
}

/// A workflow and its jobs, in the file's order.
fn read(name: &str) -> (Value, Vec<Value>) {
    let text = std::fs::read_to_string(folder().join(format!("{name}.yml"))).unwrap();
    let whole: Value = serde_yaml::from_str(&text).unwrap();
    let mut jobs: Vec<Value> = whole["jobs"].as_object().unwrap().values().cloned().collect();
    jobs.sort_by_key(|job| text.find(&format!("name: {}\n", job["name"].as_str().unwrap())));
    (whole, jobs)
}

/// A scene whose program is where the workflows put it.
fn checkout() -> Scene {
    let scene = Scene::new();
    std::fs::create_dir_all(scene.path("runner/devdb/postgresql")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_devdb"), scene.path("runner/devdb/devdb")).unwrap();
    std::os::unix::fs::symlink(client(), scene.path("runner/devdb/postgresql/bin")).unwrap();
    scene
}

fn run(scene: &Scene, workflow: &str, step: &str, given: &[(&str, &str)]) -> Done {
    done(command(&scene.command(&[]), &scene.path(""), workflow, step, given).output().unwrap())
}

/// A step's script in the environment of a command; what is not given is empty, as on GitHub.
fn command(prepared: &Command, folder: &Path, workflow: &str, step: &str, given: &[(&str, &str)]) -> Command {
    let config = folder.join("devdb.yaml").display().to_string();
    let variables = [("vars.DEVDB_CONFIG", config.as_str()), ("vars.DEVDB_TARGET", "app-dev")];
    let mut command = bash(workflow, step, &[given, &variables].concat());
    command.envs(prepared.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("RUNNER_TEMP", folder.join("runner")).env("GITHUB_STEP_SUMMARY", folder.join("summary.md"));
    command.env("DOCKER_HOST", address()).env("DOCKER_CONFIG", folder.join("docker"));
    command
}

fn bash(workflow: &str, step: &str, given: &[(&str, &str)]) -> Command {
    assert!(RUN.contains(&(workflow, step)), "list {workflow}: {step}");
    let (_, jobs) = read(workflow);
    let holds = |job: &&Value| job["steps"].as_array().unwrap().iter().any(|each| each["name"] == step);
    let job = jobs.iter().find(holds).unwrap();
    let step = job["steps"].as_array().unwrap().iter().find(|each| each["name"] == step).unwrap();
    assert_eq!(step["shell"], "bash");
    // As the runner calls it.
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"].as_str().unwrap()]);
    for env in [&job["env"], &step["env"]].into_iter().filter_map(Value::as_object) {
        command.envs(env.iter().map(|(name, value)| (name, expand(value.as_str().unwrap(), given))));
    }
    command.stdin(Stdio::null());
    command
}

/// The value of a text with expressions: names and `||` are all that the workflows use.
fn expand(text: &str, given: &[(&str, &str)]) -> String {
    let mut expanded = String::new();
    for (at, part) in text.split("${{").enumerate() {
        let Some((expression, rest)) = part.split_once("}}").filter(|_| at > 0) else {
            expanded.push_str(part);
            continue;
        };
        let value = |name: &str| given.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        let mut values = expression.split("||").map(|name| value(name.trim()));
        expanded.push_str(values.find(|value| !value.is_empty()).unwrap_or_default());
        expanded.push_str(rest);
    }
    expanded
}
