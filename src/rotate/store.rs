//! Step: pass generated secrets to the programs that store them, right before the record moves.
//!
//! Not sooner: until then the stored secrets should be those of the live generation. Not later: after the move nothing may
//! fail, and no kill may come, before they are stored. A store holds one value and the record another, so between the two
//! changes the store is ahead: if the record does not move after all, that is reported, and the next rotation stores anew.

use secrecy::SecretString;

use crate::config::Password;
use crate::error::{Exit, Failure};
use crate::platform::{Error, RecordState};
use crate::secret;
use crate::units::counted;

use super::run::Run;

/// A secret of a run.
pub struct ResolvedSecret {
    /// Its origin.
    pub origin: Password,
    /// Its value.
    pub value: SecretString,
    /// What it is for, in messages.
    pub purpose: String,
}

/// Stores those of these secrets that were generated and have a program that stores them. Refuses if the record no longer
/// holds `record`, because it would not move.
pub async fn store<'a>(
    run: &Run,
    record: &RecordState,
    secrets: impl IntoIterator<Item = &'a ResolvedSecret>,
) -> Result<(), Failure> {
    let is_stored = |secret: &&ResolvedSecret| matches!(secret.origin, Password::Generate { store: Some(_) });
    let secrets: Vec<&ResolvedSecret> = secrets.into_iter().filter(is_stored).collect();
    if secrets.is_empty() {
        return Ok(());
    }
    let step = run.step("store", "store generated secrets");
    if run.retry(|| run.platform.record()).await? != *record {
        return Err(Error::record_changed(&run.target.record.name, record).into());
    }
    for secret in &secrets {
        secret::store(&secret.origin, &secret.value, &secret.purpose).await.map_err(|error| {
            let failure = Failure { exit: Exit::Unexpected, ..error.into() };
            failure.during(format!("store the {}", secret.purpose))
        })?;
        run.update_progress(|progress| progress.stored = true);
    }
    step.done(format!("{} stored", counted(secrets.len() as u64, "secret")));
    Ok(())
}
