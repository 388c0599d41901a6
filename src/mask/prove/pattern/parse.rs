//! Parser for the supported part of PostgreSQL's patterns: characters, `.`, brackets, groups, alternatives,
//! `* + ? {n,m}`, and `^` and `$` at the ends of the pattern.

use super::char_set::CharSet;

/// Syntax tree of a pattern.
pub(super) enum Node {
    Chars(CharSet),
    /// A digit that the mask changes.
    FreeDigit,
    Sequence(Vec<Node>),
    Alternatives(Vec<Node>),
    Repeat(Box<Node>, usize, Option<usize>),
}

/// Maximum of a bound on the server.
const MAX_BOUND: usize = 255;

/// A literal text.
pub(super) fn literal(text: &str) -> Node {
    Node::Sequence(text.chars().map(|c| Node::Chars(CharSet::of([(c, c)]))).collect())
}

/// A pattern for a whole text, without anchors, in which `#` may be a free digit.
pub(super) fn whole(text: &str, free_digits: bool) -> Option<Node> {
    let mut parser = Parser { rest: text, ignores_case: false, reading: Reading::Certain, free_digits };
    let node = parser.alternatives(false)?;
    parser.rest.is_empty().then_some(node)
}

/// Reading of classes that depend on the server's locale.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Texts that match in every locale.
    Certain,
    /// Texts that match in some locale.
    Possible,
}

/// A pattern of `~`, which may match anywhere in a text.
pub(super) fn regex(text: &str, ignores_case: bool, reading: Reading) -> Option<Node> {
    if text.starts_with("***") || text.starts_with("(?") && !text.starts_with("(?:") {
        return None;
    }
    let mut parser = Parser { rest: text, ignores_case, reading, free_digits: false };
    let node = parser.alternatives(true)?;
    parser.rest.is_empty().then_some(node)
}

/// A pattern of `LIKE`.
pub(super) fn like(text: &str, ignores_case: bool, reading: Reading) -> Option<Node> {
    let parser = Parser { rest: "", ignores_case, reading, free_digits: false };
    let mut parts = Vec::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        parts.push(match character {
            '%' => anything(),
            '_' => Node::Chars(CharSet::all()),
            '\\' => parser.character(characters.next()?),
            character => parser.character(character),
        });
    }
    Some(Node::Sequence(parts))
}

fn anything() -> Node {
    Node::Repeat(Box::new(Node::Chars(CharSet::all())), 0, None)
}

