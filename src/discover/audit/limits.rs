//! How much of a value is scanned; values are held in memory.

/// Characters of a value that are scanned.
pub(super) const MAX_CHARS: usize = 4_000_000;
/// Bytes that [`MAX_CHARS`] characters take at most.
pub(super) const MAX_BYTES: usize = 4 * MAX_CHARS;
/// Bytes that [`MAX_CHARS`] characters take in the text format of COPY, where an escaped byte takes two.
pub(super) const MAX_ESCAPED_BYTES: usize = 2 * MAX_BYTES;
