//! Whether a clone starts with the configured parameter group, and has no effects on the outside before it is defused.

use std::collections::BTreeMap;

use aws_sdk_rds::types::DbInstance;

use crate::platform::aws::client::Aws;
use crate::platform::aws::error::api_error;
use crate::platform::aws::required_parameters;
use crate::platform::check::Check;
use crate::platform::error::Result;
use crate::platform::parameter::RequiredParameter;

use super::lookup::{missing_or_unknown, unknown};

const NAME: &str = "parameter group";
/// Parameters that must not be smaller than on the source: a server does not start with less than its data directory
/// uses.
const NOT_BELOW_SOURCE: [&str; 3] = ["max_replication_slots", "max_prepared_transactions", "rds.logical_replication"];

type Parameters = BTreeMap<String, String>;

/// Checks the parameter group for the version of the data, and compares it with the source's.
pub(super) async fn check(aws: &Aws, source: Option<&DbInstance>, version: Option<&str>) -> Vec<Check> {
    let group = &aws.settings.parameter_group;
    let response = aws.rds.describe_db_parameter_groups().db_parameter_group_name(group).send().await;
    let family = match response.map_err(api_error("DescribeDBParameterGroups", group)) {
        Ok(response) => response
            .db_parameter_groups()
            .first()
            .and_then(|found| found.db_parameter_group_family().map(str::to_owned)),
        Err(error) => return vec![missing_or_unknown(NAME, "DBParameterGroupNotFound", group, &error)],
    };
    let mut checks = vec![judge_family(group, family.as_deref(), version)];
    let parameters = match read(aws, group).await {
        Ok(parameters) => parameters,
        Err(error) => return checks.into_iter().chain([unknown("parameters", &error)]).collect(),
    };
    checks.extend(judge_required(group, &parameters, &required_parameters::of_target(&aws.target)));
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

/// A group belongs to one major version, such as `postgres15`: that of the snapshot, which the source may have left
/// behind by an upgrade.
fn judge_family(group: &str, family: Option<&str>, version: Option<&str>) -> Check {
    let major = version.and_then(|version| version.split('.').next());
    match (family, major.map(|major| format!("postgres{major}"))) {
        (Some(family), Some(needed)) if family != needed => Check::fail(
            NAME,
            format!("{group} is for {family}, but the snapshot is {needed}"),
            format!("create a parameter group of the family {needed}"),
        ),
        (family, _) => Check::ok(NAME, format!("{group}, {}", family.unwrap_or("family unknown"))),
    }
}

/// A clone must not have effects on the outside between its start and the defusing. The server is checked again after the
/// restore.
fn judge_required(group: &str, parameters: &Parameters, required: &[RequiredParameter]) -> Vec<Check> {
    let violation = |each: &RequiredParameter| {
        let value = parameters.get(each.name).map_or(each.default, String::as_str);
        let violation = each.violation(value)?;
        let remedy = format!("change {} in {group}; README explains it under \"A parameter group\"", each.name);
        Some(Check::fail("parameters", format!("{violation} in {group}"), remedy))
    };
    required.iter().filter_map(violation).collect()
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
        assert_eq!(judge_family("g", Some("postgres16"), Some("15.4")).verdict, Verdict::Fail);
        assert_eq!(judge_family("g", Some("postgres15"), Some("15.4")).verdict, Verdict::Ok);
        assert_eq!(judge_family("g", Some("postgres16"), None).verdict, Verdict::Ok);
    }

    #[test]
    fn a_group_must_be_quiet() {
        let judge = |given: &[(&str, &str)]| judge_required("g", &parameters(given), &required_parameters::ALL);
        let quiet = [
            ("max_logical_replication_workers", "0"),
            ("rds.force_ssl", "1"),
            ("shared_preload_libraries", "pg_stat_statements"),
        ];
        assert!(judge(&quiet).is_empty());
        let loud = [
            ("shared_preload_libraries", "pg_stat_statements, pg_cron"),
            ("log_statement", "all"),
            ("rds.force_ssl", "1"),
        ];
        let found: Vec<String> = judge(&loud).into_iter().map(|check| check.found).collect();
        assert_eq!(
            found,
            [
                "max_logical_replication_workers is 4 instead of 0 in g",
                "shared_preload_libraries is pg_stat_statements, pg_cron instead of a list without pg_cron in g",
                "log_statement is all instead of none in g",
            ]
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
