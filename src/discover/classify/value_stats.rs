//! What a few values of a column look like, in counts. Nothing here shows a value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::discover::classify::category::Sense;
use crate::discover::detect;
use crate::mask::wordlists::{english, korean};

/// Values of one column, or at one path of its documents.
pub(crate) struct Values<'a> {
    /// All that are neither NULL nor empty.
    texts: Vec<&'a str>,
    whole: BTreeMap<Sense, usize>,
    within: BTreeMap<Sense, usize>,
    distinct: usize,
}

impl<'a> Values<'a> {
    pub(crate) fn of(texts: impl IntoIterator<Item = &'a str>) -> Values<'a> {
        let texts: Vec<&str> = texts.into_iter().map(str::trim).filter(|text| !text.is_empty()).collect();
        let distinct = texts.iter().collect::<BTreeSet<_>>().len();
        let mut values = Values { texts, whole: BTreeMap::new(), within: BTreeMap::new(), distinct };
        for text in values.texts.clone() {
            values.look_at(text);
        }
        values
    }

    fn look_at(&mut self, text: &str) {
        let mut within = BTreeSet::new();
        let mut whole = BTreeSet::new();
        detect::visit(text, &mut |found| {
            let sense = Sense::of_kind(found.kind);
            within.insert(sense);
            // A parenthesis before an area code is no part of the number.
            if found.end - found.start + 1 >= text.len() {
                whole.insert(sense);
            }
        });
        if text.split('/').next().is_some_and(|host| host.parse::<std::net::IpAddr>().is_ok()) {
            whole.insert(Sense::Ip);
        }
        if is_korean_name(text) || is_latin_name(text) {
            whole.insert(Sense::Name);
        } else if names_somebody(text) {
            within.insert(Sense::Name);
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            whole.insert(Sense::Url);
        }
        if is_address(text) {
            whole.insert(Sense::Address);
        }
        if is_company(text) {
            whole.insert(Sense::Company);
        }
        if is_random(text) {
            whole.insert(Sense::Secret);
        }
        for sense in whole {
            *self.whole.entry(sense).or_default() += 1;
        }
        for sense in within {
            *self.within.entry(sense).or_default() += 1;
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.texts.len()
    }

    /// How many are of a sense as a whole.
    pub(crate) fn whole(&self, sense: Sense) -> usize {
        self.whole.get(&sense).copied().unwrap_or(0)
    }

    /// The sense that most of them have. Names need to be many different ones: `대표` and `전시회` begin
    /// with family names too.
    pub(crate) fn common(&self) -> Option<Sense> {
        let (sense, count) = self.whole.iter().max_by_key(|(_, count)| **count)?;
        let needed = match sense {
            Sense::Name | Sense::Address | Sense::Company => self.count() / 2 + 1,
            _ => self.count() * 3 / 5 + 1,
        };
        let varied =
            !matches!(sense, Sense::Name | Sense::Company) || self.distinct >= 10 && self.distinct * 4 >= self.count();
        (*count >= needed && varied).then_some(*sense)
    }

    /// What stands in some of them, with how many.
    pub(crate) fn scattered(&self) -> Option<(Sense, usize)> {
        let found = |sense: &Sense| {
            self.within.get(sense).copied().unwrap_or(0).max(if *sense == Sense::Name { 0 } else { self.whole(*sense) })
        };
        let senses = [
            Sense::Email,
            Sense::Phone,
            Sense::Card,
            Sense::RegistrationNumber,
            Sense::BusinessNumber,
            Sense::Secret,
            Sense::Ip,
            Sense::Name,
        ];
        let most = senses.iter().copied().map(|sense| (sense, found(&sense))).max_by_key(|(_, count)| *count)?;
        (most.1 > 0).then_some(most)
    }

    /// A few short values that come again and again, of things and not of people.
    pub(crate) fn are_codes(&self) -> bool {
        let short = self.texts.iter().all(|text| text.chars().count() <= 40);
        short
            && self.count() > 0
            && self.distinct <= 20
            && self.count() >= 5 * self.distinct
            && self.scattered().is_none()
    }

    pub(crate) fn distinct(&self) -> usize {
        self.distinct
    }

    /// Numbers and short letters written alike: `HN-2026-000123`, `08/29`.
    pub(crate) fn are_running(&self) -> bool {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
        let shape = |text: &str| -> String { text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect() };
        let shapes: BTreeSet<String> =
            self.texts.iter().map(|text| shape(text).trim_end_matches('0').to_owned()).collect();
        self.count() >= 20
            && shapes.len() <= 3
            && self.texts.iter().all(|text| (1..=12).contains(&digits(text)) && text.len() <= 24)
    }

    pub(crate) fn are_uuids(&self) -> bool {
        let is = |text: &&str| {
            text.len() == 36
                && text.bytes().enumerate().all(|(at, byte)| {
                    if [8, 13, 18, 23].contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
                })
        };
        self.count() > 0 && self.texts.iter().all(is)
    }

    /// Of several words.
    pub(crate) fn are_prose(&self) -> bool {
        let words = self.texts.iter().filter(|text| text.split_whitespace().count() >= 4).count();
        self.count() >= 5 && words * 3 > self.count()
    }

    pub(crate) fn are_english(&self) -> bool {
        let with = |is: fn(char) -> bool| self.texts.iter().filter(|text| text.chars().any(is)).count();
        let letters = with(char::is_alphabetic);
        letters * 2 > self.count() && with(is_hangul) * 5 < letters
    }

    pub(crate) fn are_north_american(&self) -> bool {
        let is = |text: &&&str| {
            text.starts_with("+1") || text.starts_with('(') || !text.starts_with(['+', '0']) && text.len() <= 14
        };
        self.count() > 0 && self.texts.iter().filter(is).count() * 2 > self.count()
    }

    /// Five digits are a postal code in both countries; four more with a hyphen in one.
    pub(crate) fn are_north_american_codes(&self) -> bool {
        self.texts.iter().any(|text| text.len() == 10 && text.as_bytes()[5] == b'-')
    }

    pub(crate) fn are_international(&self) -> bool {
        let is = |text: &&&str| text.starts_with('+') && !text.starts_with("+82");
        self.texts.iter().filter(is).count() * 2 > self.count()
    }
}

fn is_hangul(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

/// Family names that the masks do not use; together with theirs 99 of 100 people have one.
const RARER: &str = "민 진 지 엄 채 원 천 방 공 현 함 변 염 여 추 도 소 석 선 설 마 길 연 위 표 명 기 반 라 왕 금 옥 육 인 맹 제 모 탁 국 어 은 편 용 봉 경 사 부 가 복 태 목 형 피 두 감 호 제갈 황보 선우 독고 사공 동방 서문";

static FAMILIES: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| korean::families().into_iter().chain(RARER.split(' ').map(str::to_owned)).collect());
static GIVEN: LazyLock<BTreeSet<&str>> = LazyLock::new(|| korean::GIVEN.split_ascii_whitespace().collect());
static ENGLISH: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let names = english::GIVEN.split_ascii_whitespace().chain(english::FAMILIES.split_ascii_whitespace());
    // Korean family names in Latin letters.
    let romanised = "Kim Lee Park Choi Jung Jeong Kang Cho Yoon Jang Lim Han Oh Seo Shin Kwon Hwang Ahn Song Ryu Moon Yang Son Bae Baek Hong Yoo Noh";
    names.chain(romanised.split(' ')).map(str::to_lowercase).collect()
});

