//! The frame around a command: announce it, and say how it ended.

use std::sync::Arc;
use std::time::Instant;

use crate::error::{Exit, Failure};
use crate::event::{Event, Listener, SCHEMA_VERSION};

use super::run::new_id;

/// A command that was announced, and when.
pub struct Frame {
    listener: Arc<dyn Listener>,
    at: Instant,
}

impl Frame {
    /// Announces a command on a target, or on a database that a URL names.
    pub fn begin(command: &'static str, target: String, run_id: String, listener: Arc<dyn Listener>) -> Frame {
        let (schema, version) = (SCHEMA_VERSION, env!("CARGO_PKG_VERSION"));
        listener.hear(&Event::RunStarted { schema, version, command, target, run_id });
        Frame { listener, at: Instant::now() }
    }

    /// The same of a run that nobody else needs to know.
    pub fn announce(command: &'static str, of: impl Into<String>, listener: Arc<dyn Listener>) -> Frame {
        Frame::begin(command, of.into(), new_id(), listener)
    }

    /// Says how it ended; `generation` is the live one, where the command made it so.
    pub fn finish(&self, result: Result<(Exit, Option<String>), Failure>) -> Exit {
        let (exit, generation) = result.unwrap_or_else(|failure| {
            self.listener.hear(&(&failure).into());
            (failure.exit, None)
        });
        let seconds = self.at.elapsed().as_secs_f64();
        self.listener.hear(&Event::RunFinished { exit: exit as u8, generation, seconds });
        exit
    }
}
