//! Quantities as text for people: one form for each, in messages and reports alike.

use std::time::Duration;

/// Returns a number with separators: `1,234,567`.
pub fn grouped(number: u64) -> String {
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

/// Returns a number with its noun, which is given in the singular: `1 row`, `1,200 rows`, `2 indexes`, `3 queries`.
pub fn counted(number: u64, noun: &str) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|ending| noun.ends_with(ending));
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) if !ends(&["ay", "ey", "oy"]) => format!("{} {stem}ies", grouped(number)),
        _ if ends(&["s", "x", "ch", "sh"]) => format!("{} {noun}es", grouped(number)),
        _ => format!("{} {noun}s", grouped(number)),
    }
}

/// Returns bytes in powers of 1000, with three digits: `8 kB`, `74.2 MB`, `1.25 GB`.
pub fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
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

/// Returns a span of time: `45 s`, `12 m 05 s`, `3 h 20 m`, `2 d 4 h`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        3600..172_800 => format!("{} h {:02} m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// Returns a duration in seconds as text: `0.4 s` below ten seconds, else as [`span`] does.
pub fn seconds(time: f64) -> String {
    if time < 10.0 { format!("{time:.1} s") } else { span(Duration::from_secs_f64(time.round())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators_and_nouns_their_plural() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        let counted: Vec<String> = [(1, "row"), (1200, "row"), (2, "index"), (0, "query"), (2, "key"), (2, "batch")]
            .map(|(number, noun)| counted(number, noun))
            .into();
        assert_eq!(counted, ["1 row", "1,200 rows", "2 indexes", "0 queries", "2 keys", "2 batches"]);
    }

    #[test]
    fn sizes_have_three_digits() {
        assert_eq!(
            [0, 999, 1000, 8192, 999_499, 999_600, 74_200_000, 1_250_000_000, u64::MAX].map(size),
            ["0 B", "999 B", "1 kB", "8 kB", "999 kB", "1.00 MB", "74.2 MB", "1.25 GB", "18446744 TB"]
        );
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let texts = [0.04, 9.94, 59.4, 61.0, 3599.0, 7260.0].map(seconds);
        assert_eq!(texts, ["0.0 s", "9.9 s", "59 s", "1 m 01 s", "59 m 59 s", "2 h 01 m"]);
    }
}