/// A family name and one to three syllables.
fn is_korean_name(text: &str) -> bool {
    let syllables: Vec<char> = text.chars().collect();
    let family =
        |length: usize| syllables.len() > length && FAMILIES.contains(&syllables[..length].iter().collect::<String>());
    (2..=5).contains(&syllables.len())
        && syllables.iter().all(|c| is_hangul(*c))
        && (family(1) && syllables.len() <= 4 || family(2))
}

/// Two to four words with capitals; half of the people have a name that is on the lists.
fn is_latin_name(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    let is_word = |word: &&str| {
        word.chars().next().is_some_and(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() && !is_hangul(c) || "'’.-".contains(c))
    };
    (2..=4).contains(&words.len())
        && words.iter().all(is_word)
        && words.iter().any(|word| ENGLISH.contains(&word.to_lowercase()))
}

/// Somebody's name in a sentence: one with a title after it, or with a given name of the lists.
fn names_somebody(text: &str) -> bool {
    text.split(|c: char| !is_hangul(c)).filter(|run| !run.is_empty()).any(|run| {
        let syllables: Vec<char> = run.chars().collect();
        let family = FAMILIES.contains(&syllables[0].to_string());
        let given: String = syllables.iter().skip(1).take(2).collect();
        let rest: String = syllables.iter().skip(3).collect();
        let titled =
            ["님", "씨", "입니다", "의", "은", "는", "이", "가", "께", "에게", ""].iter().any(|after| rest == *after);
        let polite = rest.starts_with("님") || rest.starts_with("씨");
        family && syllables.len() >= 3 && (polite || titled && GIVEN.contains(given.as_str()))
    })
}

