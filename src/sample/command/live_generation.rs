//! The live generation as the source of a sample.

use secrecy::ExposeSecret as _;

use crate::config::{self, Password, SampleSource, Target};
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::pg::{Credentials, Trust, identifier};
use crate::platform::{self, Instance, Phase, RecordState, guard, tag};
use crate::scrub::marker;
use crate::secret;

use super::source::OpenSource;
use super::source_connection::{SourceConnection, database, login, platform_refusal};

/// Opens the live generation. It counts as scrubbed only if the platform, the guard and its own marker confirm that.
pub(super) async fn open_live_generation(
    target: &Target,
    sample: &config::Sample,
    source: Option<&SampleSource>,
    listener: &dyn Listener,
) -> Result<OpenSource, Failure> {
    let database = database(target, sample, source)?;
    let instance = live_instance(target).await?;
    let Some(route) = instance.route.clone() else {
        return Err(Failure::new(Exit::Refused, format!("{} has no endpoint", instance.name)));
    };
    let connection = SourceConnection {
        route,
        transport: platform::transport(target, &target.connect).await.map_err(platform_refusal(target))?,
        trust: Trust::load(target.ssl_root_cert.as_deref())?,
        root_cert: target.ssl_root_cert.clone(),
    };
    let (credentials, token) = match source {
        Some(source) => login(target, source, &connection.route, listener).await?,
        None => (master_credentials(target, &instance, listener).await?, None),
    };
    let (source, server) = connection.open(credentials, &database, sample, false).await?;
    let name = format!("{database} of {}", instance.name);
    let snapshot = instance.tag(tag::SNAPSHOT).map(str::to_owned);
    let source = OpenSource { source, name, snapshot, is_scrubbed: true, server, token };
    require_scrubbed(&source, &instance.name).await?;
    Ok(source)
}

/// Refuses a generation whose own marker does not prove that it is scrubbed: its rows are copied unmasked. A role that
/// may not read the marker has proven nothing, whatever the tags of the platform say.
async fn require_scrubbed(source: &OpenSource, generation: &str) -> Result<(), Failure> {
    match marker::read_marker(&source.session().await?).await {
        Ok(Some(marker)) if marker.is_scrubbed(generation) => Ok(()),
        Ok(_) => Err(Failure::new(Exit::Refused, format!("{} has no marker that says it is scrubbed", source.name))
            .hint("rotate again, and find out who changed the schema devdb_meta there")),
        Err(error) if error.is_permission_denied() => {
            let role = &source.source.credentials.user;
            let cause =
                format!("{} is not proven to be scrubbed: {role} may not read devdb_meta.generation", source.name);
            let role = identifier(role);
            Err(Failure::new(Exit::Refused, cause).hint(format!(
                "rotate again, or run there as the master user: GRANT USAGE ON SCHEMA devdb_meta TO {role}; \
                 GRANT SELECT ON devdb_meta.generation TO {role}"
            )))
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns the generation that the record points at, if it is one of the target's and published.
async fn live_instance(target: &Target) -> Result<Instance, Failure> {
    let refused = platform_refusal(target);
    let (platform, rules) = platform::connect(target).await.map_err(&refused)?;
    let identity = platform.identity().await.map_err(&refused)?;
    let (instances, record) =
        futures_util::future::try_join(platform.generations(), platform.record()).await.map_err(&refused)?;
    let RecordState::Present(record) = record else { return Err(no_live_generation(target)) };
    let mut live = instances.into_iter().filter(|instance| {
        guard::points_at(&*platform, &record, instance)
            && rules.check(&identity, instance, None).is_ok()
            && instance.phase().is_some_and(Phase::is_published)
    });
    live.next().ok_or_else(|| no_live_generation(target))
}

fn no_live_generation(target: &Target) -> Failure {
    Failure::new(Exit::Refused, format!("no generation of {} is live", target.name))
        .hint("rotate first, or set another source with `--database` or `sample.source`")
}

async fn master_credentials(
    target: &Target,
    instance: &Instance,
    listener: &dyn Listener,
) -> Result<Credentials, Failure> {
    if let Password::Generate { .. } = target.master_password {
        return Err(Failure::new(Exit::Usage, "the live generation's master password was generated and is not stored")
            .hint("configure a role that may read it: `sample: { source: { user: …, password: env:… } }`"));
    }
    let password = secret::resolve(&target.master_password, "master password").await?;
    listener.add_secret(password.expose_secret());
    Ok(Credentials { user: instance.master_user.clone(), password })
}
