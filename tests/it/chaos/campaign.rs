#![expect(clippy::print_stdout, reason = "what a kill came to is read while the others run")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::draw::{Kill, Platform, Verb, Victim};
use super::invariants::{self, Before, Findings};
use super::stage::Stage;

/// Stages on each platform.
const STAGES: usize = 2;

/// A number of kills from one seed.
pub struct Campaign {
    seed: u64,
    kills: u64,
    /// The one kill to repeat.
    only: Option<u64>,
    /// After this time no further kill begins.
    limit: Duration,
    /// Lines about kills that held; a later run of the same program leaves them out.
    state: Option<PathBuf>,
}

/// What came out.
#[derive(Default)]
struct Tally {
    done: BTreeSet<u64>,
    struck: AtomicU64,
    missed: AtomicU64,
    failures: Mutex<Vec<String>>,
}

impl Campaign {
    /// As `make chaos` asks for it, or what `make test` runs.
    pub fn from_environment() -> Campaign {
        let number = |name: &str| -> Option<u64> {
            let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
            Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, not a number")))
        };
        let (kills, seed, only) = (number("DEVDB_CHAOS_KILLS"), number("DEVDB_CHAOS_SEED"), number("DEVDB_CHAOS_ONLY"));
        let seed = seed.unwrap_or(20_261_130);
        let state = (kills.is_some() && only.is_none())
            .then(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("chaos-{seed}.txt")));
        let minutes = number("DEVDB_CHAOS_MINUTES").unwrap_or(24 * 60);
        Campaign { seed, kills: kills.unwrap_or(30), only, limit: Duration::from_secs(60 * minutes), state }
    }

    /// Kills, and fails with everything that did not hold.
    pub fn run(&self) {
        let tally = Tally { done: self.done_before(), ..Tally::default() };
        let numbers: Vec<u64> = match self.only {
            Some(only) => vec![only],
            None => (1..=self.kills).filter(|number| !tally.done.contains(number)).collect(),
        };
        println!("chaos: seed {}, {} kills, {} of them done before", self.seed, self.kills, tally.done.len());
        let over = AtomicBool::new(false);
        let left = AtomicU64::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| until_interrupted(self.limit, &over));
            let workers: Vec<_> = [Platform::Local, Platform::Aws]
                .into_iter()
                .flat_map(|platform| (0..STAGES).map(move |share| (platform, share)))
                .map(|(platform, share)| {
                    let mine: Vec<Kill> = numbers
                        .iter()
                        .map(|number| Kill::draw(self.seed, *number))
                        .filter(|kill| kill.platform == platform)
                        .skip(share)
                        .step_by(STAGES)
                        .collect();
                    let (tally, over, left) = (&tally, &over, &left);
                    scope.spawn(move || self.work(&mine, tally, over, left))
                })
                .collect();
            let ended: Vec<_> = workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
            over.store(true, Ordering::Relaxed);
            ended.into_iter().for_each(|one| one.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        });
        self.report(&tally, left.into_inner());
    }

    fn work(&self, kills: &[Kill], tally: &Tally, over: &AtomicBool, left: &AtomicU64) {
        let mut stage = None;
        for kill in kills {
            if over.load(Ordering::Relaxed) {
                left.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let at = stage.get_or_insert_with(|| Stage::new(kill.platform));
            let began = Instant::now();
            // What a broken world makes panic is a finding too.
            let attempt = std::panic::AssertUnwindSafe(|| one(at, kill, tally));
            let findings = std::panic::catch_unwind(attempt).unwrap_or_else(|panic| {
                let said = panic.downcast_ref::<String>().map_or("a panic", String::as_str);
                Findings(vec![said.to_owned()])
            });
            if findings.0.is_empty() {
                println!("held, {:.1} s: {kill}", began.elapsed().as_secs_f64());
                self.remember(kill);
                continue;
            }
            let repeat = format!("make chaos SEED={} ONLY={}", self.seed, kill.number);
            let failure =
                format!("{kill}\n  seed {}; repeat it with: {repeat}\n  {}", self.seed, findings.0.join("\n  "));
            println!("FAILED: {failure}");
            tally.failures.lock().unwrap().push(failure);
            // The next kill begins in a company that is in order.
            stage = None;
        }
    }

    fn report(&self, tally: &Tally, left: u64) {
        let (struck, missed) = (tally.struck.load(Ordering::Relaxed), tally.missed.load(Ordering::Relaxed));
        let failures = tally.failures.lock().unwrap();
        println!(
            "chaos: seed {}: {} kills done before, {struck} signals sent, {missed} runs ended before theirs, {} failed, {left} left",
            self.seed,
            tally.done.len(),
            failures.len(),
        );
        if left > 0 {
            println!("chaos: ended early; the same command continues");
        }
        assert!(failures.is_empty(), "{} of the kills failed:\n{}", failures.len(), failures.join("\n"));
        assert!(
            self.only.is_some() || left > 0 || numbers_hit(struck, missed),
            "{missed} of {} came too late",
            struck + missed
        );
    }

    /// The state file begins with the program that it is about: what another one endured proves nothing.
    fn done_before(&self) -> BTreeSet<u64> {
        let Some(path) = &self.state else { return BTreeSet::new() };
        let program = program();
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let mut lines = text.lines();
        if lines.next() == Some(&program) {
            return lines.filter_map(|line| line.parse().ok()).collect();
        }
        std::fs::write(path, format!("{program}\n")).unwrap();
        BTreeSet::new()
    }

    fn remember(&self, kill: &Kill) {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let Some(path) = &self.state else { return };
        let _turn = ONE_AT_A_TIME.lock().unwrap();
        let mut file = std::fs::File::options().append(true).open(path).unwrap();
        file.write_all(format!("{}\n", kill.number).as_bytes()).unwrap();
    }
}

