//! The folder of scripts: the allowed names and the order in which they run. An unknown name is an error and never skipped:
//! a silently omitted scrub is a leak.

use std::collections::BTreeMap;
use std::path::Path;

use crate::diagnostic::Complaint;
use crate::digest::sha256;
use crate::pg::script::{Script, Variables, check_variables};

use super::position::Position;
use super::problems::{Problem, Problems};

/// The four folders, in execution order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Removes tokens, webhooks and whatever else lets somebody in or acts on the outside.
    Secure,
    /// Removes personal data.
    Scrub,
    /// Adds data for developers. The only stage with contexts.
    Seed,
    /// Runs queries that must return no row.
    Verify,
}

impl Stage {
    /// All stages, in execution order.
    pub const ALL: [Stage; 4] = [Stage::Secure, Stage::Scrub, Stage::Seed, Stage::Verify];

    /// Name of its folder.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Secure => "00-secure",
            Stage::Scrub => "10-scrub",
            Stage::Seed => "20-seed",
            Stage::Verify => "90-verify",
        }
    }
}

/// One script of the folder.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Stage whose folder it is in.
    pub stage: Stage,
    /// Path below the folder of scripts, such as `10-scrub/V20261121__users.sql`.
    pub path: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The parsed script.
    pub script: Script,
}

impl Entry {
    /// Whether it runs when these contexts are selected.
    pub fn is_selected(&self, contexts: &[String]) -> bool {
        let own = self.script.contexts();
        own.is_empty() || own.iter().any(|context| contexts.contains(context))
    }
}

/// All scripts of one database, in execution order; empty by default.
#[derive(Clone, Debug, Default)]
pub struct Scripts {
    entries: Vec<Entry>,
}

impl Scripts {
    /// Returns all scripts in execution order, regardless of context.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the scripts that run when these contexts are selected, in execution order.
    pub fn selected<'a>(&'a self, contexts: &'a [String]) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(|entry| entry.is_selected(contexts))
    }

    /// Checks the use of variables, before anything is sent.
    pub fn check(&self, variables: &Variables) -> Vec<Complaint> {
        self.entries.iter().flat_map(|entry| check_variables(&entry.script, variables)).collect()
    }

    /// Returns the SHA-256 over the paths and contents of all scripts, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        let lines: Vec<String> =
            self.entries.iter().map(|entry| format!("{} {}\n", entry.sha256, entry.path)).collect();
        sha256(lines.concat())
    }
}

/// Reads a folder of scripts, and returns all problems together. Sends nothing anywhere.
pub fn load(folder: &Path) -> Result<Scripts, Problems> {
    let mut reader = Reader { entries: Vec::new(), problems: Vec::new() };
    for name in reader.list(folder) {
        let path = folder.join(&name);
        match Stage::ALL.into_iter().find(|stage| stage.as_str() == name) {
            Some(stage) if path.is_dir() => reader.stage(stage, &path),
            _ => {
                let allowed = Stage::ALL.map(Stage::as_str).join(", ");
                let remedy = format!("only {allowed} and README.md belong here");
                reader.layout(&path, "does not belong in a folder of scripts", &remedy);
            }
        }
    }
    if reader.problems.is_empty() { Ok(Scripts { entries: reader.entries }) } else { Err(Problems(reader.problems)) }
}

struct Reader {
    entries: Vec<Entry>,
    problems: Vec<Problem>,
}

impl Reader {
    fn stage(&mut self, stage: Stage, folder: &Path) {
        let mut positions: BTreeMap<Position, String> = BTreeMap::new();
        for name in self.list(folder) {
            let path = folder.join(&name);
            if !path.is_file() {
                self.layout(&path, "is not a file", "put scripts directly into the four folders");
                continue;
            }
            match Position::parse(&name) {
                Err(why) => {
                    let remedy = "name it V<timestamp>__what.sql, R__what.sql or NN_what.sql";
                    self.layout(&path, why, remedy);
                }
                Ok(position) => match positions.get(&position) {
                    Some(other) => {
                        let why = format!("has the same number as {other}");
                        self.layout(&path, &why, "give each a number of its own");
                    }
                    None => {
                        positions.insert(position, name);
                    }
                },
            }
        }
        let numbered = positions.keys().filter(|position| position.is_numbered()).count();
        if numbered != 0 && numbered != positions.len() {
            let why = "mixes names of the form NN_what.sql with V…__what.sql or R__what.sql";
            self.layout(folder, why, "use one form in a folder: the order between two forms is undefined");
        }
        for name in positions.values() {
            self.script(stage, folder, name);
        }
    }

