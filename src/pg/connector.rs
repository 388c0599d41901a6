//! Sessions on a clone, for steps that need more than one.

use async_trait::async_trait;

use crate::pg;
use crate::pg::Session;

/// Opens sessions on the clone.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Opens a session on one database.
    async fn session(&self, database: &str) -> pg::Result<Session>;
}
