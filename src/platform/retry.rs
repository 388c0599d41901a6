//! Retries of calls that may succeed later: a busy instance, or an outage that outlasts the platform's own attempts.

use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};

use super::error::{Error, Result};

/// Repeats an attempt that fails with a [transient](Error::is_transient) error until `limit` has passed. `on_error` is
/// called with each such error. Writes may be repeated too: the contract of the platform makes that safe.
///
/// An attempt is the guard's describe *and* the write: a token is valid for one write, so a second write needs a new
/// one. A decorator of the platform would have to hold a token for minutes; that is why this is a function.
///
/// ```ignore
/// while_transient(limit, |error| report(error), || async {
///     let dev = guard::admit(platform, rules, name, Some(id)).await?;
///     platform.set_password(dev, password).await
/// })
/// .await?;
/// ```
///
/// # Errors
/// The last transient error after `limit`; any other error at once.
pub async fn while_transient<T, Attempt>(
    limit: Duration,
    mut on_error: impl FnMut(&Error),
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
        .when(Error::is_transient)
        .adjust(|_, pause| pause.filter(|pause| started.elapsed() + *pause < limit))
        .notify(|error, _| on_error(error))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() -> Error {
        Error::Busy { call: "DeleteDBInstance", subject: "app-dev-1".into(), message: "backing up".into() }
    }

    fn outage() -> Error {
        let (code, message) = ("Throttling".into(), "Rate exceeded".into());
        Error::Outage { call: "DeleteDBInstance", subject: "app-dev-1".into(), code, message }
    }

    #[tokio::test]
    async fn transient_errors_are_repeated_and_reported() {
        let (mut attempts, mut reports) = (0, 0);
        let done = while_transient(
            Duration::from_secs(60),
            |_| reports += 1,
            || {
                attempts += 1;
                let result = [Err(busy()), Err(outage()), Ok(attempts)].into_iter().nth(attempts - 1).unwrap();
                async { result }
            },
        )
        .await;
        assert_eq!((done.unwrap(), reports), (3, 2));
    }

    #[tokio::test]
    async fn the_limit_and_other_errors_end_it() {
        let late = while_transient(Duration::from_millis(100), |_| {}, || async { Err::<(), _>(busy()) }).await;
        assert!(matches!(late, Err(Error::Busy { .. })));
        let mut attempts = 0;
        let other = while_transient(
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
