//! Parser for the condition of a check in the server's notation, limited to what the prover understands: comparisons
//! of columns, constants and function calls, joined by AND, OR and NOT. Casts between types with equivalent comparison are
//! dropped.

use super::token::{Token, tokenize};

/// A parsed condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    /// A column, or VALUE of a domain.
    Column(String),
    /// A string constant, also of a date.
    Text(String),
    /// A number, with its digits unchanged.
    Number(String),
    Call(String, Vec<Expression>),
    Compare(Box<Expression>, String, Box<Expression>),
    /// `left operator ANY (ARRAY[…])`.
    Any(Box<Expression>, String, Vec<Expression>),
    /// `left operator ALL (ARRAY[…])`.
    All(Box<Expression>, String, Vec<Expression>),
    /// `ARRAY[…]`.
    List(Vec<Expression>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    IsNull(Box<Expression>),
    IsNotNull(Box<Expression>),
}

impl Expression {
    /// Parses a condition; `None` if a part of it is not supported.
    pub(super) fn parse(condition: &str) -> Option<Expression> {
        let tokens = tokenize(condition)?;
        let mut parser = Parser { tokens: &tokens, at: 0 };
        let expression = parser.or()?;
        (parser.at == tokens.len()).then_some(expression)
    }

    /// Whether it mentions a column.
    pub(super) fn mentions(&self, name: &str) -> bool {
        let any = |list: &[Expression]| list.iter().any(|one| one.mentions(name));
        match self {
            Expression::Column(column) => column == name,
            Expression::Text(_) | Expression::Number(_) => false,
            Expression::Call(_, list) | Expression::And(list) | Expression::Or(list) | Expression::List(list) => {
                any(list)
            }
            Expression::Compare(left, _, right) => left.mentions(name) || right.mentions(name),
            Expression::Any(left, _, list) | Expression::All(left, _, list) => left.mentions(name) || any(list),
            Expression::IsNull(inner) | Expression::IsNotNull(inner) | Expression::Not(inner) => inner.mentions(name),
        }
    }
}

/// Types whose comparison is equivalent to that of the value without the cast.
const EQUIVALENT_TYPES: [&str; 13] = [
    "text",
    "character varying",
    "bpchar",
    "citext",
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "date",
    "timestamp without time zone",
    "timestamp with time zone",
    "double precision",
    "jsonpath",
];

