//! Masks: a rule that turns a column's values into harmless ones, compiled to one SQL expression.
//!
//! The way through: [`Rule`] is what the configuration means; [`compile()`] takes a rule, what the
//! catalog says of the column, and the team's [`Key`], and makes an [`Expression`] or a [`Refusal`]. A
//! mask's own file says what it makes and promises ([`MaskOutput`](output::MaskOutput)); `prove` holds those promises
//! against the column's constraints; what cannot be proved is refused, with the constraint named.
//!
//! Expressions need no extension and no function installed, work on PostgreSQL 14 to 18, read the same
//! whatever the search path, collation, `DateStyle` or time zone of the session, and give the same
//! output for the same input and key in every table. NULL stays NULL, and an empty string stays empty.

mod compile;
pub mod coverage;
mod key;
pub mod lock;
mod output;
mod prove;
mod reference;
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

pub use compile::{Expression, compile};
pub use key::{Key, SHORTEST_SECRET, WeakKey};
pub use reference::{Cost, Entry, list, table};
pub use refusal::{Refusal, Why};
pub use rule::{Path, Rule, RuleError, Step};
