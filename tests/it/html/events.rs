//! What a run may be recorded to say: a good night, a bad one, and one by somebody who wants to break the page.

use devdb::event::{ColumnCoverage, Event, Fact, FailedAt, Verdict};
use devdb::report::html::Recorded;

use super::columns::coverage;
use super::story::Story;

/// Names that would break out of wherever they are put.
pub const HOSTILE: &str = "</style></script><script>alert(1)</script><img src=http://leak.invalid/x onerror=alert(2)> \"'&amp; \u{202e}주문 ”특별“\n\u{1b}[31m";

/// A night as it should be, in two databases.
#[expect(clippy::too_many_lines, reason = "a list of events")]
pub fn good_night() -> Vec<Recorded> {
    let mut story = Story::default();
    let clone = "haneul-dev-20261122-171504";
    story.begin("haneul-dev");
    story.say(Event::Facts {
        title: "Plan".into(),
        facts: vec![
            Fact::new("restore", "rds:haneul-prod-2026-11-22-17-02 (74.2 GB, taken 13 m ago)"),
            Fact::new("as", clone),
            Fact::new("publish", "haneul-dev.internal.example, now haneul-dev-20261121-171501"),
            Fact::new("", "TTL 60 s"),
            Fact::new("retire", "haneul-dev-20261120-171459"),
        ],
    });
    story.step(
        "preflight",
        "look at haneul-prod and its snapshots",
        3.4,
        "rds:haneul-prod-2026-11-22-17-02 can be restored",
    );
    story.step(
        "restore",
        "restore rds:haneul-prod-2026-11-22-17-02 (74.2 GB)",
        1124.0,
        &format!("{clone} is available, closed to all but devdb"),
    );
    story.step("password", "reset the master password", 41.0, "logged in as haneul_admin on PostgreSQL 16");
    for (hazard, database, message, kept) in [
        ("laravel-queue", Some("haneul"), "public.jobs: 180 rows, 180 waiting; emptied", None),
        ("laravel-queue", Some("haneul"), "public.failed_jobs: 40 rows; emptied", None),
        ("outbox", Some("haneul"), "app.notification_outbox: 1,200 rows, 160 waiting; emptied", None),
        (
            "foreign-servers",
            Some("events"),
            "server warehouse: host set to devdb.invalid, 3 user mappings dropped",
            None,
        ),
        ("replication-slots", None, "debezium_haneul: dropped", None),
        (
            "untrusted-languages",
            Some("haneul"),
            "public.slugify(text) in plpython3u",
            Some("pure text function, read by the platform team on 2026-09-02"),
        ),
    ] {
        story.say(Event::Hazard {
            hazard: hazard.into(),
            database: database.map(str::to_owned),
            message: message.into(),
            kept: kept.map(str::to_owned),
        });
    }
    story.step("hazards", "defuse what acts on the outside", 8.2, "5 hazards defused, 1 kept, in 3 databases");
    story.step(
        "logins",
        "close logins that are not on the list",
        2.6,
        "4 logins closed: jane.doe, kim.minsu, replicator_old, report_reader",
    );
    for (database, columns) in coverage() {
        story.say(Event::Coverage { database: database.into(), columns });
    }
    story.step(
        "coverage",
        "see that every column was thought of",
        1.3,
        "121 columns: 34 masked, the others kept on purpose",
    );
    for (script, statements, rows, seconds) in [
        ("00-secure/10_logins_and_tokens.sql", 5, 1520, 0.4),
        ("00-secure/20_queues.sql", 2, 0, 0.0),
        ("10-scrub/60_orders.sql", 2, 1_204_850, 31.2),
        ("20-seed/10_developer_accounts.sql", 11, 10, 0.1),
    ] {
        let (database, script) = ("haneul".into(), script.into());
        story.say(Event::ScriptRan { database, script, statements, rows, seconds, already: false });
    }
    story.step("scripts", "run the scripts", 33.0, "4 scripts, 1206380 rows touched");
    let rewrite = ("rewrite", None);
    story.masked(
        "haneul",
        "public.users",
        &[("email", "email"), ("name", "fake"), ("phone", "phone"), ("birth_date", "date")],
        rewrite,
        (1_204_331, 1_840_000_000, 1_410_000_000),
    );
    story.masked(
        "haneul",
        "app.messages",
        &[("body", "text"), ("sender_ip", "ip")],
        ("rewrite", Some("view app.recent_messages dropped and put back")),
        (48_220_114, 31_200_000_000, 24_900_000_000),
    );
    story.masked(
        "haneul",
        "public.audit_logs_2026_10",
        &[("payload", "json")],
        rewrite,
        (9_811_402, 8_130_000_000, 7_020_000_000),
    );
    story.masked(
        "haneul",
        "public.audit_logs_2026_11",
        &[("payload", "json")],
        rewrite,
        (7_022_957, 6_020_000_000, 5_260_000_000),
    );
    story.masked(
        "haneul",
        "billing.invoices",
        &[("recipient", "fake"), ("business_number", "registration_number")],
        ("update", Some("a publication of all tables forbids a rewrite of a partition key")),
        (610_288, 402_000_000, 655_000_000),
    );
    story.masked(
        "haneul",
        "billing.\"주문 \"\"특별\"\"\"",
        &[("받는 사람", "fake"), ("주소", "fake")],
        rewrite,
        (12_204, 4_210_000, 3_980_000),
    );
    story.masked(
        "events",
        "public.sessions",
        &[("ip", "ip"), ("user_agent", "fixed"), ("token", "null")],
        ("copy", Some("identity column with a sequence of another owner")),
        (22_410_000, 5_300_000_000, 2_950_000_000),
    );
    story.step("mask", "mask 7 tables of 2 databases", 612.0, "7 tables, 89291296 rows");
    story.say(Event::Noted { step: "residue", message: "haneul: vacuumed and analyzed: 30 tables".into() });
    story.say(Event::Noted {
        step: "residue",
        message: "haneul: statistics removed that ANALYZE leaves alone, columns: 31".into(),
    });
    story.say(Event::Noted { step: "residue", message: "pg_statistic cannot be rewritten by this role: old statistics stay in its TOAST table until the server reuses the space".into() });
    story.step(
        "residue",
        "rebuild statistics and clear residue",
        148.0,
        "30 tables vacuumed and analyzed, 2 materialized views refreshed",
    );
    for (place, rows, of, kept) in [
        ("public.plans.support_email", 3, "public.users.email", "our own addresses, printed on every invoice"),
        ("app.changelog.author", 41, "public.users.name", "names of released contributors, public anyway"),
    ] {
        let (database, place, of, kept) = ("haneul".into(), place.into(), of.into(), Some(kept.into()));
        story.say(Event::Leak { database, place, rows, of, kept });
    }
    for (database, mode, places, rows, bytes, originals, left_out, seconds) in [
        ("haneul", "server", 412, 67_120_443, 41_200_000_000, 5_210_331, 1_204, 186.4),
        ("events", "stream", 38, 22_410_912, 2_950_000_000, 18_220_004, 77, 61.0),
    ] {
        let database = database.into();
        story.say(Event::LeakChecked { database, mode, places, rows, bytes, originals, left_out, seconds });
    }
    story.step(
        "verify",
        "read everything back",
        251.0,
        "hazards, logins, scripts, residue and verify queries are in order",
    );
    story.say(Event::Warning {
        message: "`mask` names public.users.nickname, which is no column here: correct it, or remove it".into(),
    });
    story.step("open", "open the generation to developers", 12.0, &format!("{clone} is open to developers"));
    story.step(
        "publish",
        "point haneul-dev.internal.example at it",
        64.0,
        &format!("haneul-dev.internal.example leads to {clone}"),
    );
    story.step("retire", "remove haneul-dev-20261120-171459", 96.0, "haneul-dev-20261120-171459 is gone");
    story.end(0, Some(clone));
    story.recorded()
}

