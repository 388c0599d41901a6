//! `devdb audit`: the detectors over every value of a database.

use crate::config::Masking;
use crate::discover::pii_findings;
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::pg::Url;
use crate::step::Step;

/// Tells of every column with values that look personal. Changes nothing.
pub async fn audit(masking: Option<&Masking>, url: &Url, listener: &dyn Listener) -> Result<Exit, Failure> {
    let step = Step::begin(listener, "audit", format!("look at every value of {}", url.place()));
    let session = super::session(url).await?;
    let bad = pii_findings::report(&session, masking, listener).await?;
    step.done(pii_findings::summary(bad));
    if bad == 0 { Ok(Exit::Done) } else { Ok(Exit::Leak) }
}
