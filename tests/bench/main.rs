//! `make bench`: figures, not verdicts. Nothing here fails for being slow; the goals stand beside the
//! figures. Times on a shared machine are noisy, so what is compared runs alternately.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, dead_code)]

#[path = "../it/support/mod.rs"]
#[macro_use]
mod support;

mod company;
mod leak;
mod rewrite;
mod sample;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::account::Account;
use support::scene::Scene;

fn main() {
    // `cargo test` and `cargo clippy` also build this; only `make bench` asks for the figures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    // `cargo bench -- memory rewrite` runs only these.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let figures: [(&str, fn()); 7] = [
        ("overhead", overhead),
        ("restore", local_restore),
        ("memory", memory),
        ("rewrite", rewrite::figures),
        ("leak", leak::figures),
        ("sample", sample::figures),
        ("company", company::figures),
    ];
    for (name, figure) in figures {
        if wanted.is_empty() || wanted.iter().any(|it| it == name) {
            figure();
        }
    }
}

fn heading(title: &str) {
    println!("\n{title}\n{}", "-".repeat(title.len()));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A rotation on an account that answers at once: its wall time, less the time inside AWS calls and
/// inside scripts, is devdb's own.
fn overhead() {
    heading("own overhead of a rotation on AWS (goal: under 3 s)");
    let account = Account::new().production();
    account.bench("settings", json!({ "delay": 0, "lag": 0, "dns_delay": 0, "page_size": 100 }));
    account.devdb(&["rotate"]).code(0);
    let mut own = Vec::new();
    for _ in 0..5 {
        let before = account.journal().len();
        let began = Instant::now();
        let done = account.devdb(&["rotate", "--format", "json"]).code(0);
        let wall = began.elapsed().as_secs_f64();
        let calls = account.journal().split_off(before);
        let aws: f64 = calls.iter().filter_map(|call| call["seconds"].as_f64()).sum();
        let events = done.out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let of = |event: &Value, kind: &str| event["event"] == kind;
        let seconds = |event: Value| event["seconds"].as_f64().unwrap_or(0.0);
        let (mut scripts, mut ttl) = (0.0, 0.0);
        for event in events {
            if of(&event, "script_ran") {
                scripts += seconds(event);
            } else if of(&event, "step_finished") && event["step"] == "ttl" {
                ttl += seconds(event);
            }
        }
        own.push(wall - aws - scripts - ttl);
        println!(
            "wall {wall:.2} s: {} AWS calls {aws:.2} s, scripts {scripts:.2} s, waiting out the TTL {ttl:.2} s, own {:.2} s",
            calls.len(),
            wall - aws - scripts - ttl
        );
    }
    println!("own, median: {:.2} s", median(own));
}

/// A local restore is a copy of files; `cp -r` of the same files is the floor.
fn local_restore() {
    heading("local restore against cp -r of the same directory (goal: at most 1.2)");
    let scene = Scene::new();
    let (directory, account) = support::server::directory();
    let files = grown(&scene, directory.path(), 400);
    let mut ratios = Vec::new();
    for round in 0..5 {
        let copy = directory.path().join(format!("copy-{round}"));
        let cp = || {
            let began = Instant::now();
            assert!(Command::new("cp").arg("-r").args([&files, &copy]).status().unwrap().success());
            began.elapsed().as_secs_f64()
        };
        let ours = || {
            let began = Instant::now();
            let target = directory.path().join(format!("ours-{round}"));
            devdb::platform::local::copy_cluster(&files, &target, account).unwrap();
            let took = began.elapsed().as_secs_f64();
            std::fs::remove_dir_all(target).unwrap();
            took
        };
        // Which comes first alternates, since the page cache favours the second.
        let (theirs, mine) = if round % 2 == 0 {
            (cp(), ours())
        } else {
            let mine = ours();
            (cp(), mine)
        };
        std::fs::remove_dir_all(&copy).unwrap();
        println!("cp -r {theirs:.2} s, devdb {mine:.2} s, ratio {:.2}", mine / theirs);
        ratios.push(mine / theirs);
    }
    println!("ratio, median: {:.2}", median(ratios));
}

/// The production of a scene, grown by a table of so many megabytes.
fn grown(scene: &Scene, into: &Path, megabytes: usize) -> std::path::PathBuf {
    let files = scene.path("snapshots/app-prod/20261121-0200").canonicalize().unwrap();
    let grown = into.join(format!("grown-{megabytes}"));
    assert!(Command::new("cp").arg("-a").args([&files, &grown]).status().unwrap().success());
    // What is in the files does not matter to a copy; ten files of a size that PostgreSQL's have.
    for part in 0..10 {
        std::fs::write(grown.join("base").join(format!("filler-{part}")), vec![part; megabytes * 100_000]).unwrap();
    }
    grown
}

/// Peak memory of a rotation; it must not follow the size of the database.
fn memory() {
    heading("peak memory of a rotation (goal: under 64 MB whatever the size)");
    for megabytes in [0, 200, 800] {
        let scene = Scene::new();
        let (directory, _) = support::server::directory();
        if megabytes > 0 {
            let files = grown(&scene, directory.path(), megabytes);
            std::fs::remove_file(scene.path("snapshots/app-prod/20261121-0200")).unwrap();
            scene.snapshot("20261121-0200", &files);
        }
        println!("local, {:>4} MB: {:.0} MB", megabytes + 48, peak(scene.spawn(&["rotate"])));
    }
    let account = Account::new().production();
    println!("AWS, small:    {:.0} MB", peak(account.command(&["rotate"]).stderr(Stdio::null()).spawn().unwrap()));
}

/// Megabytes of memory that a process had at its most, by the kernel's own count.
fn peak(child: Child) -> f64 {
    peak_of(child).expect("it succeeds")
}

/// The same; none when it failed.
fn peak_of(mut child: Child) -> Option<f64> {
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0.0_f64;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let kilobytes =
            text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        most = most.max(kilobytes.unwrap_or(0.0) / 1000.0);
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait().unwrap().success().then_some(most)
}
