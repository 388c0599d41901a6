//! The program killed at instants drawn from a seed, on both platforms. After each kill, and after the next run, the
//! invariants of ARCHITECTURE.md are checked as far as they can be observed from outside.
//!
//! `make chaos KILLS=500 SEED=7` continues an earlier run of the same seed and program; `make chaos SEED=7 ONLY=41`
//! repeats one kill. `make test` runs a few.

/// The kills of one run of this test: who does which, what is done already, the report.
mod campaign;
/// What the fixtures hold: databases, logins, originals.
mod company;
/// One kill, drawn from a seed and its number.
mod draw;
/// What must hold after a kill, and after the run that follows.
mod invariants;
/// Reading a generation's databases by plain SQL.
mod scan;
/// A platform with a company on it, as observed from outside.
mod stage;
/// A stage in a simulated AWS account.
mod stage_aws;
/// A stage on this machine.
mod stage_local;
/// A run of the program that is ended at an instant.
mod victim;

#[test]
fn whenever_it_is_killed_every_invariant_holds() {
    campaign::Campaign::from_environment().run();
}
