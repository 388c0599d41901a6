//! The only way to a write. A platform's writing calls take [`DevInstance`], [`Deletable`] or
//! [`Scrubbed`]; the fields of these are private to this file, so nothing else can build one.
//!
//! Why by value: a token stands for one fresh look at the instance. A second write needs a second look.

mod refusal;

use crate::config::PREFIX_MIN;

use super::{Error, Identity, Instance, Platform, Record, RecordState, Result, Status, tag};

pub use refusal::Refusal;

/// What must hold for an instance to be ours. Built from the configuration.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The account and region that the configuration names.
    pub account: String,
    /// See `account`.
    pub region: String,
    /// The prefix of our names, at least [`crate::config::PREFIX_MIN`] characters, ending in `-`.
    pub prefix: String,
    /// The target's name: the value of our target tag.
    pub target: String,
    /// The source's identifier.
    pub source: String,
    /// The source's immutable id, where known.
    pub source_resource_id: Option<String>,
}

/// An instance that may be modified, once, now.
#[derive(Debug)]
pub struct DevInstance {
    instance: Instance,
}

/// An instance that may be deleted, once, now.
#[derive(Debug)]
pub struct Deletable {
    instance: Instance,
}

/// A generation that the record may point at.
#[derive(Debug)]
pub struct Scrubbed {
    instance: Instance,
}

/// What has to be true of a generation before it may be published. Filled by the leak check from
/// what it read back from the database; a field left false names itself in the refusal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence {
    /// Hazards are defused, or kept with a reason.
    pub hazards_defused: bool,
    /// No login role is open that is not allowed.
    pub logins_closed: bool,
    /// Every column is masked or kept on purpose.
    pub covered: bool,
    /// Every table is masked, and no original is left that may not stay.
    pub masked: bool,
    /// Every script was committed, with the fingerprint it has now.
    pub scripts_run: bool,
    /// Statistics and other residue were rebuilt after the last script.
    pub residue_cleared: bool,
    /// Every verify query returned no row.
    pub verified: bool,
}

macro_rules! token {
    ($($token:ty),*) => {$(
        impl $token {
            /// The instance, as it was at the guard's look.
            pub fn instance(&self) -> &Instance {
                &self.instance
            }

            /// Its name.
            pub fn name(&self) -> &str {
                &self.instance.name
            }
        }
    )*};
}
token!(DevInstance, Deletable, Scrubbed);

impl Scrubbed {
    /// Proves a generation fit for publication. Called by the leak check only (a test greps it).
    pub fn prove(dev: DevInstance, evidence: Evidence) -> std::result::Result<Scrubbed, &'static str> {
        let Evidence { hazards_defused, logins_closed, covered, masked, scripts_run, residue_cleared, verified } =
            evidence;
        let missing = [
            (hazards_defused, "hazards are not all defused"),
            (logins_closed, "logins are not all closed"),
            (covered, "not every column is covered"),
            (masked, "originals are left"),
            (scripts_run, "scripts have not all run"),
            (residue_cleared, "residue is not cleared"),
            (verified, "verify queries did not all pass"),
        ]
        .into_iter()
        .find(|(held, _)| !held);
        match missing {
            Some((_, why)) => Err(why),
            None if dev.instance.status == Status::Deleting => Err("it is being deleted"),
            None => Ok(Scrubbed { instance: dev.instance }),
        }
    }
}

/// Judges one instance by the rules. Pure; the order of checks is from what damages most.
pub fn judge(
    rules: &Rules,
    identity: &Identity,
    instance: &Instance,
    expected_id: Option<&str>,
) -> std::result::Result<(), Refusal> {
    let name = || instance.name.clone();
    if identity.account != rules.account || identity.region != rules.region {
        return Err(Refusal::Elsewhere {
            found: format!("{} in {}", identity.account, identity.region),
            expected: format!("{} in {}", rules.account, rules.region),
        });
    }
    if instance.name.eq_ignore_ascii_case(&rules.source)
        || rules.source_resource_id.as_ref() == Some(&instance.resource_id)
    {
        return Err(Refusal::Source { name: name() });
    }
    if !is_generation_name(&rules.prefix, &instance.name) {
        return Err(Refusal::Name { name: name(), prefix: rules.prefix.clone() });
    }
    if instance.engine != "postgres" {
        return Err(Refusal::Kind { name: name(), what: instance.engine.clone() });
    }
    if let Some(cluster) = &instance.cluster {
        return Err(Refusal::Kind { name: name(), what: format!("a member of cluster {cluster}") });
    }
    for (key, expected) in [(tag::MANAGED_BY, tag::MANAGED_BY_VALUE), (tag::TARGET, rules.target.as_str())] {
        if instance.tag(key) != Some(expected) {
            return Err(Refusal::Tag { name: name(), key, expected: expected.to_owned() });
        }
    }
    if instance.deletion_protection {
        return Err(Refusal::Protected { name: name() });
    }
    if let Some(with) = instance.replica_of.iter().chain(&instance.replicas).next() {
        return Err(Refusal::Replicates { name: name(), with: with.clone() });
    }
    if expected_id.is_some_and(|id| id != instance.resource_id) {
        return Err(Refusal::Replaced { name: name() });
    }
    Ok(())
}

/// Whether a name is the prefix followed by at least one character. Never a substring match: a tool
/// that matched by substring deleted production when its prefix was left out.
pub fn is_generation_name(prefix: &str, name: &str) -> bool {
    prefix.len() >= PREFIX_MIN && prefix.ends_with('-') && name.len() > prefix.len() && name.starts_with(prefix)
}

