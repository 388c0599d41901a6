//! Whether a clone starts with the configured parameter group, and has no effects on the outside before it is defused.

use std::collections::BTreeMap;

use aws_sdk_rds::types::DbInstance;

use crate::platform::aws::client::Aws;
use crate::platform::aws::error::api_error;
use crate::platform::check::Check;
use crate::platform::error::Result;

use super::lookup::{missing_or_unknown, unknown};

const NAME: &str = "parameter group";
/// Parameters that must not be smaller than on the source: a server does not start with less than its data directory
/// uses.
const NOT_BELOW_SOURCE: [&str; 3] = ["max_replication_slots", "max_prepared_transactions", "rds.logical_replication"];

type Parameters = BTreeMap<String, String>;

/// Checks the parameter group, and compares it with the source's.
pub(super) async fn check(aws: &Aws, source: Option<&DbInstance>) -> Vec<Check> {
    let group = &aws.settings.parameter_group;
    let response = aws.rds.describe_db_parameter_groups().db_parameter_group_name(group).send().await;
    let family = match response.map_err(api_error("DescribeDBParameterGroups", group)) {
        Ok(response) => response
            .db_parameter_groups()
            .first()
            .and_then(|found| found.db_parameter_group_family().map(str::to_owned)),
        Err(error) => return vec![missing_or_unknown(NAME, "DBParameterGroupNotFound", group, &error)],
    };
    let mut checks = vec![judge_family(group, family.as_deref(), source)];
    let parameters = match read(aws, group).await {
        Ok(parameters) => parameters,
        Err(error) => return checks.into_iter().chain([unknown("parameters", &error)]).collect(),
    };
    checks.extend(judge_quiet(group, &parameters));
    let source_group = source.and_then(|source| source.db_parameter_groups().first()?.db_parameter_group_name());
    if let Some(source_group) = source_group.filter(|name| !name.eq_ignore_ascii_case(group)) {
        match read(aws, source_group).await {
            Ok(required) => checks.extend(judge_sizes(group, &parameters, &required)),
            Err(error) => checks.push(Check::warn(
                "parameters",
                format!("the parameter group of the source cannot be read: {error}"),
                format!("compare {} of {group} with those of {source_group} yourself", NOT_BELOW_SOURCE.join(", ")),
            )),
        }
    }
    checks
}

/// Returns all parameters of a group that have a value.
async fn read(aws: &Aws, group: &str) -> Result<Parameters> {
    let mut pages = aws.rds.describe_db_parameters().db_parameter_group_name(group).into_paginator().items().send();
    let mut found = Parameters::new();
    while let Some(parameter) = pages.next().await {
        let parameter = parameter.map_err(api_error("DescribeDBParameters", group))?;
        if let (Some(name), Some(value)) = (parameter.parameter_name, parameter.parameter_value) {
            found.insert(name, value);
        }
    }
    Ok(found)
}

/// A group belongs to one major version, such as `postgres15`.
fn judge_family(group: &str, family: Option<&str>, source: Option<&DbInstance>) -> Check {
    let version = source.and_then(|source| source.engine_version()).and_then(|version| version.split('.').next());
    match (family, version.map(|major| format!("postgres{major}"))) {
        (Some(family), Some(needed)) if family != needed => Check::fail(
            NAME,
            format!("{group} is for {family}, but the source is {needed}"),
            format!("create a parameter group of the family {needed}"),
        ),
        (family, _) => Check::ok(NAME, format!("{group}, {}", family.unwrap_or("family unknown"))),
    }
}

/// A clone must not have effects on the outside between its start and the defusing.
fn judge_quiet(group: &str, parameters: &Parameters) -> Vec<Check> {
    let mut checks = Vec::new();
    if parameters.get("max_logical_replication_workers").map(String::as_str) != Some("0") {
        checks.push(Check::warn(
            "subscriptions",
            format!("max_logical_replication_workers is not 0 in {group}: subscriptions of a clone start before devdb removes them"),
            format!("set max_logical_replication_workers to 0 in {group}"),
        ));
    }
    let preloaded = parameters.get("shared_preload_libraries").map(String::as_str).unwrap_or_default();
    if preloaded.split(',').any(|library| library.trim() == "pg_cron") {
        checks.push(Check::warn(
            "pg_cron",
            format!("{group} preloads pg_cron: jobs of a clone run before devdb removes them"),
            format!("remove pg_cron from shared_preload_libraries in {group}"),
        ));
    }
    checks
}

/// Compares the parameters in [`NOT_BELOW_SOURCE`] with the source's, `required`.
fn judge_sizes(group: &str, parameters: &Parameters, required: &Parameters) -> Vec<Check> {
    let number = |parameters: &Parameters, name: &str| parameters.get(name).and_then(|value| value.parse::<u64>().ok());
    NOT_BELOW_SOURCE
        .into_iter()
        .filter_map(|name| {
            let needed = number(required, name).filter(|needed| *needed > 0)?;
            // A formula cannot be compared.
            let found = number(parameters, name);
            if found.is_some_and(|found| found >= needed) || (found.is_none() && parameters.contains_key(name)) {
                return None;
            }
            let value = found.map_or_else(|| "not set".to_owned(), |found| found.to_string());
            Some(Check::warn(
                "parameters",
                format!(
                    "{name} is {value} in {group}, but {needed} on the source: a clone that uses more does not start"
                ),
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
    fn a_parameter_group_of_another_major_version_fails() {
        let source = DbInstance::builder().engine_version("15.4").build();
        assert_eq!(judge_family("g", Some("postgres16"), Some(&source)).verdict, Verdict::Fail);
        assert_eq!(judge_family("g", Some("postgres15"), Some(&source)).verdict, Verdict::Ok);
        assert_eq!(judge_family("g", Some("postgres16"), None).verdict, Verdict::Ok);
    }

    #[test]
    fn a_quiet_group_has_no_finding() {
        let quiet = [("max_logical_replication_workers", "0"), ("shared_preload_libraries", "pg_stat_statements")];
        assert!(judge_quiet("g", &parameters(&quiet)).is_empty());
        assert_eq!(
            judge_quiet("g", &parameters(&[("shared_preload_libraries", "pg_stat_statements, pg_cron")])).len(),
            2
        );
    }

    #[test]
    fn smaller_parameters_than_the_sources_are_reported() {
        let required = parameters(&[
            ("max_replication_slots", "20"),
            ("rds.logical_replication", "1"),
            ("max_prepared_transactions", "0"),
        ]);
        let found = judge_sizes("g", &parameters(&[("max_replication_slots", "5")]), &required);
        let names: Vec<&str> = found.iter().map(|check| check.found.split(' ').next().unwrap()).collect();
        assert_eq!(names, ["max_replication_slots", "rds.logical_replication"]);
        assert!(judge_sizes("g", &required, &required).is_empty());
    }
}
