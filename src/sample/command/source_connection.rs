//! Connecting to a source: route, database and login.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::ExposeSecret as _;

use crate::config::{self, SampleLogin, SampleSource, Target};
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::pg::tunnel::Transport;
use crate::pg::{Credentials, Route, Trust};
use crate::platform;
use crate::sample::load::ServerIdentity;
use crate::sample::{SampleError, Source};
use crate::secret;

/// How to reach a source and whom to trust there.
pub(super) struct SourceConnection {
    pub route: Route,
    pub transport: Transport,
    pub trust: Trust,
    pub root_cert: Option<PathBuf>,
}

impl SourceConnection {
    /// Opens the tunnel.
    pub(super) async fn open(
        self,
        credentials: Credentials,
        database: &str,
        sample: &config::Sample,
    ) -> Result<Source, Failure> {
        let tunnel = self.transport.open(&self.route).await.map_err(|error| {
            let failure = Failure::from(error);
            failure.during(format!("reach {}:{}", self.route.host, self.route.port))
        })?;
        Ok(Source {
            tunnel: Arc::new(tunnel),
            trust: self.trust,
            root_cert: self.root_cert,
            credentials,
            database: database.to_owned(),
            statement_timeout: sample.statement_timeout,
        })
    }
}

/// Logs in and reads the identity of the server.
pub(super) async fn server_identity(source: &Source, production: bool) -> Result<ServerIdentity, Failure> {
    let session = source.open().await.map_err(SampleError::from)?;
    Ok(ServerIdentity::read(&session, production).await?)
}

/// Returns the credentials of the configured role, and route and role if it logs in by IAM tokens.
pub(super) async fn login(
    target: &Target,
    source: &SampleSource,
    route: &Route,
    listener: &dyn Listener,
) -> Result<(Credentials, Option<(Route, String)>), Failure> {
    let user = source.user.clone();
    let (password, token) = match &source.login {
        SampleLogin::Password(password) => (secret::resolve(password, &format!("password of {user}")).await?, None),
        SampleLogin::Iam => {
            (platform::aws::auth_token(target, route, &user).await?, Some((route.clone(), user.clone())))
        }
    };
    listener.add_secret(password.expose_secret());
    Ok((Credentials { user, password }, token))
}

/// Returns the database to sample.
pub(super) fn database(
    target: &Target,
    sample: &config::Sample,
    source: Option<&SampleSource>,
) -> Result<String, Failure> {
    let configured = source.and_then(|source| source.database.clone()).or_else(|| sample.database.clone());
    match (configured, target.databases.as_slice()) {
        (Some(name), _) => Ok(name),
        (None, [only]) => Ok(only.name.clone()),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|database| database.name.as_str()).collect();
            Err(Failure::new(Exit::Usage, format!("{} has several databases: {}", target.name, names.join(", ")))
                .hint("choose the one to sample: `sample: { database: NAME }`"))
        }
    }
}

/// Returns the region of SSM sessions.
pub(super) fn region(target: &Target) -> &str {
    match &target.platform {
        config::PlatformConfig::Aws(aws) => &aws.region,
        config::PlatformConfig::Local(_) => "",
    }
}
