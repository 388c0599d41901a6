//! Rollbacks on every platform: which generations can be chosen, what a failure leaves, and who knows the password.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use devdb::pg::Session;
use serde_json::json;

use super::support::account::Account;
use super::support::scene::{Done, Scene};
use super::support::{block_on, databases, server};

/// Faults at every call of a rollback, on AWS.
mod faults;
/// Killed at every event.
mod kills;
/// Refusals.
mod refusals;

/// What these scenarios need of a platform's scene.
pub trait World {
    fn command(&self, arguments: &[&str]) -> Command;
    fn devdb(&self, arguments: &[&str]) -> Done;
    fn path(&self, name: &str) -> PathBuf;
    fn live(&self) -> Option<String>;
    fn generations(&self) -> Vec<String>;
    fn tag(&self, generation: &str, key: &str) -> Option<String>;
    fn set_tag(&self, generation: &str, key: &str, value: &str);
    fn protect(&self, generation: &str);
    fn stop(&self, generation: &str);
    fn remove(&self, generation: &str);
    /// Runs SQL in a database of a generation, as nobody but the platform can.
    fn superuser(&self, generation: &str, database: &str, sql: &str);
    /// Logs in to the database `app` through the record, and returns the text that a query returns.
    fn query(&self, user: &str, password: &str, sql: &str) -> Result<String, String>;

    /// Logs in through the record as the master user.
    fn log_in_as_master(&self, password: &str) -> Result<(), String> {
        self.query("app_admin", password, "SELECT ''").map(drop)
    }

    fn edit(&self, from: &str, to: &str);
}

impl World for Scene {
    fn command(&self, arguments: &[&str]) -> Command {
        self.command(arguments)
    }

    fn devdb(&self, arguments: &[&str]) -> Done {
        self.devdb(arguments)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.path(name)
    }

    fn live(&self) -> Option<String> {
        self.record().map(|(generation, _)| generation)
    }

    fn generations(&self) -> Vec<String> {
        self.generations()
    }

    fn tag(&self, generation: &str, key: &str) -> Option<String> {
        self.meta(generation)["tags"][key].as_str().map(str::to_owned)
    }

    fn set_tag(&self, generation: &str, key: &str, value: &str) {
        self.edit_meta(generation, |meta| meta["tags"][key] = value.into());
    }

    fn protect(&self, generation: &str) {
        self.edit_meta(generation, |meta| meta["deletion_protection"] = true.into());
    }

    fn stop(&self, generation: &str) {
        self.stop_server(generation);
    }

    fn remove(&self, generation: &str) {
        self.stop_server(generation);
        std::fs::remove_dir_all(self.path("instances").join(generation)).unwrap();
    }

    fn superuser(&self, generation: &str, database: &str, sql: &str) {
        block_on(self.superuser_in(database, generation, sql));
    }

    fn query(&self, user: &str, password: &str, sql: &str) -> Result<String, String> {
        let (_, port) = self.record().unwrap();
        block_on(async { value(server::login(port, user, password, "app").await, sql).await })
    }

    fn edit(&self, from: &str, to: &str) {
        self.config(from, to);
    }
}

impl World for Account {
    fn command(&self, arguments: &[&str]) -> Command {
        self.command(arguments)
    }

    fn devdb(&self, arguments: &[&str]) -> Done {
        self.devdb(arguments)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.path(name)
    }

    fn live(&self) -> Option<String> {
        self.live()
    }

    fn generations(&self) -> Vec<String> {
        self.generations()
    }

    fn tag(&self, generation: &str, key: &str) -> Option<String> {
        self.tag(generation, key)
    }

    fn set_tag(&self, generation: &str, key: &str, value: &str) {
        self.bench("tags", json!({ "db": generation, "tags": { key: value } }));
    }

    fn protect(&self, generation: &str) {
        self.bench("facts", json!({ "db": generation, "facts": { "DeletionProtection": true } }));
    }

    fn stop(&self, generation: &str) {
        self.bench("status", json!({ "db": generation, "status": "stopped" }));
    }

    fn remove(&self, generation: &str) {
        self.bench("remove", json!({ "db": generation }));
    }

    fn superuser(&self, generation: &str, database: &str, sql: &str) {
        self.bench("sql", json!({ "db": generation, "database": database, "sql": sql }));
    }

    fn query(&self, user: &str, password: &str, sql: &str) -> Result<String, String> {
        block_on(async { value(self.login(user, password).await, sql).await })
    }

    fn edit(&self, from: &str, to: &str) {
        let path = self.path("devdb.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from:?} is not in the configuration");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }
}

