//! Detectors: what in a text looks like somebody's e-mail address, number, address or key.
//!
//! They decide about any text without knowing its column, so they only speak up for what is hard to
//! mistake: checksums where there are some, known prefixes, numbers written as numbers of that kind are
//! written. Timestamps, UUIDs, digests, versions and prices are none of these. They run over every
//! value of a database, so a text without full-width forms is read once and nothing is allocated.

mod card;
mod email;
mod ip;
mod korea;
mod number;
mod phone;
mod secret;
mod width;

use std::collections::BTreeSet;
use std::fmt;

use crate::config::mask::{CardKind, Scalar};
use crate::mask::Rule;

/// What a text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// A telephone number: Korean, North American, or international with a plus.
    Phone,
    /// A card number of a known issuer with a right check digit.
    Card,
    /// A Korean resident registration number with a real date and a right check digit.
    RegistrationNumber,
    /// A Korean business number with hyphens and a right check digit.
    BusinessNumber,
    /// A public IP address.
    IpAddress,
    /// A key, token or password hash.
    Secret,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 7] = [
        Kind::Email,
        Kind::Phone,
        Kind::Card,
        Kind::RegistrationNumber,
        Kind::BusinessNumber,
        Kind::IpAddress,
        Kind::Secret,
    ];

    /// In the plural, for reports.
    pub fn plural(self) -> &'static str {
        match self {
            Kind::Email => "e-mail addresses",
            Kind::Phone => "telephone numbers",
            Kind::Card => "card numbers",
            Kind::RegistrationNumber => "resident registration numbers",
            Kind::BusinessNumber => "business numbers",
            Kind::IpAddress => "public IP addresses",
            Kind::Secret => "keys or password hashes",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Email => "e-mail address",
            Kind::Phone => "telephone number",
            Kind::Card => "card number",
            Kind::RegistrationNumber => "resident registration number",
            Kind::BusinessNumber => "business number",
            Kind::IpAddress => "public IP address",
            Kind::Secret => "key or password hash",
        })
    }
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it looks like.
    pub kind: Kind,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

impl Found {
    /// The domain of an e-mail address found in `text`.
    pub fn domain<'a>(&self, text: &'a str) -> Option<&'a str> {
        if self.kind != Kind::Email {
            return None;
        }
        let address = text.get(self.start..self.end)?;
        let (_, domain) = address.rsplit_once(['@', '＠']).or_else(|| address.rsplit_once("%40"))?;
        Some(domain)
    }
}

/// All that is found, in the order of the text but for e-mail addresses, which are told at their `@`.
pub fn find(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    visit(text, &mut |one| found.push(one));
    found
}

/// Tells everything that is found.
pub fn visit(text: &str, tell: &mut impl FnMut(Found)) {
    match width::narrowed(text) {
        None => scan(text.as_bytes(), tell),
        Some((narrow, places)) => scan(narrow.as_bytes(), &mut |found| {
            // Each byte of the narrow text knows where its character began.
            let place = |at: usize| places.get(at).copied().unwrap_or(text.len());
            tell(Found { start: place(found.start), end: place(found.end), ..found });
        }),
    }
}

fn scan(text: &[u8], tell: &mut impl FnMut(Found)) {
    let mut at = 0;
    // A long token is weighed once, not again from each of its words.
    let mut weighed = 0;
    while at < text.len() {
        let byte = text[at];
        let found = match byte {
            b'@' => email::around(text, at, 1),
            b'%' if text[at..].starts_with(b"%40") => email::around(text, at, 3),
            b':' => ip::sixth(text, at),
            b'$' | b'-' => secret::marked(text, at),
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' if !within_word(text, at) => {
                let word = secret::at(text, at, &mut weighed);
                if word.is_none() && byte.is_ascii_digit() {
                    at = number::at(text, at, tell);
                    continue;
                }
                word
            }
            _ => None,
        };
        match found {
            Some(found) => {
                tell(found);
                at = found.end.max(at + 1);
            }
            None => at += 1,
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn within_word(text: &[u8], at: usize) -> bool {
    at > 0 && is_word(text[at - 1])
}

/// Domains whose addresses reach nobody by agreement (RFC 2606, RFC 6761), and those that the team says
/// are harmless. Of the reserved names, `.example` is not among them as a whole: it stands for real
/// domains wherever something is shown, and a mask makes addresses at one domain of it at most.
#[derive(Clone, Debug)]
pub struct Domains(BTreeSet<String>);

impl Domains {
    /// These, with the names below them, and `example.com`, `example.org`, `example.net`, `.test`,
    /// `.invalid` and `.localhost`.
    pub fn harmless<'a>(others: impl IntoIterator<Item = &'a str>) -> Domains {
        let own = ["example.com", "example.org", "example.net", "test", "invalid", "localhost"];
        Domains(own.into_iter().chain(others).map(str::to_ascii_lowercase).collect())
    }

    /// Whether addresses at a domain are harmless.
    pub fn contain(&self, domain: &str) -> bool {
        let domain = domain.to_ascii_lowercase();
        let below = domain.match_indices('.').map(|(at, _)| &domain[at + 1..]);
        std::iter::once(domain.as_str()).chain(below).any(|name| self.0.contains(name))
    }
}

/// Kinds that the outputs of a mask look like although they are harmless: a detector has to leave them
/// out for a column with that mask. Everything else that masks make is found by no detector, but for
/// e-mail addresses, which are told by their domain.
pub fn resembled(rule: &Rule) -> BTreeSet<Kind> {
    match rule {
        // A permuted number is a number, and may by chance be somebody's.
        Rule::Phone(_) => [Kind::Phone].into(),
        Rule::Card(CardKind::Valid) => [Kind::Card].into(),
        // Of a right check digit they make a wrong one, but of a wrong one, by chance, a right one.
        Rule::RegistrationNumber => [Kind::RegistrationNumber].into(),
        Rule::BusinessNumber => [Kind::BusinessNumber].into(),
        Rule::Fixed(Scalar::Text(text)) => find(text).iter().map(|found| found.kind).collect(),
        // The author of an expression vouches for it, and of redacted text only the words stay.
        Rule::Json(paths) => paths.iter().flat_map(|(_, rule)| resembled(rule)).collect(),
        Rule::Composite(parts) => parts.iter().filter_map(|(_, rule)| rule.as_ref()).flat_map(resembled).collect(),
        Rule::Hstore { keys, .. } => keys.iter().flat_map(|(_, rule)| resembled(rule)).collect(),
        _ => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests;
