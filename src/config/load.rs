//! Loads a configuration file: read, parse, interpolate, validate, check.

use std::io::Read;
use std::path::Path;

use super::check::{CheckContext, Cursor, ExternalChecks, check};
use super::diagnostics::Diagnostics;
use super::error::ConfigError;
use super::interpolate::{Environment, interpolate};
use super::raw;
use super::resolved::Config;
use super::schema::schema;
use super::tree;
use super::validate::validate;

/// Maximum size of a file in bytes. No configuration is larger; a larger file was given by mistake.
const MAX_SIZE: usize = 1 << 20;

/// Loads a configuration file. `environment` returns the values for `${NAME}`.
///
/// # Errors
/// If the file cannot be read, or with all complaints about its content.
pub fn load(path: &Path, environment: Environment<'_>, external: ExternalChecks) -> Result<Config, ConfigError> {
    let unreadable = |why: String| ConfigError::Unreadable { path: path.to_owned(), why };
    let bytes = read(path).map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() > MAX_SIZE {
        return Err(unreadable("it is larger than 1 MiB and therefore not a configuration".into()));
    }
    let diagnostics = decode(path, bytes);
    let absolute = std::path::absolute(path).map_err(|error| unreadable(error.to_string()))?;
    let base = absolute.parent().unwrap_or(Path::new("/"));
    let context = CheckContext { path, base, external };
    let config = if diagnostics.is_empty() { resolve(&diagnostics, environment, &context) } else { None };
    match config.filter(|_| diagnostics.is_empty()) {
        Some(config) => Ok(config),
        None => Err(ConfigError::Invalid(diagnostics.into_complaints())),
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // A device or a pipe may never end.
    std::fs::File::open(path)?.take(MAX_SIZE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn decode(path: &Path, bytes: Vec<u8>) -> Diagnostics {
    let file = path.display().to_string();
    match String::from_utf8(bytes) {
        Ok(text) => Diagnostics::new(file, text.strip_prefix('\u{feff}').unwrap_or(&text)),
        Err(error) => {
            let start = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let diagnostics = Diagnostics::new(file, text);
            diagnostics.report(
                start..start + '\u{fffd}'.len_utf8(),
                "the file is not valid UTF-8",
                "save the file as UTF-8",
            );
            diagnostics
        }
    }
}

fn resolve(diagnostics: &Diagnostics, environment: Environment<'_>, context: &CheckContext<'_>) -> Option<Config> {
    let mut root = tree::parse(diagnostics)?;
    interpolate(diagnostics, &mut root, environment);
    let valid = validate(diagnostics, &schema(), &root)?;
    diagnostics.finish_stage();
    let at = Cursor::root(diagnostics, &root);
    match serde_json::from_value::<raw::Config>(valid) {
        Ok(raw) => Some(check(raw, at, context)),
        Err(error) => {
            // The schema allows something that serde rejects. A partial configuration would be worse than none.
            at.report(format!("the file cannot be deserialized: {error}"), "compare it with `devdb config schema`");
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
    fn omitted_keys_have_defaults() {
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
    fn the_examples_are_valid() {
        let [aws, local] =
            [include_str!("../../examples/aws.yaml"), include_str!("../../examples/local.yaml")].map(|text| {
                assert!(text.starts_with("# yaml-language-server: $schema=../devdb.schema.json\n"));
                text.replace("postproc: ../postproc-sql", "postproc: postproc-sql")
            });
        assert!(loaded(local).is_ok());
        let config = loaded(aws).unwrap();
        let target = &config.targets["app-dev"];
        assert_eq!(target.connect, Connect::Ssm { instance: "i-0123456789abcdef0".into() });
        assert_eq!(target.databases[0].secrets["dev_password_hash"], Password::Env("DEV_PASSWORD_HASH".into()));
        assert_eq!(target.allowed_roles["app_service"].password, Some(Password::Env("APP_PASSWORD".into())));
        assert_eq!(target.ensured_roles["developer"].member_of, ["developers"]);
        assert_eq!(target.kept_hazards["outbox"], "our worker never connects to dev");
    }

    #[test]
    fn text_and_numbers_are_interpolated() {
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
    fn anchors_and_all_line_ends_are_accepted() {
        let merged = LOCAL.replace("  app-dev:\n", "  app-dev: &all\n").trim_end().to_owned()
            + "\n  b:\n    <<: *all\n    generation: { prefix: for-b- }\n    record: { name: b }\n";
        assert_eq!(loaded(merged).unwrap().targets["b"].source.instance, "app-prod");
        assert!(loaded(format!("\u{feff}{}", LOCAL.replace('\n', "\r\n"))).is_ok());
    }

    #[test]
    fn all_complaints_are_drawn_at_once() {
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
        let golden = snapbox::file!["testdata/drawn.txt"].raw();
        snapbox::assert_data_eq!(drawn.join("\n\n") + "\n", golden);
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        for (text, expected) in [
            (&b""[..], "1:1 the file is empty"),
            (b"# only a comment\n", "2:1 the file is empty"),
            (b"[]", "1:1 the file is a list, not a map"),
            (b"hello", "1:1 the file is text, not a map"),
            (b"version: 1\ntargets:\n", "2:1 `targets` is empty"),
            (b"version: 1\ntargets: {}\n", "2:1 `targets` is empty"),
            (b"version: 1\n\xff\xfetargets: {}\n", "2:1 the file is not valid UTF-8"),
            (b"\xff\xfev\0e\0r\0", "1:1 the file is not valid UTF-8"),
            (
                b"version: 1\ntargets:\n\tapp-dev: {}\n",
                "3:2 the file is not valid YAML: tabs disallowed within this context (block indentation)",
            ),
            (b"version: 1\n---\nversion: 1\n", "3:1 the file is not valid YAML: it contains a second document"),
            (b"\0\0\0\0", "1:1 the file is not valid YAML: unexpected character: `\\u{0}'"),
        ] {
            let complaints = complaints(text);
            let first = &complaints[0];
            assert_eq!(format!("{}:{} {}", first.line(), first.column(), first.title), expected);
            assert_eq!(complaints.len(), 1);
            assert!(!first.to_string().is_empty() && first.help.is_some());
        }
    }

    #[test]
    fn an_unreadable_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let load = |path: &Path| {
            load(path, &|_| None, ExternalChecks { hazard_names: Vec::new(), validate_mask: |_| Ok(()) })
                .unwrap_err()
                .to_string()
                .replace(&folder.path().display().to_string(), "")
        };
        let large = folder.path().join("large");
        std::fs::write(&large, "x: &a [".repeat(10 << 17)).unwrap();
        assert_eq!(load(folder.path()), "cannot read : Is a directory (os error 21)");
        assert_eq!(load(&folder.path().join("no")), "cannot read /no: No such file or directory (os error 2)");
        assert_eq!(load(&large), "cannot read /large: it is larger than 1 MiB and therefore not a configuration");
        assert!(load(Path::new("/dev/zero")).ends_with("it is larger than 1 MiB and therefore not a configuration"));
    }

    #[test]
    fn a_target_is_selected_by_name_or_as_the_only_one() {
        let two = LOCAL.trim_end().to_owned()
            + "\n  b:\n    platform: { local: { root: ./b } }\n    source: { instance: b-prod }\n    generation: { prefix: for-b- }\n    record: { name: b }\n    databases: [{ name: b }]\n";
        let config = loaded(two).unwrap();
        assert_eq!(config.target(Some("b")).unwrap().name, "b");
        assert_eq!(config.target(None).unwrap_err().to_string(), "the configuration has several targets");
        let failure = Failure::from(config.target(Some("c")).unwrap_err());
        assert_eq!(failure.to_string(), "the configuration has no target `c`");
        assert_eq!(failure.hint.unwrap(), "select one: `--target app-dev` or `--target b`");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// After arbitrary edits a file is either valid or has complaints, and the complaints can be drawn.
        #[test]
        fn arbitrary_edits_never_panic_nor_show_secrets(
            valid in prop_oneof![Just(AWS), Just(LOCAL), Just(include_str!("../../examples/aws.yaml"))],
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, prop_oneof![
                Just("\t"), Just("\r\n"), Just("\u{feff}"), Just("키: "), Just("&a "), Just("*a"), Just("<<: *a\n"), Just("${"),
                Just("${SECRET}"), Just("$${x}"), Just("["), Just("}"), Just("\""), Just("'"), Just(": "), Just("- "), Just("\0"),
                Just("!!binary "), Just("---\n"), Just("| "), Just("? "), Just("\u{1b}[31m"), Just("9"), Just("~"), Just(""),
            ]), 1..4),
        ) {
            let mut text = valid.to_owned();
            for (at, cut, replacement) in edits {
                let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
                let first = at.index(offsets.len());
                let last = (first + cut).min(offsets.len() - 1);
                text.replace_range(offsets[first]..offsets[last], replacement);
            }
            if let Err(error) = loaded(&text) {
                prop_assert!(!error.complaints().is_empty());
                let drawn = Failure::from(error).to_string();
                prop_assert!(!drawn.contains("t0p-s3cret"), "{drawn}");
            }
        }
    }
}
