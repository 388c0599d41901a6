//! The record in Route 53. A compare-and-swap is one batch that deletes exactly the record that was read and creates
//! the new one; Route 53 applies a batch completely or not at all.

use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord, ResourceRecordSet, RrType,
};

use crate::pg::Route;
use crate::platform::guard::{Refusal, Scrubbed, is_generation_name};
use crate::platform::{Error, Instance, Record, RecordChange, RecordState, Result, Source};

use super::client::Aws;
use super::dns_name::normalize;
use super::error::api_error;
use super::zone::Zone;

/// Returns what the record holds.
pub(super) async fn read(aws: &Aws) -> Result<RecordState> {
    Ok(classify(aws.zone().await?, &record_sets(aws).await?))
}

/// Returns all record sets with exactly the record's name. The listing starts at that name and continues with others.
async fn record_sets(aws: &Aws) -> Result<Vec<ResourceRecordSet>> {
    let name = normalize(&aws.target.record.name);
    let mut found = Vec::new();
    let mut request = aws.route53.list_resource_record_sets().hosted_zone_id(&aws.settings.zone);
    request = request.start_record_name(&name);
    loop {
        let page = request.send().await.map_err(api_error("ListResourceRecordSets", &name))?;
        let count = page.resource_record_sets.len();
        found.extend(page.resource_record_sets.into_iter().filter(|set| normalize(&set.name) == name));
        let next = page.next_record_name.filter(|next| page.is_truncated && count > 0 && normalize(next) == name);
        let Some(next) = next else { return Ok(found) };
        request = aws
            .route53
            .list_resource_record_sets()
            .hosted_zone_id(&aws.settings.zone)
            .start_record_name(next)
            .set_start_record_type(page.next_record_type)
            .set_start_record_identifier(page.next_record_identifier);
    }
}

