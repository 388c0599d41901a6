//! The recipe: a fingerprint of everything that decides what a scrubbed clone contains. It is a tag of the clone.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::config::{ColumnPath, Reference, Target, mask::RawMask};
use crate::digest::{canonical_json, sha256};
use crate::mask;

use super::database_scripts::DatabaseScripts;

/// Version of the serialized form, which prefixes each recipe. It changes with every change of the form, so that equal
/// recipes always mean equal settings. The recipes of devdb versions without a prefix hashed a form that was not
/// written down.
const VERSION: u32 = 2;

/// Hexadecimal digits of a recipe's hash: 128 bits.
const DIGITS: usize = 32;

/// The settings that decide what a scrubbed clone contains.
///
/// A recipe is `v2-` and the first 32 digits of the SHA-256 of the [canonical JSON](canonical_json) of this. Masks and
/// paths have the form in which `devdb.yaml` spells them; lists keep the order of the configuration. Secrets occur by
/// name only: a tag must not contain their values, even hashed.
#[derive(Serialize)]
struct Settings<'a> {
    version: u32,
    databases: Vec<DatabaseSettings<'a>>,
    /// Names of the roles that may log in.
    allowed_roles: Vec<&'a str>,
    ensured_roles: BTreeMap<&'a str, RoleSettings<'a>>,
    /// Names of the hazards that are kept.
    kept_hazards: Vec<&'a str>,
    /// Masks by column, in the order of the configuration.
    rules: &'a [(ColumnPath, RawMask)],
    scripted: &'a [ColumnPath],
    references: &'a [Reference],
    /// Fingerprint of the key of the masks.
    mask_key: String,
}

#[derive(Serialize)]
struct DatabaseSettings<'a> {
    name: &'a str,
    /// Fingerprint of the scripts: paths and content.
    scripts: String,
    variables: &'a BTreeMap<String, String>,
    /// Names of the secret variables.
    secrets: Vec<&'a str>,
}

#[derive(Serialize)]
struct RoleSettings<'a> {
    login: bool,
    member_of: &'a [String],
    grants: &'a [String],
}

/// Returns the recipe. The clone of an interrupted run is resumed only if its recipe is the same: otherwise parts of
/// it would be scrubbed by other rules than the rest.
pub fn recipe(target: &Target, databases: &[DatabaseScripts], mask_key: &mask::Key) -> String {
    let settings = Settings {
        version: VERSION,
        databases: databases
            .iter()
            .map(|one| DatabaseSettings {
                name: &one.database,
                scripts: one.scripts.fingerprint(),
                variables: &one.variables.values,
                secrets: one.variables.secrets.keys().map(String::as_str).collect(),
            })
            .collect(),
        allowed_roles: target.allowed_roles.keys().map(String::as_str).collect(),
        ensured_roles: target
            .ensured_roles
            .iter()
            .map(|(name, role)| {
                let settings = RoleSettings { login: role.login, member_of: &role.member_of, grants: &role.grants };
                (name.as_str(), settings)
            })
            .collect(),
        kept_hazards: target.kept_hazards.keys().map(String::as_str).collect(),
        rules: &target.masking.rules,
        scripted: &target.masking.scripted,
        references: &target.masking.references,
        mask_key: mask_key.check(),
    };
    hashed(&settings)
}

fn hashed(settings: &Settings<'_>) -> String {
    format!("v{VERSION}-{}", &sha256(canonical_json(settings))[..DIGITS])
}

/// Returns the version prefix of a recipe, or `None` for the recipes of devdb versions without one.
pub fn version(recipe: &str) -> Option<&str> {
    recipe.split_once('-').map(|(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TablePath;

    #[test]
    fn a_recipe_has_a_stable_form_and_hash() {
        let table = |name: &str| TablePath { schema: "app".into(), table: name.into() };
        let variables = BTreeMap::from([("domain".to_owned(), "example.com".to_owned())]);
        let (member_of, grants) = (["readers".to_owned()], ["SELECT ON ALL TABLES IN SCHEMA app".to_owned()]);
        let settings = Settings {
            version: VERSION,
            databases: vec![DatabaseSettings {
                name: "app",
                scripts: "0a1b".into(),
                variables: &variables,
                secrets: vec!["token"],
            }],
            allowed_roles: vec!["app_service"],
            ensured_roles: BTreeMap::from([(
                "qa",
                RoleSettings { login: true, member_of: &member_of, grants: &grants },
            )]),
            kept_hazards: vec!["cron"],
            rules: &[(ColumnPath::of(&table("users"), "email"), RawMask::Null)],
            scripted: &[ColumnPath::of(&table("notes"), "body")],
            references: &[Reference {
                table: table("tickets"),
                columns: vec!["user_id".into()],
                expression: None,
                condition: None,
                to: table("users"),
                key: vec!["id".into()],
            }],
            mask_key: "0123456789abcdef".into(),
        };
        assert_eq!(
            canonical_json(&settings),
            r#"{"allowed_roles":["app_service"],"databases":[{"name":"app","scripts":"0a1b","secrets":["token"],"variables":{"domain":"example.com"}}],"ensured_roles":{"qa":{"grants":["SELECT ON ALL TABLES IN SCHEMA app"],"login":true,"member_of":["readers"]}},"kept_hazards":["cron"],"mask_key":"0123456789abcdef","references":[{"columns":["user_id"],"condition":null,"expression":null,"key":["id"],"table":"app.tickets","to":"app.users"}],"rules":[["app.users.email",null]],"scripted":["app.notes.body"],"version":2}"#
        );
        assert_eq!(hashed(&settings), "v2-c4dc8d0e51fa5c107597860ed2ff5bb0");
        assert_eq!(version("v2-0a"), Some("v2"));
        assert_eq!(version("0123456789abcdef"), None);
    }
}
