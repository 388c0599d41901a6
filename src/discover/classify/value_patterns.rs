//! Patterns of names, addresses, companies and tokens.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::mask::wordlists::{english, korean};

/// Whether a character is a Hangul syllable.
pub(super) fn is_hangul(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

/// Family names that the masks do not use. With those, the list covers 99 of 100 people.
const RARER: &str = "민 진 지 엄 채 원 천 방 공 현 함 변 염 여 추 도 소 석 선 설 마 길 연 위 표 명 기 반 라 왕 금 옥 육 인 맹 제 모 탁 국 어 은 편 용 봉 경 사 부 가 복 태 목 형 피 두 감 호 제갈 황보 선우 독고 사공 동방 서문";

static FAMILIES: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| korean::families().into_iter().chain(RARER.split(' ').map(str::to_owned)).collect());
static GIVEN: LazyLock<BTreeSet<&str>> = LazyLock::new(|| korean::GIVEN.split_ascii_whitespace().collect());
static ENGLISH: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let names = english::GIVEN.split_ascii_whitespace().chain(english::FAMILIES.split_ascii_whitespace());
    // Romanized Korean family names.
    let romanized = "Kim Lee Park Choi Jung Jeong Kang Cho Yoon Jang Lim Han Oh Seo Shin Kwon Hwang Ahn Song Ryu Moon Yang Son Bae Baek Hong Yoo Noh";
    names.chain(romanized.split(' ')).map(str::to_lowercase).collect()
});

/// Whether a text is a family name and one to three syllables.
pub(super) fn is_korean_name(text: &str) -> bool {
    let syllables: Vec<char> = text.chars().collect();
    let family =
        |length: usize| syllables.len() > length && FAMILIES.contains(&syllables[..length].iter().collect::<String>());
    (2..=5).contains(&syllables.len())
        && syllables.iter().all(|c| is_hangul(*c))
        && (family(1) && syllables.len() <= 4 || family(2))
}

/// Whether a text is two to four capitalized words, one of them a listed name; half of all people have such a name.
pub(super) fn is_latin_name(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    let is_word = |word: &&str| {
        word.chars().next().is_some_and(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() && !is_hangul(c) || "'’.-".contains(c))
    };
    (2..=4).contains(&words.len())
        && words.iter().all(is_word)
        && words.iter().any(|word| ENGLISH.contains(&word.to_lowercase()))
}

/// Whether a text contains a Korean name: one that is followed by an honorific, or has a listed given name.
pub(super) fn contains_korean_name(text: &str) -> bool {
    text.split(|c: char| !is_hangul(c)).filter(|run| !run.is_empty()).any(|run| {
        let syllables: Vec<char> = run.chars().collect();
        let family = FAMILIES.contains(&syllables[0].to_string());
        let given: String = syllables.iter().skip(1).take(2).collect();
        let rest: String = syllables.iter().skip(3).collect();
        let is_particle =
            ["님", "씨", "입니다", "의", "은", "는", "이", "가", "께", "에게", ""].iter().any(|after| rest == *after);
        let has_honorific = rest.starts_with("님") || rest.starts_with("씨");
        family && syllables.len() >= 3 && (has_honorific || is_particle && GIVEN.contains(given.as_str()))
    })
}

/// Whether a text is a Korean address, or an English one with a number and a word for a street.
pub(super) fn is_address(text: &str) -> bool {
    let has_digit = text.chars().any(|c| c.is_ascii_digit());
    let ends = |ends: &[&str]| {
        text.split([' ', ',']).any(|word| word.chars().count() > 1 && ends.iter().any(|end| word.ends_with(end)))
    };
    let korean = ends(&["시", "도", "구", "군"]) && ends(&["로", "길", "동", "읍", "면", "리", "가"]);
    let english = text.split([' ', ',', '.']).any(|word| {
        [
            "Street",
            "St",
            "Avenue",
            "Ave",
            "Road",
            "Rd",
            "Lane",
            "Ln",
            "Drive",
            "Boulevard",
            "Blvd",
            "Court",
            "Way",
            "Apt",
        ]
        .contains(&word)
            || ["-gil", "-ro", "-daero", "-gu", "-dong"].iter().any(|end| word.ends_with(end))
    });
    has_digit && text.len() <= 300 && text.contains(' ') && (korean || english && text.split(' ').count() >= 3)
}

/// Whether a text has a legal form or another usual part of company names.
pub(super) fn is_company(text: &str) -> bool {
    let marks = ["(주)", "㈜", "주식회사", "(유)", "유한회사"];
    let ends = [
        "Inc", "Inc.", "Ltd", "Ltd.", "LLC", "GmbH", "Corp", "Corp.", "Co.", "Trading", "Labs", "Partners", "Studio",
        "Group",
    ];
    text.len() <= 80
        && (marks.iter().any(|mark| text.contains(mark)) || text.split(' ').skip(1).any(|word| ends.contains(&word)))
}

/// Whether a text is 32 or more hexadecimal digits, with or without a prefix: a token, or a digest, which only the
/// column's name can tell.
pub(super) fn is_random(text: &str) -> bool {
    let last = text.rsplit(['_', '.', '/', '-']).next().unwrap_or(text);
    last.len() >= 32 && last.bytes().all(|byte| byte.is_ascii_hexdigit()) && text.len() <= last.len() + 12
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_recognized() {
        for name in ["김민수", "이준", "남궁민수", "제갈공명", "Jane Smith", "Minsu Kim", "Siobhán O'Connor Brown"]
        {
            assert!(is_korean_name(name) || is_latin_name(name), "{name}");
        }
        for other in ["김", "무료체험판입니다", "서울특별시", "Project Alpha", "read", "김민수 팀장", "Home"]
        {
            assert!(!is_korean_name(other) && !is_latin_name(other), "{other}");
        }
        for text in ["서연님 개인 폴더", "Home", "회의록 3", "결제 취소 요청"] {
            assert!(!contains_korean_name(text), "{text}");
        }
        for text in ["이서연님 개인 폴더", "@박도현님 확인", "참석: 김민준, 연락처", "결제 (이준서)"]
        {
            assert!(contains_korean_name(text), "{text}");
        }
        for text in
            ["서울특별시 강남구 하늘길 12, 3동 101호", "Apt 101, 12 Haneul-gil, Mapo-gu, Seoul", "1 Main St, Boston"]
        {
            assert!(is_address(text), "{text}");
        }
        for text in ["회의록 3", "See page 3, second paragraph.", "Weekly 12"] {
            assert!(!is_address(text), "{text}");
        }
    }
}
