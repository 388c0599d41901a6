use std::collections::BTreeSet;

use serde_json::json;

use crate::support::account::Account;
use crate::support::simulator::action;

fn in_github() -> Account {
    Account::new().production().with_role().in_job()
}

/// A run outlasts its credentials: they are renewed before they end, again and again.
#[test]
fn credentials_of_a_role_are_renewed_in_the_middle() {
    // They end within the run; the SDK renews them up to five minutes before, at an instant that it draws.
    let account = in_github().settings(json!({ "session_seconds": 3 }));
    let done = account.devdb(&["rotate"]).code(0);
    let journal = account.journal();
    let assumed = journal.iter().filter(|call| action(call) == "AssumeRoleWithWebIdentity").count();
    assert!(assumed >= 3, "assumed {assumed} times");
    let keys: BTreeSet<_> = journal.iter().filter_map(|call| call["access_key"].as_str()).collect();
    assert_eq!(keys.iter().filter(|key| key.starts_with("ASIA")).count(), assumed, "{keys:?}");
    for secret in ["job-secret", "eyJ-a-token"] {
        assert!(!format!("{}{}", done.out, done.err).contains(secret));
    }
}

/// The service stops giving tokens in the middle: what was made is left and named, as nothing can remove it.
#[test]
fn a_token_service_that_ends_in_the_middle() {
    let account = in_github().settings(json!({ "session_seconds": 3 }));
    account.fault(json!({ "action": "AssumeRoleWithWebIdentity", "skip": 20, "code": "AccessDenied", "status": 403 }));
    let done = account.devdb(&["rotate"]).code(5).says("is left, because its state could not be read");
    let [left] = account.generations().try_into().unwrap();
    assert!(done.err.contains(&left), "{}", done.err);
    account.faults(json!([]));
    account.devdb(&["rotate"]).code(0);
    assert_eq!(account.generations(), [account.live().unwrap()]);
}
