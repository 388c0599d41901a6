//! The record in Route 53. It changes by deleting exactly what was read and creating the new one in
//! one batch, which Route 53 carries out whole or not at all: a compare and swap.

use aws_sdk_route53::types::{
    Change as Item, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord, ResourceRecordSet, RrType,
};

use super::error::failed;
use super::{Aws, Change, Error, Instance, RecordState, Result, Route};
use crate::platform::Record;
use crate::platform::guard::{Refusal, Scrubbed};

/// The hosted zone.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    /// Its name, normalized.
    pub name: String,
    /// Whether only its own VPCs see it.
    pub private: bool,
    /// The service that manages it, so that nobody else may change it.
    pub linked: Option<String>,
}

/// The hosted zone's facts, which do not change during a run.
pub(super) async fn zone(aws: &Aws) -> Result<&Zone> {
    aws.zone
        .get_or_try_init(|| async {
            let answer = aws.route53.get_hosted_zone().id(&aws.place.zone).send().await;
            let zone =
                answer.map_err(failed("GetHostedZone", &aws.place.zone))?.hosted_zone.ok_or_else(|| Error::Api {
                    call: "GetHostedZone",
                    subject: aws.place.zone.clone(),
                    code: "incomplete answer".into(),
                    message: "there is no zone in it".into(),
                })?;
            Ok(Zone {
                name: normalize(&zone.name),
                private: zone.config.is_some_and(|config| config.private_zone),
                linked: zone.linked_service.map(|service| {
                    service.service_principal.or(service.description).unwrap_or_else(|| "another service".into())
                }),
            })
        })
        .await
}

/// What the record holds.
pub(super) async fn read(aws: &Aws) -> Result<RecordState> {
    Ok(judge(zone(aws).await?, &sets(aws).await?))
}

/// All record sets with the record's very name. The listing starts at the name and goes on to others.
async fn sets(aws: &Aws) -> Result<Vec<ResourceRecordSet>> {
    let name = normalize(&aws.target.record.name);
    let mut found = Vec::new();
    let mut request = aws.route53.list_resource_record_sets().hosted_zone_id(&aws.place.zone);
    request = request.start_record_name(&name);
    loop {
        let page = request.send().await.map_err(failed("ListResourceRecordSets", &name))?;
        let all = page.resource_record_sets.len();
        found.extend(page.resource_record_sets.into_iter().filter(|set| normalize(&set.name) == name));
        let next = page.next_record_name.filter(|next| page.is_truncated && all > 0 && normalize(next) == name);
        let Some(next) = next else { return Ok(found) };
        request = aws
            .route53
            .list_resource_record_sets()
            .hosted_zone_id(&aws.place.zone)
            .start_record_name(next)
            .set_start_record_type(page.next_record_type)
            .set_start_record_identifier(page.next_record_identifier);
    }
}

