//! The command line: one file per command with its arguments and what it does. [`Cli`] holds the global options and
//! dispatches.

mod audit;
mod cleanup;
mod cli;
mod completions;
mod config;
mod coverage;
mod database_url;
mod demo;
mod doctor;
mod environment;
mod global_options;
mod init;
mod load;
mod masks;
mod output;
mod policy;
mod rollback;
mod rotate;
mod sample;
mod scrub;
mod start;
mod status;

pub use cli::{Cli, run};
pub use global_options::GlobalOptions;
