//! E-mail addresses, with `@` or, as in URLs, `%40`.

use super::kind::{Kind, Match};

/// Extensions of files that are named like `logo@2x.png`.
const FILE_EXTENSIONS: [&[u8]; 12] =
    [b"png", b"jpg", b"jpeg", b"gif", b"webp", b"svg", b"css", b"js", b"mjs", b"ts", b"json", b"pdf"];

/// The e-mail address around the `@` at `at`, which takes `width` bytes; or the password of a URL there.
pub(super) fn around(text: &[u8], at: usize, width: usize) -> Option<Match> {
    let start = local_start(text, at);
    if let Some(password) = password_start(text, start).filter(|_| width == 1) {
        return Some(Match { kind: Kind::Secret, start: password, end: at });
    }
    let end = at + width + domain_length(&text[at + width..]);
    let (name, host) = (&text[start..at], &text[at + width..end]);
    if name.is_empty() || host.is_empty() || name.starts_with(b".") || name.ends_with(b".") {
        return None;
    }
    if text[..start].ends_with(b"://") && !text[..start].ends_with(b"mailto://") {
        return None; // The user name of a URL.
    }
    // `git@host:path`.
    if name == b"git" && text.get(end) == Some(&b':') {
        return None;
    }
    let last = host.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let is_file = FILE_EXTENSIONS.iter().any(|extension| last.eq_ignore_ascii_case(extension));
    // The output of `text: shape` for an address.
    let is_shape = last.iter().all(|byte| *byte == b'x')
        && host.iter().all(|byte| matches!(byte, b'x' | b'X' | b'0' | b'-' | b'.'));
    (!is_file && !is_shape).then_some(Match { kind: Kind::Email, start, end })
}

/// The start of the local part. If it ends in ASCII it is all ASCII, so that a Korean word before it, without a space
/// between, does not belong to it.
fn local_start(text: &[u8], at: usize) -> usize {
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
    // Quotation marks, slashes and the like before the name do not belong to it.
    while start < at && text[start].is_ascii() && !text[start].is_ascii_alphanumeric() {
        start += 1;
    }
    start
}

/// The length of the domain at the start of a text: labels separated by dots, the last with at least two letters. 0 if
/// there is none.
fn domain_length(text: &[u8]) -> usize {
    let ascii = labels(text, |byte| byte.is_ascii());
    if ascii > 0 { ascii } else { labels(text, |_| true) }
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
    let is_label = |part: &[u8]| !part.is_empty() && part[0] != b'-' && part[part.len() - 1] != b'-';
    let last = host.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let top = last.len() >= 2
        && (last.iter().all(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii()) || last.starts_with(b"xn--"));
    if host.contains(&b'.') && top && parts.all(is_label) { end } else { 0 }
}

/// The start of the password of `scheme://user:password@host`.
fn password_start(text: &[u8], start: usize) -> Option<usize> {
    // A password may contain characters that a local part may not.
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"' | b'<' | b'>');
    // No URL has more than this before its host.
    let near = start.saturating_sub(300);
    let slash = text[near..start].iter().rposition(ends)? + near;
    let colon = text[slash..start].iter().position(|byte| *byte == b':')? + slash;
    text[..=slash].ends_with(b"://").then_some(colon + 1)
}
