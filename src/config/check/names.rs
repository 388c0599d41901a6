//! Formats of names, durations and sizes. Pure functions; each states the source of its rule.

use std::time::Duration;

/// Whether a text is a valid instance identifier of RDS: 1 to 63 letters, digits and hyphens, a letter first, no hyphen
/// last, no two hyphens in a row. `local` has the same rule, which excludes paths.
pub fn is_instance(name: &str) -> bool {
    name.len() <= 63 && !name.ends_with('-') && begins_instance(name)
}

/// Whether a text can be the beginning of an instance identifier.
pub fn begins_instance(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
        && !name.contains("--")
}

/// Whether a text is a name of a DB parameter group: 1 to 255 letters, digits and hyphens, and for default groups dots.
///
/// Source: <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBParameterGroup.html>.
pub fn is_parameter_group(name: &str) -> bool {
    is_group(name, "-.")
}

/// Whether a text is a name of a DB subnet group: 1 to 255 letters, digits, dots, underscores, spaces and hyphens.
///
/// Source: <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html>.
pub fn is_subnet_group(name: &str) -> bool {
    is_group(name, "-._ ")
}

/// Names of groups occur in the ARNs of a policy, where `*` and `?` would be wildcards and `$` begins a variable.
fn is_group(name: &str, punctuation: &str) -> bool {
    (1..=255).contains(&name.len())
        && name.trim() == name
        && name.chars().all(|character| character.is_ascii_alphanumeric() || punctuation.contains(character))
}

/// Whether a text contains nothing that has a meaning in the ARNs of a policy.
pub fn is_literal_in_arn(text: &str) -> bool {
    !text.contains(['*', '?', '$'])
}

/// Whether a text is an AWS account: 12 digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text has the format of a region: `ap-northeast-2`, `us-gov-west-1`.
pub fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    match parts.split_last() {
        Some((number, words)) => {
            (2..=3).contains(&words.len())
                && words.iter().all(letters)
                && number.len() <= 2
                && number.parse::<u8>().is_ok()
        }
        None => false,
    }
}

/// Returns partition and account of a role's ARN, such as `arn:aws:iam::123456789012:role/path/name`.
pub fn owner_of_role(arn: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, "iam", "", account, role]
            if partition.starts_with("aws") && is_account(account) && role.len() > 5 && role.starts_with("role/") =>
        {
            Some((partition, account))
        }
        _ => None,
    }
}

