//! Names of generations: the prefix and a UTC timestamp, so that names sort by age.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::platform::Instance;

const FORMAT: &str = "%Y%m%d-%H%M%S";

/// Returns the name of a generation created now: `app-dev-20261121-021700`.
pub fn make(prefix: &str, now: Timestamp) -> String {
    format!("{prefix}{}", now.to_zoned(TimeZone::UTC).strftime(FORMAT))
}

/// Returns when a generation was created: by its name, or else by the platform.
pub fn created_at(prefix: &str, instance: &Instance) -> Option<Timestamp> {
    timestamp(prefix, &instance.name).or(instance.created_at)
}

/// Returns whether [`make`] makes names of this form.
pub fn is_made(prefix: &str, name: &str) -> bool {
    timestamp(prefix, name).is_some()
}

fn timestamp(prefix: &str, name: &str) -> Option<Timestamp> {
    let text = name.strip_prefix(prefix)?;
    let time = jiff::civil::DateTime::strptime(FORMAT, text).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_contains_the_time_of_its_creation() {
        let at: Timestamp = "2026-11-21T02:17:00Z".parse().unwrap();
        let name = make("app-dev-", at);
        assert_eq!(name, "app-dev-20261121-021700");
        assert_eq!(timestamp("app-dev-", &name), Some(at));
        assert_eq!(timestamp("app-dev-", "app-dev-mine"), None);
        assert!(is_made("app-dev-", &name) && !is_made("app-dev-", "app-dev-mine"));
    }
}
