//! `devdb doctor --sample`: whether the role may read what samples need, and the missing grants.

use crate::config::{self, Target};
use crate::error::{Exit, Failure};
use crate::event::{Event, Listener, Verdict};
use crate::pg::dump::Dumper;
use crate::sample::{self, SampleError};

use super::open_source::open_source;

/// Reports the checks and prints the grants. Returns `Exit::Refused` if a sample would be refused.
///
/// # Errors
/// If the source cannot be opened.
pub async fn doctor(target: &Target, sample: &config::Sample, listener: &dyn Listener) -> Result<Exit, Failure> {
    let report = |verdict, check: &str, found: String, remedy: Option<String>| {
        listener.on_event(&Event::Checked { check: check.to_owned(), verdict, found, remedy });
    };
    let source = open_source(target, sample, None, listener).await?;
    let version = source.session().await?.major();
    report(Verdict::Ok, "source", format!("{}, PostgreSQL {version}{}", source.name, source.state()), None);
    let mut exit = Exit::Done;
    match sample::check(&source.source, sample, &target.masking.references).await {
        Ok(_) => {
            let found = format!("{} may read every table", source.source.credentials.user);
            report(Verdict::Ok, "rights", found, None);
        }
        Err(
            error @ (SampleError::MissingPrivileges { .. }
            | SampleError::HiddenRows { .. }
            | SampleError::UnknownName { .. }
            | SampleError::Invalid { .. }),
        ) => {
            report(Verdict::Fail, "rights", error.to_string(), error.hint());
            exit = Exit::Refused;
        }
        Err(error) => return Err(error.into()),
    }
    match Dumper::find(version).await {
        Ok(dumper) => {
            let found = format!("pg_dump {} in {}", dumper.major, dumper.bin.display());
            report(Verdict::Ok, "programs", found, None);
        }
        Err(error) => {
            report(Verdict::Fail, "programs", error.to_string(), error.remedy());
            exit = Exit::Refused;
        }
    }
    let grants = sample::required_grants(&source.source, sample, &target.masking.references).await?;
    listener.print(&grants.iter().map(|grant| format!("{grant};\n")).collect::<String>());
    Ok(exit)
}
