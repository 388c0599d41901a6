//! What a mask is given, and what it gives back.

use crate::pg::catalog::Column;
use crate::pg::identifier;

use super::key::Key;
use super::refusal::Why;
use super::sql::{bytewise, call, cast};
use super::type_kind::TypeKind;

/// The value to mask.
pub(super) struct MaskInput<'a> {
    /// The column it is in.
    pub column: &'a Column,
    /// The value in SQL: the column, an element of it, or something inside it.
    pub value: String,
    /// Its base type.
    pub kind: TypeKind,
    /// Characters that it may have.
    pub room: usize,
    /// The team's secret.
    pub key: &'a Key,
}

impl<'a> MaskInput<'a> {
    /// A column's own value.
    pub(super) fn of(column: &'a Column, key: &'a Key) -> MaskInput<'a> {
        // 63 bytes; longer ones are cut without a word, but no mask that keeps values apart has others than
        // ASCII characters.
        let is_name = column.base.schema == "pg_catalog" && column.base.name == "name";
        let room = column.longest.unwrap_or(if is_name { 63 } else { usize::MAX });
        MaskInput { column, value: identifier(&column.name), kind: TypeKind::of(&column.base), room, key }
    }

    /// The value as text under byte order; in lower case where its type ignores case, so that values
    /// that are equal stay equal.
    pub(super) fn text(&self) -> String {
        let text = bytewise(&cast(&self.value, "text"));
        if self.kind == (TypeKind::Text { ignores_case: true }) { call("lower", &[&text]) } else { text }
    }

    /// Refuses other types than text.
    pub(super) fn must_be_text(&self) -> Result<(), Why> {
        if self.kind.is_text() { Ok(()) } else { Err(self.wrong_type("text")) }
    }

    pub(super) fn wrong_type(&self, takes: &'static str) -> Why {
        Why::Type { takes, found: self.column.base.name.clone() }
    }

    /// Refuses what does not fit.
    pub(super) fn must_fit(&self, needed: usize) -> Result<(), Why> {
        if needed <= self.room { Ok(()) } else { Err(Why::TooLong { needed, room: self.room }) }
    }

    /// Another column of the row, as text.
    pub(super) fn by(&self, name: &str) -> Result<String, Why> {
        let wrong = |why| Why::By { by: name.to_owned(), why };
        let by = self.column.siblings.get(name).ok_or_else(|| wrong("is not in the table"))?;
        let kind = TypeKind::of(by);
        // The text of dates and floats depends on settings of the session.
        let steady = kind.is_text()
            || matches!(kind, TypeKind::SmallInt | TypeKind::Integer | TypeKind::BigInt | TypeKind::Uuid);
        if !steady {
            return Err(wrong("holds neither integers nor text nor UUIDs"));
        }
        let text = cast(&identifier(name), "text");
        Ok(format!("COALESCE({text}, ''::pg_catalog.text)"))
    }
}

/// An expression with its promises. For NULL and the empty string it is not asked.
pub(super) struct MaskOutput {
    /// The expression, of a type that casts to the column's.
    pub sql: String,
    /// Least characters of an output; 0 for what is no text.
    pub shortest: usize,
    /// Most characters.
    pub longest: Length,
    /// Whether different inputs make different outputs.
    pub distinct: Distinct,
    /// Whether `lower`, `upper` and `trim` keep different outputs different wherever they kept the
    /// inputs different: no output has a space at an end, or capital letters that its input has not.
    pub plain: bool,
    /// Whether the sign of a number is kept.
    pub keeps_sign: bool,
    /// How outputs are written.
    pub form: Form,
    /// What is known of numbers and dates.
    pub near: Near,
    /// Whether it holds a subquery, which `ALTER TABLE … USING` refuses.
    pub subquery: bool,
}

/// How outputs are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Nothing is known.
    Unknown,
    /// They match this pattern from end to end.
    As(String),
    /// The input says how. In all patterns `#` is a digit.
    By {
        /// For inputs of some patterns. One that matches several is written as one of them says.
        cases: Vec<Case>,
        /// The pattern for all other inputs.
        otherwise: String,
    },
}

/// How the outputs of some inputs are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Case {
    /// What the inputs match from end to end.
    pub of: String,
    /// How their outputs are written.
    pub becomes: Becomes,
}

/// How an output is written, given the pattern that its input matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Becomes {
    /// It matches this pattern.
    As(String),
    /// It is the input but for the digits at `#`, each of which may be any other.
    Digits,
}

impl Form {
    /// A pattern of all outputs, in which `#` is a digit.
    pub(super) fn of_all(&self) -> Option<String> {
        match self {
            Form::Unknown => None,
            Form::As(form) => Some(form.clone()),
            Form::By { cases, otherwise } => {
                let outputs = cases.iter().map(|case| match &case.becomes {
                    Becomes::As(form) => form.as_str(),
                    Becomes::Digits => case.of.as_str(),
                });
                Some(outputs.chain([otherwise.as_str()]).collect::<Vec<&str>>().join("|"))
            }
        }
    }
}

impl Case {
    /// Inputs whose digits at `#` change.
    pub(super) fn digits(of: impl Into<String>) -> Case {
        Case { of: of.into(), becomes: Becomes::Digits }
    }

    /// Inputs whose outputs match a pattern.
    pub(super) fn of(of: impl Into<String>, becomes: impl Into<String>) -> Case {
        Case { of: of.into(), becomes: Becomes::As(becomes.into()) }
    }

    /// Inputs whose outputs match the pattern that they do.
    pub(super) fn same(of: impl Into<String>) -> Case {
        let of = of.into();
        Case { becomes: Becomes::As(of.clone()), of }
    }
}

/// What is known of an output that is a number or a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Near {
    /// Nothing.
    Nothing,
    /// It is this one.
    Value(String),
    /// It is in the same year.
    Year,
    /// It is in the same month.
    Month,
}

/// How long outputs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// So many characters at most.
    Most(usize),
    /// No more than the input's.
    Input,
    /// That of the input.
    Same,
}

/// Whether different inputs make different outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distinct {
    /// Always, or but for a collision of 64 bits of a keyed hash (45 of the few values of a column of numbers
    /// that are none).
    Yes,
    /// No.
    No,
}

impl MaskOutput {
    /// Text of a length, with different outputs for different inputs or not.
    pub(super) fn text(sql: String, shortest: usize, longest: usize, distinct: Distinct) -> MaskOutput {
        let longest = Length::Most(longest);
        let (form, near) = (Form::Unknown, Near::Nothing);
        MaskOutput { sql, shortest, longest, distinct, plain: false, keeps_sign: false, form, near, subquery: false }
    }

    /// Outputs that match a pattern from end to end.
    pub(super) fn written(self, form: impl Into<String>) -> MaskOutput {
        MaskOutput { form: Form::As(form.into()), ..self }
    }

    /// What is no text.
    pub(super) fn value(sql: String, distinct: Distinct) -> MaskOutput {
        MaskOutput::text(sql, 0, 0, distinct)
    }
}
