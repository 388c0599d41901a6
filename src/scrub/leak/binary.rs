//! Rows of a binary `COPY`.

use std::pin::pin;

use futures_util::StreamExt as _;

use super::error::Error;
use crate::pg::copy_binary::{Parser, Row};
use crate::pg::{self, Session};

/// Hears every row of a binary copy; `place` is what cannot be read when a row cannot.
pub(super) async fn rows(
    session: &Session,
    sql: &str,
    place: &str,
    mut hear: impl FnMut(&mut Row<'_>) -> Option<()>,
) -> Result<(), Error> {
    let garbled = |_| Error::Garbled { place: place.into() };
    let mut parts = pin!(session.copy_out(sql).await.map_err(|error| pg::Error::of(error, sql))?);
    let mut parser = Parser::default();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|error| pg::Error::of(error, sql))?;
        parser.feed(&part, &mut hear).map_err(garbled)?;
    }
    // A copy that was cut off has no end.
    parser.finish().map_err(garbled)
}
