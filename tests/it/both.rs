//! The scenarios that must come out alike on every platform, with several databases: the contract of `Platform`, seen
//! from the command line. What is peculiar to one platform is in `commands`, `never` and `aws_rotate`.

use super::support::account::Account;
use super::support::scene::{Done, Scene};
use super::support::{block_on, databases};
use devdb::pg::Session;

/// What a scenario needs of a platform's scene.
trait World {
    fn devdb(&self, arguments: &[&str]) -> Done;
    fn live(&self) -> Option<String>;
    fn generations(&self) -> Vec<String>;
    fn phase(&self, generation: &str) -> String;
    fn write(&self, script: &str, text: &str);
    fn remove(&self, script: &str);
    fn edit(&self, from: &str, to: &str);
    fn developer(&self, database: &str) -> impl Future<Output = Session>;
}

impl World for Scene {
    fn devdb(&self, arguments: &[&str]) -> Done {
        self.devdb(arguments)
    }

    fn live(&self) -> Option<String> {
        self.record().map(|(generation, _)| generation)
    }

    fn generations(&self) -> Vec<String> {
        self.generations()
    }

    fn phase(&self, generation: &str) -> String {
        self.meta(generation)["tags"]["devdb:phase"].as_str().unwrap().to_owned()
    }

    fn write(&self, script: &str, text: &str) {
        self.script(script, text);
    }

    fn remove(&self, script: &str) {
        std::fs::remove_file(self.path("scripts").join(script)).unwrap();
    }

    fn edit(&self, from: &str, to: &str) {
        self.config(from, to);
    }

    async fn developer(&self, database: &str) -> Session {
        self.developer_in(database).await
    }
}

impl World for Account {
    fn devdb(&self, arguments: &[&str]) -> Done {
        self.devdb(arguments)
    }

    fn live(&self) -> Option<String> {
        self.live()
    }

    fn generations(&self) -> Vec<String> {
        self.generations()
    }

    fn phase(&self, generation: &str) -> String {
        self.tag(generation, "devdb:phase").unwrap()
    }

    fn write(&self, script: &str, text: &str) {
        self.script(script, text);
    }

    fn remove(&self, script: &str) {
        std::fs::remove_file(self.path("scripts").join(script)).unwrap();
    }

