//! Selection of the platform of a target.

use std::sync::Arc;

use crate::config::{PlatformConfig, Target};

use super::aws::Aws;
use super::contract::Platform;
use super::error::Result;
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
            let platform = Local::open(target, settings)?;
            let region = platform.root().display().to_string();
            Ok((Arc::new(platform), rules(local::ACCOUNT, &region)))
        }
    }
}
