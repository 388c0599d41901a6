//! Maps an error position of the server to the script's file.

use std::ops::Range;

use squawk_lexer::{LiteralKind, TokenKind};

use super::file::Script;
use super::split::Statement;
use super::variables::Filled;
use super::{header, lexer};
use crate::pg::ServerError;

/// The location of an error in the file: the server's position, else the line of the failed `DO` block, else the
/// statement's first line.
pub(super) fn of(script: &Script, statement: &Statement, filled: &Filled, error: &ServerError) -> Range<usize> {
    if let Some(position) = error.position {
        return word_at(script.text(), filled.offset(position));
    }
    error
        .block_line
        .and_then(|line| in_block(script, statement, line))
        .unwrap_or_else(|| header::first_line(script.text(), &statement.span))
}

/// The token at an offset, up to the end of the line.
fn word_at(text: &str, start: usize) -> Range<usize> {
    let start = start.min(text.len());
    let length = lexer::tokens(&text[start..]).next().map_or(0, |(_, range)| range.len());
    let line = text[start..].find('\n').unwrap_or(text.len() - start);
    start..start + length.min(line)
}

/// A line of the body of a `DO` block, counted as PL/pgSQL counts: the line of the opening quote is 1.
fn in_block(script: &Script, statement: &Statement, line: usize) -> Option<Range<usize>> {
    let text = &script.text()[statement.span.clone()];
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
        start += script.text()[start..statement.span.start + body.end].find('\n')? + 1;
    }
    let rest = &script.text()[start..];
    let start = start + (rest.len() - rest.trim_start().len());
    Some(header::first_line(script.text(), &(start..statement.span.end.max(start))))
}