/// Keywords that begin an unsupported expression.
const UNSUPPORTED: [&str; 5] = ["NOT", "CASE", "true", "false", "NULL"];

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn accept(&mut self, token: &Token) -> bool {
        let matches = self.peek() == Some(token);
        self.at += usize::from(matches);
        matches
    }

    fn sign(&mut self, sign: &str) -> bool {
        self.accept(&Token::Sign(sign.to_owned()))
    }

    fn word(&mut self, word: &str) -> bool {
        self.accept(&Token::Word(word.to_owned()))
    }

    fn or(&mut self) -> Option<Expression> {
        let mut parts = vec![self.and()?];
        while self.word("OR") {
            parts.push(self.and()?);
        }
        if parts.len() == 1 { parts.pop() } else { Some(Expression::Or(parts)) }
    }

    fn and(&mut self) -> Option<Expression> {
        let mut parts = vec![self.negation()?];
        while self.word("AND") {
            parts.push(self.negation()?);
        }
        if parts.len() == 1 { parts.pop() } else { Some(Expression::And(parts)) }
    }

    fn negation(&mut self) -> Option<Expression> {
        if self.word("NOT") { Some(Expression::Not(Box::new(self.negation()?))) } else { self.comparison() }
    }

    fn comparison(&mut self) -> Option<Expression> {
        let left = self.value()?;
        if self.word("IS") {
            let negated = self.word("NOT");
            let inner = Box::new(left);
            return self.word("NULL").then_some(if negated {
                Expression::IsNotNull(inner)
            } else {
                Expression::IsNull(inner)
            });
        }
        let operator = match self.peek() {
            Some(Token::Sign(sign)) if ![")", ",", "]", "(", "["].contains(&sign.as_str()) => sign.clone(),
            _ => return Some(left),
        };
        self.at += 1;
        if self.word("ANY") {
            return Some(Expression::Any(Box::new(left), operator, self.list()?));
        }
        if self.word("ALL") {
            return Some(Expression::All(Box::new(left), operator, self.list()?));
        }
        Some(Expression::Compare(Box::new(left), operator, Box::new(self.value()?)))
    }

    /// `(ARRAY['a'::text, 'b'::text])`, in any number of parentheses, each followed by any casts.
    fn list(&mut self) -> Option<Vec<Expression>> {
        if self.sign("(") {
            let list = self.list()?;
            self.sign(")").then_some(())?;
            self.casts()?;
            return Some(list);
        }
        self.word("ARRAY").then_some(())?;
        self.sign("[").then_some(())?;
        let list = self.separated("]")?;
        self.casts()?;
        Some(list)
    }

    fn separated(&mut self, end: &str) -> Option<Vec<Expression>> {
        let mut list = Vec::new();
        if self.sign(end) {
            return Some(list);
        }
        loop {
            list.push(self.or()?);
            if self.sign(end) {
                return Some(list);
            }
            self.sign(",").then_some(())?;
        }
    }

    fn value(&mut self) -> Option<Expression> {
        let token = self.peek()?.clone();
        self.at += 1;
        let value = match token {
            Token::Sign(sign) if sign == "(" => {
                let inner = self.or()?;
                self.sign(")").then_some(inner)?
            }
            Token::Sign(sign) if sign == "-" => match self.value()? {
                Expression::Number(number) => Expression::Number(format!("-{number}")),
                _ => return None,
            },
            Token::Text(text) => Expression::Text(text),
            Token::Number(number) => Expression::Number(number),
            Token::Word(word) if word == "ARRAY" => {
                self.sign("[").then_some(())?;
                Expression::List(self.separated("]")?)
            }
            Token::Word(word) if word == "POSITION" => self.position()?,
            Token::Word(word) if word == "TRIM" => self.trim()?,
            // `"left"(…)`: the name of a function that is also a keyword.
            Token::Quoted(name) if self.sign("(") => Expression::Call(name, self.separated(")")?),
            Token::Quoted(name) => Expression::Column(name),
            Token::Word(word) if UNSUPPORTED.contains(&word.as_str()) => return None,
            Token::Word(word) if self.sign("(") => Expression::Call(word, self.separated(")")?),
            Token::Word(word) => Expression::Column(word),
            Token::Sign(_) => return None,
        };
        self.casts()?;
        Some(value)
    }

    /// `POSITION((part) IN (text))`, which is `strpos(text, part)`.
    fn position(&mut self) -> Option<Expression> {
        self.sign("(").then_some(())?;
        let part = self.value()?;
        self.word("IN").then_some(())?;
        let text = self.value()?;
        self.sign(")").then(|| Expression::Call("strpos".into(), vec![text, part]))
    }

    /// `TRIM(BOTH [characters] FROM text)`, which is `btrim(text[, characters])`; `LEADING` and `TRAILING` in the same way.
    fn trim(&mut self) -> Option<Expression> {
        self.sign("(").then_some(())?;
        let function = [("BOTH", "btrim"), ("LEADING", "ltrim"), ("TRAILING", "rtrim")]
            .into_iter()
            .find_map(|(word, function)| self.word(word).then_some(function))?;
        let characters = if self.word("FROM") {
            None
        } else {
            let characters = self.value()?;
            self.word("FROM").then_some(())?;
            Some(characters)
        };
        let text = self.value()?;
        self.sign(")")
            .then(|| Expression::Call(function.into(), [Some(text), characters].into_iter().flatten().collect()))
    }

    /// Skips casts to types with equivalent comparison; `None` for any other cast.
    fn casts(&mut self) -> Option<()> {
        while self.sign("::") {
            let mut name = Vec::new();
            while let Some(Token::Word(word)) = self.peek() {
                if ["AND", "OR", "IS", "IN", "FROM"].contains(&word.as_str()) {
                    break;
                }
                name.push(word.clone());
                self.at += 1;
            }
            EQUIVALENT_TYPES.contains(&name.join(" ").as_str()).then_some(())?;
            if self.sign("[") {
                self.sign("]").then_some(())?;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_in_the_server_notation_are_parsed() {
        let text = |text: &str| Expression::Text(text.into());
        let column = |name: &str| Box::new(Expression::Column(name.into()));
        let compare = |name, operator: &str, right| Expression::Compare(column(name), operator.into(), Box::new(right));
        for (condition, expected) in [
            ("((phone)::text ~ '^(a|b)::it''s'::text)", compare("phone", "~", text("^(a|b)::it's"))),
            ("(\"e mail\" <> ''::text)", compare("e mail", "<>", text(""))),
            ("(n >= (0)::numeric)", compare("n", ">=", Expression::Number("0".into()))),
            ("(n >= '-5'::integer)", compare("n", ">=", text("-5"))),
            (
                "((s)::text = ANY ((ARRAY['a'::character varying, 'b)'::character varying])::text[]))",
                Expression::Any(column("s"), "=".into(), vec![text("a"), text("b)")]),
            ),
            (
                "(NOT (POSITION(('@'::text) IN (a)) > 1))",
                Expression::Not(Box::new(Expression::Compare(
                    Box::new(Expression::Call("strpos".into(), vec![*column("a"), text("@")])),
                    ">".into(),
                    Box::new(Expression::Number("1".into())),
                ))),
            ),
            (
                "((a IS NULL) OR (a < 3))",
                Expression::Or(vec![
                    Expression::IsNull(column("a")),
                    compare("a", "<", Expression::Number("3".into())),
                ]),
            ),
        ] {
            assert_eq!(Expression::parse(condition), Some(expected), "{condition}");
        }
        for unknown in [
            "(a + 1) > 3",
            "CASE WHEN a > 3 THEN a END",
            "(a)::inet = b",
            "a > now() - '1 day'::interval",
            "(a ~ 'b'",
            "(r).x = 1",
        ] {
            assert_eq!(Expression::parse(unknown), None, "{unknown}");
        }
    }
}
