//! The language of the sources: standard terms instead of the dialect that the project once had.

use super::source::{Source, Violations, is_being_replaced, sources};

/// Phrases that a reader has to translate, and what to write instead.
const REJECTED: [(&str, &str); 36] = [
    ("every column was thought of", "check column coverage"),
    ("thought of", "decided"),
    ("nobody may see", "cannot be published"),
    ("as written", "raw"),
    ("as meant", "resolved"),
    ("held against", "validated against, verified against"),
    ("looked at", "scanned"),
    ("what speaks", "preconditions"),
    ("speaks against", "preconditions"),
    ("is told", "is reported"),
    ("was told", "was reported"),
    ("are told", "are reported"),
    ("not told of", "not reported"),
    ("remember the originals", "capture fingerprints of the originals"),
    ("fattest", "contributes most rows"),
    ("strangers", "unlisted login roles"),
    ("rivals", "concurrent runs"),
    ("nobody's", "unowned"),
    ("taken down", "dropped and recreated"),
    ("to be put back", "recreated"),
    ("goes on behind", "set to the column's maximum"),
    ("sample is there", "sample created"),
    ("it is not said", "name what is missing"),
    ("says nothing of", "has no"),
    ("of no name", "anonymous"),
    ("without a name", "anonymous"),
    ("what was told", "what was reported"),
    ("goes round it", "bypasses"),
    ("nobody asked", "unrequested"),
    ("in the way of", "obstacle"),
    ("wants to know", "needs"),
    ("is somebody else's", "belongs to another"),
    ("not meant for", "not for"),
    ("what is meant", "resolved"),
    ("all the same", "nevertheless"),
    ("stands for one look", "is valid for one check"),
];

/// Beginnings of doc comments that hide the noun.
const REJECTED_BEGINNINGS: [&str; 2] = ["Answers ", "Tells "];

/// Where a rejected phrase is right, with its reason; at most five.
const EXCEPTIONS: [(&str, &str); 0] = [];

#[test]
fn sources_use_standard_terms() {
    assert!(EXCEPTIONS.len() <= 5);
    let mut violations = Violations::default();
    for file in sources().iter().filter(|file| !is_being_replaced(&file.path)) {
        check(file, &mut violations);
    }
    violations.must_be_none("sources use the standard terms of the field");
}

/// The rule finds what it is there to find, also across the lines of a comment.
#[test]
fn a_phrase_over_two_lines_is_found() {
    for (path, text) in [
        ("src/x.rs", "/// A schema is held\n    /// against its description.\n"),
        ("src/x.rs", "let x = \"the file, AS WRITTEN\";\n"),
        ("src/x.rs", "/// Answers the number of rows.\n"),
        ("src/x.rs", "    \"the sample \\\n         is there\"\n"),
    ] {
        let mut violations = Violations::default();
        check(&Source { path: path.into(), text: text.into() }, &mut violations);
        assert!(!violations.is_empty(), "not found in {text:?}");
    }
}

fn check(file: &Source, violations: &mut Violations) {
    let (text, lines) = joined(file);
    for (phrase, instead) in REJECTED {
        for (at, _) in text.match_indices(phrase) {
            let whole = !text[..at].ends_with(char::is_alphanumeric)
                && !text[at + phrase.len()..].starts_with(char::is_alphanumeric);
            if whole && !EXCEPTIONS.contains(&(file.path.as_str(), phrase)) {
                violations.add(&file.path, line_of(&lines, at), &format!("\"{phrase}\": write {instead}"));
            }
        }
    }
    for (line, text) in file.numbered() {
        let doc = text.trim_start().strip_prefix("///").or_else(|| text.trim_start().strip_prefix("//!"));
        let doc = doc.map(str::trim_start).unwrap_or_default();
        if let Some(beginning) = REJECTED_BEGINNINGS.iter().find(|beginning| doc.starts_with(**beginning)) {
            violations.add(&file.path, line, &format!("begins with \"{}\": begin with the noun", beginning.trim()));
        }
    }
}

/// The text in lower case with the lines of a comment or string joined by one space, and where each line begins.
fn joined(file: &Source) -> (String, Vec<usize>) {
    let (mut text, mut lines) = (String::new(), Vec::new());
    for (_, line) in file.numbered() {
        lines.push(text.len());
        let line = line.trim();
        let line = line.strip_prefix("//").map_or(line, |rest| rest.trim_start_matches(['/', '!']).trim_start());
        text.push_str(&line.trim_end_matches('\\').trim_end().to_lowercase());
        text.push(' ');
    }
    (text, lines)
}

fn line_of(lines: &[usize], at: usize) -> usize {
    lines.partition_point(|begin| *begin <= at)
}

/// Paths that modules had before they were named by standard terms.
const OLD_PATHS: [&str; 60] = [
    "config/meant",
    "config/file",
    "config/conform",
    "config/page",
    "config/fill",
    "config/nearest",
    "mask/made",
    "mask/list",
    "mask/lists",
    "mask/classify/sense",
    "mask/classify/words",
    "mask/classify/values",
    "mask/classify/written",
    "mask/json/ways",
    "mask/prove/words",
    "scrub/acting",
    "scrub/door",
    "scrub/cover",
    "scrub/looks",
    "scrub/advice",
    "scrub/samples",
    "scrub/masking",
    "scrub/leak_check",
    "scrub/postproc",
    "scrub/rewrite/again",
    "scrub/rewrite/marks",
    "scrub/rewrite/look",
    "scrub/rewrite/room",
    "scrub/rewrite/hidden",
    "scrub/rewrite/describe",
    "scrub/audit/watch",
    "scrub/audit/copied",
    "scrub/audit/binary",
    "sample/code",
    "sample/packed",
    "sample/room",
    "sample/private",
    "sample/keys",
    "sample/readable",
    "sample/copy",
    "sample/why",
    "sample/command/ask",
    "sample/command/origin",
    "sample/command/write",
    "sample/command/rules",
    "sample/command/fill",
    "sample/load/beside",
    "sample/load/touches",
    "sample/load/turns",
    "sample/load/give",
    "sample/load/observe",
    "sample/load/finish",
    "sample/load/existing",
    "rotate/show",
    "pg/script/place",
    "database",
    "rotate/frame",
    "rotate/audit",
    "sample/closure/told",
    "scrub/postproc/place",
];

#[test]
fn no_module_has_an_old_name() {
    let mut violations = Violations::default();
    for file in sources() {
        let is_old = |path: &str| {
            let old = format!("src/{path}");
            file.path == format!("{old}.rs") || file.path.starts_with(&format!("{old}/"))
        };
        if let Some(path) = OLD_PATHS.iter().find(|path| is_old(path)) {
            violations.add(&file.path, 1, &format!("{path} is an old name"));
        }
    }
    violations.must_be_none("modules are named by standard terms");
}
