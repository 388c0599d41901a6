//! Removal of the containers and images of cancelled and dead runs.

use std::time::{Duration, Instant};

use super::client::Engine;
use super::error::Result;
use super::run::{RUN_LABEL, RunMark, is_dead};

/// Time within which the engine executes a request whose client was cancelled.
const SETTLE_TIME: Duration = Duration::from_millis(300);
/// Time limit for the image of a cancelled commit; a cancelled run has 7 s in all.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(5);

impl Engine {
    /// Removes all containers and untagged images of a run, and returns whether nothing more can appear. If
    /// `committing`, a commit was cancelled: the engine completes it nevertheless, so its image is awaited.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn remove_run(&self, run: &RunMark, committing: bool) -> Result<bool> {
        let label = format!("{RUN_LABEL}={}", run.id());
        let (mut images, start) = (0, Instant::now());
        loop {
            for container in self.containers(&label).await? {
                if let Some(id) = container.id {
                    self.remove(&id).await?;
                }
            }
            for image in self.untagged_images(&label).await? {
                self.remove_image(&image.id).await?;
                images += 1;
            }
            let settled = start.elapsed() > SETTLE_TIME && (!committing || images > 0);
            if settled || start.elapsed() > COMMIT_TIMEOUT {
                return Ok(settled);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Removes containers and untagged images of dead runs, and returns their number.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn remove_orphans(&self) -> Result<usize> {
        let now = jiff::Timestamp::now().as_second();
        let mut removed = 0;
        for container in self.containers(RUN_LABEL).await? {
            let (labels, created) = (container.labels.unwrap_or_default(), container.created.unwrap_or(now));
            if let Some(id) = container.id.filter(|_| is_dead(&labels, created, now)) {
                self.remove(&id).await?;
                removed += 1;
            }
        }
        for image in self.untagged_images(RUN_LABEL).await? {
            // Includes an older sample whose name was given to a newer one; it remains while a container uses it.
            if is_dead(&image.labels, image.created, now) && self.remove_image(&image.id).await.is_ok() {
                removed += 1;
            }
        }
        Ok(removed)
    }
}
