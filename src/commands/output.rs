//! Output of commands whose result is a text or a JSON document.

use crate::error::{Exit, Failure};
use crate::event::Listener;

/// Prints a text.
pub fn print(listener: &dyn Listener, text: &str) -> Result<Exit, Failure> {
    listener.print(text);
    Ok(Exit::Done)
}

/// Prints a JSON document, indented.
pub fn print_json(listener: &dyn Listener, value: &serde_json::Value) -> Result<Exit, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::new(Exit::Unexpected, error))?;
    print(listener, &format!("{text}\n"))
}
