//! The text of the first `devdb.yaml`: the same for the same database.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::draft::Draft;
use super::root::sample_root;
use crate::config::{ColumnPath, TablePath, yaml_scalar};
use crate::discover::classify::{Classification, Confidence, Proposal};
use crate::mask::coverage::kept_type_name;
use crate::units::counted;

/// Returns the text of a first `devdb.yaml`.
pub fn text(draft: &Draft) -> String {
    let mut text = head(&draft.database);
    text.push_str(
        "\n# One line for every column. Lines after `#` are undecided: a rotation does not publish until every column has\n\
         # a masking rule or is kept. `devdb masks` lists the masks.\nmask:\n  \
         key: env:DEVDB_MASK_KEY # at least 16 characters; keep it, so that masked values stay the same\n",
    );
    rules(draft, &mut text);
    keep(draft, &mut text);
    sample(draft, &mut text);
    text
}

/// The required sections, with placeholders.
fn head(database: &str) -> String {
    let slug: String =
        database.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = slug.split('-').filter(|part| !part.is_empty()).collect();
    let slug = words.join("-");
    let is_valid = slug.starts_with(|c: char| c.is_ascii_lowercase()) && slug.len() <= 30;
    let slug = if is_valid { slug } else { "app".to_owned() };
    format!(
        "# yaml-language-server: $schema=./devdb.schema.json\n\
         #\n\
         # A first configuration, written by `devdb init`. Replace the values marked REPLACE, then run\n\
         # `devdb config check`.\n\
         version: 1\n\
         targets:\n  \
           {slug}-dev:\n    \
             platform:\n      \
               aws:\n        \
                 account: \"123456789012\" # REPLACE\n        \
                 region: ap-northeast-2 # REPLACE\n        \
                 class: db.t4g.medium\n        \
                 subnet_group: {slug}-dev # REPLACE\n        \
                 parameter_group: {slug}-dev # REPLACE\n        \
                 quarantine_security_groups: [sg-0123456789abcdef0] # REPLACE: admits only devdb\n        \
                 developer_security_groups: [sg-0fedcba9876543210] # REPLACE\n    \
             source: {{ instance: {slug}-prod }} # REPLACE: production, which is only described and read\n    \
             generation: {{ prefix: {slug}-dev- }} # instances with this prefix and devdb's tags may be deleted\n    \
             record: {{ zone: Z0123456789, name: {slug}.dev.example.com }} # REPLACE\n    \
             databases: [{{ name: {} }}]\n",
        yaml_scalar(database)
    )
}

fn rules(draft: &Draft, text: &mut String) {
    let mut tables: BTreeMap<&TablePath, Vec<(&String, &Classification)>> = BTreeMap::new();
    for ((table, column), classified) in &draft.columns {
        if matches!(classified.proposal, Proposal::Mask(_) | Proposal::Unknown) {
            tables.entry(table).or_default().push((column, classified));
        }
    }
    let is_mask = |(_, classified): &(&String, &Classification)| matches!(classified.proposal, Proposal::Mask(_));
    let any = tables.values().flatten().any(is_mask);
    text.push_str(if any { "  rules:\n" } else { "  rules: {}\n" });
    for (table, columns) in tables {
        // A table without rules would be null, which is invalid.
        let mark = if columns.iter().any(is_mask) { "" } else { "# " };
        let _ = writeln!(text, "    {mark}{}:", yaml_scalar(&table.to_string()));
        for (column, classified) in columns {
            let (name, reason) = (yaml_scalar(column), comment(&classified.reason));
            let _ = match &classified.proposal {
                Proposal::Mask(mask) => writeln!(text, "      {name}: {mask} # {reason}"),
                _ => writeln!(text, "      # {name}: # {reason}"),
            };
        }
    }
}

fn keep(draft: &Draft, text: &mut String) {
    let mut kept: BTreeMap<&str, Vec<(String, bool)>> = BTreeMap::new();
    let mut types = BTreeSet::new();
    for ((table, column), classified) in &draft.columns {
        match classified.proposal {
            Proposal::Keep => {
                let path = yaml_scalar(&ColumnPath::of(table, column).to_string());
                let decided = classified.confidence > Confidence::Low;
                kept.entry(classified.reason.as_str()).or_default().push((path, decided));
            }
            Proposal::KeepType(kind) => {
                types.insert(kept_type_name(kind));
            }
            _ => {}
        }
    }
    let any = kept.values().flatten().any(|(_, decided)| *decided);
    text.push_str(if any { "  keep:\n" } else { "  keep: []\n" });
    for (reason, paths) in kept {
        let _ = writeln!(text, "    # {}:", comment(reason));
        for (path, decided) in paths {
            let mark = if decided { "" } else { "# " };
            let _ = writeln!(text, "    {mark}- {path}");
        }
    }
    let types: Vec<&str> = types.into_iter().collect();
    let _ = writeln!(text, "  keep_types: [{}]", types.join(", "));
}

