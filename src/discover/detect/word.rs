//! Words: runs of ASCII letters, digits and underscores.

/// Whether a byte belongs to a word.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether the byte before an offset belongs to a word.
pub(super) fn is_within_word(text: &[u8], at: usize) -> bool {
    at > 0 && is_word(text[at - 1])
}
