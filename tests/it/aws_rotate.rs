//! Rotations on AWS: the real program, as a child process, in a simulated account of its own.

/// SIGINT and SIGTERM: what is undone, and how fast.
mod cancel;
/// `status`, `rollback`, `cleanup`, `doctor`, `--dry-run`.
mod commands;
/// Something goes wrong at every single call.
mod faults;
/// A program that forwards a port, and one that leads elsewhere.
mod forwarder;
/// A role assumed with GitHub's token.
mod github;
/// SIGKILL at every step and at random instants.
mod kills;
/// Answers that do not arrive, credentials that end, rights that are missing.
mod lost;
/// Restores and passwords that come out wrong: the clone is removed, everything else is as before.
mod outcomes;
/// The time that devdb itself takes.
mod overhead;
/// The policy that `devdb policy` prints, judged by AWS's own authorization data.
mod policy;
/// What preflight refuses, before any write.
mod refusals;
/// Two runs at once.
mod rivals;
/// The whole story, and what each call carried.
mod story;
/// The record, and what it pointed at before.
mod swap;
/// Through a tunnel that may die.
mod tunnel;
/// What must hold whatever happened, and the tools to make things happen.
mod world;
