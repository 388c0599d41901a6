//! Commands on one database that a URL names: a first configuration for it, what is not covered yet, what
//! looks personal, and masking it in place.

mod audit;
mod coverage;
mod scrub;

pub use audit::audit;
pub use coverage::{coverage, init};
pub use scrub::scrub;

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use crate::error::{Exit, Failure};
use crate::event::{Event, Listener};
use crate::pg::{self, Session, Url};
use crate::rotate::begin::announce;
use crate::scrub::door::Door;

/// Announces a command on the database that a URL names, and says how it ended.
pub async fn framed(
    command: &'static str,
    url: &Url,
    listener: Arc<dyn Listener>,
    work: impl Future<Output = Result<Exit, Failure>>,
) -> Exit {
    let announced = announce(command, &url.place(), listener);
    announced.finish(work.await)
}

/// A server that a URL names.
struct Named<'a>(&'a Url);

#[async_trait]
impl Door for Named<'_> {
    async fn session(&self, database: &str) -> pg::Result<Session> {
        self.0.session(database).await
    }
}

/// A session on the database that a URL names.
async fn session(url: &Url) -> Result<Session, Failure> {
    let refused = |error: pg::Error| Failure::from(error).during(format!("log in to {}", url.place()));
    let session = url.session(url.database()).await.map_err(refused)?;
    Ok(session)
}

/// A step of a command.
struct Step<'a> {
    listener: &'a dyn Listener,
    name: &'static str,
    began: Instant,
}

impl<'a> Step<'a> {
    fn begin(listener: &'a dyn Listener, name: &'static str, title: impl Into<String>) -> Step<'a> {
        listener.hear(&Event::StepStarted { step: name, title: title.into() });
        Step { listener, name, began: Instant::now() }
    }

    fn done(self, summary: impl Into<String>) {
        let seconds = self.began.elapsed().as_secs_f64();
        self.listener.hear(&Event::StepFinished { step: self.name, summary: summary.into(), seconds });
    }
}

/// A failure that leaves nothing behind.
fn usage(cause: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, cause.into())
}
