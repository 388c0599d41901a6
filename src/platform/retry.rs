//! Retries for busy instances. Only [`Error::Busy`] is retried here; each platform retries network errors and
//! throttling itself.

use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};

use super::error::{Error, Result};

/// Repeats an attempt that fails with [`Error::Busy`] until `limit` has passed. `on_busy` is called with each such
/// error.
///
/// An attempt is the guard's describe *and* the write: a token is valid for one write, so a second write needs a new
/// one. A decorator of the platform would have to hold a token for minutes; that is why this is a function.
///
/// ```ignore
/// while_busy(limit, |busy| report(busy), || async {
///     let dev = guard::admit(platform, rules, name, Some(id)).await?;
///     platform.set_password(dev, password).await
/// })
/// .await?;
/// ```
///
/// # Errors
/// [`Error::Busy`] after `limit`; any other error at once.
pub async fn while_busy<T, Attempt>(
    limit: Duration,
    mut on_busy: impl FnMut(&Error),
    attempt: impl FnMut() -> Attempt,
) -> Result<T>
where
    Attempt: Future<Output = Result<T>>,
{
    let started = Instant::now();
    let pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(10))
        .with_jitter()
        .without_max_times();
    attempt
        .retry(pauses)
        .when(|error| matches!(error, Error::Busy { .. }))
        .adjust(|_, pause| pause.filter(|pause| started.elapsed() + *pause < limit))
        .notify(|error, _| on_busy(error))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() -> Error {
        Error::Busy { call: "DeleteDBInstance", subject: "app-dev-1".into(), message: "backing up".into() }
    }

    #[tokio::test]
    async fn busy_is_repeated_and_reported() {
        let (mut attempts, mut reports) = (0, 0);
        let done = while_busy(
            Duration::from_secs(60),
            |_| reports += 1,
            || {
                attempts += 1;
                let result = if attempts < 2 { Err(busy()) } else { Ok(attempts) };
                async { result }
            },
        )
        .await;
        assert_eq!((done.unwrap(), reports), (2, 1));
    }

    #[tokio::test]
    async fn the_limit_and_other_errors_end_it() {
        let late = while_busy(Duration::from_millis(100), |_| {}, || async { Err::<(), _>(busy()) }).await;
        assert!(matches!(late, Err(Error::Busy { .. })));
        let mut attempts = 0;
        let other = while_busy(
            Duration::from_secs(60),
            |_| {},
            || {
                attempts += 1;
                async { Err::<(), _>(Error::NameTaken { name: "app-dev-1".into() }) }
            },
        )
        .await;
        assert!(matches!(other, Err(Error::NameTaken { .. })));
        assert_eq!(attempts, 1);
    }
}
