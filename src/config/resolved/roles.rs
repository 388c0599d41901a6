//! Roles that may log in or are created.

use super::Password;

/// A login role that may still log in.
#[derive(Clone, Debug)]
pub struct AllowedRole {
    /// New password, or `None` for a role that logs in without one (IAM tokens, certificates).
    pub password: Option<Password>,
}

/// A role that is created if it is missing.
#[derive(Clone, Debug)]
pub struct EnsuredRole {
    /// Whether the role may log in. If so, it need not be an allowed role.
    pub login: bool,
    /// Password of the role.
    pub password: Option<Password>,
    /// Roles of which it becomes a member.
    pub member_of: Vec<String>,
    /// `GRANT` statements without `GRANT` and the trailing `TO role`, run in every configured database:
    /// `SELECT ON ALL TABLES IN SCHEMA app`.
    pub grants: Vec<String>,
}
