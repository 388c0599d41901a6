//! What can be checked on AWS before anything is changed. Nothing here stops at the first finding:
//! whoever sets devdb up wants to see all of them at once.

mod capacity;
mod credentials;
mod parameters;
mod source;
mod tools;
mod zone;

use super::{Aws, Check, Error, instance};

/// All checks, in the order in which a person would put things right.
pub(super) async fn all(aws: &Aws) -> Vec<Check> {
    // Without credentials every other check would say the same.
    let access = credentials::check(aws).await;
    if access.iter().any(|check| check.verdict == crate::event::Verdict::Fail) {
        return access;
    }
    let described = instance::describe(aws, &aws.target.source.instance).await;
    let source = described.as_ref().ok().and_then(Option::as_ref);
    let (parameters, subnets, class, quotas, zone) = tokio::join!(
        parameters::check(aws, source),
        capacity::subnet_group(aws),
        capacity::class(aws, source),
        capacity::quotas(aws, source),
        zone::check(aws),
    );
    let mut checks = access;
    checks.push(source::check(aws, &described));
    checks.extend(parameters);
    checks.push(subnets);
    checks.push(class);
    checks.extend(quotas);
    checks.push(zone);
    checks.extend(tools::check(&aws.target.connect));
    checks
}

/// A check that could not be made. Not knowing stops the run like a bad finding.
fn unknown(name: &str, error: &Error) -> Check {
    let remedy = match error {
        Error::Denied { .. } => "give the role the permissions that `devdb policy` prints",
        _ => "run `devdb doctor` again; if it stays so, look at the account's health in the AWS console",
    };
    Check::fail(name, error.to_string(), remedy)
}
