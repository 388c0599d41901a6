//! Keys, tokens and password hashes: by the prefixes that their makers give them, and what has none by
//! its disorder.
//!
//! The rule for disorder: 32 characters or more of base64 without a break, capitals, small letters and
//! digits among them, whose kind changes at three characters of ten or more, with 4 bits of entropy a
//! character. Words written together change seldom; digests and UUIDs have no capitals.

use crate::discover::detect::{Found, Kind, is_word};

/// A prefix, the characters that follow it, and how many of these there are at least.
struct Prefix(&'static [u8], fn(u8) -> bool, usize);

const fn prefix(text: &'static [u8], least: usize) -> Prefix {
    Prefix(text, is_base64, least)
}

const PREFIXES: [Prefix; 25] = [
    // Amazon Web Services.
    Prefix(b"AKIA", is_capital, 16),
    Prefix(b"ASIA", is_capital, 16),
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
    // Others.
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
const LEAST: usize = 15;
const SHORTEST: usize = 32;
/// A picture in base64 is no key.
const LONGEST: usize = 512;
/// Nothing is read further than this: a text made of beginnings would be read again from each.
const FAR: usize = 4096;

/// One that begins at a word. `weighed` is where the last token ended that was found to be none.
pub(crate) fn at(text: &[u8], start: usize, weighed: &mut usize) -> Option<Found> {
    let rest = &text[start..text.len().min(start + FAR)];
    // Nearly every word ends sooner than any key.
    let belongs = |byte: &u8| is_base64(*byte) || matches!(byte, b'.' | b'/' | b'+' | b'$');
    if rest.len() < LEAST || !rest[..LEAST].iter().all(belongs) {
        return None;
    }
    let length = known(rest).or_else(|| live(rest)).or_else(|| web_token(rest)).or_else(|| {
        if start < *weighed {
            return None;
        }
        let solid = rest.iter().take_while(|byte| is_base64(**byte) || matches!(byte, b'+' | b'/')).count();
        let length = solid + rest[solid..].iter().take(2).take_while(|byte| **byte == b'=').count();
        *weighed = start + length;
        // The first part of an address, a digest with the name of its algorithm, or a key to be published.
        let other = rest.get(length) == Some(&b'@')
            || rest.starts_with(b"sha")
            || rest.starts_with(b"pk_")
            || text[..start].ends_with(b"base64,");
        (!other && is_disorder(&rest[..length])).then_some(length)
    })?;
    Some(Found { kind: Kind::Secret, start, end: start + length })
}

/// One that begins with a sign: a private key, a password hash.
pub(crate) fn marked(text: &[u8], start: usize) -> Option<Found> {
    let rest = &text[start..];
    let length = if rest.starts_with(b"-----BEGIN ") {
        let line = &rest
            [..rest.iter().take(60).position(|byte| *byte == b'\n' || *byte == b'\r').unwrap_or(rest.len().min(60))];
        line.windows(16).any(|part| part == b"PRIVATE KEY-----").then_some(line.len())
    } else if rest.starts_with(b"$") {
        password_hash(&rest[..rest.len().min(LONGEST)])
    } else {
        None
    }?;
    Some(Found { kind: Kind::Secret, start, end: start + length })
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

fn known(rest: &[u8]) -> Option<usize> {
    PREFIXES.iter().find_map(|Prefix(prefix, follows, least)| {
        let tail = rest.strip_prefix(*prefix)?;
        let length =
            tail.iter().take_while(|byte| follows(**byte) || (prefix.ends_with(b"$") && **byte == b'$')).count();
        (length >= *least).then_some(prefix.len() + length)
    })
}

/// `sk_live_…` of Stripe, and its imitators' `name_live_…`. Those for publication begin with `pk`.
fn live(rest: &[u8]) -> Option<usize> {
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

fn is_disorder(token: &[u8]) -> bool {
    // The longest stretch without the signs that also stand in paths and names.
    let solid = token.split(|byte| matches!(byte, b'-' | b'_' | b'/' | b'=')).map(<[u8]>::len).max().unwrap_or(0);
    if !(SHORTEST..=LONGEST).contains(&token.len()) || solid < SHORTEST / 2 {
        return false;
    }
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => 1_u8,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 4,
        _ => 0,
    };
    let all = token.iter().fold(0, |seen, byte| seen | kind(*byte));
    // A capital and the small letters after it are one word.
    let changes = token.windows(2).map(|pair| (kind(pair[0]), kind(pair[1])));
    let changes = changes.filter(|(one, next)| one != next && (*one, *next) != (2, 1)).count();
    all == 7 && changes * 10 >= token.len() * 3 && entropy(token) >= 4.0
}

/// Bits a character, from how often each occurs.
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

fn is_capital(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}