/// Whether a text is an AWS id: the prefix and 8 to 17 hexadecimal digits.
pub fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        (8..=17).contains(&rest.len()) && rest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Whether a text is the id of a hosted zone.
pub fn is_zone(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with('Z')
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Whether a text is a DNS name of at least two labels, in lower case and without the trailing dot (RFC 1035; `_` as in
/// RFC 2181).
pub fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

/// Whether a text is a valid name of a service or target: it occurs as a section of an INI file, as the value of a tag
/// and on command lines.
pub fn is_word(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || "._-".contains(character))
}

/// Whether a text is a valid script variable: it becomes a setting `devdb.name`, for which PostgreSQL allows letters,
/// digits and `_`. Only lower case, because psql variables are case-sensitive and settings are not.
pub fn is_script_variable(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// Whether a text is a database or role name that PostgreSQL does not truncate (63 bytes).
pub fn is_database_object(name: &str) -> bool {
    (1..=63).contains(&name.len()) && !name.chars().any(char::is_control)
}

/// Whether a role belongs to PostgreSQL or to RDS.
pub fn is_system_role(name: &str) -> bool {
    name.starts_with("pg_") || name.starts_with("rds_") || ["rdsadmin", "rdsrepladmin", "rdstopmgr"].contains(&name)
}

/// Whether a text is a valid tag key or value on RDS.
pub fn is_tag_text(text: &str, max_characters: usize) -> bool {
    text.chars().count() <= max_characters
        && text.chars().all(|character| character.is_alphanumeric() || " _.:/=+-@".contains(character))
}

/// Parses `90s`, `15m`, `36h`, `2d` or a sequence of them; at most one year.
pub fn duration(text: &str) -> Option<Duration> {
    let (mut total, mut digits) = (0_u64, String::new());
    for character in text.chars() {
        let unit = match character {
            '0'..='9' => {
                digits.push(character);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        total = digits.parse::<u64>().ok()?.checked_mul(unit)?.checked_add(total)?;
        digits.clear();
    }
    (digits.is_empty() && !text.is_empty() && total <= 366 * 86_400).then(|| Duration::from_secs(total))
}

/// Parses a size such as `500MB` into bytes, with units in powers of 1024 like PostgreSQL.
pub fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let power = match &text[digits.len()..] {
        "kB" => 10,
        "MB" => 20,
        "GB" => 30,
        "TB" => 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(rule: impl Fn(&str) -> bool, valid: &[&str], invalid: &[&str]) {
        valid.iter().for_each(|text| assert!(rule(text), "{text}"));
        invalid.iter().for_each(|text| assert!(!rule(text), "{text}"));
    }

    #[test]
    fn aws_names() {
        let long = "a".repeat(64);
        all(is_instance, &["app-prod", "a", "App1"], &["", "1a", "-a", "a-", "a--b", "a_b", "앱", "../a", &long]);
        all(is_parameter_group, &["app-dev", "default.postgres16", "App"], &["", "*", "a?", "a b", "a_b", "${a}"]);
        all(is_subnet_group, &["app-dev", "a b.c_d"], &["", "*", "app-*", "a?", " a", "${a}"]);
        all(is_literal_in_arn, &["devdb_sample", "김"], &["*", "dev_?", "${aws:username}"]);
        all(is_account, &["012345678901"], &["", "12345678901", "1234567890123", "12345678901a"]);
        all(
            is_region,
            &["ap-northeast-2", "us-gov-west-1", "us-iso-east-1", "mx-central-1"],
            &["", "seoul", "ap-northeast", "ap-northeast-2a", "AP-NORTHEAST-2", "ap--2", "ap-northeast-"],
        );
        all(
            |text| owner_of_role(text).is_some_and(|(_, account)| account == "123456789012"),
            &["arn:aws:iam::123456789012:role/a/b", "arn:aws-cn:iam::123456789012:role/a"],
            &["arn:aws:iam::123456789012:user/a", "arn:aws:iam::1:role/a", "arn:aws:iam::123456789012:role/", "role/a"],
        );
        all(
            |text| is_id(text, "sg-"),
            &["sg-01234567", "sg-0123456789abcdef0"],
            &["sg-", "sg-xyz", "sg-0123…", "0123"],
        );
        all(is_zone, &["Z0123456789ABC"], &["", "/hostedzone/Z01", "z01", "Z-1"]);
    }

    #[test]
    fn dns_and_postgresql_names() {
        let (label, long) = (format!("{}.kr", "a".repeat(64)), format!("a{}", ".bc".repeat(90)));
        all(
            is_dns_name,
            &["db.dev.example.com", "_db.a1-b.kr"],
            &["", "db", "db.", ".db", "a..b", "-a.b", "a-.b", "DB.a", "*.a.b", "가.kr", &label, &long],
        );
        all(is_word, &["app-dev", "A.b_1"], &["", "-a", "a b", "a]", "앱"]);
        all(is_script_variable, &["mail_domain", "_a1"], &["", "1a", "Mail", "a-b", "a.b", "값"]);
        all(is_database_object, &["app", "앱 db", "A\"b"], &["", "a\0b", "a\nb", &"가".repeat(22)]);
        all(|text| is_tag_text(text, 5), &["", "team", "a:/=+", "팀"], &["a*b", "sixsix", "a\n"]);
    }

    #[test]
    fn sizes() {
        for (text, expected) in [("1kB", Some(1024)), ("2GB", Some(2 << 30)), ("2gb", None), ("2", None), ("MB", None)]
        {
            assert_eq!(bytes(text), expected, "{text}");
        }
        assert_eq!(bytes("99999999999TB"), None);
    }

    #[test]
    fn durations() {
        for (text, seconds) in
            [("90s", 90), ("15m", 900), ("36h", 129_600), ("2d", 172_800), ("1h30m", 5_400), ("0s", 0)]
        {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "15", "m", "1.5h", "-1s", "1 h", "1w", "99999999999999999999s", "400d", "２h", "1h30"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
