//! Connections to a server: direct, or through a child process that forwards a port of this machine.

mod child;
mod direct;
mod transport;

pub use transport::{Dial, Transport, Tunnel};
