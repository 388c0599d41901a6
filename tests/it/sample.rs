//! Samples on real servers: every kind of graph, every kind of key, and what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod command;
mod graphs;
mod large;
mod property;
mod reading;
mod rules;
mod scan;
mod scene;
