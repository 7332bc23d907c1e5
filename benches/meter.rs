//! What a number of operations took.

use tokio::time::Instant;

use super::{results::Figures, server::Server};

/// Watches a server while it works.
pub struct Meter {
    began: Instant,
    cpu_seconds: f64,
}

/// What a number of operations took.
#[derive(Clone, Copy)]
pub struct Cost {
    pub operations: f64,
    /// Of the server process, user and system.
    pub cpu_seconds: f64,
    /// By the clock.
    pub seconds: f64,
}

impl Meter {
    pub fn start(server: &Server) -> anyhow::Result<Self> {
        Ok(Self { cpu_seconds: server.cpu_seconds()?, began: Instant::now() })
    }

    pub fn stop(self, server: &Server, operations: f64) -> anyhow::Result<Cost> {
        let seconds = self.began.elapsed().as_secs_f64();
        Ok(Cost { operations, cpu_seconds: server.cpu_seconds()? - self.cpu_seconds, seconds })
    }
}

/// CPU seconds of the server for 100,000 operations.
pub const CPU: &str = "cpu_seconds_per_100k";
/// Operations a second.
pub const RATE: &str = "per_second";
/// How much of a core the server used, in percent. Below 100, the rate is not the server's limit.
pub const BUSY: &str = "busy_percent";

impl Cost {
    /// [`CPU`], [`RATE`] and [`BUSY`].
    pub fn figures(&self) -> Figures {
        Figures::from([
            (CPU.to_owned(), self.cpu_seconds / self.operations * 100_000.0),
            (RATE.to_owned(), self.operations / self.seconds),
            (BUSY.to_owned(), self.cpu_seconds / self.seconds * 100.0),
        ])
    }
}