async fn value(login: devdb::pg::Result<Session>, sql: &str) -> Result<String, String> {
    let row = match login {
        Ok(session) => session.query_one(sql, &[]).await,
        Err(error) => Err(error),
    };
    row.map(|row| row.get(0)).map_err(|error| error.to_string())
}

/// The account of these scenarios: nothing has to be waited out.
pub fn account() -> Account {
    let at_once = json!({ "delay": 0, "lag": 0, "dns_delay": 0, "page_size": 100 });
    Account::new().settings(at_once).config("ttl: 1s", "ttl: 0s").config("lease: 2s", "lease: 1s").production()
}

/// Configures a program that stores the generated master password in the file `stored`, unless the file `refuse`
/// exists.
fn store_password(world: &impl World) {
    let script = r#"[ -e "$0.refuse" ] && exit 1; value=$(cat); [ -n "$value" ] && printf %s "$value" > "$0""#;
    let path = world.path("stored");
    let store = format!("{{ generate: {{ store: [sh, -c, '{script}', \"{}\"] }} }}", path.display());
    world.edit("master_password: generate", &format!("master_password: {store}"));
}

fn stored(world: &impl World) -> String {
    std::fs::read_to_string(world.path("stored")).unwrap()
}

/// Rotates twice: returns the kept generation and the live one.
pub fn two_generations(world: &impl World) -> (String, String) {
    world.edit("keep: 0", "keep: 1");
    store_password(world);
    world.devdb(&["rotate"]).code(0);
    world.devdb(&["rotate"]).code(0);
    let [first, second] = world.generations().try_into().unwrap();
    assert_eq!(world.live().as_ref(), Some(&second));
    (first, second)
}

/// Asserts which generation the record and the tags call live, as `status` does.
#[track_caller]
fn assert_live(world: &impl World, live: &str) {
    assert_eq!(world.live().as_deref(), Some(live));
    for generation in world.generations() {
        let expected = if generation == live { "live" } else { "retired" };
        assert_eq!(world.tag(&generation, "devdb:phase").as_deref(), Some(expected), "{generation}");
    }
}

fn a_rollback_can_be_rolled_back(world: &impl World) {
    let (first, second) = two_generations(world);
    world.devdb(&["rollback"]).code(0).says(&format!("{first} is live"));
    assert_live(world, &first);
    world.log_in_as_master(&stored(world)).unwrap();
    world.devdb(&["rollback"]).code(0).says(&format!("{second} is live"));
    assert_live(world, &second);
    world.log_in_as_master(&stored(world)).unwrap();
    world.devdb(&["rollback", &first]).code(0).says(&format!("{first} is live"));
    assert_live(world, &first);
    world.devdb(&["rollback", &first]).code(3).says(&format!("already points at {first}")).says(&second);
}

fn a_password_that_cannot_be_stored_leaves_the_live_generation(world: &impl World) {
    let (first, second) = two_generations(world);
    let before = stored(world);
    std::fs::write(world.path("stored.refuse"), "").unwrap();
    let done = world.devdb(&["rollback"]).code(4).says("failed to store the master password");
    let done = done.says(&format!("points at {second}"));
    done.says(&format!("the master password of {first} was reset")).says("the next rollback to it resets it again");
    assert_live(world, &second);
    assert_eq!(stored(world), before);
    world.log_in_as_master(&before).unwrap();
    std::fs::remove_file(world.path("stored.refuse")).unwrap();
    world.devdb(&["rollback"]).code(0);
    assert_live(world, &first);
    world.log_in_as_master(&stored(world)).unwrap();
}

fn a_protected_generation_can_be_rolled_back_to(world: &impl World) {
    let (first, second) = two_generations(world);
    world.protect(&first);
    world.protect(&second);
    world.devdb(&["rollback"]).code(0).says(&format!("{first} is live"));
    assert_live(world, &first);
    world.devdb(&["rollback"]).code(0).says(&format!("{second} is live"));
    assert_live(world, &second);
}

fn a_stopped_generation_is_started(world: &impl World) {
    let (first, second) = two_generations(world);
    world.stop(&first);
    world.devdb(&["rollback", "--dry-run"]).code(0).says("stopped").says("start");
    world.devdb(&["rollback"]).code(0).says(&format!("start {first}")).says(&format!("{first} is live"));
    assert_live(world, &first);
    world.log_in_as_master(&stored(world)).unwrap();
    assert_eq!(world.generations(), [first, second]);
}