fn sample(draft: &Draft, text: &mut String) {
    let Some(root) = sample_root(&draft.catalog) else { return };
    let key: Vec<String> = root.key.iter().map(|column| yaml_scalar(column)).collect();
    let _ = write!(
        text,
        "\n# The table that samples start from. It is referenced by {}, directly or through others.\n# sample:\n#   root: {{ table: {}, key: [{}] }}\n",
        counted(root.descendants as u64, "table"),
        yaml_scalar(&root.table.to_string()),
        key.join(", ")
    );
}

/// A reason on one line: names in it may contain any character.
fn comment(reason: &str) -> String {
    reason
        .chars()
        .map(|c| if c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KeptType;
    use crate::mask::coverage::Catalog;

    fn draft(columns: &[(&str, &str, Proposal, Confidence)]) -> Draft {
        let columns = columns.iter().map(|(table, column, proposal, confidence)| {
            let path = (TablePath { schema: "public".into(), table: (*table).into() }, (*column).to_owned());
            let (proposal, reason) = (proposal.clone(), "its\nname: says # so".into());
            (path, Classification { proposal, reason, confidence: *confidence })
        });
        Draft { database: "My App: 1".into(), catalog: Catalog::default(), columns: columns.collect() }
    }

    /// The masking section of a text.
    fn loaded(text: &str) -> std::sync::Arc<crate::config::Masking> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("devdb.yaml");
        std::fs::write(&path, text).unwrap();
        let validate_mask = |text: &crate::config::mask::RawMask| {
            crate::mask::Rule::resolve(text).map(drop).map_err(|error| error.to_string())
        };
        let checks = crate::config::ExternalChecks { hazard_names: Vec::new(), validate_mask };
        let config = crate::config::load(&path, &|_| None, checks);
        let config = config.unwrap_or_else(|error| panic!("{error:?}\n{text}"));
        config.targets.values().next().unwrap().masking.clone()
    }

    #[test]
    fn hostile_names_are_quoted() {
        let mask = || Proposal::Mask("{ fake: korean_name }".into());
        let names = [
            "a b",
            "it's",
            "\"q\"",
            "x: y",
            "# no",
            "null",
            "한글 이름",
            "a.b",
            "*",
            "-",
            "{a}",
            "tab\t",
            "back\\slash",
            "Upper",
            "&a",
        ];
        let mut all = Vec::new();
        for name in names {
            all.push((name, name, mask(), Confidence::Certain));
            all.push((name, "kept", Proposal::Keep, Confidence::Likely));
            all.push(("t", name, Proposal::Keep, Confidence::Likely));
        }
        let text = text(&draft(&all));
        let masking = loaded(&text);
        for name in names {
            let rule = masking.rules.iter().find(|(path, _)| path.matches("public", name, name));
            assert!(rule.is_some(), "{name:?} in\n{text}");
            for (table, column) in [(name, "kept"), ("t", name)] {
                let kept = masking.keep.iter().filter(|path| path.matches("public", table, column)).count();
                assert!(kept == 1, "{table:?}.{column:?} in\n{text}");
            }
        }
    }

    #[test]
    fn undecided_columns_stay_undecided() {
        let text = text(&draft(&[
            ("users", "email", Proposal::Mask("email".into()), Confidence::Certain),
            ("users", "odd", Proposal::Unknown, Confidence::Low),
            ("odd", "odd", Proposal::Unknown, Confidence::Low),
            ("users", "number", Proposal::Keep, Confidence::Low),
            ("users", "code", Proposal::Keep, Confidence::Likely),
            ("users", "at", Proposal::KeepType(KeptType::Timestamp), Confidence::Certain),
            ("users", "by", Proposal::Nothing, Confidence::Certain),
        ]));
        let mask = loaded(&text);
        assert_eq!(mask.rules.len(), 1);
        assert_eq!(mask.keep.len(), 1);
        assert_eq!(mask.keep_types, [KeptType::Timestamp]);
        assert!(
            text.contains("      # odd: # its name: says # so\n") && text.contains("    # - public.users.number\n"),
            "{text}"
        );
        assert!(text.contains("    # public.odd:\n"), "{text}");
        loaded(&super::text(&draft(&[])));
        loaded(&super::text(&draft(&[("odd", "odd", Proposal::Unknown, Confidence::Low)])));
    }
}
