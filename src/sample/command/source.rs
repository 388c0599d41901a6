//! Where the rows come from: the live generation, the configured source, or a database that a URL names.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::{self, Password, SampleLogin, SampleSource, Target};
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::host::is_loopback;
use crate::pg::as_owner::denied;
use crate::pg::tunnel::Gate;
use crate::pg::{Credentials, Route, Session, Trust, Url, identifier};
use crate::platform::{self, Instance, Phase, RecordState, guard, tag};
use crate::sample::load;
use crate::sample::{SampleError, Source};
use crate::scrub::marker;
use crate::secret;

/// An open way to the rows.
pub struct Origin {
    /// The database that is read.
    pub source: Source,
    /// What it is, for messages.
    pub name: String,
    /// The snapshot that the rows are from, where the source is a generation.
    pub snapshot: Option<String>,
    /// Whether it was proven that nothing personal is in it: then it is copied as it is.
    pub is_scrubbed: bool,
    /// Which server it is, for the guard.
    pub server: load::ServerIdentity,
    /// Who logs in by tokens that end, and where.
    token: Option<(Route, String)>,
}

/// How a role comes in.
struct Connection {
    route: Route,
    gate: Gate,
    trust: Trust,
    root_cert: Option<PathBuf>,
}

impl Origin {
    /// Opens the way and looks who answers. A generation is believed to be scrubbed when the platform, the
    /// guard and its own marker say so.
    ///
    /// # Errors
    /// When there is nothing to read, or nobody is let in.
    pub async fn open(
        target: &Target,
        sample: &config::Sample,
        from: Option<&Url>,
        listener: &dyn Listener,
    ) -> Result<Origin, Failure> {
        let origin = match (from, &sample.source) {
            (Some(url), _) => named(url, sample).await?,
            (None, Some(source)) if source.host.is_some() => configured(target, sample, source, listener).await?,
            (None, source) => live(target, sample, source.as_ref(), listener).await?,
        };
        Ok(origin)
    }

    /// A session that cannot write.
    pub async fn session(&self) -> Result<Session, Failure> {
        self.source.open().await.map_err(|error| Failure::from(error).during(format!("log in to {}", self.name)))
    }

    /// What it is, behind its version.
    pub fn state(&self) -> &'static str {
        if self.is_scrubbed { ", scrubbed by a rotation: copied as it is" } else { ", masked on the way out" }
    }

    /// The password as it is to be given now: a token may have ended since.
    pub async fn password(&self, target: &Target) -> Result<SecretString, Failure> {
        match &self.token {
            Some((route, user)) => Ok(platform::aws::auth_token(target, route, user).await?),
            None => Ok(self.source.credentials.password.clone()),
        }
    }

    /// The source, for sessions that are opened now.
    pub async fn now(&self, target: &Target) -> Result<Source, Failure> {
        let password = self.password(target).await?;
        let credentials = Credentials { user: self.source.credentials.user.clone(), password };
        Ok(Source { credentials, ..self.source.clone() })
    }
}

async fn named(url: &Url, sample: &config::Sample) -> Result<Origin, Failure> {
    let way = Connection {
        route: url.route().clone(),
        gate: Gate::Direct,
        trust: url.trust().clone(),
        root_cert: std::env::var_os("PGSSLROOTCERT").filter(|path| !path.is_empty()).map(PathBuf::from),
    };
    let source = way.open(url.credentials().clone(), url.database(), sample).await?;
    let server = server(&source, true).await?;
    Ok(Origin { source, name: url.place(), snapshot: None, is_scrubbed: false, server, token: None })
}

async fn configured(
    target: &Target,
    sample: &config::Sample,
    source: &SampleSource,
    listener: &dyn Listener,
) -> Result<Origin, Failure> {
    let host = source.host.clone().unwrap_or_default();
    let route = Route { server_name: (!is_loopback(&host)).then(|| host.clone()), host, port: source.port };
    let way = Connection {
        gate: Gate::of(&source.connect, region(target)),
        trust: Trust::load(source.ssl_root_cert.as_deref())?,
        root_cert: source.ssl_root_cert.clone(),
        route,
    };
    let (credentials, token) = login(target, source, &way.route, listener).await?;
    let database = database(target, sample, Some(source))?;
    let name = format!("{}:{}/{database}", way.route.host, way.route.port);
    let source = way.open(credentials, &database, sample).await?;
    let server = server(&source, true).await?;
    Ok(Origin { source, name, snapshot: None, is_scrubbed: false, server, token })
}

