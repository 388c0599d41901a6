//! The frame that every command shares: its start and end, its steps, and its run id.

use std::sync::Arc;
use std::time::Instant;

use crate::error::{Exit, Failure};
use crate::event::{Event, Listener, SCHEMA_VERSION};

/// A command whose start was reported, and when.
pub struct Frame {
    listener: Arc<dyn Listener>,
    at: Instant,
}

impl Frame {
    /// Reports the start of a command on a target, or on the database of a URL.
    pub fn begin(command: &'static str, target: String, run_id: String, listener: Arc<dyn Listener>) -> Frame {
        let (schema, version) = (SCHEMA_VERSION, env!("CARGO_PKG_VERSION"));
        listener.on_event(&Event::RunStarted { schema, version, command, target, run_id });
        Frame { listener, at: Instant::now() }
    }

    /// Reports the start of a command whose run id is recorded nowhere.
    pub fn announce(command: &'static str, of: impl Into<String>, listener: Arc<dyn Listener>) -> Frame {
        Frame::begin(command, of.into(), new_run_id(), listener)
    }

    /// Reports the failure, if any, and the end of the command. `generation` is the live one, if the command published it.
    pub fn finish(&self, result: Result<(Exit, Option<String>), Failure>) -> Exit {
        let (exit, generation) = result.unwrap_or_else(|failure| {
            self.listener.on_event(&(&failure).into());
            (failure.exit, None)
        });
        let seconds = self.at.elapsed().as_secs_f64();
        self.listener.on_event(&Event::RunFinished { exit: exit as u8, generation, seconds });
        exit
    }
}

/// A step of a command that has started.
pub struct Step<'a> {
    listener: &'a dyn Listener,
    name: &'static str,
    began: Instant,
}

impl<'a> Step<'a> {
    /// Reports the start of a step.
    pub fn begin(listener: &'a dyn Listener, name: &'static str, title: impl Into<String>) -> Step<'a> {
        listener.on_event(&Event::StepStarted { step: name, title: title.into() });
        Step { listener, name, began: Instant::now() }
    }

    /// Reports progress.
    pub fn progress(&self, message: impl Into<String>) {
        self.listener.on_event(&Event::Progress { step: self.name, message: message.into() });
    }

    /// Adds a note to the report.
    pub fn note(&self, message: impl Into<String>) {
        self.listener.on_event(&Event::Noted { step: self.name, message: message.into() });
    }

    /// Reports the success of the step.
    pub fn done(self, summary: impl Into<String>) {
        let seconds = self.began.elapsed().as_secs_f64();
        self.listener.on_event(&Event::StepFinished { step: self.name, summary: summary.into(), seconds });
    }
}

/// Returns a new run id: 16 hexadecimal digits.
pub fn new_run_id() -> String {
    use rand::RngExt as _;
    format!("{:016x}", rand::rng().random::<u64>())
}
