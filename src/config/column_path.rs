//! Paths of columns and tables in `devdb.yaml`: `public.users.email`, `*.*_token`. A name with a dot, an asterisk or a
//! quotation mark is quoted as in SQL.

use std::fmt;

use serde::{Serialize, Serializer};

/// A pattern for columns. `*` matches any characters within one name. A path of two names is a table and a column in
/// any schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnPath {
    schema: Option<NamePattern>,
    table: NamePattern,
    column: NamePattern,
    text: String,
}

/// The path of a table: its qualified name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TablePath {
    /// Schema.
    pub schema: String,
    /// Name of the table.
    pub table: String,
}

/// A pattern as the pieces between its asterisks. A single piece is an exact name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NamePattern(Vec<String>);

impl ColumnPath {
    /// Parses a path.
    ///
    /// # Errors
    /// A phrase that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut names = parse_names(text)?;
        let (Some(column), Some(table)) = (names.pop(), names.pop()) else {
            return Err("it is not `schema.table.column`, or `table.column` for all schemas");
        };
        let schema = names.pop();
        if !names.is_empty() {
            return Err("it has more than three parts; quote a name that contains a dot");
        }
        Ok(ColumnPath { schema, table, column, text: text.to_owned() })
    }

    /// Returns the path of one column.
    pub fn of(table: &TablePath, column: &str) -> Self {
        let exact = |name: &str| NamePattern(vec![name.to_owned()]);
        ColumnPath {
            schema: Some(exact(&table.schema)),
            table: exact(&table.table),
            column: exact(column),
            text: format!("{table}.{}", quote_name(column)),
        }
    }

    /// Whether the path matches a column.
    pub fn matches(&self, schema: &str, table: &str, column: &str) -> bool {
        self.schema.as_ref().is_none_or(|name| name.matches(schema))
            && self.table.matches(table)
            && self.column.matches(column)
    }

    /// Whether the path matches an unquoted `schema.table.column`, whatever dots its names contain.
    pub fn matches_plain(&self, path: &str) -> bool {
        let dots: Vec<usize> = path.match_indices('.').map(|(position, _)| position).collect();
        dots.iter().enumerate().any(|(index, first)| {
            let columns = dots[index + 1..].iter();
            columns
                .into_iter()
                .any(|second| self.matches(&path[..*first], &path[first + 1..*second], &path[second + 1..]))
        })
    }

    /// Whether the path matches exactly one column.
    pub fn is_exact(&self) -> bool {
        self.schema.as_ref().is_some_and(NamePattern::is_exact) && self.table.is_exact() && self.column.is_exact()
    }

    /// Whether the path matches all columns.
    pub fn is_everything(&self) -> bool {
        self.schema.as_ref().is_none_or(NamePattern::is_any) && self.table.is_any() && self.column.is_any()
    }
}

impl fmt::Display for ColumnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for ColumnPath {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl TablePath {
    /// Parses `schema.table`. Returns `None` if the text is not the qualified name of one table.
    pub fn parse(text: &str) -> Option<Self> {
        let names = <[NamePattern; 2]>::try_from(parse_names(text).ok()?).ok()?;
        let [schema, table] = names.map(NamePattern::into_exact);
        Some(TablePath { schema: schema?, table: table? })
    }
}

impl fmt::Display for TablePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", quote_name(&self.schema), quote_name(&self.table))
    }
}

