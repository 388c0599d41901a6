use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::world::{Started, is_harmless, start};
use crate::support::account::{Account, ORIGINALS, RECORD};
use crate::support::session_manager::{NODE, ROLE};
use crate::support::simulator::action;

/// A production behind Session Manager, and the credentials of the account itself.
fn tunnelled() -> Account {
    Account::new().production().through_session_manager()
}

/// A job of GitHub whose role alone may open a session.
fn job() -> Account {
    tunnelled().with_role().in_job().only_for_role()
}

/// The calls that start a session, with their access keys.
fn openings(account: &Account) -> Vec<Value> {
    account.journal().into_iter().filter(|call| action(call) == "StartSession").collect()
}

/// A session that a run has opened and that lives: that of a script that takes long.
fn running(account: &Account, seconds: u32) -> Started {
    account.script("10-scrub/20_slow.sql", &format!("SELECT pg_sleep({seconds});\n"));
    let mut run = start(account, &["rotate"]);
    run.until("10-scrub/10_users.sql");
    std::thread::sleep(Duration::from_millis(500));
    run
}

fn end_sessions(account: &Account) {
    account.bench("sessions", json!({ "end": "Session timed out due to inactivity" }));
}

#[test]
fn every_tunnel_is_opened_by_the_role_and_no_process_is_left() {
    let account = job();
    for rotation in ["the first", "the second"] {
        let done = account.devdb(&["rotate"]).code(0);
        for secret in ["job-secret", "eyJ-a-token"] {
            assert!(!format!("{}{}", done.out, done.err).contains(secret), "{rotation}");
        }
    }
    let live = account.live().unwrap();
    is_harmless(&account, &live, "through a tunnel");
    assert_eq!(account.generations(), [live]);
    let openings = openings(&account);
    assert!(openings.len() > 4, "{}", openings.len());
    for opening in &openings {
        assert_eq!(opening["params"]["Target"], NODE);
        assert!(opening["access_key"].as_str().unwrap().starts_with("ASIA"), "{opening}");
    }
    account.left_nothing();
}

/// Outside of GitHub, with everything in the environment that would give the AWS CLI other credentials.
#[test]
fn a_role_is_used_outside_of_github_whatever_the_environment_names() {
    let account = tunnelled().with_role().only_for_role();
    let config = account.path("aws-config");
    let other = format!("aws_access_key_id = AKIA{}\naws_secret_access_key = any\n", account.number);
    std::fs::write(&config, format!("[default]\n{other}\n[profile other]\nregion = eu-west-1\n{other}")).unwrap();
    let account = account
        .with_env("AWS_CONFIG_FILE", config.display().to_string())
        .with_env("AWS_PROFILE", "other")
        .with_env("AWS_DEFAULT_PROFILE", "other")
        .with_env("AWS_REGION", "eu-west-1")
        .with_env("AWS_DEFAULT_REGION", "eu-west-1")
        .with_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/none");
    account.devdb(&["rotate"]).code(0);
    let role = format!("assumed-role/{ROLE}/");
    for session in account.sessions() {
        assert!(session["owner_arn"].as_str().unwrap().contains(&role), "{session}");
    }
    account.left_nothing();
}

/// `connect: command` gets the role's credentials too, and the region: here nothing else names it.
#[test]
fn a_configured_command_has_the_credentials_and_the_region() {
    let words = json!([
        "aws",
        "ssm",
        "start-session",
        "--target",
        NODE,
        "--document-name",
        "AWS-StartPortForwardingSessionToRemoteHost",
        "--parameters",
        "host={host},portNumber={port},localPortNumber={local_port}"
    ]);
    let account = Account::new()
        .production()
        .with_node()
        .with_role()
        .in_job()
        .only_for_role()
        .config("connect: direct", &format!("connect: {{ command: {words} }}"));
    account.devdb(&["rotate"]).code(0);
    assert!(openings(&account).iter().all(|call| call["region"] == "us-east-1" && call["status"] == 200));
    account.left_nothing();
}

/// Each tunnel gets credentials of its own: those of the one before may have expired.
#[test]
fn credentials_are_fresh_at_every_reconnect() {
    let account = job();
    let mut run = running(&account, 3);
    end_sessions(&account);
    run.until("reconnecting");
    let (done, _) = run.end();
    done.code(0);
    let openings = openings(&account);
    let keys: BTreeSet<&str> = openings.iter().filter_map(|call| call["access_key"].as_str()).collect();
    assert_eq!(keys.len(), openings.len());
    account.left_nothing();
}

/// A sample of the live generation, through the same way and with the same role.
#[test]
fn a_sample_is_read_through_a_tunnel_of_the_role() {
    let account = job();
    account.devdb(&["rotate"]).code(0);
    let source = "sample:\n  root: app.users\n  database: app\n  source: { user: app_service, password: { command: [printf, \"%s\", \
                  dev-service-password] } }\nmask:\n";
    let account = account.config("mask:\n", source);
    let before = openings(&account).len();
    let folder = account.path("sample").display().to_string();
    account.devdb(&["sample", "--users", "1", "--into", &format!("archive:{folder}")]).code(0);
    assert!(openings(&account).len() > before);
    account.left_nothing();
}

