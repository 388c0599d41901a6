//! The labels of a sample: where its rows come from, and hashes of what selected and masked them. They are in the
//! manifest of an archive, and on an image as `devdb.NAME`.
//!
//! | label | value |
//! | --- | --- |
//! | `system-sha256` | the source's cluster, and every physical copy of it: the hash of its system identifier |
//! | `snapshot` | the snapshot that a generation was restored from; only if the source is a generation |
//! | `configuration-sha256` | the edges, tables, references and masks of the configuration, see [`Configuration`] |
//! | `seeds-sha256` | the seed rows, see [`SeedRows`] |

use std::collections::BTreeMap;

use serde::Serialize;

use super::masking::SourceMasking;
use super::source::OpenSource;
use super::task::SampleTask;
use crate::config::{ColumnPath, EdgeChoice, Extent, Reference, TablePath, mask::RawMask};
use crate::digest::{KeyedHash, canonical_json, hex, sha256};
use crate::sample::Seeds;

/// The label with the hash of the source's system identifier.
pub(super) const SYSTEM: &str = "system-sha256";

/// The version of the forms that are hashed. It changes with every change of a form, so that equal hashes always mean
/// equal settings.
const VERSION: u32 = 1;

/// The part of the configuration that decides which rows a sample has and what they look like.
///
/// `configuration-sha256` is the SHA-256 of its [canonical JSON](canonical_json). Masks, paths, edge rules and extents
/// have the form in which `devdb.yaml` spells them; lists keep the order of the configuration.
#[derive(Serialize)]
struct Configuration<'a> {
    version: u32,
    edges: &'a [EdgeChoice],
    tables: &'a [(TablePath, Extent)],
    references: &'a [Reference],
    /// `null` if the rows are copied from a scrubbed generation.
    masking: Option<Masking<'a>>,
}

/// The masks of a sample.
#[derive(Serialize)]
struct Masking<'a> {
    /// The fingerprint of the key that the masks depend on.
    key: &'a str,
    rules: &'a [(ColumnPath, RawMask)],
}

/// The seed rows of a sample, sorted by their canonical JSON: the order of the arguments does not matter.
///
/// `seeds-sha256` is the HMAC-SHA256 of its [canonical JSON](canonical_json).
#[derive(Serialize)]
struct SeedRows<'a> {
    version: u32,
    seeds: Vec<&'a Seeds>,
}

/// Returns the labels of a sample. The same seeds, configuration, key and snapshot give the same labels.
pub(super) fn labels(
    task: &SampleTask<'_>,
    source: &OpenSource,
    masking: Option<&SourceMasking>,
) -> BTreeMap<String, String> {
    let configured = &task.target.masking;
    let configuration = Configuration {
        version: VERSION,
        edges: &task.sample.edges,
        tables: &task.sample.tables,
        references: &configured.references,
        masking: masking.map(|masking| Masking { key: &masking.key, rules: &configured.rules }),
    };
    let seeds_key = masking.map_or([0; 32], |masking| masking.seeds_key);
    let mut labels = BTreeMap::from([
        (SYSTEM.to_owned(), source.server.system_sha256()),
        ("configuration-sha256".to_owned(), sha256(canonical_json(&configuration))),
        ("seeds-sha256".to_owned(), seeds_sha256(seeds_key, &task.request.seeds)),
    ]);
    labels.extend(source.snapshot.clone().map(|snapshot| ("snapshot".to_owned(), snapshot)));
    labels
}

/// Returns a keyed hash of the seed rows. The key is derived from that of the masks: without a key, production's ids
/// could be found by trying all of them. The ids of a scrubbed generation are no secret, and their key is zero.
fn seeds_sha256(key: [u8; 32], seeds: &[Seeds]) -> String {
    let mut seeds: Vec<&Seeds> = seeds.iter().collect();
    seeds.sort_by_cached_key(canonical_json);
    let json = canonical_json(&SeedRows { version: VERSION, seeds });
    hex(&KeyedHash::new(&key).of(json.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::EdgeRule;
    use crate::sample::SeedFilter;

    #[test]
    fn the_configuration_has_a_stable_hash() {
        let table = |name: &str| TablePath { schema: "app".into(), table: name.into() };
        let edge = |rule| EdgeChoice { table: table("orders"), columns: vec!["user_id".into()], to: None, rule };
        let limit = EdgeRule::Limit { limit: 5, newest_by: "at".into() };
        let mut configuration = Configuration {
            version: VERSION,
            edges: &[edge(EdgeRule::Stop), edge(EdgeRule::Null), edge(limit)],
            tables: &[(table("plans"), Extent::All), (table("logs"), Extent::Where("id < 9".into()))],
            references: &[Reference {
                table: table("tickets"),
                columns: vec!["user_id".into()],
                expression: None,
                condition: None,
                to: table("users"),
                key: vec!["id".into()],
            }],
            masking: Some(Masking {
                key: "0123456789abcdef",
                rules: &[(ColumnPath::of(&table("users"), "email"), RawMask::Null)],
            }),
        };
        assert_eq!(
            canonical_json(&configuration),
            r#"{"edges":[{"columns":["user_id"],"rule":"stop","table":"app.orders","to":null},{"columns":["user_id"],"rule":null,"table":"app.orders","to":null},{"columns":["user_id"],"rule":{"limit":5,"newest_by":"at"},"table":"app.orders","to":null}],"masking":{"key":"0123456789abcdef","rules":[["app.users.email",null]]},"references":[{"columns":["user_id"],"condition":null,"expression":null,"key":["id"],"table":"app.tickets","to":"app.users"}],"tables":[["app.plans","all"],["app.logs",{"where":"id < 9"}]],"version":1}"#
        );
        assert_eq!(
            sha256(canonical_json(&configuration)),
            "d58904a658a040ba4f2f2a90ca0c0dc0ef3aa723aea7656fde2531f38c0b2da9"
        );
        configuration.masking = None;
        assert!(canonical_json(&configuration).contains(r#""masking":null"#));
    }

    #[test]
    fn seeds_have_a_stable_hash_whatever_their_order() {
        let table = TablePath { schema: "app".into(), table: "users".into() };
        let of_filter = |filter| Seeds { table: table.clone(), filter };
        let keys = of_filter(SeedFilter::Keys { column: None, values: vec!["1".into(), "2".into()] });
        let condition = of_filter(SeedFilter::Where { condition: "id < 9".into(), limit: Some(3) });
        let hash = seeds_sha256([7; 32], &[keys.clone(), condition.clone()]);
        assert_eq!(hash, "951574ed60533fdee7e2875f56eb2618cfcde9fec45b40f839d5cf57e7b61e0e");
        assert_eq!(hash, seeds_sha256([7; 32], &[condition.clone(), keys.clone()]));
        assert_ne!(hash, seeds_sha256([8; 32], &[keys, condition]));
    }
}