    fn script(&mut self, stage: Stage, folder: &Path, name: &str) {
        let path = folder.join(name);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => return self.layout(&path, &error.to_string(), "make it readable"),
        };
        let sha256 = sha256(&bytes);
        let Ok(text) = String::from_utf8(bytes) else {
            return self.layout(&path, "is not UTF-8", "save it as UTF-8");
        };
        match Script::parse(path.display().to_string(), text) {
            Err(complaints) => self.problems.extend(complaints.into_iter().map(Problem::Text)),
            Ok(script) if stage != Stage::Seed && !script.contexts().is_empty() => {
                let at = script.text().find("context=").unwrap_or(0);
                self.problems.push(Problem::Text(Complaint {
                    file: script.name().to_owned(),
                    text: script.text().clone(),
                    span: at..at + "context".len(),
                    title: format!("a script of {} always runs", stage.as_str()),
                    label: None,
                    help: Some("contexts are for 20-seed only: remove it".into()),
                }));
            }
            Ok(script) => {
                let path = format!("{}/{name}", stage.as_str());
                self.entries.push(Entry { stage, path, sha256, script });
            }
        }
    }

    /// Returns the sorted names in a folder, without those that are no scripts by convention.
    fn list(&mut self, folder: &Path) -> Vec<String> {
        let read = || -> std::io::Result<Vec<String>> {
            std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
        };
        let mut names = read().unwrap_or_else(|error| {
            self.layout(folder, &error.to_string(), "create a folder that contains the four folders of scripts");
            Vec::new()
        });
        names.retain(|name| name != "README.md" && !name.starts_with('.'));
        names.sort();
        names
    }

    fn layout(&mut self, path: &Path, why: &str, remedy: &str) {
        self.problems.push(Problem::Layout {
            path: path.display().to_string(),
            why: why.to_owned(),
            remedy: remedy.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn paths(files: &[(&str, &str)]) -> Vec<String> {
        let scripts = load(folder(files).path()).unwrap_or_else(|problems| panic!("{problems}"));
        scripts.entries().iter().map(|entry| entry.path.clone()).collect()
    }

    fn problems(files: &[(&str, &str)]) -> Vec<String> {
        let folder = folder(files);
        let problems = load(folder.path()).unwrap_err();
        let root = format!("{}/", folder.path().display());
        problems.0.iter().map(|problem| problem.to_string().replace(&root, "")).collect()
    }

    #[test]
    fn order_is_by_number_and_then_by_name() {
        let text = "SELECT 1";
        let found = paths(&[
            ("README.md", "words"),
            (".gitkeep", ""),
            ("10-scrub/R__b.sql", text),
            ("10-scrub/R__a.sql", text),
            ("10-scrub/V20261121093000123__late.sql", text),
            ("10-scrub/V9__early.sql", text),
            ("10-scrub/.hidden", "x"),
            ("00-secure/10_b.sql", text),
            ("00-secure/9_a.sql", text),
        ]);
        assert_eq!(
            found,
            [
                "00-secure/9_a.sql",
                "00-secure/10_b.sql",
                "10-scrub/V9__early.sql",
                "10-scrub/V20261121093000123__late.sql",
                "10-scrub/R__a.sql",
                "10-scrub/R__b.sql",
            ]
        );
    }

    #[test]
    fn every_problem_is_reported() {
        let text = "SELECT 1";
        let found = problems(&[
            ("15-more/1_a.sql", text),
            ("stray.sql", text),
            ("10-scrub/V1__a.sql", text),
            ("10-scrub/V01__b.sql", text),
            ("10-scrub/users.sql", text),
            ("10-scrub/V2_c.sql", text),
            ("10-scrub/V2__c.sql~", text),
            ("10-scrub/v3__d.sql", text),
            ("10-scrub/V99999999999999999999__e.sql", text),
            ("10-scrub/sub/V4__f.sql", text),
            ("20-seed/1_a.sql", "SELECT 'x"),
            ("20-seed/R__b.sql", "-- nothing"),
            ("90-verify/1_a.sql", "-- devdb: context=qa\nSELECT 1"),
        ]);
        let short: Vec<&str> = found.iter().map(|line| line.split(" (").next().unwrap()).collect();
        assert_eq!(
            short,
            [
                "10-scrub/V1__a.sql: has the same number as V01__b.sql",
                "10-scrub/V2__c.sql~: has a name without a position",
                "10-scrub/V2_c.sql: has a name without a position",
                "10-scrub/V99999999999999999999__e.sql: has a number of more than 64 bits",
                "10-scrub/sub: is not a file",
                "10-scrub/users.sql: has a name without a position",
                "10-scrub/v3__d.sql: has a name without a position",
                "15-more: does not belong in a folder of scripts",
                "20-seed: mixes names of the form NN_what.sql with V…__what.sql or R__what.sql",
                "20-seed/R__b.sql:1:1: the file contains no statement",
                "20-seed/1_a.sql:1:8: this string is never closed",
                "90-verify/1_a.sql:1:11: a script of 90-verify always runs",
                "stray.sql: does not belong in a folder of scripts",
            ]
        );
    }

    #[test]
    fn a_folder_need_not_hold_scripts_of_every_stage() {
        for (files, scripts) in [(&[("20-seed/1_a.sql", "SELECT 1")][..], 1), (&[("10-scrub/README.md", "later")], 0)] {
            assert_eq!(load(folder(files).path()).unwrap().entries().len(), scripts, "{files:?}");
        }
        assert!(load(Path::new("/nonexistent")).is_err());
    }

    #[test]
    fn contexts_select_scripts() {
        let scripts = load(
            folder(&[("10-scrub/1_a.sql", "SELECT 1"), ("20-seed/1_b.sql", "-- devdb: context=qa,demo\nSELECT 1")])
                .path(),
        )
        .unwrap();
        assert_eq!(scripts.selected(&[]).count(), 1);
        assert_eq!(scripts.selected(&["qa".into()]).count(), 2);
        assert_eq!(scripts.selected(&["other".into()]).count(), 1);
    }

    #[test]
    fn the_fingerprint_changes_with_a_name_and_with_a_text() {
        let of = |name: &str, text: &str| load(folder(&[(name, text)]).path()).unwrap().fingerprint();
        let first = of("10-scrub/1_a.sql", "SELECT 1");
        assert_eq!(first, of("10-scrub/1_a.sql", "SELECT 1"));
        assert_ne!(first, of("10-scrub/1_b.sql", "SELECT 1"));
        assert_ne!(first, of("10-scrub/1_a.sql", "SELECT 2"));
    }
}
