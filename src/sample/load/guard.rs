//! The guard of a load: it checks the target's name before the first connection, and the identity of the target's server
//! before the first write.

use super::error::Result;
use super::refusal::Refusal;
use super::target::LoadTarget;
use crate::digest::sha256;
use crate::pg::{Session, Url};

/// Which databases may be written to.
#[derive(Clone, Debug, Default)]
pub struct LoadGuard {
    /// The databases that may be written to: `host:port/database`, or `host:port/*` for every database of a server.
    pub allowed: Vec<String>,
    /// The hosts of production, and its instance identifiers, which are the first label of a host on RDS.
    pub production: Vec<String>,
    /// The server that the rows are read from; `None` for an archive.
    pub source: Option<ServerIdentity>,
    /// The [`ServerIdentity::system_sha256`] of the server that the rows of an archive are from.
    pub system_sha256: Option<String>,
}

/// The identity of a server and database, by properties that cannot be renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerIdentity {
    /// The system identifier of the cluster: set by `initdb`, the same in every physical copy.
    pub system: i64,
    /// The start time of the server, in microseconds since 1970. It distinguishes a copy from the original.
    pub started: i64,
    /// The database.
    pub database: String,
    /// Whether the server is production. Then none of its databases may be written to.
    pub production: bool,
}

impl ServerIdentity {
    /// Returns a hash of the system identifier, which production and every physical copy of it share.
    pub fn system_sha256(&self) -> String {
        sha256(format!("system identifier {}", self.system))
    }

    /// Reads the identity of a session's server.
    ///
    /// # Errors
    /// If the server refuses the query.
    pub async fn read(session: &Session, production: bool) -> Result<ServerIdentity> {
        let row = session
            .query_one(
                "SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system()), \
                        (EXTRACT(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::int8, \
                        pg_catalog.current_database()::text",
                &[],
            )
            .await?;
        Ok(ServerIdentity { system: row.get(0), started: row.get(1), database: row.get(2), production })
    }
}

impl LoadGuard {
    /// Checks the name of a target. Needs no connection.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], [`Refusal::Production`].
    pub fn check_name(&self, target: &Url) -> Result<(), Refusal> {
        let route = target.route();
        self.check(&route.host, route.port, target.database())
    }

    pub(super) fn check(&self, host: &str, port: u16, database: &str) -> Result<(), Refusal> {
        let name = format!("{host}:{port}/{database}");
        let server = format!("{host}:{port}/*");
        let host = host.to_ascii_lowercase();
        for production in &self.production {
            let name_of_production = production.to_ascii_lowercase();
            if host == name_of_production || host.starts_with(&format!("{name_of_production}.")) {
                return Err(Refusal::Production { target: name, production: production.clone() });
            }
        }
        if self.allowed.iter().any(|allowed| *allowed == name || *allowed == server) {
            return Ok(());
        }
        Err(Refusal::NotAllowed { target: name })
    }

    /// Checks the identity of the target's server. `session` may be in any of its databases.
    ///
    /// # Errors
    /// [`Refusal::Source`], [`Refusal::SameSystem`], [`Refusal::Standby`]; errors of the server.
    pub(super) async fn check_server(&self, target: &LoadTarget, session: &Session) -> Result<()> {
        let standby: bool = session.query_one("SELECT pg_catalog.pg_is_in_recovery()", &[]).await?.get(0);
        if standby {
            return Err(Refusal::Standby { target: target.name() }.into());
        }
        let found = ServerIdentity::read(session, false).await?;
        if self.system_sha256.as_ref() == Some(&found.system_sha256()) {
            return Err(Refusal::SameSystem { target: target.name() }.into());
        }
        Ok(self.compare(target, &found)?)
    }

    fn compare(&self, target: &LoadTarget, found: &ServerIdentity) -> Result<(), Refusal> {
        let Some(source) = self.source.as_ref().filter(|source| source.system == found.system) else { return Ok(()) };
        let name = target.name();
        if source.started != found.started || source.production {
            return Err(Refusal::SameSystem { target: name });
        }
        if source.database == target.database { Err(Refusal::Source { target: name }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::tunnel::Dial;
    use crate::pg::{Credentials, Trust};

    fn target(host: &str, database: &str) -> LoadTarget {
        LoadTarget {
            host: host.into(),
            port: 5432,
            dial: Dial { address: ([127, 0, 0, 1], 5432).into(), server_name: None },
            trust: Trust::load(None).unwrap(),
            credentials: Credentials { user: "u".into(), password: "p".to_owned().into() },
            database: database.into(),
        }
    }

    #[test]
    fn a_target_must_be_listed_and_must_not_be_production() {
        let guard = LoadGuard {
            allowed: vec!["dev.example:5432/app".into(), "app-prod.x.rds.amazonaws.com:5432/*".into()],
            production: vec!["app-prod".into()],
            ..LoadGuard::default()
        };
        assert_eq!(guard.check("dev.example", 5432, "app"), Ok(()));
        for (host, database) in [("dev.example", "other"), ("DEV.example.org", "app"), ("127.0.0.1", "app")] {
            assert!(matches!(guard.check(host, 5432, database), Err(Refusal::NotAllowed { .. })), "{host}");
        }
        for host in ["app-prod", "APP-PROD.x.rds.amazonaws.com", "app-prod.x.rds.amazonaws.com"] {
            assert!(matches!(guard.check(host, 5432, "app"), Err(Refusal::Production { .. })), "{host}");
        }
        assert!(matches!(guard.check("app-prod-copy", 5432, "app"), Err(Refusal::NotAllowed { .. })));
    }

    #[test]
    fn the_sources_own_system_is_refused() {
        let server = |started, database: &str, production| ServerIdentity {
            system: 7,
            started,
            database: database.into(),
            production,
        };
        let guard = |production| LoadGuard { source: Some(server(1, "app", production)), ..LoadGuard::default() };
        let (app, other) = (target("h", "app"), target("h", "other"));
        assert!(matches!(guard(false).compare(&app, &server(1, "postgres", false)), Err(Refusal::Source { .. })));
        assert_eq!(guard(false).compare(&other, &server(1, "postgres", false)), Ok(()));
        // A physical copy has the system identifier of its original.
        assert!(matches!(guard(false).compare(&other, &server(2, "other", false)), Err(Refusal::SameSystem { .. })));
        assert!(matches!(guard(true).compare(&other, &server(1, "other", false)), Err(Refusal::SameSystem { .. })));
        let unrelated = ServerIdentity { system: 8, ..server(1, "app", false) };
        assert_eq!(guard(true).compare(&app, &unrelated), Ok(()));
    }
}
