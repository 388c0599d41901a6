//! All integration tests, in one binary: each further one would link the AWS SDK again.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

/// Detectors over a whole database.
mod audit;
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
/// Guesses at what columns hold.
mod classify;
/// A cluster for the script tests.
mod cluster_for_scripts;
/// The other commands on the local platform.
mod commands;
/// Hazards: found, defused, read back.
mod hazards;
/// The HTML report, looked at in a browser.
mod html;
/// A first configuration.
mod init;
/// Killed at any instant.
mod killed;
/// The order of the rooms, and what else a grep can hold.
mod layers;
/// The differential leak check: canaries, false alarms, failing closed.
mod leak;
/// Loading a sample into a database.
mod load;
/// devdb.lock against real databases.
mod lock;
/// The marker of a generation: who may read it.
mod marker;
/// Masks on real servers: what they promise, what they refuse.
mod masking;
mod masks;
/// What must never happen, tried.
mod never;
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
/// Rotations on the local platform.
mod rotate;
/// Samples: which rows, from where, in what form.
mod sample;
/// One script: statements, places of errors, redaction.
mod script;
/// Where a sample goes: archives, images, registries.
mod sink;
/// Tunnels through a child process.
mod tunnel;
