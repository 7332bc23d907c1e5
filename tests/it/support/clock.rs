//! A clock that tests set.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use switchboard::core::ports::clock::{Clock, SystemClock};

/// Stands still until a test moves it.
pub struct TestClock {
    start: Instant,
    passed_ms: AtomicU64,
    set_back_ms: AtomicU64,
}

impl TestClock {
    pub fn new() -> Self {
        Self { start: SystemClock.now(), passed_ms: AtomicU64::new(0), set_back_ms: AtomicU64::new(0) }
    }

    pub fn pass(&self, time: Duration) {
        self.passed_ms.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// Sets the wall clock back, as an administrator may.
    pub fn set_back(&self, by: Duration) {
        self.set_back_ms.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }

    fn passed(&self) -> Duration {
        Duration::from_millis(self.passed_ms.load(Ordering::Relaxed))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.start + self.passed()
    }

    fn wall(&self) -> SystemTime {
        let start = UNIX_EPOCH + Duration::from_hours(500_000);
        start + self.passed() - Duration::from_millis(self.set_back_ms.load(Ordering::Relaxed))
    }
}