struct Parser<'a> {
    rest: &'a str,
    ignores_case: bool,
    reading: Reading,
    free_digits: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn accept(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn character(&self, character: char) -> Node {
        self.set(CharSet::of([(character, character)]))
    }

    fn set(&self, set: CharSet) -> Node {
        Node::Chars(if self.ignores_case { self.in_either_case(&set, self.reading) } else { set })
    }

    fn in_either_case(&self, set: &CharSet, reading: Reading) -> CharSet {
        if reading == Reading::Possible { set.in_either_case_of_any_locale() } else { set.in_either_case() }
    }

    /// Alternatives; the outermost may have anchors.
    fn alternatives(&mut self, outermost: bool) -> Option<Node> {
        let mut parts = Vec::new();
        loop {
            let mut all = Vec::new();
            if outermost && !self.accept("^") {
                all.push(anything());
            }
            while let Some(c) = self.peek().filter(|c| !['|', ')', '$'].contains(c)) {
                let node = self.atom(c)?;
                all.push(self.repeated(node)?);
            }
            if outermost && !self.accept("$") {
                all.push(anything());
            }
            parts.push(Node::Sequence(all));
            if !self.accept("|") {
                return Some(Node::Alternatives(parts));
            }
        }
    }

    fn atom(&mut self, first: char) -> Option<Node> {
        self.next();
        match first {
            '.' => Some(Node::Chars(CharSet::all())),
            '(' => {
                let plain = self.accept("?:") || self.peek() != Some('?');
                let node = plain.then(|| self.alternatives(false))??;
                self.accept(")").then_some(node)
            }
            '[' => self.bracket(),
            '\\' => {
                let set = escape(self.next()?, self.reading)?;
                Some(self.set(set))
            }
            '*' | '+' | '?' | '{' | '^' => None,
            '#' if self.free_digits => Some(Node::FreeDigit),
            character => Some(self.character(character)),
        }
    }

    fn repeated(&mut self, node: Node) -> Option<Node> {
        let (min, max) = if self.accept("*") {
            (0, None)
        } else if self.accept("+") {
            (1, None)
        } else if self.accept("?") {
            (0, Some(1))
        } else if self.accept("{") {
            let (bounds, rest) = self.rest.split_once('}')?;
            self.rest = rest;
            let (min, max) = match bounds.split_once(',') {
                None => (bounds.parse().ok()?, Some(bounds.parse().ok()?)),
                Some((min, "")) => (min.parse().ok()?, None),
                Some((min, max)) => (min.parse().ok()?, Some(max.parse().ok()?)),
            };
            (min <= max.unwrap_or(MAX_BOUND) && max.unwrap_or(min) <= MAX_BOUND).then_some(())?;
            (min, max)
        } else {
            return Some(node);
        };
        // A second quantifier would select non-greedy matching, or be an error.
        let doubled = self.peek().is_some_and(|next| ['*', '+', '?', '{'].contains(&next));
        (!doubled).then_some(Node::Repeat(Box::new(node), min, max))
    }

    fn bracket(&mut self) -> Option<Node> {
        let negated = self.accept("^");
        // The complement of the certain texts are the possible ones, and vice versa.
        let reading = match self.reading {
            reading if !negated => reading,
            Reading::Certain => Reading::Possible,
            Reading::Possible => Reading::Certain,
        };
        let mut ranges = Vec::new();
        let mut first = true;
        loop {
            let from = match self.next()? {
                ']' if !first => break,
                '[' if self.accept(":") => {
                    let (name, rest) = self.rest.split_once(":]")?;
                    self.rest = rest;
                    ranges.extend(class(name, reading)?);
                    first = false;
                    continue;
                }
                '[' if self.rest.starts_with(['.', '=']) => return None,
                '\\' => match self.next()? {
                    escaped if !escaped.is_alphanumeric() => escaped,
                    escaped => {
                        ranges.extend(shorthand(escaped, reading)?);
                        first = false;
                        continue;
                    }
                },
                character => character,
            };
            first = false;
            let to = if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                self.next();
                match self.next()? {
                    '[' | '\\' => return None,
                    to => to,
                }
            } else {
                from
            };
            (from <= to).then_some(())?;
            ranges.push((from, to));
        }
        let set = CharSet::of(ranges);
        let set = if self.ignores_case { self.in_either_case(&set, reading) } else { set };
        Some(Node::Chars(if negated { set.complement() } else { set }))
    }
}

fn escape(character: char, reading: Reading) -> Option<CharSet> {
    if character.is_alphanumeric() {
        shorthand(character, reading).map(CharSet::of)
    } else {
        Some(CharSet::of([(character, character)]))
    }
}

fn shorthand(letter: char, reading: Reading) -> Option<Vec<(char, char)>> {
    match letter {
        'd' => class("digit", reading),
        's' => class("space", reading),
        'w' => class("alnum", reading).map(|alnum| [alnum, vec![('_', '_')]].concat()),
        _ => None,
    }
}

/// ASCII is the same in all locales, except for control characters, some of which are white space in some locales.
fn class(name: &str, reading: Reading) -> Option<Vec<(char, char)>> {
    let mut known = match name {
        "digit" => return Some(vec![('0', '9')]),
        "space" => vec![('\t', '\r'), (' ', ' ')],
        "alpha" => vec![('A', 'Z'), ('a', 'z')],
        "alnum" => vec![('0', '9'), ('A', 'Z'), ('a', 'z')],
        "upper" => vec![('A', 'Z')],
        "lower" => vec![('a', 'z')],
        "xdigit" => vec![('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    };
    if reading == Reading::Possible {
        known.extend([('\u{1}', '\u{1f}'), ('\u{7f}', char::MAX)]);
    }
    Some(known)
}
