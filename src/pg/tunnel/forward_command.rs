//! The command that forwards a port.

use std::net::SocketAddr;
use std::sync::Arc;

use super::child::{Child, Readiness};
use super::environment::ChildCredentials;
use crate::pg::error::Result;
use crate::pg::route::Route;

/// The document for port forwarding to another host than the instance.
const DOCUMENT: &str = "AWS-StartPortForwardingSessionToRemoteHost";

/// A program that forwards a port, and the credentials that it gets.
#[derive(Clone)]
pub struct ForwardCommand {
    /// The program and its arguments, with the placeholders `{host}`, `{port}` and `{local_port}`.
    words: Vec<String>,
    credentials: Option<Arc<dyn ChildCredentials>>,
    /// The node that its session of Session Manager goes through, if it opens one.
    pub(super) node: Option<String>,
}

impl ForwardCommand {
    /// Returns a configured command.
    pub(super) fn configured(words: Vec<String>, credentials: Option<Arc<dyn ChildCredentials>>) -> ForwardCommand {
        ForwardCommand { words, credentials, node: None }
    }

    /// Returns the command of a session through an EC2 instance. Without a region, that of the environment is used.
    pub(super) fn ssm(
        instance: &str,
        region: Option<&str>,
        credentials: Option<Arc<dyn ChildCredentials>>,
    ) -> ForwardCommand {
        let mut words = vec!["aws", "ssm", "start-session"];
        words.extend(region.iter().flat_map(|region| ["--region", region]));
        words.extend(["--target", instance, "--document-name", DOCUMENT]);
        words.extend(["--parameters", "host={host},portNumber={port},localPortNumber={local_port}"]);
        let words = words.into_iter().map(str::to_owned).collect();
        ForwardCommand { words, credentials, node: Some(instance.to_owned()) }
    }

    /// Starts the command, and returns the local address once it forwards.
    pub(super) async fn start(&self, route: &Route, readiness: Readiness) -> Result<(SocketAddr, Child)> {
        let environment = match &self.credentials {
            Some(credentials) => credentials.environment().await?,
            None => Default::default(),
        };
        Child::forward(&self.words, environment, route, readiness).await
    }
}
