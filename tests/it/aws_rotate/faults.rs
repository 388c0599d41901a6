use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::world::{before, holds, in_parallel, quick};
use crate::support::account::Account;
use crate::support::scene::{Done, done};
use crate::support::simulator::action;

/// Duration of an outage: longer than the SDK repeats a call here.
const OUTAGE: Duration = Duration::from_millis(1500);
/// The SDK's attempts of a call, instead of eight: with more, only a longer outage would reach devdb.
const ATTEMPTS: &str = "2";

/// What goes wrong at one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// From that call on, no call gets through for a while.
    Outage,
    /// That call is throttled at each attempt of the SDK.
    Throttle,
    /// That call is refused.
    Refusal,
    /// That call is carried out and its response is lost; the SDK repeats it.
    LostResponse,
}

/// One call that fails in one way.
pub struct Fault {
    kind: Kind,
    /// Position of the call in the command, from 0.
    at: usize,
    /// Description for messages.
    pub what: String,
    happened: AtomicBool,
}

impl Fault {
    fn rule(&self) -> Value {
        match self.kind {
            Kind::Outage => json!({ "kind": "reset", "skip": self.at }),
            Kind::Throttle => json!({ "code": "Throttling", "status": 400, "skip": self.at, "times": 2 }),
            Kind::Refusal => json!({ "code": "AccessDenied", "status": 403, "skip": self.at, "times": 1 }),
            Kind::LostResponse => json!({ "kind": "reset", "after": true, "skip": self.at, "times": 1 }),
        }
    }
}

/// Runs a command undisturbed, and returns the faults of every call in it: each kind for `make faults`, else one kind
/// after the other, so that every call meets one. Left out are repetitions of a read since the
/// last write, and lost responses of reads, which differ from an outage only for the account.
pub fn faults(account: &Account, command: &[&str]) -> Vec<Fault> {
    account.forget_journal();
    account.devdb(command).code(0);
    let journal = account.journal();
    let mut all = Vec::new();
    let calls = journal.iter().enumerate().filter(|(at, call)| is_new(&journal[..*at], call));
    for (turn, (at, call)) in calls.enumerate() {
        let mut kinds = vec![Kind::Outage, Kind::Throttle, Kind::Refusal];
        kinds.extend((!is_read(call)).then_some(Kind::LostResponse));
        if std::env::var_os("DEVDB_EVERY_FAULT").is_none() {
            kinds = vec![kinds[turn % kinds.len()]];
        }
        let what = |kind| format!("{kind:?} at call {at} of {}, {}", command[0], action(call));
        all.extend(kinds.into_iter().map(|kind| Fault {
            kind,
            at,
            what: what(kind),
            happened: AtomicBool::new(false),
        }));
    }
    all
}

fn is_read(call: &Value) -> bool {
    ["Describe", "Get", "List"].iter().any(|verb| action(call).starts_with(verb))
}

/// Whether a call is the first of its kind since the last write.
fn is_new(before: &[Value], call: &Value) -> bool {
    let same = |other: &Value| action(other) == action(call) && other["params"] == call["params"];
    !before.iter().rev().take_while(|call| is_read(call)).any(same)
}

/// Runs a command with a fault.
pub fn disturbed(account: &Account, fault: &Fault, command: &[&str]) -> Done {
    account.fault(fault.rule());
    let over = AtomicBool::new(false);
    let done = std::thread::scope(|scope| {
        scope.spawn(|| end_outage(account, fault, &over));
        let output = account.command(command).arg("--verbose").env("AWS_MAX_ATTEMPTS", ATTEMPTS).output().unwrap();
        over.store(true, Ordering::Relaxed);
        done(output)
    });
    if account.faults_fired() > 0 {
        fault.happened.store(true, Ordering::Relaxed);
    }
    account.faults(json!([]));
    done
}

/// Asserts that almost every fault happened: a run can have a few calls less than the undisturbed one, because it polls.
pub fn assert_happened(faults: &[Fault]) {
    let missed: Vec<&str> =
        faults.iter().filter(|one| !one.happened.load(Ordering::Relaxed)).map(|one| one.what.as_str()).collect();
    assert!(missed.len() * 20 <= faults.len(), "{} of {} never happened: {missed:#?}", missed.len(), faults.len());
}

