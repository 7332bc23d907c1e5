//! Precise waits.

use std::time::Duration;

use tokio::{
    task::yield_now,
    time::{Instant, sleep_until},
};

/// How much earlier the timer ends, as timers have a resolution of a millisecond.
const TIMER: Duration = Duration::from_millis(2);

/// Waits until `time`, to some microseconds.
pub async fn wait_until(time: Instant) {
    sleep_until(time - TIMER).await;
    while Instant::now() < time {
        yield_now().await;
    }
}
