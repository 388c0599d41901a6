use std::time::Duration;

use rustix::process::Signal;

use super::world::{is_harmless, start};
use crate::support::account::Account;
use crate::tunnel::StandIn;

/// An account whose instances are reached through a stand-in for the program `aws`.
fn tunnelled() -> (Account, StandIn) {
    let stand_in = StandIn::new("");
    let plugin = stand_in.file("session-manager-plugin");
    std::os::unix::fs::symlink(stand_in.file("aws"), plugin).unwrap();
    let folder = stand_in.file("").display().to_string();
    let path = format!("{}:{}", folder.trim_end_matches('/'), std::env::var("PATH").unwrap());
    let account = Account::new()
        .production()
        .config("connect: direct", "connect: { ssm: { instance: i-0123456789abcdef0 } }")
        .with_env("PATH", path);
    (account, stand_in)
}

#[test]
fn a_rotation_through_a_tunnel_leaves_no_process_behind() {
    let (account, stand_in) = tunnelled();
    account.devdb(&["rotate"]).code(0);
    account.devdb(&["rotate"]).code(0);
    let live = account.live().unwrap();
    is_harmless(&account, &live, "through a tunnel");
    assert_eq!(account.generations(), [live]);
    assert_eq!(stand_in.left(), [""; 0]);
    let argv = std::fs::read_to_string(stand_in.file("argv")).unwrap();
    assert!(argv.contains("--target i-0123456789abcdef0"), "{argv}");
}

/// Rule 6 with it: the tunnel is opened anew, who answers is proven anew, and the next script runs; what
/// was committed does not run again.
#[test]
fn a_tunnel_that_dies_between_two_scripts_is_opened_again() {
    let (account, stand_in) = tunnelled();
    account.script("10-scrub/20_slow.sql", "SELECT pg_sleep(2);\n");
    account.script("20-seed/20_once.sql", "CREATE TABLE app.once (n int); INSERT INTO app.once VALUES (1);\n");
    let mut run = start(&account, &["rotate"]);
    run.until("10-scrub/10_users.sql");
    std::thread::sleep(Duration::from_millis(500));
    let opened = count(&stand_in);
    std::fs::write(stand_in.file("die"), "").unwrap();
    run.until("reconnecting");
    std::fs::remove_file(stand_in.file("die")).unwrap();
    let (done, _) = run.end();
    let done = done.code(0);
    assert!(count(&stand_in) > opened);
    assert_eq!(done.err.matches(r#""script":"10-scrub/10_users.sql""#).count(), 2, "{}", done.err);
    assert!(done.err.contains(r#""already":true"#), "{}", done.err);
    let live = account.live().unwrap();
    is_harmless(&account, &live, "a dead tunnel");
    assert_eq!(account.sql(&live, "SELECT count(*) FROM app.once"), "1");
    assert_eq!(stand_in.left(), [""; 0]);
}

#[test]
fn a_cancelled_run_ends_its_tunnel() {
    let (account, stand_in) = tunnelled();
    account.script("10-scrub/20_long.sql", "SELECT pg_sleep(60);\n");
    let mut run = start(&account, &["rotate"]);
    run.until("10-scrub/10_users.sql");
    run.signal(Signal::TERM);
    let (done, took) = run.end();
    done.code(130).says("was removed");
    assert!(took < Duration::from_secs(7), "{took:?}");
    assert_eq!(stand_in.left(), [""; 0]);
}

#[test]
fn a_tunnel_that_cannot_be_opened_fails_before_the_clone_is_touched() {
    let (account, stand_in) = tunnelled();
    let account = account.config("password: 30s", "password: 4s");
    std::fs::write(stand_in.file("orders"), "refuse").unwrap();
    let done = account.devdb(&["rotate"]).code(4).says("TargetNotConnected").says("was removed");
    assert!(!done.err.contains("defuse hazards"), "{}", done.err);
    assert!(account.generations().is_empty());
    std::fs::remove_file(stand_in.file("session-manager-plugin")).unwrap();
    account.devdb(&["rotate"]).code(3).says("session-manager-plugin: not found in PATH");
}

/// Processes of the stand-in that were ever started.
fn count(stand_in: &StandIn) -> usize {
    std::fs::read_to_string(stand_in.file("pids")).unwrap().lines().count()
}
