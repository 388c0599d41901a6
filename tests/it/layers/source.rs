//! The files of this repository, as the rules about the source tree see them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of this repository.
pub struct Source {
    /// Path relative to the repository, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// The top-level module: the first path segment below `src/`.
    pub fn module(&self) -> String {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        below.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned()
    }

    /// Lines with their numbers, from 1.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, text)| (index + 1, text))
    }

    /// Lines without comments and without the unit tests at the end of the file.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let count = self.without_tests().lines().count();
        self.numbered()
            .take(if self.is_test_only() { 0 } else { count })
            .map(|(line, text)| (line, without_comment(text)))
            .filter(|(_, text)| !text.trim().is_empty())
    }

    /// The text before the unit tests at the end of the file.
    pub fn without_tests(&self) -> &str {
        let end = self.text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(self.text.len());
        &self.text[..end]
    }

    /// Whether the file is compiled for tests only.
    pub fn is_test_only(&self) -> bool {
        ["/testing.rs", "/tests.rs"].iter().any(|name| self.path.ends_with(name)) || self.path.contains("/tests/")
    }
}

/// Folders whose code is about to be replaced as a whole: exempt from the rules about language, import cycles
/// and module roots until then.
pub const BEING_REPLACED: [&str; 1] = ["src/scrub/leak/"];

/// Whether a file is about to be replaced.
pub fn is_being_replaced(path: &str) -> bool {
    BEING_REPLACED.iter().any(|folder| path.starts_with(folder))
}

/// The text before `//`. A `//` in a string literal removes too much, which no rule here depends on.
pub fn without_comment(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

/// Whether `word` occurs in `text` where no identifier goes on to its left.
pub fn has_word_beginning(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// Violations of a rule, each with its location.
#[derive(Default)]
pub struct Violations(String);

impl Violations {
    pub fn add(&mut self, path: &str, line: usize, what: &str) {
        let _ = writeln!(self.0, "  {path}:{line}: {what}");
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[track_caller]
    pub fn must_be_none(self, rule: &str) {
        assert!(self.0.is_empty(), "the rule is: {rule}\n{}", self.0);
    }
}

/// All Rust files below `src`.
pub fn sources() -> Vec<Source> {
    let files: Vec<Source> = below("src").iter().filter(|path| path.ends_with(".rs")).filter_map(|p| read(p)).collect();
    assert!(files.len() > 50, "src has only {} files", files.len());
    files
}

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Reads a file; `None` if it is not text.
pub fn read(path: &str) -> Option<Source> {
    let text = String::from_utf8(std::fs::read(root().join(path)).ok()?).ok()?;
    Some(Source { path: path.to_owned(), text })
}

/// Paths of all files below a folder, sorted.
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

/// The files that git tracks; without git, as in an unpacked archive, those of the folders that it would track.
pub fn tracked() -> Vec<Source> {
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
            top.chain(["src", "tests", "postproc-sql", "examples", "docs"].into_iter().flat_map(below)).collect()
        }
    };
    paths.iter().filter_map(|path| read(path)).collect()
}
