//! Selection of the platform of a target, and of the way to its instances.

use std::sync::Arc;

use crate::config::{Connect, PlatformConfig, Target};
use crate::pg::server::check_setting;
use crate::pg::tunnel::Transport;

use super::aws::{self, Aws};
use super::contract::Platform;
use super::error::{Error, Result};
use super::guard::Rules;
use super::local::{self, Local};

/// Returns the platform of a target, and the guard's rules for its generations.
pub async fn connect(target: &Target) -> Result<(Arc<dyn Platform>, Rules)> {
    let rules = |account: &str, region: &str| Rules {
        account: account.to_owned(),
        region: region.to_owned(),
        prefix: target.generation.prefix.clone(),
        target: target.name.clone(),
        source: target.source.instance.clone(),
        source_resource_id: target.source.resource_id.clone(),
    };
    match &target.platform {
        PlatformConfig::Aws(settings) => {
            let platform = Aws::connect(target).await?;
            Ok((Arc::new(platform), rules(&settings.account, &settings.region)))
        }
        PlatformConfig::Local(settings) => {
            check_setting().await.map_err(Error::Programs)?;
            let platform = Local::open(target, settings)?;
            let region = platform.root().display().to_string();
            Ok((Arc::new(platform), rules(local::ACCOUNT, &region)))
        }
    }
}

/// Returns the transport of a configured connection to an instance. A forwarding program gets the credentials of the
/// target's role, if one is configured.
///
/// # Errors
/// If GitHub's token service has an address that must not receive a secret.
pub async fn transport(target: &Target, connect: &Connect) -> Result<Transport> {
    Ok(match &target.platform {
        PlatformConfig::Aws(settings) => {
            let credentials = aws::credentials_for_children(target, settings).await?;
            Transport::of(connect, Some(&settings.region), credentials)
        }
        PlatformConfig::Local(_) => Transport::of(connect, None, None),
    })
}
