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

use async_trait::async_trait;

use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::pg::connector::Door;
use crate::pg::{self, Session, Url};
use crate::step::Frame;

/// Announces a command on the database that a URL names, and says how it ended.
pub async fn framed(
    command: &'static str,
    url: &Url,
    listener: Arc<dyn Listener>,
    work: impl Future<Output = Result<Exit, Failure>>,
) -> Exit {
    let frame = Frame::announce(command, url.place(), listener);
    frame.finish(work.await.map(|exit| (exit, None)))
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

/// A failure that leaves nothing behind.
fn usage(cause: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, cause.into())
}
