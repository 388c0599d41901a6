//! From what the server says of a place to the place in the file.

use std::ops::Range;

use squawk_lexer::{LiteralKind, TokenKind};

use super::split::Statement;
use super::variables::Filled;
use super::{Script, header, lexer};
use crate::pg::ServerError;

/// The place of an error in the file: what the server points at, else the line of the code block that
/// failed, else the statement's first line.
pub(super) fn of(script: &Script, statement: &Statement, filled: &Filled, error: &ServerError) -> Range<usize> {
    if let Some(position) = error.position {
        return word_at(&script.text, filled.place(position));
    }
    error
        .block_line
        .and_then(|line| in_block(script, statement, line))
        .unwrap_or_else(|| header::first_line(&script.text, &statement.span))
}

/// The token that begins at a place.
fn word_at(text: &str, start: usize) -> Range<usize> {
    let start = start.min(text.len());
    let length = lexer::tokens(&text[start..]).next().map_or(0, |(_, range)| range.len());
    let line = text[start..].find('\n').unwrap_or(text.len() - start);
    start..start + length.min(line)
}

/// A line of the body of a `DO` block, counted as PL/pgSQL counts: the line of the opening quote is 1.
fn in_block(script: &Script, statement: &Statement, line: usize) -> Option<Range<usize>> {
    let text = &script.text[statement.span.clone()];
    let (_, body) = lexer::tokens(text).find(|(kind, _)| {
        matches!(
            kind,
            TokenKind::Literal {
                kind: LiteralKind::DollarQuotedString { .. } | LiteralKind::Str { .. } | LiteralKind::EscStr { .. }
            }
        )
    })?;
    let mut start = statement.span.start + body.start;
    for _ in 1..line {
        start += script.text[start..statement.span.start + body.end].find('\n')? + 1;
    }
    let rest = &script.text[start..];
    let start = start + (rest.len() - rest.trim_start().len());
    Some(header::first_line(&script.text, &(start..statement.span.end.max(start))))
}
