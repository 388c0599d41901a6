//! Numbers and names as the page shows them.

/// `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of things: `1 row`, `1,200 rows`.
pub fn counted(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Bytes in powers of 1000, with three digits: `8 kB`, `74.2 MB`, `1.25 GB`.
pub fn bytes(number: u64) -> String {
    let mut value = number as f64;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        // 999.5 would be shown as 1000.
        if value < 999.5 || unit == "TB" {
            let digits = match value {
                _ if unit == "B" || unit == "kB" => 0,
                ..9.995 => 2,
                ..99.95 => 1,
                _ => 0,
            };
            return format!("{value:.digits$} {unit}");
        }
        value /= 1000.0;
    }
    String::new()
}

/// A part of a whole in percent, for a style; never outside of 0 to 100.
pub fn percent(part: f64, whole: f64) -> String {
    let share = if whole > 0.0 { (part / whole * 100.0).clamp(0.0, 100.0) } else { 0.0 };
    format!("{share:.3}")
}

/// A name with what cannot be seen of it made visible: two names must not look alike because one has a line
/// break, or turns the direction of writing.
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
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "row") + " " + &counted(1200, "row"), "1 row 1,200 rows");
        assert_eq!(
            [0, 999, 1000, 8192, 999_499, 999_600, 74_200_000, 1_250_000_000, u64::MAX].map(bytes),
            ["0 B", "999 B", "1 kB", "8 kB", "999 kB", "1.00 MB", "74.2 MB", "1.25 GB", "18446744 TB"]
        );
    }

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
