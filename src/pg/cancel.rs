//! Ending a query from outside of its session, as Ctrl-C in `psql` does.

use std::time::Duration;

use tokio_postgres::{CancelToken, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{Error, Result};

/// Time for the server to take the request.
const PATIENCE: Duration = Duration::from_secs(3);

/// Ends what one session is running. The server does not say whether there was anything to end.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    tls: Option<MakeRustlsConnect>,
}

impl Canceller {
    pub(super) fn new(token: CancelToken, tls: Option<MakeRustlsConnect>) -> Self {
        Self { token, tls }
    }

    /// Ends it, over a connection of its own.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn cancel(&self) -> Result<()> {
        let request = async {
            match &self.tls {
                Some(tls) => self.token.cancel_query(tls.clone()).await,
                None => self.token.cancel_query(NoTls).await,
            }
        };
        match tokio::time::timeout(PATIENCE, request).await {
            Ok(done) => done.map_err(|error| Error::of(error, "")),
            Err(_) => Err(Error::Connection {
                place: "the server".into(),
                why: format!("it did not take the request to cancel a query within {} seconds", PATIENCE.as_secs()),
            }),
        }
    }
}
