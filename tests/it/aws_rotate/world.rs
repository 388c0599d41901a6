//! What must hold whatever happened, and the tools to make things happen.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::story::PRODUCTION;
use crate::support::account::{Account, ORIGINALS};
use crate::support::scene::{Done, done};

/// A quick account: everything is done at once, nothing has to be waited out.
pub fn quick() -> Account {
    let at_once = json!({ "delay": 0, "lag": 0, "dns_delay": 0, "page_size": 100 });
    Account::new().settings(at_once).config("ttl: 1s", "ttl: 0s")
}

/// What is compared before and after.
pub struct Before {
    production: String,
    pub live: Option<String>,
}

pub fn before(account: &Account) -> Before {
    Before { production: account.sql("app-prod", PRODUCTION), live: account.live() }
}

/// Rules 3, 4, 7 and 14: the exit code tells the truth about the world, and the world is as it may be.
#[track_caller]
pub fn holds(account: &Account, before: &Before, done: &Done, what: &str) {
    let context = format!("{what}: exit {}\n{}", done.code, done.err);
    let (live, generations) = (account.live(), account.generations());
    assert_eq!(account.sql("app-prod", PRODUCTION), before.production, "production changed, {context}");
    let others: Vec<&String> = generations.iter().filter(|name| Some(*name) != live.as_ref()).collect();
    if let Some(live) = &live {
        is_harmless(account, live, &context);
    } else {
        assert_eq!(account.record(), None, "the record leads nowhere, {context}");
    }
    match done.code {
        0 => assert!(live != before.live && others.is_empty(), "{generations:?}, {context}"),
        3 | 4 => assert!(live == before.live && others.is_empty(), "{generations:?}, {context}"),
        5 => {
            let [left] = others.as_slice() else { panic!("{generations:?}, {context}") };
            assert!(live == before.live && done.err.contains(*left), "{left}, {context}");
        }
        6 => {
            let live = live.unwrap();
            assert!(Some(&live) != before.live.as_ref() && done.err.contains(&live), "{live}, {context}");
            assert!(others.iter().all(|name| Some(*name) == before.live.as_ref()), "{context}");
        }
        _ => panic!("{context}"),
    }
}

/// What the record points at has no original value, and says itself that it was scrubbed.
#[track_caller]
pub fn is_harmless(account: &Account, live: &str, context: &str) {
    let sql = format!("SELECT ({ORIGINALS}) || ' ' || name || ' ' || phase FROM devdb_meta.generation");
    assert_eq!(account.sql(live, &sql), format!("0 {live} scrubbed"), "{context}");
    let phase = account.tag(live, "devdb:phase").unwrap();
    assert!(["scrubbed", "live"].contains(&phase.as_str()), "{phase}, {context}");
}

/// Looks at the record all the time while `work` runs: what it points at was scrubbed, always.
pub fn watched<T>(account: &Account, work: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let state = account.state();
                let record = Account::record_in(&state, account.zone());
                let pointed_at = state["instances"]
                    .as_object()
                    .unwrap()
                    .iter()
                    .find(|(_, each)| record.is_some() && each["endpoint"].as_str() == record.as_deref());
                match pointed_at {
                    Some((name, instance)) => {
                        let phase = instance["tags"]["devdb:phase"].as_str().unwrap_or("none");
                        assert!(["scrubbed", "live"].contains(&phase), "the record led to {name}, which was {phase}");
                        assert_ne!(instance["status"], "deleting", "the record led to {name}, which was deleted");
                    }
                    None => assert_eq!(record, None, "the record led to nothing"),
                }
                std::thread::sleep(Duration::from_millis(15));
            }
        });
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        over.store(true, Ordering::Relaxed);
        watcher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// A started `devdb` with JSON events.
pub struct Started {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
    heard: Vec<String>,
}

pub fn start(account: &Account, arguments: &[&str]) -> Started {
    let mut command = account.command(arguments);
    command.args(["--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (send, lines) = std::sync::mpsc::channel();
    let out = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
    Started { child, lines, heard: Vec::new() }
}

impl Started {
    /// The next event; none when there are no more.
    pub fn line(&mut self) -> Option<String> {
        let line = self.lines.recv_timeout(Duration::from_secs(120)).ok()?;
        self.heard.push(line.clone());
        Some(line)
    }

    /// Reads events up to one that contains the words.
    #[track_caller]
    pub fn until(&mut self, words: &str) -> String {
        while let Some(line) = self.line() {
            if line.contains(words) {
                return line;
            }
        }
        panic!("{words:?} never came: {:#?}", self.heard);
    }

    pub fn signal(&self, signal: Signal) {
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Waits for the end: the code, all events as text, and how long it took.
    pub fn end(mut self) -> (Done, Duration) {
        let began = Instant::now();
        while self.line().is_some() {}
        let mut end = done(self.child.wait_with_output().unwrap());
        end.err.push_str(&self.heard.join("\n"));
        (end, began.elapsed())
    }
}

/// The events of a run, one after the other.
pub fn events(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Does jobs on several scenes at once, each scene with its own share. Waiting is most of the work.
pub fn in_parallel<S, J: Send + Sync>(
    scenes: usize,
    jobs: &[J],
    make: impl Fn() -> S + Sync,
    work: impl Fn(&S, &J) + Sync,
) {
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..scenes)
            .map(|at| {
                let (make, work) = (&make, &work);
                scope.spawn(move || {
                    let scene = make();
                    jobs.iter().skip(at).step_by(scenes).for_each(|job| work(&scene, job));
                })
            })
            .collect();
        for thread in running {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
}
