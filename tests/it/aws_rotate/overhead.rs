use std::time::{Duration, Instant};

use super::world::quick;

/// What devdb itself adds: an account that answers at once, a database that is tiny, nothing to wait for.
/// The time includes the account's own work (a copy of a cluster, its start) and the SQL.
#[test]
fn a_rotation_in_an_account_that_answers_at_once_takes_less_than_three_seconds() {
    let account = quick().production();
    account.devdb(&["rotate"]).code(0);
    let times: Vec<Duration> = (0..3)
        .map(|_| {
            let began = Instant::now();
            account.devdb(&["rotate"]).code(0);
            began.elapsed()
        })
        .collect();
    eprintln!("a rotation took {times:?}");
    // The fastest: other tests run beside this one.
    let fastest = times.iter().min().unwrap();
    assert!(*fastest < Duration::from_secs(3), "{times:?}");
}
