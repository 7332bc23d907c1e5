//! Port to the clock. No other place reads the time.

use std::time::{Instant, SystemTime};

/// Port to the clock, so that tests can set the time.
pub trait Clock: Send + Sync + 'static {
    /// Monotonic time, for leases and deadlines.
    fn now(&self) -> Instant;

    /// Wall-clock time, for times that people read or that outlive the process.
    fn wall(&self) -> SystemTime;
}

/// The machine's clock. Its monotonic time is that of tokio, which tests may pause.
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
