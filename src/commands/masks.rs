//! `devdb masks`: lists all masks, as a table or as JSON.

use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::mask;

use super::global_options::GlobalOptions;
use super::output::{print, print_json};

/// Prints the list.
pub fn run(global: &GlobalOptions, listener: &dyn Listener) -> Result<Exit, Failure> {
    if global.is_json() {
        print_json(listener, &serde_json::json!(mask::reference::entries()))
    } else {
        print(listener, &mask::reference::table())
    }
}
