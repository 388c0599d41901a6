//! Opening the source of a sample: a database URL, the configured source, or the live generation.

use std::path::PathBuf;

use crate::config::{self, SampleSource, Target};
use crate::error::Failure;
use crate::event::Listener;
use crate::host::is_loopback;
use crate::pg::tunnel::Transport;
use crate::pg::{Route, Trust, Url};
use crate::platform;

use super::live_generation::open_live_generation;
use super::source::OpenSource;
use super::source_connection::{SourceConnection, database, login, platform_refusal};

/// Opens the source of a sample: the database of `url`; the configured source; otherwise the live generation.
///
/// # Errors
/// If there is no source, the login fails, or a live generation is not proven to be scrubbed.
pub(super) async fn open_source(
    target: &Target,
    sample: &config::Sample,
    url: Option<&Url>,
    listener: &dyn Listener,
) -> Result<OpenSource, Failure> {
    match (url, &sample.source) {
        (Some(url), _) => open_url(url, sample).await,
        (None, Some(source)) if source.host.is_some() => open_configured(target, sample, source, listener).await,
        (None, source) => open_live_generation(target, sample, source.as_ref(), listener).await,
    }
}

async fn open_url(url: &Url, sample: &config::Sample) -> Result<OpenSource, Failure> {
    let connection = SourceConnection {
        route: url.route().clone(),
        transport: Transport::Direct,
        trust: url.trust().clone(),
        root_cert: std::env::var_os("PGSSLROOTCERT").filter(|path| !path.is_empty()).map(PathBuf::from),
    };
    let (source, server) = connection.open(url.credentials().clone(), url.database(), sample, true).await?;
    Ok(OpenSource { source, name: url.place(), snapshot: None, is_scrubbed: false, server, token: None })
}

async fn open_configured(
    target: &Target,
    sample: &config::Sample,
    source: &SampleSource,
    listener: &dyn Listener,
) -> Result<OpenSource, Failure> {
    let host = source.host.clone().unwrap_or_default();
    let route = Route { server_name: (!is_loopback(&host)).then(|| host.clone()), host, port: source.port };
    let connection = SourceConnection {
        transport: platform::transport(target, &source.connect).await.map_err(platform_refusal(target))?,
        trust: Trust::load(source.ssl_root_cert.as_deref())?,
        root_cert: source.ssl_root_cert.clone(),
        route,
    };
    let (credentials, token) = login(target, source, &connection.route, listener).await?;
    let database = database(target, sample, Some(source))?;
    let name = format!("{}:{}/{database}", connection.route.host, connection.route.port);
    let (source, server) = connection.open(credentials, &database, sample, true).await?;
    Ok(OpenSource { source, name, snapshot: None, is_scrubbed: false, server, token })
}
