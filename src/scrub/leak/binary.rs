//! Rows of a binary `COPY`, read where they are received: nothing is copied, and nothing allocated for a row.

use std::pin::pin;

use futures_util::StreamExt as _;

use super::error::Error;
use crate::pg::{self, Session};

/// What a binary copy begins with; flags and the length of an extension follow, four bytes each.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// The fields of a row that are still to be read.
pub(super) struct Row<'a> {
    rest: &'a [u8],
}

impl<'a> Row<'a> {
    /// The next field, which may be null; none when the row cannot be read.
    #[expect(clippy::option_option, reason = "the outer one is a row that ends too early, the inner one is null")]
    #[inline]
    pub(super) fn next(&mut self) -> Option<Option<&'a [u8]>> {
        let Ok(length) = usize::try_from(i32::from_be_bytes(self.take()?)) else { return Some(None) };
        let (field, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(Some(field))
    }

    /// The next field, of a type of this size and not null.
    pub(super) fn fixed<const SIZE: usize>(&mut self) -> Option<[u8; SIZE]> {
        self.next()??.try_into().ok()
    }

    #[inline]
    fn take<const SIZE: usize>(&mut self) -> Option<[u8; SIZE]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*taken)
    }
}

/// Hears every row of a binary copy; `place` is what cannot be read when a row cannot.
pub(super) async fn rows(
    session: &Session,
    sql: &str,
    place: &str,
    mut hear: impl FnMut(&mut Row<'_>) -> Option<()>,
) -> Result<(), Error> {
    let mut parts = pin!(session.client().copy_out(sql).await.map_err(|error| pg::Error::of(error, sql))?);
    let (mut first, mut ended) = (true, false);
    while let Some(part) = parts.next().await {
        let part = part.map_err(|error| pg::Error::of(error, sql))?;
        let mut read = || -> Option<bool> {
            let mut row = Row { rest: &part };
            if first {
                row.rest = row.rest.strip_prefix(SIGNATURE)?;
                let _flags: [u8; 4] = row.take()?;
                let extension = u32::from_be_bytes(row.take()?);
                row.rest = row.rest.get(usize::try_from(extension).ok()?..)?;
            }
            // The server sends a row in one part, and the header with the first.
            while !row.rest.is_empty() {
                if i16::from_be_bytes(row.take()?) < 0 {
                    return Some(true);
                }
                hear(&mut row)?;
            }
            Some(false)
        };
        ended = read().ok_or_else(|| Error::Garbled { place: place.into() })?;
        first = false;
    }
    // A copy that was cut off has no end.
    if ended { Ok(()) } else { Err(Error::Garbled { place: place.into() }) }
}
