//! The address of a server, and the name in its certificate.

/// The address of a PostgreSQL server. `host` is dialled, here or at the far end of a tunnel; the certificate must be
/// for `server_name`. They differ if the record points at an instance, whose certificate covers its own endpoint only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The host to dial.
    pub host: String,
    /// The port to dial.
    pub port: u16,
    /// The name in the certificate; `None` for a server on this machine.
    pub server_name: Option<String>,
}
