//! Tokens of SQL with their byte ranges; those of `squawk_lexer` only have lengths.

use std::ops::Range;

use squawk_lexer::{LiteralKind, TokenKind};

/// Returns the tokens of a text with their byte ranges, including white space and comments.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = (TokenKind, Range<usize>)> + '_ {
    let mut at = 0;
    squawk_lexer::tokenize(text).map(move |token| {
        let start = at;
        at += token.len as usize;
        (token.kind, start..at)
    })
}

/// Returns the words and operators of a text, without quoted names, literals, white space and comments.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    let quoted = |kind| matches!(kind, TokenKind::Literal { .. } | TokenKind::QuotedIdent { .. });
    tokens(text).filter(move |(kind, _)| !is_gap(*kind) && !quoted(*kind)).map(|(_, range)| &text[range])
}

/// Whether a token is white space or a comment.
pub(super) fn is_gap(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. })
}

/// What a token opens without closing it, if so.
pub(super) fn unclosed(kind: TokenKind) -> Option<&'static str> {
    match kind {
        TokenKind::BlockComment { terminated: false } => Some("comment"),
        TokenKind::QuotedIdent { terminated: false, .. } => Some("quoted name"),
        TokenKind::Literal {
            kind:
                LiteralKind::Str { terminated: false }
                | LiteralKind::NationalStr { terminated: false }
                | LiteralKind::ByteStr { terminated: false }
                | LiteralKind::BitStr { terminated: false }
                | LiteralKind::UnicodeEscStr { terminated: false }
                | LiteralKind::EscStr { terminated: false },
        } => Some("string"),
        TokenKind::Literal { kind: LiteralKind::DollarQuotedString { terminated: false } } => {
            Some("dollar-quoted string")
        }
        _ => None,
    }
}
