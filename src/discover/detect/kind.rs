//! What detectors report.

use std::fmt;

/// What a text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// A telephone number: Korean, North American, or international with a plus.
    Phone,
    /// A card number of a known issuer with a valid check digit.
    Card,
    /// A Korean resident registration number with a real date and a valid check digit.
    RegistrationNumber,
    /// A Korean business number with hyphens and a valid check digit.
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

    /// The plural, for reports.
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

/// A part of a text that a detector reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// What it looks like.
    pub kind: Kind,
    /// The offset of its first byte.
    pub start: usize,
    /// The offset after its last byte.
    pub end: usize,
}

impl Match {
    /// The domain of an e-mail address in `text`, or `None` for another kind.
    pub fn domain<'a>(&self, text: &'a str) -> Option<&'a str> {
        if self.kind != Kind::Email {
            return None;
        }
        let address = text.get(self.start..self.end)?;
        let (_, domain) = address.rsplit_once(['@', '＠']).or_else(|| address.rsplit_once("%40"))?;
        Some(domain)
    }
}
