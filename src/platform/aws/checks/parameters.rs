//! Whether a clone starts under the configured parameter group, and stays quiet while it is not yet defused.

use std::collections::BTreeMap;

use aws_sdk_rds::types::DbInstance;

use super::capacity::missing_or_unknown;
use super::{Aws, Check, unknown};
use crate::platform::Result;
use crate::platform::aws::error::failed;

const NAME: &str = "parameter group";
/// A server does not start with less of these than what its data directory already uses.
const NOT_LESS: [&str; 3] = ["max_replication_slots", "max_prepared_transactions", "rds.logical_replication"];

type Parameters = BTreeMap<String, String>;

pub(super) async fn check(aws: &Aws, source: Option<&DbInstance>) -> Vec<Check> {
    let group = &aws.place.parameter_group;
    let answer = aws.rds.describe_db_parameter_groups().db_parameter_group_name(group).send().await;
    let family = match answer.map_err(failed("DescribeDBParameterGroups", group)) {
        Ok(answer) => {
            answer.db_parameter_groups().first().and_then(|found| found.db_parameter_group_family().map(str::to_owned))
        }
        Err(error) => return vec![missing_or_unknown(NAME, "DBParameterGroupNotFound", group, &error)],
    };
    let mut checks = vec![judge_family(group, family.as_deref(), source)];
    let ours = match of_group(aws, group).await {
        Ok(ours) => ours,
        Err(error) => return checks.into_iter().chain([unknown("parameters", &error)]).collect(),
    };
    checks.extend(judge_quiet(group, &ours));
    let theirs = source.and_then(|source| source.db_parameter_groups().first()?.db_parameter_group_name());
    if let Some(theirs) = theirs.filter(|theirs| !theirs.eq_ignore_ascii_case(group)) {
        match of_group(aws, theirs).await {
            Ok(theirs) => checks.extend(judge_enough(group, &ours, &theirs)),
            Err(error) => checks.push(Check::warn(
                "parameters",
                format!("those of the source cannot be read: {error}"),
                format!("compare {} of {group} with those of {theirs} by hand", NOT_LESS.join(", ")),
            )),
        }
    }
    checks
}

/// All parameters of a group that have a value.
async fn of_group(aws: &Aws, group: &str) -> Result<Parameters> {
    let mut pages = aws.rds.describe_db_parameters().db_parameter_group_name(group).into_paginator().items().send();
    let mut found = Parameters::new();
    while let Some(parameter) = pages.next().await {
        let parameter = parameter.map_err(failed("DescribeDBParameters", group))?;
        if let (Some(name), Some(value)) = (parameter.parameter_name, parameter.parameter_value) {
            found.insert(name, value);
        }
    }
    Ok(found)
}

/// A group is for one major version, `postgres15`.
fn judge_family(group: &str, family: Option<&str>, source: Option<&DbInstance>) -> Check {
    let version = source.and_then(|source| source.engine_version()).and_then(|version| version.split('.').next());
    match (family, version.map(|major| format!("postgres{major}"))) {
        (Some(family), Some(needed)) if family != needed => Check::fail(
            NAME,
            format!("{group} is for {family}, the source is {needed}"),
            format!("make a parameter group of the family {needed}"),
        ),
        (family, _) => Check::ok(NAME, format!("{group}, {}", family.unwrap_or("of an unknown family"))),
    }
}

/// Between its start and the defusing, a clone must not act on its own.
fn judge_quiet(group: &str, ours: &Parameters) -> Vec<Check> {
    let mut checks = Vec::new();
    if ours.get("max_logical_replication_workers").map(String::as_str) != Some("0") {
        checks.push(Check::warn(
            "subscriptions",
            format!("{group} leaves max_logical_replication_workers above 0: a clone's subscriptions start before they are removed"),
            format!("set max_logical_replication_workers to 0 in {group}"),
        ));
    }
    let preloaded = ours.get("shared_preload_libraries").map(String::as_str).unwrap_or_default();
    if preloaded.split(',').any(|library| library.trim() == "pg_cron") {
        checks.push(Check::warn(
            "pg_cron",
            format!("{group} preloads pg_cron: a clone's jobs run before they are removed"),
            format!("take pg_cron out of shared_preload_libraries of {group}"),
        ));
    }
    checks
}

fn judge_enough(group: &str, ours: &Parameters, theirs: &Parameters) -> Vec<Check> {
    let number = |parameters: &Parameters, name: &str| parameters.get(name).and_then(|value| value.parse::<u64>().ok());
    NOT_LESS
        .into_iter()
        .filter_map(|name| {
            let needed = number(theirs, name).filter(|needed| *needed > 0)?;
            // A formula or RDS's own default cannot be compared; the same default is no difference.
            let found = number(ours, name);
            if found.is_some_and(|found| found >= needed) || (found.is_none() && ours.contains_key(name)) {
                return None;
            }
            let shown = found.map_or_else(|| "not set".to_owned(), |found| found.to_string());
            Some(Check::warn(
                "parameters",
                format!("{name} is {shown} in {group} and {needed} on the source: a clone that uses it does not start"),
                format!("set {name} to at least {needed} in {group}"),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Verdict;

    fn parameters(given: &[(&str, &str)]) -> Parameters {
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_group_of_another_major_version_fails() {
        let source = DbInstance::builder().engine_version("15.4").build();
        assert_eq!(judge_family("g", Some("postgres16"), Some(&source)).verdict, Verdict::Fail);
        assert_eq!(judge_family("g", Some("postgres15"), Some(&source)).verdict, Verdict::Ok);
        assert_eq!(judge_family("g", Some("postgres16"), None).verdict, Verdict::Ok);
    }

    #[test]
    fn a_quiet_group_is_silent() {
        let quiet = [("max_logical_replication_workers", "0"), ("shared_preload_libraries", "pg_stat_statements")];
        assert!(judge_quiet("g", &parameters(&quiet)).is_empty());
        assert_eq!(
            judge_quiet("g", &parameters(&[("shared_preload_libraries", "pg_stat_statements, pg_cron")])).len(),
            2
        );
    }

    #[test]
    fn less_than_the_source_uses_is_told() {
        let theirs = parameters(&[
            ("max_replication_slots", "20"),
            ("rds.logical_replication", "1"),
            ("max_prepared_transactions", "0"),
        ]);
        let found = judge_enough("g", &parameters(&[("max_replication_slots", "5")]), &theirs);
        let names: Vec<&str> = found.iter().map(|check| check.found.split(' ').next().unwrap()).collect();
        assert_eq!(names, ["max_replication_slots", "rds.logical_replication"]);
        assert!(judge_enough("g", &theirs, &theirs).is_empty());
    }
}
