//! The only place that reads time.

use std::time::{Instant, SystemTime};

/// Tells the time, so that tests can say what time it is.
pub trait Clock: Send + Sync + 'static {
    /// Monotonic time: for leases, deadlines and anything that must not jump.
    fn now(&self) -> Instant;

    /// Wall-clock time: for what people read, and for what outlives the process.
    fn wall(&self) -> SystemTime;
}

/// The machine's clock. Monotonic time follows tokio's, which tests may pause.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}
