//! What ARCHITECTURE.md says of the source tree, held against the tree: who may use whom, who may
//! print, who may name the AWS SDK, how long a file may be.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines after which a file is too long to be read in one go.
const LONGEST: usize = 500;

#[test]
fn a_room_uses_only_rooms_below_it() {
    let rooms = rooms();
    assert!(rooms.len() > 10, "lib.rs lists {rooms:?}");
    let place = |room: &str| rooms.iter().position(|known| known == room);
    let mut broken = Broken::default();
    for file in sources() {
        // lib.rs lists the rooms; main.rs stands above all of them.
        let Some(here) = place(&file.room()) else { continue };
        for (line, room) in file.uses_of_rooms() {
            match place(&room) {
                Some(there) if there < here => {
                    let (room, here) = (&room, &rooms[here]);
                    broken.add(&file, line, &format!("`{here}` uses `{room}`, which lib.rs lists above it"));
                }
                Some(_) => {}
                None => broken.add(&file, line, &format!("`crate::{room}` is no room that lib.rs lists")),
            }
        }
    }
    broken.must_be_none("a room uses only rooms below it, in the order of src/lib.rs");
}

#[test]
fn only_the_aws_platform_names_the_sdk() {
    let mut broken = Broken::default();
    for file in sources().iter().filter(|file| !file.path.starts_with("src/platform/aws/")) {
        for (line, text) in file.code() {
            for name in ["aws_sdk_", "aws_config", "aws_credential_types"] {
                if has_word_beginning(text, name) {
                    broken.add(file, line, &format!("names {name}"));
                }
            }
        }
    }
    broken.must_be_none("only src/platform/aws/ names the AWS SDK");
}

#[test]
fn only_main_and_report_print() {
    const WAYS: [&str; 7] = ["println!", "eprintln!", "print!", "eprint!", "dbg!", "stdout()", "stderr()"];
    let mut broken = Broken::default();
    for file in sources().iter().filter(|file| file.path != "src/main.rs" && file.room() != "report") {
        for (line, text) in file.code() {
            if let Some(way) = WAYS.iter().find(|way| has_word_beginning(text, way)) {
                broken.add(file, line, &format!("prints by {way}"));
            }
        }
    }
    broken.must_be_none("only src/main.rs and src/report print: all others emit events");
}

#[test]
fn no_file_is_too_long() {
    let mut broken = Broken::default();
    for file in sources() {
        let lines = file.text.lines().count();
        if lines > LONGEST {
            broken.add(&file, lines, &format!("has {lines} lines"));
        }
    }
    broken.must_be_none(&format!("no source file has more than {LONGEST} lines"));
}

#[test]
fn only_the_leak_check_proves_a_generation_scrubbed() {
    let mut broken = Broken::default();
    let (mut calls, mut made) = (0, 0);
    for file in sources() {
        for (line, text) in file.code() {
            if has_word_beginning(text, "Scrubbed::prove") {
                calls += 1;
                if file.path != "src/scrub/publish_gate.rs" {
                    broken.add(&file, line, "proves a generation scrubbed");
                }
            }
            // An alias or `Self::prove` would go round the line above; building one needs private fields.
            let builds = ["Scrubbed {", "DevInstance {", "Deletable {"];
            if builds.iter().any(|token| text.contains(&format!("({token}")) || text.contains(&format!("= {token}"))) {
                made += 1;
                if file.path != "src/platform/guard/mod.rs" {
                    broken.add(&file, line, "builds a token of the guard");
                }
            }
            if text.contains("Scrubbed as ") || text.contains("= Scrubbed;") {
                broken.add(&file, line, "gives `Scrubbed` another name, under which nobody finds it");
            }
        }
    }
    assert!(calls > 0 && made > 0, "these words are not in src any more: correct this test");
    broken.must_be_none("only src/scrub/publish_gate.rs calls Scrubbed::prove");
}

#[test]
fn nothing_names_a_developers_machine() {
    // Put together here, or this file would name them.
    let homes = ["root", "home", "Users"].map(|name| format!("/{name}/"));
    let mut broken = Broken::default();
    let files = tracked();
    assert!(files.iter().any(|file| file.path == "Cargo.toml"), "the list of files has no Cargo.toml");
    for file in &files {
        for (line, text) in file.numbered() {
            if let Some(home) = homes.iter().find(|home| has_path_beginning(text, home)) {
                broken.add(file, line, &format!("has a path below {home}"));
            }
        }
    }
    broken.must_be_none("no file that is tracked names a path of somebody's own machine");
}

/// A file of this repository.
struct Source {
    /// Relative to the repository, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// The room: the first word below `src/`.
    fn room(&self) -> String {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        below.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned()
    }