/// Only a plain CNAME with one value is ours to swap.
fn judge(zone: &Zone, sets: &[ResourceRecordSet]) -> RecordState {
    let foreign = |why: String| RecordState::Foreign(why);
    if let Some(service) = &zone.linked {
        return foreign(format!("its hosted zone is managed by {service}"));
    }
    let set = match sets {
        [] => return RecordState::Absent,
        [set] => set,
        [first, ..] => {
            return foreign(format!(
                "there are {} records of that name, {first_is}",
                sets.len(),
                first_is = kind(first)
            ));
        }
    };
    let values = set.resource_records();
    if let Some(alias) = set.alias_target() {
        foreign(format!("it is an alias of {}", normalize(&alias.dns_name)))
    } else if let Some(id) = set.set_identifier() {
        foreign(format!("it is one of several weighted or routed records (set identifier {id})"))
    } else if set.traffic_policy_instance_id().is_some() {
        foreign("it belongs to a traffic policy".into())
    } else if set.health_check_id().is_some() {
        foreign("it has a health check".into())
    } else if *set.r#type() != RrType::Cname {
        foreign(format!("its type is {}, not CNAME", set.r#type().as_str()))
    } else if let ([value], Some(ttl)) = (values, set.ttl().and_then(|ttl| u64::try_from(ttl).ok())) {
        RecordState::Present(Record { value: normalize(&value.value), ttl })
    } else {
        foreign(format!("it has {} values", values.len()))
    }
}

fn kind(set: &ResourceRecordSet) -> String {
    match set.set_identifier() {
        Some(id) => format!("one with the set identifier {id}"),
        None => format!("one of type {}", set.r#type().as_str()),
    }
}

/// What the record holds when it points at an instance.
pub(super) fn value_for(instance: &Instance) -> Option<String> {
    instance.route.as_ref().map(|route| normalize(&route.host))
}

/// A developer's way: dial the record's name, but verify the instance, whose certificate does not
/// know the record.
pub(super) fn route(aws: &Aws, instance: &Instance) -> Result<Route> {
    let own = instance.route.as_ref().ok_or_else(|| no_endpoint(&instance.name))?;
    Ok(Route { host: normalize(&aws.target.record.name), port: own.port, server_name: own.server_name.clone() })
}

fn no_endpoint(name: &str) -> Error {
    Error::Api {
        call: "DescribeDBInstances",
        subject: name.to_owned(),
        code: "no endpoint".into(),
        message: "the instance cannot be reached yet".into(),
    }
}

/// Points the record at `to`, if it still holds `from`. A batch that is refused is looked into once:
/// the first answer may have been lost after the work was done.
pub(super) async fn swap(aws: &Aws, from: &RecordState, to: &Scrubbed) -> Result<Change> {
    let value = value_for(to.instance()).ok_or_else(|| no_endpoint(to.name()))?;
    let wanted = Record { value, ttl: aws.target.record.ttl.as_secs() };
    let mut refused = None;
    for _ in 0..2 {
        let sets = sets(aws).await?;
        let now = judge(zone(aws).await?, &sets);
        if let RecordState::Foreign(why) = now {
            return Err(Refusal::Record { why }.into());
        }
        if now != *from && now != RecordState::Present(wanted.clone()) {
            return Err(changed(aws, from));
        }
        match submit(aws, sets.into_iter().next(), &wanted, to.name()).await {
            Err(error @ Error::Api { .. }) if is_mismatch(&error) => refused = Some(error),
            answer => return answer,
        }
    }
    Err(refused.unwrap_or_else(|| changed(aws, from)))
}

/// One batch. When the record is as wanted already, deleting and creating it again changes nothing,
/// and gives a change whose arrival at the name servers can be waited for.
async fn submit(aws: &Aws, old: Option<ResourceRecordSet>, wanted: &Record, generation: &str) -> Result<Change> {
    let name = &aws.target.record.name;
    let built = |error: aws_sdk_route53::error::BuildError| Error::Api {
        call: "ChangeResourceRecordSets",
        subject: name.clone(),
        code: "not sent".into(),
        message: error.to_string(),
    };
    let new = ResourceRecordSet::builder()
        .name(name)
        .r#type(RrType::Cname)
        .ttl(i64::try_from(wanted.ttl).unwrap_or(i64::MAX))
        .resource_records(ResourceRecord::builder().value(&wanted.value).build().map_err(built)?)
        .build()
        .map_err(built)?;
    let mut batch = ChangeBatch::builder().comment(format!("devdb: {generation}"));
    if let Some(old) = old {
        batch = batch.changes(item(ChangeAction::Delete, old).map_err(built)?);
    }
    let batch = batch.changes(item(ChangeAction::Create, new).map_err(built)?).build().map_err(built)?;
    let request = aws.route53.change_resource_record_sets().hosted_zone_id(&aws.place.zone).change_batch(batch);
    let answer = request.send().await.map_err(failed("ChangeResourceRecordSets", name))?;
    Ok(Change { id: answer.change_info.map(|info| info.id).unwrap_or_default() })
}

fn item(action: ChangeAction, set: ResourceRecordSet) -> std::result::Result<Item, aws_sdk_route53::error::BuildError> {
    Item::builder().action(action).resource_record_set(set).build()
}

/// Whether Route 53 refused because the zone does not hold what the batch deletes, or holds what it
/// creates.
fn is_mismatch(error: &Error) -> bool {
    matches!(error, Error::Api { code, .. } if code == "InvalidChangeBatch")
}

fn changed(aws: &Aws, from: &RecordState) -> Error {
    let expected = match from {
        RecordState::Absent => "nothing".to_owned(),
        RecordState::Present(record) => format!("{} for {} s", record.value, record.ttl),
        RecordState::Foreign(why) => why.clone(),
    };
    Error::RecordChanged { name: aws.target.record.name.clone(), expected }
}

/// Whether a change has reached all name servers. It says nothing of resolvers, which keep the old
/// value for its time to live.
pub(super) async fn in_sync(aws: &Aws, change: &Change) -> Result<bool> {
    let answer = aws.route53.get_change().id(&change.id).send().await.map_err(failed("GetChange", &change.id))?;
    Ok(answer.change_info.is_some_and(|info| info.status == ChangeStatus::Insync))
}

/// A name as names compare: lower case, without the final dot, without Route 53's octal escapes
/// (`\052` for `*`).
pub(super) fn normalize(name: &str) -> String {
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, octal(tail)) {
            (b'\\', Some(byte)) => {
                plain.push(byte);
                &tail[3..]
            }
            _ => {
                plain.push(*first);
                tail
            }
        };
    }
    let plain = String::from_utf8_lossy(&plain).to_lowercase();
    plain.strip_suffix('.').unwrap_or(&plain).to_owned()
}

