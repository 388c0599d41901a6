//! Comparison of DNS names.

/// Returns a name in its canonical form: lower case, without the final dot, without Route 53's octal escapes (`\052`
/// for `*`).
pub(super) fn normalize(name: &str) -> String {
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, octal(tail)) {
            (b'\\', Some(byte)) => {
                plain.push(byte);
                &tail[3..]
            }
            _ => {
                plain.push(*first);
                tail
            }
        };
    }
    let plain = String::from_utf8_lossy(&plain).to_lowercase();
    plain.strip_suffix('.').unwrap_or(&plain).to_owned()
}

fn octal(digits: &[u8]) -> Option<u8> {
    let digits = digits.get(..3).filter(|digits| digits.iter().all(|digit| (b'0'..=b'7').contains(digit)))?;
    u8::try_from(digits.iter().fold(0u16, |value, digit| value * 8 + u16::from(digit - b'0'))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_without_dots_case_and_escapes() {
        assert_eq!(normalize("DB.Example.com."), "db.example.com");
        assert_eq!(normalize("\\052.example.com"), "*.example.com");
        assert_eq!(normalize("\\9x.example\\"), "\\9x.example\\");
    }
}