/// Of a place in Korea, or with a number and the word for a street.
fn is_address(text: &str) -> bool {
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

fn is_company(text: &str) -> bool {
    let marks = ["(주)", "㈜", "주식회사", "(유)", "유한회사"];
    let ends = [
        "Inc", "Inc.", "Ltd", "Ltd.", "LLC", "GmbH", "Corp", "Corp.", "Co.", "Trading", "Labs", "Partners", "Studio",
        "Group",
    ];
    text.len() <= 80
        && (marks.iter().any(|mark| text.contains(mark)) || text.split(' ').skip(1).any(|word| ends.contains(&word)))
}

/// Many hexadecimal digits, with a prefix or without: a token, or a digest. Names tell them apart.
fn is_random(text: &str) -> bool {
    let last = text.rsplit(['_', '.', '/', '-']).next().unwrap_or(text);
    last.len() >= 32 && last.bytes().all(|byte| byte.is_ascii_hexdigit()) && text.len() <= last.len() + 12
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_known() {
        for name in ["김민수", "이준", "남궁민수", "제갈공명", "Jane Smith", "Minsu Kim", "Siobhán O'Connor Brown"]
        {
            assert!(is_korean_name(name) || is_latin_name(name), "{name}");
        }
        for other in ["김", "무료체험판입니다", "서울특별시", "Project Alpha", "read", "김민수 팀장", "Home"]
        {
            assert!(!is_korean_name(other) && !is_latin_name(other), "{other}");
        }
        for text in ["서연님 개인 폴더", "Home", "회의록 3", "결제 취소 요청"] {
            assert!(!names_somebody(text), "{text}");
        }
        for text in ["이서연님 개인 폴더", "@박도현님 확인", "참석: 김민준, 연락처", "결제 (이준서)"]
        {
            assert!(names_somebody(text), "{text}");
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

    #[test]
    fn few_values_are_codes_and_numbers_that_run_on_are_seen() {
        let codes: Vec<&str> = ["google", "kakao"].into_iter().cycle().take(60).collect();
        assert!(Values::of(codes.iter().copied()).are_codes());
        let running: Vec<String> = (0..60).map(|n| format!("HN-2026-{n:06}")).collect();
        let running = Values::of(running.iter().map(String::as_str));
        assert!(running.are_running() && !running.are_codes());
        let people = ["김민수", "이서연"].into_iter().cycle().take(60);
        assert_eq!(Values::of(people).common(), None, "two names again and again are titles");
    }
}
