//! Opens a path to a server.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::child::{Child, Readiness};
use super::direct;
use super::environment::ChildCredentials;
use super::forward_command::ForwardCommand;
use super::heartbeat::{Heartbeat, beat};
use crate::config::Connect;
use crate::pg::error::{Error, Result};
use crate::pg::route::Route;

/// What ends the sessions of Session Manager although they are in use.
///
/// Source: <https://docs.aws.amazon.com/systems-manager/latest/userguide/session-preferences-timeout.html>
const SSM_LIMITS: &str = "Session Manager ends sessions by the idle session timeout and the maximum session duration \
                          of its preferences";

/// The local address of a server.
#[derive(Clone, Debug)]
pub struct Dial {
    /// The address to dial.
    pub address: SocketAddr,
    /// The name in the certificate; `None` for a server on this machine.
    pub server_name: Option<String>,
}

/// How a server is reached.
#[derive(Clone)]
pub enum Transport {
    /// Over this machine's network.
    Direct,
    /// Through a child process that forwards a port.
    Child(ForwardCommand),
}

/// An open connection path. When it is dropped, a forwarding child is terminated with all its descendants; when this
/// program is killed, the child terminates too.
#[derive(Debug)]
pub struct Tunnel {
    dial: Dial,
    // Ends before the child, which it could otherwise outlive for a moment.
    _heartbeat: Option<Heartbeat>,
    child: Option<Arc<Child>>,
    limits: Option<&'static str>,
}

impl Transport {
    /// The configured one. A child gets `credentials`, or if there are none the environment of this program; `region`
    /// is that of SSM sessions.
    pub fn of(connect: &Connect, region: Option<&str>, credentials: Option<Arc<dyn ChildCredentials>>) -> Transport {
        match connect {
            Connect::Direct => Transport::Direct,
            Connect::Ssm { instance } => Transport::Child(ForwardCommand::ssm(instance, region, credentials)),
            Connect::Command(words) => Transport::Child(ForwardCommand::configured(words.clone(), credentials)),
        }
    }

    /// Opens a path to a server. A child is ready when the local port accepts connections; from then on a heartbeat
    /// keeps its session busy. The caller must verify the server: another process may have taken the port.
    ///
    /// # Errors
    /// The server's name does not resolve, it accepts no connection, there are no credentials, or the child fails.
    pub async fn open(&self, route: &Route) -> Result<Tunnel> {
        let server_name = route.server_name.clone();
        let command = match self {
            Transport::Child(command) => command,
            Transport::Direct => {
                let dial = Dial { address: direct::resolve(&route.host, route.port).await?, server_name };
                return Ok(Tunnel { dial, _heartbeat: None, child: None, limits: None });
            }
        };
        let (address, child) = command.start(route, Readiness::Accepts).await?;
        let child = Arc::new(child);
        let heartbeat = Heartbeat::start(address, Arc::downgrade(&child));
        let dial = Dial { address, server_name };
        Ok(Tunnel { dial, _heartbeat: Some(heartbeat), child: Some(child), limits: self.limits() })
    }

    /// Opens a tunnel to a server and asks the server for a sign of life. No login is attempted. Does nothing for
    /// direct connections.
    ///
    /// # Errors
    /// As [`Transport::open`], and if no server answers.
    pub async fn probe(&self, route: &Route) -> Result<()> {
        let Transport::Child(command) = self else { return Ok(()) };
        let (address, child) = command.start(route, Readiness::Accepts).await?;
        beat(address).await.map_err(|why| Error::Connection {
            place: format!("{}:{} through the tunnel", route.host, route.port),
            why: child.with_output(why),
        })
    }

    /// Opens a tunnel to a server and sends nothing through it. Does nothing for direct connections.
    ///
    /// # Errors
    /// As [`Transport::open`].
    pub async fn probe_unused(&self, route: &Route) -> Result<()> {
        let Transport::Child(command) = self else { return Ok(()) };
        command.start(route, Readiness::Listens).await.map(drop)
    }

    /// What may end its tunnels although they are in use, if anything is known to.
    pub fn limits(&self) -> Option<&'static str> {
        matches!(self, Transport::Child(command) if command.node.is_some()).then_some(SSM_LIMITS)
    }

    /// Returns the remedy for a tunnel to `server` that failed with `error`; `None` for direct connections and for errors
    /// that the server behind the tunnel sent.
    pub fn remedy(&self, error: &Error, server: &str) -> Option<String> {
        let Transport::Child(command) = self else { return None };
        match (error, &command.node) {
            (Error::Connection { .. }, Some(node)) => Some(format!("let the security groups of {server} admit {node}")),
            (Error::Tunnel(_), Some(node)) => Some(format!(
                "check that the SSM agent of {node} is online, and that the role has the permissions that `devdb policy` \
                 prints"
            )),
            (Error::Connection { .. } | Error::Tunnel(_), None) => {
                Some("run the command of `connect` yourself, and correct it".to_owned())
            }
            _ => None,
        }
    }
}

impl Tunnel {
    /// Whether the path is open, as far as this machine knows. The heartbeat ends a tunnel that no longer forwards
    /// after a minute.
    pub fn is_alive(&self) -> bool {
        self.child.as_ref().is_none_or(|child| child.is_alive())
    }

    /// Returns how the child ended, with its last output; `None` if it does not end within a second. Connections
    /// through it break before it ends.
    pub async fn end_reason(&self) -> Option<String> {
        let child = self.child.as_ref()?;
        if !child.ends_within(Duration::from_secs(1)).await {
            return None;
        }
        let limits = self.limits.map_or_else(String::new, |limits| format!("; {limits}"));
        Some(format!("{}{limits}", child.end_reason()))
    }
}

impl Deref for Tunnel {
    type Target = Dial;

    fn deref(&self) -> &Dial {
        &self.dial
    }
}
