//! Public IP addresses, except those for documentation.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::digit_groups::{DigitGroups, value};
use super::kind::{Kind, Match};

/// The number of groups of the IPv4 address that begins with a group.
pub(super) fn v4(groups: &DigitGroups<'_>, first: usize) -> Option<usize> {
    let mut octets = [0; 4];
    for (at, octet) in octets.iter_mut().enumerate() {
        let digits = groups.digits(first + at);
        let dotted = at == 3 || groups.after(first + at) == b'.';
        if digits.is_empty() || digits.len() > 3 || digits.len() > 1 && digits[0] == b'0' || !dotted {
            return None;
        }
        *octet = u8::try_from(value(digits)).ok()?;
    }
    // Five numbers are no address, and small numbers may be a version.
    let longer = groups.after(first + 3) == b'.';
    let version = octets.iter().all(|octet| *octet < 20) || groups.is_product_version(first);
    (!longer && !version && is_public(octets.into())).then_some(4)
}

fn is_public(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || first == 0
        || first >= 224
        || first == 100 && (64..128).contains(&second)
        || first == 198 && (18..20).contains(&second)
        || (first, second, third) == (192, 0, 0))
}

/// The IPv6 address whose first colon is at `colon`.
pub(super) fn v6(text: &[u8], colon: usize) -> Option<Match> {
    let hexadecimal = |byte: &u8| byte.is_ascii_hexdigit();
    let first = text[..colon].iter().rev().take_while(|byte| hexadecimal(byte)).count();
    let start = colon - first;
    // Global unicast addresses begin with 2 or 3 and have four digits before the first colon (RFC 4291).
    let separate =
        !text[..start].last().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'.' | b'_'));
    if first != 4 || !separate || !matches!(text[start], b'2' | b'3') {
        return None;
    }
    let length = text[start..].iter().take(45).take_while(|byte| hexadecimal(byte) || **byte == b':').count();
    let end = start + length;
    let address: Ipv6Addr = std::str::from_utf8(&text[start..end]).ok()?.trim_end_matches(':').parse().ok()?;
    let [one, two, ..] = address.segments();
    let documentation = one == 0x2001 && two == 0x0db8 || one == 0x3fff && two < 0x1000;
    (!documentation).then_some(Match { kind: Kind::IpAddress, start, end })
}
