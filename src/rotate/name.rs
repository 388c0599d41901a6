//! Names of generations: the prefix and a UTC timestamp, so that names sort by age.

use jiff::Timestamp;
use jiff::tz::TimeZone;

const FORM: &str = "%Y%m%d-%H%M%S";

/// The name of a generation made now: `app-dev-20261121-021700`.
pub fn make(prefix: &str, now: Timestamp) -> String {
    format!("{prefix}{}", now.to_zoned(TimeZone::UTC).strftime(FORM))
}

/// When a generation's name says it was made.
pub fn made_at(prefix: &str, name: &str) -> Option<Timestamp> {
    let stamp = name.strip_prefix(prefix)?;
    let time = jiff::civil::DateTime::strptime(FORM, stamp).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_when_it_was_made() {
        let at: Timestamp = "2026-11-21T02:17:00Z".parse().unwrap();
        let name = make("app-dev-", at);
        assert_eq!(name, "app-dev-20261121-021700");
        assert_eq!(made_at("app-dev-", &name), Some(at));
        assert_eq!(made_at("app-dev-", "app-dev-mine"), None);
    }
}
