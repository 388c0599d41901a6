//! Files form no import cycles.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::Crate;
use super::source::{Source, is_being_replaced, sources};

/// Files that import each other because a rule contains rules: the only recursion that is in the subject.
const RECURSIVE_RULES: &str = "src/mask/";

type Imports<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

#[test]
fn files_form_no_import_cycles() {
    let files = sources();
    let parsed = Crate::parse(&files);
    let imports = parsed.imports();
    let edges: usize = imports.values().map(BTreeSet::len).sum();
    assert!(edges > files.len(), "only {edges} imports found in {} files: the parser is broken", files.len());
    let cycles: Vec<String> = cycles(&imports)
        .iter()
        .filter(|cycle| !cycle.iter().all(|file| file.starts_with(RECURSIVE_RULES) || is_being_replaced(file)))
        .map(|cycle| describe(cycle, &imports))
        .collect();
    assert!(cycles.is_empty(), "files that import each other:\n{}", cycles.join("\n"));
    let recursive = cycles_in(&imports, RECURSIVE_RULES);
    assert!(recursive.len() <= 1, "the recursion over a rule tree is one cycle, but there are:\n{recursive:#?}");
}

/// The parser has to find a cycle that goes through a re-export, and may not take a `mod` declaration for an import.
#[test]
fn a_cycle_is_found_through_a_re_export() {
    let cyclic = [
        ("src/lib.rs", "pub mod a;\npub mod b;\n"),
        ("src/a/mod.rs", "mod one;\nmod two;\npub use one::First;\n"),
        ("src/a/one.rs", "use super::two::helper;\npub struct First;\nfn f() { helper() }\n"),
        ("src/a/two.rs", "pub fn helper() { let _ = crate::a::First; }\n"),
        ("src/b.rs", "use crate::a::{self, First as Renamed};\n"),
    ];
    assert_eq!(found(&cyclic), [["src/a/one.rs", "src/a/two.rs"]]);
}

#[test]
fn declarations_comments_strings_and_unit_tests_are_no_imports() {
    let acyclic = [
        ("src/lib.rs", "pub mod a;\n"),
        ("src/a/mod.rs", "//! See [`crate::a::one::First`].\nmod one;\npub mod two;\npub use one::First;\n"),
        ("src/a/one.rs", "use super::two::helper;\npub struct First;\nconst TEXT: &str = \"crate::a::one::First\";\n"),
        ("src/a/two.rs", "pub fn helper() {}\n\n#[cfg(test)]\nmod tests {\n    use super::super::one::First;\n}\n"),
    ];
    assert_eq!(found(&acyclic), Vec::<Vec<&str>>::new());
}

fn found<'a>(files: &[(&'a str, &str)]) -> Vec<Vec<&'a str>> {
    let sources: Vec<Source> =
        files.iter().map(|(path, text)| Source { path: (*path).into(), text: (*text).into() }).collect();
    let parsed = Crate::parse(&sources);
    let name = |file: &str| files.iter().map(|(path, _)| *path).find(|path| *path == file).unwrap();
    cycles(&parsed.imports()).into_iter().map(|cycle| cycle.into_iter().map(name).collect()).collect()
}

fn cycles_in<'a>(imports: &Imports<'a>, folder: &str) -> Vec<Vec<&'a str>> {
    cycles(imports).into_iter().filter(|cycle| cycle.iter().all(|file| file.starts_with(folder))).collect()
}

/// Sets of files of which each reaches each other.
fn cycles<'a>(imports: &Imports<'a>) -> Vec<Vec<&'a str>> {
    let reach: Imports<'a> = imports.keys().map(|file| (*file, reachable(file, imports))).collect();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (file, reached) in &reach {
        if !reached.contains(file) || !seen.insert(*file) {
            continue;
        }
        let cycle: Vec<&str> = reached.iter().filter(|other| reach[**other].contains(file)).copied().collect();
        seen.extend(cycle.iter().copied());
        found.push(cycle);
    }
    found
}

fn reachable<'a>(from: &str, imports: &Imports<'a>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<&str> = imports.get(from).into_iter().flatten().copied().collect();
    while let Some(file) = waiting.pop() {
        if found.insert(file) {
            waiting.extend(imports.get(file).into_iter().flatten());
        }
    }
    found
}

/// A cycle with the imports inside it.
fn describe(cycle: &[&str], imports: &Imports<'_>) -> String {
    let mut lines = vec![format!("  {} files:", cycle.len())];
    for file in cycle {
        let inside: Vec<&str> = imports[file].iter().filter(|other| cycle.contains(other)).copied().collect();
        lines.push(format!("    {file} imports from {}", inside.join(", ")));
    }
    lines.join("\n")
}
