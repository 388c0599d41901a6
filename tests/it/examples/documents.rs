use std::path::{Path, PathBuf};

use super::cases::{CASES, ELSEWHERE, FRAGMENTS};

/// A fenced block: its document, the heading above it, its number below that heading, and its text.
#[derive(Debug)]
pub struct Block {
    pub place: String,
    pub text: String,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All documents for users and contributors.
fn documents() -> Vec<PathBuf> {
    let mut found = vec![];
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            let skipped = name.starts_with('.') || ["target", "node_modules"].contains(&name.as_str());
            if path.is_dir() && !skipped {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The blocks of a language in all documents; those of a list lose its indentation.
pub fn blocks(language: &str) -> Vec<Block> {
    let mut found = Vec::new();
    for path in documents() {
        let document = path.strip_prefix(root()).unwrap().display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        let (mut heading, mut number) = (String::new(), 0);
        let mut open: Option<(usize, bool, Vec<&str>)> = None;
        for line in text.lines() {
            let bare = line.trim_start();
            match (&mut open, bare.strip_prefix("```")) {
                (Some((_, wanted, lines)), Some(_)) => {
                    if *wanted {
                        number += 1;
                        found.push(Block { place: format!("{document}: {heading} {number}"), text: lines.join("\n") });
                    }
                    open = None;
                }
                (Some((indent, _, lines)), None) => lines.push(line.get(*indent..).unwrap_or_default()),
                (None, Some(tag)) => open = Some((line.len() - bare.len(), tag == language, Vec::new())),
                (None, None) if line.starts_with('#') => {
                    (heading, number) = (line.trim_start_matches(['#', ' ']).to_owned(), 0);
                }
                (None, None) => {}
            }
        }
    }
    found
}

/// The text of a configuration: a file, or the block at a place.
pub fn configuration(place: &str) -> String {
    match blocks("yaml").into_iter().find(|block| block.place == place) {
        Some(block) => format!("{}\n", block.text),
        None => std::fs::read_to_string(root().join(place)).unwrap_or_else(|error| panic!("{place}: {error}")),
    }
}

#[test]
fn every_configuration_is_run() {
    let mut there: Vec<String> = blocks("yaml").into_iter().map(|block| block.place).collect();
    let files = std::fs::read_dir(root().join("examples")).unwrap().flatten();
    let files = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "yaml"));
    there.extend(files.map(|file| format!("examples/{}", file.file_name().into_string().unwrap())));
    there.sort();
    let mut run: Vec<&str> =
        CASES.iter().map(|case| case.place).chain(FRAGMENTS.map(|(place, _)| place)).chain([ELSEWHERE]).collect();
    run.sort_unstable();
    assert_eq!(there, run, "a configuration that no test runs, or a case without its configuration");
}
