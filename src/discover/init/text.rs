//! The text. Pure, and the same for the same database.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::config::yaml_scalar;
use crate::config::{ColumnPath, TablePath};
use crate::discover::classify::{Confidence, Guess, Proposal};
use crate::discover::init::{Draft, root};
use crate::mask::coverage::word;

/// The text of a first `devdb.yaml`.
pub fn text(draft: &Draft) -> String {
    let mut text = head(&draft.database);
    text.push_str(
        "\n# What becomes of every column. Lines behind `#` are open: as long as nothing is said of a column, a\n\
         # rotation stops before it publishes. `devdb masks` lists the masks.\nmask:\n  \
         key: env:DEVDB_MASK_KEY # a secret of 16 characters or more; it stays, so that masks do\n",
    );
    rules(draft, &mut text);
    keep(draft, &mut text);
    sample(draft, &mut text);
    text
}

/// Sections that are required, with names to be replaced.
fn head(database: &str) -> String {
    let slug: String =
        database.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let parts: Vec<&str> = slug.split('-').filter(|part| !part.is_empty()).collect();
    let slug = parts.join("-");
    let named = slug.starts_with(|c: char| c.is_ascii_lowercase()) && slug.len() <= 30;
    let slug = if named { slug } else { "app".to_owned() };
    format!(
        "# yaml-language-server: $schema=./devdb.schema.json\n\
         #\n\
         # A first configuration, written by `devdb init`. Names with REPLACE behind them are made up; check the\n\
         # file with `devdb config check`.\n\
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
                 quarantine_security_groups: [sg-0123456789abcdef0] # REPLACE: only devdb gets in\n        \
                 developer_security_groups: [sg-0fedcba9876543210] # REPLACE\n    \
             source: {{ instance: {slug}-prod }} # REPLACE: production; only described and read\n    \
             generation: {{ prefix: {slug}-dev- }} # what begins with it, and has devdb's tags, may be deleted\n    \
             record: {{ zone: Z0123456789, name: {slug}.dev.example.com }} # REPLACE\n    \
             databases: [{{ name: {} }}]\n",
        yaml_scalar(database)
    )
}

fn rules(draft: &Draft, text: &mut String) {
    let mut tables: BTreeMap<&TablePath, Vec<(&String, &Guess)>> = BTreeMap::new();
    for ((table, column), guess) in &draft.guesses {
        if matches!(guess.proposal, Proposal::Mask(_) | Proposal::Unknown) {
            tables.entry(table).or_default().push((column, guess));
        }
    }
    let is_mask = |guess: &Guess| matches!(guess.proposal, Proposal::Mask(_));
    let any = tables.values().flatten().any(|(_, guess)| is_mask(guess));
    text.push_str(if any { "  rules:\n" } else { "  rules: {}\n" });
    for (table, columns) in tables {
        // A table without a line of its own would be nothing, which is none of the forms.
        let hidden = if columns.iter().any(|(_, guess)| is_mask(guess)) { "" } else { "# " };
        let _ = writeln!(text, "    {hidden}{}:", yaml_scalar(&table.to_string()));
        for (column, guess) in columns {
            let (name, reason) = (yaml_scalar(column), comment(&guess.reason));
            let _ = match &guess.proposal {
                Proposal::Mask(mask) => writeln!(text, "      {name}: {mask} # {reason}"),
                _ => writeln!(text, "      # {name}: # {reason}"),
            };
        }
    }
}

fn keep(draft: &Draft, text: &mut String) {
    let mut kept: BTreeMap<&str, Vec<(String, bool)>> = BTreeMap::new();
    let mut types = BTreeSet::new();
    for ((table, column), guess) in &draft.guesses {
        match guess.proposal {
            Proposal::Keep => {
                let path = yaml_scalar(&ColumnPath::of(table, column).to_string());
                kept.entry(guess.reason.as_str()).or_default().push((path, guess.sure > Confidence::Low));
            }
            Proposal::KeepType(kind) => {
                types.insert(word(kind));
            }
            _ => {}
        }
    }
    let any = kept.values().flatten().any(|(_, sure)| *sure);
    text.push_str(if any { "  keep:\n" } else { "  keep: []\n" });
    for (reason, paths) in kept {
        let _ = writeln!(text, "    # {}:", comment(reason));
        for (path, sure) in paths {
            let hidden = if sure { "" } else { "# " };
            let _ = writeln!(text, "    {hidden}- {path}");
        }
    }
    let types: Vec<&str> = types.into_iter().collect();
    let _ = writeln!(text, "  keep_types: [{}]", types.join(", "));
}

fn sample(draft: &Draft, text: &mut String) {
    let Some(root) = root(&draft.catalog) else { return };
    let key: Vec<String> = root.key.iter().map(|column| yaml_scalar(column)).collect();
    let _ = write!(
        text,
        "\n# Where a sample starts: {} tables lead to this one.\n# sample:\n#   root: {{ table: {}, key: [{}] }}\n",
        root.descendants,
        yaml_scalar(&root.table.to_string()),
        key.join(", ")
    );
}

/// In one line: names in it may hold anything.
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
    use crate::discover::init::*;
    use crate::pg::catalog::ForeignKey;

    fn draft(guesses: &[(&str, &str, Proposal, Confidence)]) -> Draft {
        let guesses = guesses.iter().map(|(table, column, proposal, sure)| {
            let place = (TablePath { schema: "public".into(), table: (*table).into() }, (*column).to_owned());
            (place, Guess { proposal: proposal.clone(), reason: "its\nname: says # so".into(), sure: *sure })
        });
        Draft { database: "My App: 1".into(), catalog: Catalog::default(), guesses: guesses.collect() }
    }

    /// What the text says of columns.
    fn loaded(text: &str) -> std::sync::Arc<crate::config::Masking> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("devdb.yaml");
        std::fs::write(&path, text).unwrap();
        let config = crate::config::load(&path, &|_| None, crate::scrub::words());
        let config = config.unwrap_or_else(|error| panic!("{error:?}\n{text}"));
        config.targets.values().next().unwrap().masking.clone()
    }

    #[test]
    fn hostile_names_are_named() {
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
    fn what_is_open_stays_open() {
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

    #[test]
    fn the_root_is_what_most_descend_from() {
        let table = |name: &str| Table {
            schema: "public".into(),
            name: name.into(),
            form: Form::Ordinary,
            root: None,
            parents: Vec::new(),
            primary_key: vec!["id".into()],
            rows: None,
            bytes: 0,
        };
        let key = |from: &str, to: &str| ForeignKey {
            schema: "public".into(),
            table: from.into(),
            name: "k".into(),
            columns: vec!["x".into()],
            to_schema: "public".into(),
            to_table: to.into(),
            to_columns: vec!["id".into()],
            full: false,
            deferrable: false,
            validated: true,
        };
        let tables = ["teams", "people", "posts", "likes"].map(table).into();
        let keys =
            [("people", "teams"), ("posts", "people"), ("likes", "posts"), ("teams", "people"), ("likes", "people")];
        let catalog =
            Catalog { tables, foreign_keys: keys.map(|(from, to)| key(from, to)).into(), columns: Vec::new() };
        let found = root(&catalog).unwrap();
        assert_eq!((found.table.table.as_str(), found.descendants), ("people", 3));
        assert_eq!(root(&Catalog::default()), None);
    }
}
