//! The raw configuration: the types that `devdb.yaml` is deserialized into. The JSON schema is generated from them, and
//! their doc comments are its descriptions, which editors show to people who write a `devdb.yaml`.
//!
//! No `flatten`, `untagged` or `tag`: with them serde buffers values, and its error messages get worse.

mod config;
mod duration;
mod masking;
mod password;
mod platform;
mod roles;
mod sample;
mod target;

pub use config::Config;
pub use duration::RawDuration;
pub use masking::{Masking, Reference, RuleSet, Rules, Survivor, TABLE_PATTERN};
pub use password::{Generate, Password};
pub use platform::{Aws, Local, Platform};
pub use roles::{EnsuredRole, Roles};
pub use sample::{ByteSize, Edge, Sample, SampleSource};
pub use target::{Connect, Database, Deadlines, Generation, Record, SnapshotKind, Source, Target};
