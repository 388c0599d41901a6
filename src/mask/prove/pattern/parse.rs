//! PostgreSQL's patterns, as far as they are read: characters, `.`, brackets, groups, alternatives,
//! `* + ? {n,m}`, `^` and `$` at the ends of the whole.

use super::set::Set;

/// A pattern taken apart.
pub(super) enum Node {
    Set(Set),
    /// A digit that changes.
    Digit,
    All(Vec<Node>),
    Either(Vec<Node>),
    Repeat(Box<Node>, usize, Option<usize>),
}

/// The most that a bound may be, as the server has it.
const MOST: usize = 255;

/// A text to the letter.
pub(super) fn literal(text: &str) -> Node {
    Node::All(text.chars().map(|c| Node::Set(Set::of([(c, c)]))).collect())
}

/// A pattern of a whole text, without anchors, in which `#` may be a digit that changes.
pub(super) fn whole(text: &str, free_digits: bool) -> Option<Node> {
    let mut reader = Reader { rest: text, ignores_case: false, read: Read::Surely, free_digits };
    let node = reader.either(false)?;
    reader.rest.is_empty().then_some(node)
}

/// Which texts are meant where the server's locale decides whether they match.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// Those that match in every locale.
    Surely,
    /// Those that match in some.
    Perhaps,
}

/// A pattern of `~`: it may match anywhere in a text.
pub(super) fn expression(text: &str, ignores_case: bool, read: Read) -> Option<Node> {
    if text.starts_with("***") || text.starts_with("(?") && !text.starts_with("(?:") {
        return None;
    }
    let mut reader = Reader { rest: text, ignores_case, read, free_digits: false };
    let node = reader.either(true)?;
    reader.rest.is_empty().then_some(node)
}

/// A pattern of `LIKE`.
pub(super) fn like(text: &str, ignores_case: bool, read: Read) -> Option<Node> {
    let reader = Reader { rest: "", ignores_case, read, free_digits: false };
    let mut parts = Vec::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        parts.push(match character {
            '%' => anything(),
            '_' => Node::Set(Set::all()),
            '\\' => reader.character(characters.next()?),
            character => reader.character(character),
        });
    }
    Some(Node::All(parts))
}

fn anything() -> Node {
    Node::Repeat(Box::new(Node::Set(Set::all())), 0, None)
}

struct Reader<'a> {
    rest: &'a str,
    ignores_case: bool,
    read: Read,
    free_digits: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn takes(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn character(&self, character: char) -> Node {
        self.set(Set::of([(character, character)]))
    }

    fn set(&self, set: Set) -> Node {
        Node::Set(if self.ignores_case { self.in_either_case(&set, self.read) } else { set })
    }

    fn in_either_case(&self, set: &Set, read: Read) -> Set {
        if read == Read::Perhaps { set.in_any_case() } else { set.in_either_case() }
    }

    /// Alternatives; those of the whole may have anchors.
    fn either(&mut self, outermost: bool) -> Option<Node> {
        let mut parts = Vec::new();
        loop {
            let mut all = Vec::new();
            if outermost && !self.takes("^") {
                all.push(anything());
            }
            while let Some(c) = self.peek().filter(|c| !['|', ')', '$'].contains(c)) {
                let node = self.atom(c)?;
                all.push(self.repeated(node)?);
            }
            if outermost && !self.takes("$") {
                all.push(anything());
            }
            parts.push(Node::All(all));
            if !self.takes("|") {
                return Some(Node::Either(parts));
            }
        }
    }

    fn atom(&mut self, first: char) -> Option<Node> {
        self.next();
        match first {
            '.' => Some(Node::Set(Set::all())),
            '(' => {
                let plain = self.takes("?:") || self.peek() != Some('?');
                let node = plain.then(|| self.either(false))??;
                self.takes(")").then_some(node)
            }
            '[' => self.bracket(),
            '\\' => {
                let set = escape(self.next()?, self.read)?;
                Some(self.set(set))
            }
            '*' | '+' | '?' | '{' | '^' => None,
            '#' if self.free_digits => Some(Node::Digit),
            character => Some(self.character(character)),
        }
    }

    fn repeated(&mut self, node: Node) -> Option<Node> {
        let (least, most) = if self.takes("*") {
            (0, None)
        } else if self.takes("+") {
            (1, None)
        } else if self.takes("?") {
            (0, Some(1))
        } else if self.takes("{") {
            let (bounds, rest) = self.rest.split_once('}')?;
            self.rest = rest;
            let (least, most) = match bounds.split_once(',') {
                None => (bounds.parse().ok()?, Some(bounds.parse().ok()?)),
                Some((least, "")) => (least.parse().ok()?, None),
                Some((least, most)) => (least.parse().ok()?, Some(most.parse().ok()?)),
            };
            (least <= most.unwrap_or(MOST) && most.unwrap_or(least) <= MOST).then_some(())?;
            (least, most)
        } else {
            return Some(node);
        };
        // One more would be a preference for short matches, or an error.
        let doubled = self.peek().is_some_and(|next| ['*', '+', '?', '{'].contains(&next));
        (!doubled).then_some(Node::Repeat(Box::new(node), least, most))
    }

    fn bracket(&mut self) -> Option<Node> {
        let negated = self.takes("^");
        // What surely matches is all but what perhaps is left out, and the other way round.
        let read = match self.read {
            read if !negated => read,
            Read::Surely => Read::Perhaps,
            Read::Perhaps => Read::Surely,
        };
        let mut ranges = Vec::new();
        let mut first = true;
        loop {
            let from = match self.next()? {
                ']' if !first => break,
                '[' if self.takes(":") => {
                    let (name, rest) = self.rest.split_once(":]")?;
                    self.rest = rest;
                    ranges.extend(class(name, read)?);
                    first = false;
                    continue;
                }
                '[' if self.rest.starts_with(['.', '=']) => return None,
                '\\' => match self.next()? {
                    escaped if !escaped.is_alphanumeric() => escaped,
                    escaped => {
                        ranges.extend(shorthand(escaped, read)?);
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
        let set = Set::of(ranges);
        let set = if self.ignores_case { self.in_either_case(&set, read) } else { set };
        Some(Node::Set(if negated { set.without() } else { set }))
    }
}

fn escape(character: char, read: Read) -> Option<Set> {
    if character.is_alphanumeric() {
        shorthand(character, read).map(Set::of)
    } else {
        Some(Set::of([(character, character)]))
    }
}

fn shorthand(letter: char, read: Read) -> Option<Vec<(char, char)>> {
    match letter {
        'd' => class("digit", read),
        's' => class("space", read),
        'w' => class("alnum", read).map(|alnum| [alnum, vec![('_', '_')]].concat()),
        _ => None,
    }
}

/// Of ASCII all locales know the same, but for control characters, some of which are space in some.
fn class(name: &str, read: Read) -> Option<Vec<(char, char)>> {
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
    if read == Read::Perhaps {
        known.extend([('\u{1}', '\u{1f}'), ('\u{7f}', char::MAX)]);
    }
    Some(known)
}
