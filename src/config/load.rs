//! From a path to a checked configuration: read, parse, fill in, conform, check.

use std::io::Read;
use std::path::Path;

use super::check::{self, Known, Place, Words};
use super::diagnostics::Page;
use super::error::Error;
use super::interpolate::{Environment, fill};
use super::raw;
use super::resolved::Config;
use super::schema::schema;
use super::tree;
use super::validate::conform;

/// No configuration is larger; what is, is another file given by mistake.
const LARGEST: usize = 1 << 20;

/// Reads and checks a configuration. `environment` looks up `${NAME}`.
///
/// # Errors
/// When the file cannot be read, or with every complaint about its content at once.
pub fn load(path: &Path, environment: Environment<'_>, words: Words) -> Result<Config, Error> {
    let unreadable = |why: String| Error::Unreadable { path: path.to_owned(), why };
    let bytes = read(path).map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() > LARGEST {
        return Err(unreadable("it is larger than 1 MiB, so it is no configuration".into()));
    }
    let page = page(path, bytes);
    let absolute = std::path::absolute(path).map_err(|error| unreadable(error.to_string()))?;
    let base = absolute.parent().unwrap_or(Path::new("/"));
    let known = Known { path, base, words };
    let config = if page.is_clean() { config(&page, environment, &known) } else { None };
    match config.filter(|_| page.is_clean()) {
        Some(config) => Ok(config),
        None => Err(Error::Wrong(page.into_complaints())),
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // A device or pipe may never end.
    std::fs::File::open(path)?.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn page(path: &Path, bytes: Vec<u8>) -> Page {
    let file = path.display().to_string();
    match String::from_utf8(bytes) {
        Ok(text) => Page::new(file, text.strip_prefix('\u{feff}').unwrap_or(&text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let page = Page::new(file, text);
            let help = "save the file as UTF-8";
            page.complain(at..at + '\u{fffd}'.len_utf8(), "this is not UTF-8", None, help);
            page
        }
    }
}

fn config(page: &Page, environment: Environment<'_>, known: &Known<'_>) -> Option<Config> {
    let mut root = tree::parse(page)?;
    fill(page, &mut root, environment);
    let conforming = conform(page, &schema(), &root)?;
    page.settle();
    let at = Place::root(page, &root);
    match serde_json::from_value::<raw::File>(conforming) {
        Ok(file) => Some(check::check(file, at, known)),
        Err(error) => {
            // The schema let something through that serde does not: better no configuration than half of one.
            at.complain(format!("this file cannot be read: {error}"), "compare it with `devdb config schema`");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::config::testing::*;
    use crate::config::{Connect, Password, PlatformConfig};
    use crate::error::Failure;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn what_is_not_written_has_a_default() {
        let config = loaded(LOCAL).unwrap();
        let target = config.target(None).unwrap();
        let PlatformConfig::Local(local) = &target.platform else { panic!("{target:?}") };
        assert!(
            local.root.is_absolute()
                && local.root.ends_with("devdb")
                && !local.root.display().to_string().contains("/./")
        );
        assert_eq!(local.master_user, "postgres");
        assert_eq!(target.source.snapshots, ["basebackup"]);
        assert_eq!((target.source.max_snapshot_age, target.generation.max_age), (36 * HOUR, 36 * HOUR));
        assert_eq!((target.generation.keep, target.generation.lease), (0, Duration::from_secs(180)));
        assert_eq!((target.record.ttl, &target.connect), (Duration::ZERO, &Connect::Direct));
        assert_eq!(target.master_password, Password::Generate { store: None });
        assert_eq!((target.deadlines.restore, target.deadlines.retire), (3 * HOUR, HOUR / 2));

        let config = loaded(AWS).unwrap();
        let target = config.target(Some("app-dev")).unwrap();
        let PlatformConfig::Aws(aws) = &target.platform else { panic!("{target:?}") };
        assert_eq!((aws.zone.as_str(), aws.iam_authentication), ("Z0123456789", false));
        assert_eq!(target.source.snapshots, ["automated", "awsbackup"]);
        assert_eq!(target.record.ttl, Duration::from_secs(60));
        assert!(target.databases[0].postproc.as_ref().unwrap().ends_with("postproc-sql"));
    }

    #[test]
    fn the_examples_are_right() {
        for text in [include_str!("../../devdb.example.yaml"), include_str!("../../devdb.local.example.yaml")] {
            assert!(text.starts_with("# yaml-language-server: $schema=./devdb.schema.json\n"));
            assert_eq!(said(text), Vec::<String>::new());
        }
        let config = loaded(include_str!("../../devdb.example.yaml")).unwrap();
        let target = &config.targets["app-dev"];
        assert_eq!(target.connect, Connect::Ssm { instance: "i-0123456789abcdef0".into() });
        assert_eq!(target.databases[0].secrets["dev_password_hash"], Password::Env("DEV_PASSWORD_HASH".into()));
        assert_eq!(target.allowed_roles["app_service"].password, Some(Password::Env("APP_PASSWORD".into())));
        assert_eq!(target.ensured_roles["developer"].member_of, ["developers"]);
        assert_eq!(target.kept_hazards["outbox"], "our worker is never attached to dev");
    }

    #[test]
    fn the_environment_fills_text_and_numbers() {
        let text = with(AWS, "\"123456789012\"", "${ACCOUNT}");
        let text = with(&text, "app-dev- }", "app-dev-, keep: \"${KEEP}\" }");
        let text = with(&text, "postproc: postproc-sql", "variables: { price: \"$${ACCOUNT}\" }");
        let config = loaded(text).unwrap();
        let target = &config.targets["app-dev"];
        assert!(matches!(&target.platform, PlatformConfig::Aws(aws) if aws.account == "123456789012"));
        assert_eq!(target.generation.keep, 2);
        assert_eq!(target.databases[0].variables["price"], "${ACCOUNT}");
    }

    #[test]
    fn anchors_and_line_ends_of_any_kind_are_taken() {
        let merged = LOCAL.replace("  app-dev:\n", "  app-dev: &all\n").trim_end().to_owned()
            + "\n  b:\n    <<: *all\n    generation: { prefix: for-b- }\n    record: { name: b }\n";
        assert_eq!(loaded(merged).unwrap().targets["b"].source.instance, "app-prod");
        assert!(loaded(format!("\u{feff}{}", LOCAL.replace('\n', "\r\n"))).is_ok());
    }

    #[test]
    fn all_complaints_are_shown_at_once_with_their_lines() {
        let text = r#"version: 1
targets:
  app-dev:
    platform:
      local: { root: ./devdb, 뿌리: x }
    source: { instance: app-prod, max_snapshot_age: ${AGE} }
    source: { instance: other }
    generation: { prefix: app- }
    record: { name: 개발 }
    databases:
      - name: app
        postprok: postproc-sql
        secrets: { key: hunter2 }
"#;
        let text = with(text, "${AGE}", "\"${AGE}\"");
        let drawn: Vec<String> = complaints(text).iter().map(ToString::to_string).collect();
        snapbox::assert_data_eq!(
            drawn.join("\n\n") + "\n",
            snapbox::str![[r#"
error: `뿌리` is not a key of `targets.app-dev.platform.local`
 --> devdb.yaml:5:31
  |
5 |       local: { root: ./devdb, 뿌리: x }
  |                               ^^^^
  |
  = help: write one of `master_user`, `parameters`, `root`, or remove it

error: the environment variable AGE is not set
 --> devdb.yaml:6:54
  |
6 |     source: { instance: app-prod, max_snapshot_age: "${AGE}" }
  |                                                      ^^^^^^
  |
  = help: set AGE, or write the value here; a literal `${` is written `$${`

error: the key `source` is given twice
 --> devdb.yaml:7:5
  |
7 |     source: { instance: other }
  |     ^^^^^^
  |
  = help: remove one of them; the first is on line 6

error: the prefix has fewer than 6 characters
 --> devdb.yaml:8:27
  |
8 |     generation: { prefix: app- }
  |                           ^^^^
  |
  = help: choose a longer one: what begins with it may be deleted

error: `개발` cannot be a service's name
 --> devdb.yaml:9:21
  |
9 |     record: { name: 개발 }
  |                     ^^^^
  |
  = help: write letters, digits, `-`, `_` and `.`: it is a section of pg_service.conf

error: `postprok` is not a key of `targets.app-dev.databases[0]`
  --> devdb.yaml:12:9
   |
12 |         postprok: postproc-sql
   |         ^^^^^^^^
   |
   = help: did you mean `postproc`?

error: this does not say where the secret comes from
  --> devdb.yaml:13:25
   |
13 |         secrets: { key: ******* }
   |                         ^^^^^^^
   |
   = help: write `env:NAME`, `generate`, `command: […]` or `generate: {store: […]}`; the secret itself never stands in this file

"#]]
        );
    }

    #[test]
    fn a_file_that_is_no_configuration_is_said_to_be_none() {
        for (text, expected) in [
            (&b""[..], "1:1 the file is empty"),
            (b"# only a comment\n", "2:1 the file is empty"),
            (b"[]", "1:1 the file is a list, not a map of keys"),
            (b"hello", "1:1 the file is text, not a map of keys"),
            (b"version: 1\ntargets:\n", "2:1 `targets` is empty"),
            (b"version: 1\ntargets: {}\n", "2:1 `targets` is empty"),
            (b"version: 1\n\xff\xfetargets: {}\n", "2:1 this is not UTF-8"),
            (b"\xff\xfev\0e\0r\0", "1:1 this is not UTF-8"),
            (
                b"version: 1\ntargets:\n\tapp-dev: {}\n",
                "3:2 this is not YAML that devdb can read: tabs disallowed within this context (block indentation)",
            ),
            (b"version: 1\n---\nversion: 1\n", "3:1 this is not YAML that devdb can read: it holds a second document"),
            (b"\0\0\0\0", "1:1 this is not YAML that devdb can read: unexpected character: `\\u{0}'"),
        ] {
            let complaints = complaints(text);
            let first = &complaints[0];
            assert_eq!(format!("{}:{} {}", first.line(), first.column(), first.title), expected);
            assert_eq!(complaints.len(), 1);
            assert!(!first.to_string().is_empty() && first.help.is_some());
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let load = |path: &Path| {
            load(path, &|_| None, Words { hazards: Vec::new(), mask: |_| Ok(()) })
                .unwrap_err()
                .to_string()
                .replace(&folder.path().display().to_string(), "")
        };
        let large = folder.path().join("large");
        std::fs::write(&large, "x: &a [".repeat(10 << 17)).unwrap();
        assert_eq!(load(folder.path()), " cannot be read: Is a directory (os error 21)");
        assert_eq!(load(&folder.path().join("no")), "/no cannot be read: No such file or directory (os error 2)");
        assert_eq!(load(&large), "/large cannot be read: it is larger than 1 MiB, so it is no configuration");
        assert!(load(Path::new("/dev/zero")).ends_with("it is larger than 1 MiB, so it is no configuration"));
    }

    #[test]
    fn a_target_is_chosen_or_asked_for() {
        let two = LOCAL.trim_end().to_owned()
            + "\n  b:\n    platform: { local: { root: ./b } }\n    source: { instance: b-prod }\n    generation: { prefix: for-b- }\n    record: { name: b }\n    databases: [{ name: b }]\n";
        let config = loaded(two).unwrap();
        assert_eq!(config.target(Some("b")).unwrap().name, "b");
        assert_eq!(config.target(None).unwrap_err().to_string(), "there are several targets");
        let failure = Failure::from(config.target(Some("c")).unwrap_err());
        assert_eq!(failure.to_string(), "there is no target `c`");
        assert_eq!(failure.hint.unwrap(), "say which one: `--target app-dev`, `--target b`");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Whatever is done to a file, it is either right or complained about, and the complaints can be drawn.
        #[test]
        fn nothing_breaks_it(
            right in prop_oneof![Just(AWS), Just(LOCAL), Just(include_str!("../../devdb.example.yaml"))],
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, prop_oneof![
                Just("\t"), Just("\r\n"), Just("\u{feff}"), Just("키: "), Just("&a "), Just("*a"), Just("<<: *a\n"), Just("${"),
                Just("${SECRET}"), Just("$${x}"), Just("["), Just("}"), Just("\""), Just("'"), Just(": "), Just("- "), Just("\0"),
                Just("!!binary "), Just("---\n"), Just("| "), Just("? "), Just("\u{1b}[31m"), Just("9"), Just("~"), Just(""),
            ]), 1..4),
        ) {
            let mut text = right.to_owned();
            for (at, cut, put) in edits {
                let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
                let first = at.index(places.len());
                let last = (first + cut).min(places.len() - 1);
                text.replace_range(places[first]..places[last], put);
            }
            if let Err(error) = loaded(&text) {
                prop_assert!(!error.complaints().is_empty());
                let drawn = Failure::from(error).to_string();
                prop_assert!(!drawn.contains("t0p-s3cret"), "{drawn}");
            }
        }
    }
}
