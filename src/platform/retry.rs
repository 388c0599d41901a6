//! Waiting for an instance that is busy. The one kind of error that is repeated here is
//! [`Error::Busy`]; what a network or a throttling service does is repeated inside a platform.

use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};

use super::{Error, Result};

/// Repeats an attempt that answered [`Error::Busy`], until `limit` has passed. `told` hears each
/// such answer.
///
/// An attempt is the guard's look *and* the write: a token stands for one look, so a second write
/// brings its own. That is also why this is no decorator around a platform, which would have to keep
/// a token for minutes.
///
/// ```ignore
/// while_busy(limit, |busy| say(busy), || async {
///     let dev = guard::admit(platform, rules, name, Some(id)).await?;
///     platform.set_password(dev, password).await
/// })
/// .await?;
/// ```
///
/// # Errors
/// The last answer: `Busy` after `limit`, any other error at once.
pub async fn while_busy<T, Attempt>(
    limit: Duration,
    mut told: impl FnMut(&Error),
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
        .notify(|error, _| told(error))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() -> Error {
        Error::Busy { call: "DeleteDBInstance", subject: "app-dev-1".into(), message: "backing up".into() }
    }

    #[tokio::test]
    async fn busy_is_repeated_and_told() {
        let (mut attempts, mut told) = (0, 0);
        let done = while_busy(
            Duration::from_secs(60),
            |_| told += 1,
            || {
                attempts += 1;
                let answer = if attempts < 2 { Err(busy()) } else { Ok(attempts) };
                async { answer }
            },
        )
        .await;
        assert_eq!((done.unwrap(), told), (2, 1));
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
