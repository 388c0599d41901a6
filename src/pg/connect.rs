//! Opens connections. Every connection of the program verifies TLS unless it stays on this machine, has time limits,
//! and an application name.

use std::sync::OnceLock;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};

use super::cancel::Canceller;
use super::error::{Error, Result};
use super::tunnel::Dial;
use super::{Session, Trust};

/// A role and its password.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The role.
    pub user: String,
    /// Its password.
    pub password: SecretString,
}

/// Time to reach a server and log in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Startup options of sessions on a clone. They take precedence over `ALTER ROLE … SET` and `ALTER DATABASE … SET`.
///
/// Source: <https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-SQL>
const CLONE_OPTIONS: &str = "-c default_transaction_read_only=off -c statement_timeout=0 -c lock_timeout=0 \
                             -c idle_in_transaction_session_timeout=0 -c row_security=on -c jit=off";

/// Further options, by the first version that knows them: an unknown one is refused at the login.
const NEWER_OPTIONS: [(u32, &str); 2] = [(14, " -c idle_session_timeout=0"), (17, " -c transaction_timeout=0")];

/// Returns the startup options of sessions on a clone of a major version.
fn clone_options(major: u32) -> String {
    let newer = NEWER_OPTIONS.iter().filter(|(since, _)| major >= *since).map(|(_, option)| *option);
    std::iter::once(CLONE_OPTIONS).chain(newer).collect()
}

/// Connects to one database through an open tunnel.
///
/// # Errors
/// The server cannot be reached, or refuses the login; [`Error::Identity`] if TLS would be required and no server name
/// is known.
pub async fn connect(dial: &Dial, trust: &Trust, credentials: &Credentials, database: &str) -> Result<Session> {
    connect_with(dial, trust, credentials, database, "").await
}

/// [`connect`] to a clone, whose roles and databases carry production's settings: a session that inherits them may be
/// read-only, or ended after some milliseconds. `major` is the server's major version once it is known: the first login
/// learns it, for whose options it is needed.
///
/// # Errors
/// As [`connect`].
pub async fn connect_to_clone(
    dial: &Dial,
    trust: &Trust,
    credentials: &Credentials,
    database: &str,
    major: &OnceLock<u32>,
) -> Result<Session> {
    let major = match major.get() {
        Some(major) => *major,
        None => {
            let first = connect_with(dial, trust, credentials, database, CLONE_OPTIONS).await?;
            *major.get_or_init(|| first.major())
        }
    };
    connect_with(dial, trust, credentials, database, &clone_options(major)).await
}

async fn connect_with(
    dial: &Dial,
    trust: &Trust,
    credentials: &Credentials,
    database: &str,
    options: &str,
) -> Result<Session> {
    let mut config = Config::new();
    config
        .options(options)
        .user(&credentials.user)
        .password(credentials.password.expose_secret())
        .dbname(database)
        .application_name("devdb")
        .connect_timeout(CONNECT_TIMEOUT)
        .keepalives(true)
        .keepalives_idle(Duration::from_secs(20))
        .keepalives_interval(Duration::from_secs(10))
        .keepalives_retries(6)
        .hostaddr(dial.address.ip())
        .port(dial.address.port());
    let place = dial.address.to_string();
    let (opened, tls) = match &dial.server_name {
        Some(name) => {
            config.host(name).ssl_mode(SslMode::Require);
            (open(&config, trust.connector(), &place).await, Some(trust.connector()))
        }
        None => {
            // No TLS only on this machine: otherwise the password would cross a network unencrypted.
            if !dial.address.ip().is_loopback() {
                return Err(Error::Identity {
                    place,
                    why: "is not on this machine, and its certificate cannot be verified: no host name is given".into(),
                });
            }
            config.host("localhost").ssl_mode(SslMode::Disable);
            (open(&config, NoTls, &place).await, None)
        }
    };
    debug_assert!(config.get_hosts().iter().all(|host| matches!(host, Host::Tcp(_))));
    let client = opened.map_err(|error| match error {
        Error::Server(error) => Error::Login { user: credentials.user.clone(), database: database.to_owned(), error },
        other => other,
    })?;
    let version: String = client
        .query_one("SELECT pg_catalog.current_setting('server_version_num')", &[])
        .await
        .map_err(|error| Error::of(error, ""))?
        .get(0);
    let version =
        version.parse().map_err(|_| Error::Identity { place, why: format!("reports version {version:?}") })?;
    let canceller = Canceller::new(client.cancel_token(), tls);
    Ok(Session::new(client, database.to_owned(), version, canceller))
}

async fn open<T>(config: &Config, tls: T, place: &str) -> Result<tokio_postgres::Client>
where
    T: tokio_postgres::tls::MakeTlsConnect<tokio_postgres::Socket>,
    T::Stream: Send + 'static,
{
    let failed = |error: tokio_postgres::Error| match Error::of(error, "") {
        Error::Connection { why, .. } => Error::Connection { place: place.to_owned(), why },
        other => other,
    };
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, config.connect(tls)).await;
    let (client, connection) = match connected {
        Ok(result) => result.map_err(failed)?,
        Err(_) => {
            return Err(Error::Connection {
                place: place.to_owned(),
                why: format!("no answer within {} seconds", CONNECT_TIMEOUT.as_secs()),
            });
        }
    };
    tokio::spawn(async move {
        // Its error is returned by the query that waits on the connection.
        let _ = connection.await;
    });
    Ok(client)
}
