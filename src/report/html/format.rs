//! Shares and names as the page shows them.

/// Returns a share in percent for a style, clamped to 0–100.
pub fn percent(part: f64, whole: f64) -> String {
    let share = if whole > 0.0 { (part / whole * 100.0).clamp(0.0, 100.0) } else { 0.0 };
    format!("{share:.3}")
}

/// Returns a name with its invisible characters replaced: line breaks and changes of the writing direction must not
/// make two names look alike.
pub fn visible(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match u32::from(c) {
            code @ 0..32 => out.push(char::from_u32(0x2400 + code).unwrap_or(c)),
            127 => out.push('\u{2421}'),
            code @ (0x80..=0x9f | 0x200b | 0x200e..=0x200f | 0x202a..=0x202e | 0x2066..=0x2069 | 0xfeff) => {
                out.push_str(&format!("⟨U+{code:04X}⟩"));
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_stays_inside_of_its_whole() {
        let parts = [(1.0, 3.0), (5.0, 3.0), (-1.0, 3.0), (1.0, 0.0)].map(|(part, whole)| percent(part, whole));
        assert_eq!(parts, ["33.333", "100.000", "0.000", "0.000"]);
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(visible("a\nb\u{1b}[31m\u{7f}"), "a␊b␛[31m␡");
        assert_eq!(visible("\u{202e}특별\u{feff}"), "⟨U+202E⟩특별⟨U+FEFF⟩");
    }
}
