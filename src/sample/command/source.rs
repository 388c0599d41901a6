//! The open source of a sample.

use secrecy::SecretString;

use crate::config::Target;
use crate::error::{Exit, Failure};
use crate::pg::{Credentials, Route, Session};
use crate::platform;
use crate::sample::Source;
use crate::sample::load::ServerIdentity;

/// The open source of a sample.
pub struct OpenSource {
    /// The database that is read.
    pub source: Source,
    /// The name of the source in messages.
    pub name: String,
    /// The snapshot that the rows are from; only if the source is a generation.
    pub snapshot: Option<String>,
    /// Whether the source is proven to be scrubbed. Then its rows are copied unchanged.
    pub is_scrubbed: bool,
    /// The identity of the server, for the guard.
    pub server: ServerIdentity,
    /// The route and role of a login by IAM tokens, which expire.
    pub(super) token: Option<(Route, String)>,
}

impl OpenSource {
    /// Opens a read-only session.
    pub async fn session(&self) -> Result<Session, Failure> {
        self.source.open().await.map_err(|error| Failure::from(error).during(format!("log in to {}", self.name)))
    }

    /// Returns how the rows are treated, to follow the version in a message.
    pub fn state(&self) -> &'static str {
        if self.is_scrubbed { ", scrubbed by a rotation: copied unchanged" } else { ", masked while it is read" }
    }

    /// Adds to a failure why the tunnel to the source has ended, if it has.
    pub async fn explain(&self, failure: Failure) -> Failure {
        if failure.exit != Exit::Unexpected {
            return failure;
        }
        match self.source.tunnel.end_reason().await {
            Some(why) => failure.and(format!("the tunnel to the source ended: {why}")),
            None => failure,
        }
    }

    /// Returns a password that is valid now: an IAM token is renewed.
    pub async fn password(&self, target: &Target) -> Result<SecretString, Failure> {
        match &self.token {
            Some((route, user)) => Ok(platform::aws::auth_token(target, route, user).await?),
            None => Ok(self.source.credentials.password.clone()),
        }
    }

    /// Returns the source with a password that is valid now.
    pub async fn with_valid_password(&self, target: &Target) -> Result<Source, Failure> {
        let password = self.password(target).await?;
        let credentials = Credentials { user: self.source.credentials.user.clone(), password };
        Ok(Source { credentials, ..self.source.clone() })
    }
}
