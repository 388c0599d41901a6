//! Input and output of a mask: the value to mask, and the expression with its guarantees.

use crate::pg::catalog::Column;
use crate::pg::identifier;

use super::key::Key;
use super::refusal::RefusalReason;
use super::rule::Path;
use super::sql::{bytewise, call, cast};
use super::type_kind::TypeKind;

/// Compiles a rule for a value inside another value (an element, an attribute, a JSON leaf).
///
/// Masks of containers take this function as a parameter instead of importing it, so that the recursion over a
/// rule tree stays in one file (`compile`).
pub(super) type CompileInner<O> = fn(&super::rule::Rule, &MaskInput<'_>) -> Result<O, RefusalReason>;

/// The value to mask.
pub(super) struct MaskInput<'a> {
    /// The column that holds the value.
    pub column: &'a Column,
    /// SQL of the value: the column, one of its elements, or something inside it.
    pub value: String,
    /// Kind of the value's base type.
    pub kind: TypeKind,
    /// Maximum length in characters; `usize::MAX` if unlimited.
    pub max_chars: usize,
    /// The team's key.
    pub key: &'a Key,
}

impl<'a> MaskInput<'a> {
    /// The value of a whole column.
    pub(super) fn of(column: &'a Column, key: &'a Key) -> MaskInput<'a> {
        // `name` takes 63 bytes and silently truncates longer values. Masks with unique outputs write ASCII only, so
        // characters are bytes.
        let is_name = column.base.schema == "pg_catalog" && column.base.name == "name";
        let max_chars = column.longest.unwrap_or(if is_name { 63 } else { usize::MAX });
        MaskInput { column, value: identifier(&column.name), kind: TypeKind::of(&column.base), max_chars, key }
    }

    /// A text inside a container (JSON, hstore), without a length limit.
    pub(super) fn inner_text(&self, value: String) -> MaskInput<'a> {
        let kind = TypeKind::Text { ignores_case: false };
        MaskInput { column: self.column, value, kind, max_chars: usize::MAX, key: self.key }
    }

    /// SQL of the value as text with the `C` collation; in lower case if its type ignores case, so that equal
    /// values stay equal.
    pub(super) fn text(&self) -> String {
        let text = bytewise(&cast(&self.value, "text"));
        if self.kind == (TypeKind::Text { ignores_case: true }) { call("lower", &[&text]) } else { text }
    }

    /// Checks that the value is text.
    pub(super) fn ensure_text(&self) -> Result<(), RefusalReason> {
        if self.kind.is_text() { Ok(()) } else { Err(self.type_mismatch("text")) }
    }

    /// The refusal of a column whose type the mask does not accept.
    pub(super) fn type_mismatch(&self, accepts: &'static str) -> RefusalReason {
        RefusalReason::Type { accepts, found: self.column.base.name.clone() }
    }

    /// Checks that outputs of `needed` characters fit.
    pub(super) fn ensure_fits(&self, needed: usize) -> Result<(), RefusalReason> {
        let max_chars = self.max_chars;
        if needed <= max_chars { Ok(()) } else { Err(RefusalReason::TooLong { needed, max_chars }) }
    }

    /// SQL of another column of the row, as text; an empty text for NULL.
    pub(super) fn sibling_text(&self, name: &str) -> Result<String, RefusalReason> {
        let refused = |problem| RefusalReason::By { by: name.to_owned(), problem };
        let sibling = self.column.siblings.get(name).ok_or_else(|| refused("is not in the table"))?;
        let kind = TypeKind::of(sibling);
        // The text of dates and floats depends on settings of the session.
        let is_stable = kind.is_text()
            || matches!(kind, TypeKind::SmallInt | TypeKind::Integer | TypeKind::BigInt | TypeKind::Uuid);
        if !is_stable {
            return Err(refused("holds neither integers nor text nor UUIDs"));
        }
        let text = cast(&identifier(name), "text");
        Ok(format!("COALESCE({text}, ''::pg_catalog.text)"))
    }
}

/// An expression with its guarantees. They do not cover NULL and the empty string, which the expression never sees.
pub(super) struct MaskOutput {
    /// The expression, of a type that casts to the column's.
    pub sql: String,
    /// Minimum length in characters; 0 for values that are not text.
    pub min_chars: usize,
    /// Maximum length.
    pub max_chars: MaxLength,
    /// Whether different inputs have different outputs.
    pub distinct: Distinct,
    /// Whether `lower`, `upper` and `trim` keep different outputs different wherever they kept the
    /// inputs different: no output has a space at an end, or capital letters that its input lacks.
    pub plain: bool,
    /// Whether the sign of a number is kept.
    pub keeps_sign: bool,
    /// Format of the outputs.
    pub format: OutputFormat,
    /// Known value of an output that is a number or a date.
    pub known_value: KnownValue,
    /// What a container keeps of its input.
    pub structure: Structure,
    /// Whether the expression contains a subquery, which `ALTER TABLE … USING` rejects.
    pub subquery: bool,
}

