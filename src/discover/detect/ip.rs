//! Addresses on the internet that somebody may have: not the private ones, not those for documentation.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::discover::detect::number::{Groups, value};
use crate::discover::detect::{Found, Kind};

/// How many groups the address of version 4 has that begins with this one.
pub(crate) fn fourth(groups: &Groups<'_>, first: usize) -> Option<usize> {
    let mut octets = [0; 4];
    for (place, octet) in octets.iter_mut().enumerate() {
        let digits = groups.digits(first + place);
        let dotted = place == 3 || groups.after(first + place) == b'.';
        if digits.is_empty() || digits.len() > 3 || digits.len() > 1 && digits[0] == b'0' || !dotted {
            return None;
        }
        *octet = u8::try_from(value(digits)).ok()?;
    }
    // A fifth number makes it something else, and small numbers only a version.
    let longer = groups.after(first + 3) == b'.';
    let version = octets.iter().all(|octet| *octet < 20) || groups.is_of_a_product(first);
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

/// The address of version 6 whose first colon is at `colon`.
pub(crate) fn sixth(text: &[u8], colon: usize) -> Option<Found> {
    let hexadecimal = |byte: &u8| byte.is_ascii_hexdigit();
    let first = text[..colon].iter().rev().take_while(|byte| hexadecimal(byte)).count();
    let start = colon - first;
    // All that may be reached begins with 2 or 3 and has four digits before the first colon.
    let alone =
        !text[..start].last().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'.' | b'_'));
    if first != 4 || !alone || !matches!(text[start], b'2' | b'3') {
        return None;
    }
    let length = text[start..].iter().take(45).take_while(|byte| hexadecimal(byte) || **byte == b':').count();
    let end = start + length;
    let address: Ipv6Addr = std::str::from_utf8(&text[start..end]).ok()?.trim_end_matches(':').parse().ok()?;
    let [one, two, ..] = address.segments();
    let documentation = one == 0x2001 && two == 0x0db8 || one == 0x3fff && two < 0x1000;
    (!documentation).then_some(Found { kind: Kind::IpAddress, start, end })
}
