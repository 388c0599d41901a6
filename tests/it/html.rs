//! The HTML report, opened from disk by headless Chromium: what it says, and that it asks for nothing,
//! complains of nothing and fits.

mod columns;
mod events;
mod story;

use std::path::PathBuf;

use devdb::report::html::{Recorded, page};

use super::support::browser::Browser;
use super::support::scene::Scene;

/// From a telephone to a big screen.
const WIDTHS: [u32; 4] = [375, 768, 1024, 1400];

/// Pixels of a picture's height: a page of thousands of columns has more than a picture can hold.
const TALLEST: u32 = 6_000;

/// Writes a page where it stays to be looked at, with its pictures: below `target/tmp/html`.
fn written(name: &str, recorded: &[Recorded]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("html");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.html"));
    std::fs::write(&path, page(recorded).unwrap()).unwrap();
    path
}

/// What holds for every page.
#[track_caller]
fn must_behave(browser: &mut Browser, path: &std::path::Path) {
    browser.open(path);
    for scheme in ["light", "dark"] {
        for width in WIDTHS {
            browser.look(width, scheme);
            let widest = browser.value("document.documentElement.scrollWidth");
            assert_eq!(widest, width, "at {width} px it is wider than the window: {}", wide(browser));
            let picture = browser.picture(width, TALLEST);
            assert!(picture.starts_with(b"\x89PNG") && picture.len() > 3_000, "a picture of {} bytes", picture.len());
            let size = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
            assert!(size(16) == width && size(20) >= 900, "a picture of {} by {}", size(16), size(20));
            std::fs::write(path.with_extension(format!("{width}-{scheme}.png")), picture).unwrap();
        }
    }
    let pdf = browser.printed();
    assert!(pdf.starts_with(b"%PDF") && pdf.len() > 10_000, "a PDF of {} bytes", pdf.len());
    std::fs::write(path.with_extension("pdf"), pdf).unwrap();
    assert_eq!(browser.complaints(), [""; 0]);
    let asked: Vec<String> = browser.asked_for().into_iter().filter(|url| !url.starts_with("file://")).collect();
    assert_eq!(asked, [""; 0]);
    assert_eq!(browser.asked_for().len(), 1, "only the page itself: {:?}", browser.asked_for());
}

/// What sticks out of the window.
fn wide(browser: &mut Browser) -> String {
    browser
        .value(
            "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
             .slice(0, 5).map(e => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40)).join('; ')",
        )
        .to_string()
}

/// The text of the page as it is read.
fn text(browser: &mut Browser) -> String {
    browser.value("document.body.innerText").as_str().unwrap().to_owned()
}

#[track_caller]
fn must_say(text: &str, all: &[&str]) {
    for words in all {
        assert!(text.contains(words), "the page does not say {words:?}:\n{text}");
    }
}

#[test]
fn a_good_night_is_drawn() {
    let mut browser = Browser::start();
    must_behave(&mut browser, &written("good", &events::good_night()));
    let text = text(&mut browser);
    must_say(&text, &["haneul-dev-20261122-171504 is live.", "0 · done", "2026-11-22 17:15:02 UTC", "nothing found"]);
    must_say(&text, &["app.messages", "31.2 GB", "24.9 GB", "48,220,114", "받는 사람", "email: *.email", "Kept:"]);
    assert_eq!(browser.value("document.title"), "devdb rotate haneul-dev: done");
    // Bars are to scale: the restore took 1124 of all the seconds.
    let ratio =
        "(() => { const b = [...document.querySelectorAll('.track')].map(t => t.firstChild.getBoundingClientRect()
        .width / t.getBoundingClientRect().width); return b[1] / b[9] })()";
    let ratio = browser.value(ratio).as_f64().unwrap();
    assert!((ratio - 1124.0 / 251.0).abs() < 0.2, "{ratio}");
    // What a tooltip says is printed too: the cell's number leads to the entry.
    let entry =
        "(() => { const c = [...document.querySelectorAll('.matrix li')].find(c => c.title.startsWith('phone, text'));
        return c.closest('section').querySelectorAll('.entries')[0].children[c.querySelector('sup').textContent - 1]
        .querySelector('code').textContent })()";
    assert_eq!(browser.value(entry), "phone: *.phone");
}

#[test]
fn the_page_is_well_formed_for_a_reader_that_sees_nothing() {
    let mut browser = Browser::start();
    browser.open(&written("good", &events::good_night()));
    for (what, wrong) in [
        ("a table without heads", "document.querySelectorAll('table:not(:has(thead th[scope=col]))').length"),
        ("a row without a head", "document.querySelectorAll('tbody tr:not(:has(th[scope=row]))').length"),
        ("more than one h1", "document.querySelectorAll('h1').length - 1"),
        (
            "a level of headings that is left out",
            "[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])
             .filter((level, at, all) => at > 0 && level > all[at - 1] + 1).length",
        ),
        ("a glyph without a word", "document.querySelectorAll('main svg:not([aria-hidden])').length"),
        (
            "a link that leads nowhere",
            "[...document.querySelectorAll('a')].filter(a => !document.getElementById(a.hash.slice(1))).length",
        ),
        (
            "an id that is there twice",
            "(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map(e => e.id))",
        ),
        (
            "a cell whose class is not said",
            "[...document.querySelectorAll('.matrix li')].filter(c => !c.textContent.startsWith(c.className)).length",
        ),
    ] {
        assert_eq!(browser.value(wrong), 0, "{what}");
    }
}