/// Format of the outputs of a mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OutputFormat {
    /// Unknown.
    Unknown,
    /// A pattern that every output matches as a whole.
    Pattern(String),
    /// A format that depends on the input. In all patterns `#` is a digit.
    ByInput {
        /// Formats for inputs of certain patterns. An input that matches several cases has the format of one of them.
        cases: Vec<Case>,
        /// Pattern of the outputs of all other inputs.
        otherwise: String,
    },
}

/// Format of the outputs of certain inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Case {
    /// Pattern that the inputs match as a whole.
    pub input: String,
    /// Format of their outputs.
    pub output: CaseOutput,
}

/// Format of an output, given the pattern that its input matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CaseOutput {
    /// A pattern that the output matches.
    Pattern(String),
    /// The input, with any digits in the places of `#`.
    DigitsChanged,
}

impl OutputFormat {
    /// Pattern of all outputs, in which `#` is a digit; `None` if unknown.
    pub(super) fn pattern(&self) -> Option<String> {
        match self {
            OutputFormat::Unknown => None,
            OutputFormat::Pattern(pattern) => Some(pattern.clone()),
            OutputFormat::ByInput { cases, otherwise } => {
                let outputs = cases.iter().map(|case| match &case.output {
                    CaseOutput::Pattern(pattern) => pattern.as_str(),
                    CaseOutput::DigitsChanged => case.input.as_str(),
                });
                Some(outputs.chain([otherwise.as_str()]).collect::<Vec<&str>>().join("|"))
            }
        }
    }
}

impl Case {
    /// Inputs whose digits at `#` change.
    pub(super) fn digits_changed(input: impl Into<String>) -> Case {
        Case { input: input.into(), output: CaseOutput::DigitsChanged }
    }

    /// Inputs of one pattern whose outputs match another.
    pub(super) fn new(input: impl Into<String>, output: impl Into<String>) -> Case {
        Case { input: input.into(), output: CaseOutput::Pattern(output.into()) }
    }

    /// Inputs whose outputs match the same pattern.
    pub(super) fn same(pattern: impl Into<String>) -> Case {
        let pattern = pattern.into();
        Case { output: CaseOutput::Pattern(pattern.clone()), input: pattern }
    }
}

/// Known value of an output that is a number or a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KnownValue {
    /// Unknown.
    Unknown,
    /// This constant.
    Constant(String),
    /// A date in the same year as the input.
    SameYear,
    /// A date in the same month as the input.
    SameMonth,
}

/// What the output of a container keeps of its input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Structure {
    /// Unknown.
    Unknown,
    /// An array: the number of elements in total, and in the first dimension.
    Array,
    /// JSON: everything that none of these paths selects.
    JsonOutside(Vec<Path>),
    /// JSON: everything but strings and numbers, whose types are kept.
    JsonShape,
}

/// Maximum length of the outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MaxLength {
    /// A number of characters.
    Chars(usize),
    /// The length of the input, or less.
    UpToInput,
    /// Exactly the length of the input.
    SameAsInput,
}

/// Whether different inputs have different outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distinct {
    /// Always, except for a collision of 64 bits of a keyed hash (45 bits for malformed values in a column of
    /// numbers with check digits).
    Yes,
    /// Not guaranteed.
    No,
}

impl MaskOutput {
    /// Text of `min_chars` to `max_chars` characters.
    pub(super) fn text(sql: String, min_chars: usize, max_chars: usize, distinct: Distinct) -> MaskOutput {
        MaskOutput {
            sql,
            min_chars,
            max_chars: MaxLength::Chars(max_chars),
            distinct,
            plain: false,
            keeps_sign: false,
            format: OutputFormat::Unknown,
            known_value: KnownValue::Unknown,
            structure: Structure::Unknown,
            subquery: false,
        }
    }

    /// The same output with a pattern that every value matches as a whole.
    pub(super) fn with_pattern(self, pattern: impl Into<String>) -> MaskOutput {
        MaskOutput { format: OutputFormat::Pattern(pattern.into()), ..self }
    }

    /// A value that is not text.
    pub(super) fn value(sql: String, distinct: Distinct) -> MaskOutput {
        MaskOutput::text(sql, 0, 0, distinct)
    }
}
