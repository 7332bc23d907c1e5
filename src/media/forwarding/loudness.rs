//! Detects the active speaker from the audio levels in packets (RFC 6464). Pure: no I/O, no clock.

use std::time::{Duration, Instant};

/// Silence, in dBov.
const SILENT_LEVEL: f32 = -127.0;

/// Levels below this are background noise, in dBov.
const THRESHOLD: f32 = -55.0;

/// How much louder than the current speaker a new one must be, in dB.
///
/// So two voices do not flicker.
const HYSTERESIS: f32 = 6.0;

/// Weight of a new packet in the average. Packets are 20 ms, so a pause within a word does not end speech.
const WEIGHT: f32 = 0.1;

/// How long a speaker may be silent before it stops being the active one.
const SPEAKER_PAUSE: Duration = Duration::from_secs(2);

/// A publisher without packets for this long counts as silent.
const FORGOTTEN_AFTER: Duration = Duration::from_millis(500);

/// The average loudness of one publisher.
#[derive(Debug, Default)]
pub struct Loudness {
    level: Option<(f32, Instant)>,
}

impl Loudness {
    /// Adds a packet's level, in dBov: 0 is the loudest, -127 silence.
    pub fn heard(&mut self, level: i8, now: Instant) {
        let before = self.now(now);
        self.level = Some((before + WEIGHT * (f32::from(level) - before), now));
    }

    /// The average, in dBov.
    pub fn now(&self, now: Instant) -> f32 {
        self.level
            .filter(|(_, at)| now.saturating_duration_since(*at) < FORGOTTEN_AFTER)
            .map_or(SILENT_LEVEL, |(level, _)| level)
    }
}

/// The active speaker of a room.
#[derive(Debug)]
pub struct Speaker<P> {
    current: Option<P>,
    /// When a publisher last spoke.
    heard: Option<Instant>,
}

impl<P> Default for Speaker<P> {
    fn default() -> Self {
        Self { current: None, heard: None }
    }
}

impl<P: Copy + PartialEq> Speaker<P> {
    /// The active speaker, if there is one.
    pub fn current(&self) -> Option<P> {
        self.current
    }

    /// Updates the active speaker from all levels (dBov); returns whether it changed.
    pub fn update(&mut self, levels: &[(P, f32)], now: Instant) -> bool {
        let speaker = self.find(levels, now);
        std::mem::replace(&mut self.current, speaker) != speaker
    }

    fn find(&mut self, levels: &[(P, f32)], now: Instant) -> Option<P> {
        let own = self.current.and_then(|current| levels.iter().find(|(who, _)| *who == current));
        let loudest = levels.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((loudest, level)) = loudest.filter(|(_, level)| *level >= THRESHOLD) else {
            let is_pause =
                self.heard.is_some_and(|heard| now.saturating_duration_since(heard) < SPEAKER_PAUSE);
            return own.map(|(who, _)| *who).filter(|_| is_pause);
        };
        self.heard = Some(now);
        match own {
            Some((current, own)) if *own >= THRESHOLD && level < own + HYSTERESIS => Some(*current),
            _ => Some(loudest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    #[test]
    fn the_speaker_changes_only_for_a_clearly_louder_one() {
        let (start, mut speaker) = (now(), Speaker::default());
        let mut at = |ann: f32, bob: f32| {
            let is_new = speaker.update(&[('a', ann), ('b', bob)], start);
            (speaker.current(), is_new)
        };
        assert_eq!(at(-60.0, -70.0), (None, false), "no publisher speaks");
        assert_eq!(at(-30.0, -60.0), (Some('a'), true));
        assert_eq!(at(-30.0, -26.0), (Some('a'), false));
        assert_eq!(at(-30.0, -20.0), (Some('b'), true));
        assert_eq!(at(-50.0, -90.0), (Some('a'), true), "a speaker who stopped does not compete");
    }

    #[test]
    fn a_short_pause_keeps_the_speaker_and_a_departure_does_not() {
        let (start, mut speaker) = (now(), Speaker::default());
        let mut at = |levels: &[(char, f32)], time| {
            speaker.update(levels, start + time);
            speaker.current()
        };
        assert_eq!(at(&[('a', -30.0)], Duration::ZERO), Some('a'));
        assert_eq!(at(&[('a', -90.0)], SPEAKER_PAUSE / 2), Some('a'));
        assert_eq!(at(&[('a', -90.0)], SPEAKER_PAUSE), None);
        assert_eq!(at(&[('a', -30.0)], SPEAKER_PAUSE), Some('a'));
        assert_eq!(at(&[], SPEAKER_PAUSE), None);
    }

    #[test]
    fn a_pause_between_words_does_not_end_a_speech_and_silence_does() {
        let start = now();
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
        assert!(loudness.now(at + FORGOTTEN_AFTER) <= SILENT_LEVEL);
    }
}
