//! What the documents say, held against the program: commands, codes, events, hazards, configurations,
//! files, and the picture of a run.

use std::path::Path;
use std::process::{Command, Stdio};

use clap::Parser as _;
use devdb::commands::Cli;
use devdb::config;
use devdb::error::Exit;
use devdb::event::SCHEMA_VERSION;
use devdb::scrub::{self, hazards};

use super::support::server;

#[test]
fn the_exit_codes_are_those_of_the_program() {
    let shown: Vec<(String, String)> = table(&document("README.md"), "## Exit codes").into_iter().map(two).collect();
    let real = Exit::ALL.map(|(exit, words)| ((exit as u8).to_string(), words.to_owned()));
    assert_eq!(shown, real);
}

#[test]
fn every_command_line_is_one_that_devdb_takes() {
    let readme = document("README.md");
    let mut lines: Vec<String> = blocks(&readme, "sh").iter().flat_map(|block| command_lines(block)).collect();
    assert!(lines.len() > 15, "{lines:?}");
    lines.extend(code_spans(&readme).into_iter().filter(|span| span.starts_with("devdb ")));
    for line in lines {
        if let Err(error) = Cli::try_parse_from(line.split_whitespace()) {
            panic!("README: {line}\n{error}");
        }
    }
}

#[test]
fn every_command_is_described() {
    use clap::CommandFactory as _;
    let shown: Vec<String> = table(&document("README.md"), "## Commands").into_iter().map(|row| two(row).0).collect();
    for command in Cli::command().get_subcommands() {
        let name = format!("devdb {}", command.get_name());
        assert!(shown.iter().any(|line| line.trim_matches('`').starts_with(&name)), "README says nothing of {name}");
        let hidden = ["config", "target", "format", "help", "version"];
        for flag in command.get_arguments().filter_map(|argument| argument.get_long()) {
            let said = document("README.md").contains(&format!("--{flag}"));
            assert!(said || hidden.contains(&flag), "README says nothing of {name} --{flag}");
        }
    }
}

#[test]
fn every_configuration_is_one_that_devdb_takes() {
    let readme = document("README.md");
    let whole: Vec<String> = blocks(&readme, "yaml").into_iter().filter(|block| block.contains("version: 1")).collect();
    assert!(whole.len() >= 2, "README shows {} configurations", whole.len());
    for block in &whole {
        let folder = tempfile::tempdir().unwrap();
        for named in values(block, &["postproc:", "root:"]).filter(|path| Path::new(path).is_relative()) {
            std::fs::create_dir_all(folder.path().join(named)).unwrap();
        }
        for named in values(block, &["ssl_root_cert:"]) {
            std::fs::write(folder.path().join(named), "").unwrap();
        }
        let file = folder.path().join("devdb.yaml");
        std::fs::write(&file, block).unwrap();
        must_load(&file, block);
    }
}

#[test]
fn the_example_files_load() {
    for name in ["examples/aws.yaml", "examples/local.yaml"] {
        must_load(&root().join(name), name);
    }
}

#[test]
fn the_events_are_those_of_the_program() {
    let readme = document("README.md");
    let shown: Vec<(String, Vec<String>)> = table(&readme, "## JSON events")
        .into_iter()
        .map(|row| (two(row.clone()).0.trim_matches('`').to_owned(), code_spans(&two(row).1)))
        .collect();
    assert_eq!(shown, events(&document("src/event.rs")));
    assert!(readme.contains(&format!("`schema`, now {SCHEMA_VERSION}:")), "the version is {SCHEMA_VERSION}");
}

#[test]
fn the_words_of_an_event_are_those_of_its_type() {
    // What the test above reads off the source is what serde makes of it.
    let event = devdb::event::Event::StepFinished { step: "restore", summary: "done".into(), seconds: 1.0 };
    let json = serde_json::to_value(&event).unwrap();
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).filter(|key| *key != "event").collect();
    let (name, mut fields) = events(&document("src/event.rs"))
        .into_iter()
        .find(|(name, _)| json["event"] == **name)
        .expect("step_finished is among the events");
    fields.sort();
    assert_eq!((name.as_str(), fields), ("step_finished", keys.into_iter().map(str::to_owned).collect()));
}

