//! `devdb policy`: prints the least-privilege IAM policy of a target.

use crate::config::PlatformConfig;
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::platform;

use super::global_options::GlobalOptions;
use super::output::print_json;

/// Prints the policy.
///
/// # Errors
/// `Exit::Usage` if the target's platform is `local`.
pub fn run(global: &GlobalOptions, listener: &dyn Listener) -> Result<Exit, Failure> {
    let (config, target) = global.load_target()?;
    if matches!(target.platform, PlatformConfig::Local(_)) {
        return Err(Failure::new(Exit::Usage, format!("target {} is local and needs no IAM policy", target.name)));
    }
    let source = config.sample.as_ref().and_then(|sample| sample.source.as_ref());
    print_json(listener, &platform::aws::policy(&target, source))
}