fn a_failure_after_a_start_names_the_generation_left_running(world: &impl World) {
    let (first, second) = two_generations(world);
    world.stop(&first);
    std::fs::write(world.path("stored.refuse"), "").unwrap();
    let done = world.devdb(&["rollback"]).code(5).says(&format!("{first} was started and is left running"));
    done.says(&format!("points at {second}"));
    assert_live(world, &second);
}

/// RDS is at work on the generation: the rollback waits for it, and starts it if it ends up stopped.
#[test]
fn a_generation_in_transition_is_waited_for() {
    let account = account();
    let (first, second) = two_generations(&account);
    let transitions = [
        ("stopping", "stopped"),
        ("starting", "available"),
        ("backing-up", "available"),
        ("modifying", "available"),
        ("rebooting", "available"),
        ("a-status-of-2031", "available"),
    ];
    let mut way = [&first, &second];
    for (during, after) in transitions {
        let [to, from] = way;
        assert_live(&account, from);
        account.bench("status", json!({ "db": to, "status": during }));
        account.devdb(&["rollback", "--dry-run"]).code(0).says(during);
        let done = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_secs(2));
                account.bench("status", json!({ "db": to, "status": after }));
            });
            account.devdb(&["rollback"])
        });
        done.code(0).says(during).says(&format!("{to} is live"));
        assert_live(&account, to);
        account.log_in_as_master(&stored(&account)).unwrap();
        way.reverse();
    }
    // Not for ever.
    account.edit("restore: 60s", "restore: 2s");
    account.bench("status", json!({ "db": first, "status": "stopping" }));
    account.devdb(&["rollback", &first]).code(4).says("did not happen within 2 s").says("stopping");
    assert_eq!(account.live().as_ref(), Some(&second));
}

fn a_record_that_points_at_a_deleted_generation_is_moved(world: &impl World) {
    let (first, second) = two_generations(world);
    world.remove(&second);
    world.devdb(&["rollback"]).code(0).says("no longer exists").says(&format!("{first} is live"));
    assert_live(world, &first);
    assert_eq!(world.generations(), [first]);
}

fn the_phases_of_an_interrupted_rollback_are_those_of_the_record(world: &impl World) {
    let (first, second) = two_generations(world);
    // As a run leaves it that was killed between the swap and its last tag.
    world.devdb(&["rollback"]).code(0);
    for (phase_of_first, phase_of_second) in [("retired", "live"), ("retired", "retired")] {
        world.set_tag(&first, "devdb:phase", phase_of_first);
        world.set_tag(&second, "devdb:phase", phase_of_second);
        let done = world.devdb(&["status", "--format", "json"]).code(0);
        let rows: Vec<serde_json::Value> = serde_json::from_str(&done.out).unwrap();
        let phases: Vec<(&str, &str)> =
            rows.iter().map(|row| (row["generation"].as_str().unwrap(), row["phase"].as_str().unwrap())).collect();
        assert_eq!(phases, [(second.as_str(), "retired"), (first.as_str(), "live")]);
        // It goes where the interrupted one went, not back to where that came from.
        world.devdb(&["rollback"]).code(0).says(&format!("{first} is live"));
        assert_live(world, &first);
        world.log_in_as_master(&stored(world)).unwrap();
    }
    world.set_tag(&first, "devdb:phase", "retired");
    world.set_tag(&second, "devdb:phase", "live");
    world.devdb(&["rotate"]).code(0);
    let third = world.live().unwrap();
    assert!(third != first && third != second);
    assert_live(world, &third);
}

/// Reads the first `lines` events of a started command, then kills it. Returns whether it had ended by itself.
fn kill_at(world: &impl World, arguments: &[&str], lines: usize) -> (bool, Option<String>) {
    let mut command = world.command(arguments);
    command.args(["--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let events: Vec<String> = out.by_ref().take(lines).collect();
    // SIGKILL: no handler, no cleanup.
    let _ = child.kill();
    child.wait().unwrap();
    (events.len() < lines, events.last().cloned())
}

/// One test for each scenario and platform.
macro_rules! on_both {
    ($($scenario:ident),+ $(,)?) => {
        $(mod $scenario {
            #[test]
            fn on_local() {
                super::$scenario(&super::Scene::new());
            }

            #[test]
            fn on_aws() {
                super::$scenario(&super::account());
            }
        })+
    };
}
pub(crate) use on_both;

on_both!(
    a_rollback_can_be_rolled_back,
    a_password_that_cannot_be_stored_leaves_the_live_generation,
    a_protected_generation_can_be_rolled_back_to,
    a_stopped_generation_is_started,
    a_failure_after_a_start_names_the_generation_left_running,
    a_record_that_points_at_a_deleted_generation_is_moved,
    the_phases_of_an_interrupted_rollback_are_those_of_the_record,
);
