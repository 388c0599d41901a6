use std::collections::BTreeMap;
use std::time::Duration;

use rustix::process::Signal;

use super::company::{DEVELOPER, ORIGINALS, PRODUCTION_LOGINS, SECRETS};
use super::draw::{Kill, Strike, Verb, Victim};
use super::scan::{self, Content};
use super::stage::{Generation, Stage};
use super::victim::Ended;
use crate::support::block_on;
use crate::support::databases::CONFIGURED;
use crate::support::server::MASTER;

/// GitHub ends a cancelled job 10 s after its first signal, sometimes 7.5.
const CANCELLING: Duration = Duration::from_secs(7);

/// Violations, each with the number of its invariant in ARCHITECTURE.md.
#[derive(Debug, Default)]
pub struct Findings(pub Vec<String>);

impl Findings {
    pub fn must(&mut self, invariant: &str, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(format!("invariant {invariant}: {}", what()));
        }
    }
}

/// The company before a kill.
pub struct Before {
    production: String,
    live: String,
    generations: Vec<Generation>,
    contents: BTreeMap<String, BTreeMap<String, Content>>,
}

impl Before {
    pub fn of(stage: &Stage) -> Before {
        let generations = stage.world.generations();
        let contents = generations.iter().map(|one| (one.name.clone(), developer_sees(stage, one))).collect();
        let live = stage.world.live().expect("a live generation");
        Before { production: stage.world.production(), live, generations, contents }
    }
}

fn developer_sees(stage: &Stage, generation: &Generation) -> BTreeMap<String, Content> {
    block_on(scan::as_developer(stage, generation))
}

/// What must hold whenever a run has ended, or was ended. `verbs` ran since `before`.
pub fn check(stage: &Stage, before: &Before, verbs: &[Verb], ended: &Ended, findings: &mut Findings) {
    findings.must("3 production", stage.world.production() == before.production, || "production changed".into());
    stage.world.check(&before.live, findings);
    for secret in ORIGINALS.iter().chain(&SECRETS) {
        findings.must("11 nothing is shown", !ended.text.contains(secret), || format!("{secret} is in the output"));
    }
    let generations = stage.world.generations();
    let Some(live) = stage.world.live() else {
        return findings.must("15 one live generation", false, || "the record points at nothing".into());
    };
    let Some(live) = generations.iter().find(|one| one.name == live) else {
        return findings
            .must("15 one live generation", false, || format!("the record points at {live}, which is gone"));
    };
    let phases =
        if verbs.contains(&Verb::Rollback) { &["scrubbed", "live", "retired"][..] } else { &["scrubbed", "live"] };
    findings.must("15 one live generation", phases.contains(&live.phase.as_str()), || {
        format!("the record points at {}, which is {}", live.name, live.phase)
    });
    let clones: Vec<_> = generations.iter().filter(|one| !one.is_published() && one.name != live.name).collect();
    findings.must("15 one clone", clones.len() <= 1, || format!("{clones:?}"));
    for generation in &generations {
        is_closed(stage, generation, findings);
        let contents = developer_sees(stage, generation);
        for (database, content) in &contents {
            findings.must("8 no original", content.originals.is_empty(), || {
                format!("{database} of {}: {:?}", generation.name, content.originals)
            });
        }
        if generation.name == live.name {
            is_scrubbed(generation, &contents, findings);
        }
        let stopped = contents.is_empty() && generation.name != live.name;
        let same = before.contents.get(&generation.name).is_none_or(|then| *then == contents || stopped);
        findings.must("4 untouched", same, || format!("rows of {} changed: {contents:?}", generation.name));
    }
    is_untouched(before, live, &generations, verbs, findings);
}

/// No login of production works.
fn is_closed(stage: &Stage, generation: &Generation, findings: &mut Findings) {
    // On AWS a clone has production's passwords until it is secured; its security groups keep everybody out.
    if generation.phase == "restored" && !generation.is_open {
        return;
    }
    for ((user, password), database) in PRODUCTION_LOGINS.into_iter().zip(CONFIGURED.into_iter().cycle()) {
        let login = block_on(stage.login(generation, (user, password), database));
        findings.must("12 closed logins", login.is_err(), || {
            format!("{user} logs in to {database} of {} with production's password", generation.name)
        });
    }
}

/// Developers reach every configured database, and each says that it was scrubbed.
fn is_scrubbed(live: &Generation, contents: &BTreeMap<String, Content>, findings: &mut Findings) {
    let wanted = format!("{} scrubbed", live.name);
    for database in CONFIGURED {
        let marker = contents.get(database).map(|content| content.marker.as_str());
        findings.must("8 scrubbed", marker == Some(&wanted), || {
            format!("{database} of {}: the marker is {marker:?}, {} logs in", live.name, DEVELOPER.0)
        });
    }
}