/// Classifies the record sets of one name. Only a plain CNAME with one value may be swapped.
fn classify(zone: &Zone, sets: &[ResourceRecordSet]) -> RecordState {
    let foreign = RecordState::Foreign;
    if let Some(service) = &zone.linked_service {
        return foreign(format!("its hosted zone is managed by {service}"));
    }
    let set = match sets {
        [] => return RecordState::Absent,
        [set] => set,
        [first, ..] => {
            return foreign(format!("{} records have its name, one with {}", sets.len(), describe(first)));
        }
    };
    let values = set.resource_records();
    if let Some(alias) = set.alias_target() {
        foreign(format!("it is an alias of {}", normalize(&alias.dns_name)))
    } else if let Some(id) = set.set_identifier() {
        foreign(format!("it is a weighted or otherwise routed record (set identifier {id})"))
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

fn describe(set: &ResourceRecordSet) -> String {
    match set.set_identifier() {
        Some(id) => format!("set identifier {id}"),
        None => format!("type {}", set.r#type().as_str()),
    }
}

/// Returns the value of a record that points at an instance.
pub(super) fn value_for(instance: &Instance) -> Option<String> {
    instance.route.as_ref().map(|route| normalize(&route.host))
}

/// Returns the name of the generation whose endpoint a value is: the prefix, and the domain of this account and region,
/// which only the source's endpoint shows.
pub(super) fn generation_at(aws: &Aws, value: &str, source: Option<&Source>) -> Option<String> {
    let (name, domain) = value.split_once('.')?;
    let (_, own_domain) = source?.host.as_deref()?.split_once('.')?;
    (domain == own_domain && is_generation_name(&aws.target.generation.prefix, name)).then(|| name.to_owned())
}

/// Returns a developer's route: the record's name as host, but the instance's name for verification, since its
/// certificate does not contain the record's name.
pub(super) fn route(aws: &Aws, instance: &Instance) -> Result<Route> {
    let own = instance.route.as_ref().ok_or_else(|| no_endpoint(&instance.name))?;
    Ok(Route { host: normalize(&aws.target.record.name), port: own.port, server_name: own.server_name.clone() })
}

fn no_endpoint(name: &str) -> Error {
    Error::Api {
        call: "DescribeDBInstances",
        subject: name.to_owned(),
        code: "incomplete response".into(),
        message: "the instance has no endpoint yet".into(),
        remedy: None,
    }
}

/// Points the record at `to`, if it still holds `from`. After a rejected batch the record is read once more: the
/// response to an earlier attempt may have been lost after it took effect.
pub(super) async fn swap(aws: &Aws, from: &RecordState, to: &Scrubbed) -> Result<RecordChange> {
    let value = value_for(to.instance()).ok_or_else(|| no_endpoint(to.name()))?;
    let wanted = Record { value, ttl: aws.target.record.ttl.as_secs() };
    let mut rejected = None;
    for _ in 0..2 {
        let sets = record_sets(aws).await?;
        let now = classify(aws.zone().await?, &sets);
        if let RecordState::Foreign(reason) = now {
            return Err(Refusal::UnusableRecord { reason }.into());
        }
        if now != *from && now != RecordState::Present(wanted.clone()) {
            return Err(Error::record_changed(&aws.target.record.name, from));
        }
        match submit(aws, sets.into_iter().next(), &wanted, to.name()).await {
            Err(error @ Error::Api { .. }) if is_mismatch(&error) => rejected = Some(error),
            result => return result,
        }
    }
    Err(rejected.unwrap_or_else(|| Error::record_changed(&aws.target.record.name, from)))
}

/// Submits one batch. If the record is already as wanted, deleting and creating it again has no effect, and returns a
/// change whose propagation can be awaited.
async fn submit(aws: &Aws, old: Option<ResourceRecordSet>, wanted: &Record, generation: &str) -> Result<RecordChange> {
    let name = &aws.target.record.name;
    let build_error = |error: aws_sdk_route53::error::BuildError| Error::Api {
        call: "ChangeResourceRecordSets",
        subject: name.clone(),
        code: "not sent".into(),
        message: error.to_string(),
        remedy: None,
    };
    let new = ResourceRecordSet::builder()
        .name(name)
        .r#type(RrType::Cname)
        .ttl(i64::try_from(wanted.ttl).unwrap_or(i64::MAX))
        .resource_records(ResourceRecord::builder().value(&wanted.value).build().map_err(build_error)?)
        .build()
        .map_err(build_error)?;
    let mut batch = ChangeBatch::builder().comment(format!("devdb: {generation}"));
    if let Some(old) = old {
        batch = batch.changes(change(ChangeAction::Delete, old).map_err(build_error)?);
    }
    let batch = batch.changes(change(ChangeAction::Create, new).map_err(build_error)?).build().map_err(build_error)?;
    let request = aws.route53.change_resource_record_sets().hosted_zone_id(&aws.settings.zone).change_batch(batch);
    let response = request.send().await.map_err(api_error("ChangeResourceRecordSets", name))?;
    Ok(RecordChange { id: response.change_info.map(|info| info.id).unwrap_or_default() })
}

fn change(
    action: ChangeAction,
    set: ResourceRecordSet,
) -> std::result::Result<Change, aws_sdk_route53::error::BuildError> {
    Change::builder().action(action).resource_record_set(set).build()
}

/// Whether Route 53 rejected a batch because the zone does not hold what it deletes, or already holds what it creates.
fn is_mismatch(error: &Error) -> bool {
    matches!(error, Error::Api { code, .. } if code == "InvalidChangeBatch")
}

/// Whether a change has reached all name servers. Resolvers may still cache the old value for its TTL.
pub(super) async fn in_sync(aws: &Aws, change: &RecordChange) -> Result<bool> {
    let response = aws.route53.get_change().id(&change.id).send().await.map_err(api_error("GetChange", &change.id))?;
    Ok(response.change_info.is_some_and(|info| info.status == ChangeStatus::Insync))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> Zone {
        Zone { name: "example.com".into(), private: false, linked_service: None }
    }

    fn cname() -> aws_sdk_route53::types::builders::ResourceRecordSetBuilder {
        let value = ResourceRecord::builder().value("App-1.X.rds.amazonaws.com.").build().unwrap();
        ResourceRecordSet::builder().name("db.example.com.").r#type(RrType::Cname).ttl(60).resource_records(value)
    }

    fn state(sets: &[ResourceRecordSet]) -> RecordState {
        classify(&zone(), sets)
    }

    #[test]
    fn a_plain_cname_may_be_swapped() {
        let record = Record { value: "app-1.x.rds.amazonaws.com".into(), ttl: 60 };
        assert_eq!(state(&[cname().build().unwrap()]), RecordState::Present(record));
        assert_eq!(state(&[]), RecordState::Absent);
    }

    #[test]
    fn any_other_record_is_foreign() {
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
        let linked = Zone { linked_service: Some("servicediscovery.amazonaws.com".into()), ..zone() };
        assert!(matches!(classify(&linked, &[]), RecordState::Foreign(_)));
    }
}
