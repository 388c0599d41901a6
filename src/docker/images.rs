//! Images.

use std::collections::HashMap;

use bollard::auth::DockerCredentials;
use bollard::models::{ContainerConfig, ImageSummary};
use bollard::query_parameters::{
    CommitContainerOptionsBuilder, CreateImageOptionsBuilder, ListImagesOptionsBuilder, PushImageOptionsBuilder,
    RemoveImageOptions, TagImageOptionsBuilder,
};
use futures_util::TryStreamExt as _;
use secrecy::ExposeSecret;

use crate::trace;

use super::client::{Engine, removed, send};
use super::credentials::Login;
use super::error::{Error, Result};
use super::image::Image;
use super::run::RUN_LABEL;

impl Engine {
    /// Whether an image of this name exists locally that was not created by devdb.
    pub async fn has_foreign(&self, image: &str) -> bool {
        let found = trace::docker("ImageInspect", self.docker.inspect_image(image)).await.ok();
        let labels = found.map(|found| found.config.and_then(|config| config.labels));
        labels.is_some_and(|labels| !labels.unwrap_or_default().contains_key(RUN_LABEL))
    }

    /// Whether an image exists locally.
    pub async fn has(&self, image: &str) -> bool {
        trace::docker("ImageInspect", self.docker.inspect_image(image)).await.is_ok()
    }

    /// Returns the default arguments of an image; pulls the image if it is missing.
    ///
    /// # Errors
    /// If the image does not exist locally and cannot be pulled.
    pub async fn command_of(&self, image: &str, login: Option<&Login>) -> Result<Vec<String>> {
        if !self.has(image).await {
            let options = CreateImageOptionsBuilder::default().from_image(image).build();
            let pull = self.docker.create_image(Some(options), None, login.map(api_credentials));
            send("ImageCreate", &format!("pull {image}"), pull.try_for_each(|_| async { Ok(()) })).await?;
        }
        let task = format!("find the image {image}");
        let found = send("ImageInspect", &task, self.docker.inspect_image(image)).await?;
        Ok(found.config.and_then(|config| config.cmd).unwrap_or_default())
    }

    /// Creates an image of a container and returns its id. `env` and `command` replace those of the container.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn commit(
        &self,
        id: &str,
        env: &[(String, String)],
        command: &[String],
        labels: &HashMap<String, String>,
    ) -> Result<String> {
        let config = ContainerConfig {
            env: Some(env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            cmd: Some(command.to_vec()),
            labels: Some(labels.clone()),
            ..ContainerConfig::default()
        };
        let options = CommitContainerOptionsBuilder::default().container(id).pause(false).build();
        let commit = self.docker.commit_container(options, config);
        Ok(send("ImageCommit", "commit a container", commit).await?.id)
    }

    /// Names an image. An older image of devdb with that name is removed, unless a container uses it.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn tag(&self, id: &str, image: &Image) -> Result<()> {
        let old = trace::docker("ImageInspect", self.docker.inspect_image(&image.to_string())).await.ok();
        let options = TagImageOptionsBuilder::default().repo(&image.repository).tag(&image.tag).build();
        send("ImageTag", &format!("tag {image}"), self.docker.tag_image(id, Some(options))).await?;
        let Some((old, config)) = old.and_then(|old| old.id.zip(old.config)) else { return Ok(()) };
        let is_managed = config.labels.is_some_and(|labels| labels.contains_key(RUN_LABEL));
        if is_managed && old != id {
            // It remains if it has a second name or is in use.
            let _ = self.remove_image(&old).await;
        }
        Ok(())
    }

    /// Pushes an image to its registry and returns its digest there (`sha256:…`).
    ///
    /// # Errors
    /// Those of the engine or the registry.
    pub async fn push(&self, image: &Image, login: Option<&Login>) -> Result<String> {
        let options = PushImageOptionsBuilder::default().tag(&image.tag).build();
        let task = format!("push {image}");
        let push = self.docker.push_image(&image.repository, Some(options), login.map(api_credentials));
        send("ImagePush", &task, push.try_for_each(|_| async { Ok(()) })).await?;
        let found = send("ImageInspect", &task, self.docker.inspect_image(&image.to_string())).await?;
        let prefix = format!("{}@", image.repository);
        let digests = found.repo_digests.unwrap_or_default();
        let digest = digests.iter().find_map(|digest| digest.strip_prefix(&prefix));
        digest.map(str::to_owned).ok_or(Error::Engine { task, why: "the registry returned no digest".into() })
    }

    /// Removes an image by id or name. A missing image counts as removed.
    ///
    /// # Errors
    /// Those of the engine, for example that the image is in use.
    pub async fn remove_image(&self, image: &str) -> Result<()> {
        let request = self.docker.remove_image(image, None::<RemoveImageOptions>, None);
        removed("remove an image", trace::docker("ImageDelete", request).await)
    }

    /// Returns all untagged images with a label, `name` or `name=value`.
    pub(super) async fn untagged_images(&self, label: &str) -> Result<Vec<ImageSummary>> {
        let filters: HashMap<&str, Vec<&str>> = [("label", vec![label]), ("dangling", vec!["true"])].into();
        let options = ListImagesOptionsBuilder::default().filters(&filters).digests(true).build();
        let mut images = send("ImageList", "list images", self.docker.list_images(Some(options))).await?;
        // An image that was pulled by its digest has no tag, but belongs to the user.
        images.retain(|image| image.repo_digests.iter().all(|digest| digest.starts_with("<none>")));
        Ok(images)
    }
}

/// Converts credentials to the form of the engine's API.
fn api_credentials(login: &Login) -> DockerCredentials {
    let secret = login.password.expose_secret().to_owned();
    match &login.user {
        Some(user) => {
            DockerCredentials { username: Some(user.clone()), password: Some(secret), ..DockerCredentials::default() }
        }
        None => DockerCredentials { identitytoken: Some(secret), ..DockerCredentials::default() },
    }
}
