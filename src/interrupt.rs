//! SIGINT and SIGTERM, as a future.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal as listen};

/// Completes on SIGINT or SIGTERM. The handlers are installed by the call, not when the future is first polled: a
/// signal between the two would end the process without a cleanup.
pub fn signal() -> impl Future<Output = ()> {
    let handlers = (listen(SignalKind::interrupt()), listen(SignalKind::terminate()));
    async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = handlers else {
            // Without handlers the signals end the process by themselves.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_process};

    #[tokio::test]
    async fn a_signal_before_the_first_poll_is_not_lost() {
        let signal = super::signal();
        kill_process(getpid(), Signal::TERM).unwrap();
        tokio::time::timeout(Duration::from_secs(5), signal).await.unwrap();
    }
}
