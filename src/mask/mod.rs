//! Masks: rules that replace a column's values with harmless ones, each compiled to one SQL expression.
//!
//! [`Rule`] is a resolved mask of the configuration. [`compile()`] takes a rule, a column of the catalog and the team's
//! [`Key`], and returns an [`Expression`] or a [`Refusal`]. The file of each mask documents its result and states its
//! guarantees ([`MaskOutput`](output::MaskOutput)), which `prove` verifies against the column's constraints; what is not
//! proved is refused, and the refusal names the constraint.
//!
//! Expressions need no extension and no installed function, work on PostgreSQL 14 to 18, do not depend on the session's
//! search path, collation, `DateStyle` or time zone, and return the same output for the same input and key in every
//! table. NULL stays NULL, and an empty string stays empty.

mod compile;
pub mod coverage;
mod expression;
mod key;
pub mod lock;
mod output;
mod prove;
pub mod reference;
mod refusal;
mod rule;
mod sql;
pub(crate) mod type_kind;
pub(crate) mod wordlists;

mod address;
mod array;
mod business_number;
mod bytes;
mod card;
mod checksum;
mod company;
mod composite;
mod constant;
mod date;
mod email;
mod enumeration;
mod hstore;
mod identifier;
mod ip;
mod json;
mod name;
mod number;
mod permutation;
mod phone;
mod postal_code;
mod range;
mod registration_number;
mod text;
mod url;
mod username;
mod uuid;
mod vouch;

pub use compile::compile;
pub use expression::Expression;
pub use key::{Key, SHORTEST_SECRET, WeakKey};
pub use refusal::{Refusal, RefusalReason};
pub use rule::{Path, PathStep, Rule, RuleError};
