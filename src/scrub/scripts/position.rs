//! What a script's name says of its place in the order.

/// The order within a folder: numbered ones by number, then the others by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// `V20261121__what.sql`.
    Versioned(u64),
    /// `R__what.sql`.
    Repeatable(String),
    /// `10_what.sql`.
    Numbered(u64),
}

impl Place {
    /// From a file's name, or why it has none.
    pub(super) fn of(name: &str) -> Result<Place, &'static str> {
        const UNKNOWN: &str = "has a name that says nothing of its order";
        let stem = name.strip_suffix(".sql").ok_or(UNKNOWN)?;
        let place = if let Some(what) = stem.strip_prefix("R__") {
            (Place::Repeatable(what.to_owned()), what)
        } else if let Some((number, what)) = stem.strip_prefix('V').and_then(|rest| rest.split_once("__")) {
            (Place::Versioned(digits(number).ok_or(UNKNOWN)??), what)
        } else {
            let (number, what) = stem.split_once('_').ok_or(UNKNOWN)?;
            (Place::Numbered(digits(number).ok_or(UNKNOWN)??), what)
        };
        match place {
            (place, what) if !what.is_empty() && !what.starts_with('_') => Ok(place),
            _ => Err(UNKNOWN),
        }
    }

    /// Whether the name begins with a bare number.
    pub(super) fn is_numbered(&self) -> bool {
        matches!(self, Place::Numbered(_))
    }
}

/// A number of digits only; none when it is something else.
fn digits(text: &str) -> Option<Result<u64, &'static str>> {
    let are_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| text.parse().map_err(|_| "has a number of more than 64 bits"))
}
