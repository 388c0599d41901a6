//! Whether all that a mask writes matches a pattern: both are read as automata, and the one's language
//! is in the other's or it is not. Of PostgreSQL's patterns only a part is read (`parse`); what is not is
//! refused. What a class such as `\w` or `[:space:]` has beyond ASCII is the locale's, so a pattern is read
//! twice: as what surely matches, which is to hold what a mask writes, and as what perhaps does, which is
//! to be told from it. `\d` is taken to be the ten digits.

mod automaton;
mod parse;
mod set;

use automaton::Automaton;
use parse::{Node, Read};

/// The language of a pattern.
pub(super) struct Pattern {
    surely: Automaton,
    perhaps: Automaton,
}

impl Pattern {
    fn of(node: impl Fn(Read) -> Option<Node>) -> Option<Pattern> {
        Some(Pattern { surely: Automaton::of(&node(Read::Surely)?)?, perhaps: Automaton::of(&node(Read::Perhaps)?)? })
    }

    /// Of `~`, or `~*` when it ignores case.
    pub(super) fn of_expression(text: &str, ignores_case: bool) -> Option<Pattern> {
        Pattern::of(|read| parse::expression(text, ignores_case, read))
    }

    /// Of `LIKE`, or `ILIKE`.
    pub(super) fn of_like(text: &str, ignores_case: bool) -> Option<Pattern> {
        Pattern::of(|read| parse::like(text, ignores_case, read))
    }

    /// Of these texts, to the letter.
    pub(super) fn of_texts<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Pattern> {
        let texts: Vec<&str> = texts.collect();
        Pattern::of(|_| Some(Node::Either(texts.iter().copied().map(parse::literal).collect())))
    }

    /// Of a whole text.
    pub(super) fn of_whole(text: &str) -> Option<Pattern> {
        Pattern::of(|_| parse::whole(text, false))
    }

    /// Of a whole text in which `#` is a digit that changes.
    pub(super) fn of_digits(text: &str) -> Option<Pattern> {
        Pattern::of(|_| parse::whole(text, true))
    }

    /// Whether every text of this language is in the other.
    pub(super) fn is_in(&self, other: &Pattern) -> bool {
        self.perhaps.is_in(&other.surely)
    }

    /// Whether no text is in both.
    pub(super) fn is_apart_from(&self, other: &Pattern) -> bool {
        self.perhaps.both(&other.perhaps).is_some_and(|both| both.is_empty())
    }

    /// What becomes of the texts of this language that are such numbers when their free digits change.
    pub(super) fn with_other_digits(&self, numbers: &Pattern) -> Option<Pattern> {
        let changed = |all: &Automaton| all.both(&numbers.surely);
        Some(Pattern { surely: changed(&self.surely)?, perhaps: changed(&self.perhaps)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::of_expression(text, false).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn languages_are_compared() {
        let email = Pattern::of_whole(r"u[0-9a-f]{20}([+][0-9a-f]{6})?@example[.]com").unwrap();
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
            assert!(email.is_in(&pattern(matching)), "{matching}");
        }
        for other in ["^[a-z]+$", r"^[^@+]+@", "com.$", "^.{1,31}$", "^[A-Z]", "@.*@", r"^u[g-z]"] {
            assert!(!email.is_in(&pattern(other)), "{other}");
        }
        assert!(email.is_in(&Pattern::of_expression("^[A-Z0-9+]+@[A-Z.]+$", true).unwrap()));
        assert!(email.is_in(&Pattern::of_like("u%@example.___", false).unwrap()));
        assert!(!email.is_in(&Pattern::of_like("U%", false).unwrap()));
        assert!(email.is_apart_from(&pattern("[A-Z ]")) && !email.is_apart_from(&pattern("[fF]")));
        assert!(Pattern::of_texts(["a.b"].into_iter()).unwrap().is_in(&pattern(r"^a\.b$")));
    }

    #[test]
    fn numbers_whose_digits_change_stay_in_a_pattern_or_not() {
        let numbers = Pattern::of_digits("01[0-9]-#{4}-#{4}").unwrap();
        let holds = |text: &str| {
            let check = pattern(text);
            check.with_other_digits(&numbers).is_some_and(|changed| changed.is_in(&check)) && check.is_in(&numbers)
        };
        assert!(holds(r"^01[016789]-\d{4}-[0-9]{4}$"));
        assert!(holds("^010-[0-9]{4}-[0-9]{4}$"));
        // A digit that has to stay, and numbers of another form.
        assert!(!holds("^010-[1-9][0-9]{3}-[0-9]{4}$"));
        assert!(!holds(r"^01\d-\d{3,4}-\d{4}$"));
    }

    /// `\w` is more than ASCII in most locales.
    #[test]
    fn what_only_a_locale_knows_proves_nothing() {
        let whole = |text: &str| Pattern::of_whole(text).unwrap();
        let (english, korean, control) = (whole("[a-z]+"), whole("[가-힣]+"), whole("\u{1c}"));
        for (class, of_english) in
            [(r"\w", true), ("[[:alpha:]]", true), ("[[:alnum:]_]", true), (r"\s", false), ("[[:upper:]]", false)]
        {
            let all = |class: &str| pattern(&format!("^{class}+$"));
            let negated = class.strip_prefix('[').map_or(format!("[^{class}]"), |class| format!("[^{class}"));
            assert_eq!(english.is_in(&all(class)), of_english, "{class}");
            assert_eq!(english.is_apart_from(&all(class)), !of_english, "{class}");
            assert_eq!(english.is_in(&all(&negated)), !of_english, "{negated}");
            assert_eq!(english.is_apart_from(&all(&negated)), of_english, "{negated}");
            for pattern in [all(class), all(&negated)] {
                assert!(!korean.is_in(&pattern) && !korean.is_apart_from(&pattern), "{class}");
            }
        }
        assert!(!control.is_in(&pattern(r"^[^\s]$")) && !control.is_apart_from(&pattern(r"\s")));
        // The kelvin sign is a capital k to some.
        let any_case = Pattern::of_expression("k", true).unwrap();
        assert!(!whole("\u{212a}").is_apart_from(&any_case) && whole("j|가").is_apart_from(&pattern("k")));
    }

    #[test]
    fn what_is_not_read_is_refused() {
        for text in [
            "(?i)a", "a(?=b)", r"(a)\1", r"\ya", "[[.a.]]", "***=a", "a^b", "a{300}", "a**", "(a", "a)", "[a", r"\x41",
            "a*?", r"[\D]", "+a",
        ] {
            assert!(Pattern::of_expression(text, false).is_none(), "{text}");
        }
    }
}
