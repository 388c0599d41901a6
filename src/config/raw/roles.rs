//! Roles that may log in or are created.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Password;

/// Roles that may log in or are created.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Login roles that may still log in, by name.
    #[serde(default)]
    pub allow: BTreeMap<String, AllowedRole>,
    /// Roles that are created if they are missing, by name.
    #[serde(default)]
    pub ensure: BTreeMap<String, EnsuredRole>,
}

/// A login role that may still log in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllowedRole {
    /// New password. The production password is always removed.
    pub password: Option<Password>,
}

/// A role that is created if it is missing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnsuredRole {
    /// Whether the role may log in.
    #[serde(default)]
    pub login: bool,
    /// Password of the role.
    pub password: Option<Password>,
    /// Roles of which it becomes a member.
    #[serde(default)]
    pub member_of: Vec<String>,
    /// Privileges granted in every database, such as `SELECT ON ALL TABLES IN SCHEMA app`.
    #[serde(default)]
    pub grants: Vec<String>,
}
