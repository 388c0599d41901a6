//! `devdb doctor --sample`: may the account read what samples need, and what would let it.

use crate::config::{self, Target};
use crate::error::{Exit, Failure};
use crate::event::{Event, Listener, Verdict};
use crate::sample::{self, SampleError};

use super::source::Origin;

/// Checks and tells; `Exit::Refused` when a sample would be refused.
///
/// # Errors
/// When there is nothing to read.
pub async fn doctor(target: &Target, sample: &config::Sample, listener: &dyn Listener) -> Result<Exit, Failure> {
    let told = |verdict, check: &str, found: String, remedy: Option<String>| {
        listener.on_event(&Event::Checked { check: check.to_owned(), verdict, found, remedy });
    };
    let origin = Origin::open(target, sample, None, listener).await?;
    let session = origin.session().await?;
    let version = session.major();
    told(Verdict::Ok, "source", format!("{}, PostgreSQL {version}{}", origin.name, origin.state()), None);
    let mut exit = Exit::Done;
    match sample::check(&origin.source, sample, &target.masking.references).await {
        Ok(_) => told(Verdict::Ok, "rights", format!("{} may read every table", origin.source.credentials.user), None),
        Err(
            error @ (SampleError::MissingPrivileges { .. }
            | SampleError::HiddenRows { .. }
            | SampleError::UnknownName { .. }
            | SampleError::Invalid { .. }),
        ) => {
            told(Verdict::Fail, "rights", error.to_string(), error.hint());
            exit = Exit::Refused;
        }
        Err(error) => return Err(error.into()),
    }
    match crate::pg::dump::Dumper::find(version).await {
        Ok(dumper) => {
            told(Verdict::Ok, "programs", format!("pg_dump {} in {}", dumper.major, dumper.bin.display()), None)
        }
        Err(error) => {
            told(Verdict::Fail, "programs", error.to_string(), None);
            exit = Exit::Refused;
        }
    }
    let needs = sample::required_grants(&origin.source, sample, &target.masking.references).await?;
    listener.print(&needs.iter().map(|grant| format!("{grant};\n")).collect::<String>());
    Ok(exit)
}