#[test]
fn the_hazards_are_those_of_the_program() {
    let readme = document("README.md");
    let shown: Vec<(String, String)> = table(&readme, "## Hazards").into_iter().map(two).collect();
    // Those that are alike share a row.
    let mut real: Vec<(String, String)> = Vec::new();
    for (name, about) in hazards::catalogue() {
        match real.iter_mut().find(|(_, known)| known == about) {
            Some((names, _)) => names.push_str(&format!(", `{name}`")),
            None => real.push((format!("`{name}`"), about.to_owned())),
        }
    }
    let lines: Vec<String> = real.iter().map(|(name, about)| format!("| {name} | {about} |")).collect();
    assert!(shown == real, "README's table of hazards should be:\n{}", lines.join("\n"));
}

#[test]
fn the_versions_are_those_of_the_set_up() {
    let shown = table(&document("README.md"), "## PostgreSQL versions").into_iter().map(|row| two(row).0);
    let mut shown: Vec<String> =
        shown.flat_map(|cell| cell.split(", ").map(str::to_owned).collect::<Vec<_>>()).collect();
    shown.sort();
    let set_up = document("tests/setup.sh");
    let tested = set_up.split_once("TESTED_POSTGRES=\"").and_then(|(_, rest)| rest.split('"').next()).unwrap();
    assert_eq!(shown, tested.split(' ').collect::<Vec<_>>());
}

#[test]
fn the_changelog_has_a_place_for_what_comes_next() {
    let changelog = document("CHANGELOG.md");
    let first = changelog.lines().find(|line| line.starts_with("## "));
    assert_eq!(first, Some("## Unreleased"), "the newest section stands first");
}

#[test]
fn every_file_that_is_named_is_there() {
    for name in ["README.md", "ARCHITECTURE.md"] {
        let text = document(name);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for link in links.filter(|link| !link.is_empty() && !link.contains("://")) {
            assert!(root().join(link).exists(), "{name} links to {link}, which is not there");
        }
        for span in code_spans(&text).iter().filter(|span| span.starts_with("src/") && !span.contains(['*', '…'])) {
            assert!(root().join(span).exists(), "{name} names {span}, which is not there");
        }
    }
}

#[test]
fn the_architecture_lists_the_modules_in_their_order() {
    let shown: Vec<String> = table(&document("ARCHITECTURE.md"), "## Modules")
        .into_iter()
        .map(|row| two(row).0.trim_matches(['`', '/']).trim_end_matches(".rs").to_owned())
        .filter(|module| !["main", "lib"].contains(&module.as_str()))
        .collect();
    let lib = document("src/lib.rs");
    let real: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(shown, real);
}

/// Every line of the picture is printed by the demo, in this order; times, dates and ids may differ,
/// and the demo may say more in between.
#[test]
fn the_picture_of_a_run_is_one_that_the_demo_prints() {
    let readme = document("README.md");
    let picture = blocks(&readme, "text").into_iter().next().expect("a picture");
    let (folder, _) = server::directory();
    let home = folder.path().join("demo");
    let demo = Command::new(env!("CARGO_BIN_EXE_devdb"))
        .args(["demo", "--dir"])
        .arg(&home)
        .env("PG_BIN", server::bin(None))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Another program takes the port of the developer's server before it starts.
    let _taken = std::net::TcpListener::bind(("127.0.0.1", laptop_port(&home.join("devdb.yaml")))).unwrap();
    let output = demo.wait_with_output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{printed}");
    let printed: Vec<String> = printed.lines().map(shape).collect();
    let mut rest = printed.iter();
    for line in picture.lines().filter(|line| *line != "…") {
        let wanted = shape(line);
        assert!(
            rest.any(|line| *line == wanted),
            "the demo does not print, in this place: {line}\n{}",
            printed.join("\n")
        );
    }
}