/// Most signals must find a running program.
fn numbers_hit(struck: u64, missed: u64) -> bool {
    struck >= missed * 4
}

fn program() -> String {
    let hash = Sha256::digest(std::fs::read(env!("CARGO_BIN_EXE_devdb")).unwrap());
    format!("program {}", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Ctrl-C, or the end of the time, lets each worker end the kill it is at.
fn until_interrupted(limit: Duration, over: &AtomicBool) {
    crate::support::block_on(async {
        let began = Instant::now();
        while !over.load(Ordering::Relaxed) {
            let pause = tokio::time::sleep(Duration::from_millis(200));
            tokio::select! {
                _ = tokio::signal::ctrl_c() => over.store(true, Ordering::Relaxed),
                () = pause => {}
            }
            if began.elapsed() > limit {
                over.store(true, Ordering::Relaxed);
            }
        }
    });
}

/// One kill, and what follows it.
fn one(stage: &Stage, kill: &Kill, tally: &Tally) -> Findings {
    let before = Before::of(stage);
    let mut findings = Findings::default();
    let mut verbs = Vec::new();
    for strike in &kill.strikes {
        if strike.verb == Verb::Cleanup {
            // Only a clone whose lease has ended is abandoned.
            std::thread::sleep(Duration::from_millis(1100));
        }
        verbs.push(strike.verb);
        let ended = stage.strike(strike);
        let counter = if ended.after_signal.is_some() { &tally.struck } else { &tally.missed };
        counter.fetch_add(1, Ordering::Relaxed);
        invariants::check_end(strike, &ended, &mut findings);
        // A server that ended right after the swap is what the record points at; the next run starts it.
        if strike.victim == Victim::Program || ended.code == Some(4) {
            invariants::check(stage, &before, &verbs, &ended, &mut findings);
        }
    }
    if kill.next != Verb::Rotate {
        verbs.push(kill.next);
        let ended = stage.run(kill.next, false);
        let expected = if kill.next == Verb::Rollback { &[0, 3, 75][..] } else { &[0] };
        findings.must("18 the next run", ended.code.is_some_and(|code| expected.contains(&code)), || {
            format!("{:?} ended with {:?}:\n{}", kill.next, ended.code, ended.text)
        });
        invariants::check(stage, &before, &verbs, &ended, &mut findings);
    }
    verbs.push(Verb::Rotate);
    let ended = stage.run(Verb::Rotate, false);
    invariants::check(stage, &before, &verbs, &ended, &mut findings);
    invariants::check_settled(stage, kill, &ended, &mut findings);
    stage.world.forget();
    findings
}