    fn numbered(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, text)| (index + 1, text))
    }

    /// Lines without comments and without the unit tests at the bottom.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = self.text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(self.text.len());
        let count = self.text[..end].lines().count();
        let is_test_helper = self.path.ends_with("/testing.rs");
        self.numbered()
            .take(if is_test_helper { 0 } else { count })
            .map(|(line, text)| (line, without_comment(text)))
            .filter(|(_, text)| !text.trim().is_empty())
    }

    /// Every room named after `crate::`, with the line; in `use` items and in paths, unit tests too.
    fn uses_of_rooms(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        // One text, since a list in braces may go over several lines; as long as the file's own.
        let code: String = self.numbered().fold(String::new(), |mut all, (_, text)| {
            all.push_str(without_comment(text));
            all.push('\n');
            all
        });
        for (at, _) in code.match_indices("crate::") {
            if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$') {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            let rest = &code[at + "crate::".len()..];
            match rest.strip_prefix('{') {
                None => found.push((line, word(rest))),
                Some(list) => found.extend(first_words(list).into_iter().map(|word| (line, word))),
            }
        }
        found
    }
}

/// The text before `//`. A `//` in a string cuts too much off, which hides nothing that is looked for here.
fn without_comment(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

fn word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first word of each item in `a, b::c, d::{e, f}}…`, up to the brace that ends the list.
fn first_words(list: &str) -> Vec<String> {
    let (mut depth, mut begins, mut words) = (0, true, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            c if begins && !c.is_whitespace() => {
                words.push(word(&list[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    words
}

fn has_word_beginning(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// Whether a path begins like this; `https://example.org/home/x` is no path of this machine.
fn has_path_beginning(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}$~".contains(c)))
}

/// What is wrong, each with its place.
#[derive(Default)]
struct Broken(String);

impl Broken {
    fn add(&mut self, file: &Source, line: usize, what: &str) {
        let _ = writeln!(self.0, "  {}:{line}: {what}", file.path);
    }

    #[track_caller]
    fn must_be_none(self, rule: &str) {
        assert!(self.0.is_empty(), "the rule is: {rule}\n{}", self.0);
    }
}

/// The rooms in the order of lib.rs, which is the order of reading.
fn rooms() -> Vec<String> {
    let lib = read("src/lib.rs").map_or_else(String::new, |file| file.text);
    let module =
        |line: &str| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';').map(str::to_owned);
    lib.lines().filter_map(module).collect()
}

fn sources() -> Vec<Source> {
    let files: Vec<Source> = below("src").iter().filter(|path| path.ends_with(".rs")).filter_map(|p| read(p)).collect();
    assert!(files.len() > 50, "src has only {} files", files.len());
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// None for what is no text.
fn read(path: &str) -> Option<Source> {
    let text = String::from_utf8(std::fs::read(root().join(path)).ok()?).ok()?;
    Some(Source { path: path.to_owned(), text })
}

fn below(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![PathBuf::from(folder)];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).into_iter().flatten().flatten() {
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                waiting.push(path);
            } else {
                found.push(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

/// What git tracks; without git, as in an unpacked archive, the folders that it would.
fn tracked() -> Vec<Source> {
    let listed = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "-z"])
        .current_dir(root())
        .output()
        .ok()
        .filter(|output| output.status.success() && root().join(".git").exists());
    let paths: Vec<String> = match listed {
        Some(output) => String::from_utf8_lossy(&output.stdout).split('\0').map(str::to_owned).collect(),
        None => {
            let top = std::fs::read_dir(root()).into_iter().flatten().flatten().filter(|entry| entry.path().is_file());
            let top = top.map(|entry| entry.file_name().to_string_lossy().into_owned());
            top.chain(["src", "tests", "postproc-sql"].into_iter().flat_map(below)).collect()
        }
    };
    paths.iter().filter_map(|path| read(path)).collect()
}

/// The helpers above decide what every rule here sees.
mod helpers {
    use super::*;

    fn rooms_of(text: &str) -> Vec<(usize, String)> {
        Source { path: "src/x.rs".into(), text: text.into() }.uses_of_rooms()
    }

    #[test]
    fn rooms_are_found_in_lists_and_in_paths() {
        let text = "use crate::pg::{Error, Session};\nuse crate::{\n    demo::{a, b},\n    report,\n};\n// crate::cli\n\
                    fn f() { crate::event::x(super::crate_name()); mycrate::y() }\n";
        let found = rooms_of(text);
        let expected = [(1, "pg"), (2, "demo"), (2, "report"), (7, "event")];
        assert_eq!(found, expected.map(|(line, room)| (line, room.to_owned())));
    }

    #[test]
    fn unit_tests_and_comments_are_no_code() {
        let text = "fn a() {} // println!\n\n#[cfg(test)]\nmod tests {\n    fn b() { println!() }\n}\n";
        let file = Source { path: "src/pg/x.rs".into(), text: text.into() };
        assert_eq!(file.code().collect::<Vec<_>>(), [(1, "fn a() {} ")]);
        assert_eq!(file.room(), "pg");
        assert!(has_word_beginning("x(print!())", "print!") && !has_word_beginning("eprint!()", "print!"));
    }

    #[test]
    fn a_path_is_told_from_an_address() {
        let home = format!("/{}/", "home");
        assert!(has_path_beginning(&format!("\"{home}kim/x"), &home));
        assert!(!has_path_beginning(&format!("https://example.org{home}kim"), &home));
    }
}
