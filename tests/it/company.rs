//! A rotation of a generated company with default server settings. `make bench` runs it with a million users.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::support::company::Company;

/// Users. A step whose duration grows with their square does not end before [`LIMIT`].
const USERS: u32 = 100_000;
/// Many times what a rotation takes.
const LIMIT: Duration = Duration::from_secs(600);

#[test]
fn a_company_of_two_databases_rotates_with_default_server_settings() {
    let company = Company::of(USERS);
    let mut rotation = company.command(&["rotate"]).stdout(Stdio::inherit()).stderr(Stdio::inherit()).spawn().unwrap();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = rotation.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > LIMIT {
            rotation.kill().unwrap();
            panic!("the rotation did not end within {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    assert!(status.success(), "{status}");
    let users = i64::from(USERS);
    let rows = users + users / 5 + users / 2 + users / 3 + (users + 2) / 3;
    assert_eq!(company.seen_by_developers(), [(0, rows), (0, users / 2)]);
}
