//! Chooses the layer of a simulcast publication for a subscriber: the wanted one, or the best that its
//! connection carries.
//!
//! Pure: no I/O, no clock.

use std::time::{Duration, Instant};

/// The share of the estimate that a layer may use; the rest is for audio and repetitions.
pub const SHARE: f64 = 0.85;

/// How long a better layer must fit before it is chosen. A change to a smaller one is immediate.
const UPGRADE_AFTER: Duration = Duration::from_secs(3);

/// A layer that the publisher sends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offered<R> {
    /// The layer's name; `None` for the only stream of a publication without simulcast.
    pub layer: R,
    /// The layer's rate in bits per second.
    pub rate: f64,
}

/// The chosen layer of one video for one subscriber.
#[derive(Debug)]
pub struct Choice<R> {
    chosen: Option<R>,
    /// Since when a better layer would have fitted.
    fits_since: Option<Instant>,
}

impl<R> Default for Choice<R> {
    fn default() -> Self {
        Self { chosen: None, fits_since: None }
    }
}

impl<R: Copy + PartialEq> Choice<R> {
    /// The last choice.
    pub fn chosen(&self) -> Option<R> {
        self.chosen
    }

    /// Chooses among the `offered` layers. Without an `estimate` (bits per second) it takes the best one.
    ///
    /// A `wanted_layer` wins over the estimate, as long as that layer is sent. The choice stays while no
    /// layer is offered.
    pub fn choose(
        &mut self,
        offered: &mut [Offered<R>],
        wanted_layer: Option<R>,
        estimate: Option<f64>,
        now: Instant,
    ) -> Option<R> {
        offered.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        let is_offered = |layer: R| offered.iter().any(|offered| offered.layer == layer);
        if let Some(layer) = wanted_layer.filter(|layer| is_offered(*layer)) {
            return self.take(layer);
        }
        let budget = estimate.map_or(f64::INFINITY, |estimate| estimate * SHARE);
        let best = offered.iter().rev().find(|offered| offered.rate <= budget).or(offered.first());
        let Some(best) = best.copied() else { return self.chosen };
        let current = self.chosen.and_then(|chosen| offered.iter().find(|offered| offered.layer == chosen));
        match current {
            Some(current) if current.layer == best.layer => {
                self.fits_since = None;
                self.chosen
            }
            Some(current) if current.rate < best.rate && estimate.is_some() => {
                let since = *self.fits_since.get_or_insert(now);
                if now.saturating_duration_since(since) < UPGRADE_AFTER {
                    self.chosen
                } else {
                    self.take(best.layer)
                }
            }
            _ => self.take(best.layer),
        }
    }

    fn take(&mut self, layer: R) -> Option<R> {
        self.fits_since = None;
        self.chosen = Some(layer);
        self.chosen
    }
}

/// The rate of a stream in bits per second, averaged over about a second.
#[derive(Debug, Default)]
pub struct Rate {
    bytes: usize,
    since: Option<Instant>,
    bits_per_second: f64,
}

/// The window over which bytes are summed.
const WINDOW: Duration = Duration::from_millis(500);

/// A layer without packets for this long counts as off.
const LAYER_TIMEOUT: Duration = Duration::from_secs(2);

impl Rate {
    /// Adds received `bytes`.
    pub fn add(&mut self, bytes: usize, now: Instant) {
        let since = *self.since.get_or_insert(now);
        self.bytes += bytes;
        let passed = now.saturating_duration_since(since);
        if passed >= WINDOW {
            #[expect(clippy::cast_precision_loss, reason = "bytes of half a second are far below 2^52")]
            let rate = self.bytes as f64 * 8.0 / passed.as_secs_f64();
            // A new stream takes the rate of its first window.
            let is_first = self.bits_per_second == 0.0;
            self.bits_per_second = if is_first { rate } else { f64::midpoint(self.bits_per_second, rate) };
            (self.bytes, self.since) = (0, Some(now));
        }
    }

    /// The average, in bits per second.
    pub fn bits_per_second(&self) -> f64 {
        self.bits_per_second
    }
}

/// True if a stream whose last packet came at `last` still counts as sent.
pub fn is_sent(last: Instant, now: Instant) -> bool {
    now.saturating_duration_since(last) < LAYER_TIMEOUT
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Offered<char> = Offered { layer: 'q', rate: 150_000.0 };
    const LARGE: Offered<char> = Offered { layer: 'f', rate: 1_500_000.0 };

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    #[test]
    fn a_better_layer_must_fit_for_a_while_and_a_smaller_one_is_chosen_at_once() {
        let (mut choice, start) = (Choice::default(), now());
        let mut offered = [LARGE, SMALL];
        let mut at = |estimate, ms| {
            choice.choose(&mut offered, None, Some(estimate), start + Duration::from_millis(ms))
        };
        assert_eq!(at(500_000.0, 0), Some('q'));
        assert_eq!(at(2_000_000.0, 1_000), Some('q'));
        assert_eq!(at(2_000_000.0, 4_000), Some('f'));
        assert_eq!(at(500_000.0, 4_100), Some('q'));
        assert_eq!(at(2_000_000.0, 5_000), Some('q'), "the wait starts again");
    }

    #[test]
    fn a_wanted_layer_counts_only_while_it_is_sent() {
        let mut choice = Choice::default();
        assert_eq!(choice.choose(&mut [SMALL, LARGE], Some('q'), None, now()), Some('q'));
        assert_eq!(choice.choose(&mut [LARGE], Some('q'), None, now()), Some('f'));
        assert_eq!(choice.choose(&mut [], Some('q'), None, now()), Some('f'), "a pause changes nothing");
    }

    #[test]
    fn the_smallest_layer_is_chosen_if_none_fits() {
        let mut choice = Choice::default();
        assert_eq!(choice.choose(&mut [LARGE, SMALL], None, Some(10_000.0), now()), Some('q'));
    }

    #[test]
    fn the_rate_is_averaged_over_a_second() {
        let (mut rate, start) = (Rate::default(), now());
        for ms in (0..=2_000).step_by(10) {
            rate.add(1_250, start + Duration::from_millis(ms));
        }
        assert!((rate.bits_per_second() - 1_000_000.0).abs() < 30_000.0, "{rate:?}");
    }
}
