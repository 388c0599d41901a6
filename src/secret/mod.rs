//! Secrets: from the environment, a program's output, or the operating system's random numbers. A secret is never an
//! argument of a program, and never part of an error.

mod error;
mod program;
mod resolve;

pub use error::Error;
pub use resolve::{check_master, resolve, store};