/// What was published before is as it was, until the record serves another one.
fn is_untouched(
    before: &Before,
    live: &Generation,
    generations: &[Generation],
    verbs: &[Verb],
    findings: &mut Findings,
) {
    let moved = live.name != before.live;
    for old in &before.generations {
        let Some(now) = generations.iter().find(|one| one.name == old.name) else {
            findings.must("4 untouched", moved || verbs.contains(&Verb::Rollback), || format!("{} is gone", old.name));
            continue;
        };
        findings.must("4 untouched", now.id == old.id, || format!("{} is another instance", old.name));
        findings.must("4 untouched", moved || verbs.contains(&Verb::Rollback) || now.phase == old.phase, || {
            format!("{} was {}, is {}", old.name, old.phase, now.phase)
        });
    }
}

/// What a signal, and what a failure, may end with.
pub fn check_end(strike: &Strike, ended: &Ended, findings: &mut Findings) {
    let Some(took) = ended.after_signal else {
        let expected = if strike.verb == Verb::Rollback { &[0, 3, 75][..] } else { &[0] };
        return findings.must("18 the next run", ended.code.is_some_and(|code| expected.contains(&code)), || {
            format!("{:?} ended with {:?} before the signal:\n{}", strike.verb, ended.code, ended.text)
        });
    };
    if strike.victim == Victim::Server {
        let expected = ended.code.is_some_and(|code| [0, 4, 6].contains(&code));
        return findings.must("17 a failure", expected, || {
            format!("a run whose server ended ended with {:?}:\n{}", ended.code, ended.text)
        });
    }
    if strike.signal == Signal::KILL {
        return;
    }
    findings.must("18 cancelling", took < CANCELLING, || format!("{took:?} from the signal to the end"));
    // Before its first step the program has nothing to undo, and the signal may end it.
    let no_step = ended.code.is_none() && ended.text.lines().all(|line| line.contains("run_started"));
    findings.must("18 cancelling", no_step || ended.code.is_some_and(|code| [0, 130].contains(&code)), || {
        format!("a cancelled run ended with {:?}:\n{}", ended.code, ended.text)
    });
}

/// What must hold after a rotation that followed.
pub fn check_settled(stage: &Stage, kill: &Kill, ended: &Ended, findings: &mut Findings) {
    findings
        .must("18 the next run", ended.code == Some(0), || format!("it ended with {:?}:\n{}", ended.code, ended.text));
    let generations = stage.world.generations();
    let live = stage.world.live().unwrap_or_default();
    let phases: Vec<(&str, &str)> = generations.iter().map(|one| (one.name.as_str(), one.phase.as_str())).collect();
    let right = matches!(phases[..], [(_, "retired"), (name, "live")] if name == live);
    findings.must("15 one live generation", right, || format!("{live} is live among {phases:?}"));
    if kill.strikes.iter().any(|strike| strike.verb == Verb::Sample) {
        check_sample(stage, findings);
    }
    let names: Vec<String> = generations.iter().map(|one| one.name.clone()).collect();
    let left = stage.world.left_over(&names);
    findings.must("18 nothing is left", left.is_empty(), || format!("{left:#?}"));
    let Some(live) = generations.iter().find(|one| one.name == live) else { return };
    let password = stage.stored_password();
    let all = block_on(scan::read_as(stage, live, (MASTER, &password)));
    for database in CONFIGURED {
        findings.must("17 no lost password", all.contains_key(database), || {
            format!("the stored master password does not open {database} of {}", live.name)
        });
    }
    for (database, content) in &all {
        findings.must("8 no original", content.originals.is_empty(), || format!("{database}: {:?}", content.originals));
    }
}

/// After the next sample there is one archive, complete and without originals.
fn check_sample(stage: &Stage, findings: &mut Findings) {
    let ended = stage.run(Verb::Sample, false);
    findings.must("18 the next run", ended.code == Some(0), || format!("sample: {:?}\n{}", ended.code, ended.text));
    let folder = stage.archive();
    let folder = folder.parent().unwrap();
    let names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    findings.must("18 nothing is left", names == ["sample.tar.zst"], || format!("{names:?} in the archive's folder"));
    let bytes = std::fs::read(stage.archive()).map(|packed| zstd::decode_all(&packed[..]).unwrap_or_default());
    let bytes = bytes.unwrap_or_default();
    findings.must("18 a whole archive", !bytes.is_empty(), || "the archive cannot be unpacked".into());
    for original in ORIGINALS {
        let found = bytes.windows(original.len()).any(|window| window == original.as_bytes());
        findings.must("9 no original", !found, || format!("{original} is in the archive"));
    }
}
