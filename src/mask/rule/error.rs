//! Errors of rules that are invalid for every column.

/// A rule that is invalid for every column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// An invalid domain for `email`.
    #[error("`{domain}` is not a domain for e-mail addresses; use one such as `example.com`")]
    Domain {
        /// Configured value.
        domain: String,
    },
    /// A number out of range.
    #[error("`{option}` is {given}, but must be between {min} and {max}")]
    Range {
        /// Option.
        option: &'static str,
        /// Configured value.
        given: i64,
        /// Minimum.
        min: i64,
        /// Maximum.
        max: i64,
    },
    /// A JSON path that cannot be parsed.
    #[error("`{path}` is not a valid JSON path: {problem}")]
    Path {
        /// Configured path.
        path: String,
        /// Problem, as a clause.
        problem: &'static str,
    },
    /// A mask that cannot be used inside a container.
    #[error("the mask `{mask}` of `{location}` cannot be used inside {container}; use a text mask, `null` or `fixed`")]
    Inside {
        /// Container: JSON or hstore.
        container: &'static str,
        /// Path or key.
        location: String,
        /// Name of the mask.
        mask: &'static str,
    },
    /// A path inside the values of another.
    #[error("`{inner}` is inside `{outer}`, which is masked as a whole; remove one of them")]
    Nested {
        /// The longer path.
        inner: String,
        /// The shorter path.
        outer: String,
    },
    /// An empty option.
    #[error("`{option}` is empty")]
    Empty {
        /// Option.
        option: &'static str,
    },
}
