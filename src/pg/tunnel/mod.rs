//! Connections to a server: direct, or through a child process that forwards a port of this machine.

mod child;
mod direct;
mod environment;
mod forward_command;
mod heartbeat;
mod listening;
mod transport;

pub use environment::{ChildCredentials, ChildEnvironment};
pub use forward_command::ForwardCommand;
pub use transport::{Dial, Transport, Tunnel};
