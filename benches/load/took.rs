//! Latencies.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest recorded latency, in microseconds.
const LONGEST: u64 = 120_000_000;

/// Latencies, with an accuracy of a thousandth.
pub struct Took(Histogram<u64>);

impl Took {
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, LONGEST, 3)?))
    }

    pub fn record(&mut self, took: Duration) -> anyhow::Result<()> {
        let microseconds = u64::try_from(took.as_micros())?;
        Ok(self.0.record(microseconds.max(1))?)
    }

    /// Number of recorded latencies.
    pub fn count(&self) -> f64 {
        self.0.len() as f64
    }

    /// The latency that one in `count` exceeds, in milliseconds.
    pub fn one_in(&self, many: u32) -> f64 {
        self.0.value_at_quantile(1.0 - 1.0 / f64::from(many)) as f64 / 1_000.0
    }
}
