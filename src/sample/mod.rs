//! Sampling: the rows of a few users with everything that belongs to them, masked and copied from a source that is only
//! ever read.
//!
//! From the seed rows, rows are reached in two ways. Rows that refer to an owned row are *owned* and are expanded in both
//! directions; rows that others refer to are *required* and are expanded upward only.
//!
//! The data flow: [`graph`] is built from the catalog and the configuration; [`preflight`] checks the privileges of the
//! role; [`seeds`] finds the rows to start from; [`closure`] finds all others, round by round, within a [`budget`];
//! [`plan`] and [`explain`] describe the result; [`extract`] returns the rows as streams, which `read` stores once in a
//! [`Spool`]. All of them use one snapshot, over the connections of a [`pool`].

pub mod budget;
pub mod closure;
pub mod command;
mod conflict;
mod copy_reader;
pub mod error;
pub mod explain;
pub mod extract;
pub mod graph;
pub mod input;
mod key_encoding;
pub mod key_set;
pub mod load;
pub mod manifest;
pub mod plan;
pub mod pool;
mod prefix_set;
pub mod preflight;
mod private_dir;
mod privileges;
mod query;
mod read;
mod row_stream;
pub mod schema;
pub mod seeds;
mod select;
mod set_size;
pub mod sink;
pub mod source;
mod spool;
pub mod suggest;
pub mod table_copy;

pub use conflict::is_conflict;
pub use copy_reader::CopyStream;
pub use error::{Result, SampleError};
pub use explain::Hop;
pub use extract::{Extraction, Masks};
pub use input::SelectionInput;
pub use plan::Plan;
pub use preflight::{check, required_grants};
pub use read::STEP as READ;
pub use seeds::{SeedFilter, Seeds};
pub use select::{Selection, select};
pub use source::Source;
pub use spool::Spool;
pub use suggest::{Suggestion, suggest};
pub use table_copy::{DumpConnection, TableCopy};