/// A tunnel that cannot be opened is found before anything is restored; a first rotation has no other instance to
/// connect to than production, and connects to none.
#[test]
fn a_tunnel_that_cannot_be_opened_is_refused_before_anything_is_restored() {
    let account = tunnelled().with_role().in_job();
    let refused = |what: &str, words: &[&str]| {
        for command in ["doctor", "rotate"] {
            let began = Instant::now();
            let done = account.devdb(&[command]).code(3);
            for words in words {
                assert!(
                    format!("{}{}", done.out, done.err).contains(words),
                    "{what}, {command}: {words}: {}",
                    done.err
                );
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        }
        assert!(account.writes().iter().all(|call| action(call).ends_with("Session")), "{what}");
        account.left_nothing();
    };
    account.bench("node", json!({ "id": NODE, "ping_status": "ConnectionLost" }));
    refused("the node is away", &["fail tunnel", "TargetNotConnected", "SSM agent"]);
    account.bench("node", json!({ "id": NODE }));
    account.bench("settings", json!({ "ssm_role": "somebody-else" }));
    refused("no permission", &["fail tunnel", "AccessDenied", "devdb policy"]);
    account.bench("settings", json!({ "ssm_role": "" }));
    std::fs::remove_file(account.path("programs/session-manager-plugin")).unwrap();
    refused("no plugin", &["session-manager-plugin: not found in PATH"]);
}

#[test]
fn a_first_rotation_connects_to_nothing_before_the_restore() {
    let account = job();
    account.devdb(&["rotate", "--dry-run"]).code(0);
    assert_eq!(account.writes(), [] as [Value; 0]);
    account.devdb(&["doctor"]).code(0).says("nothing was sent through it");
    let [session] = account.sessions().try_into().unwrap();
    assert_eq!((&session["host"], &session["connections"]), (&json!(RECORD), &json!(0)));
    account.left_nothing();
}

/// Later, the tunnel leads to the live generation, which has to answer.
#[test]
fn the_live_generation_has_to_answer_through_the_tunnel() {
    let account = job();
    account.devdb(&["rotate"]).code(0);
    let live = account.live().unwrap();
    account.devdb(&["doctor"]).code(0).says(&format!("reaches {live}"));
    let endpoint = account.state()["instances"][&live]["endpoint"].clone();
    assert_eq!(account.sessions().last().unwrap()["host"], endpoint);
    let restores =
        |account: &Account| account.writes().iter().filter(|call| action(call).starts_with("Restore")).count();
    account.bench("settings", json!({ "ssm_stalled": true }));
    account.devdb(&["rotate"]).code(3).says("no answer within").says(&format!("security groups of {live}"));
    account.bench("settings", json!({ "ssm_stalled": false }));
    assert_eq!(restores(&account), 1);
    account.devdb(&["rotate"]).code(0);
    assert_eq!(restores(&account), 2);
    account.left_nothing();
}

/// A rollback needs the tunnel as a rotation does, and finds out before it changes anything.
#[test]
fn a_rollback_without_a_tunnel_is_refused_before_any_change() {
    let account = job().config("keep: 0", "keep: 1");
    account.devdb(&["rotate"]).code(0);
    account.devdb(&["rotate"]).code(0);
    let live = account.live();
    account.forget_journal();
    account.bench("node", json!({ "id": NODE, "ping_status": "ConnectionLost" }));
    let done = account.devdb(&["rollback"]).code(3).says("TargetNotConnected").says("SSM agent");
    done.says("nothing was changed");
    assert!(account.writes().iter().all(|call| action(call).ends_with("Session")), "{:?}", account.writes());
    assert_eq!(account.live(), live);
    account.bench("node", json!({ "id": NODE }));
    account.devdb(&["rollback"]).code(0);
    assert_ne!(account.live(), live);
    account.left_nothing();
}

/// A sample that cannot reach its source has read and written nothing, and says what to do.
#[test]
fn a_sample_without_a_tunnel_is_refused_with_the_remedy() {
    let account = job();
    account.devdb(&["rotate"]).code(0);
    let source = "sample:\n  root: app.users\n  database: app\n  source: { user: app_service, password: { command: [printf, \"%s\", \
                  dev-service-password] } }\nmask:\n";
    let account = account.config("mask:\n", source);
    let folder = account.path("sample").display().to_string();
    let into = format!("archive:{folder}");
    let sample: &[&str] = &["sample", "--users", "1", "--into", &into];
    let refused = |words: &[&str]| {
        for command in [sample, &["doctor", "--sample"]] {
            let done = account.devdb(command).code(3);
            for words in words {
                assert!(format!("{}{}", done.out, done.err).contains(words), "{command:?}: {words}: {}", done.err);
            }
        }
        assert!(!account.path("sample").exists());
        account.left_nothing();
    };
    account.bench("node", json!({ "id": NODE, "ping_status": "ConnectionLost" }));
    refused(&["TargetNotConnected", "SSM agent", NODE]);
    account.bench("node", json!({ "id": NODE }));
    account.bench("settings", json!({ "ssm_role": "somebody-else" }));
    refused(&["AccessDenied", "devdb policy"]);
    account.bench("settings", json!({ "ssm_role": "", "ssm_stalled": true }));
    refused(&["security groups", NODE]);
    account.bench("settings", json!({ "ssm_stalled": false }));
    std::fs::remove_file(account.path("programs/session-manager-plugin")).unwrap();
    refused(&["session-manager-plugin"]);
}

/// What a failing program prints is shown, but for the credentials that it was given.
#[test]
fn secrets_of_a_program_that_prints_them_are_not_shown() {
    let print = "echo cannot reach {host}:{local_port} with $AWS_SECRET_ACCESS_KEY and $AWS_SESSION_TOKEN >&2; exit 9";
    let account = Account::new()
        .production()
        .with_role()
        .in_job()
        .config("connect: direct", &format!("connect: {{ command: [sh, -c, {:?}] }}", print));
    let done = account.devdb(&["doctor"]).code(3);
    let all = format!("{}{}", done.out, done.err);
    let shown = all.lines().find(|line| line.contains("cannot reach")).unwrap_or_else(|| panic!("{all}"));
    assert!(shown.contains("with **** and ****"), "{shown}");
}

/// Session Manager ends a session without traffic. A statement may take longer: the heartbeat goes on beside it, as no
/// login and no session of the server, and ends with the tunnel.
#[test]
fn a_statement_may_take_longer_than_the_idle_timeout() {
    let account = job().settings(json!({ "ssm_idle_seconds": 8 }));
    let run = running(&account, 25);
    std::thread::sleep(Duration::from_secs(12));
    let [clone] = account.generations().try_into().unwrap();
    let strangers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' \
                     AND usename IS DISTINCT FROM 'rdsadmin' AND query NOT LIKE '%pg_sleep%'";
    assert_eq!(account.sql(&clone, strangers), "0");
    let (done, _) = run.end();
    let done = done.code(0);
    assert!(!done.err.contains("reconnecting"), "{}", done.err);
    account.left_nothing();
}

/// A session that Session Manager ends although it is in use: the run says which settings limit it, opens another one,
/// and goes on where it was; what was committed does not run again.
#[test]
fn a_session_that_ends_is_opened_again_and_its_limits_are_named() {
    let account = job();
    account.script("20-seed/20_once.sql", "CREATE TABLE app.once (n int); INSERT INTO app.once VALUES (1);\n");
    let mut run = running(&account, 2);
    end_sessions(&account);
    let line = run.until("reconnecting");
    for words in ["Session timed out due to inactivity", "idle session timeout", "maximum session duration"] {
        assert!(line.contains(words), "{words}: {line}");
    }
    let (done, _) = run.end();
    let done = done.code(0);
    assert_eq!(done.err.matches(r#""script":"10-scrub/10_users.sql""#).count(), 2, "{}", done.err);
    assert!(done.err.contains(r#""already":true"#), "{}", done.err);
    let live = account.live().unwrap();
    is_harmless(&account, &live, "an ended session");
    assert_eq!(account.sql(&live, "SELECT count(*) FROM app.once"), "1");
    account.left_nothing();
}

#[test]
fn a_statement_longer_than_every_session_fails_with_the_remedy() {
    let account = job().settings(json!({ "ssm_max_seconds": 4 }));
    account.script("10-scrub/20_slow.sql", "SELECT pg_sleep(8);\n");
    let done = account.devdb(&["rotate"]).code(4).says("was removed");
    done.says("maximum session duration").says("raise both limits in Session Manager's preferences");
    assert!(account.generations().is_empty());
    account.left_nothing();
}

/// A tunnel that forwards nothing any more, and does not end: a statement on it would wait forever.
#[test]
fn a_tunnel_without_an_answer_is_ended_and_opened_again() {
    let account = job();
    let mut run = running(&account, 5);
    account.bench("settings", json!({ "ssm_stalled": true }));
    let line = run.until("reconnecting");
    account.bench("settings", json!({ "ssm_stalled": false }));
    assert!(line.contains("did not answer for 60 seconds"), "{line}");
    let (done, _) = run.end();
    done.code(0);
    assert_eq!(account.sql(&account.live().unwrap(), ORIGINALS), "0");
    account.left_nothing();
}

#[test]
fn a_cancelled_run_ends_its_tunnel() {
    let account = job();
    let run = running(&account, 60);
    run.signal(Signal::TERM);
    let (done, took) = run.end();
    done.code(130).says("was removed");
    assert!(took < Duration::from_secs(7), "{took:?}");
    account.left_nothing();
}

#[test]
fn a_killed_run_ends_its_tunnel() {
    let account = job();
    let run = running(&account, 5);
    run.signal(Signal::KILL);
    run.end();
    account.left_nothing();
    account.devdb(&["rotate"]).code(0);
    is_harmless(&account, &account.live().unwrap(), "after a kill");
    account.left_nothing();
}
