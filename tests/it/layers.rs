//! The rules of ARCHITECTURE.md about the source tree: which module may use which, who may print, who may
//! name the AWS SDK, how long a file may be. The rules about import cycles and language are in files of their own.

mod cycles;
mod imports;
mod language;
mod source;

use source::{Source, Violations, has_word_beginning, is_being_replaced, read, sources, tracked, without_comment};

/// Most lines of a source file.
const LONGEST: usize = 450;

/// Most lines of the median source file.
const LONGEST_MEDIAN: usize = 120;

#[test]
fn a_module_uses_only_modules_below_it() {
    let modules = modules();
    assert!(modules.len() > 10, "lib.rs lists {modules:?}");
    let position = |module: &str| modules.iter().position(|known| known == module);
    let mut violations = Violations::default();
    for file in sources() {
        // lib.rs lists the modules; main.rs is above all of them.
        let Some(user) = position(&file.module()) else { continue };
        for (line, used) in uses_of_modules(&file) {
            match position(&used) {
                Some(above) if above < user => {
                    let user = &modules[user];
                    violations.add(&file.path, line, &format!("`{user}` uses `{used}`, which lib.rs lists above it"));
                }
                Some(_) => {}
                None => violations.add(&file.path, line, &format!("`crate::{used}` is not a module that lib.rs lists")),
            }
        }
    }
    violations.must_be_none("a module uses only modules below it, in the order of src/lib.rs");
}

#[test]
fn only_the_aws_platform_names_the_sdk() {
    let mut violations = Violations::default();
    for file in sources().iter().filter(|file| !file.path.starts_with("src/platform/aws/")) {
        for (line, text) in file.code() {
            for name in ["aws_sdk_", "aws_config", "aws_credential_types"] {
                if has_word_beginning(text, name) {
                    violations.add(&file.path, line, &format!("names {name}"));
                }
            }
        }
    }
    violations.must_be_none("only src/platform/aws/ names the AWS SDK");
}

#[test]
fn only_main_and_report_print() {
    const WAYS: [&str; 7] = ["println!", "eprintln!", "print!", "eprint!", "dbg!", "stdout()", "stderr()"];
    let mut violations = Violations::default();
    for file in sources().iter().filter(|file| file.path != "src/main.rs" && file.module() != "report") {
        for (line, text) in file.code() {
            if let Some(way) = WAYS.iter().find(|way| has_word_beginning(text, way)) {
                violations.add(&file.path, line, &format!("prints by {way}"));
            }
        }
    }
    violations.must_be_none("only src/main.rs and src/report print: all others emit events");
}

#[test]
fn no_file_is_too_long() {
    let mut violations = Violations::default();
    for file in sources() {
        let lines = file.text.lines().count();
        if lines > LONGEST {
            violations.add(&file.path, lines, &format!("has {lines} lines"));
        }
    }
    violations.must_be_none(&format!("no source file has more than {LONGEST} lines"));
}

#[test]
fn the_median_file_is_short() {
    let mut lengths: Vec<usize> = sources().iter().map(|file| file.text.lines().count()).collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= LONGEST_MEDIAN, "the median source file has {median} lines");
}

/// A module root lists what is in its folder; logic is in files that a reader can find by their names.
#[test]
fn module_roots_contain_no_logic() {
    let mut violations = Violations::default();
    for file in sources().iter().filter(|file| file.path.ends_with("/mod.rs") && !is_being_replaced(&file.path)) {
        for (line, text) in file.code() {
            if ["fn ", "impl ", "impl<"].iter().any(|word| has_word_beginning(text, word)) {
                violations.add(&file.path, line, "contains logic");
                break;
            }
        }
        let beside = file.path.replace("/mod.rs", ".rs");
        if read(&beside).is_some() {
            violations.add(&beside, 1, "is beside a folder of its name");
        }
    }
    for file in sources().iter().filter(|file| !file.path.ends_with("/mod.rs")) {
        if source::root().join(file.path.trim_end_matches(".rs")).is_dir() {
            violations.add(&file.path, 1, "is beside a folder of its name: it is to be that folder's mod.rs");
        }
    }
    violations.must_be_none("a module root is mod.rs, and holds documentation, `mod` and `pub use` only");
}

