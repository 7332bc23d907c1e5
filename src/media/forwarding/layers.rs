//! Which layer of a simulcast publication a subscriber gets: the one it asked for, or the best that its connection carries.
//! Pure.

use std::time::{Duration, Instant};

/// How much of the estimate a layer may need, so that sound and repetitions have room too.
pub const SHARE: f64 = 0.85;

/// How long a better layer must have fitted before it is taken. Down goes at once.
const PATIENCE: Duration = Duration::from_secs(3);

/// A layer that is being sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offered<R> {
    /// Its name; the only stream of a publication without simulcast has none.
    pub layer: R,
    /// What it takes, in bits a second.
    pub rate: f64,
}

/// What one subscriber gets of one video.
#[derive(Debug)]
pub struct Choice<R> {
    chosen: Option<R>,
    /// Since when something better would have fitted.
    fits_since: Option<Instant>,
}

impl<R> Default for Choice<R> {
    fn default() -> Self {
        Self { chosen: None, fits_since: None }
    }
}

impl<R: Copy + PartialEq> Choice<R> {
    /// What was chosen last.
    pub fn chosen(&self) -> Option<R> {
        self.chosen
    }

    /// Chooses among what is `offered`. Without an `estimate` (bits a second) the best is taken; `wish` is taken
    /// whatever it needs, as long as it is sent. Nothing changes while nothing is offered.
    pub fn choose(
        &mut self,
        offered: &mut [Offered<R>],
        wish: Option<R>,
        estimate: Option<f64>,
        now: Instant,
    ) -> Option<R> {
        offered.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        let is_offered = |layer: R| offered.iter().any(|offered| offered.layer == layer);
        if let Some(wish) = wish.filter(|wish| is_offered(*wish)) {
            return self.take(wish);
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
                if now.saturating_duration_since(since) < PATIENCE {
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

/// How fast a stream is, in bits a second: averaged over about a second, and whether it is sent at all.
#[derive(Debug, Default)]
pub struct Rate {
    bytes: usize,
    since: Option<Instant>,
    bits_per_second: f64,
}

/// How long what comes is added up before it counts.
const WINDOW: Duration = Duration::from_millis(500);

/// After this long without a packet a layer counts as switched off.
const SILENCE: Duration = Duration::from_secs(2);

impl Rate {
    /// `bytes` have come.
    pub fn add(&mut self, bytes: usize, now: Instant) {
        let since = *self.since.get_or_insert(now);
        self.bytes += bytes;
        let passed = now.saturating_duration_since(since);
        if passed >= WINDOW {
            #[expect(clippy::cast_precision_loss, reason = "bytes of half a second are far below 2^52")]
            let rate = self.bytes as f64 * 8.0 / passed.as_secs_f64();
            // What has just begun is judged by its first window.
            let is_first = self.bits_per_second == 0.0;
            self.bits_per_second = if is_first { rate } else { f64::midpoint(self.bits_per_second, rate) };
            (self.bytes, self.since) = (0, Some(now));
        }
    }

    /// Bits a second.
    pub fn bits_per_second(&self) -> f64 {
        self.bits_per_second
    }
}

/// Whether something that was last heard at `last` is still being sent.
pub fn is_sent(last: Instant, now: Instant) -> bool {
    now.saturating_duration_since(last) < SILENCE
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
    fn a_better_layer_is_taken_when_it_has_fitted_for_a_while_and_left_at_once() {
        let (mut choice, start) = (Choice::default(), now());
        let mut offered = [LARGE, SMALL];
        let mut at = |estimate, ms| {
            choice.choose(&mut offered, None, Some(estimate), start + Duration::from_millis(ms))
        };
        assert_eq!(at(500_000.0, 0), Some('q'));
        assert_eq!(at(2_000_000.0, 1_000), Some('q'));
        assert_eq!(at(2_000_000.0, 4_000), Some('f'));
        assert_eq!(at(500_000.0, 4_100), Some('q'));
        assert_eq!(at(2_000_000.0, 5_000), Some('q'), "patience begins anew");
    }

    #[test]
    fn a_wish_counts_only_while_it_is_sent() {
        let mut choice = Choice::default();
        assert_eq!(choice.choose(&mut [SMALL, LARGE], Some('q'), None, now()), Some('q'));
        assert_eq!(choice.choose(&mut [LARGE], Some('q'), None, now()), Some('f'));
        assert_eq!(choice.choose(&mut [], Some('q'), None, now()), Some('f'), "a pause changes nothing");
    }

    #[test]
    fn where_nothing_fits_the_smallest_is_sent() {
        let mut choice = Choice::default();
        assert_eq!(choice.choose(&mut [LARGE, SMALL], None, Some(10_000.0), now()), Some('q'));
    }

    #[test]
    fn a_rate_is_what_came_in_a_second() {
        let (mut rate, start) = (Rate::default(), now());
        for ms in (0..=2_000).step_by(10) {
            rate.add(1_250, start + Duration::from_millis(ms));
        }
        assert!((rate.bits_per_second() - 1_000_000.0).abs() < 30_000.0, "{rate:?}");
    }
}