/// Ends an outage after its time.
fn end_outage(account: &Account, fault: &Fault, over: &AtomicBool) {
    let mut began = None;
    while fault.kind == Kind::Outage && !over.load(Ordering::Relaxed) {
        if began.is_none() && account.faults_fired() > 0 {
            began = Some(Instant::now());
            fault.happened.store(true, Ordering::Relaxed);
        }
        if began.is_some_and(|began| began.elapsed() > OUTAGE) {
            return account.faults(json!([]));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Asserts that what was live was deleted only after the record had moved (invariants 4 and 5).
#[track_caller]
fn outlived_the_swap(account: &Account, live: &str, what: &str) {
    let writes = account.writes();
    let deletes = |call: &Value| {
        action(call) == "DeleteDBInstance" && call["status"] == 200 && call["params"]["DBInstanceIdentifier"] == live
    };
    let deleted = writes.iter().position(deletes);
    let moved = |calls: &[Value]| calls.iter().any(|call| action(call) == "ChangeResourceRecordSets");
    assert!(deleted.is_none_or(|at| moved(&writes[..at])), "{live} was deleted before the swap, {what}");
}

fn rotated() -> Account {
    let account = quick().production().config("lease: 2s", "lease: 6s");
    account.devdb(&["rotate"]).code(0);
    account
}

#[test]
fn at_any_call_of_a_rotation_the_world_is_in_order_and_the_next_run_ends_well() {
    let faults = faults(&rotated(), &["rotate"]);
    assert!(faults.len() > 30, "{}", faults.len());
    in_parallel(4, &faults, rotated, |account, fault| {
        let before = before(account);
        account.forget_journal();
        let done = disturbed(account, fault, &["rotate"]);
        holds(account, &before, &done, &fault.what);
        outlived_the_swap(account, before.live.as_deref().unwrap(), &fault.what);
        // Codes 3 and 4 leave nothing behind, so the next fault begins like the first.
        if [5, 6].contains(&done.code) {
            account.devdb(&["rotate"]).code(0);
            assert_eq!(account.generations(), [account.live().unwrap()], "after {}", fault.what);
        }
    });
    assert_happened(&faults);
}

fn with_sample_section() -> Account {
    let account = rotated();
    let path = account.path("devdb.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let section = "sample:\n  root: app.users\n  database: app\n  source: { user: app_service, password: { command: \
                   [printf, \"%s\", dev-service-password] } }\n";
    std::fs::write(path, text + section).unwrap();
    account
}

#[test]
fn at_any_call_of_a_sample_nothing_is_written_but_the_sample() {
    let folder = tempfile::tempdir().unwrap();
    let archive = |name: &str| format!("archive:{}", folder.path().join(format!("{name}.tar.zst")).display());
    let account = with_sample_section();
    let command = |into: &str| ["sample", "--users", "1,2,3", "--into", into].map(str::to_owned);
    let undisturbed = command(&archive("undisturbed"));
    let faults = faults(&account, &undisturbed.each_ref().map(String::as_str));
    assert!(faults.len() >= 4, "{}", faults.len());
    for (number, fault) in faults.iter().enumerate() {
        account.forget_journal();
        let (live, before) = (account.live(), contents(folder.path()));
        let done = disturbed(&account, fault, &command(&archive(&number.to_string())).each_ref().map(String::as_str));
        let context = format!("{}: exit {}\n{}", fault.what, done.code, done.err);
        assert!([0, 1, 3].contains(&done.code), "{context}");
        assert_eq!(account.writes(), [] as [Value; 0], "{context}");
        assert_eq!(account.live(), live, "{context}");
        let new = contents(folder.path()).into_iter().filter(|(path, _)| !before.contains_key(path)).count();
        assert_eq!(new, usize::from(done.code == 0), "{context}");
    }
    assert_happened(&faults);
}

/// Returns the contents of all files below a folder.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            found.extend(contents(&entry.path()));
        } else {
            found.insert(entry.path(), std::fs::read(entry.path()).unwrap());
        }
    }
    found
}
