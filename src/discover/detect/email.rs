//! An e-mail address around its `@`, which in an address on the web may be written `%40`.

use crate::discover::detect::{Found, Kind};

/// Endings of files, which follow an `@` in names such as `logo@2x.png`.
const FILES: [&[u8]; 12] =
    [b"png", b"jpg", b"jpeg", b"gif", b"webp", b"svg", b"css", b"js", b"mjs", b"ts", b"json", b"pdf"];

pub(crate) fn around(text: &[u8], at: usize, width: usize) -> Option<Found> {
    let start = local(text, at);
    if let Some(password) = password(text, start).filter(|_| width == 1) {
        return Some(Found { kind: Kind::Secret, start: password, end: at });
    }
    let end = at + width + domain(&text[at + width..]);
    let (name, host) = (&text[start..at], &text[at + width..end]);
    if name.is_empty() || host.is_empty() || name.starts_with(b".") || name.ends_with(b".") {
        return None;
    }
    if text[..start].ends_with(b"://") && !text[..start].ends_with(b"mailto://") {
        return None; // A user of a server.
    }
    // `git@host:path`.
    if name == b"git" && text.get(end) == Some(&b':') {
        return None;
    }
    let last = host.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let is_file = FILES.iter().any(|ending| last.eq_ignore_ascii_case(ending));
    // What a mask leaves of an address when it keeps nothing but the shape.
    let is_shape = last.iter().all(|byte| *byte == b'x')
        && host.iter().all(|byte| matches!(byte, b'x' | b'X' | b'0' | b'-' | b'.'));
    (!is_file && !is_shape).then_some(Found { kind: Kind::Email, start, end })
}

/// Where the part before the `@` begins. After ASCII it is ASCII, so that a particle written on to the
/// word before does not belong to it.
fn local(text: &[u8], at: usize) -> usize {
    let ascii = at > 0 && text[at - 1].is_ascii();
    let belongs = |byte: u8| {
        if byte.is_ascii() {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-' | b'\'')
        } else {
            !ascii
        }
    };
    let mut start = at;
    // 64 characters at most (RFC 5321).
    while start > 0 && at - start < 64 * 3 && belongs(text[start - 1]) {
        start -= 1;
    }
    // Quotation marks, slashes and the like before the name are none of it.
    while start < at && text[start].is_ascii() && !text[start].is_ascii_alphanumeric() {
        start += 1;
    }
    start
}

/// How long the domain is: labels with dots between, the last of two letters at least. 0 if it is none.
fn domain(text: &[u8]) -> usize {
    let plain = labels(text, |byte| byte.is_ascii());
    if plain > 0 { plain } else { labels(text, |_| true) }
}

fn labels(text: &[u8], taken: impl Fn(u8) -> bool) -> usize {
    let belongs =
        |byte: &u8| taken(*byte) && (byte.is_ascii_alphanumeric() || !byte.is_ascii() || matches!(byte, b'.' | b'-'));
    let mut end = text.iter().take(253 * 3).position(|byte| !belongs(byte)).unwrap_or(text.len().min(253 * 3));
    while end > 0 && matches!(text[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let host = &text[..end];
    let mut parts = host.split(|byte| *byte == b'.');
    let right = |part: &[u8]| !part.is_empty() && part[0] != b'-' && part[part.len() - 1] != b'-';
    let last = host.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let top = last.len() >= 2
        && (last.iter().all(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii()) || last.starts_with(b"xn--"));
    if host.contains(&b'.') && top && parts.all(right) { end } else { 0 }
}

/// Where the password of `scheme://user:password@host` begins, if this is one.
fn password(text: &[u8], start: usize) -> Option<usize> {
    // The password itself may hold characters that end an address's first part.
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"' | b'<' | b'>');
    // No address is so long that more has to be looked at.
    let near = start.saturating_sub(300);
    let slash = text[near..start].iter().rposition(ends)? + near;
    let colon = text[slash..start].iter().position(|byte| *byte == b':')? + slash;
    text[..=slash].ends_with(b"://").then_some(colon + 1)
}