#[test]
fn only_the_publication_gate_proves_a_generation_scrubbed() {
    let mut violations = Violations::default();
    let (mut calls, mut made) = (0, 0);
    for file in sources() {
        for (line, text) in file.code() {
            if has_word_beginning(text, "Scrubbed::prove") {
                calls += 1;
                if file.path != "src/scrub/publish_gate.rs" {
                    violations.add(&file.path, line, "proves a generation scrubbed");
                }
            }
            // An alias or `Self::prove` would go round the line above; building one needs private fields.
            let builds = ["Scrubbed {", "DevInstance {", "Deletable {"];
            if builds.iter().any(|token| text.contains(&format!("({token}")) || text.contains(&format!("= {token}"))) {
                made += 1;
                if file.path != "src/platform/guard/token.rs" {
                    violations.add(&file.path, line, "builds a token of the guard");
                }
            }
            if text.contains("Scrubbed as ") || text.contains("= Scrubbed;") {
                violations.add(&file.path, line, "gives `Scrubbed` another name, which this test does not search for");
            }
        }
    }
    assert!(calls > 0 && made > 0, "these names are no longer in src: correct this test");
    violations.must_be_none("only src/scrub/publish_gate.rs calls Scrubbed::prove");
}

#[test]
fn nothing_names_a_developers_machine() {
    // Put together here, or this file would name them.
    let homes = ["root", "home", "Users"].map(|name| format!("/{name}/"));
    let mut violations = Violations::default();
    let files = tracked();
    assert!(files.iter().any(|file| file.path == "Cargo.toml"), "the list of files has no Cargo.toml");
    for file in &files {
        for (line, text) in file.numbered() {
            if let Some(home) = homes.iter().find(|home| has_path_beginning(text, home)) {
                violations.add(&file.path, line, &format!("has a path below {home}"));
            }
        }
    }
    violations.must_be_none("no file that is tracked names a path of somebody's own machine");
}

/// Every module named after `crate::`, with the line; in `use` items and in paths, unit tests included.
fn uses_of_modules(file: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    // One text, since a list in braces may span several lines; of the length of the file's own.
    let code: String = file.numbered().fold(String::new(), |mut all, (_, text)| {
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

/// Whether a path begins like this; `https://example.org/home/x` is no path of this machine.
fn has_path_beginning(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}$~".contains(c)))
}

/// The modules in the order of lib.rs, which is the order of reading.
fn modules() -> Vec<String> {
    let lib = read("src/lib.rs").map_or_else(String::new, |file| file.text);
    let module =
        |line: &str| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';').map(str::to_owned);
    lib.lines().filter_map(module).collect()
}

/// What every rule here depends on.
mod helpers {
    use super::*;

    fn modules_of(text: &str) -> Vec<(usize, String)> {
        uses_of_modules(&Source { path: "src/x.rs".into(), text: text.into() })
    }

    #[test]
    fn modules_are_found_in_lists_and_in_paths() {
        let text = "use crate::pg::{Error, Session};\nuse crate::{\n    demo::{a, b},\n    report,\n};\n// crate::cli\n\
                    fn f() { crate::event::x(super::crate_name()); mycrate::y() }\n";
        let found = modules_of(text);
        let expected = [(1, "pg"), (2, "demo"), (2, "report"), (7, "event")];
        assert_eq!(found, expected.map(|(line, module)| (line, module.to_owned())));
    }

    #[test]
    fn unit_tests_and_comments_are_not_code() {
        let text = "fn a() {} // println!\n\n#[cfg(test)]\nmod tests {\n    fn b() { println!() }\n}\n";
        let file = Source { path: "src/pg/x.rs".into(), text: text.into() };
        assert_eq!(file.code().collect::<Vec<_>>(), [(1, "fn a() {} ")]);
        assert_eq!(file.module(), "pg");
        assert!(has_word_beginning("x(print!())", "print!") && !has_word_beginning("eprint!()", "print!"));
    }

    #[test]
    fn a_path_is_distinguished_from_an_address() {
        let home = format!("/{}/", "home");
        assert!(has_path_beginning(&format!("\"{home}kim/x"), &home));
        assert!(!has_path_beginning(&format!("https://example.org{home}kim"), &home));
    }
}
