//! The JSON schema of `devdb.yaml`, generated from the types of [`super::raw`].

use serde_json::Value;

use super::raw;

/// Returns the schema, in draft 2020-12. `devdb.schema.json` in the repository is a copy.
pub fn schema() -> Value {
    schemars::schema_for!(raw::Config).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_is_the_generated_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/devdb.schema.json");
        let generated = format!("{:#}\n", schema());
        if std::env::var_os("DEVDB_BLESS").is_some() {
            std::fs::write(path, &generated).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == generated, "devdb.schema.json is out of date: run the test with DEVDB_BLESS=1");
    }

    /// A keyword that `SchemaRule` does not know would be in force in editors only.
    #[test]
    fn every_keyword_is_in_force() {
        const ENFORCED: [&str; 14] = [
            "$ref",
            "additionalProperties",
            "anyOf",
            "const",
            "items",
            "maximum",
            "minItems",
            "minProperties",
            "minimum",
            "oneOf",
            "patternProperties",
            "properties",
            "required",
            "type",
        ];
        /// Keywords without effect here. `pattern` is for editors; the checks have better messages.
        const ANNOTATIONS: [&str; 9] =
            ["$defs", "$schema", "default", "description", "examples", "format", "pattern", "title", "writeOnly"];

        fn walk(schema: &Value) {
            let Some(keywords) = schema.as_object() else { return };
            for (keyword, value) in keywords {
                assert!(
                    ENFORCED.contains(&keyword.as_str()) || ANNOTATIONS.contains(&keyword.as_str()),
                    "{keyword}: {value}"
                );
                match keyword.as_str() {
                    "$defs" | "properties" | "patternProperties" => {
                        value.as_object().into_iter().flat_map(|map| map.values()).for_each(walk)
                    }
                    "anyOf" | "oneOf" => value.as_array().into_iter().flatten().for_each(walk),
                    "items" | "additionalProperties" => walk(value),
                    _ => {}
                }
            }
        }
        walk(&schema());
    }
}
