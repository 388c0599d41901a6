//! The container engine on this machine (docker or podman), through its API, and the credentials of the registries that
//! images are pushed to.

mod cleanup;
mod client;
mod containers;
mod credentials;
mod endpoint;
mod error;
mod image;
mod images;
mod run;

pub use client::Engine;
pub use containers::{Container, ContainerSpec};
pub use credentials::{DockerConfig, Login, RegistryLogin, login};
pub use error::{Error, Result};
pub use image::Image;
pub use run::RunMark;
