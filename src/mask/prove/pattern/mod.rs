//! Pattern inclusion: whether all outputs of a mask match a pattern. Both become automata, whose languages are compared.
//!
//! Only a part of PostgreSQL's regular expressions is supported (`parse`); others are refused. The members of a
//! class such as `\w` or `[:space:]` beyond ASCII depend on the locale, so every pattern has two readings: the texts that
//! match in every locale, which must contain the outputs of a mask, and those that match in some locale, which must be
//! disjoint from them. `\d` is the ten digits.

mod automaton;
mod char_set;
mod language;
mod notation;
mod parse;

pub(super) use language::Pattern;
pub(super) use notation::{escaped, similar_to_regex};