#[test]
fn a_bad_night_says_what_to_do() {
    let mut browser = Browser::start();
    must_behave(&mut browser, &written("bad", &events::bad_night()));
    let text = text(&mut browser);
    must_say(&text, &["leak or uncovered column found, nothing swapped", "originals in 3 places", "Remedy"]);
    must_say(
        &text,
        &["app.messages.body: why", "devdb.yaml:41", "14 of 41 tables searched", "1 open", "search not finished"],
    );
}

#[test]
fn no_name_breaks_the_page() {
    let mut browser = Browser::start();
    must_behave(&mut browser, &written("hostile", &events::hostile_night()));
    assert_eq!(browser.value("document.querySelectorAll('script, img, iframe, link, object').length"), 0);
    assert_eq!(browser.value("document.querySelectorAll('.matrix li').length"), 2400);
    assert_eq!(browser.value("document.querySelectorAll('.steps li').length"), 300);
    let shown = [("\n", "␊"), ("\u{1b}", "␛"), ("\u{202e}", "⟨U+202E⟩"), ("\"", "\"\"")];
    let shown = shown.into_iter().fold(events::HOSTILE.to_owned(), |text, (from, to)| text.replace(from, to));
    let cell = browser.value("document.querySelector('.matrix li code').textContent");
    assert_eq!(cell, format!("\"{shown}.0\""));
    assert_eq!(browser.requests_for("leak.invalid"), [""; 0]);
}

#[test]
fn nothing_and_a_run_that_only_began_have_a_page_too() {
    let mut browser = Browser::start();
    must_behave(&mut browser, &written("nothing", &[]));
    must_say(&text(&mut browser), &["unfinished"]);
    let begun = events::good_night().into_iter().take(4).collect::<Vec<_>>();
    must_behave(&mut browser, &written("begun", &begun));
    must_say(&text(&mut browser), &["unfinished", "look at haneul-prod"]);
}

/// The tests above would notice: a page that does ask, complain and overflow.
#[test]
fn a_page_that_misbehaves_is_noticed() {
    let mut browser = Browser::start();
    let path = written("nothing", &[]).with_file_name("misbehaving.html");
    let page = "<!doctype html><img src=http://leak.invalid/x><div style='width:2000px'>wide</div><script>console.error(1)</script>";
    std::fs::write(&path, page).unwrap();
    browser.open(&path);
    browser.look(375, "light");
    assert_ne!(browser.value("document.documentElement.scrollWidth"), 375);
    assert!(browser.asked_for().contains(&"http://leak.invalid/x".to_owned()), "{:?}", browser.asked_for());
    assert!(browser.complaints().iter().any(|said| said.contains("error")), "{:?}", browser.complaints());
    assert_ne!(browser.requests_for("leak.invalid"), [""; 0]);
    // The same under the report's policy: asked for, it does not get out.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
    let report = std::fs::read_to_string(written("nothing", &[])).unwrap();
    assert!(report.contains(&format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">")));
    let page = page.replace("leak.invalid", "stopped.invalid");
    std::fs::write(&path, report.replace("<main>", &format!("<main>{page}"))).unwrap();
    browser.open(&path);
    assert!(browser.complaints().iter().any(|said| said.contains("Content Security Policy")));
    assert_eq!(browser.requests_for("stopped.invalid"), [""; 0]);
}

#[test]
fn a_rotation_writes_its_report() {
    let scene = Scene::new();
    let path = scene.path("report.html");
    let path = path.to_str().unwrap();
    scene.devdb(&["rotate", "--html", path]).code(0).says("is live");
    let generation = scene.record().unwrap().0;
    let mut browser = Browser::start();
    must_behave(&mut browser, path.as_ref());
    let said = text(&mut browser);
    must_say(
        &said,
        &[&format!("{generation} is live."), "Timeline", "Coverage", "app.\"주문 \"\"특별\"\"\"", "받는 사람"],
    );
    must_say(&said, &["app.users.*", "10-scrub/10_users.sql", "outbox"]);
    // A failed run takes the place of the good one, by the environment as well.
    scene.script("10-scrub/20_wrong.sql", "SELECT no_such_column FROM app.users;\n");
    let output = scene.command(&["rotate"]).env("DEVDB_HTML", path).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    browser.open(path.as_ref());
    must_say(&text(&mut browser), &["failed, clone removed", "no_such_column", "20_wrong.sql:1"]);
}

#[test]
fn a_report_that_cannot_be_written_stops_the_run_before_it_begins() {
    let scene = Scene::new();
    let path = scene.path("missing/report.html");
    let said = scene.devdb(&["rotate", "--html", path.to_str().unwrap()]).code(2).says("missing/report.html");
    said.says("hint: name a file in a folder that exists");
    assert_eq!(scene.generations(), [""; 0]);
}
