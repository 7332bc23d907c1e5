//! The latency of this machine's memory. Other guests of the host fill caches and buses; no CPU time shows
//! that, but every measurement suffers.

use std::hint::black_box;

use tokio::time::Instant;

/// Far more than the caches of one core.
const BYTES: usize = 64 * 1024 * 1024;

/// The unit of one step.
const CACHE_LINE: usize = 64;

const PER_LINE: usize = CACHE_LINE / size_of::<u32>();

/// Steps per reading: some ten milliseconds.
const STEPS: usize = 100_000;

/// A walk through memory with unpredictable steps.
pub struct Memory {
    /// At the start of each cache line, the number of the next one; all lines form a ring.
    next: Vec<u32>,
    at: usize,
}

impl Memory {
    /// Makes a random ring by Sattolo's shuffle.
    pub fn new() -> Self {
        let lines = BYTES / CACHE_LINE;
        let mut order: Vec<u32> = (0..).take(lines).collect();
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        for last in (1..lines).rev() {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            order.swap(last, usize::try_from(random % last as u64).unwrap_or_default());
        }
        let mut next = vec![0; lines * PER_LINE];
        for (line, following) in order.into_iter().enumerate() {
            next[line * PER_LINE] = following;
        }
        Self { next, at: 0 }
    }

    /// The duration of an access that no cache serves, in nanoseconds.
    pub fn access_ns(&mut self) -> f64 {
        let began = Instant::now();
        for _ in 0..STEPS {
            self.at = self.next[self.at * PER_LINE] as usize;
        }
        black_box(self.at);
        began.elapsed().as_nanos() as f64 / STEPS as f64
    }
}
