//! Ports of servers on 127.0.0.1.

use std::net::TcpListener;

/// How often a server is started when another program takes its port first.
pub const PORT_ATTEMPTS: usize = 5;

/// Returns a port that no program listens on. It is not reserved: another program may take it at any moment.
///
/// # Errors
/// The operating system's.
pub fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Whether a server can listen on a port.
pub fn is_port_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}
