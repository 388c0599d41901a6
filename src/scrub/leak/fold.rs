//! Spellings that are one to a reader become one: width, capital letters, composed and decomposed
//! letters, letters with and without marks, kinds of dashes. What is neither letter nor digit outside
//! ASCII becomes a space.

use unicode_normalization::char::decompose_canonical;

const SYLLABLES: u32 = 0xAC00;
const LEADING: (u32, u32) = (0x1100, 19);
const VOWEL: (u32, u32) = (0x1161, 21);
/// One before the first: none counts as one.
const TRAILING: (u32, u32) = (0x11A7, 28);

/// Whether folding leaves a text as it is: all of it is ASCII, whose letters are folded where words are made,
/// or syllables of Hangul. The last of these, `힀` to `힣`, are not told from others.
pub(super) fn is_folded(text: &[u8]) -> bool {
    let other = |byte: u8| (byte >= 0xC0) & !(0xEA..=0xED).contains(&byte);
    let next = text.get(1..).unwrap_or_default();
    // Syllables begin with EA B0 and end before ED 9E A4.
    let odd = |byte: u8, next: u8| other(byte) | (byte == 0xEA) & (next < 0xB0) | (byte == 0xED) & (next >= 0x9E);
    !text.iter().zip(next).fold(false, |found, (byte, next)| found | odd(*byte, *next))
}

/// Writes the folded text of `text` into `out`. Every byte above 127 in it belongs to a letter or a digit.
pub(super) fn fold(text: &str, out: &mut Vec<u8>) {
    out.clear();
    out.reserve(text.len());
    let mut last = '\0';
    for letter in text.chars() {
        if letter.is_ascii() {
            out.push(letter as u8);
            last = letter;
            continue;
        }
        // A syllable of Hangul, most of what is not ASCII here, has one spelling but for its parts.
        if ('가'..='힣').contains(&letter) {
            push(out, letter);
            last = letter;
            continue;
        }
        if is_mark(letter) {
            continue;
        }
        let folded = folded(letter);
        // A decomposed syllable comes as two or three letters.
        if let Some(syllable) = composed(last, folded) {
            out.truncate(out.len() - last.len_utf8());
            push(out, syllable);
            last = syllable;
            continue;
        }
        push(out, folded);
        last = folded;
    }
}

fn push(out: &mut Vec<u8>, letter: char) {
    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

fn folded(letter: char) -> char {
    let wide = match u32::from(letter) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(' '),
        // Dashes and the minus sign.
        0x2010..=0x2015 | 0x2212 | 0xFE63 => '-',
        // Marks of an apostrophe.
        0x2018 | 0x2019 => '\'',
        // Marks of quotation.
        0x201C | 0x201D => '"',
        _ => letter,
    };
    if wide.is_ascii() {
        return wide;
    }
    let plain = base(wide);
    if !plain.is_alphanumeric() {
        return ' ';
    }
    let mut lower = plain.to_lowercase();
    let first = lower.next().unwrap_or(plain);
    base(first)
}

/// The letter without its marks: the first character of its canonical decomposition.
fn base(letter: char) -> char {
    let mut base = None;
    decompose_canonical(letter, |part| {
        base.get_or_insert(part);
    });
    base.unwrap_or(letter)
}

/// Marks that stand on the letter before them.
fn is_mark(letter: char) -> bool {
    matches!(u32::from(letter), 0x0300..=0x036F | 0x20D0..=0x20FF | 0x3099..=0x309A | 0xFE00..=0xFE0F | 0xFE20..=0xFE2F | 0x200B..=0x200D | 0x00AD)
}

/// The syllable that two parts of one make (The Unicode Standard, section 3.12).
fn composed(last: char, next: char) -> Option<char> {
    let (last, next) = (u32::from(last), u32::from(next));
    let within = |code: u32, (first, count): (u32, u32)| code.checked_sub(first).filter(|index| *index < count);
    if let (Some(leading), Some(vowel)) = (within(last, LEADING), within(next, VOWEL)) {
        return char::from_u32(SYLLABLES + (leading * VOWEL.1 + vowel) * TRAILING.1);
    }
    let open = within(last, (SYLLABLES, LEADING.1 * VOWEL.1 * TRAILING.1)).is_some_and(|index| index % TRAILING.1 == 0);
    match within(next, TRAILING) {
        Some(trailing) if open && trailing > 0 => char::from_u32(last + trailing),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let mut out = Vec::new();
        fold(text, &mut out);
        String::from_utf8(out).unwrap().to_ascii_lowercase()
    }

    #[test]
    fn what_folding_changes_is_known_before() {
        for code in (0..=0x1_0000).filter_map(char::from_u32) {
            let text = format!("a{code}b");
            let mut out = Vec::new();
            fold(&text, &mut out);
            assert!(!is_folded(text.as_bytes()) || out == text.as_bytes(), "{code:?}");
            assert_eq!(is_folded(text.as_bytes()), code.is_ascii() || ('가'..='\u{d77f}').contains(&code), "{code:?}");
        }
        assert!(is_folded(b"") && is_folded(b"a") && is_folded("가".as_bytes()) && !is_folded("é".as_bytes()));
    }

    #[test]
    fn spellings_of_one_word_are_one() {
        assert_eq!(of("ＫＩＭ＠ｘ．ｋｒ　０１０"), "kim@x.kr 010");
        assert_eq!(of("홍길동"), "홍길동");
        assert_eq!(of("\u{1112}\u{1169}\u{11bc}\u{1100}\u{1175}\u{11af}\u{1103}\u{1169}\u{11bc}"), "홍길동");
        assert_eq!(of("José JOSÉ Jose\u{301}"), "jose jose jose");
        assert_eq!(of("Ἀθῆναι ΑΘΗΝΑΙ Ёж ガラス カ\u{3099}ラス"), "αθηναι αθηναι еж カラス カラス");
        assert_eq!(of("010–1234—5678 😀 “김”"), "010-1234-5678   \"김\"");
        assert_eq!(of("İstanbul"), "istanbul");
    }
}
