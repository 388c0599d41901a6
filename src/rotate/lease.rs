//! Renewal of a run's lease while it works. The lease tells a run on another machine whether this one is alive.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::platform::{self, tag};

use super::lease_tag;
use super::run::Run;

/// A background task that renews the lease until it is dropped.
pub struct LeaseRenewal {
    task: JoinHandle<()>,
}

impl Drop for LeaseRenewal {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl LeaseRenewal {
    /// Starts the renewal as soon as there is a clone with this run's tags: a restore alone takes longer than a lease.
    /// The receiver gets the id of the run that takes the clone over, if any.
    pub fn start(run: Arc<Run>) -> (LeaseRenewal, oneshot::Receiver<String>) {
        let (sender, lost) = oneshot::channel();
        let task = tokio::spawn(async move {
            let pause = (run.target.generation.lease / 3).max(Duration::from_millis(100));
            while !run.progress().held {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            loop {
                tokio::time::sleep(pause).await;
                if !run.progress().held {
                    return;
                }
                let Some((name, id)) = run.progress().clone else { continue };
                match renew_once(&run, &name, id.as_deref()).await {
                    Ok(None) => {}
                    Ok(Some(other)) => {
                        let _ = sender.send(other);
                        return;
                    }
                    // The next renewal may succeed; if none does, the lease ends as if this run were dead.
                    Err(_) => {}
                }
            }
        });
        (LeaseRenewal { task }, lost)
    }
}

/// Renews once, or returns the id of the run that has taken the clone over.
async fn renew_once(run: &Run, name: &str, id: Option<&str>) -> platform::Result<Option<String>> {
    let dev = run.admit_seen(name, id).await?;
    let owner = dev.instance().tag(tag::RUN).unwrap_or_default().to_owned();
    if owner != run.id {
        return Ok(Some(owner));
    }
    let mut tags = lease_tag::held(run.target.generation.lease);
    // IAM sees the tags of a new instance only minutes later. Until then `devdb policy` allows what carries them again.
    for key in [tag::MANAGED_BY, tag::TARGET] {
        tags.extend(dev.instance().tag(key).map(|value| (key.to_owned(), value.to_owned())));
    }
    run.platform.set_tags(dev, &tags).await?;
    Ok(None)
}
