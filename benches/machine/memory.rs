//! How long this machine's memory takes to answer. Neighbours on the same host who fill its caches and its buses show in
//! no count of CPU time, but in all of ours.

use std::hint::black_box;

use tokio::time::Instant;

/// Far more than the caches that a core has to itself.
const BYTES: usize = 64 * 1024 * 1024;

/// One step goes from one of these to another.
const CACHE_LINE: usize = 64;

const PER_LINE: usize = CACHE_LINE / size_of::<u32>();

/// How many steps one reading takes: some ten milliseconds.
const STEPS: usize = 100_000;

/// A walk through memory in which no step can be foreseen.
pub struct Memory {
    /// At the beginning of each cache line, which one comes next; all of them are one ring.
    next: Vec<u32>,
    at: usize,
}

impl Memory {
    /// Lays the ring out at random, by Sattolo's shuffle.
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

    /// How long one access takes that no cache answers, in nanoseconds.
    pub fn access_ns(&mut self) -> f64 {
        let began = Instant::now();
        for _ in 0..STEPS {
            self.at = self.next[self.at * PER_LINE] as usize;
        }
        black_box(self.at);
        began.elapsed().as_nanos() as f64 / STEPS as f64
    }
}
