//! Where a server is, and whose certificate it must show.

/// How to reach a PostgreSQL server. `host` is dialled (or handed to a tunnel to be dialled from its
/// far end); `server_name` is what the certificate must be for. They differ when a developer's name
/// points at an instance, whose certificate covers its own endpoint only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The host to dial.
    pub host: String,
    /// The port to dial.
    pub port: u16,
    /// The name in the certificate; none where the connection never leaves this machine.
    pub server_name: Option<String>,
}