fn octal(digits: &[u8]) -> Option<u8> {
    let digits = digits.get(..3).filter(|digits| digits.iter().all(|digit| (b'0'..=b'7').contains(digit)))?;
    u8::try_from(digits.iter().fold(0u16, |value, digit| value * 8 + u16::from(digit - b'0'))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> Zone {
        Zone { name: "example.com".into(), private: false, linked: None }
    }

    fn cname() -> aws_sdk_route53::types::builders::ResourceRecordSetBuilder {
        let value = ResourceRecord::builder().value("App-1.X.rds.amazonaws.com.").build().unwrap();
        ResourceRecordSet::builder().name("db.example.com.").r#type(RrType::Cname).ttl(60).resource_records(value)
    }

    fn state(sets: &[ResourceRecordSet]) -> RecordState {
        judge(&zone(), sets)
    }

    #[test]
    fn names_compare_without_dots_case_and_escapes() {
        assert_eq!(normalize("DB.Example.com."), "db.example.com");
        assert_eq!(normalize("\\052.example.com"), "*.example.com");
        assert_eq!(normalize("\\9x.example\\"), "\\9x.example\\");
    }

    #[test]
    fn a_plain_cname_is_ours() {
        let record = Record { value: "app-1.x.rds.amazonaws.com".into(), ttl: 60 };
        assert_eq!(state(&[cname().build().unwrap()]), RecordState::Present(record));
        assert_eq!(state(&[]), RecordState::Absent);
    }

    #[test]
    fn everything_else_is_foreign() {
        let alias = aws_sdk_route53::types::AliasTarget::builder()
            .hosted_zone_id("Z1")
            .dns_name("lb.example.com.")
            .evaluate_target_health(false)
            .build()
            .unwrap();
        let text = ResourceRecordSet::builder().name("db.example.com.").r#type(RrType::Txt).ttl(60);
        let second = ResourceRecord::builder().value("other").build().unwrap();
        let foreign = [
            vec![cname().set_identifier("blue").weight(1).build().unwrap()],
            vec![cname().health_check_id("h").build().unwrap()],
            vec![cname().traffic_policy_instance_id("t").build().unwrap()],
            vec![cname().resource_records(second).build().unwrap()],
            vec![text.clone().build().unwrap()],
            vec![cname().build().unwrap(), text.build().unwrap()],
            vec![
                ResourceRecordSet::builder()
                    .name("db.example.com.")
                    .r#type(RrType::A)
                    .alias_target(alias)
                    .build()
                    .unwrap(),
            ],
        ];
        for sets in foreign {
            assert!(matches!(state(&sets), RecordState::Foreign(_)), "{sets:?}");
        }
        let linked = Zone { linked: Some("servicediscovery.amazonaws.com".into()), ..zone() };
        assert!(matches!(judge(&linked, &[]), RecordState::Foreign(_)));
    }
}
