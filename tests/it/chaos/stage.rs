use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use devdb::pg::tunnel::Dial;
use devdb::pg::{Credentials, Session, Trust, connect};
use rustix::process::Signal;

use super::draw::{Platform, Strike, Verb, Victim, When};
use super::invariants::Findings;
use super::stage_aws::Aws;
use super::stage_local::Local;
use super::victim::{self, Ended, Trigger};

/// A generation as an administrator sees it.
#[derive(Clone, Debug)]
pub struct Generation {
    pub name: String,
    pub id: String,
    pub phase: String,
    /// Whether its network admits developers.
    pub is_open: bool,
    /// Where its server is, and the name in its certificate; `None` if it has none yet.
    pub address: Option<(std::net::SocketAddr, Option<String>)>,
}

impl Generation {
    pub fn is_published(&self) -> bool {
        ["live", "retired"].contains(&self.phase.as_str())
    }
}

/// What a platform shows from outside, besides what the program says.
pub trait World: Send {
    fn command(&self, arguments: &[&str]) -> Command;
    /// All generations, sorted by name, but those that are being deleted.
    fn generations(&self) -> Vec<Generation>;
    /// The generation that the record points at.
    fn live(&self) -> Option<String>;
    /// Everything of production that a write could change.
    fn production(&self) -> String;
    fn trust(&self) -> Trust;
    fn folder(&self) -> &Path;
    /// Lets the API call with this number wait, or loses its response.
    fn hold_call(&self, number: usize, after: bool);
    fn is_holding(&self) -> bool;
    /// Ends that, and waits until no call is being carried out.
    fn release(&self);
    /// Sends a signal to the server of a clone that is not published. Returns whether there is one.
    fn signal_server(&self, signal: Signal) -> bool;
    /// API calls so far.
    fn calls(&self) -> usize;
    /// Checks what only this platform shows. `before` was live before the kill.
    fn check(&self, before: &str, findings: &mut Findings);
    /// Processes, files and instances that belong to none of these generations.
    fn left_over(&self, generations: &[String]) -> Vec<String>;
    /// Forgets what was recorded for `check`.
    fn forget(&self);
}

/// What an undisturbed run of a command does.
#[derive(Clone, Copy, Debug, Default)]
struct Measure {
    seconds: f64,
    events: usize,
    traces: usize,
    calls: usize,
}

/// A company with a live generation, a kept one and a protected one.
pub struct Stage {
    pub world: Box<dyn World>,
    measures: [Measure; 4],
}

impl Stage {
    /// Sets the stage, and measures each command once.
    pub fn new(platform: Platform) -> Stage {
        let world: Box<dyn World> = match platform {
            Platform::Local => Box::new(Local::new()),
            Platform::Aws => Box::new(Aws::new()),
        };
        std::fs::create_dir_all(world.folder().join("out")).unwrap();
        let mut stage = Stage { world, measures: Default::default() };
        stage.run(Verb::Rotate, true).must_be_done("the stage is set");
        for verb in [Verb::Rotate, Verb::Rollback, Verb::Sample] {
            let calls = stage.world.calls();
            let ended = stage.run(verb, true);
            ended.must_be_done("a run is measured");
            stage.measures[verb as usize] = Measure {
                seconds: ended.seconds,
                events: ended.events,
                traces: ended.traces,
                calls: stage.world.calls() - calls,
            };
        }
        // What a clone's removal takes of a rotation.
        let rotate = stage.measures[Verb::Rotate as usize];
        let half = |number: usize| number / 3;
        stage.measures[Verb::Cleanup as usize] = Measure {
            seconds: rotate.seconds / 3.0,
            events: 4,
            traces: half(rotate.traces).min(10),
            calls: half(rotate.calls).min(10),
        };
        stage.world.forget();
        stage
    }

    /// Where a sample is written.
    pub fn archive(&self) -> PathBuf {
        self.world.folder().join("out/sample.tar.zst")
    }

    fn command(&self, verb: Verb, detailed: bool) -> Command {
        let archive = format!("archive:{}", self.archive().display());
        let mut arguments = match verb {
            Verb::Rotate => vec!["rotate"],
            Verb::Rollback => vec!["rollback"],
            Verb::Cleanup => vec!["cleanup", "--older-than", "0s"],
            Verb::Sample => vec!["sample", "--users", "1,2,3", "--replace", "--into", &archive],
        };
        if detailed {
            arguments.extend(["--format", "json", "--verbose"]);
        }
        let temporary = self.world.folder().join("tmp");
        std::fs::create_dir_all(&temporary).unwrap();
        let mut command = self.world.command(&arguments);
        command.env("TMPDIR", temporary);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, verb: Verb, detailed: bool) -> Ended {
        victim::run(self.command(verb, detailed), &Trigger::Never, &|_| false)
    }

    /// Runs a command and ends it at the strike's instant.
    pub fn strike(&self, strike: &Strike) -> Ended {
        let whole = self.measures[strike.verb as usize];
        let is_holding = || self.world.is_holding();
        let trigger = match strike.when {
            When::Time(share) => Trigger::After(Duration::from_secs_f64(whole.seconds * share)),
            When::Event(share) => Trigger::Events(of(whole.events, share) + 1),
            When::Trace(share) => Trigger::Traces(of(whole.traces, share) + 1),
            When::BeforeCall(share) | When::AfterCall(share) => {
                let after = matches!(strike.when, When::AfterCall(_));
                self.world.hold_call(of(whole.calls, share), after);
                Trigger::Once(&is_holding)
            }
        };
        let detailed = !matches!(strike.when, When::Time(_));
        let hit = |program: &Child| match strike.victim {
            Victim::Program => victim::signal(program, strike.signal),
            Victim::Server => self.world.signal_server(strike.signal),
        };
        let ended = victim::run(self.command(strike.verb, detailed), &trigger, &hit);
        self.world.release();
        ended
    }

    /// Logs in to a generation's database.
    ///
    /// # Errors
    /// Also if the generation has no server.
    pub async fn login(
        &self,
        generation: &Generation,
        (user, password): (&str, &str),
        database: &str,
    ) -> Result<Session, String> {
        let Some((address, server_name)) = generation.address.clone() else { return Err("no server".to_owned()) };
        let credentials = Credentials { user: user.into(), password: password.to_owned().into() };
        let dial = Dial { address, server_name };
        connect(&dial, &self.world.trust(), &credentials, database).await.map_err(|error| error.to_string())
    }

    /// The master password that the team's store has.
    pub fn stored_password(&self) -> String {
        std::fs::read_to_string(stored(self.world.folder())).unwrap_or_default()
    }
}

impl Ended {
    #[track_caller]
    fn must_be_done(&self, what: &str) {
        assert_eq!(self.code, Some(0), "{what}: {}", self.text);
    }
}

/// The file in which the team keeps the master password.
pub fn stored(folder: &Path) -> PathBuf {
    folder.join("stored-password")
}

/// The number that is a share of a count, from 0 to the count - 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "small")]
fn of(count: usize, share: f64) -> usize {
    ((count as f64 * share) as usize).min(count.saturating_sub(1))
}
