//! Beginning things on time.

use std::time::Duration;

use tokio::{
    task::yield_now,
    time::{Instant, sleep_until},
};

/// How much earlier a sleeper wakes, because timers are exact to a millisecond only.
const TIMER: Duration = Duration::from_millis(2);

/// Waits, to some microseconds.
pub async fn wait_until(time: Instant) {
    sleep_until(time - TIMER).await;
    while Instant::now() < time {
        yield_now().await;
    }
}
