//! Waits for a condition instead of a duration.

use std::{future::Future, time::Duration};

/// Interval between two checks of a condition.
const INTERVAL: Duration = Duration::from_millis(20);

/// Limit for everything without a limit of its own, on a machine that is busy with other tests.
pub const TIMEOUT: Duration = Duration::from_mins(1);

/// Returns the value of `condition` as soon as there is one.
///
/// # Panics
/// After `limit`; `what` names the condition in the message.
pub async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    limit: Duration,
    mut condition: impl FnMut() -> F,
) -> T {
    let found = tokio::time::timeout(limit, async {
        let mut interval = tokio::time::interval(INTERVAL);
        loop {
            interval.tick().await;
            if let Some(found) = condition().await {
                return found;
            }
        }
    });
    found.await.unwrap_or_else(|_| panic!("after {limit:?} not yet: {what}"))
}
