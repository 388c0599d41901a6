//! Columns and tables by name, as they are written in `devdb.yaml`: `public.users.email`, `*.*_token`.
//! A name that holds a dot, a star or a quotation mark is written in quotation marks, as in SQL.

use std::fmt;

use serde::{Serialize, Serializer};

/// Columns by name. `*` stands for any run of characters within one name; two names are a table and a
/// column of any schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnPath {
    schema: Option<Name>,
    table: Name,
    column: Name,
    written: String,
}

/// A table by its full name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TablePath {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
}

/// A name in pieces between stars; one piece is the name itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name(Vec<String>);

impl ColumnPath {
    /// Reads it.
    ///
    /// # Errors
    /// With what is wrong, in words.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        let mut names = names(text)?;
        let (Some(column), Some(table)) = (names.pop(), names.pop()) else {
            return Err("a column is written `schema.table.column`, or `table.column` for every schema");
        };
        let schema = names.pop();
        if !names.is_empty() {
            return Err("it has more than three parts; a name that holds a dot stands in quotation marks");
        }
        Ok(ColumnPath { schema, table, column, written: text.to_owned() })
    }

    /// One column of one table.
    pub fn of(table: &TablePath, column: &str) -> Self {
        let one = |name: &str| Name(vec![name.to_owned()]);
        ColumnPath {
            schema: Some(one(&table.schema)),
            table: one(&table.table),
            column: one(column),
            written: format!("{table}.{}", shown(column)),
        }
    }

    /// Whether it means this column.
    pub fn matches(&self, schema: &str, table: &str, column: &str) -> bool {
        self.schema.as_ref().is_none_or(|name| name.matches(schema))
            && self.table.matches(table)
            && self.column.matches(column)
    }

    /// Whether it means the column of a plain `schema.table.column`, in which nothing is quoted.
    pub fn matches_plain(&self, path: &str) -> bool {
        let dots: Vec<usize> = path.match_indices('.').map(|(at, _)| at).collect();
        dots.iter().enumerate().any(|(index, first)| {
            let columns = dots[index + 1..].iter();
            columns
                .into_iter()
                .any(|second| self.matches(&path[..*first], &path[first + 1..*second], &path[second + 1..]))
        })
    }

    /// Whether it names one column and no more.
    pub fn is_exact(&self) -> bool {
        self.schema.as_ref().is_some_and(Name::is_exact) && self.table.is_exact() && self.column.is_exact()
    }

    /// Whether it means every column there is.
    pub fn is_everything(&self) -> bool {
        self.schema.as_ref().is_none_or(Name::is_any) && self.table.is_any() && self.column.is_any()
    }
}

impl fmt::Display for ColumnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Serialize for ColumnPath {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl TablePath {
    /// Reads it. None if it is no full name of one table.
    pub fn read(text: &str) -> Option<Self> {
        let mut exact = names(text).ok()?.into_iter().filter_map(Name::into_exact);
        let (schema, table) = (exact.next()?, exact.next()?);
        (exact.next().is_none() && names(text).ok()?.len() == 2).then_some(TablePath { schema, table })
    }
}

impl fmt::Display for TablePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", shown(&self.schema), shown(&self.table))
    }
}

impl Serialize for TablePath {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// A name as it is written in a path.
pub fn shown(name: &str) -> String {
    if name.is_empty() || name.contains(['.', '*', '"']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}

impl Name {
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
        let Some(mut rest) = name.strip_prefix(first.as_str()) else { return false };
        for piece in middle {
            match rest.find(piece.as_str()) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        rest.ends_with(last.as_str())
    }
}

fn names(text: &str) -> Result<Vec<Name>, &'static str> {
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
        return Err("a quotation mark is not closed");
    }
    if names.iter().any(|pieces| pieces.len() == 1 && pieces[0].is_empty()) {
        return Err("a name is missing before or after a dot");
    }
    Ok(names.into_iter().map(Name).collect())
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
    fn columns_are_named_one_by_one_or_many_at_once() {
        let is = |path: &str, column: (&str, &str, &str)| {
            ColumnPath::read(path).unwrap().matches(column.0, column.1, column.2)
        };
        let email = ("public", "users", "email");
        for path in ["public.users.email", "users.email", "*.email", "*.e*l", "public.*.email", "u*s.*", "*.*.*"] {
            assert!(is(path, email), "{path}");
        }
        for path in ["users.mail", "public.users.e", "user.email", "app.users.email", "*.e*x", "*.email*x*"] {
            assert!(!is(path, email), "{path}");
        }
        assert!(is("*.*_token", ("app", "sessions", "push_token")) && !is("*.*_token", ("app", "s", "token")));
        assert!(is("*.a*a", ("x", "y", "aa")) && !is("*.a*a", ("x", "y", "a")));
        assert!(is("\"my.app\".\"주문 \"\"특별\"\"\".\"*\"", ("my.app", "주문 \"특별\"", "*")));
        assert!(!is("app.users.\"*\"", ("app", "users", "email")));
        let plain = |path: &str, plain: &str| ColumnPath::read(path).unwrap().matches_plain(plain);
        assert!(plain("\"my.app\".\"주문 \"\"특별\"\"\".*", "my.app.주문 \"특별\".받는 사람") && plain("*.b", "s.a.b"));
        assert!(!plain("s.a.b", "s.a.c") && !plain("s.a.b", "a.b"));
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for wrong in ["", "email", ".email", "users.", "a..b", "a.b.c.d", "a.\"b", "*"] {
            assert!(ColumnPath::read(wrong).is_err(), "{wrong}");
        }
        let path = |text| ColumnPath::read(text).unwrap();
        assert!(path("a.b.c").is_exact() && !path("b.c").is_exact() && !path("a.b.c*").is_exact());
        assert!(path("*.*").is_everything() && path("*.*.*").is_everything() && !path("a.*.*").is_everything());
    }

    #[test]
    fn tables_are_named_in_full() {
        let table = TablePath::read("public.\"we.ird\"").unwrap();
        assert_eq!((table.table.as_str(), table.to_string().as_str()), ("we.ird", "public.\"we.ird\""));
        assert_eq!(ColumnPath::of(&table, "a*b").to_string(), "public.\"we.ird\".\"a*b\"");
        for wrong in ["users", "*.users", "public.*", "public.users.email", "public."] {
            assert_eq!(TablePath::read(wrong), None, "{wrong}");
        }
    }
}
