//! The settings of an image and the result of building it.

use std::collections::BTreeMap;

use secrecy::SecretString;

use crate::docker::Image;
use crate::sample::load::LoadSummary;
use crate::sample::manifest::Manifest;

/// The step name of the events.
pub const STEP: &str = "container";

/// The settings of an image.
#[derive(Clone, Debug)]
pub struct ImageSettings {
    /// The name.
    pub image: Image,
    /// The base image; `postgres:<the source's major version>` by default.
    pub base: Option<String>,
    /// The superuser of the database.
    pub user: String,
    /// The superuser's password. Whoever has the image has the data: it is no secret.
    pub password: SecretString,
    /// The name of the database.
    pub database: String,
    /// The number of sessions that load.
    pub jobs: usize,
    /// Whether the image is pushed.
    pub push: bool,
    /// The labels of the sample: snapshot, hashes of configuration and seeds. Each becomes a label `devdb.NAME`.
    pub labels: BTreeMap<String, String>,
}

/// A finished image.
#[derive(Clone, Debug)]
pub struct BuiltImage {
    /// The id on this machine.
    pub id: String,
    /// The digest in the registry, `sha256:…`; `None` if the image was not pushed.
    pub digest: Option<String>,
    /// The manifest of the sample.
    pub manifest: Manifest,
    /// The summary of the load.
    pub loaded: LoadSummary,
}
