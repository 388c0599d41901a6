//! Cancels a query from outside of its session, as Ctrl-C in `psql` does.

use std::time::Duration;

use tokio_postgres::{CancelToken, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{Error, Result};

/// Time for the server to accept the request.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(3);

/// Cancels the query that a session runs. The server does not report whether there was one.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    tls: Option<MakeRustlsConnect>,
}

impl Canceller {
    pub(super) fn new(token: CancelToken, tls: Option<MakeRustlsConnect>) -> Self {
        Self { token, tls }
    }

    /// Cancels the query, over a separate connection.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub async fn cancel(&self) -> Result<()> {
        let request = async {
            match &self.tls {
                Some(tls) => self.token.cancel_query(tls.clone()).await,
                None => self.token.cancel_query(NoTls).await,
            }
        };
        match tokio::time::timeout(CANCEL_TIMEOUT, request).await {
            Ok(done) => done.map_err(|error| Error::of(error, "")),
            Err(_) => Err(Error::Connection {
                place: "the server".into(),
                why: format!("it did not accept a cancel request within {} seconds", CANCEL_TIMEOUT.as_secs()),
            }),
        }
    }
}
