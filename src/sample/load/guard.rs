//! Whether a database may be written to at all: decided from names before the first connection, and from
//! what the server says of itself before the first write.

use super::refusal::Refusal;
use super::target::Target;
use crate::digest::sha256;
use crate::pg::{Session, Url};
use crate::sample::load::error::Result;

/// What may be written to, and what never.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// The allow-list: `host:port/database` each, or `host:port/*` for every database of a server.
    pub allowed: Vec<String>,
    /// Names of production: hosts, and identifiers of instances, which are the first word of a host on RDS.
    pub production: Vec<String>,
    /// The server that the rows come from; none for an archive.
    pub origin: Option<Origin>,
    /// Of an archive, what it says of the server that its rows come from: [`Origin::system_sha256`].
    pub system_sha256: Option<String>,
}

/// A server and database, by what cannot be renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The cluster's identifier, given by `initdb` and kept by every physical copy.
    pub system: i64,
    /// When the server was started, in microseconds: tells a copy from the original.
    pub started: i64,
    /// The database.
    pub database: String,
    /// Whether it is production, so that nothing on its server may be written to.
    pub production: bool,
}

impl Origin {
    /// A hash of the cluster's identifier, which production has and every copy of it, whatever its name.
    pub fn system_sha256(&self) -> String {
        sha256(format!("system identifier {}", self.system))
    }

    /// Reads it on a session.
    ///
    /// # Errors
    /// What the server says.
    pub async fn read(session: &Session, production: bool) -> Result<Origin> {
        let row = session
            .query_one(
                "SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system()), \
                        (EXTRACT(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::int8, \
                        pg_catalog.current_database()::text",
                &[],
            )
            .await?;
        Ok(Origin { system: row.get(0), started: row.get(1), database: row.get(2), production })
    }
}

impl Guard {
    /// Decides from names alone, before anything is asked of anybody.
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
            let it = production.to_ascii_lowercase();
            if host == it || host.starts_with(&format!("{it}.")) {
                return Err(Refusal::Production { target: name, production: production.clone() });
            }
        }
        if self.allowed.iter().any(|allowed| *allowed == name || *allowed == server) {
            return Ok(());
        }
        Err(Refusal::NotAllowed { target: name })
    }

    /// Decides from what the target's server says of itself; `session` may be in any of its databases.
    ///
    /// # Errors
    /// [`Refusal::Source`], [`Refusal::SameSystem`], [`Refusal::Standby`]; what the server says.
    pub(super) async fn check_server(&self, target: &Target, session: &Session) -> Result<()> {
        let standby: bool = session.query_one("SELECT pg_catalog.pg_is_in_recovery()", &[]).await?.get(0);
        if standby {
            return Err(Refusal::Standby { target: target.name() }.into());
        }
        let here = Origin::read(session, false).await?;
        if self.system_sha256.as_ref() == Some(&here.system_sha256()) {
            return Err(Refusal::SameSystem { target: target.name() }.into());
        }
        Ok(self.compare(target, &here)?)
    }

    fn compare(&self, target: &Target, here: &Origin) -> Result<(), Refusal> {
        let Some(origin) = self.origin.as_ref().filter(|origin| origin.system == here.system) else { return Ok(()) };
        let name = target.name();
        if origin.started != here.started || origin.production {
            return Err(Refusal::SameSystem { target: name });
        }
        if origin.database == target.database { Err(Refusal::Source { target: name }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::tunnel::Dial;
    use crate::pg::{Credentials, Trust};

    fn target(host: &str, database: &str) -> Target {
        Target {
            host: host.into(),
            port: 5432,
            dial: Dial { address: ([127, 0, 0, 1], 5432).into(), server_name: None },
            trust: Trust::load(None).unwrap(),
            credentials: Credentials { user: "u".into(), password: "p".to_owned().into() },
            database: database.into(),
        }
    }

    #[test]
    fn only_what_is_listed_and_is_not_production() {
        let guard = Guard {
            allowed: vec!["dev.example:5432/app".into(), "app-prod.x.rds.amazonaws.com:5432/*".into()],
            production: vec!["app-prod".into()],
            ..Guard::default()
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
        let origin =
            |started, database: &str, production| Origin { system: 7, started, database: database.into(), production };
        let guard = |production| Guard { origin: Some(origin(1, "app", production)), ..Guard::default() };
        let (app, other) = (target("h", "app"), target("h", "other"));
        assert!(matches!(guard(false).compare(&app, &origin(1, "postgres", false)), Err(Refusal::Source { .. })));
        assert_eq!(guard(false).compare(&other, &origin(1, "postgres", false)), Ok(()));
        // Production has its clone's identifier, and its clone has production's.
        assert!(matches!(guard(false).compare(&other, &origin(2, "other", false)), Err(Refusal::SameSystem { .. })));
        assert!(matches!(guard(true).compare(&other, &origin(1, "other", false)), Err(Refusal::SameSystem { .. })));
        let elsewhere = Origin { system: 8, ..origin(1, "app", false) };
        assert_eq!(guard(true).compare(&app, &elsewhere), Ok(()));
    }
}
