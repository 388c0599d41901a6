//! A sample as files: a directory, or one `.tar.zst` of it. The same seeds, key and snapshot give the same bytes: no
//! file depends on time, machine or the number of streams.
//!
//! ```text
//! manifest.json             the contents, with the hash of every other file
//! manifest.sha256           the hash of the manifest
//! schema/before.sql         pre-data: the statements that rows need
//! schema/after.sql          post-data: indexes, constraints, triggers
//! rows/0001-app.users.copy  the COPY stream of a table, one file for each table that has rows
//! ```

mod blocking;
mod join;
mod layout;
mod pack;
mod read;
mod stage;
mod tar;
mod write;

pub use read::Archive;
pub use write::{check, write};
