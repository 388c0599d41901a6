//! Helpers of the tests of the page's parts, and tests of the file.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use askama::Template;
use jiff::Timestamp;

use super::*;
use crate::error::Exit;
use crate::event::{ColumnCoverage, ColumnMask, Event, Listener, SCHEMA_VERSION};

/// An event some seconds after the start.
pub fn at(seconds: f64, event: Event) -> Recorded {
    let begin = Timestamp::from_second(1_795_280_400).unwrap(); // 2026-11-21 17:00:00 UTC
    Recorded { at: begin + jiff::SignedDuration::from_secs_f64(seconds), event }
}

pub fn rendered(part: &impl Template) -> String {
    part.render().unwrap()
}

pub fn started() -> Event {
    let (command, target, run_id) = ("rotate", "app-dev".to_owned(), "r1".to_owned());
    Event::RunStarted { schema: SCHEMA_VERSION, version: "1.0.0", command, target, run_id }
}

pub fn masked(database: &str, table: &str, method: &'static str, bytes: u64) -> Event {
    Event::TableMasked {
        database: database.to_owned(),
        table: table.to_owned(),
        masks: vec![ColumnMask { column: "email".into(), mask: "email" }],
        method,
        why: None,
        rows: 10,
        bytes_before: bytes,
        bytes_after: bytes / 2,
        seconds: 1.0,
        already: false,
    }
}

pub fn covered(column: &str, class: &'static str, by: &str) -> ColumnCoverage {
    ColumnCoverage { column: column.to_owned(), kind: "text".into(), class, by: by.to_owned() }
}

pub fn leak(database: &str, kept: Option<&str>) -> Event {
    let (place, of) = ("public.notes.body".to_owned(), "public.users.email".to_owned());
    Event::Leak { database: database.to_owned(), place, rows: 3, of, kept: kept.map(str::to_owned) }
}

pub fn searched(database: &str) -> Event {
    Event::LeakChecked {
        database: database.to_owned(),
        mode: "server",
        places: 40,
        rows: 12_000,
        bytes: 1_000_000,
        originals: 900,
        left_out: 12,
        seconds: 2.5,
    }
}

/// Remembers what it recorded.
#[derive(Default)]
struct Other(Mutex<Vec<String>>);

impl Listener for Other {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }

    fn add_secret(&self, value: &str) {
        self.0.lock().unwrap().push(format!("secret {value}"));
    }

    fn print(&self, text: &str) {
        self.0.lock().unwrap().push(format!("print {text}"));
    }
}

fn ended(exit: u8) -> Event {
    Event::RunFinished { exit, generation: None, seconds: 1.0 }
}

fn warning(message: &str) -> Event {
    Event::Warning { message: message.into() }
}

#[test]
fn the_page_is_written_when_the_run_ends_and_the_other_report_gets_all_events() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("보고서 \"1\".html");
    let other = Arc::new(Other::default());
    let html = Html::beside(other.clone(), &path).unwrap();
    assert!(!path.exists(), "no page before the end of a run");
    html.on_event(&started());
    html.add_secret("s");
    html.print("p");
    html.on_event(&warning("look <here>"));
    assert!(!path.exists());
    html.on_event(&ended(4));
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(page.contains("look &#60;here&#62;") && page.contains("failed, clone removed"), "{page}");
    assert_eq!(other.0.lock().unwrap().len(), 5);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn each_run_has_a_page_and_a_failure_without_a_run_has_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let html = Html::beside(Arc::new(Other::default()), &path).unwrap();
    html.on_event(&Event::Failed {
        message: "no config".into(),
        places: Vec::new(),
        hint: None,
        aftermath: Vec::new(),
    });
    assert!(std::fs::read_to_string(&path).unwrap().contains("no config"));
    for message in ["night one", "night two"] {
        html.on_event(&started());
        html.on_event(&warning(message));
        html.on_event(&ended(0));
    }
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.contains("night one") && !page.contains("no config"));
    let page = std::fs::read_to_string(folder.path().join("report-2.html")).unwrap();
    assert!(page.contains("night two") && !page.contains("night one"));
}

#[test]
fn only_the_last_progress_message_of_a_wait_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let html = Html::beside(Arc::new(Other::default()), &folder.path().join("r.html")).unwrap();
    for number in 0..1000 {
        html.on_event(&Event::Progress { step: "restore", message: number.to_string() });
    }
    assert_eq!(html.page.lock().unwrap().recorded.len(), 1);
}

#[test]
fn an_unwritable_path_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("file"), "").unwrap();
    for bad in [path("missing/r.html"), path("file/r.html"), path(""), PathBuf::from("/dev/null"), PathBuf::from("/")] {
        let failure = Html::beside(Arc::new(Other::default()), &bad).err().unwrap_or_else(|| panic!("{bad:?}"));
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.to_string().contains(&bad.display().to_string()), "{failure}");
        assert!(failure.hint.as_ref().is_some_and(|hint| hint.contains("--html")));
    }
}

#[test]
fn an_existing_file_stays_until_the_new_page_and_a_link_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("real.html"), folder.path().join("link.html"));
    std::fs::write(&path, "old").unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let html = Html::beside(Arc::new(Other::default()), &link).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    html.on_event(&ended(0));
    assert!(link.is_symlink() && std::fs::read_to_string(&path).unwrap().starts_with("<!doctype"));
}

#[test]
fn a_page_that_can_no_longer_be_written_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let other = Arc::new(Other::default());
    let html = Html::beside(other.clone(), &folder.path().join("r.html")).unwrap();
    drop(folder);
    html.on_event(&ended(0));
    let recorded = other.0.lock().unwrap();
    assert!(recorded[0].starts_with("Warning") && recorded[1].starts_with("RunFinished"), "{recorded:?}");
}

/// The palettes: text on the page's ground is readable by WCAG's measure, level AA.
#[test]
fn colours_have_enough_contrast() {
    let css = include_str!("style.css");
    let palettes: Vec<&str> = css.split(":root").skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
    assert_eq!(palettes.len(), 3, "light, dark and print");
    for palette in palettes {
        let colour = |name: &str| {
            let (_, rest) = palette.split_once(&format!("--{name}:#")).unwrap_or_else(|| panic!("{name}: {palette}"));
            let channel = |at: usize| f64::from(u8::from_str_radix(&rest[at..at + 2], 16).unwrap()) / 255.0;
            let linear = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
            0.2126 * linear(channel(0)) + 0.7152 * linear(channel(2)) + 0.0722 * linear(channel(4))
        };
        for ground in ["ground", "raised", "soft"] {
            for text in ["ink", "faint", "accent", "good", "warn", "bad"] {
                let (one, other) = (colour(text), colour(ground));
                let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                assert!(contrast >= 4.5, "{text} on {ground}: {contrast:.2} in {palette}");
            }
        }
    }
}
