//! Access to a clone: a tunnel if one is needed, and logins over it. Every new tunnel is verified to lead to the clone
//! before anything is written through it.

use std::sync::OnceLock;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::sync::Mutex;

use crate::config::Target;
use crate::error::{Exit, Failure};
use crate::pg::connector::Connector;
use crate::pg::tunnel::{Transport, Tunnel};
use crate::pg::{self, Credentials, Route, Session, Trust};

/// Access to one instance.
pub struct Access {
    transport: Transport,
    trust: Trust,
    route: Route,
    credentials: Credentials,
    tunnel: Mutex<Option<Tunnel>>,
    /// Major version of the server, from the first login on.
    major: OnceLock<u32>,
}

/// Number of reconnects in a row before the run fails.
pub const RECONNECTS: u32 = 5;

impl Access {
    /// Returns the access; opens nothing yet.
    pub fn new(target: &Target, transport: Transport, route: Route, credentials: Credentials) -> pg::Result<Access> {
        let trust = Trust::load(target.ssl_root_cert.as_deref())?;
        Ok(Access { transport, trust, route, credentials, tunnel: Mutex::new(None), major: OnceLock::new() })
    }

    /// Returns access with the same credentials over another route, such as the record's name.
    pub fn over(&self, route: Route) -> Access {
        Access {
            transport: self.transport.clone(),
            trust: self.trust.clone(),
            route,
            credentials: self.credentials.clone(),
            tunnel: Mutex::new(None),
            major: OnceLock::new(),
        }
    }

    /// Opens a session on one database.
    pub async fn login(&self, database: &str) -> pg::Result<Session> {
        let mut tunnel = self.tunnel.lock().await;
        let open = match tunnel.take() {
            Some(tunnel) if tunnel.is_alive() => tunnel,
            _ => {
                let fresh = self.transport.open(&self.route).await?;
                self.refuse_open_server(&fresh, database).await?;
                fresh
            }
        };
        let session = pg::connect_to_clone(&open, &self.trust, &self.credentials, database, &self.major).await;
        // After a disconnect the tunnel may be dead without having noticed: the next login opens a new one.
        if !matches!(&session, Err(error) if error.is_disconnect()) {
            *tunnel = Some(open);
        }
        session
    }

    /// Returns why the tunnel broke, as far as that is known, to follow the error of a connection through it.
    async fn end_of_tunnel(&self) -> String {
        let end = match self.tunnel.lock().await.as_ref() {
            Some(tunnel) => tunnel.end_reason().await,
            None => None,
        };
        end.or_else(|| self.transport.limits().map(str::to_owned)).map_or_else(String::new, |why| format!("; {why}"))
    }

    /// Refuses a server that accepts any password. Only the clone accepts the password made in this run, which proves
    /// nothing if the server does not check passwords.
    async fn refuse_open_server(&self, tunnel: &Tunnel, database: &str) -> pg::Result<()> {
        let wrong =
            Credentials { user: self.credentials.user.clone(), password: SecretString::from("not-the-password") };
        match pg::connect(tunnel, &self.trust, &wrong, database).await {
            Err(error) if error.sqlstate().is_some_and(|code| code.starts_with("28")) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(pg::Error::Identity {
                place: tunnel.address.to_string(),
                why: "accepts any password, so nothing proves that it is the clone".into(),
            }),
        }
    }
}

#[async_trait]
impl Connector for Access {
    async fn session(&self, database: &str) -> pg::Result<Session> {
        self.login(database).await
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("route", &self.route).finish_non_exhaustive()
    }
}

/// Runs work on a session, with a new session after each broken connection. `work` must be able to resume: its progress
/// is recorded in the clone.
pub async fn through<T, F>(access: &Access, database: &str, report: &dyn Fn(String), mut work: F) -> Result<T, Failure>
where
    F: AsyncFnMut(&Session) -> Result<T, RetryableError>,
{
    again(access, database, report, async || match access.login(database).await {
        Ok(session) => work(&session).await,
        Err(error) if error.is_disconnect() => Err(RetryableError::Lost(error.to_string())),
        Err(error) => {
            Err(RetryableError::Failed(Failure::from(error).during(format!("log in to database {database}"))))
        }
    })
    .await
}

/// Runs work that opens its own sessions through `access`, and again after each broken connection.
pub async fn again<T, F>(access: &Access, database: &str, report: &dyn Fn(String), mut work: F) -> Result<T, Failure>
where
    F: AsyncFnMut() -> Result<T, RetryableError>,
{
    let mut broken = 0;
    loop {
        let problem = match work().await {
            Ok(value) => return Ok(value),
            Err(RetryableError::Failed(failure)) => return Err(failure),
            Err(RetryableError::Lost(why)) => why,
        };
        broken += 1;
        let problem = format!("{problem}{}", access.end_of_tunnel().await);
        if broken > RECONNECTS {
            let cause = format!("the connection broke {broken} times: {problem}");
            let failure = Failure::new(Exit::Unexpected, cause).during(format!("work on database {database}"));
            return Err(match access.transport.limits() {
                Some(_) => failure.hint(
                    "raise both limits in Session Manager's preferences above the duration of the longest statement, \
                     or run devdb inside the VPC",
                ),
                None => failure,
            });
        }
        report(format!("the connection to {database} broke ({problem}); reconnecting"));
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

/// Why work on a session failed.
#[derive(Debug)]
pub enum RetryableError {
    /// The connection broke, with the reason; a new one may succeed.
    Lost(String),
    /// The work itself failed.
    Failed(Failure),
}

impl From<pg::Error> for RetryableError {
    fn from(error: pg::Error) -> Self {
        if error.is_disconnect() {
            RetryableError::Lost(error.to_string())
        } else {
            RetryableError::Failed(error.into())
        }
    }
}

/// A failure is that of a lost connection if an error of the connection is among its causes.
impl From<Failure> for RetryableError {
    fn from(failure: Failure) -> Self {
        match failure.find::<pg::Error>().filter(|error| error.is_disconnect()) {
            Some(error) => RetryableError::Lost(error.to_string()),
            None => RetryableError::Failed(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::script::ScriptError;
    use crate::scrub::{leak, rewrite, roles, scripts};

    #[test]
    fn a_lost_connection_is_recognized_below_every_error() {
        let lost = || pg::Error::Connection { place: "the server".into(), why: "connection closed".into() };
        let script = || ScriptError { complaints: Vec::new(), statement: None, cause: Some(lost()) };
        let failures = [
            Failure::from(lost()),
            leak::Error::from(lost()).into(),
            rewrite::Error::from(lost()).into(),
            roles::Error::Password { role: "app".into(), source: lost() }.into(),
            roles::Error::from(lost()).into(),
            scripts::Error::Progress(lost()).into(),
            scripts::Error::Script(script()).into(),
            script().into(),
        ];
        for failure in failures {
            let words = failure.to_string();
            assert!(matches!(RetryableError::from(failure), RetryableError::Lost(_)), "{words}");
        }
        let other = pg::Error::Database { database: "app".into(), why: "is not empty".into() };
        assert!(matches!(RetryableError::from(Failure::from(other)), RetryableError::Failed(_)));
    }
}
