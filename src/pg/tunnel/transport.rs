//! Opens a path to a server.

use std::net::SocketAddr;
use std::ops::Deref;

use super::child::Child;
use super::direct;
use crate::config::Connect;
use crate::pg::error::Result;
use crate::pg::route::Route;

/// The local address of a server.
#[derive(Clone, Debug)]
pub struct Dial {
    /// The address to dial.
    pub address: SocketAddr,
    /// The name in the certificate; `None` for a server on this machine.
    pub server_name: Option<String>,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Over this machine's network.
    Direct,
    /// Through an SSM port forwarding session of the program `aws`.
    Ssm {
        /// The EC2 instance that forwards.
        instance: String,
        /// Its region.
        region: String,
    },
    /// Through a configured program that forwards a port. `{host}`, `{port}` and `{local_port}` are replaced in each
    /// argument.
    Command(Vec<String>),
}

/// An open connection path. When it is dropped, a forwarding child is terminated with all its descendants; when this
/// program is killed, the child terminates too.
#[derive(Debug)]
pub struct Tunnel {
    dial: Dial,
    child: Option<Child>,
}

impl Transport {
    /// The configured one; `region` is for SSM sessions.
    pub fn of(connect: &Connect, region: &str) -> Transport {
        match connect {
            Connect::Direct => Transport::Direct,
            Connect::Ssm { instance } => Transport::Ssm { instance: instance.clone(), region: region.to_owned() },
            Connect::Command(words) => Transport::Command(words.clone()),
        }
    }

    /// Opens a path to a server. A child is ready when the local port accepts connections. The caller must verify the
    /// server: another process may have taken the port.
    ///
    /// # Errors
    /// The server's name does not resolve, it accepts no connection, or the child fails.
    pub async fn open(&self, route: &Route) -> Result<Tunnel> {
        let server_name = route.server_name.clone();
        let Some(command) = self.command() else {
            let address = direct::resolve(&route.host, route.port).await?;
            return Ok(Tunnel { dial: Dial { address, server_name }, child: None });
        };
        let (address, child) = Child::forward(&command, route).await?;
        Ok(Tunnel { dial: Dial { address, server_name }, child: Some(child) })
    }

    fn command(&self) -> Option<Vec<String>> {
        match self {
            Transport::Direct => None,
            Transport::Command(words) => Some(words.clone()),
            Transport::Ssm { instance, region } => {
                let words = [
                    "aws",
                    "ssm",
                    "start-session",
                    "--region",
                    region,
                    "--target",
                    instance,
                    "--document-name",
                    "AWS-StartPortForwardingSessionToRemoteHost",
                    "--parameters",
                    "host={host},portNumber={port},localPortNumber={local_port}",
                ];
                Some(words.map(str::to_owned).into())
            }
        }
    }
}

impl Tunnel {
    /// Whether the path is open, as far as this machine knows. Only a query detects a tunnel that no longer forwards.
    pub fn is_alive(&self) -> bool {
        self.child.as_ref().is_none_or(Child::is_alive)
    }
}

impl Deref for Tunnel {
    type Target = Dial;

    fn deref(&self) -> &Dial {
        &self.dial
    }
}
