//! Whether the record can stand in its hosted zone.

use super::{Aws, Check, unknown};
use crate::platform::aws::record::{self, Zone, normalize};

const NAME: &str = "hosted zone";

pub(super) async fn check(aws: &Aws) -> Check {
    match record::zone(aws).await {
        Ok(zone) => judge(zone, &normalize(&aws.target.record.name)),
        Err(error) => unknown(NAME, &error),
    }
}

fn judge(zone: &Zone, record: &str) -> Check {
    if let Some(service) = &zone.linked {
        return Check::fail(
            NAME,
            format!("{} is managed by {service}, nobody else may change it", zone.name),
            "put the record into a zone of your own",
        );
    }
    if record == zone.name {
        return Check::fail(
            NAME,
            format!("{record} is the zone itself, which cannot be a CNAME"),
            "put a name before it",
        );
    }
    if !record.strip_suffix(&zone.name).is_some_and(|rest| rest.ends_with('.')) {
        return Check::fail(
            NAME,
            format!("{record} is not in the zone {}", zone.name),
            "correct the record's name or the zone's id",
        );
    }
    let kind = if zone.private { "private: only its own VPCs resolve the record" } else { "public" };
    Check::ok(NAME, format!("{}, {kind}", zone.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Verdict;

    #[test]
    fn a_record_is_below_its_zone() {
        let zone = Zone { name: "example.com".into(), private: true, linked: None };
        assert_eq!(judge(&zone, "db.example.com").verdict, Verdict::Ok);
        assert_eq!(judge(&zone, "a.db.example.com").verdict, Verdict::Ok);
        assert_eq!(judge(&zone, "example.com").verdict, Verdict::Fail);
        assert_eq!(judge(&zone, "badexample.com").verdict, Verdict::Fail);
        assert_eq!(judge(&zone, "db.example.org").verdict, Verdict::Fail);
        let linked = Zone { linked: Some("cloudmap".into()), ..zone };
        assert_eq!(judge(&linked, "db.example.com").verdict, Verdict::Fail);
    }
}
