//! The cost of a number of operations.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::{
    model::{
        figure::{BUSY, CPU, OWN_BUSY, RATE, REDIS_CPU},
        results::Figures,
    },
    server::Server,
};

/// Observes a working server.
pub struct Meter {
    began: Instant,
    cpu_seconds: f64,
    redis_seconds: Option<f64>,
    /// The load generator's.
    own_seconds: f64,
}

/// The cost of a number of operations.
#[derive(Clone, Copy)]
pub struct Cost {
    pub operations: f64,
    /// Of all processes of the server together, user and system.
    pub cpu_seconds: f64,
    /// Of the Redis that they share.
    pub redis_seconds: Option<f64>,
    /// Of the load generator.
    pub own_seconds: f64,
    /// Elapsed time.
    pub seconds: f64,
}

impl Meter {
    pub fn start(server: &Server) -> anyhow::Result<Self> {
        Ok(Self {
            cpu_seconds: server.cpu_seconds()?,
            redis_seconds: server.redis_cpu_seconds()?,
            own_seconds: own_seconds()?,
            began: Instant::now(),
        })
    }

    pub fn stop(self, server: &Server, operations: f64) -> anyhow::Result<Cost> {
        let seconds = self.began.elapsed().as_secs_f64();
        let cpu_seconds = server.cpu_seconds()? - self.cpu_seconds;
        let redis = self.redis_seconds.zip(server.redis_cpu_seconds()?);
        let redis_seconds = redis.map(|(before, after)| after - before);
        let own_seconds = own_seconds()? - self.own_seconds;
        Ok(Cost { operations, cpu_seconds, redis_seconds, own_seconds, seconds })
    }
}

fn own_seconds() -> anyhow::Result<f64> {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?;
    Ok(Duration::from(time).as_secs_f64())
}

impl Cost {
    /// [`CPU`], [`RATE`], [`BUSY`] and [`OWN_BUSY`], and [`REDIS_CPU`] where there is one.
    pub fn figures(&self) -> Figures {
        let per_100k = |seconds: f64| seconds / self.operations * 100_000.0;
        let mut figures = Figures::from([
            (CPU.to_owned(), per_100k(self.cpu_seconds)),
            (RATE.to_owned(), self.operations / self.seconds),
            (BUSY.to_owned(), self.cpu_seconds / self.seconds * 100.0),
            (OWN_BUSY.to_owned(), self.own_seconds / self.seconds * 100.0),
        ]);
        figures.extend(self.redis_seconds.map(|seconds| (REDIS_CPU.to_owned(), per_100k(seconds))));
        figures
    }
}
