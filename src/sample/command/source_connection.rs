//! Connecting to a source: route, database and login.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::ExposeSecret as _;

use crate::config::{self, SampleLogin, SampleSource, Target};
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::pg::tunnel::Transport;
use crate::pg::{self, Credentials, Route, Trust};
use crate::platform;
use crate::sample::Source;
use crate::sample::load::ServerIdentity;
use crate::secret;

/// Where role and password of a source are set.
const LOGIN: &str = "the source's user and password (in the URL and PGPASSWORD, or under `sample.source`)";

/// How to reach a source and whom to trust there.
pub(super) struct SourceConnection {
    pub route: Route,
    pub transport: Transport,
    pub trust: Trust,
    pub root_cert: Option<PathBuf>,
}

impl SourceConnection {
    /// Opens the tunnel, logs in, and reads the identity of the server.
    pub(super) async fn open(
        self,
        credentials: Credentials,
        database: &str,
        sample: &config::Sample,
        production: bool,
    ) -> Result<(Source, ServerIdentity), Failure> {
        let SourceConnection { route, transport, trust, root_cert } = self;
        let refusal = |error: pg::Error, task: String| {
            let remedy = transport.remedy(&error, &route.host);
            let failure = error.into_refusal(LOGIN).during(task);
            Failure { hint: remedy.or(failure.hint), ..failure }
        };
        let place = format!("reach the source {}:{}", route.host, route.port);
        let tunnel = transport.open(&route).await.map_err(|error| refusal(error, place))?;
        let source = Source {
            tunnel: Arc::new(tunnel),
            trust,
            root_cert,
            credentials,
            database: database.to_owned(),
            statement_timeout: sample.statement_timeout,
        };
        let session = source.open().await.map_err(|error| refusal(error, "log in to the source".to_owned()))?;
        let identity = ServerIdentity::read(&session, production).await?;
        Ok((source, identity))
    }
}

/// Returns a platform's failure, before anything was read or written.
pub(super) fn platform_refusal(target: &Target) -> impl Fn(platform::Error) -> Failure {
    move |error| {
        let failure = Failure { exit: Exit::Refused, ..Failure::from(error) };
        failure.during(format!("reach the platform of {}", target.name))
    }
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
            let token = platform::aws::auth_token(target, route, &user).await.map_err(platform_refusal(target))?;
            (token, Some((route.clone(), user.clone())))
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