    fn edit(&self, from: &str, to: &str) {
        let path = self.path("devdb.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from:?} is not in the configuration");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    async fn developer(&self, database: &str) -> Session {
        self.developer_in(database).await
    }
}

/// Asserts that developers see no original in any database of the live generation, and what is kept in each.
#[track_caller]
fn assert_scrubbed(world: &impl World) {
    databases::assert_scrubbed(&world.live().unwrap(), async |database| world.developer(database).await);
}

fn the_first_night_publishes_and_the_second_replaces(world: &impl World) {
    world.devdb(&["rotate"]).code(0).says("is live");
    let first = world.live().unwrap();
    assert_eq!(world.phase(&first), "live");
    assert_scrubbed(world);
    world.devdb(&["rotate"]).code(0);
    let second = world.live().unwrap();
    assert_ne!(first, second);
    assert_eq!(world.generations(), [second]);
    assert_scrubbed(world);
}

fn a_dry_run_changes_nothing(world: &impl World) {
    world.devdb(&["rotate", "--dry-run"]).code(0).says("nothing was changed").says("10-scrub/10_users.sql");
    assert_eq!((world.live(), world.generations().len()), (None, 0));
}

/// Which databases a snapshot has shows only after its restore.
fn a_configured_database_that_does_not_exist_is_named_with_those_that_do(world: &impl World) {
    let first = ("      - name: app\n", "      - { name: first-missing }\n      - name: app\n");
    let last = ("      - name: postgres\n", "      - name: postgres\n      - { name: last-missing }\n");
    for ((from, to), name, place) in [(first, "first-missing", 0), (last, "last-missing", 4)] {
        world.edit(from, to);
        let began = std::time::Instant::now();
        let done = world.devdb(&["rotate"]).code(4);
        let done = done.says(&format!("has no database {name}"));
        let done = done.says(&format!("`targets.app-dev.databases[{place}]`")).says("app, billing, postgres, ");
        done.says("was removed");
        assert!(began.elapsed() < std::time::Duration::from_secs(120), "{:?}", began.elapsed());
        assert_eq!((world.live(), world.generations().len()), (None, 0));
        world.edit(to, from);
    }
}

fn an_allowed_role_that_does_not_exist_is_refused(world: &impl World) {
    world.edit(
        "        app_service: ",
        "        no_such_service: { password: { command: [printf, x] } }\n        app_service: ",
    );
    let done = world.devdb(&["rotate"]).code(4).says("the role no_such_service does not exist").says("roles.ensure");
    done.says("was removed");
    assert_eq!((world.live(), world.generations().len()), (None, 0));
}

fn a_failure_leaves_the_live_generation_and_removes_the_clone(world: &impl World) {
    world.devdb(&["rotate"]).code(0);
    let live = world.live();
    for (script, sql, code) in
        [("10-scrub/20_wrong.sql", "SELECT no_such_thing;", 4), ("90-verify/20_wrong.sql", "SELECT 1;", 7)]
    {
        world.write(script, sql);
        world.devdb(&["rotate"]).code(code).says(script).says("the live generation are unchanged");
        world.remove(script);
        assert_eq!(world.live(), live);
        assert_eq!(world.generations(), live.iter().cloned().collect::<Vec<_>>());
    }
    assert_scrubbed(world);
}

fn a_failed_clone_that_is_kept_is_resumed(world: &impl World) {
    world.write("90-verify/20_wrong.sql", "SELECT 1;");
    world.devdb(&["rotate", "--keep-failed"]).code(7).says("left in quarantine");
    let [left] = world.generations().try_into().unwrap();
    assert_eq!((world.live(), world.phase(&left).as_str()), (None, "secured"));
    // The same recipe resumes the same clone, whose scripts are recorded in it.
    world
        .devdb(&["rotate", "--keep-failed", "--verbose"])
        .code(7)
        .says(&format!("resume {left}"))
        .says("was already committed");
    // With another recipe the clone is removed and a new one is restored.
    world.remove("90-verify/20_wrong.sql");
    world.devdb(&["rotate"]).code(0).says(&format!("remove abandoned {left}"));
    assert_eq!(world.generations(), [world.live().unwrap()]);
    assert_ne!(world.live(), Some(left));
}

fn a_kept_generation_is_rolled_back_to(world: &impl World) {
    world.edit("keep: 0", "keep: 1");
    world.devdb(&["rotate"]).code(0);
    let first = world.live().unwrap();
    world.devdb(&["rotate"]).code(0);
    let second = world.live().unwrap();
    assert_eq!(world.generations(), [first.clone(), second.clone()]);
    world.devdb(&["rollback"]).code(0).says(&format!("{first} is live"));
    assert_eq!(world.live().as_ref(), Some(&first));
    assert_eq!((world.phase(&first), world.phase(&second)), ("live".into(), "retired".into()));
    assert_scrubbed(world);
    world.devdb(&["rotate"]).code(0);
    assert_eq!(world.generations().len(), 2, "the live one and the one before it");
}

fn seeds_of_a_context_run_when_asked_for(world: &impl World) {
    let seed = "-- devdb: context=qa\nINSERT INTO app.users VALUES (9002, 'qa@dev.example') ON CONFLICT DO NOTHING;";
    world.write("20-seed/20_qa.sql", seed);
    let count = || -> i64 {
        let query = "SELECT count(*) FROM app.users WHERE id = 9002";
        block_on(async { world.developer("app").await.query_one(query, &[]).await.unwrap().get(0) })
    };
    world.devdb(&["rotate", "--check-idempotent"]).code(0);
    assert_eq!(count(), 0);
    world.devdb(&["rotate", "--context", "qs"]).code(2).says("no script names the context").says("known contexts: qa");
    world.devdb(&["rotate", "--context", "qa", "--check-idempotent"]).code(0);
    assert_eq!(count(), 1);
    world.write("20-seed/30_more.sql", "UPDATE app.users SET name = name || '!' WHERE id = 9001;");
    world.devdb(&["rotate", "--check-idempotent"]).code(2).says("a second time changes app.users");
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
                super::$scenario(&super::Account::new().production());
            }
        })+
    };
}

on_both!(
    the_first_night_publishes_and_the_second_replaces,
    a_dry_run_changes_nothing,
    a_configured_database_that_does_not_exist_is_named_with_those_that_do,
    an_allowed_role_that_does_not_exist_is_refused,
    a_failure_leaves_the_live_generation_and_removes_the_clone,
    a_failed_clone_that_is_kept_is_resumed,
    a_kept_generation_is_rolled_back_to,
    seeds_of_a_context_run_when_asked_for,
);
