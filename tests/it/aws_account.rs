//! The simulated account itself: what it does is what AWS documents (`tests/aws/FACTS.md`).

use std::process::Command;

/// Each check of `tests/aws/checks` uses an account of its own; a failure names the check.
#[test]
fn the_account_does_what_aws_documents() {
    let python = std::env::var("DEVDB_TEST_MOTO_PYTHON").expect("run the tests with `make test`");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/aws/selftest.py");
    let done = Command::new(python).arg(script).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{text}");
}
