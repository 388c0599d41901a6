//! The hashes of a fingerprint. Three, each with a key of its own that is derived from the team's
//! secret:
//! - the first, 64 bits, is quick (a multiplication for 8 bytes) and is what millions of tokens are
//!   looked up by; that of several words is put together from those of the words;
//! - the second, 64 bits of an HMAC-SHA256, is computed for what the first one finds, and decides;
//! - the server's, PostgreSQL's own `hashtextextended`, is what a server can compute of a text without
//!   any function installed. It only ever chooses which rows are worth sending.

use crate::digest::KeyedHash;
use crate::mask::Key;

/// Keys of the check.
#[derive(Clone)]
pub struct Secrets {
    quick: [u64; 4],
    second: KeyedHash,
    seed: i64,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// Those that belong to a mask key.
    pub fn of(key: &Key) -> Secrets {
        let quick = key.derived("leak check, first hash").as_chunks::<8>().0.to_owned();
        let second = key.derived("leak check, second hash");
        let server = key.derived("leak check, hash of the server");
        let at = |index: usize| quick.get(index).map_or(1, |bytes| u64::from_le_bytes(*bytes) | 1);
        let (seed, _) = server.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        Secrets {
            quick: [at(0), at(1), at(2), at(3)],
            second: KeyedHash::new(&second),
            seed: i64::from_le_bytes(*seed),
        }
    }

    /// The hash of one word.
    #[inline]
    pub(super) fn word(&self, bytes: &[u8]) -> u64 {
        self.word_in(bytes, 0, bytes.len())
    }

    /// The hash of the word that stands there in a text, with small ASCII letters.
    #[inline]
    pub(super) fn word_in(&self, text: &[u8], start: usize, end: usize) -> u64 {
        let (chunks, rest) = text[start..end].as_chunks::<8>();
        let mut hash = self.quick[0] ^ (end - start) as u64;
        for chunk in chunks {
            hash = folded(hash ^ lower(u64::from_le_bytes(*chunk)), self.quick[1]);
        }
        let last = match text[..end].last_chunk::<8>() {
            _ if rest.is_empty() => 0,
            // What stands before it in the text is shifted out, which is quicker than copying.
            Some(last) => u64::from_le_bytes(*last) >> (64 - 8 * rest.len()),
            None => rest.iter().rev().fold(0, |last, byte| last << 8 | u64::from(*byte)),
        };
        folded(hash ^ lower(last), self.quick[2])
    }

    /// The hash of words so far, to begin with.
    #[inline]
    pub(super) fn beginning(&self) -> u64 {
        self.quick[3]
    }

    /// The hash of words so far and one more.
    #[inline]
    pub(super) fn joined(&self, so_far: u64, word: u64) -> u64 {
        folded(so_far.rotate_left(23) ^ word, self.quick[1])
    }

    /// The first hash of a number's digits; other than that of a word of the same digits.
    #[inline]
    pub(super) fn number(&self, digits: &[u8]) -> u64 {
        folded(self.word(digits) ^ self.quick[3], self.quick[0])
    }

    /// The second hash.
    pub(super) fn second(&self, canonical: &[u8]) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.second.of(canonical);
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// Says which key this is without saying anything of it.
    pub(super) fn check(&self) -> i64 {
        self.second(b"\0which key").cast_signed()
    }

    /// The seed of the server's hash.
    pub(super) fn seed(&self) -> i64 {
        self.seed
    }

    /// `hashtextextended(text, seed)` of a text under a deterministic collation.
    pub(super) fn server(&self, text: &[u8]) -> i64 {
        lookup3(text, self.seed.cast_unsigned()).cast_signed()
    }
}

/// Eight bytes, with ASCII's capital letters made small.
#[inline]
fn lower(bytes: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let low = bytes & (EACH * 0x7f);
    // The highest bit of a byte says that it is `A` or more, and that it is more than `Z`.
    let (from, past) = (low + EACH * (0x80 - 0x41), low + EACH * (0x80 - 0x5b));
    bytes | (from & !past & !bytes & (EACH * 0x80)) >> 2
}

