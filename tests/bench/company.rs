//! A rotation of a company of a million users, and what its steps cost, with default server settings.

use std::process::Stdio;
use std::time::Instant;

use serde_json::Value;

use crate::support::company::Company;

const USERS: u32 = 1_000_000;

/// Prints the duration of each step, and refuses a rotation after which an original can be seen.
pub fn figures() {
    crate::heading(
        "rotation of a company: 1 M users, 3 M masked values of them, two databases, default server settings",
    );
    let company = Company::of(USERS);
    let began = Instant::now();
    let output =
        company.command(&["rotate", "--format", "json"]).stderr(Stdio::inherit()).output().expect("devdb starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
        if event["event"] == "step_finished" {
            let seconds = event["seconds"].as_f64().unwrap_or_default();
            println!("{:>8.1} s  {}", seconds, event["step"].as_str().unwrap_or_default());
        }
    }
    println!("{:>8.1} s  in all", began.elapsed().as_secs_f64());
    let seen = company.seen_by_developers();
    assert!(seen.iter().all(|(originals, _)| *originals == 0), "{seen:?}");
    println!("rows by database: {:?}, originals: none", seen.iter().map(|(_, rows)| *rows).collect::<Vec<_>>());
}
