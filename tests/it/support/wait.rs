//! Waiting for something to become true, rather than for time to pass.

use std::{future::Future, time::Duration};

/// How often a condition is looked at.
const INTERVAL: Duration = Duration::from_millis(20);

/// How long anything may take that has no limit of its own, on a machine that is busy with other tests.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Returns what `condition` gives once it gives something.
///
/// # Panics
/// If that takes longer than `limit`; `what` says what was waited for.
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
    found.await.unwrap_or_else(|_| panic!("waited {limit:?} in vain: {what}"))
}