/// The port of the developer's server in the demo's configuration, once it is written.
fn laptop_port(file: &Path) -> u16 {
    let port = |text: String| text.split_once("localhost:")?.1.split_once('/')?.0.parse().ok();
    loop {
        match std::fs::read_to_string(file).ok().and_then(port) {
            Some(port) => return port,
            None => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    }
}

/// A line without what differs from run to run.
fn shape(line: &str) -> String {
    let line = match line.split_once("(run ") {
        Some((before, _)) => before,
        None => line,
    };
    let mut shape = String::new();
    for c in line.chars() {
        let in_number = c.is_ascii_digit() || (shape.ends_with('0') && matches!(c, '.' | ',' | '-'));
        if !in_number {
            shape.push(c);
        } else if !shape.ends_with('0') {
            shape.push('0');
        }
    }
    shape.replace("0 m 0 s", "0 s")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn document(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[track_caller]
fn must_load(file: &Path, what: &str) {
    let given = |_: &str| Some("value".to_owned());
    if let Err(error) = config::load(file, &given, scrub::config_checks()) {
        panic!("{what}\n{}", devdb::error::Failure::from(error));
    }
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let begins = text.match_indices(&fence).filter(|(at, _)| *at == 0 || text[..*at].ends_with('\n'));
    begins.filter_map(|(at, _)| Some(text[at + fence.len()..].split("\n```").next()?.to_owned())).collect()
}

/// The calls of devdb in a shell script: without variables before them and without what follows.
fn command_lines(block: &str) -> Vec<String> {
    let joined = block.replace("\\\n", " ");
    let is_assignment = |word: &str| word.split_once('=').is_some_and(|(name, _)| !name.contains(['-', '/', ' ']));
    joined
        .lines()
        .filter_map(|line| {
            let words = line.split_whitespace().skip_while(|word| is_assignment(word));
            let own = words.take_while(|word| !["|", ">", "&&", "||", ";", "#", "2>&1"].contains(word));
            Some(own.collect::<Vec<_>>().join(" ")).filter(|line| line.split(' ').next() == Some("devdb"))
        })
        .collect()
}

/// What stands between backticks, outside of fenced blocks.
fn code_spans(text: &str) -> Vec<String> {
    let mut fenced = false;
    let prose: Vec<&str> = text
        .lines()
        .filter(|line| {
            let fence = line.starts_with("```");
            fenced ^= fence;
            !fence && !fenced
        })
        .collect();
    // A span may go over the end of a line.
    prose.join(" ").split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The rows of the first table below a heading, without its head.
#[track_caller]
fn table(text: &str, heading: &str) -> Vec<Vec<String>> {
    let below = text.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no heading {heading:?}")).1;
    let rows = below.lines().skip_while(|line| !line.starts_with("| ")).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    rows.skip(2).map(cells).collect()
}

fn two(row: Vec<String>) -> (String, String) {
    let mut cells = row.into_iter();
    (cells.next().unwrap_or_default(), cells.next().unwrap_or_default())
}

/// The values of keys in YAML, in block or flow style.
fn values<'a>(yaml: &'a str, keys: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let after = keys.iter().flat_map(|key| yaml.match_indices(key).map(|(at, key)| &yaml[at + key.len()..]));
    after.filter_map(|rest| rest.split([',', '}', '\n', '#']).next().map(str::trim).filter(|value| !value.is_empty()))
}

/// Names and fields of all events, off the source; `?` after a field that may be left out.
fn events(source: &str) -> Vec<(String, Vec<String>)> {
    let body = source.split_once("pub enum Event {\n").map_or("", |(_, body)| body);
    let body = body.split("\n}\n").next().unwrap_or_default();
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut optional = false;
    for line in body.lines().map(str::trim) {
        if line.starts_with("//") {
            continue;
        }
        if line.starts_with("#[serde(skip_serializing_if") {
            optional = true;
        } else if let Some(name) = line.strip_suffix(" {") {
            found.push((snake_case(name), Vec::new()));
        } else if let (Some((field, _)), Some((_, fields))) = (line.split_once(": "), found.last_mut()) {
            fields.push(format!("{field}{}", if optional { "?" } else { "" }));
            optional = false;
        }
    }
    found
}

/// As serde writes it: `RunStarted` is `run_started`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
