use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::json;

use crate::support::account::Account;
use crate::support::simulator::action;

/// GitHub's token service, as far as a job needs it: a token for whoever knows the job's secret.
fn token_service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token?api-version=2.0", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let length = stream.read(&mut head).unwrap();
            let known = String::from_utf8_lossy(&head[..length]).contains("bearer job-secret");
            let answer = if known {
                "200 OK\r\ncontent-length: 23\r\nconnection: close\r\n\r\n{\"value\":\"eyJ-a-token\"}"
            } else {
                "403 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            };
            write!(stream, "HTTP/1.1 {answer}").unwrap();
        }
    });
    url
}

fn in_github() -> Account {
    let account = Account::new().production();
    let role = format!("class: db.t4g.medium\n        role: arn:aws:iam::{}:role/rotator", account.number);
    account
        .config("class: db.t4g.medium", &role)
        .with_env("AWS_ACCESS_KEY_ID", "")
        .with_env("AWS_SECRET_ACCESS_KEY", "")
        .with_env("ACTIONS_ID_TOKEN_REQUEST_URL", token_service())
        .with_env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "job-secret")
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
    let done = account.devdb(&["rotate"]).code(5).says("could not be removed");
    let [left] = account.generations().try_into().unwrap();
    assert!(done.err.contains(&left), "{}", done.err);
    account.faults(json!([]));
    account.devdb(&["rotate"]).code(0);
    assert_eq!(account.generations(), [account.live().unwrap()]);
}
