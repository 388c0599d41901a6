//! The account that the credentials belong to.

/// The account and region that the credentials reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// AWS account number; on the local platform [`super::local::ACCOUNT`].
    pub account: String,
    /// AWS region; on the local platform the root directory.
    pub region: String,
    /// The caller's ARN or operating-system user, for display.
    pub caller: String,
}
