//! The words of SQL with their places. A thin layer over `squawk_lexer`, whose tokens only have lengths.

use std::ops::Range;

use squawk_lexer::{LiteralKind, TokenKind};

/// Tokens of a text with their byte ranges, white space and comments included.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = (TokenKind, Range<usize>)> + '_ {
    let mut at = 0;
    squawk_lexer::tokenize(text).map(move |token| {
        let start = at;
        at += token.len as usize;
        (token.kind, start..at)
    })
}

/// The words and signs of a text, without what is quoted and what means nothing.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    let quoted = |kind| matches!(kind, TokenKind::Literal { .. } | TokenKind::QuotedIdent { .. });
    tokens(text).filter(move |(kind, _)| !is_gap(*kind) && !quoted(*kind)).map(|(_, range)| &text[range])
}

/// Whether a token means nothing to the server.
pub(super) fn is_gap(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. })
}

/// What a token opens and never closes, if so.
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
