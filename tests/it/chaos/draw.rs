use std::fmt;

use rustix::process::Signal;

/// Where a kill happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    Local,
    Aws,
}

/// A command of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    Rotate,
    Rollback,
    Cleanup,
    Sample,
}

/// An instant in a run, as a share of what an undisturbed run of the command does.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// Of its duration.
    Time(f64),
    /// Of its events: right after one was reported.
    Event(f64),
    /// Of its trace: right after an SQL statement or API call ended.
    Trace(f64),
    /// Of its API calls: while the service has not carried the call out yet.
    BeforeCall(f64),
    /// Of its API calls: carried out, but the response is lost.
    AfterCall(f64),
}

/// What a signal is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    Program,
    /// The PostgreSQL server of the clone, on this machine.
    Server,
}

/// One signal, in one run of one command.
#[derive(Clone, Copy, Debug)]
pub struct Strike {
    pub verb: Verb,
    pub victim: Victim,
    pub when: When,
    pub signal: Signal,
}

/// One numbered kill: one to three strikes in a row, since whoever cleans up after a kill can be killed too, and the
/// command that runs next.
#[derive(Clone, Debug)]
pub struct Kill {
    pub number: u64,
    pub platform: Platform,
    pub strikes: Vec<Strike>,
    pub next: Verb,
}

impl Kill {
    /// The same seed and number give the same kill.
    pub fn draw(seed: u64, number: u64) -> Kill {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
        dice.next();
        let platform = if number.is_multiple_of(2) { Platform::Aws } else { Platform::Local };
        let mut strikes = vec![dice.strike(*dice.clone().one(&[Verb::Rotate, Verb::Rotate, Verb::Rollback]), platform)];
        if dice.below(8) == 0 {
            strikes[0].verb = Verb::Sample;
        }
        for _ in 0..[0, 0, 0, 1, 1, 2][dice.below(6)] {
            let verb = *dice.one(&[Verb::Rotate, Verb::Rotate, Verb::Rollback, Verb::Cleanup]);
            strikes.push(dice.strike(verb, platform));
        }
        let next = *dice.one(&[Verb::Rotate, Verb::Rotate, Verb::Rollback, Verb::Cleanup]);
        Kill { number, platform, strikes, next }
    }
}

impl fmt::Display for Kill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kill {} on {:?}:", self.number, self.platform)?;
        for (at, strike) in self.strikes.iter().enumerate() {
            write!(f, "{} {strike}", if at > 0 { ", then" } else { "" })?;
        }
        write!(f, "; then {:?}", self.next)
    }
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signal = match self.signal {
            Signal::KILL => "SIGKILL",
            Signal::TERM => "SIGTERM",
            _ => "SIGINT",
        };
        let victim = if self.victim == Victim::Server { " to the clone's server" } else { "" };
        write!(f, "{signal}{victim} in {:?} at {:?}", self.verb, self.when)
    }
}

/// Numbers from a seed (splitmix64): the same in each version of every crate.
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, number: u64) -> usize {
        usize::try_from(self.next() % number).unwrap()
    }

    fn one<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64)]
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap()) / f64::from(u32::MAX)
    }

    fn strike(&mut self, verb: Verb, platform: Platform) -> Strike {
        let share = self.share();
        let when = match (self.below(6), platform) {
            (0 | 1, _) => When::Time(share),
            (2, _) => When::Event(share),
            (4, Platform::Aws) => When::BeforeCall(share),
            (5, Platform::Aws) => When::AfterCall(share),
            _ => When::Trace(share),
        };
        let signal = *self.one(&[Signal::KILL, Signal::KILL, Signal::KILL, Signal::TERM, Signal::INT]);
        let server = self.below(5) == 0 && platform == Platform::Local && verb == Verb::Rotate;
        Strike { verb, victim: if server { Victim::Server } else { Victim::Program }, when, signal }
    }
}
