//! The sign of life of a run: a tag on its clone that says until when it may be believed alive, and
//! that is renewed while it works. It is how a run on another machine is told from a dead one.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::platform::{Instance, Tags, guard, tag};

use super::plan::until;
use super::run::Run;

/// Renews the lease until it is dropped.
pub struct Lease {
    task: JoinHandle<()>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Lease {
    /// Begins to renew, as soon as there is a clone that carries this run's tags: a restore alone takes
    /// longer than a lease. The receiver hears when another run has taken the clone over.
    pub fn renew(run: Arc<Run>) -> (Lease, oneshot::Receiver<String>) {
        let (lost, hear) = oneshot::channel();
        let task = tokio::spawn(async move {
            let pause = (run.target.generation.lease / 3).max(Duration::from_millis(100));
            while !run.place().held {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            loop {
                tokio::time::sleep(pause).await;
                let Some((name, id)) = run.place().clone else { continue };
                match renew_once(&run, &name, id.as_deref()).await {
                    Ok(None) => {}
                    Ok(Some(other)) => {
                        let _ = lost.send(other);
                        return;
                    }
                    // The next one may succeed; when none does, the lease ends as if we were dead.
                    Err(_) => {}
                }
            }
        });
        (Lease { task }, hear)
    }
}

/// Renews once; answers the id of another run that has the clone now.
async fn renew_once(run: &Run, name: &str, id: Option<&str>) -> crate::platform::Result<Option<String>> {
    let dev = guard::admit(&*run.platform, &run.rules, name, id).await?;
    let owner = dev.instance().tag(tag::RUN).unwrap_or_default().to_owned();
    if owner != run.id {
        return Ok(Some(owner));
    }
    run.platform.set_tags(dev, &held(run.target.generation.lease)).await?;
    Ok(None)
}

/// Whether some run may still be alive that works on it.
pub fn is_held(instance: &Instance) -> bool {
    super::plan::lease(instance).is_some_and(|until| until > Timestamp::now())
}

/// The tag of a lease that begins now.
pub fn held(length: Duration) -> Tags {
    Tags::from([(tag::LEASE.to_owned(), until(Timestamp::now(), length).to_string())])
}

/// The tag of a lease that is given up.
pub fn released() -> Tags {
    Tags::from([(tag::LEASE.to_owned(), Timestamp::UNIX_EPOCH.to_string())])
}
