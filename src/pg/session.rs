//! One connection to one database.

use bytes::Buf;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, CopyInSink, CopyOutStream, Row, SimpleQueryMessage, SimpleQueryStream};

use super::cancel::Canceller;
use super::error::{Error, Result};
use crate::trace;

/// An open connection. Dropping it closes the socket, which a server notices only when it next sends something;
/// [`Session::canceller`] cancels a query at once.
pub struct Session {
    client: Client,
    database: String,
    version: u32,
    canceller: Canceller,
}

impl Session {
    pub(super) fn new(client: Client, database: String, version: u32, canceller: Canceller) -> Self {
        Self { client, database, version, canceller }
    }

    /// The database it is connected to.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The server's major version, such as 15.
    pub fn major(&self) -> u32 {
        self.version / 10_000
    }

    /// The server's `server_version_num`, such as 150018.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Cancels queries of this session from outside.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// The driver's client, for COPY and pipelining.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the rows of a query with parameters.
    pub async fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        trace::sql(sql, &self.database, self.client.query(sql, parameters)).await.map_err(|error| Error::of(error, sql))
    }

    /// Returns the single row of a query with parameters.
    pub async fn query_one(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row> {
        trace::sql(sql, &self.database, self.client.query_one(sql, parameters))
            .await
            .map_err(|error| Error::of(error, sql))
    }

    /// Starts `COPY … TO STDOUT`. The trace has the time until the server begins to send.
    pub async fn copy_out(&self, sql: &str) -> std::result::Result<CopyOutStream, tokio_postgres::Error> {
        trace::sql(sql, &self.database, self.client.copy_out(sql)).await
    }

    /// Starts `COPY … FROM STDIN`. The trace has the time until the server is ready to receive.
    pub async fn copy_in<T>(&self, sql: &str) -> std::result::Result<CopyInSink<T>, tokio_postgres::Error>
    where
        T: Buf + 'static + Send,
    {
        trace::sql(sql, &self.database, self.client.copy_in(sql)).await
    }

    /// Starts a statement by the simple protocol, whose messages are read as they arrive. The trace has the time until
    /// the first one.
    pub async fn simple_query_raw(&self, sql: &str) -> std::result::Result<SimpleQueryStream, tokio_postgres::Error> {
        trace::sql(sql, &self.database, self.client.simple_query_raw(sql)).await
    }

    /// Runs one statement with parameters and returns the number of rows affected.
    pub async fn execute(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        trace::sql(sql, &self.database, self.client.execute(sql, parameters))
            .await
            .map_err(|error| Error::of(error, sql))
    }

    /// Runs statements by the simple protocol, which `VACUUM`, `ALTER ROLE` and scripts need, and returns the number of
    /// rows affected or returned.
    pub async fn run(&self, sql: &str) -> Result<u64> {
        let messages = trace::sql(sql, &self.database, self.client.simple_query(sql))
            .await
            .map_err(|error| Error::of(error, sql))?;
        Ok(messages
            .iter()
            .map(|message| match message {
                SimpleQueryMessage::CommandComplete(rows) => *rows,
                _ => 0,
            })
            .sum())
    }
}
