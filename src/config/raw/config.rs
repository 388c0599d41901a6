//! The whole file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Masking, Reference, Sample, Target};

/// Fresh, scrubbed development databases from production snapshots. `${NAME}` in a value is replaced
/// by the environment variable NAME; `$${` is a literal `${`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "devdb.yaml")]
pub struct Config {
    /// Version of the file format.
    #[schemars(extend("const" = 1))]
    #[expect(dead_code, reason = "the schema allows one value only")]
    pub version: u32,
    /// Development databases, by name.
    #[schemars(extend("minProperties" = 1))]
    pub targets: BTreeMap<String, Target>,
    /// Masking rules and exemptions for every column.
    pub mask: Masking,
    /// Foreign keys that the databases do not declare. Masked keys stay consistent across them.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// Row selection of `devdb sample`.
    pub sample: Option<Sample>,
}
