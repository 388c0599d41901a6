//! Database URLs: `postgres://user@host:5432/app`. The password should be in `PGPASSWORD` rather than in the URL, which
//! every user of the machine can see in the list of processes.

use std::str::FromStr as _;

use secrecy::SecretString;
use tokio_postgres::config::{Host, SslMode};

use super::tunnel::Transport;
use super::{Credentials, Error, Result, Route, Session, Trust, connect};
use crate::host::is_loopback;

/// A database and the credentials for it.
#[derive(Debug)]
pub struct Url {
    route: Route,
    trust: Trust,
    credentials: Credentials,
    database: String,
}

impl Url {
    /// Parses a URL. `environment` looks up `PGPASSWORD` and `PGSSLROOTCERT`, a file with certificate authorities;
    /// without it, those of Amazon RDS are trusted. Connections to this machine use no TLS.
    ///
    /// # Errors
    /// [`Error::Url`] if it is not a URL, lacks host, user or database, or disables TLS over a network.
    pub fn read(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Url> {
        let wrong = |why: &str| Error::Url { why: why.to_owned() };
        // Otherwise a part of the password would be taken for the host or the database, and printed.
        if !has_one_at_sign(text) {
            return Err(wrong("it has an @ or / that is not percent-encoded; write the password to PGPASSWORD"));
        }
        // The parser's error may quote the password.
        let config = tokio_postgres::Config::from_str(text)
            .map_err(|_| wrong("it is not of the form postgres://user@host:5432/database"))?;
        let [host] = config.get_hosts() else { return Err(wrong("it must name one host")) };
        let Host::Tcp(host) = host else { return Err(wrong("it must name a host, not a socket; write 127.0.0.1")) };
        let user = config.get_user().ok_or_else(|| wrong("it has no user; write postgres://user@host/database"))?;
        let database =
            config.get_dbname().ok_or_else(|| wrong("it has no database; write postgres://user@host/database"))?;
        let is_local = is_loopback(host);
        if !is_local && matches!(config.get_ssl_mode(), SslMode::Disable) {
            return Err(wrong("it disables TLS for a connection over a network"));
        }
        let password = match config.get_password() {
            Some(bytes) => String::from_utf8(bytes.to_vec()).map_err(|_| wrong("its password is not UTF-8"))?,
            None => environment("PGPASSWORD").unwrap_or_default(),
        };
        let certificates = environment("PGSSLROOTCERT").filter(|path| !path.is_empty());
        Ok(Url {
            route: Route {
                host: if is_local && host == "localhost" { "127.0.0.1".to_owned() } else { host.clone() },
                port: config.get_ports().first().copied().unwrap_or(5432),
                server_name: (!is_local).then(|| host.clone()),
            },
            trust: Trust::load(certificates.as_deref().map(std::path::Path::new))?,
            credentials: Credentials { user: user.to_owned(), password: SecretString::from(password) },
            database: database.to_owned(),
        })
    }

    /// The database's name.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The password, for redaction.
    pub fn password(&self) -> &SecretString {
        &self.credentials.password
    }

    /// `host:port/database`, for messages and allow-lists.
    pub fn place(&self) -> String {
        format!("{}:{}/{}", self.route.host, self.route.port, self.database)
    }

    /// The server's address.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// The certificate authorities.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Role and password.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Opens a session on one of the server's databases.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses the login.
    pub async fn session(&self, database: &str) -> Result<Session> {
        let tunnel = Transport::Direct.open(&self.route).await?;
        connect(&tunnel, &self.trust, &self.credentials, database).await
    }
}

/// Whether the only `@` of a URL ends the user and password: others have to be written as `%40`.
fn has_one_at_sign(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return true };
    let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    authority.matches('@').count() <= 1 && !tail.contains('@')
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn read(text: &str) -> Result<Url> {
        Url::read(text, &|name| (name == "PGPASSWORD").then(|| "from outside".to_owned()))
    }

    #[test]
    fn no_part_of_a_password_is_taken_for_a_host() {
        for text in ["postgres://u:pa@tail@127.0.0.1/app", "postgres://u:12/tail@127.0.0.1/app", "postgres://h/a@b"] {
            let error = read(text).unwrap_err().to_string();
            assert!(!error.contains("tail") && error.contains("PGPASSWORD"), "{error}");
        }
        assert_eq!(read("postgres://u:pa%40tail@127.0.0.1/app").unwrap().place(), "127.0.0.1:5432/app");
    }

    #[test]
    fn a_url_names_a_database() {
        let url = read("postgres://kim@db.example.com/app").unwrap();
        assert_eq!(url.place(), "db.example.com:5432/app");
        assert_eq!(url.route.server_name.as_deref(), Some("db.example.com"));
        assert_eq!(url.password().expose_secret(), "from outside");
        let url = read("postgresql://kim:p%40ss@localhost:5433/%EC%95%B1").unwrap();
        assert_eq!((url.place().as_str(), url.route.server_name), ("127.0.0.1:5433/앱", None));
        assert_eq!(url.credentials.password.expose_secret(), "p@ss");
    }

    #[test]
    fn an_invalid_url_is_refused_without_showing_it() {
        for (text, why) in [
            ("secret", "form"),
            ("postgres://u:secret@/app", "one host"),
            ("postgres://u:secret@a,b/app", "one host"),
            ("postgres://u:secret@h", "no database"),
            ("postgres://h/app", "no user"),
            ("postgres://u:secret@h/app?sslmode=disable", "disables TLS"),
            ("postgres://u:secret@%2Fvar%2Frun/app", "socket"),
            ("postgres://u:secret@h:port/app", "form"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("secret"), "{text}: {error}");
        }
    }
}
