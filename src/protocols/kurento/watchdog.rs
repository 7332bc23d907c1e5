//! Closes the WebSocket of a client that promised pings and sends none any more.

use std::{future::pending, pin::Pin, time::Duration};

use tokio::time::{Sleep, sleep};

/// How often a client pings that does not say.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(20);

/// What a client may say.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_hours(1);

/// How many pings may be missed, and one more.
const MISSED: u32 = 3;

/// Sleeps until it is fed for the first time.
#[derive(Default)]
pub struct Watchdog {
    interval: Option<Duration>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Watchdog {
    /// A ping came. The first one says how often they will, in milliseconds.
    pub fn feed(&mut self, interval_ms: Option<u64>) {
        let said = interval_ms.filter(|ms| *ms > 0).map(Duration::from_millis);
        let said = said.map_or(DEFAULT_INTERVAL, |interval| interval.clamp(SHORTEST, LONGEST));
        let interval = *self.interval.get_or_insert(said);
        self.alarm = Some(Box::pin(sleep(interval * MISSED)));
    }

    /// Resolves when no ping has come for too long, and sleeps again.
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
    async fn it_waits_for_three_of_the_intervals_that_the_first_ping_names() {
        let mut watchdog = Watchdog::default();
        assert!(!barks_within(&mut watchdog, LONGEST * 9).await, "nobody promised pings");
        watchdog.feed(Some(3_000));
        assert!(!barks_within(&mut watchdog, Duration::from_millis(8_999)).await);
        watchdog.feed(None);
        assert!(!barks_within(&mut watchdog, Duration::from_millis(8_999)).await);
        assert!(barks_within(&mut watchdog, Duration::from_millis(2)).await);
        assert!(!barks_within(&mut watchdog, LONGEST).await, "once");
    }

    #[tokio::test(start_paused = true)]
    async fn an_interval_that_makes_no_sense_is_another() {
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
