//! What one run of one server showed.

use tokio::time::Instant;

use super::{
    calls,
    options::Options,
    relay::{self, Load, Relayed},
    server::Server,
};

/// How many messages of a pair are under way at once: one after the other, and in bursts.
pub const WINDOWS: [u32; 2] = [1, 8];

/// One run of one server.
pub struct Sample {
    /// Memory before anybody came.
    pub resident_mib: f64,
    /// The relay, for each of [`WINDOWS`].
    pub relayed: [Relayed; 2],
    pub calls: Cost,
}

impl Sample {
    pub async fn take(server: &Server, options: &Options) -> anyhow::Result<Self> {
        let resident_mib = server.resident_mib()?;
        let [one, many] =
            WINDOWS.map(|window| Load { pairs: options.pairs, messages: options.messages, window });
        let relayed =
            [relay::measure(server, one, 0).await?, relay::measure(server, many, options.pairs).await?];
        let calls = calls::measure(server, options.calls, 2 * options.pairs).await?;
        Ok(Self { resident_mib, relayed, calls })
    }
}

/// What a number of operations took.
#[derive(Clone, Copy)]
pub struct Cost {
    operations: f64,
    cpu_seconds: f64,
    seconds: f64,
}

impl Cost {
    pub fn cpu_seconds_per(&self, operations: f64) -> f64 {
        self.cpu_seconds / self.operations * operations
    }

    pub fn per_second(&self) -> f64 {
        self.operations / self.seconds
    }

    /// How much of a core the server used, in percent. Below 100, the rate is not the server's limit.
    pub fn busy_percent(&self) -> f64 {
        self.cpu_seconds / self.seconds * 100.0
    }
}

/// Finds a [`Cost`].
pub struct Meter {
    began: Instant,
    cpu_seconds: f64,
}

impl Meter {
    pub fn start(server: &Server) -> anyhow::Result<Self> {
        Ok(Self { cpu_seconds: server.cpu_seconds()?, began: Instant::now() })
    }

    pub fn stop(self, server: &Server, operations: u32) -> anyhow::Result<Cost> {
        let seconds = self.began.elapsed().as_secs_f64();
        let cpu_seconds = server.cpu_seconds()? - self.cpu_seconds;
        Ok(Cost { operations: operations.into(), cpu_seconds, seconds })
    }
}
