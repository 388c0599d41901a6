//! Events of this module, with the name of the database.

use crate::event::{Event, Listener};
use crate::pg::Session;

pub(super) fn note(listener: &dyn Listener, session: &Session, message: &str) {
    listener.on_event(&Event::Noted { step: "residue", message: format!("{}: {message}", session.database()) });
}

pub(super) fn warn(listener: &dyn Listener, session: &Session, message: &str) {
    listener.on_event(&Event::Warning { message: format!("{}: {message}", session.database()) });
}
