//! The team's secret, and the keys derived from it.
//!
//! SQL never contains the secret. Each class of masks has a key of its own (HMAC-SHA256 of the class's name under the
//! secret), and SQL text contains what HMAC derives from a key: two blocks of 64 bytes. Whoever reads such a
//! statement (in a log, `pg_stat_activity`, `pg_stat_statements`) can test guessed inputs against outputs of *that
//! class*, but of no other class, and learns nothing about the secret. Run the statements with `log_statement = none`.

use std::fmt;

use crate::digest::{KeyedHash, hex};

use super::sql::{bytewise, call, cast, op, text};

/// Minimum number of characters of a secret; shorter ones can be found by brute force.
pub const SHORTEST_SECRET: usize = 16;

/// The key derived from the team's secret.
#[derive(Clone)]
pub struct Key([u8; 32]);

/// A secret that is too short.
#[derive(Debug, thiserror::Error)]
#[error("the mask key has {length} characters, but needs at least {SHORTEST_SECRET}")]
pub struct WeakKey {
    /// Number of characters.
    pub length: usize,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// Derives the key from a secret. The same secret gives the same masks in every run.
    ///
    /// # Errors
    /// The secret has fewer than [`SHORTEST_SECRET`] characters.
    pub fn new(secret: &str) -> Result<Key, WeakKey> {
        let length = secret.chars().count();
        if length < SHORTEST_SECRET {
            return Err(WeakKey { length });
        }
        Ok(Key(KeyedHash::new(secret.as_bytes()).of(b"devdb mask key 1")))
    }

    /// Returns four hexadecimal digits that differ for all but one in 65,536 other keys. More digits would let a
    /// reader test guessed secrets.
    pub fn check(&self) -> String {
        hex(&self.derived("check")[..2])
    }

    /// Derives a key for another purpose than masks; it reveals nothing about this key.
    pub(crate) fn derived(&self, purpose: &str) -> [u8; 32] {
        // No class of masks has a zero byte in its name.
        KeyedHash::new(&self.0).of(format!("\0{purpose}").as_bytes())
    }

    /// Derives the key of a class of masks.
    pub(super) fn class(&self, name: &str) -> ClassKey {
        ClassKey(KeyedHash::new(&self.0).of(name.as_bytes()))
    }
}

/// Key of one class of masks. Its methods return SQL.
pub(super) struct ClassKey([u8; 32]);

impl ClassKey {
    /// HMAC-SHA256 of a text, as `bytea`. About 5 µs per call.
    pub(super) fn hmac(&self, value: &str) -> String {
        let block = |pad: u8| {
            let mut bytes = [pad; 64];
            bytes.iter_mut().zip(self.0).for_each(|(byte, key)| *byte ^= key);
            call("decode", &[&text(&hex(&bytes)), &text("hex")])
        };
        let message = call("convert_to", &[value, "'UTF8'"]);
        let inner = call("sha256", &[&op(&block(0x36), "||", &message)]);
        call("sha256", &[&op(&block(0x5c), "||", &inner)])
    }

    /// The first hexadecimal digits of the HMAC of a text.
    pub(super) fn hex(&self, value: &str, digits: usize) -> String {
        let all = call("encode", &[&self.hmac(value), &text("hex")]);
        if digits >= 64 { all } else { call("left", &[&all, &digits.to_string()]) }
    }

    /// `digits` decimal digits (at most 18) derived from the HMAC of a text.
    pub(super) fn digits(&self, value: &str, digits: usize) -> String {
        let bits = op(&text("x"), "||", &self.hex(value, 16));
        let number = op(&cast(&cast(&bits, "bit(64)"), "int8"), "&", "9223372036854775807");
        let limit = format!("1{}::pg_catalog.int8", "0".repeat(digits));
        zero_padded(&op(&number, "%", &limit), digits)
    }

    /// A number from 0 to `below` - 1, derived from a text by two nested seeded lookup hashes (0.1 µs): sufficient
    /// where the output reveals a few bits. `label` separates several choices for one value.
    pub(super) fn choice(&self, value: &str, label: &str, below: usize) -> String {
        let hashed = call("hashtextextended", &[&bytewise(value), &self.seed(&format!("{label} a"))]);
        self.modulo(&hashed, label, &below.to_string(), "int4")
    }

    /// A number from 0 to `below` - 1 as bigint, derived from a bigint.
    pub(super) fn number(&self, value: &str, label: &str, below: i64) -> String {
        self.modulo(value, label, &format!("{below}::pg_catalog.int8"), "int8")
    }

    fn modulo(&self, number: &str, label: &str, below: &str, to: &str) -> String {
        let hashed = call("hashint8extended", &[number, &self.seed(&format!("{label} b"))]);
        cast(&op(&op(&hashed, "&", "9223372036854775807"), "%", below), to)
    }

    /// Constant seed of 64 bits.
    fn seed(&self, label: &str) -> String {
        let bytes = KeyedHash::new(&self.0).of(label.as_bytes());
        let [a, b, c, d, e, f, g, h, ..] = bytes;
        // In quotes: the smallest bigint has no literal with a sign.
        format!("'{}'::pg_catalog.int8", i64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// A bigint as text with leading zeros.
pub(super) fn zero_padded(number: &str, digits: usize) -> String {
    call("lpad", &[&cast(number, "text"), &digits.to_string(), &text("0")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown_and_must_be_long() {
        let key = Key::new("a long enough secret").unwrap();
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert!(!key.class("email").hmac("x").contains(&hex(&key.0)));
        assert!(Key::new("short").is_err());
    }
}
