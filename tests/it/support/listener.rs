//! A listener that remembers.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Mutex;

use devdb::event::{Event, Listener};

#[derive(Default)]
pub struct Heard(Mutex<Vec<Event>>);

impl Listener for Heard {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Heard {
    /// Everything heard, as one text.
    pub fn text(&self) -> String {
        let events = self.0.lock().unwrap();
        events.iter().map(|event| serde_json::to_string(event).unwrap()).collect::<Vec<_>>().join("\n")
    }
}
