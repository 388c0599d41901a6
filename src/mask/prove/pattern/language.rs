//! Language of a pattern, under both readings of locale-dependent classes.

use super::automaton::Automaton;
use super::parse::{self, Node, Reading};

/// Language of a pattern.
pub(in crate::mask::prove) struct Pattern {
    /// Texts that match in every locale.
    certain: Automaton,
    /// Texts that match in some locale.
    possible: Automaton,
}

impl Pattern {
    fn of(node: impl Fn(Reading) -> Option<Node>) -> Option<Pattern> {
        Some(Pattern {
            certain: Automaton::of(&node(Reading::Certain)?)?,
            possible: Automaton::of(&node(Reading::Possible)?)?,
        })
    }

    /// Pattern of `~`, or of `~*` if it ignores case. Like all constructors, returns `None` if the pattern is not
    /// supported or its automaton is too large.
    pub(in crate::mask::prove) fn from_regex(text: &str, ignores_case: bool) -> Option<Pattern> {
        Pattern::of(|read| parse::regex(text, ignores_case, read))
    }

    /// Pattern of `LIKE`, or of `ILIKE` if it ignores case.
    pub(in crate::mask::prove) fn from_like(text: &str, ignores_case: bool) -> Option<Pattern> {
        Pattern::of(|read| parse::like(text, ignores_case, read))
    }

    /// Exactly these texts.
    pub(in crate::mask::prove) fn from_texts<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Pattern> {
        let texts: Vec<&str> = texts.collect();
        Pattern::of(|_| Some(Node::Alternatives(texts.iter().copied().map(parse::literal).collect())))
    }

    /// Regular expression that a text matches as a whole.
    pub(in crate::mask::prove) fn matching_whole(text: &str) -> Option<Pattern> {
        Pattern::of(|_| parse::whole(text, false))
    }

    /// Regular expression that a text matches as a whole, in which `#` is a free digit: one that the mask changes.
    pub(in crate::mask::prove) fn with_free_digits(text: &str) -> Option<Pattern> {
        Pattern::of(|_| parse::whole(text, true))
    }

    /// Whether the other language contains every text of this one.
    pub(in crate::mask::prove) fn is_subset_of(&self, other: &Pattern) -> bool {
        self.possible.is_subset_of(&other.certain)
    }

    /// Whether no text is in both languages.
    pub(in crate::mask::prove) fn is_disjoint_from(&self, other: &Pattern) -> bool {
        self.possible.intersection(&other.possible).is_some_and(|both| both.is_empty())
    }

    /// Texts of this language that match `numbers`, with any digits in the places of the free digits.
    pub(in crate::mask::prove) fn changing_digits(&self, numbers: &Pattern) -> Option<Pattern> {
        let changed = |texts: &Automaton| texts.intersection(&numbers.certain);
        Some(Pattern { certain: changed(&self.certain)?, possible: changed(&self.possible)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::from_regex(text, false).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn languages_are_compared() {
        let email = Pattern::matching_whole(r"u[0-9a-f]{20}([+][0-9a-f]{6})?@example[.]com").unwrap();
        for matching in [
            "@",
            "^[^@]+@[^@]+$",
            r"^[\w.+-]+@[\w-]+\.[a-z]{2,}$",
            r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$",
            r"^(?:u|v).*(com|org)$",
            "^x|com$",
            r"^u[[:alnum:]+]*@",
            "^.{32,50}$",
        ] {
            assert!(email.is_subset_of(&pattern(matching)), "{matching}");
        }
        for other in ["^[a-z]+$", r"^[^@+]+@", "com.$", "^.{1,31}$", "^[A-Z]", "@.*@", r"^u[g-z]"] {
            assert!(!email.is_subset_of(&pattern(other)), "{other}");
        }
        assert!(email.is_subset_of(&Pattern::from_regex("^[A-Z0-9+]+@[A-Z.]+$", true).unwrap()));
        assert!(email.is_subset_of(&Pattern::from_like("u%@example.___", false).unwrap()));
        assert!(!email.is_subset_of(&Pattern::from_like("U%", false).unwrap()));
        assert!(email.is_disjoint_from(&pattern("[A-Z ]")) && !email.is_disjoint_from(&pattern("[fF]")));
        assert!(Pattern::from_texts(["a.b"].into_iter()).unwrap().is_subset_of(&pattern(r"^a\.b$")));
    }

    #[test]
    fn changing_digits_may_leave_a_pattern() {
        let numbers = Pattern::with_free_digits("01[0-9]-#{4}-#{4}").unwrap();
        let holds = |text: &str| {
            let check = pattern(text);
            check.changing_digits(&numbers).is_some_and(|changed| changed.is_subset_of(&check))
                && check.is_subset_of(&numbers)
        };
        assert!(holds(r"^01[016789]-\d{4}-[0-9]{4}$"));
        assert!(holds("^010-[0-9]{4}-[0-9]{4}$"));
        // A digit that has to stay, and numbers of another format.
        assert!(!holds("^010-[1-9][0-9]{3}-[0-9]{4}$"));
        assert!(!holds(r"^01\d-\d{3,4}-\d{4}$"));
    }

    /// `\w` contains more than ASCII in most locales.
    #[test]
    fn locale_dependent_characters_prove_nothing() {
        let whole = |text: &str| Pattern::matching_whole(text).unwrap();
        let (english, korean, control) = (whole("[a-z]+"), whole("[가-힣]+"), whole("\u{1c}"));
        for (class, of_english) in
            [(r"\w", true), ("[[:alpha:]]", true), ("[[:alnum:]_]", true), (r"\s", false), ("[[:upper:]]", false)]
        {
            let all = |class: &str| pattern(&format!("^{class}+$"));
            let negated = class.strip_prefix('[').map_or(format!("[^{class}]"), |class| format!("[^{class}"));
            assert_eq!(english.is_subset_of(&all(class)), of_english, "{class}");
            assert_eq!(english.is_disjoint_from(&all(class)), !of_english, "{class}");
            assert_eq!(english.is_subset_of(&all(&negated)), !of_english, "{negated}");
            assert_eq!(english.is_disjoint_from(&all(&negated)), of_english, "{negated}");
            for pattern in [all(class), all(&negated)] {
                assert!(!korean.is_subset_of(&pattern) && !korean.is_disjoint_from(&pattern), "{class}");
            }
        }
        assert!(!control.is_subset_of(&pattern(r"^[^\s]$")) && !control.is_disjoint_from(&pattern(r"\s")));
        // The Kelvin sign is an upper-case k in some locales.
        let any_case = Pattern::from_regex("k", true).unwrap();
        assert!(!whole("\u{212a}").is_disjoint_from(&any_case) && whole("j|가").is_disjoint_from(&pattern("k")));
    }

    #[test]
    fn unsupported_patterns_are_refused() {
        for text in [
            "(?i)a", "a(?=b)", r"(a)\1", r"\ya", "[[.a.]]", "***=a", "a^b", "a{300}", "a**", "(a", "a)", "[a", r"\x41",
            "a*?", r"[\D]", "+a",
        ] {
            assert!(Pattern::from_regex(text, false).is_none(), "{text}");
        }
    }
}
