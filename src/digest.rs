//! SHA-256 hashes as text, keyed hashes, and hashes of settings.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// An HMAC-SHA256 computation with its key set; a clone of it saves the two blocks that the key costs.
#[derive(Clone)]
pub struct KeyedHash(Hmac<Sha256>);

impl KeyedHash {
    /// Returns the computation for a key of any length.
    pub fn new(key: &[u8]) -> KeyedHash {
        // A longer key than a block is hashed first (RFC 2104); `KeyInit::new` takes a whole block and cannot fail.
        let mut block = [0; 64];
        match block.get_mut(..key.len()) {
            Some(start) => start.copy_from_slice(key),
            None => block[..32].copy_from_slice(&Sha256::digest(key)),
        }
        KeyedHash(Hmac::new(&block.into()))
    }

    /// Returns the HMAC of a message.
    pub fn of(&self, message: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(message).finalize().into_bytes().into()
    }
}

/// Returns bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the bytes of hexadecimal digits; `None` if other characters are among them. An odd last digit is ignored.
pub fn from_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.as_chunks::<2>().0.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

/// Returns the SHA-256 of bytes in lower-case hexadecimal: 64 digits.
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

/// Returns the canonical JSON form of a value: UTF-8, no white space, object keys sorted by bytes.
///
/// A hash that is published (a tag, a label, a manifest) is a hash of this form of a dedicated struct with a
/// version field. `{:?}` is no such form: it changes when a field is renamed.
///
/// # Panics
/// If the value has no JSON form: a map whose keys are not strings.
pub fn canonical_json(value: &impl Serialize) -> String {
    // `serde_json::Map` is a `BTreeMap`: the feature `preserve_order` is off, and a test below notices it.
    serde_json::json!(value).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn hashes_are_64_lower_case_digits() {
        assert_eq!(hex(&[0, 15, 255]), "000fff");
        assert_eq!(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    /// RFC 4231, test cases 2 and 6.
    #[test]
    fn hmac_is_that_of_the_standard() {
        assert_eq!(
            hex(&KeyedHash::new(b"Jefe").of(b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex(&KeyedHash::new(&[0xaa; 131]).of(b"Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn the_canonical_form_sorts_keys_and_has_no_white_space() {
        #[derive(Serialize)]
        struct Settings {
            version: u32,
            name: &'static str,
            limits: HashMap<&'static str, Option<u32>>,
        }
        let settings = Settings { version: 1, name: "김 \"x\"", limits: [("b", None), ("a", Some(1))].into() };
        assert_eq!(canonical_json(&settings), r#"{"limits":{"a":1,"b":null},"name":"김 \"x\"","version":1}"#);
    }
}
