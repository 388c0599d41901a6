//! Labelled lists.

use unicode_width::UnicodeWidthStr as _;

use crate::event::Fact;

/// Returns a labelled list with its values in one column.
pub fn aligned(facts: &[Fact]) -> String {
    // Widths on a terminal: a Hangul syllable takes two columns.
    let width = facts.iter().map(|fact| fact.label.width()).max().unwrap_or(0);
    let mut out = String::new();
    for fact in facts {
        let pad = width - fact.label.width();
        out.push_str(&format!("  {}{}  {}\n", fact.label, " ".repeat(pad), fact.value));
    }
    out
}
