//! Whether one more instance of the configured class can be created.

use std::collections::BTreeSet;

use aws_sdk_rds::types::AccountQuota;

use crate::platform::aws::client::Aws;
use crate::platform::aws::error::api_error;
use crate::platform::check::Check;
use crate::platform::error::Result;

use super::lookup::{missing, missing_or_unknown, unknown};

/// Quota of instances. RDS, Aurora, Neptune and DocumentDB share it.
const INSTANCES: &str = "DBInstances";
/// Quota of storage, in GiB.
const STORAGE: &str = "AllocatedStorage";

/// Whether the subnet group exists.
pub(super) async fn subnet_group(aws: &Aws) -> Check {
    const NAME: &str = "subnet group";
    let group = &aws.settings.subnet_group;
    let response = aws.rds.describe_db_subnet_groups().db_subnet_group_name(group).send().await;
    let response = match response.map_err(api_error("DescribeDBSubnetGroups", group)) {
        Ok(response) => response,
        Err(error) => return missing_or_unknown(NAME, "DBSubnetGroupNotFound", group, &error),
    };
    match response.db_subnet_groups().first() {
        Some(found) => Check::ok(NAME, format!("{group} in {}", found.vpc_id().unwrap_or("an unknown VPC"))),
        None => missing(NAME, group),
    }
}

/// Whether the class is offered in the region, with the storage type and for the version of the data.
pub(super) async fn class(aws: &Aws, version: Option<&str>) -> Check {
    const NAME: &str = "instance class";
    let class = &aws.settings.class;
    let storage_types = match offered(aws, version).await {
        Ok(storage_types) => storage_types,
        Err(error) => return unknown(NAME, &error),
    };
    let engine = version.map_or_else(|| "PostgreSQL".to_owned(), |version| format!("PostgreSQL {version}"));
    let region = &aws.settings.region;
    match &aws.settings.storage_type {
        _ if storage_types.is_empty() => Check::fail(
            NAME,
            format!("{class} is not offered for {engine} in {region}"),
            "choose a class that `aws rds describe-orderable-db-instance-options --engine postgres` lists",
        ),
        Some(storage) if !storage_types.contains(storage) => {
            let types: Vec<&str> = storage_types.iter().map(String::as_str).collect();
            let remedy = format!("choose one of {}", types.join(", "));
            Check::fail(NAME, format!("{class} is not offered with {storage} storage in {region}"), remedy)
        }
        _ => Check::ok(NAME, format!("{class} for {engine}")),
    }
}

/// Returns the storage types that the class is offered with.
async fn offered(aws: &Aws, version: Option<&str>) -> Result<BTreeSet<String>> {
    let class = &aws.settings.class;
    let request = aws.rds.describe_orderable_db_instance_options().engine("postgres").db_instance_class(class);
    let mut pages = request.set_engine_version(version.map(str::to_owned)).vpc(true).into_paginator().items().send();
    let mut storage_types = BTreeSet::new();
    while let Some(option) = pages.next().await {
        let option = option.map_err(api_error("DescribeOrderableDBInstanceOptions", class))?;
        storage_types.extend(option.storage_type);
    }
    Ok(storage_types)
}

/// Whether the quotas allow one more instance, and `storage` additional GiB.
pub(super) async fn quotas(aws: &Aws, storage: Option<i64>) -> Vec<Check> {
    let response = aws.rds.describe_account_attributes().send().await;
    let response = match response.map_err(api_error("DescribeAccountAttributes", "this account")) {
        Ok(response) => response,
        Err(error) => return vec![unknown("instance quota", &error)],
    };
    let quotas = response.account_quotas();
    vec![
        judge_quota("instance quota", quotas, INSTANCES, 1, ""),
        judge_quota("storage quota", quotas, STORAGE, storage.unwrap_or(0), " GiB"),
    ]
}

fn judge_quota(name: &str, quotas: &[AccountQuota], quota: &str, needed: i64, unit: &str) -> Check {
    let found = quotas.iter().find(|each| each.account_quota_name() == Some(quota));
    let Some((used, max)) = found.and_then(|found| Some((found.used()?, found.max()?))) else {
        return Check::warn(name, "RDS does not report it", "check the quotas of RDS in the AWS console");
    };
    let found = format!("{used} of {max}{unit} used, {needed} more needed");
    if used + needed <= max {
        Check::ok(name, found)
    } else {
        Check::fail(name, found, "run `devdb cleanup`, delete unused instances, or request a higher quota from AWS")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Verdict;

    #[test]
    fn a_rotation_needs_one_more_instance() {
        let quota = |used| vec![AccountQuota::builder().account_quota_name(INSTANCES).used(used).max(40).build()];
        assert_eq!(judge_quota("q", &quota(39), INSTANCES, 1, "").verdict, Verdict::Ok);
        assert_eq!(judge_quota("q", &quota(40), INSTANCES, 1, "").verdict, Verdict::Fail);
        assert_eq!(judge_quota("q", &[], INSTANCES, 1, "").verdict, Verdict::Warn);
    }
}
