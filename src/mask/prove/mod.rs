//! Prover: verifies the guarantees of a mask against the constraints of a column. What is not proved is refused:
//! PostgreSQL would report a violation too, but an hour later, with half of the tables rewritten.

mod check;
mod column;
mod expression;
mod outputs;
mod pattern;
mod stable;
mod text_check;
mod text_scan;
mod token;
mod unique;
mod value_check;

pub(super) use column::{elements, null, values};
