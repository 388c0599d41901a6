//! Generated secrets and the programs that store them: whatever ends a rotation, what is stored opens what is live.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use super::aws_rotate::world::start;
use super::rollback::{World, account, on_both};
use super::support::account::RECORD;
use super::support::scene::Scene;

/// Secrets by the name of the file that they are stored in.
const SECRETS: [&str; 3] = ["master", "service", "token"];

/// Leaves the value of a script's secret in the database, so that it can be compared.
const TOKEN: &str = "CREATE TABLE IF NOT EXISTS app.token (value text);\nTRUNCATE app.token;\n\
    INSERT INTO app.token SELECT pg_catalog.md5(pg_catalog.current_setting('devdb.token'));\n";

/// Configures three generated secrets: of the master user, of a role, and of a script. Each is stored in a file, unless a
/// file `<name>.refuse` exists.
fn store_secrets(world: &impl World) {
    let program = r#"[ -e "$0.refuse" ] && exit 1; value=$(cat); [ -n "$value" ] && printf %s "$value" > "$0""#;
    let [master, service, token] = SECRETS.map(|name| {
        let path = world.path(name);
        format!("{{ generate: {{ store: [sh, -c, '{program}', \"{}\"] }} }}", path.display())
    });
    world.edit("master_password: generate", &format!("master_password: {master}"));
    world.edit(r#"{ command: [printf, "%s", dev-service-password] }"#, &service);
    let variables = "variables: { mail_domain: dev.example }";
    world.edit(variables, &format!("{variables}\n        secrets: {{ token: {token} }}"));
    std::fs::write(world.path("scripts/20-seed/20_token.sql"), TOKEN).unwrap();
}

fn stored(world: &impl World, name: &str) -> String {
    std::fs::read_to_string(world.path(name)).unwrap()
}

fn all_stored(world: &impl World) -> [String; 3] {
    SECRETS.map(|name| stored(world, name))
}

/// Asserts that the stored secrets are those of the live generation.
#[track_caller]
fn assert_stored(world: &impl World, moment: &str) {
    let live = world.live().unwrap();
    let query = |user: &str, name: &str, sql: &str| {
        let value = world.query(user, &stored(world, name), sql);
        value.unwrap_or_else(|error| panic!("{error}; {live} is live, {moment}"))
    };
    query("app_service", "service", "SELECT ''");
    let token = format!("SELECT (value = pg_catalog.md5('{}'))::text FROM app.token", stored(world, "token"));
    assert_eq!(query("app_admin", "master", &token), "true", "the stored token is not that of {live}, {moment}");
}

fn starts(event: &Value, step: &str) -> bool {
    event["event"] == "step_started" && event["step"] == step
}

/// Rotates with JSON events, and kills the run after `count` events, counted from the start of the step `open`: a run after
/// a killed one has more events before it. Returns the counted events.
fn kill_after(world: &impl World, count: usize) -> Vec<Value> {
    let mut command = world.command(&["rotate", "--format", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let events = out.map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let counted = events.skip_while(|event| !starts(event, "open")).take(count).collect();
    // SIGKILL: no handler, no cleanup.
    let _ = child.kill();
    child.wait().unwrap();
    counted
}

fn killed_at_any_event_of_the_publication_no_secret_is_lost(world: &impl World) {
    store_secrets(world);
    world.devdb(&["rotate"]).code(0);
    let events = kill_after(world, usize::MAX);
    assert_stored(world, "undisturbed");
    let retire = events.iter().position(|event| starts(event, "retire")).unwrap();
    let mut moved = 0;
    for count in 1..=retire + 1 {
        let (before, stored_before) = (world.live().unwrap(), all_stored(world));
        let events = kill_after(world, count);
        let moment = format!("killed after {}", events.last().unwrap());
        if world.live().unwrap() != before {
            moved += 1;
            assert_stored(world, &moment);
        } else if all_stored(world) == stored_before {
            assert_stored(world, &moment);
        }
        // Between the two, the secrets of the next generation are stored; the next run completes it, or makes another.
        let done = world.devdb(&["rotate"]);
        assert_eq!(done.code, 0, "{moment}\n{}", done.err);
        assert_stored(world, &format!("the run after one that was {moment}"));
    }
    assert!(moved > 0, "no kill after the swap");
}

fn a_secret_that_cannot_be_stored_leaves_the_live_generation(world: &impl World) {
    store_secrets(world);
    world.devdb(&["rotate"]).code(0);
    let (live, before) = (world.live().unwrap(), all_stored(world));
    // The first that is stored.
    std::fs::write(world.path("token.refuse"), "").unwrap();
    let done = world.devdb(&["rotate"]).code(4).says("failed to store the value of devdb.token");
    done.says("was removed").says("the live generation are unchanged");
    assert_eq!((world.live(), world.generations()), (Some(live.clone()), vec![live.clone()]));
    assert_eq!(all_stored(world), before);
    assert_stored(world, "after a refusal");
    // The last: the others are stored by then.
    std::fs::remove_file(world.path("token.refuse")).unwrap();
    std::fs::write(world.path("master.refuse"), "").unwrap();
    let done = world.devdb(&["rotate"]).code(4).says("failed to store the master password");
    done.says("secrets of a generation that is not live are stored").says("rotate again");
    assert_eq!((world.live(), world.generations()), (Some(live.clone()), vec![live]));
    std::fs::remove_file(world.path("master.refuse")).unwrap();
    world.devdb(&["rotate"]).code(0);
    assert_stored(world, "after two refusals");
}

on_both!(
    killed_at_any_event_of_the_publication_no_secret_is_lost,
    a_secret_that_cannot_be_stored_leaves_the_live_generation,
);

/// A record that somebody else has changed is noticed before anything is stored.
#[test]
fn nothing_is_stored_for_a_record_that_was_changed() {
    let account = account();
    store_secrets(&account);
    account.devdb(&["rotate"]).code(0);
    let before = all_stored(&account);
    let mut run = start(&account, &["rotate"]);
    run.until(r#""step":"verify""#);
    account
        .bench("record", json!({ "zone": account.zone(), "name": RECORD, "value": "elsewhere.example.com", "ttl": 0 }));
    let (done, _) = run.end();
    done.code(4).says("was changed concurrently");
    assert_eq!(all_stored(&account), before);
}

/// The swap fails for certain: the stored secrets belong to no generation, which is said, and the next rotation repairs it.
#[test]
fn a_refused_swap_names_the_secrets_that_are_stored() {
    let account = account();
    store_secrets(&account);
    account.devdb(&["rotate"]).code(0);
    let (live, before) = (account.live(), all_stored(&account));
    account.fault(json!({ "action": "ChangeResourceRecordSets", "code": "AccessDenied", "status": 403 }));
    let done = account.devdb(&["rotate"]).code(4).says("was removed");
    done.says("secrets of a generation that is not live are stored").says("rotate again");
    account.faults(json!([]));
    assert_eq!(account.live(), live);
    assert_ne!(all_stored(&account), before);
    account.devdb(&["rotate"]).code(0);
    assert_stored(&account, "after a refused swap");
}
