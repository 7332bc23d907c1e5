//! Who speaks: how loud publishers are, from what every audio packet says about itself (RFC 6464). Pure.

use std::time::{Duration, Instant};

/// Nothing is heard, in dBov.
const SILENCE: f32 = -127.0;

/// Below this nobody speaks: a quiet room's own noise.
const THRESHOLD: f32 = -55.0;

/// How much louder somebody must be than the current speaker, in dB, so that two voices do not flicker.
const HYSTERESIS: f32 = 6.0;

/// How much of a new packet counts; packets are 20 ms, so a word's pause does not end it.
const WEIGHT: f32 = 0.1;

/// Nobody is heard who has sent nothing for this long.
const FORGOTTEN_AFTER: Duration = Duration::from_millis(500);

/// How loud one publisher is.
#[derive(Debug, Default)]
pub struct Loudness {
    level: Option<(f32, Instant)>,
}

impl Loudness {
    /// A packet has come that is `level` loud: 0 is the loudest, -127 silence.
    pub fn heard(&mut self, level: i8, now: Instant) {
        let before = self.now(now);
        self.level = Some((before + WEIGHT * (f32::from(level) - before), now));
    }

    /// In dBov.
    pub fn now(&self, now: Instant) -> f32 {
        self.level
            .filter(|(_, at)| now.saturating_duration_since(*at) < FORGOTTEN_AFTER)
            .map_or(SILENCE, |(level, _)| level)
    }
}

/// Who of `levels` (dBov) speaks, where `current` did.
pub fn speaker<P: Copy + PartialEq>(current: Option<P>, levels: &[(P, f32)]) -> Option<P> {
    let (loudest, level) = levels.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
    if level < THRESHOLD {
        return None;
    }
    let current_level = current.and_then(|current| levels.iter().find(|(who, _)| *who == current));
    match current_level {
        Some((current, own)) if *own >= THRESHOLD && level < own + HYSTERESIS => Some(*current),
        _ => Some(loudest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speaker_changes_only_for_somebody_clearly_louder() {
        let at = |ann: f32, bob: f32, current| speaker(current, &[('a', ann), ('b', bob)]);
        assert_eq!(at(-30.0, -60.0, None), Some('a'));
        assert_eq!(at(-30.0, -26.0, Some('a')), Some('a'));
        assert_eq!(at(-30.0, -20.0, Some('a')), Some('b'));
        assert_eq!(at(-90.0, -50.0, Some('a')), Some('b'), "a speaker who stopped is nobody's rival");
        assert_eq!(at(-90.0, -70.0, Some('a')), None);
        assert_eq!(speaker(Some('a'), &[]), None);
    }

    #[test]
    fn a_pause_between_words_does_not_end_a_speech_and_silence_does() {
        let start = tokio::time::Instant::now().into_std();
        let mut loudness = Loudness::default();
        let mut at = start;
        let mut hear = |level, packets| {
            for _ in 0..packets {
                at += Duration::from_millis(20);
                loudness.heard(level, at);
            }
            loudness.now(at)
        };
        assert!(hear(-25, 50) > -30.0);
        assert!(hear(-80, 5) > THRESHOLD);
        assert!(hear(-80, 50) < THRESHOLD);
        assert!(loudness.now(at + FORGOTTEN_AFTER) <= SILENCE);
    }
}
