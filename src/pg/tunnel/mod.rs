//! The way to a server: direct, or through a child process that forwards a port of this machine.

mod child;
mod direct;

use std::net::SocketAddr;
use std::ops::Deref;

use super::error::Result;
use super::route::Route;
use crate::config::Connect;
use child::Child;

/// An open way to a server.
#[derive(Clone, Debug)]
pub struct Dial {
    /// The address to dial.
    pub address: SocketAddr,
    /// The name that the certificate must be for; none on this machine.
    pub server_name: Option<String>,
}

/// How this program comes to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// By its own network.
    Direct,
    /// Through an SSM port forwarding session, made by the program `aws`.
    Ssm {
        /// The EC2 instance to go through.
        instance: String,
        /// Its region.
        region: String,
    },
    /// Through a program of the team's that forwards a port. `{host}`, `{port}` and `{local_port}` are
    /// replaced in each argument.
    Command(Vec<String>),
}

/// A way that stays open as long as this lives. A forwarding child is ended with all its descendants
/// when this is dropped; when this program is killed, it notices and ends too.
#[derive(Debug)]
pub struct Tunnel {
    dial: Dial,
    child: Option<Child>,
}

impl Gate {
    /// The one that the configuration means; `region` is that of an SSM session.
    pub fn of(connect: &Connect, region: &str) -> Gate {
        match connect {
            Connect::Direct => Gate::Direct,
            Connect::Ssm { instance } => Gate::Ssm { instance: instance.clone(), region: region.to_owned() },
            Connect::Command(words) => Gate::Command(words.clone()),
        }
    }

    /// Opens a way to a server. With a child it is ready when the local port answers. Who answers is
    /// for the caller to prove: another process may have taken the port in between.
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
            Gate::Direct => None,
            Gate::Command(words) => Some(words.clone()),
            Gate::Ssm { instance, region } => {
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
    /// Whether the way is still open as far as this machine can tell. A silent tunnel counts as open:
    /// only a query finds that out.
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
