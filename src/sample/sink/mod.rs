//! Sinks: the destinations of a sample. The third one, a database, is [`load`](super::load).

pub mod archive;
pub mod container;
