use serde_json::json;

use super::{World, account, stored, two_generations};
use crate::aws_rotate::faults::{assert_happened, disturbed, faults};
use crate::aws_rotate::world::in_parallel;
use crate::support::account::Account;

struct Pair {
    account: Account,
    first: String,
    second: String,
}

fn pair() -> Pair {
    let account = account();
    let (first, second) = two_generations(&account);
    Pair { account, first, second }
}

/// The exit code and the last words tell what the record points at, whatever went wrong.
#[track_caller]
fn holds(pair: &Pair, code: i32, err: &str, what: &str) {
    let context = format!("{what}: exit {code}\n{err}");
    let Pair { account, first, second } = pair;
    let live = account.live().unwrap();
    let tagged = |name: &&String| account.tag(name, "devdb:phase").as_deref() == Some("live");
    assert!([first, second].into_iter().filter(tagged).count() <= 1, "two are tagged live, {context}");
    match code {
        0 | 6 => assert_eq!(&live, first, "{context}"),
        3..=5 => assert_eq!(&live, second, "{context}"),
        _ => panic!("{context}"),
    }
    if code == 3 {
        assert!(err.contains("nothing was changed"), "{context}");
    }
    // The record may be unreadable too during an outage that refuses the whole rollback.
    let is_hidden = code == 3 && what.starts_with("Outage");
    assert!(is_hidden || err.contains(&live), "the output does not name {live}, {context}");
    if &live == first {
        account.log_in_as_master(&stored(account)).unwrap_or_else(|error| panic!("{error}, {context}"));
    }
}

#[test]
fn whatever_goes_wrong_at_any_call_the_exit_code_tells_what_is_live() {
    let faults = faults(&pair().account, &["rollback"]);
    assert!(faults.len() > 12, "{}", faults.len());
    in_parallel(3, &faults, pair, |pair, fault| {
        let account = &pair.account;
        let done = disturbed(account, fault, &["rollback"]);
        holds(pair, done.code, &done.err, &fault.what);
        let tag = account.tag(&pair.first, "devdb:phase");
        if account.live().as_ref() != Some(&pair.first) || tag.as_deref() != Some("live") {
            account.devdb(&["rollback"]).code(0);
        }
        super::assert_live(account, &pair.first);
        account.devdb(&["rollback", &pair.second]).code(0);
        super::assert_live(account, &pair.second);
    });
    assert_happened(&faults);
}

/// Somebody else moves the record while a rollback works: it is not moved again.
#[test]
fn a_record_that_was_moved_meanwhile_is_left_alone() {
    let pair = pair();
    let account = &pair.account;
    account.fault(json!({ "action": "ChangeResourceRecordSets", "kind": "record-changed-by-somebody",
        "name": crate::support::account::RECORD, "value": "elsewhere.example.com", "ttl": 0, "times": 1 }));
    account.devdb(&["rollback"]).code(4).says("was changed concurrently").says("points at elsewhere.example.com");
    account.faults(json!([]));
    assert_eq!(account.record().as_deref(), Some("elsewhere.example.com"));
}
