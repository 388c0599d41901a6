//! AWS regions in the host names of services.

/// Returns the region in the name of an RDS endpoint, such as `app.c0ffee.eu-west-1.rds.amazonaws.com`. A replica may
/// be in another region than the target.
pub(super) fn of_endpoint(host: &str) -> Option<&str> {
    let host = host.strip_suffix(".cn").unwrap_or(host);
    let region = host.strip_suffix(".rds.amazonaws.com")?.rsplit('.').next()?;
    is_plain(region).then_some(region)
}

/// Whether a text can be a region: it becomes part of ARNs and host names.
fn is_plain(region: &str) -> bool {
    !region.is_empty() && region.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Returns the region in the name of a private ECR registry, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com`.
pub(super) fn of_registry(registry: &str) -> Option<&str> {
    let (account, rest) = registry.split_once(".dkr.ecr.")?;
    let rest = rest.strip_suffix(".cn").unwrap_or(rest);
    let region = rest.strip_suffix(".amazonaws.com")?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (is_account && is_plain(region)).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_contains_its_region() {
        assert_eq!(of_endpoint("app.c0ffee.eu-west-1.rds.amazonaws.com"), Some("eu-west-1"));
        assert_eq!(of_endpoint("app.c0ffee.rds.cn-north-1.amazonaws.com.cn"), None);
        assert_eq!(of_endpoint("db.example.com"), None);
        assert_eq!(of_endpoint("app.c0ffee.*.rds.amazonaws.com"), None);
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
