//! The sign of life of a run: a tag on its clone that says until when it may be believed alive, and
//! that is renewed while it works. It is how a run on another machine is told from a dead one.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::platform::guard;
use crate::platform::{Tags, tag};

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
    /// Begins to renew, also before the clone can be seen: a restore takes longer than any lease. The
    /// receiver hears when another run has taken the clone over.
    pub fn renew(run: Arc<Run>, name: String) -> (Lease, oneshot::Receiver<String>) {
        let (lost, hear) = oneshot::channel();
        let task = tokio::spawn(async move {
            let pause = (run.target.generation.lease / 3).max(Duration::from_millis(100));
            let mut was_ours = false;
            loop {
                tokio::time::sleep(pause).await;
                match renew_once(&run, &name).await {
                    Ok(None) => was_ours = true,
                    // Until it is ours it may be a dead run's that we are about to take.
                    Ok(Some(other)) if was_ours => {
                        let _ = lost.send(other);
                        return;
                    }
                    Ok(Some(_)) => {}
                    // The next one may succeed; when none does, the lease ends as if we were dead.
                    Err(_) => {}
                }
            }
        });
        (Lease { task }, hear)
    }
}

/// Renews once; answers the id of another run that has the clone now.
async fn renew_once(run: &Run, name: &str) -> crate::platform::Result<Option<String>> {
    let dev = guard::admit(&*run.platform, &run.rules, name, None).await?;
    let owner = dev.instance().tag(tag::RUN).unwrap_or_default().to_owned();
    if owner != run.id {
        return Ok(Some(owner));
    }
    run.platform.set_tags(dev, &held(run.target.generation.lease)).await?;
    Ok(None)
}

/// The tag of a lease that begins now.
pub fn held(length: Duration) -> Tags {
    Tags::from([(tag::LEASE.to_owned(), until(Timestamp::now(), length).to_string())])
}

/// The tag of a lease that is given up.
pub fn released() -> Tags {
    Tags::from([(tag::LEASE.to_owned(), Timestamp::UNIX_EPOCH.to_string())])
}
