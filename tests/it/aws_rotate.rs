//! Rotations on AWS: the real program, as a child process, in a simulated account of its own.

/// SIGINT and SIGTERM: what is undone, and how fast.
mod cancel;
/// `status`, `rollback`, `cleanup`, `doctor`, `--dry-run`.
mod commands;
/// Every call of a command fails once in each way.
pub mod faults;
/// A program that forwards a port, and one that leads elsewhere.
mod forwarder;
/// A role assumed with GitHub's token.
mod github;
/// SIGKILL at every step and at random instants.
mod kills;
/// Answers that do not arrive, credentials that end, rights that are missing.
mod lost;
/// The API does not answer, or refuses to be asked.
mod outage;
/// Restores and passwords that come out wrong: the clone is removed, everything else is as before.
mod outcomes;
/// Parameters of the server that the quarantine relies on.
mod parameters;
/// The policies of different configurations, question by question.
mod policies;
/// The policy that `devdb policy` prints, judged by AWS's own authorization data.
mod policy;
/// What preflight refuses, before any write.
mod refusals;
/// What a restore can be refused for, what it has to wait for, and what remedies it has.
mod restores;
/// Two runs at once.
mod rivals;
/// The whole story, and what each call carried.
mod story;
/// The record, and what it pointed at before.
mod swap;
/// Through a tunnel that may die.
mod tunnel;
/// What must hold whatever happened, and the tools to make things happen.
pub mod world;
