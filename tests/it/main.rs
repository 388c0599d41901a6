//! All integration tests, in one binary: each further one would link the AWS SDK again.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

/// Detectors over a whole database.
mod audit;
/// The simulated account: it does what AWS documents.
mod aws_account;
/// The AWS adapter against the simulated account: wire, faults, guard.
mod aws_adapter;
/// Whole rotations on AWS, from the command line.
mod aws_rotate;
/// Scenarios that come out alike on every platform.
mod both;
/// The commands on one database that a URL names.
mod by_hand;
/// The catalog: tables, foreign keys.
mod catalog;
/// Killed at instants drawn from a seed: every invariant that can be observed.
mod chaos;
/// Guesses at what columns hold.
mod classify;
/// A cluster for the script tests.
mod cluster_for_scripts;
/// The other commands on the local platform.
mod commands;
mod company;
/// Rotations of several databases.
mod databases;
/// A full disk.
mod disk_full;
/// The example files and the documents' configurations and shell blocks, run.
mod examples;
/// Hazards: found, defused, read back.
mod hazards;
/// The HTML report, looked at in a browser.
mod html;
/// A first configuration.
mod init;
/// Killed at any instant.
mod killed;
/// The order of the modules, and other rules about the source text.
mod layers;
/// The differential leak check: canaries, false alarms, failing closed.
mod leak;
/// The ledger: every place that stores rows has an entry.
mod ledger;
/// Loading a sample into a database.
mod load;
/// Snapshots, disks and damaged files of the local platform.
mod local;
/// devdb.lock against real databases.
mod lock;
/// The marker of a generation: who may read it.
mod marker;
/// Masks on real servers: what they promise, what they refuse.
mod masking;
mod masks;
/// What must never happen, tried.
mod never;
/// A whole night, with the example configuration.
mod night;
/// Scripts of a folder: order, progress, verification.
mod postproc;
/// README and the other documents.
mod readme;
/// Residue: views, statistics, dead rows.
mod residue;
/// Masking in place: methods, obstacles, interruptions, residue.
mod rewrite;
/// Who may log in.
mod roles;
/// Rollbacks on every platform.
mod rollback;
/// Rotations on the local platform.
mod rotate;
/// Row-level security that is forced on the owners of tables.
mod row_security;
/// Samples: which rows, from where, in what form.
mod sample;
/// One script: statements, places of errors, redaction.
mod script;
/// Generated secrets, and the programs that store them.
mod secrets;
/// A clone's server that is killed, and sessions that are ended.
mod server_killed;
/// Settings that cannot be used.
mod settings;
/// Where a sample goes: archives, images, registries.
mod sink;
/// `devdb start` after a reboot.
mod start;
/// Tunnels through a child process.
mod tunnel;
/// The workflows for GitHub Actions.
mod workflows;
