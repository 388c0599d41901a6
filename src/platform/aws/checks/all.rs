//! All checks, in the order in which findings are best fixed.

use crate::event::Verdict;
use crate::platform::aws::client::Aws;
use crate::platform::aws::instance;
use crate::platform::check::Check;
use crate::platform::snapshot::Snapshot;

use super::{capacity, credentials, parameters, source, tools, zone};

/// Runs all checks. Without usable credentials only those of the credentials, since all others would fail likewise.
pub(in crate::platform::aws) async fn all(aws: &Aws, snapshot: Option<&Snapshot>) -> Vec<Check> {
    let mut checks = credentials::check(aws).await;
    if checks.iter().any(|check| check.verdict == Verdict::Fail) {
        return checks;
    }
    let described = instance::describe(aws, &aws.target.source.instance).await;
    let source = described.as_ref().ok().and_then(Option::as_ref);
    // The clone has the version of the snapshot; the source may have been upgraded since.
    let version = snapshot
        .map(|snapshot| snapshot.engine_version.as_str())
        .or_else(|| source.and_then(|source| source.engine_version()));
    let storage = aws
        .settings
        .storage
        .map(i64::from)
        .or_else(|| i64::try_from(snapshot?.size?.div_ceil(1 << 30)).ok())
        .or_else(|| source?.allocated_storage().map(i64::from));
    let (parameters, subnets, class, quotas, zone) = tokio::join!(
        parameters::check(aws, source, version),
        capacity::subnet_group(aws),
        capacity::class(aws, version),
        capacity::quotas(aws, storage),
        zone::check(aws),
    );
    checks.push(source::check(aws, &described));
    checks.extend(parameters);
    checks.push(subnets);
    checks.push(class);
    checks.extend(quotas);
    checks.push(zone);
    checks.extend(tools::check(&aws.target.connect));
    checks
}
