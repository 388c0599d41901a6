//! Full-width characters, and Unicode's hyphens and spaces, as ASCII.

/// Returns the text with ASCII characters and, for each of its bytes, the offset of the character in the original.
/// `None` if the text stays as it is.
pub(super) fn narrowed(text: &str) -> Option<(String, Vec<usize>)> {
    // The first bytes of all characters below; those of Hangul differ.
    if !text.bytes().any(|byte| matches!(byte, 0xC2 | 0xE2 | 0xE3 | 0xEF)) {
        return None;
    }
    if !text.chars().any(|c| narrow(c) != c) {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let mut offsets = Vec::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let c = narrow(c);
        plain.push(c);
        offsets.extend(std::iter::repeat_n(at, c.len_utf8()));
    }
    Some((plain, offsets))
}

fn narrow(c: char) -> char {
    match c {
        // Full-width forms are in the order of ASCII.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{00AD}' | '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{00A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{3000}' => ' ',
        _ => c,
    }
}