impl Serialize for TablePath {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Returns a name for a path, quoted if necessary.
pub fn quote_name(name: &str) -> String {
    if name.is_empty() || name.contains(['.', '*', '"']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}

impl NamePattern {
    fn is_exact(&self) -> bool {
        self.0.len() == 1
    }

    fn is_any(&self) -> bool {
        self.0.len() > 1 && self.0.iter().all(String::is_empty)
    }

    fn into_exact(mut self) -> Option<String> {
        if self.is_exact() { self.0.pop() } else { None }
    }

    fn matches(&self, name: &str) -> bool {
        let [first, middle @ .., last] = self.0.as_slice() else { return self.0.concat() == name };
        let Some(mut remaining) = name.strip_prefix(first.as_str()) else { return false };
        for piece in middle {
            match remaining.find(piece.as_str()) {
                Some(start) => remaining = &remaining[start + piece.len()..],
                None => return false,
            }
        }
        remaining.ends_with(last.as_str())
    }
}

fn parse_names(text: &str) -> Result<Vec<NamePattern>, &'static str> {
    let mut names = vec![vec![String::new()]];
    let (mut quoted, mut characters) = (false, text.chars().peekable());
    while let Some(c) = characters.next() {
        let pieces = names.last_mut().ok_or("it is empty")?;
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                push(pieces, '"');
            }
            '"' => quoted = !quoted,
            '.' if !quoted => names.push(vec![String::new()]),
            '*' if !quoted => pieces.push(String::new()),
            c => push(pieces, c),
        }
    }
    if quoted {
        return Err("its quotation mark is not closed");
    }
    if names.iter().any(|pieces| pieces.len() == 1 && pieces[0].is_empty()) {
        return Err("it has an empty name before or after a dot");
    }
    Ok(names.into_iter().map(NamePattern).collect())
}

fn push(pieces: &mut [String], c: char) {
    if let Some(piece) = pieces.last_mut() {
        piece.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_columns() {
        let matches = |path: &str, column: (&str, &str, &str)| {
            ColumnPath::parse(path).unwrap().matches(column.0, column.1, column.2)
        };
        let email = ("public", "users", "email");
        for path in ["public.users.email", "users.email", "*.email", "*.e*l", "public.*.email", "u*s.*", "*.*.*"] {
            assert!(matches(path, email), "{path}");
        }
        for path in ["users.mail", "public.users.e", "user.email", "app.users.email", "*.e*x", "*.email*x*"] {
            assert!(!matches(path, email), "{path}");
        }
        assert!(
            matches("*.*_token", ("app", "sessions", "push_token")) && !matches("*.*_token", ("app", "s", "token"))
        );
        assert!(matches("*.a*a", ("x", "y", "aa")) && !matches("*.a*a", ("x", "y", "a")));
        assert!(matches("\"my.app\".\"주문 \"\"특별\"\"\".\"*\"", ("my.app", "주문 \"특별\"", "*")));
        assert!(!matches("app.users.\"*\"", ("app", "users", "email")));
        let plain = |path: &str, plain: &str| ColumnPath::parse(path).unwrap().matches_plain(plain);
        assert!(plain("\"my.app\".\"주문 \"\"특별\"\"\".*", "my.app.주문 \"특별\".받는 사람") && plain("*.b", "s.a.b"));
        assert!(!plain("s.a.b", "s.a.c") && !plain("s.a.b", "a.b"));
    }

    #[test]
    fn invalid_paths_are_refused() {
        for invalid in ["", "email", ".email", "users.", "a..b", "a.b.c.d", "a.\"b", "*"] {
            assert!(ColumnPath::parse(invalid).is_err(), "{invalid}");
        }
        let path = |text| ColumnPath::parse(text).unwrap();
        assert!(path("a.b.c").is_exact() && !path("b.c").is_exact() && !path("a.b.c*").is_exact());
        assert!(path("*.*").is_everything() && path("*.*.*").is_everything() && !path("a.*.*").is_everything());
    }

    #[test]
    fn tables_have_qualified_names() {
        let table = TablePath::parse("public.\"we.ird\"").unwrap();
        assert_eq!((table.table.as_str(), table.to_string().as_str()), ("we.ird", "public.\"we.ird\""));
        assert_eq!(ColumnPath::of(&table, "a*b").to_string(), "public.\"we.ird\".\"a*b\"");
        for invalid in ["users", "*.users", "public.*", "public.users.email", "public."] {
            assert_eq!(TablePath::parse(invalid), None, "{invalid}");
        }
    }
}