/// A night that ended at a leak, with a column that nobody thought of.
pub fn bad_night() -> Vec<Recorded> {
    let mut story = Story::default();
    story.begin("haneul-dev");
    for (check, verdict, found, remedy) in [
        ("snapshot", Verdict::Ok, "20261122-171502 is 13 m old", None),
        ("disk", Verdict::Warn, "1.2 GB free for 0.9 GB of rewriting", Some("keep fewer generations")),
    ] {
        let (check, found, remedy) = (check.into(), found.into(), remedy.map(str::to_owned));
        story.say(Event::Checked { check, verdict, found, remedy });
    }
    story.step("preflight", "look at haneul-prod and its snapshots", 1.2, "20261122-171502 can be restored");
    story.step(
        "restore",
        "restore 20261122-171502 (74 MB) as haneul-dev-20261122-171504",
        14.0,
        "haneul-dev-20261122-171504 is available",
    );
    let mut columns = coverage().remove(0).1;
    columns.insert(
        12,
        ColumnCoverage {
            column: "app.messages.reply_to_email".into(),
            kind: "text".into(),
            class: "open",
            by: String::new(),
        },
    );
    story.say(Event::Coverage { database: "haneul".into(), columns });
    story.masked("haneul", "public.users", &[("email", "email")], ("rewrite", None), (9500, 2_400_000, 1_900_000));
    story.say(Event::StepStarted { step: "verify", title: "read everything back".into() }).wait(3.0);
    story.say(Event::Progress { step: "verify", message: "haneul: 14 of 41 tables searched".into() }).wait(2.0);
    for (place, rows, of) in [
        ("app.messages.body", 214, "public.users.email"),
        ("public.users_bak.phone", 9500, "public.users.phone"),
        ("comment on table app.notes", 1, "public.users.name"),
    ] {
        story.say(Event::Leak { database: "haneul".into(), place: place.into(), rows, of: of.into(), kept: None });
    }
    story.say(Event::Failed {
        message: "failed to prove haneul-dev-20261122-171504 scrubbed: originals in 3 places of haneul\n- app.messages.body: public.users.email in 214 rows\n- public.users_bak.phone: public.users.phone in 9500 rows\n- comment on table app.notes: public.users.name in 1 row".into(),
        places: vec![FailedAt { file: "devdb.yaml".into(), line: 41, title: "`keep` covers public.users_bak.phone".into() }],
        hint: Some("mask them, or keep them with a reason:\n  leak_check:\n    keep:\n      app.messages.body: why".into()),
        aftermath: vec!["haneul-dev-20261122-171504 was removed".into(), "haneul-dev still points at haneul-dev-20261121-171501".into()],
    });
    story.end(7, None);
    story.recorded()
}

