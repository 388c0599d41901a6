//! AWS regions: their partition, and the region in the host names of services.

/// Returns the partition of a region: the second segment of every ARN in it.
pub(super) fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// Returns the region in the name of an RDS endpoint, such as `app.c0ffee.eu-west-1.rds.amazonaws.com`. A replica may
/// be in another region than the target.
pub(super) fn of_endpoint(host: &str) -> Option<&str> {
    let host = host.strip_suffix(".cn").unwrap_or(host);
    host.strip_suffix(".rds.amazonaws.com")?.rsplit('.').next()
}

/// Returns the region in the name of a private ECR registry, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com`.
pub(super) fn of_registry(registry: &str) -> Option<&str> {
    let (account, rest) = registry.split_once(".dkr.ecr.")?;
    let rest = rest.strip_suffix(".cn").unwrap_or(rest);
    let region = rest.strip_suffix(".amazonaws.com")?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (is_account && !region.is_empty() && region.chars().all(is_plain)).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_partitions() {
        assert_eq!(partition("eu-central-1"), "aws");
        assert_eq!(partition("cn-north-1"), "aws-cn");
        assert_eq!(partition("us-gov-west-1"), "aws-us-gov");
    }

    #[test]
    fn an_endpoint_contains_its_region() {
        assert_eq!(of_endpoint("app.c0ffee.eu-west-1.rds.amazonaws.com"), Some("eu-west-1"));
        assert_eq!(of_endpoint("app.c0ffee.rds.cn-north-1.amazonaws.com.cn"), None);
        assert_eq!(of_endpoint("db.example.com"), None);
    }

    #[test]
    fn only_ecr_registries_have_a_region() {
        assert_eq!(of_registry("123456789012.dkr.ecr.eu-west-1.amazonaws.com"), Some("eu-west-1"));
        assert_eq!(of_registry("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"), Some("cn-north-1"));
        for other in [
            "docker.io",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
            "x.dkr.ecr.eu-west-1.amazonaws.com",
            "1.dkr.ecr.a.amazonaws.com",
        ] {
            assert_eq!(of_registry(other), None, "{other}");
        }
    }
}
