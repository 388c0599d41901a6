//! The team's secret, and what is derived from it.
//!
//! The secret itself never stands in SQL. Each class of masks has a key of its own (HMAC-SHA256 of the
//! class's name under the secret), and of that the SQL text holds what HMAC makes of a key: two blocks
//! of 64 bytes. Whoever reads such a statement (a log, `pg_stat_activity`, `pg_stat_statements`) can
//! therefore try a list of possible inputs against outputs of *that class*, but of no other class, and
//! learns nothing of the secret. Run them with `log_statement = none`.

use std::fmt;

use crate::digest::{KeyedHash, hex};

use super::sql::{bytewise, call, cast, op, text};

/// Characters that a secret must have at least; a shorter one can be found by trying.
pub const SHORTEST_SECRET: usize = 16;

/// The team's secret, ready to derive from.
#[derive(Clone)]
pub struct Key([u8; 32]);

/// The secret is too short to be one.
#[derive(Debug, thiserror::Error)]
#[error("the mask key has {length} characters; it needs at least {SHORTEST_SECRET}")]
pub struct WeakKey {
    /// How many it has.
    pub length: usize,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// The key that a secret stands for. The same secret makes the same masks in every run.
    ///
    /// # Errors
    /// When the secret has fewer than [`SHORTEST_SECRET`] characters.
    pub fn new(secret: &str) -> Result<Key, WeakKey> {
        let length = secret.chars().count();
        if length < SHORTEST_SECRET {
            return Err(WeakKey { length });
        }
        Ok(Key(KeyedHash::new(secret.as_bytes()).of(b"devdb mask key 1")))
    }

    /// Four hexadecimal digits by which another key is told from this one, but for one in 65,536. More would let
    /// whoever reads them try out secrets.
    pub fn check(&self) -> String {
        hex(&self.derived("check")[..2])
    }

    /// A key for another purpose than masks, of which it tells nothing.
    pub(crate) fn derived(&self, purpose: &str) -> [u8; 32] {
        // No class of masks has a zero byte in its name.
        KeyedHash::new(&self.0).of(format!("\0{purpose}").as_bytes())
    }

    /// The key of a class of masks.
    pub(super) fn class(&self, name: &str) -> ClassKey {
        ClassKey(KeyedHash::new(&self.0).of(name.as_bytes()))
    }
}

/// The key of one class of masks.
pub(super) struct ClassKey([u8; 32]);

impl ClassKey {
    /// HMAC-SHA256 of a text, as `bytea`. About 5 µs a call.
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

    /// A number of `digits` decimal digits (at most 18) made of the HMAC of a text.
    pub(super) fn digits(&self, value: &str, digits: usize) -> String {
        let bits = op(&text("x"), "||", &self.hex(value, 16));
        let number = op(&cast(&cast(&bits, "bit(64)"), "int8"), "&", "9223372036854775807");
        let limit = format!("1{}::pg_catalog.int8", "0".repeat(digits));
        padded(&op(&number, "%", &limit), digits)
    }

    /// A number from 0 to `below` - 1, made of a text. Two nested seeded lookup hashes, 0.1 µs: enough
    /// where a few bits are kept of the value; `label` sets several choices of one value apart.
    pub(super) fn choice(&self, value: &str, label: &str, below: usize) -> String {
        let hashed = call("hashtextextended", &[&bytewise(value), &self.seed(&format!("{label} a"))]);
        self.reduced(&hashed, label, &below.to_string(), "int4")
    }

    /// A number from 0 to `below` - 1 as bigint, made of a bigint.
    pub(super) fn number(&self, value: &str, label: &str, below: i64) -> String {
        self.reduced(value, label, &format!("{below}::pg_catalog.int8"), "int8")
    }

    fn reduced(&self, number: &str, label: &str, below: &str, to: &str) -> String {
        let hashed = call("hashint8extended", &[number, &self.seed(&format!("{label} b"))]);
        cast(&op(&op(&hashed, "&", "9223372036854775807"), "%", below), to)
    }

    /// A constant seed of 64 bits.
    fn seed(&self, label: &str) -> String {
        let bytes = KeyedHash::new(&self.0).of(label.as_bytes());
        let [a, b, c, d, e, f, g, h, ..] = bytes;
        // In quotes: the smallest bigint cannot be written as a number with a sign before it.
        format!("'{}'::pg_catalog.int8", i64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// A bigint as text with leading zeros.
pub(super) fn padded(number: &str, digits: usize) -> String {
    call("lpad", &[&cast(number, "text"), &digits.to_string(), &text("0")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_itself_nowhere_and_must_be_long() {
        let key = Key::new("a long enough secret").unwrap();
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert!(!key.class("email").hmac("x").contains(&hex(&key.0)));
        assert!(Key::new("short").is_err());
    }
}
