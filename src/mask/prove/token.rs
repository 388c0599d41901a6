//! Tokens of a condition in the server's notation.

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// An unquoted name or a keyword.
    Word(String),
    Quoted(String),
    Text(String),
    Number(String),
    Sign(String),
}

/// Splits a condition; `None` if it contains a character of an operator that the prover does not know.
pub(super) fn tokenize(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            ' ' | '\n' => 1,
            '\'' | '"' => {
                let (inner, length) = quoted(rest, first)?;
                found.push(if first == '"' { Token::Quoted(inner) } else { Token::Text(inner) });
                length
            }
            '(' | ')' | '[' | ']' | ',' => {
                found.push(Token::Sign(first.to_string()));
                1
            }
            _ if first.is_ascii_digit() => {
                let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
                found.push(Token::Number(rest[..end].to_owned()));
                end
            }
            _ if first.is_alphabetic() || first == '_' => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(rest.len());
                found.push(Token::Word(rest[..end].to_owned()));
                end
            }
            _ => {
                let end = rest.find(|c: char| !"<>=!~*:-?|&^#".contains(c)).filter(|end| *end > 0)?;
                found.push(Token::Sign(rest[..end].to_owned()));
                end
            }
        };
        rest = &rest[length..];
    }
    Some(found)
}

/// The content of a quoted text, with doubled quotation marks unescaped, and the length of the quoted text.
fn quoted(text: &str, mark: char) -> Option<(String, usize)> {
    let mut inner = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != mark {
            inner.push(character);
        } else if characters.peek().is_some_and(|(_, next)| *next == mark) {
            characters.next();
            inner.push(mark);
        } else {
            return Some((inner, at + 1));
        }
    }
    None
}
