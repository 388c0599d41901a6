//! Mail domains whose addresses are no finding.

use std::collections::BTreeSet;

/// Domains whose addresses reach nobody by agreement (RFC 2606, RFC 6761), and those that the configuration lists.
/// Of the reserved names, `.example` is not included as a whole: it stands for real domains wherever something is
/// shown, and a mask makes addresses at one of its domains at most.
#[derive(Clone, Debug)]
pub struct Domains(BTreeSet<String>);

impl Domains {
    /// `others`, `example.com`, `example.org`, `example.net`, `.test`, `.invalid` and `.localhost`, each with all
    /// subdomains.
    pub fn harmless<'a>(others: impl IntoIterator<Item = &'a str>) -> Domains {
        let reserved = ["example.com", "example.org", "example.net", "test", "invalid", "localhost"];
        Domains(reserved.into_iter().chain(others).map(str::to_ascii_lowercase).collect())
    }

    /// Whether a domain, or one above it, is included.
    pub fn contain(&self, domain: &str) -> bool {
        let domain = domain.to_ascii_lowercase();
        let above = domain.match_indices('.').map(|(at, _)| &domain[at + 1..]);
        std::iter::once(domain.as_str()).chain(above).any(|name| self.0.contains(name))
    }
}
