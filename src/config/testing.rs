//! Configurations for the tests of this room: a right one, and what is said about a wrong one.

use super::mask::{JsonOptions, MaskOptions, WrittenMask};
use super::{Config, Error, Words, load};
use crate::diagnostic::Complaint;

/// A right configuration for aws, with little more than what is required.
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

/// A right configuration for local, with what is required.
pub const LOCAL: &str = r#"version: 1
targets:
  app-dev:
    platform: { local: { root: ./devdb } }
    source: { instance: app-prod }
    generation: { prefix: app-dev- }
    record: { name: app-dev }
    databases: [{ name: app }]
"#;

/// Names of hazards in these tests.
pub const HAZARDS: [&str; 3] = ["subscriptions", "outbox", "pg-cron"];

/// Loads a text from a folder that holds `postproc-sql/` and `ca.pem`. The environment knows `ACCOUNT`
/// and `SECRET`.
pub fn loaded(text: impl AsRef<[u8]>) -> Result<Config, Error> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("postproc-sql")).unwrap();
    std::fs::write(folder.path().join("ca.pem"), "").unwrap();
    let path = folder.path().join("devdb.yaml");
    let mut text = text.as_ref().to_vec();
    let has = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
    // Most texts are about other things.
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
    let mask = |mask: &WrittenMask| match mask {
        WrittenMask::Map(MaskOptions::Json(JsonOptions::Paths(paths)))
            if paths.keys().any(|path| !path.starts_with('$')) =>
        {
            Err("not a mask in these tests".to_owned())
        }
        _ => Ok(()),
    };
    load(&path, &environment, Words { hazards: HAZARDS.to_vec(), mask })
}

/// The complaints about a text.
pub fn complaints(text: impl AsRef<[u8]>) -> Vec<Complaint> {
    match loaded(text) {
        Ok(_) => Vec::new(),
        Err(error) => error.complaints().iter().map(|c| Complaint { file: "devdb.yaml".into(), ..c.clone() }).collect(),
    }
}

/// The complaints about a text in short: `line:column title; remedy`.
pub fn said(text: impl AsRef<[u8]>) -> Vec<String> {
    let short =
        |c: &Complaint| format!("{}:{} {}; {}", c.line(), c.column(), c.title, c.help.as_deref().unwrap_or("?"));
    complaints(text).iter().map(short).collect()
}

/// A right configuration with a part replaced, which must be in it.
pub fn with(right: &str, part: &str, by: &str) -> String {
    assert!(right.contains(part), "{part}");
    right.replacen(part, by, 1)
}

/// Holds what is said about broken configurations against a table. In it, a line at the margin says
/// what is replaced (`part => by`, with `\n` for a line break); below it, indented, stands each
/// complaint and in the next line its remedy.
#[track_caller]
pub fn assert_faults(right: &str, table: &str) {
    let margin =
        table.lines().find(|line| !line.trim().is_empty()).map_or(0, |line| line.len() - line.trim_start().len());
    let lines: Vec<(bool, &str)> = table
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| (line.len() - line.trim_start().len() == margin, line.trim()))
        .collect();
    for (at, (_, change)) in lines.iter().enumerate().filter(|(_, (is_change, _))| *is_change) {
        let (part, by) = change.split_once("=>").unwrap();
        let unescaped = |text: &str| text.trim().replace("\\n", "\n");
        let expected: Vec<&str> = lines[at + 1..].iter().take_while(|line| !line.0).map(|line| line.1).collect();
        let said = complaints(with(right, &unescaped(part), &unescaped(by)));
        let lines =
            |c: &Complaint| [format!("{}:{} {}", c.line(), c.column(), c.title), c.help.clone().unwrap_or_default()];
        let said: Vec<String> = said.iter().flat_map(lines).collect();
        assert_eq!(said, expected, "{change}");
    }
}
