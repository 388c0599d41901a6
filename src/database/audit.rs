//! `devdb audit`: the detectors over every value of a database.

use crate::config::Masking;
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::pg::Url;
use crate::scrub::looks;

use super::Step;

/// Tells of every column with values that look personal. Changes nothing.
pub async fn audit(masking: Option<&Masking>, url: &Url, listener: &dyn Listener) -> Result<Exit, Failure> {
    let step = Step::begin(listener, "audit", format!("look at every value of {}", url.place()));
    let session = super::session(url).await?;
    let found = looks::looks(&session, masking).await?;
    for one in &found {
        listener.hear(&one.event(url.database()));
    }
    let bad = found.iter().filter(|one| one.kept.is_none()).count();
    step.done(match bad {
        0 => "nothing looks personal".to_owned(),
        1 => "1 column has values that look personal".to_owned(),
        _ => format!("{bad} columns have values that look personal"),
    });
    if bad == 0 { Ok(Exit::Done) } else { Ok(Exit::Leak) }
}
