//! Configurations for the tests of this module, and the complaints about them.

use super::mask::{JsonOptions, MaskOptions, RawMask};
use super::{Config, ConfigError, ExternalChecks, load};
use crate::diagnostic::Complaint;

/// A valid configuration for aws, with little more than the required keys.
pub const AWS: &str = r#"version: 1
targets:
  app-dev:
    platform:
      aws:
        account: "123456789012"
        region: ap-northeast-2
        class: db.t4g.medium
        subnet_group: app-dev
        parameter_group: app-dev-pg16
        quarantine_security_groups: [sg-0123456789abcdef0]
        developer_security_groups: [sg-0fedcba9876543210]
    source: { instance: app-prod }
    generation: { prefix: app-dev- }
    record: { zone: Z0123456789, name: db.dev.example.com }
    databases:
      - name: app
        postproc: postproc-sql
"#;

/// A valid configuration for local, with the required keys.
pub const LOCAL: &str = r#"version: 1
targets:
  app-dev:
    platform: { local: { root: ./devdb } }
    source: { instance: app-prod }
    generation: { prefix: app-dev- }
    record: { name: app-dev }
    databases: [{ name: app }]
"#;

/// Hazards in these tests.
pub const HAZARDS: [&str; 3] = ["subscriptions", "outbox", "pg-cron"];

/// Loads a text from a folder with `postproc-sql/` and `ca.pem`. The environment has `ACCOUNT`, `SECRET` and `KEEP`. A
/// text with targets and without a `mask` section gets a minimal one.
pub fn loaded(text: impl AsRef<[u8]>) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("postproc-sql")).unwrap();
    std::fs::write(folder.path().join("ca.pem"), "").unwrap();
    let path = folder.path().join("devdb.yaml");
    let mut text = text.as_ref().to_vec();
    let has = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
    if has(b"targets:") && !has(b"\nmask:") {
        text.extend_from_slice(b"\nmask: { key: env:DEVDB_MASK_KEY }\n");
    }
    std::fs::write(&path, text).unwrap();
    let environment = |name: &str| match name {
        "ACCOUNT" => Some("123456789012".to_owned()),
        "SECRET" => Some("t0p-s3cret".to_owned()),
        "KEEP" => Some("2".to_owned()),
        _ => None,
    };
    let mask = |mask: &RawMask| match mask {
        RawMask::Map(MaskOptions::Json(JsonOptions::Paths(paths)))
            if paths.keys().any(|path| !path.starts_with('$')) =>
        {
            Err("not a mask in these tests".to_owned())
        }
        _ => Ok(()),
    };
    load(&path, &environment, ExternalChecks { hazard_names: HAZARDS.to_vec(), validate_mask: mask })
}

/// Returns the complaints about a text.
pub fn complaints(text: impl AsRef<[u8]>) -> Vec<Complaint> {
    match loaded(text) {
        Ok(_) => Vec::new(),
        Err(error) => error.complaints().iter().map(|c| Complaint { file: "devdb.yaml".into(), ..c.clone() }).collect(),
    }
}

/// Returns the complaints about a text in short: `line:column title; remedy`.
pub fn short_complaints(text: impl AsRef<[u8]>) -> Vec<String> {
    let short =
        |c: &Complaint| format!("{}:{} {}; {}", c.line(), c.column(), c.title, c.help.as_deref().unwrap_or("?"));
    complaints(text).iter().map(short).collect()
}

/// Returns a configuration with one part replaced. The part must occur in it.
pub fn with(valid: &str, part: &str, replacement: &str) -> String {
    assert!(valid.contains(part), "{part}");
    valid.replacen(part, replacement, 1)
}

/// Compares the complaints about invalid configurations with `testdata/NAME.txt`; `SNAPSHOTS=overwrite` updates
/// that file. A line at the margin is a case, `PART => REPLACEMENT` with `\n` for a line break, and says what is
/// replaced in `valid`. Below it, indented, are the complaints: position and title, then the remedy.
#[track_caller]
pub fn assert_faults(valid: &str, name: &str) {
    let path = format!("{}/src/config/testdata/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let golden = std::fs::read_to_string(&path).unwrap();
    let mut actual = String::new();
    for case in golden.lines().filter(|line| !line.starts_with(' ')) {
        let (part, replacement) = case.split_once("=>").unwrap();
        let unescaped = |text: &str| text.trim().replace("\\n", "\n");
        let complaints = complaints(with(valid, &unescaped(part), &unescaped(replacement)));
        assert!(!complaints.is_empty(), "no complaint: {case}");
        actual += &format!("{case}\n");
        for complaint in complaints {
            let help = complaint.help.as_deref().unwrap_or_default();
            actual += &format!("    {}:{} {}\n      {help}\n", complaint.line(), complaint.column(), complaint.title);
        }
    }
    snapbox::assert_data_eq!(actual, snapbox::Data::read_from(path.as_ref(), None).raw());
}
