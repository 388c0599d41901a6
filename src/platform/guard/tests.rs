//! Unit tests of the rules and the tokens.

use crate::config::PREFIX_MIN;
use crate::platform::{Identity, Instance, Record, RecordState, Settings, Status, Tags, tag};

use super::token::{Deletable, DevInstance, Evidence, Scrubbed};
use super::{Refusal, Rules, is_generation_name};

fn rules() -> Rules {
    Rules {
        account: "123456789012".into(),
        region: "us-east-1".into(),
        prefix: "app-dev-".into(),
        target: "app-dev".into(),
        source: "app-prod".into(),
        source_resource_id: Some("db-PROD".into()),
    }
}

fn identity() -> Identity {
    Identity { account: "123456789012".into(), region: "us-east-1".into(), caller: "me".into() }
}

fn generation() -> Instance {
    Instance {
        name: "app-dev-20261121-021700".into(),
        resource_id: "db-ONE".into(),
        engine: "postgres".into(),
        cluster: None,
        status: Status::Available,
        route: None,
        created_at: None,
        tags: Tags::from([
            (tag::MANAGED_BY.to_owned(), "devdb".to_owned()),
            (tag::TARGET.to_owned(), "app-dev".to_owned()),
        ]),
        deletion_protection: false,
        replicas: Vec::new(),
        replica_of: None,
        pending: Vec::new(),
        settings: Settings::new(),
        master_user: "postgres".into(),
        disk: None,
    }
}

fn check(change: impl FnOnce(&mut Instance)) -> Result<(), Refusal> {
    let mut instance = generation();
    change(&mut instance);
    rules().check(&identity(), &instance, Some("db-ONE"))
}

#[test]
fn a_generation_passes() {
    assert_eq!(check(|_| {}), Ok(()));
}

#[test]
fn each_condition_alone_refuses() {
    type Change = fn(&mut Instance);
    let changes: [(&str, Change); 13] = [
        ("is the source", |one| one.name = "app-prod".into()),
        ("is the source", |one| one.name = "APP-PROD".into()),
        ("is the source", |one| one.resource_id = "db-PROD".into()),
        ("not named app-dev-", |one| one.name = "app-dev-".into()),
        ("not named app-dev-", |one| one.name = "my-app-dev-1".into()),
        ("not named app-dev-", |one| one.name = "app-development-1".into()),
        ("docdb, not a standalone", |one| one.engine = "docdb".into()),
        ("member of cluster", |one| one.cluster = Some("aurora".into())),
        ("no tag devdb:managed-by", |one| drop(one.tags.remove(tag::MANAGED_BY))),
        ("no tag devdb:target", |one| drop(one.tags.insert(tag::TARGET.into(), "other".into()))),
        ("deletion protection", |one| one.deletion_protection = true),
        ("replicates", |one| one.replicas = vec!["app-dev-replica".into()]),
        ("replicates", |one| one.replica_of = Some("app-prod".into())),
    ];
    for (words, change) in changes {
        let refusal = check(change).expect_err(words);
        assert!(refusal.to_string().contains(words), "{refusal} does not say {words:?}");
        assert!(!refusal.remedy().is_empty());
    }
    assert!(matches!(check(|one| one.resource_id = "db-TWO".into()), Err(Refusal::Replaced { .. })));
    for (account, region) in [("999999999999", "us-east-1"), ("123456789012", "eu-west-1")] {
        let identity = Identity { account: account.into(), region: region.into(), caller: String::new() };
        assert!(matches!(rules().check(&identity, &generation(), None), Err(Refusal::WrongAccount { .. })));
    }
}

#[test]
fn a_short_or_open_prefix_matches_no_name() {
    for prefix in ["", "-", "app-", "appdev", "a-----"] {
        let short_or_open = prefix.len() < PREFIX_MIN || !prefix.ends_with('-');
        assert_eq!(is_generation_name(prefix, &format!("{prefix}1")), !short_or_open, "{prefix:?}");
    }
    assert!(!is_generation_name("app-dev-", "app-dev-"));
}

fn token(instance: Instance) -> DevInstance {
    DevInstance::validate(&rules(), &identity(), instance, None).unwrap()
}

#[test]
fn an_instance_that_the_record_points_to_is_not_deletable() {
    let record = RecordState::Present(Record { value: "one.example.com".into(), ttl: 30 });
    let validate = |record: &RecordState, value| Deletable::validate(token(generation()), record, value);
    assert!(matches!(validate(&record, Some("ONE.example.com")), Err(Refusal::Live { .. })));
    assert!(validate(&record, Some("two.example.com")).is_ok());
    assert!(validate(&record, None).is_ok());
    assert!(validate(&RecordState::Absent, Some("one.example.com")).is_ok());
    let foreign = RecordState::Foreign("it is an alias".into());
    assert!(matches!(validate(&foreign, None), Err(Refusal::UnusableRecord { .. })));
}

#[test]
fn a_proof_needs_all_evidence() {
    let all = Evidence {
        hazards_defused: true,
        logins_closed: true,
        covered: true,
        accounted: true,
        masked: true,
        scripts_run: true,
        residue_cleared: true,
        verified: true,
    };
    let prove = |evidence| Scrubbed::prove(token(generation()), evidence).is_ok();
    assert!(prove(all));
    let missing = [
        Evidence { hazards_defused: false, ..all },
        Evidence { logins_closed: false, ..all },
        Evidence { covered: false, ..all },
        Evidence { accounted: false, ..all },
        Evidence { masked: false, ..all },
        Evidence { scripts_run: false, ..all },
        Evidence { residue_cleared: false, ..all },
        Evidence { verified: false, ..all },
    ];
    assert!(missing.into_iter().all(|evidence| !prove(evidence)));
    let deleting = Instance { status: Status::Deleting, ..generation() };
    assert!(Scrubbed::prove(token(deleting), all).is_err());
}

#[test]
fn a_protected_generation_may_be_rolled_back_to_and_not_deleted() {
    let protected = |phase: &str| {
        let mut one = Instance { deletion_protection: true, ..generation() };
        one.tags.insert(tag::PHASE.into(), phase.into());
        one
    };
    let validate = |one: Instance| DevInstance::validate_published(&rules(), &identity(), one, Some("db-ONE"));
    for phase in ["live", "retired"] {
        let token = validate(protected(phase)).unwrap();
        let deletable = Deletable::validate(token, &RecordState::Absent, None);
        assert!(matches!(deletable, Err(Refusal::Protected { .. })));
    }
    for phase in ["restored", "secured", "scrubbed", "unknown"] {
        assert!(matches!(validate(protected(phase)), Err(Refusal::Protected { .. })), "{phase}");
    }
    let foreign = Instance { tags: Tags::from([(tag::PHASE.to_owned(), "retired".to_owned())]), ..generation() };
    assert!(matches!(validate(foreign), Err(Refusal::MissingTag { .. })));
    let replica = Instance { replica_of: Some("app-prod".into()), ..protected("retired") };
    assert!(validate(replica).is_err());
}
