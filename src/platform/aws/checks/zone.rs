//! Whether the record can be created in its hosted zone.

use crate::platform::aws::client::Aws;
use crate::platform::aws::dns_name::normalize;
use crate::platform::aws::zone::Zone;
use crate::platform::check::Check;

use super::lookup::unknown;

const NAME: &str = "hosted zone";

pub(super) async fn check(aws: &Aws) -> Check {
    match aws.zone().await {
        Ok(zone) => judge(zone, &normalize(&aws.target.record.name)),
        Err(error) => unknown(NAME, &error),
    }
}

fn judge(zone: &Zone, record: &str) -> Check {
    if let Some(service) = &zone.linked_service {
        return Check::fail(
            NAME,
            format!("{} is managed by {service} and cannot be changed by others", zone.name),
            "use a hosted zone that no service manages",
        );
    }
    if record == zone.name {
        return Check::fail(
            NAME,
            format!("{record} is the apex of the zone, which cannot be a CNAME"),
            "use a name below the zone",
        );
    }
    if !record.strip_suffix(&zone.name).is_some_and(|rest| rest.ends_with('.')) {
        return Check::fail(
            NAME,
            format!("{record} is not in the zone {}", zone.name),
            "correct the record's name or the zone id",
        );
    }
    let kind = if zone.private { "private: resolved in its own VPCs only" } else { "public" };
    Check::ok(NAME, format!("{}, {kind}", zone.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Verdict;

    #[test]
    fn the_record_must_be_below_its_zone() {
        let zone = Zone { name: "example.com".into(), private: true, linked_service: None };
        assert_eq!(judge(&zone, "db.example.com").verdict, Verdict::Ok);
        assert_eq!(judge(&zone, "a.db.example.com").verdict, Verdict::Ok);
        assert_eq!(judge(&zone, "example.com").verdict, Verdict::Fail);
        assert_eq!(judge(&zone, "badexample.com").verdict, Verdict::Fail);
        assert_eq!(judge(&zone, "db.example.org").verdict, Verdict::Fail);
        let linked = Zone { linked_service: Some("cloudmap".into()), ..zone };
        assert_eq!(judge(&linked, "db.example.com").verdict, Verdict::Fail);
    }
}