async fn live(
    target: &Target,
    sample: &config::Sample,
    source: Option<&SampleSource>,
    listener: &dyn Listener,
) -> Result<Origin, Failure> {
    let database = database(target, sample, source)?;
    let instance = live_instance(target).await?;
    let Some(route) = instance.route.clone() else {
        return Err(Failure::new(Exit::Refused, format!("{} has no endpoint", instance.name)));
    };
    let way = Connection {
        route,
        gate: Gate::of(&target.connect, region(target)),
        trust: Trust::load(target.ssl_root_cert.as_deref())?,
        root_cert: target.ssl_root_cert.clone(),
    };
    let (credentials, token) = match source {
        Some(source) => login(target, source, &way.route, listener).await?,
        None => (master(target, &instance, listener).await?, None),
    };
    let source = way.open(credentials, &database, sample).await?;
    let name = format!("{database} of {}", instance.name);
    let snapshot = instance.tag(tag::SNAPSHOT).map(str::to_owned);
    let server = server(&source, false).await?;
    let origin = Origin { source, name, snapshot, is_scrubbed: true, server, token };
    require_scrubbed(&origin, &instance.name).await?;
    Ok(origin)
}

/// Refuses a generation whose own marker does not prove that it is scrubbed: its rows are copied unmasked. A role that
/// may not read the marker has proven nothing, whatever the tags of the platform say.
async fn require_scrubbed(origin: &Origin, generation: &str) -> Result<(), Failure> {
    match marker::read_marker(&origin.session().await?).await {
        Ok(Some(marker)) if marker.is_scrubbed(generation) => Ok(()),
        Ok(_) => Err(Failure::new(Exit::Refused, format!("{} has no marker that says it is scrubbed", origin.name))
            .hint("rotate again, and find out who changed the schema devdb_meta there")),
        Err(error) if denied(&error) => {
            let role = &origin.source.credentials.user;
            let cause =
                format!("{} is not proven to be scrubbed: {role} may not read devdb_meta.generation", origin.name);
            let role = identifier(role);
            Err(Failure::new(Exit::Refused, cause).hint(format!(
                "rotate again, or run there as the master user: GRANT USAGE ON SCHEMA devdb_meta TO {role}; \
                 GRANT SELECT ON devdb_meta.generation TO {role}"
            )))
        }
        Err(error) => Err(error.into()),
    }
}

async fn server(source: &Source, production: bool) -> Result<load::ServerIdentity, Failure> {
    let session = source.open().await.map_err(SampleError::from)?;
    Ok(load::ServerIdentity::read(&session, production).await?)
}

/// The generation that the record points at, if it is one of ours and published.
async fn live_instance(target: &Target) -> Result<Instance, Failure> {
    let (platform, rules) = platform::connect(target).await?;
    let identity = platform.identity().await?;
    let (instances, record) = futures_util::future::try_join(platform.generations(), platform.record()).await?;
    let RecordState::Present(record) = record else { return Err(nothing_live(target)) };
    let mut live = instances.into_iter().filter(|instance| {
        guard::points_at(&*platform, &record, instance)
            && guard::judge(&rules, &identity, instance, None).is_ok()
            && instance.phase().is_some_and(Phase::is_published)
    });
    live.next().ok_or_else(|| nothing_live(target))
}

fn nothing_live(target: &Target) -> Failure {
    Failure::new(Exit::Refused, format!("no generation of {} is live", target.name))
        .hint("rotate first, or name another source by `--database` or `sample.source`")
}

async fn master(target: &Target, instance: &Instance, listener: &dyn Listener) -> Result<Credentials, Failure> {
    if let Password::Generate { .. } = target.master_password {
        return Err(Failure::new(Exit::Usage, "nobody knows the live generation's master password: it was generated")
            .hint("name a role that may read it: `sample: { source: { user: …, password: env:… } }`"));
    }
    let password = secret::resolve(&target.master_password, "master password").await?;
    listener.add_secret(password.expose_secret());
    Ok(Credentials { user: instance.master_user.clone(), password })
}

async fn login(
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

/// The database that is sampled.
fn database(target: &Target, sample: &config::Sample, source: Option<&SampleSource>) -> Result<String, Failure> {
    let named = source.and_then(|source| source.database.clone()).or_else(|| sample.database.clone());
    match (named, target.databases.as_slice()) {
        (Some(name), _) => Ok(name),
        (None, [only]) => Ok(only.name.clone()),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|one| one.name.as_str()).collect();
            Err(Failure::new(Exit::Usage, format!("{} has several databases: {}", target.name, names.join(", ")))
                .hint("say which one is sampled: `sample: { database: NAME }`"))
        }
    }
}

/// The region that an SSM session is of.
fn region(target: &Target) -> &str {
    match &target.platform {
        config::PlatformConfig::Aws(place) => &place.region,
        config::PlatformConfig::Local(_) => "",
    }
}

impl Connection {
    async fn open(self, credentials: Credentials, database: &str, sample: &config::Sample) -> Result<Source, Failure> {
        let tunnel = self.gate.open(&self.route).await.map_err(|error| {
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
