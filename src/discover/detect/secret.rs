//! Keys, tokens and password hashes: by known prefixes, and without one by randomness.
//!
//! Random are 32 or more characters of base64 that include upper-case letters, lower-case letters and digits, change
//! between these at three of ten characters or more, and have 4 bits of entropy per character. Words written together
//! change less often; digests and UUIDs have no upper-case letters.

use super::kind::{Kind, Match};
use super::word::is_word;

/// A prefix, the characters that may follow it, and the least number of them.
struct Prefix(&'static [u8], fn(u8) -> bool, usize);

const fn prefix(text: &'static [u8], least: usize) -> Prefix {
    Prefix(text, is_base64, least)
}

const PREFIXES: [Prefix; 25] = [
    // Amazon Web Services.
    Prefix(b"AKIA", is_upper_or_digit, 16),
    Prefix(b"ASIA", is_upper_or_digit, 16),
    // GitHub, GitLab.
    prefix(b"ghp_", 36),
    prefix(b"gho_", 36),
    prefix(b"ghu_", 36),
    prefix(b"ghs_", 36),
    prefix(b"ghr_", 36),
    prefix(b"github_pat_", 22),
    prefix(b"glpat-", 20),
    // Slack.
    prefix(b"xoxb-", 10),
    prefix(b"xoxp-", 10),
    prefix(b"xoxa-", 10),
    prefix(b"xapp-", 10),
    // Google.
    prefix(b"AIza", 35),
    prefix(b"ya29.", 20),
    prefix(b"1//", 32),
    // Other services.
    prefix(b"whsec_", 16),
    prefix(b"sk-", 32),
    prefix(b"SG.", 22),
    prefix(b"npm_", 36),
    prefix(b"hf_", 30),
    prefix(b"dop_v1_", 64),
    prefix(b"shpat_", 32),
    prefix(b"pbkdf2_sha256$", 20),
    prefix(b"SCRAM-SHA-256$", 20),
];
/// Bytes of the shortest token with a prefix.
const MIN_LENGTH: usize = 15;
/// Bytes of the shortest random token.
const MIN_RANDOM: usize = 32;
/// Bytes of the longest random token or hash: an image in base64 is no key.
const MAX_LENGTH: usize = 512;
/// Bytes read of one token: a text made of prefixes would be read again from each of them.
const MAX_READ: usize = 4096;

/// A secret that begins with a word. `rated` is the end of the last token that was rated not random.
pub(super) fn token(text: &[u8], start: usize, rated: &mut usize) -> Option<Match> {
    let rest = &text[start..text.len().min(start + MAX_READ)];
    // Fails early: nearly every word is shorter than any key.
    let belongs = |byte: &u8| is_base64(*byte) || matches!(byte, b'.' | b'/' | b'+' | b'$');
    if rest.len() < MIN_LENGTH || !rest[..MIN_LENGTH].iter().all(belongs) {
        return None;
    }
    let length = prefixed(rest).or_else(|| live_key(rest)).or_else(|| web_token(rest)).or_else(|| {
        if start < *rated {
            return None;
        }
        let body = rest.iter().take_while(|byte| is_base64(**byte) || matches!(byte, b'+' | b'/')).count();
        let length = body + rest[body..].iter().take(2).take_while(|byte| **byte == b'=').count();
        *rated = start + length;
        // The local part of an address, a digest after the name of its algorithm, a public key, or a data URL.
        let other = rest.get(length) == Some(&b'@')
            || rest.starts_with(b"sha")
            || rest.starts_with(b"pk_")
            || text[..start].ends_with(b"base64,");
        (!other && is_random(&rest[..length])).then_some(length)
    })?;
    Some(Match { kind: Kind::Secret, start, end: start + length })
}

/// A secret that begins with a punctuation mark: a private key or a password hash.
pub(super) fn with_mark(text: &[u8], start: usize) -> Option<Match> {
    let rest = &text[start..];
    let length = if rest.starts_with(b"-----BEGIN ") {
        let line = &rest
            [..rest.iter().take(60).position(|byte| *byte == b'\n' || *byte == b'\r').unwrap_or(rest.len().min(60))];
        line.windows(16).any(|part| part == b"PRIVATE KEY-----").then_some(line.len())
    } else if rest.starts_with(b"$") {
        password_hash(&rest[..rest.len().min(MAX_LENGTH)])
    } else {
        None
    }?;
    Some(Match { kind: Kind::Secret, start, end: start + length })
}

/// bcrypt (`$2b$12$` and 53 characters), Argon2, scrypt and the hashes of crypt(3).
fn password_hash(rest: &[u8]) -> Option<usize> {
    let hash =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'.' | b'/' | b'+' | b'$' | b'=' | b',' | b'-');
    let length = rest.iter().take_while(hash).count();
    let is_bcrypt = rest.starts_with(b"$2") && rest.get(3) == Some(&b'$') && rest.get(6) == Some(&b'$') && length >= 59;
    let others: [&[u8]; 6] = [b"$argon2id$", b"$argon2i$", b"$argon2d$", b"$scrypt$", b"$6$", b"$5$"];
    let is_other = length >= 40 && others.iter().any(|other| rest.starts_with(other));
    (is_bcrypt || is_other).then_some(length)
}

