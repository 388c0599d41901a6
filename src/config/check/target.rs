//! One target.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::context::CheckContext;
use super::cursor::Cursor;
use super::{access, connect, generation, names, platform};
use crate::config::did_you_mean::closest;
use crate::config::raw;
use crate::config::resolved::{Deadlines, Masking, PlatformConfig, Target};

/// Checks a target.
pub fn target(
    name: &str,
    raw: raw::Target,
    at: Cursor<'_>,
    context: &CheckContext<'_>,
    masking: Arc<Masking>,
) -> Target {
    if !names::is_word(name) {
        at.report_key(
            format!("`{name}` is not a valid target name"),
            "use at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit first: the name is also the value \
             of a tag",
        );
    }
    let mut platform = platform::platform(raw.platform, at.key("platform"), context.base);
    let source = generation::source(raw.source, &platform, at.key("source"));
    let generation = generation::generation(&raw.generation, &source, at.key("generation"));
    let record = generation::record(raw.record, &mut platform, at.key("record"));
    let connect = connect::of_target(raw.connect, &platform, at.key("connect"));
    let ssl_root_cert = ssl_root_cert(raw.ssl_root_cert, &platform, at.key("ssl_root_cert"), context);
    let (allowed_roles, ensured_roles) = access::roles(raw.roles, &platform, at.key("roles"));
    Target {
        name: name.to_owned(),
        source,
        generation,
        record,
        connect,
        ssl_root_cert,
        databases: access::databases(raw.databases, at.key("databases"), context.base),
        master_password: access::password(raw.master_password, at.key("master_password")),
        allowed_roles,
        ensured_roles,
        kept_hazards: kept_hazards(raw.hazards.keep, at.key("hazards").key("keep"), &context.external.hazard_names),
        masking,
        deadlines: deadlines(&raw.deadlines, at.key("deadlines")),
        platform,
    }
}

fn ssl_root_cert(
    raw: Option<PathBuf>,
    platform: &PlatformConfig,
    at: Cursor<'_>,
    context: &CheckContext<'_>,
) -> Option<PathBuf> {
    let raw = raw?;
    if let PlatformConfig::Local(_) = platform {
        at.report_key("`local` does not use `ssl_root_cert`", "remove it: connections stay on this machine");
    }
    let path = at.path(context.base, &raw);
    let help = "correct the path; it is relative to this file";
    at.require(path.is_file(), format!("{} is not a file", at.quoted()), help);
    Some(path)
}

fn deadlines(raw: &raw::Deadlines, at: Cursor<'_>) -> Deadlines {
    Deadlines {
        restore: at.key("restore").nonzero_duration(&raw.restore),
        password: at.key("password").nonzero_duration(&raw.password),
        script: at.key("script").nonzero_duration(&raw.script),
        publish: at.key("publish").nonzero_duration(&raw.publish),
        retire: at.key("retire").nonzero_duration(&raw.retire),
    }
}

fn kept_hazards(raw: BTreeMap<String, String>, at: Cursor<'_>, known: &[&str]) -> BTreeMap<String, String> {
    for (name, reason) in &raw {
        let at = at.key(name);
        if !known.contains(&name.as_str()) {
            let help = match closest(name, known.iter().copied()) {
                Some(closest) => format!("did you mean `{closest}`?"),
                None => format!("the hazards are {}", known.join(", ")),
            };
            at.report_key(format!("there is no hazard `{name}`"), help);
        }
        at.require(
            !reason.trim().is_empty(),
            format!("the hazard `{name}` is kept without a reason"),
            "write why it is harmless; every report shows the reason",
        );
    }
    raw
}

#[cfg(test)]
mod tests {
    use crate::config::testing::*;

    #[test]
    fn invalid_targets_are_reported() {
        assert_faults(LOCAL, "target");
    }
}
