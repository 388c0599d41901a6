//! A script's position in its folder, from its name.

/// Position within a folder: versioned scripts by number, then repeatable ones by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Position {
    /// `V20261121__what.sql`.
    Versioned(u64),
    /// `R__what.sql`.
    Repeatable(String),
    /// `10_what.sql`.
    Numbered(u64),
}

impl Position {
    /// Parses a file name. Returns what is wrong with it if it has no position.
    pub(super) fn parse(name: &str) -> Result<Position, &'static str> {
        const UNKNOWN: &str = "has a name without a position";
        let stem = name.strip_suffix(".sql").ok_or(UNKNOWN)?;
        let parsed = if let Some(what) = stem.strip_prefix("R__") {
            (Position::Repeatable(what.to_owned()), what)
        } else if let Some((number, what)) = stem.strip_prefix('V').and_then(|name| name.split_once("__")) {
            (Position::Versioned(digits(number).ok_or(UNKNOWN)??), what)
        } else {
            let (number, what) = stem.split_once('_').ok_or(UNKNOWN)?;
            (Position::Numbered(digits(number).ok_or(UNKNOWN)??), what)
        };
        match parsed {
            (position, what) if !what.is_empty() && !what.starts_with('_') => Ok(position),
            _ => Err(UNKNOWN),
        }
    }

    /// Whether the name begins with a bare number.
    pub(super) fn is_numbered(&self) -> bool {
        matches!(self, Position::Numbered(_))
    }
}

/// Parses a number of digits only; `None` if the text is anything else.
fn digits(text: &str) -> Option<Result<u64, &'static str>> {
    let are_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| text.parse().map_err(|_| "has a number of more than 64 bits"))
}
