//! `devdb` gives a team a production-shaped PostgreSQL for development, with nothing dangerous left in it: it restores
//! the newest snapshot of production, scrubs it, and points the name that developers use at it.
//!
//! Data flows one way:
//!
//! ```text
//! args ─▶ config ─▶ observe ─▶ plan ─▶ steps ─▶ events ─▶ report
//!                      │                 │
//!                      └── platform · pg ┘   traits with real implementations
//! ```
//!
//! The modules are listed in the order of dependency: a module uses only modules below it, which a test enforces. Start
//! with `rotate`.

pub mod commands;

pub mod demo;

pub mod report;

pub mod sample;

pub mod rotate;

pub mod scrub;

pub mod discover;

pub mod mask;

pub mod platform;

pub mod secret;

pub mod docker;

pub mod pg;

pub mod config;

pub mod interrupt;

pub mod step;

pub mod event;

pub mod diagnostic;

pub mod error;

pub mod trace;

pub mod digest;

pub mod host;

pub mod units;
