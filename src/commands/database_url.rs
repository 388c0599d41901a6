//! `--database URL`: the option, the connection, and the frame of a command that works on such a database.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use clap::Args;
use secrecy::ExposeSecret as _;

use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::pg::connector::Connector;
use crate::pg::{self, Session, Url};
use crate::step::Frame;

use super::environment::variable;

/// Environment variable of `--database`.
pub const VARIABLE: &str = "DEVDB_DATABASE";
/// Former name of [`VARIABLE`] in commands that only read the database.
const FORMER_VARIABLE: &str = "DEVDB_FROM";

/// A database that is only read. `--from` and `DEVDB_FROM` are former names.
#[derive(Debug, Args)]
pub struct SourceDatabase {
    /// Database to read, such as postgres://reader@replica.example.com/app. The password is read from PGPASSWORD.
    /// [env: DEVDB_DATABASE]
    #[arg(long, alias = "from", value_name = "URL")]
    database: Option<String>,
}

impl SourceDatabase {
    /// Returns the URL, or `None` if there is none on the command line and in the environment.
    ///
    /// # Errors
    /// Fails if both environment variables are set and differ: neither may be ignored silently.
    pub fn find(&self, listener: &dyn Listener) -> Result<Option<Url>, Failure> {
        let text = match &self.database {
            Some(text) => Some(text.clone()),
            None => choose(variable(VARIABLE)?, variable(FORMER_VARIABLE)?)?,
        };
        text.map(|text| parse_url(&text, listener)).transpose()
    }

    /// Returns the URL.
    ///
    /// # Errors
    /// As [`SourceDatabase::find`], or if there is none.
    pub fn require(&self, listener: &dyn Listener) -> Result<Url, Failure> {
        self.find(listener)?.ok_or_else(|| Failure::new(Exit::Usage, "no database: pass --database URL"))
    }
}

/// Returns the value of `--database`, or else of [`VARIABLE`].
pub fn database_or_variable(option: Option<&str>) -> Result<Option<String>, Failure> {
    option.map_or_else(|| variable(VARIABLE), |text| Ok(Some(text.to_owned())))
}

/// Chooses between the values of [`VARIABLE`] and [`FORMER_VARIABLE`].
fn choose(present: Option<String>, former: Option<String>) -> Result<Option<String>, Failure> {
    match (present, former) {
        (Some(present), Some(former)) if present != former => {
            Err(Failure::new(Exit::Usage, format!("{VARIABLE} and {FORMER_VARIABLE} are two different databases"))
                .hint(format!("unset {FORMER_VARIABLE}, which is the former name of {VARIABLE}")))
        }
        (present, former) => Ok(present.or(former)),
    }
}

/// Parses a database URL and registers its password as a secret.
pub fn parse_url(text: &str, listener: &dyn Listener) -> Result<Url, Failure> {
    let url = Url::read(text, &|name| std::env::var(name).ok()).map_err(|error| {
        let remedy = match error {
            pg::Error::Certificates { .. } => "correct PGSSLROOTCERT, or unset it",
            _ => "write postgres://user@host:5432/database, the password in PGPASSWORD",
        };
        Failure::new(Exit::Usage, error).hint(remedy)
    })?;
    listener.add_secret(url.password().expose_secret());
    Ok(url)
}

/// Opens a session on the database of a URL.
pub async fn open_session(url: &Url) -> Result<Session, Failure> {
    let session = url.session(url.database()).await;
    session.map_err(|error| {
        let failure = error.into_refusal("the user in the URL and the password in PGPASSWORD");
        failure.during(format!("log in to {}", url.place()))
    })
}

/// Connector to the server of a URL.
pub struct UrlConnector<'a>(pub &'a Url);

#[async_trait]
impl Connector for UrlConnector<'_> {
    async fn session(&self, database: &str) -> pg::Result<Session> {
        self.0.session(database).await
    }
}

/// Reports start and end of a command on the database of a URL.
pub async fn framed(
    command: &'static str,
    url: &Url,
    listener: Arc<dyn Listener>,
    work: impl Future<Output = Result<Exit, Failure>>,
) -> Exit {
    let frame = Frame::announce(command, url.place(), listener);
    frame.finish(work.await.map(|exit| (exit, None)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_variables_with_different_databases_are_refused() {
        let chosen = |present: Option<&str>, former: Option<&str>| {
            choose(present.map(str::to_owned), former.map(str::to_owned)).map_err(|failure| failure.exit)
        };
        assert_eq!(chosen(None, None), Ok(None));
        assert_eq!(chosen(None, Some("old")), Ok(Some("old".into())));
        assert_eq!(chosen(Some("new"), Some("new")), Ok(Some("new".into())));
        assert_eq!(chosen(Some("new"), None), Ok(Some("new".into())));
        assert_eq!(chosen(Some("new"), Some("old")), Err(Exit::Usage));
    }
}
