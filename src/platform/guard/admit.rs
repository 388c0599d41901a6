//! Fresh describes that lead to a token.

use crate::platform::contract::Platform;
use crate::platform::error::{Error, Result};
use crate::platform::identity::Identity;
use crate::platform::instance::Instance;
use crate::platform::record::{Record, RecordState};

use super::refusal::Refusal;
use super::rules::Rules;
use super::token::{Deletable, DevInstance};

/// Describes an instance and admits it to one modification. `expected_id` is the immutable id under which it was
/// described before.
///
/// # Errors
/// [`Error::Refused`] if a rule does not hold; any error of the platform.
pub async fn admit(
    platform: &dyn Platform,
    rules: &Rules,
    name: &str,
    expected_id: Option<&str>,
) -> Result<DevInstance> {
    let (identity, instance) = describe(platform, name).await?;
    Ok(DevInstance::validate(rules, &identity, instance, expected_id)?)
}

async fn describe(platform: &dyn Platform, name: &str) -> Result<(Identity, Instance)> {
    let identity = platform.identity().await?;
    let instance = platform.instance(name).await?;
    let instance = instance.ok_or_else(|| Error::from(Refusal::NotFound { name: name.to_owned() }))?;
    Ok((identity, instance))
}

/// As [`admit`], for the changes of a rollback: a generation that was published may have deletion protection, since
/// nothing is deleted.
///
/// # Errors
/// Those of [`admit`].
pub async fn admit_published(
    platform: &dyn Platform,
    rules: &Rules,
    name: &str,
    expected_id: Option<&str>,
) -> Result<DevInstance> {
    let (identity, instance) = describe(platform, name).await?;
    Ok(DevInstance::validate_published(rules, &identity, instance, expected_id)?)
}

/// Describes an instance and admits it to its deletion: as [`admit`], and the record must not point at it.
///
/// # Errors
/// Those of [`admit`]; [`Error::Refused`] if the record points at the instance or cannot be interpreted.
pub async fn admit_deletion(
    platform: &dyn Platform,
    rules: &Rules,
    name: &str,
    expected_id: Option<&str>,
) -> Result<Deletable> {
    let record = platform.record().await?;
    if let RecordState::Foreign(reason) = record {
        return Err(Refusal::UnusableRecord { reason }.into());
    }
    // The describe comes last: nothing is awaited between it and the deletion.
    let dev = admit(platform, rules, name, expected_id).await?;
    let record_value = platform.record_value(dev.instance());
    Ok(Deletable::validate(dev, &record, record_value.as_deref())?)
}

/// Whether the record points at an instance.
pub fn points_at(platform: &dyn Platform, record: &Record, instance: &Instance) -> bool {
    record.has_value(platform.record_value(instance).as_deref())
}
