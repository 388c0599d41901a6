//! A sample as a container image: a database is loaded in a container, its server is shut down, the container is
//! committed, and the image is started once and verified against the manifest. Only then it is tagged and pushed.
//!
//! The data is outside the volumes that the official image declares: a commit does not contain volumes, and the image
//! would start with an empty database.

mod build;
mod labels;
mod server;
mod settings;
mod verify;

pub use build::{pull, write};
pub use settings::{BuiltImage, ImageSettings, STEP};
