//! Checks of the configuration and of the role's privileges, without reading a row.

use super::error::Result;
use super::graph::{Catalog, Graph};
use super::privileges;
use super::source::Source;
use super::table_copy::TableCopy;
use crate::config::{self, Reference};

/// Checks that the configuration fits the database and that the role can read what a sample needs. Returns the tables
/// that a sample would have.
///
/// # Errors
/// [`SampleError::MissingPrivileges`](super::SampleError::MissingPrivileges) with the missing GRANT statements, or an
/// error of the configuration.
pub async fn check(source: &Source, sample: &config::Sample, references: &[Reference]) -> Result<Vec<TableCopy>> {
    let session = source.open().await?;
    let graph = Graph::new(Catalog::read(&session).await?, sample, references, false)?;
    privileges::check(&session, &graph).await?;
    Ok(graph.tables.iter().map(TableCopy::of).collect())
}

/// Returns the statements that grant the source's role exactly what samples need.
///
/// # Errors
/// When a query fails, or an error of the configuration.
pub async fn required_grants(
    source: &Source,
    sample: &config::Sample,
    references: &[Reference],
) -> Result<Vec<String>> {
    let session = source.open().await?;
    let graph = Graph::new(Catalog::read(&session).await?, sample, references, false)?;
    privileges::required_grants(&session, &source.credentials.user, &graph).await
}
