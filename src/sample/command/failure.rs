//! Failures that the commands share.

use crate::error::{Exit, Failure};

/// Returns the failure of an interrupted command.
pub(super) fn interrupted() -> Failure {
    Failure::new(Exit::Interrupted, "interrupted").and("nothing was changed")
}

/// Returns the failure for a configuration without a `sample` section.
pub fn no_section() -> Failure {
    Failure::new(Exit::Usage, "no `sample` section in the configuration")
        .hint("add `sample: { root: SCHEMA.TABLE }` with the table of your users: its rows are where a sample starts")
}
