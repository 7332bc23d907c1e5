//! Closes the WebSocket of a client that announced pings and has stopped sending them.

use std::{future::pending, pin::Pin, time::Duration};

use tokio::time::{Sleep, sleep};

/// Interval of a client that does not announce one.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(20);

/// Bounds of an announced interval.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_hours(1);

/// The number of intervals without a ping after which the alarm fires.
const MISSED: u32 = 3;

/// A timer that starts with the first ping.
#[derive(Default)]
pub struct Watchdog {
    interval: Option<Duration>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Watchdog {
    /// Restarts the timer. The first ping announces the interval in milliseconds.
    pub fn feed(&mut self, interval_ms: Option<u64>) {
        let said = interval_ms.filter(|ms| *ms > 0).map(Duration::from_millis);
        let said = said.map_or(DEFAULT_INTERVAL, |interval| interval.clamp(SHORTEST, LONGEST));
        let interval = *self.interval.get_or_insert(said);
        self.alarm = Some(Box::pin(sleep(interval * MISSED)));
    }

    /// Resolves when pings have stopped, then waits for the next one.
    pub async fn alarm(&mut self) {
        match &mut self.alarm {
            Some(alarm) => alarm.await,
            None => pending().await,
        }
        self.alarm = None;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    async fn barks_within(watchdog: &mut Watchdog, time: Duration) -> bool {
        timeout(time, watchdog.alarm()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_alarm_fires_after_three_announced_intervals() {
        let mut watchdog = Watchdog::default();
        assert!(!barks_within(&mut watchdog, LONGEST * 9).await, "no pings were promised");
        watchdog.feed(Some(3_000));
        assert!(!barks_within(&mut watchdog, Duration::from_millis(8_999)).await);
        watchdog.feed(None);
        assert!(!barks_within(&mut watchdog, Duration::from_millis(8_999)).await);
        assert!(barks_within(&mut watchdog, Duration::from_millis(2)).await);
        assert!(!barks_within(&mut watchdog, LONGEST).await, "once");
    }

    #[tokio::test(start_paused = true)]
    async fn invalid_intervals_are_replaced() {
        for (said, interval) in [
            (None, DEFAULT_INTERVAL),
            (Some(0), DEFAULT_INTERVAL),
            (Some(1), SHORTEST),
            (Some(u64::MAX), LONGEST),
        ] {
            let mut watchdog = Watchdog::default();
            watchdog.feed(said);
            let just_before = (interval * MISSED).saturating_sub(Duration::from_millis(1));
            assert!(!barks_within(&mut watchdog, just_before).await, "{said:?}");
            assert!(barks_within(&mut watchdog, Duration::from_millis(2)).await, "{said:?}");
        }
    }
}
