//! Whether all that a mask writes matches a pattern: both are read as automata, and the one's language
//! is in the other's or it is not. Of PostgreSQL's patterns only a part is read (`parse`); what is not is
//! refused. A class such as `\w` is read as its ASCII characters, of which a server's locale may know
//! more, never fewer; `\d` is taken to be the ten digits.

mod automaton;
mod parse;
mod set;

use automaton::Automaton;

/// The language of a pattern.
pub(super) struct Pattern(Automaton);

impl Pattern {
    /// Of `~`, or `~*` when it ignores case.
    pub(super) fn of_expression(text: &str, ignores_case: bool) -> Option<Pattern> {
        Automaton::of(&parse::expression(text, ignores_case)?).map(Pattern)
    }

    /// Of `LIKE`, or `ILIKE`.
    pub(super) fn of_like(text: &str, ignores_case: bool) -> Option<Pattern> {
        Automaton::of(&parse::like(text, ignores_case)?).map(Pattern)
    }

    /// Of these texts, to the letter.
    pub(super) fn of_texts<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Pattern> {
        Automaton::of(&parse::Node::Either(texts.map(parse::literal).collect())).map(Pattern)
    }

    /// Of a whole text.
    pub(super) fn of_whole(text: &str) -> Option<Pattern> {
        Automaton::of(&parse::whole(text)?).map(Pattern)
    }

    /// Of numbers: `before`, digits, `between`, digits.
    pub(super) fn of_number(before: &str, first: usize, between: &str, last: usize) -> Option<Pattern> {
        let digits = |count| parse::Node::Repeat(Box::new(parse::Node::Digit), count, Some(count));
        let parts = vec![parse::whole(before)?, digits(first), parse::whole(between)?, digits(last)];
        Automaton::of(&parse::Node::All(parts)).map(Pattern)
    }

    /// Whether every text of this language is in the other.
    pub(super) fn is_in(&self, other: &Pattern) -> bool {
        self.0.is_in(&other.0)
    }

    /// Whether no text is in both.
    pub(super) fn is_apart_from(&self, other: &Pattern) -> bool {
        self.0.both(&other.0).is_some_and(|both| both.is_empty())
    }

    /// What becomes of the texts of this language that are such numbers when their free digits change.
    pub(super) fn with_other_digits(&self, numbers: &Pattern) -> Option<Pattern> {
        self.0.both(&numbers.0).map(Pattern)
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
        let numbers = Pattern::of_number("01[0-9]-", 4, "-", 4).unwrap();
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

    #[test]
    fn what_is_not_read_is_refused() {
        for text in [
            "(?i)a",
            "a(?=b)",
            r"(a)\1",
            r"\ya",
            "[[.a.]]",
            "[^[:alpha:]]",
            "***=a",
            "a^b",
            "a{300}",
            "a**",
            "(a",
            "a)",
            "[a",
            r"\x41",
            "a*?",
            r"[\D]",
            "+a",
        ] {
            assert!(Pattern::of_expression(text, false).is_none(), "{text}");
        }
    }
}