/// The length of a token with one of [`PREFIXES`].
fn prefixed(rest: &[u8]) -> Option<usize> {
    PREFIXES.iter().find_map(|Prefix(prefix, follows, least)| {
        let tail = rest.strip_prefix(*prefix)?;
        let length =
            tail.iter().take_while(|byte| follows(**byte) || (prefix.ends_with(b"$") && **byte == b'$')).count();
        (length >= *least).then_some(prefix.len() + length)
    })
}

/// `sk_live_…` of Stripe, and similar keys, `name_live_…`. Public keys begin with `pk`.
fn live_key(rest: &[u8]) -> Option<usize> {
    let name = rest.iter().take(6).take_while(|byte| byte.is_ascii_lowercase()).count();
    let tail = rest[name..].strip_prefix(b"_live_")?;
    let length = tail.iter().take_while(|byte| is_word(**byte)).count();
    (name >= 2 && length >= 16 && !rest.starts_with(b"pk")).then_some(name + "_live_".len() + length)
}

/// A JSON Web Token: header and claims are JSON in base64, which begins with `eyJ`.
fn web_token(rest: &[u8]) -> Option<usize> {
    if !rest.starts_with(b"eyJ") {
        return None;
    }
    let part = |from: usize| rest[from..].iter().take_while(|byte| is_base64(**byte)).count();
    let header = part(0);
    let dot = |at: usize| rest.get(at) == Some(&b'.');
    if header < 10 || !dot(header) || !rest[header + 1..].starts_with(b"eyJ") {
        return None;
    }
    let claims = header + 1 + part(header + 1);
    dot(claims).then(|| claims + 1 + part(claims + 1))
}

/// Whether a token meets the rule at the top of this file.
fn is_random(token: &[u8]) -> bool {
    // The longest part without the characters that also occur in paths and names.
    let longest = token.split(|byte| matches!(byte, b'-' | b'_' | b'/' | b'=')).map(<[u8]>::len).max().unwrap_or(0);
    if !(MIN_RANDOM..=MAX_LENGTH).contains(&token.len()) || longest < MIN_RANDOM / 2 {
        return false;
    }
    let class = |byte: u8| match byte {
        b'a'..=b'z' => 1_u8,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 4,
        _ => 0,
    };
    let all = token.iter().fold(0, |seen, byte| seen | class(*byte));
    // An upper-case letter and the lower-case letters after it are one word.
    let changes = token.windows(2).map(|pair| (class(pair[0]), class(pair[1])));
    let changes = changes.filter(|(one, next)| one != next && (*one, *next) != (2, 1)).count();
    all == 7 && changes * 10 >= token.len() * 3 && entropy(token) >= 4.0
}

/// Shannon entropy in bits per character.
fn entropy(token: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    token.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let length = token.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|share| -share * share.log2())
        .sum()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn is_upper_or_digit(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}
