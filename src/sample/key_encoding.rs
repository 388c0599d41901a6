//! Tuples as bytes, as few as possible: no two tuples have one code, and a code says where it ends. Of tuples that
//! begin with an integer, the codes sort as these do.

use super::key_set::{Kind, Value};

/// What an integer begins with when it is zero; a larger one adds its bytes, a lower one takes them off.
const ZERO: u8 = 16;
/// What text begins with that is written in pairs of [`SIGNS`], and its length added.
const SIGNED: u8 = 0xc0;
/// What longer text begins with, before its length in four bytes; shorter begins with its length.
const LONG: u8 = 0xf0;
/// What a UUID begins with.
const UUID: u8 = 0xff;
/// What numbers, dates and times are written with: two fit into a byte.
const SIGNS: &[u8; 15] = b"0123456789-: .+";
/// The digits of a UUID in groups.
const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

/// The code of a tuple of these kinds; none when it has NULL, or other kinds.
pub(super) fn encode(kinds: &[Kind], tuple: &[Value]) -> Option<Vec<u8>> {
    if kinds.len() != tuple.len() {
        return None;
    }
    let mut code = Vec::with_capacity(32);
    for (kind, value) in kinds.iter().zip(tuple) {
        match (kind, value) {
            (Kind::Int, Value::Int(value)) => write_integer(&mut code, *value),
            (Kind::Text, Value::Text(text)) => write_text(&mut code, text.as_bytes())?,
            _ => return None,
        }
    }
    Some(code)
}

/// The tuple that has this code.
pub(super) fn decode(kinds: &[Kind], mut code: &[u8]) -> Vec<Value> {
    let mut tuple = Vec::with_capacity(kinds.len());
    for kind in kinds {
        tuple.push(match kind {
            Kind::Int => Value::Int(read_integer(&mut code)),
            Kind::Text => Value::Text(read_text(&mut code)),
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
    for write in [write_uuid, write_signs] {
        if write(code, text).is_some() {
            return Some(());
        }
        code.truncate(begin);
    }
    match u8::try_from(text.len()) {
        Ok(length) if length < SIGNED => code.push(length),
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
        SIGNED.. => {
            let length = usize::from(first - SIGNED);
            let pairs = take(code, length.div_ceil(2)).iter();
            let signs = pairs.flat_map(|pair| [pair >> 4, pair & 15]).take(length);
            return signs.filter_map(|sign| SIGNS.get(usize::from(sign))).map(|sign| char::from(*sign)).collect();
        }
        length => take(code, usize::from(length)),
    };
    String::from_utf8_lossy(bytes).into_owned()
}

/// Writes text that is made of [`SIGNS`] and not too long, or the beginning of it.
fn write_signs(code: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    let length = u8::try_from(text.len()).ok().filter(|length| *length < LONG - SIGNED)?;
    code.push(SIGNED + length);
    let sign = |byte: u8| SIGNS.iter().position(|sign| *sign == byte);
    for pair in text.chunks(2) {
        let low = pair.get(1).map_or(Some(0), |byte| sign(*byte))?;
        code.push((sign(pair[0])? << 4 | low) as u8);
    }
    Some(())
}

/// Writes a UUID as the server does, in lower case, or the beginning of it.
fn write_uuid(code: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    if text.len() != 36 {
        return None;
    }
    code.push(UUID);
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut rest = text;
    for length in GROUPS {
        for pair in take(&mut rest, length).chunks_exact(2) {
            code.push(digit(pair[0])? << 4 | digit(pair[1])?);
        }
        if take(&mut rest, 1).first().is_some_and(|dash| *dash != b'-') {
            return None;
        }
    }
    Some(())
}

fn read_uuid(mut bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for length in GROUPS {
        if !text.is_empty() {
            text.push('-');
        }
        for byte in take(&mut bytes, length / 2) {
            text.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
        }
    }
    text
}

/// The next bytes, so many or all that are left.
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
        fn tuples_come_back_and_have_codes_of_their_own(a in integers(), b in texts(), c in texts(), d in integers()) {
            let kinds = [Kind::Int, Kind::Text, Kind::Text, Kind::Int];
            let tuple = [Value::Int(a), Value::Text(b), Value::Text(c), Value::Int(d)];
            let code = encode(&kinds, &tuple).unwrap();
            prop_assert_eq!(decode(&kinds, &code), tuple);
        }

        #[test]
        fn integers_sort_as_they_do(a in integers(), b in integers(), c in texts(), d in texts()) {
            let code = |a, c: &String| encode(&[Kind::Int, Kind::Text], &[Value::Int(a), Value::Text(c.clone())]);
            prop_assert!(a == b || code(a, &c).cmp(&code(b, &d)) == a.cmp(&b));
        }
    }

    #[test]
    fn common_forms_are_short() {
        let length = |text: &str| encode(&[Kind::Text], &[Value::Text(text.into())]).map_or(0, |code| code.len());
        assert_eq!(length("01234567-89ab-cdef-0123-456789abcdef"), 17);
        assert_eq!(length("01234567-89AB-cdef-0123-456789abcdef"), 37);
        assert_eq!((length("2026-01-31"), length("2026-01-31 12:34:56.123456+00"), length("kim")), (6, 16, 4));
    }
}