#[inline]
fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Bob Jenkins' lookup3 as in PostgreSQL's `hash_bytes_extended` (src/common/hashfn.c), unchanged since
/// version 11: hash partitions on disk depend on it.
fn lookup3(bytes: &[u8], seed: u64) -> u64 {
    let start = 0x9e37_79b9_u32.wrapping_add(bytes.len() as u32).wrapping_add(3_923_095);
    let [mut a, mut b, mut c] = [start; 3];
    if seed != 0 {
        a = a.wrapping_add((seed >> 32) as u32);
        b = b.wrapping_add(seed as u32);
        mix(&mut a, &mut b, &mut c);
    }
    let (chunks, rest) = bytes.as_chunks::<12>();
    let word = |from: &[u8]| {
        let mut four = [0_u8; 4];
        four[..from.len().min(4)].copy_from_slice(&from[..from.len().min(4)]);
        u32::from_le_bytes(four)
    };
    for chunk in chunks {
        a = a.wrapping_add(word(&chunk[..4]));
        b = b.wrapping_add(word(&chunk[4..8]));
        c = c.wrapping_add(word(&chunk[8..]));
        mix(&mut a, &mut b, &mut c);
    }
    a = a.wrapping_add(word(rest));
    b = b.wrapping_add(word(rest.get(4..).unwrap_or_default()));
    // The lowest byte of c is that of the length.
    c = c.wrapping_add(word(rest.get(8..).unwrap_or_default()) << 8);
    finish(&mut a, &mut b, &mut c);
    u64::from(b) << 32 | u64::from(c)
}

fn mix(a: &mut u32, b: &mut u32, c: &mut u32) {
    fn step(x: &mut u32, y: &mut u32, z: &mut u32, by: u32) {
        *x = x.wrapping_sub(*z) ^ z.rotate_left(by);
        *z = z.wrapping_add(*y);
    }
    step(a, b, c, 4);
    step(b, c, a, 6);
    step(c, a, b, 8);
    step(a, b, c, 16);
    step(b, c, a, 19);
    step(c, a, b, 4);
}

fn finish(a: &mut u32, b: &mut u32, c: &mut u32) {
    fn step(x: &mut u32, y: u32, by: u32) {
        *x = (*x ^ y).wrapping_sub(y.rotate_left(by));
    }
    step(c, *b, 14);
    step(a, *c, 11);
    step(b, *a, 25);
    step(c, *b, 16);
    step(a, *c, 4);
    step(b, *a, 14);
    step(c, *b, 24);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets::of(&Key::new("a long enough secret").unwrap())
    }

    #[test]
    fn another_key_makes_other_hashes_and_shows_nothing() {
        let (one, other) = (secrets(), Secrets::of(&Key::new("another long secret").unwrap()));
        assert_ne!(one.word(b"kim"), other.word(b"kim"));
        assert_ne!(one.second(b"kim"), other.second(b"kim"));
        assert_ne!(one.server(b"kim"), other.server(b"kim"));
        assert_ne!(one.check(), other.check());
        assert_eq!(format!("{one:?}"), "Secrets(…)");
    }

    #[test]
    fn a_word_has_one_hash_wherever_it_stands() {
        let secrets = secrets();
        let words =
            ["a", "Zz@[`{", "kim.minsu", "KIM.MINSU", "남궁도영", "0123456789abcdefABCDEF", "\u{c1}\u{da}\u{db}"];
        for word in words {
            let expected = secrets.word(word.to_ascii_lowercase().as_bytes());
            for before in ["", "x", "AAAAAAAAAAAA"] {
                let text = format!("{before}{word}Z");
                let hash = secrets.word_in(text.as_bytes(), before.len(), before.len() + word.len());
                assert_eq!(hash, expected, "{text}");
            }
        }
    }

    #[test]
    fn order_and_boundaries_of_words_count() {
        let secrets = secrets();
        let of = |words: &[&str]| {
            words.iter().fold(secrets.beginning(), |so_far, word| secrets.joined(so_far, secrets.word(word.as_bytes())))
        };
        assert_ne!(of(&["jane", "doe"]), of(&["doe", "jane"]));
        assert_ne!(of(&["jane", "doe"]), of(&["janedoe"]));
        assert_ne!(of(&["a\0"]), of(&["a"]));
        assert_ne!(secrets.number(b"12345678"), of(&["12345678"]));
    }
}
