//! Where a sample goes: an archive, a container image. The third, a database, is [`load`](super::load).

pub mod archive;
pub mod container;