/// Looks afresh and lets an instance through to one modification. `expected_id` is the immutable id
/// under which it was seen before.
pub async fn admit(
    platform: &dyn Platform,
    rules: &Rules,
    name: &str,
    expected_id: Option<&str>,
) -> Result<DevInstance> {
    let instance = look(platform, rules, name, expected_id).await?;
    Ok(DevInstance { instance })
}

/// Looks afresh and lets an instance through to its deletion: as [`admit`], and the record must not
/// point at it.
pub async fn admit_deletion(
    platform: &dyn Platform,
    rules: &Rules,
    name: &str,
    expected_id: Option<&str>,
) -> Result<Deletable> {
    match platform.record().await? {
        RecordState::Absent => {}
        RecordState::Foreign(why) => return Err(Refusal::Record { why }.into()),
        RecordState::Present(record) => {
            let instance = look(platform, rules, name, expected_id).await?;
            if points_at(platform, &record, &instance) {
                return Err(Refusal::Live { name: name.to_owned() }.into());
            }
        }
    }
    // The look that counts is the last thing before the call.
    let instance = look(platform, rules, name, expected_id).await?;
    Ok(Deletable { instance })
}

/// Whether the record points at an instance.
pub fn points_at(platform: &dyn Platform, record: &Record, instance: &Instance) -> bool {
    platform.record_value(instance).is_some_and(|value| value.eq_ignore_ascii_case(&record.value))
}

async fn look(platform: &dyn Platform, rules: &Rules, name: &str, expected_id: Option<&str>) -> Result<Instance> {
    let identity = platform.identity().await?;
    let instance =
        platform.instance(name).await?.ok_or_else(|| Error::from(Refusal::Gone { name: name.to_owned() }))?;
    judge(rules, &identity, &instance, expected_id)?;
    Ok(instance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{Settings, Status, Tags};

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

    fn here() -> Identity {
        Identity { account: "123456789012".into(), region: "us-east-1".into(), caller: "me".into() }
    }

    fn ours() -> Instance {
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
            room: None,
        }
    }

    fn judged(change: impl FnOnce(&mut Instance)) -> std::result::Result<(), Refusal> {
        let mut instance = ours();
        change(&mut instance);
        judge(&rules(), &here(), &instance, Some("db-ONE"))
    }

    #[test]
    fn ours_is_let_through() {
        assert_eq!(judged(|_| {}), Ok(()));
    }

    #[test]
    fn each_condition_alone_is_enough_to_refuse() {
        type Change = fn(&mut Instance);
        let changes: [(&str, Change); 13] = [
            ("is the source", |one| one.name = "app-prod".into()),
            ("is the source", |one| one.name = "APP-PROD".into()),
            ("is the source", |one| one.resource_id = "db-PROD".into()),
            ("not a name of the form", |one| one.name = "app-dev-".into()),
            ("not a name of the form", |one| one.name = "my-app-dev-1".into()),
            ("not a name of the form", |one| one.name = "app-development-1".into()),
            ("docdb, not a PostgreSQL instance", |one| one.engine = "docdb".into()),
            ("member of cluster", |one| one.cluster = Some("aurora".into())),
            ("no tag devdb:managed-by", |one| drop(one.tags.remove(tag::MANAGED_BY))),
            ("no tag devdb:target", |one| drop(one.tags.insert(tag::TARGET.into(), "other".into()))),
            ("deletion protection", |one| one.deletion_protection = true),
            ("replicates", |one| one.replicas = vec!["app-dev-replica".into()]),
            ("replicates", |one| one.replica_of = Some("app-prod".into())),
        ];
        for (words, change) in changes {
            let refusal = judged(change).expect_err(words);
            assert!(refusal.to_string().contains(words), "{refusal} does not say {words:?}");
            assert!(!refusal.remedy().is_empty());
        }
        assert!(matches!(judged(|one| one.resource_id = "db-TWO".into()), Err(Refusal::Replaced { .. })));
        for elsewhere in [("999999999999", "us-east-1"), ("123456789012", "eu-west-1")] {
            let identity = Identity { account: elsewhere.0.into(), region: elsewhere.1.into(), caller: String::new() };
            assert!(matches!(judge(&rules(), &identity, &ours(), None), Err(Refusal::Elsewhere { .. })));
        }
    }

    #[test]
    fn a_prefix_that_could_name_anything_names_nothing() {
        for prefix in ["", "-", "app-", "appdev", "a-----"] {
            let short_or_open = prefix.len() < PREFIX_MIN || !prefix.ends_with('-');
            assert_eq!(is_generation_name(prefix, &format!("{prefix}1")), !short_or_open, "{prefix:?}");
        }
        assert!(!is_generation_name("app-dev-", "app-dev-"));
    }

    #[test]
    fn a_proof_needs_every_piece_of_evidence() {
        let all = Evidence {
            hazards_defused: true,
            logins_closed: true,
            covered: true,
            masked: true,
            scripts_run: true,
            residue_cleared: true,
            verified: true,
        };
        let prove = |evidence| Scrubbed::prove(DevInstance { instance: ours() }, evidence).is_ok();
        assert!(prove(all));
        let missing = [
            Evidence { hazards_defused: false, ..all },
            Evidence { logins_closed: false, ..all },
            Evidence { covered: false, ..all },
            Evidence { masked: false, ..all },
            Evidence { scripts_run: false, ..all },
            Evidence { residue_cleared: false, ..all },
            Evidence { verified: false, ..all },
        ];
        assert!(missing.into_iter().all(|evidence| !prove(evidence)));
        let going = Instance { status: Status::Deleting, ..ours() };
        assert!(Scrubbed::prove(DevInstance { instance: going }, all).is_err());
    }
}
