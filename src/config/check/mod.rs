//! From the configuration as written to the configuration as meant. A check that fails complains and
//! goes on with what it has, so that all are made; who calls looks whether anybody complained.

mod access;
mod across;
mod generation;
mod masking;
mod names;
mod place;
mod platform;
mod sample;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::mask::WrittenMask;
use super::raw;
use super::resolved::{Config, Deadlines, Masking, PlatformConfig, Target};

pub use place::Place;

/// What other rooms know of words in the file.
pub struct Words {
    /// Names of hazards.
    pub hazards: Vec<&'static str>,
    /// What is wrong with a mask's options.
    pub mask: fn(&WrittenMask) -> Result<(), String>,
}

/// What the checks know beside the file.
pub struct Known<'a> {
    /// The file.
    pub path: &'a Path,
    /// The folder that paths in the file are relative to; absolute.
    pub base: &'a Path,
    /// What other rooms know.
    pub words: Words,
}

/// Checks a file. `at` is its place.
pub fn check(written: raw::File, at: Place<'_>, known: &Known<'_>) -> Config {
    let references = masking::references(written.references, at.at("references"));
    let masking = Arc::new(masking::masking(written.mask, references, at.at("mask"), known));
    let sample = written.sample.map(|written| sample::sample(written, at.at("sample"), known));
    let at = at.at("targets");
    let check = |(name, written): (String, raw::Target)| {
        let target = target(&name, written, at.at(&name), known, masking.clone());
        (name, target)
    };
    let targets = written.targets.into_iter().map(check).collect();
    across::across(&targets, at);
    Config { path: known.path.to_owned(), targets, sample }
}

fn target(name: &str, written: raw::Target, at: Place<'_>, known: &Known<'_>, masking: Arc<Masking>) -> Target {
    if !names::is_word(name) {
        at.complain_of_key(
            format!("`{name}` cannot be a target's name"),
            "write at most 63 letters, digits, `-`, `_` and `.`, beginning with a letter or digit: it is also a tag's value",
        );
    }
    let mut platform = platform::platform(written.platform, at.at("platform"), known.base);
    let source = generation::source(written.source, &platform, at.at("source"));
    let generation = generation::generation(&written.generation, &source, at.at("generation"));
    let record = generation::record(written.record, &mut platform, at.at("record"));
    let connect = platform::connect(written.connect, &platform, at.at("connect"));
    let ssl_root_cert = written.ssl_root_cert.map(|path| {
        let at = at.at("ssl_root_cert");
        if let PlatformConfig::Local(_) = platform {
            at.complain_of_key("`ssl_root_cert` has no use on `local`", "remove it: connections stay on this machine");
        }
        let path = at.path(known.base, &path);
        at.require(
            path.is_file(),
            format!("{} is not a file", at.shown()),
            "correct the path; it is relative to this file",
        );
        path
    });
    let (allowed_roles, ensured_roles) = access::roles(written.roles, &platform, at.at("roles"));
    Target {
        name: name.to_owned(),
        source,
        generation,
        record,
        connect,
        ssl_root_cert,
        databases: access::databases(written.databases, at.at("databases"), known.base),
        master_password: access::password(written.master_password, at.at("master_password")),
        allowed_roles,
        ensured_roles,
        kept_hazards: kept_hazards(written.hazards.keep, at.at("hazards").at("keep"), &known.words.hazards),
        masking,
        deadlines: deadlines(&written.deadlines, at.at("deadlines")),
        platform,
    }
}

fn deadlines(written: &raw::Deadlines, at: Place<'_>) -> Deadlines {
    Deadlines {
        restore: at.at("restore").some_length(&written.restore),
        password: at.at("password").some_length(&written.password),
        script: at.at("script").some_length(&written.script),
        publish: at.at("publish").some_length(&written.publish),
        retire: at.at("retire").some_length(&written.retire),
    }
}

fn kept_hazards(written: BTreeMap<String, String>, at: Place<'_>, known: &[&str]) -> BTreeMap<String, String> {
    for (name, reason) in &written {
        let at = at.at(name);
        if !known.contains(&name.as_str()) {
            let help = match super::did_you_mean::nearest(name, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the hazards are {}", known.join(", ")),
            };
            at.complain_of_key(format!("there is no hazard `{name}`"), help);
        }
        at.require(
            !reason.trim().is_empty(),
            format!("the hazard `{name}` is kept without a reason"),
            "write why it is harmless where it is; the reason shows in every report",
        );
    }
    written
}

#[cfg(test)]
mod tests {
    use crate::config::testing::*;

    #[test]
    fn what_a_target_cannot_mean_is_named() {
        assert_faults(
            LOCAL,
            r#"
            app-dev:\n => "앱 dev":\n
                3:3 `앱 dev` cannot be a target's name
                write at most 63 letters, digits, `-`, `_` and `.`, beginning with a letter or digit: it is also a tag's value
            record: { => hazards: { keep: { outbx: why, other: why } }\n    record: {
                7:24 there is no hazard `outbx`
                did you mean `outbox`?
                7:36 there is no hazard `other`
                the hazards are subscriptions, outbox, pg-cron
            record: { => hazards: { keep: { subscriptions: " " } }\n    record: {
                7:39 the hazard `subscriptions` is kept without a reason
                write why it is harmless where it is; the reason shows in every report
            record: { => deadlines: { restore: 0m, script: soon }\n    record: {
                7:27 a length of time of nothing would end every run
                write at least `1s`
                7:39 `soon` is not a length of time
                write it like `90s`, `15m`, `36h` or `2d`
            "#,
        );
    }
}
