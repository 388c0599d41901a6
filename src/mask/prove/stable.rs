//! Conditions whose truth no mask changes: about the presence of values, lengths that stay, and the parts of a JSON
//! document that no path selects.

use super::super::output::{MaskOutput, MaxLength, Structure};
use super::super::rule::{Path, PathStep};
use super::expression::Expression;

/// Decides which expressions have the same value for the output as for its input.
pub(super) struct Stable<'a> {
    pub name: &'a str,
    pub output: &'a MaskOutput,
}

impl Stable<'_> {
    /// Whether the value of an expression stays.
    pub(super) fn value(&self, expression: &Expression) -> bool {
        let all = |list: &[Expression]| list.iter().all(|one| self.value(one));
        match expression {
            Expression::Text(_) | Expression::Number(_) => true,
            Expression::Column(column) => column != self.name,
            Expression::List(list) | Expression::And(list) | Expression::Or(list) => all(list),
            Expression::Not(inner) => self.value(inner),
            Expression::IsNull(inner) | Expression::IsNotNull(inner) => self.presence(inner) || self.value(inner),
            Expression::Any(left, _, list) | Expression::All(left, _, list) => self.value(left) && all(list),
            Expression::Call(function, list) => self.call(function, list),
            Expression::Compare(left, operator, right) => {
                self.compare(left, operator, right) || self.value(left) && self.value(right)
            }
        }
    }

    fn is_column(&self, expression: &Expression) -> bool {
        matches!(expression, Expression::Column(column) if column == self.name)
    }

    /// Whether it stays NULL, or stays not NULL.
    fn presence(&self, expression: &Expression) -> bool {
        match expression {
            Expression::Column(_) => true,
            Expression::Call(function, list) if function == "COALESCE" => list.iter().all(|one| self.presence(one)),
            Expression::Compare(_, operator, _) => self.json_path(expression).is_some_and(|path| {
                // `->>` returns NULL for a JSON null, which a mask may write.
                self.no_path(|touched| touched.above(&path) || operator == "->>" && touched.at(&path))
            }),
            _ => false,
        }
    }

    fn call(&self, function: &str, list: &[Expression]) -> bool {
        match (function, list) {
            ("num_nulls" | "num_nonnulls", list) => list.iter().all(|one| self.presence(one) || self.value(one)),
            ("cardinality", [array]) => self.is_column(array) && self.is_array(),
            ("array_length", [array, Expression::Number(dimension)]) => {
                dimension == "1" && self.is_column(array) && self.is_array()
            }
            ("length" | "char_length" | "character_length", [text]) => {
                self.is_column(text) && self.output.max_chars == MaxLength::SameAsInput && !self.is_array()
            }
            ("jsonb_typeof" | "json_typeof" | "jsonb_array_length" | "json_array_length", [document]) => self
                .json_path(document)
                .is_some_and(|path| self.no_path(|touched| touched.above(&path) || touched.at(&path))),
            ("jsonb_path_exists", [document, Expression::Text(path)]) => {
                let steps = self.is_column(document).then(|| plain_path(path)).flatten();
                steps.is_some_and(|path| self.no_path(|touched| touched.above(&path) || touched.elements()))
            }
            _ => false,
        }
    }

    fn compare(&self, left: &Expression, operator: &str, right: &Expression) -> bool {
        // The empty array stays, and only that is equal to it.
        if let (true, Expression::Text(text)) = (self.is_column(left) && self.is_array(), right) {
            return text == "{}" && ["=", "<>"].contains(&operator);
        }
        if ["?", "?|", "?&"].contains(&operator) {
            let is_constant = matches!(right, Expression::Text(_) | Expression::List(_)) && self.value(right);
            return is_constant
                && self.json_path(left).is_some_and(|path| {
                    // The strings of an array count as keys.
                    self.no_path(|touched| touched.above(&path) || touched.at(&path) || touched.elements())
                        && self.output.structure != Structure::JsonShape
                });
        }
        // A value that no path selects, contains or is inside of.
        self.json_path(left).is_some_and(|path| {
            self.value(right)
                && self.output.structure != Structure::JsonShape
                && self.no_path(|touched| touched.above(&path) || touched.at(&path) || touched.below(&path))
        })
    }

    fn is_array(&self) -> bool {
        self.output.structure == Structure::Array
    }

    /// Whether no path of the mask has a relation to a value.
    fn no_path(&self, has: impl Fn(&Path) -> bool) -> bool {
        match &self.output.structure {
            Structure::JsonOutside(paths) => !paths.iter().any(has),
            Structure::JsonShape => true,
            Structure::Unknown | Structure::Array => false,
        }
    }

    /// Keys of `column -> 'a' ->> 'b'`, none of the column itself.
    fn json_path(&self, expression: &Expression) -> Option<Vec<String>> {
        match expression {
            column if self.is_column(column) => Some(Vec::new()),
            Expression::Compare(left, operator, right) if ["->", "->>"].contains(&operator.as_str()) => {
                let mut path = self.json_path(left)?;
                let Expression::Text(key) = right.as_ref() else { return None };
                path.push(key.clone());
                Some(path)
            }
            _ => None,
        }
    }
}

/// Keys of `$.a.b`; `None` for any other path.
fn plain_path(path: &str) -> Option<Vec<String>> {
    let is_key = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
    let keys = path.strip_prefix("$.")?.split('.').map(|key| key.trim_matches('"'));
    keys.map(|key| is_key(key).then(|| key.to_owned())).collect()
}

/// Where the values that a path of a mask selects may be, as seen from a value.
trait Touched {
    /// They may contain it.
    fn above(&self, path: &[String]) -> bool;
    /// It may be one of them.
    fn at(&self, path: &[String]) -> bool;
    /// They may be inside of it.
    fn below(&self, path: &[String]) -> bool;
    /// They may be elements of an array.
    fn elements(&self) -> bool;
}

impl Touched for Path {
    fn above(&self, path: &[String]) -> bool {
        let Some((_, before)) = path.split_last() else { return false };
        match keys(self) {
            Some(keys) => keys.len() < path.len() && keys == path[..keys.len()],
            None => self.last_key().is_none_or(|key| before.iter().any(|step| step == key)),
        }
    }

    fn at(&self, path: &[String]) -> bool {
        let Some(last) = path.last() else { return false };
        match keys(self) {
            Some(keys) => keys == path,
            None => self.last_key().is_none_or(|key| key == last),
        }
    }

    fn below(&self, path: &[String]) -> bool {
        keys(self).is_none_or(|keys| keys.len() > path.len() && keys[..path.len()] == *path)
    }

    fn elements(&self) -> bool {
        self.last_key().is_none()
    }
}

trait LastKey {
    fn last_key(&self) -> Option<&str>;
}

impl LastKey for Path {
    /// The key of the members that the path selects; `None` if they may be elements of an array, as a number may be a
    /// position.
    fn last_key(&self) -> Option<&str> {
        match self.0.last() {
            Some(PathStep::Key(key)) if !is_position(key) => Some(key),
            _ => None,
        }
    }
}

/// Keys of a path that selects members of objects only.
fn keys(path: &Path) -> Option<Vec<String>> {
    let key = |step: &PathStep| match step {
        PathStep::Key(key) if !is_position(key) => Some(key.clone()),
        _ => None,
    };
    path.0.iter().map(key).collect()
}

fn is_position(key: &str) -> bool {
    key.chars().all(|c| c.is_ascii_digit() || "+- ".contains(c))
}
