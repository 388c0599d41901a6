//! The trace of `-v` on standard error.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::trace::{PREFIX, TraceFilter};

/// Writes trace events of the sources that a filter names, from here on. Events of libraries are never written.
pub fn write_trace(filter: &TraceFilter) {
    let targets = filter.levels().iter().map(|(source, level)| (format!("{PREFIX}{source}"), *level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_level(false);
    let lines = lines.without_time().compact();
    // Fails only if a subscriber is set already, which no command does.
    let _ = tracing_subscriber::registry().with(Targets::new().with_targets(targets)).with(lines).try_init();
}
