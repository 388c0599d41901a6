//! The check of a whole file.

use std::sync::Arc;

use super::conflicts;
use super::context::CheckContext;
use super::cursor::Cursor;
use super::{masking, sample, target};
use crate::config::raw;
use crate::config::resolved::Config;

/// Checks a file. `at` is its root.
pub fn check(raw: raw::Config, at: Cursor<'_>, context: &CheckContext<'_>) -> Config {
    let references = masking::references(raw.references, at.key("references"));
    let masking = Arc::new(masking::masking(raw.mask, references, at.key("mask"), context));
    let sample = raw.sample.map(|raw| sample::sample(raw, at.key("sample"), context));
    let at = at.key("targets");
    let resolve = |(name, raw): (String, raw::Target)| {
        let target = target::target(&name, raw, at.key(&name), context, masking.clone());
        (name, target)
    };
    let targets = raw.targets.into_iter().map(resolve).collect();
    conflicts::check(&targets, at);
    Config { path: context.path.to_owned(), targets, sample }
}
