//! What is wrong with a rule before there is a column.

/// What is wrong with a rule, whatever column it is for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The domain of `email` is none.
    #[error("`{domain}` is no domain for e-mail addresses; write one such as `example.com`")]
    Domain {
        /// What was written.
        domain: String,
    },
    /// A number is out of its range.
    #[error("`{option}` is {given}; it must be from {least} to {most}")]
    Range {
        /// The option.
        option: &'static str,
        /// What was written.
        given: i64,
        /// The least that is taken.
        least: i64,
        /// The most.
        most: i64,
    },
    /// A path into JSON cannot be read.
    #[error("`{path}` is no path that devdb takes: {why}")]
    Path {
        /// What was written.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A mask cannot stand inside something else.
    #[error("the mask `{mask}` of `{place}` cannot be used inside {what}; take one that makes text, `null` or `fixed`")]
    Inside {
        /// Inside what.
        what: &'static str,
        /// The path or key.
        place: String,
        /// The mask.
        mask: &'static str,
    },
    /// Two paths of which one leads through the other.
    #[error("`{inner}` lies inside `{outer}`, which is masked as a whole; remove one of them")]
    Nested {
        /// The longer path.
        inner: String,
        /// The shorter one.
        outer: String,
    },
    /// Something is empty that may not be.
    #[error("`{option}` is empty")]
    Empty {
        /// The option.
        option: &'static str,
    },
}
