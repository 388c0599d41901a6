//! Events with a clock.

use devdb::event::{ColumnMask, Event, SCHEMA_VERSION};
use devdb::report::html::Recorded;
use jiff::{SignedDuration, Timestamp};

/// Events with a clock.
#[derive(Default)]
pub struct Story {
    recorded: Vec<Recorded>,
    now: f64,
}

impl Story {
    pub fn recorded(self) -> Vec<Recorded> {
        self.recorded
    }

    pub fn say(&mut self, event: Event) -> &mut Self {
        let begin: Timestamp = "2026-11-22T17:15:02Z".parse().unwrap();
        self.recorded.push(Recorded { at: begin + SignedDuration::from_secs_f64(self.now), event });
        self
    }

    /// Time passes.
    pub fn wait(&mut self, seconds: f64) -> &mut Self {
        self.now += seconds;
        self
    }

    pub fn begin(&mut self, target: &str) -> &mut Self {
        self.say(Event::RunStarted {
            schema: SCHEMA_VERSION,
            version: "0.1.0",
            command: "rotate",
            target: target.into(),
            run_id: "eb74226c217a9387".into(),
        })
    }

    pub fn step(&mut self, step: &'static str, title: &str, seconds: f64, summary: &str) -> &mut Self {
        self.say(Event::StepStarted { step, title: title.into() }).wait(seconds);
        self.say(Event::StepFinished { step, summary: summary.into(), seconds }).wait(0.2)
    }

    pub fn masked(
        &mut self,
        database: &str,
        table: &str,
        masks: &[(&str, &'static str)],
        (method, why): (&'static str, Option<&str>),
        (rows, before, after): (u64, u64, u64),
    ) -> &mut Self {
        let masks = masks.iter().map(|(column, mask)| ColumnMask { column: (*column).into(), mask }).collect();
        self.say(Event::TableMasked {
            database: database.into(),
            table: table.into(),
            masks,
            method,
            why: why.map(str::to_owned),
            rows,
            bytes_before: before,
            bytes_after: after,
            seconds: before as f64 / 9e7,
            already: false,
        })
    }

    pub fn end(&mut self, exit: u8, generation: Option<&str>) -> &mut Self {
        let (generation, seconds) = (generation.map(str::to_owned), self.now);
        self.say(Event::RunFinished { exit, generation, seconds })
    }
}
