//! How much is measured. Everything has a default and can be set by the environment.

use std::{env, time::Duration};

use anyhow::{Context, ensure};

/// How much is measured.
pub struct Options {
    /// `BENCH_PAIRS`: how many pairs relay candidates to each other.
    pub pairs: u32,
    /// `BENCH_MESSAGES`: how many candidates are relayed in one measurement, all pairs together.
    pub messages: u32,
    /// `BENCH_CALLS`: how many calls are set up in one measurement.
    pub calls: u32,
    /// `BENCH_REPETITIONS`: how many times everything is measured.
    pub repetitions: u32,
    /// `BENCH_PATIENCE`: how many seconds a busy machine is waited for.
    pub patience: Duration,
}

impl Options {
    pub fn from_env() -> anyhow::Result<Self> {
        let options = Self {
            pairs: number("BENCH_PAIRS", 200)?,
            messages: number("BENCH_MESSAGES", 200_000)?,
            calls: number("BENCH_CALLS", 4_000)?,
            repetitions: number("BENCH_REPETITIONS", 5)?,
            patience: Duration::from_secs(number("BENCH_PATIENCE", 60)?.into()),
        };
        ensure!(options.pairs > 0 && options.repetitions > 0 && options.calls > 0, "nothing to measure");
        ensure!(
            options.messages >= 2 * options.pairs,
            "BENCH_MESSAGES is less than one for each of the pairs"
        );
        Ok(options)
    }
}

fn number(name: &str, default: u32) -> anyhow::Result<u32> {
    env::var(name).map_or(Ok(default), |text| text.parse().with_context(|| format!("{name} is not a number")))
}
