//! A compact, prefix-free and injective encoding of tuples as bytes. The encodings of tuples that begin with an integer
//! sort like the integers.

use uuid::Uuid;

use super::key_set::{KeyType, KeyValue};

/// The first byte of zero. A positive integer adds the number of its bytes, a negative one subtracts it.
const ZERO: u8 = 16;
/// The first byte of text that consists of [`SYMBOLS`], two of which share a byte; its length is added.
const SYMBOLIC: u8 = 0xc0;
/// The first byte of long text, before its length in four bytes. Short text begins with its length.
const LONG: u8 = 0xf0;
/// The first byte of a UUID.
const UUID: u8 = 0xff;
/// The characters of numbers, dates and times. Two of them fit into one byte.
const SYMBOLS: &[u8; 15] = b"0123456789-: .+";

/// Encodes a tuple of these types. Returns `None` if it contains NULL or a value of another type.
pub(super) fn encode(types: &[KeyType], tuple: &[KeyValue]) -> Option<Vec<u8>> {
    if types.len() != tuple.len() {
        return None;
    }
    let mut code = Vec::with_capacity(32);
    for (key_type, value) in types.iter().zip(tuple) {
        match (key_type, value) {
            (KeyType::Int, KeyValue::Int(value)) => write_integer(&mut code, *value),
            (KeyType::Text, KeyValue::Text(text)) => write_text(&mut code, text.as_bytes())?,
            _ => return None,
        }
    }
    Some(code)
}

/// Decodes a tuple of these types.
pub(super) fn decode(types: &[KeyType], mut code: &[u8]) -> Vec<KeyValue> {
    let mut tuple = Vec::with_capacity(types.len());
    for key_type in types {
        tuple.push(match key_type {
            KeyType::Int => KeyValue::Int(read_integer(&mut code)),
            KeyType::Text => KeyValue::Text(read_text(&mut code)),
        });
    }
    tuple
}

fn write_integer(code: &mut Vec<u8>, value: i64) {
    let magnitude = if value < 0 { !value } else { value };
    let length = 8 - magnitude.leading_zeros() as usize / 8;
    let first = if value < 0 { ZERO - 1 - length as u8 } else { ZERO + length as u8 };
    code.push(first);
    code.extend_from_slice(&value.to_be_bytes()[8 - length..]);
}

fn read_integer(code: &mut &[u8]) -> i64 {
    let first = take(code, 1).first().copied().unwrap_or(ZERO);
    let (length, sign) = if first < ZERO { (ZERO - 1 - first, 0xff) } else { (first - ZERO, 0) };
    let own = take(code, usize::from(length).min(8));
    let mut bytes = [sign; 8];
    bytes[8 - own.len()..].copy_from_slice(own);
    i64::from_be_bytes(bytes)
}

fn write_text(code: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    let begin = code.len();
    for write in [write_uuid, write_symbols] {
        if write(code, text).is_some() {
            return Some(());
        }
        code.truncate(begin);
    }
    match u8::try_from(text.len()) {
        Ok(length) if length < SYMBOLIC => code.push(length),
        _ => {
            code.push(LONG);
            code.extend(u32::try_from(text.len()).ok()?.to_be_bytes());
        }
    }
    code.extend_from_slice(text);
    Some(())
}

fn read_text(code: &mut &[u8]) -> String {
    let first = take(code, 1).first().copied().unwrap_or_default();
    let bytes = match first {
        UUID => return read_uuid(take(code, 16)),
        LONG => {
            let length = take(code, 4).iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            take(code, length)
        }
        SYMBOLIC.. => {
            let length = usize::from(first - SYMBOLIC);
            let pairs = take(code, length.div_ceil(2)).iter();
            let indexes = pairs.flat_map(|pair| [pair >> 4, pair & 15]).take(length);
            return indexes.filter_map(|index| SYMBOLS.get(usize::from(index))).map(|byte| char::from(*byte)).collect();
        }
        length => take(code, usize::from(length)),
    };
    String::from_utf8_lossy(bytes).into_owned()
}

/// Writes text that consists of [`SYMBOLS`]. Returns `None` for other or too long text, of which a part may be written.
fn write_symbols(code: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    let length = u8::try_from(text.len()).ok().filter(|length| *length < LONG - SYMBOLIC)?;
    code.push(SYMBOLIC + length);
    let symbol = |byte: u8| SYMBOLS.iter().position(|symbol| *symbol == byte);
    for pair in text.chunks(2) {
        let low = pair.get(1).map_or(Some(0), |byte| symbol(*byte))?;
        code.push((symbol(pair[0])? << 4 | low) as u8);
    }
    Some(())
}

/// Writes a UUID in the server's form, with hyphens and in lower case. Returns `None` for other text.
fn write_uuid(code: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    let uuid = Uuid::try_parse_ascii(text).ok()?;
    // The crate reads other forms too; as text these are different keys.
    (uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes() == text).then(|| {
        code.push(UUID);
        code.extend_from_slice(uuid.as_bytes());
    })
}

fn read_uuid(bytes: &[u8]) -> String {
    Uuid::from_slice(bytes).unwrap_or_default().to_string()
}

/// Removes and returns the next `length` bytes, or all that remain.
fn take<'a>(code: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = code.split_at(length.min(code.len()));
    *code = rest;
    taken
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts() -> impl Strategy<Value = String> {
        let forms = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-fA-F-]{36}|[0-9:. +-]{0,50}";
        prop_oneof![forms, ".{0,9}", "[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}[+][0-9]{2})?", "é{90,130}"]
    }

    fn integers() -> impl Strategy<Value = i64> {
        (any::<i64>(), 0..64_u32).prop_map(|(value, shift)| value >> shift)
    }

    proptest! {
        #[test]
        fn tuples_are_decoded(a in integers(), b in texts(), c in texts(), d in integers()) {
            let types = [KeyType::Int, KeyType::Text, KeyType::Text, KeyType::Int];
            let tuple = [KeyValue::Int(a), KeyValue::Text(b), KeyValue::Text(c), KeyValue::Int(d)];
            let code = encode(&types, &tuple).unwrap();
            prop_assert_eq!(decode(&types, &code), tuple);
        }

        #[test]
        fn encodings_sort_like_integers(a in integers(), b in integers(), c in texts(), d in texts()) {
            let code = |a, c: &String| encode(&[KeyType::Int, KeyType::Text], &[KeyValue::Int(a), KeyValue::Text(c.clone())]);
            prop_assert!(a == b || code(a, &c).cmp(&code(b, &d)) == a.cmp(&b));
        }
    }

    #[test]
    fn common_forms_are_compact() {
        let length = |text: &str| encode(&[KeyType::Text], &[KeyValue::Text(text.into())]).map_or(0, |code| code.len());
        assert_eq!(length("01234567-89ab-cdef-0123-456789abcdef"), 17);
        assert_eq!(length("01234567-89AB-cdef-0123-456789abcdef"), 37);
        assert_eq!((length("2026-01-31"), length("2026-01-31 12:34:56.123456+00"), length("kim")), (6, 16, 4));
    }
}
