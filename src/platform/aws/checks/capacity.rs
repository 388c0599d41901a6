//! Whether there is room for one more instance of the configured kind.

use std::collections::BTreeSet;

use aws_sdk_rds::types::{AccountQuota, DbInstance};

use super::{Aws, Check, unknown};
use crate::platform::Result;
use crate::platform::aws::error::failed;

/// The quota on instances. RDS, Aurora, Neptune and DocumentDB share it.
const INSTANCES: &str = "DBInstances";
/// The quota on storage, in GiB.
const STORAGE: &str = "AllocatedStorage";

pub(super) async fn subnet_group(aws: &Aws) -> Check {
    const NAME: &str = "subnet group";
    let group = &aws.place.subnet_group;
    let answer = aws.rds.describe_db_subnet_groups().db_subnet_group_name(group).send().await;
    let answer = match answer.map_err(failed("DescribeDBSubnetGroups", group)) {
        Ok(answer) => answer,
        Err(error) => return missing_or_unknown(NAME, "DBSubnetGroupNotFound", group, &error),
    };
    match answer.db_subnet_groups().first() {
        Some(found) => Check::ok(NAME, format!("{group} in {}", found.vpc_id().unwrap_or("an unknown VPC"))),
        None => missing(NAME, group),
    }
}

fn missing(name: &str, group: &str) -> Check {
    Check::fail(name, format!("there is no {name} {group}"), "create it, or correct its name in the configuration")
}

/// A group that does not exist is a finding; any other error means that nobody knows.
pub(super) fn missing_or_unknown(name: &str, code: &str, group: &str, error: &crate::platform::Error) -> Check {
    match error {
        crate::platform::Error::Api { code: found, .. } if found.starts_with(code) => missing(name, group),
        error => unknown(name, error),
    }
}

/// Whether the class, with the storage type, is sold here for the source's version.
pub(super) async fn class(aws: &Aws, source: Option<&DbInstance>) -> Check {
    const NAME: &str = "instance class";
    let class = &aws.place.class;
    let version = source.and_then(|source| source.engine_version());
    let storage_types = match offered(aws, version).await {
        Ok(storage_types) => storage_types,
        Err(error) => return unknown(NAME, &error),
    };
    let engine = version.map_or_else(|| "PostgreSQL".to_owned(), |version| format!("PostgreSQL {version}"));
    let region = &aws.place.region;
    match &aws.place.storage_type {
        _ if storage_types.is_empty() => Check::fail(
            NAME,
            format!("{class} is not offered for {engine} in {region}"),
            "choose another class; `aws rds describe-orderable-db-instance-options --engine postgres` lists them",
        ),
        Some(storage) if !storage_types.contains(storage) => {
            let types: Vec<&str> = storage_types.iter().map(String::as_str).collect();
            let remedy = format!("choose one of {}", types.join(", "));
            Check::fail(NAME, format!("{class} is not offered with {storage} storage in {region}"), remedy)
        }
        _ => Check::ok(NAME, format!("{class} for {engine}")),
    }
}

/// The storage types that the class is offered with.
async fn offered(aws: &Aws, version: Option<&str>) -> Result<BTreeSet<String>> {
    let class = &aws.place.class;
    let request = aws.rds.describe_orderable_db_instance_options().engine("postgres").db_instance_class(class);
    let mut pages = request.set_engine_version(version.map(str::to_owned)).vpc(true).into_paginator().items().send();
    let mut storage_types = BTreeSet::new();
    while let Some(option) = pages.next().await {
        let option = option.map_err(failed("DescribeOrderableDBInstanceOptions", class))?;
        storage_types.extend(option.storage_type);
    }
    Ok(storage_types)
}

/// Whether the account may have one more instance, and as much storage again as the source has: a
/// clone cannot be smaller than its snapshot.
pub(super) async fn quotas(aws: &Aws, source: Option<&DbInstance>) -> Vec<Check> {
    let answer = aws.rds.describe_account_attributes().send().await;
    let answer = match answer.map_err(failed("DescribeAccountAttributes", "this account")) {
        Ok(answer) => answer,
        Err(error) => return vec![unknown("quota on instances", &error)],
    };
    let quotas = answer.account_quotas();
    let storage = source.and_then(|source| source.allocated_storage()).map_or(0, i64::from);
    vec![
        room("quota on instances", quotas, INSTANCES, 1, ""),
        room("quota on storage", quotas, STORAGE, storage, " GiB"),
    ]
}

fn room(name: &str, quotas: &[AccountQuota], quota: &str, needed: i64, unit: &str) -> Check {
    let found = quotas.iter().find(|each| each.account_quota_name() == Some(quota));
    let Some((used, max)) = found.and_then(|found| Some((found.used()?, found.max()?))) else {
        return Check::warn(name, "not told by RDS", "look at the quotas of RDS in the AWS console");
    };
    let words = format!("{used} of {max}{unit} used, {needed} more needed");
    if used + needed <= max {
        Check::ok(name, words)
    } else {
        Check::fail(name, words, "run `devdb cleanup`, delete what is not needed, or ask AWS for a higher quota")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Verdict;

    #[test]
    fn a_rotation_needs_room_for_one_more() {
        let quota = |used| vec![AccountQuota::builder().account_quota_name(INSTANCES).used(used).max(40).build()];
        assert_eq!(room("q", &quota(39), INSTANCES, 1, "").verdict, Verdict::Ok);
        assert_eq!(room("q", &quota(40), INSTANCES, 1, "").verdict, Verdict::Fail);
        assert_eq!(room("q", &[], INSTANCES, 1, "").verdict, Verdict::Warn);
    }
}
