//! The guard of the configuration: which databases a sample may be written to.

use crate::config::{self, Config, PlatformConfig};
use crate::host::is_loopback;
use crate::sample::load::LoadGuard;

/// Returns the guard that `sample.targets` and the sources of the configuration define.
pub(super) fn guard(config: &Config, sample: &config::Sample) -> LoadGuard {
    let allowed = sample.targets.iter().map(|target| {
        // The form that a URL of the same database has after it is read.
        let host = if target.host == "localhost" { "127.0.0.1" } else { &target.host };
        format!("{host}:{}/{}", target.port, target.database)
    });
    // The clusters of the local platform are all on this machine, and their names are no hosts.
    let on_aws = config.targets.values().filter(|target| matches!(target.platform, PlatformConfig::Aws(_)));
    let instances = on_aws.map(|target| target.source.instance.clone());
    let source = sample.source.iter().filter_map(|source| source.host.as_deref()).filter_map(remote_host);
    LoadGuard { allowed: allowed.collect(), production: instances.chain(source).collect(), ..LoadGuard::default() }
}

/// Returns the host, or `None` if it is this machine: there, the address does not tell production from development,
/// and the guard compares system identifiers.
pub(super) fn remote_host(host: &str) -> Option<String> {
    (!is_loopback(host)).then(|| host.to_owned())
}
