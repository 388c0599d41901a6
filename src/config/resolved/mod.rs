//! The resolved configuration: checked, with defaults filled in and paths made absolute. The rest of the program uses
//! only these types; [`super::raw`] has those of the file.

mod config;
mod masking;
mod password;
mod platform;
mod roles;
mod sample;
mod target;

pub use config::Config;
pub use masking::{KeptType, LeakCheckMode, Masking, Reference, Survivor};
pub use password::Password;
pub use platform::{Aws, Local, PlatformConfig};
pub use roles::{AllowedRole, EnsuredRole};
pub use sample::{AllowedTarget, EdgeChoice, EdgeRule, Extent, Sample, SampleLogin, SampleSource};
pub use target::{Connect, Database, Deadlines, Generation, PREFIX_MIN, Record, Source, Target};
