//! Blocking work on files.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sample::load::error::{Error, Result};

/// Runs blocking work on another thread. The flag that `work` receives is set when the future is dropped.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce(&AtomicBool) -> Result<T> + Send + 'static,
) -> Result<T> {
    struct StopOnDrop(Arc<AtomicBool>);
    impl Drop for StopOnDrop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let stop = StopOnDrop(Arc::default());
    let flag = stop.0.clone();
    let done = tokio::task::spawn_blocking(move || work(&flag)).await;
    drop(stop);
    done.unwrap_or(Err(Error::Interrupted))
}

/// Copies to the end of `from`. Returns the number of bytes.
///
/// # Errors
/// [`io::ErrorKind::Interrupted`] if `stop` is set.
pub(super) fn copy(from: &mut impl Read, to: &mut impl Write, stop: &AtomicBool) -> io::Result<u64> {
    let (mut buffer, mut total) = (vec![0; 256 * 1024], 0);
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(total);
        }
        to.write_all(&buffer[..count])?;
        total += count as u64;
    }
}

/// Returns [`Error::Interrupted`] if `error` is that of [`copy`] when it was stopped.
pub(super) fn interruption(error: &io::Error) -> Option<Error> {
    (error.kind() == io::ErrorKind::Interrupted).then_some(Error::Interrupted)
}
