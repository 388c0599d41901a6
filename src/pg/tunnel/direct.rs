//! Connections over this machine's network.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::pg::error::{Error, Result};

/// Time for one address to accept a connection.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(5);

/// Returns the first address of a name that accepts a connection. Some addresses may be unreachable from this machine,
/// such as those of IPv6.
pub(super) async fn resolve(host: &str, port: u16) -> Result<SocketAddr> {
    let failed = |why: String| Error::Connection { place: format!("{host}:{port}"), why };
    let addresses: Vec<SocketAddr> = lookup_host((host, port))
        .await
        .map_err(|error| failed(format!("the name does not resolve: {error}")))?
        .collect();
    let mut refusals = Vec::new();
    for address in addresses {
        match timeout(ACCEPT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(address),
            Ok(Err(error)) => refusals.push(format!("{address}: {error}")),
            Err(_) => refusals.push(format!("{address}: no answer within {} seconds", ACCEPT_TIMEOUT.as_secs())),
        }
    }
    if refusals.is_empty() {
        refusals.push("the name has no address".into());
    }
    Err(failed(refusals.join("; ")))
}