/// Every text is hostile, everything is too much, and the end is missing.
pub fn hostile_night() -> Vec<Recorded> {
    let mut story = Story::default();
    let long = "x".repeat(300);
    story.begin(HOSTILE);
    for number in 0..300 {
        let title = if number % 50 == 0 { format!("{HOSTILE}{long}") } else { format!("step {number}") };
        story.step("restore", &title, f64::from(number % 7), HOSTILE);
    }
    let classes = ["masked", "scripted", "kept", "computed", "elsewhere", "open"];
    let columns = (0..2400).map(|number| {
        let quoted = HOSTILE.replace('"', "\"\"");
        let column = format!("public.\"{quoted} {}\".\"{quoted}.{number}\"", number / 200);
        let by = if number % 3 == 0 { HOSTILE.to_owned() } else { format!("*.{}_{number}", &long[..40]) };
        ColumnCoverage { column, kind: HOSTILE.into(), class: classes[number % 6], by }
    });
    story.say(Event::Coverage { database: HOSTILE.into(), columns: columns.collect() });
    story.say(Event::Coverage { database: "빈 데이터베이스".into(), columns: Vec::new() });
    let masks: Vec<(&str, &'static str)> = (0..100).map(|_| (HOSTILE, "email")).collect();
    story.masked(HOSTILE, HOSTILE, &masks, ("rewrite", Some(HOSTILE)), (u64::MAX / 4, u64::MAX / 4, 0));
    story.masked("b", &long, &[], ("update", None), (0, 0, 0));
    let text = || HOSTILE.to_owned();
    for kept in [None, Some(text())] {
        story.say(Event::Leak {
            database: text(),
            place: long.clone(),
            rows: u64::MAX,
            of: text(),
            kept: kept.clone(),
        });
        story.say(Event::Hazard { hazard: text(), database: Some(long.clone()), message: text(), kept });
    }
    story.say(Event::LeakChecked {
        database: text(),
        mode: "stream",
        places: u64::MAX,
        rows: u64::MAX,
        bytes: u64::MAX,
        originals: u64::MAX,
        left_out: u64::MAX,
        seconds: 1e9,
    });
    story.say(Event::ScriptRan {
        database: text(),
        script: long.clone(),
        statements: 1,
        rows: 1,
        seconds: f64::NAN,
        already: true,
    });
    story.say(Event::Checked { check: text(), verdict: Verdict::Fail, found: long.clone(), remedy: Some(text()) });
    story.say(Event::Noted { step: "residue", message: long.clone() });
    story.say(Event::Warning { message: text() });
    story
        .say(Event::Facts { title: text(), facts: vec![Fact::new(long.clone(), text()), Fact::new("", long.clone())] });
    story.say(Event::Failed {
        message: format!("{HOSTILE}{long}"),
        places: vec![FailedAt { file: long.clone(), line: 1, title: text() }],
        hint: Some(text()),
        aftermath: vec![long],
    });
    story.recorded()
}
