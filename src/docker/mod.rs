//! The container engine, through its API: docker or podman, on this machine. And the credentials of the
//! registries that images are pushed to. Knows nothing of samples.

mod credentials;
mod endpoint;
mod engine;
mod error;
mod image;
mod run;

pub use credentials::{DockerConfig, Login, RegistryLogin, login};
pub use engine::{Container, Engine, Spec};
pub use error::{Error, Result};
pub use image::Image;
pub use run::RunMark;
