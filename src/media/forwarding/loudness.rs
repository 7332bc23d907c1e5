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

/// How long a speaker may be silent.
const PAUSE: Duration = Duration::from_secs(2);

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

/// Who speaks in a room.
#[derive(Debug)]
pub struct Speaker<P> {
    current: Option<P>,
    /// When somebody was last heard.
    heard: Option<Instant>,
}

impl<P> Default for Speaker<P> {
    fn default() -> Self {
        Self { current: None, heard: None }
    }
}

impl<P: Copy + PartialEq> Speaker<P> {
    /// Who speaks, if anybody does.
    pub fn current(&self) -> Option<P> {
        self.current
    }

    /// Judges by how loud everybody is (dBov), and says whether that changes who speaks.
    pub fn update(&mut self, levels: &[(P, f32)], now: Instant) -> bool {
        let speaker = self.find(levels, now);
        std::mem::replace(&mut self.current, speaker) != speaker
    }

    fn find(&mut self, levels: &[(P, f32)], now: Instant) -> Option<P> {
        let own = self.current.and_then(|current| levels.iter().find(|(who, _)| *who == current));
        let loudest = levels.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((loudest, level)) = loudest.filter(|(_, level)| *level >= THRESHOLD) else {
            let is_pause = self.heard.is_some_and(|heard| now.saturating_duration_since(heard) < PAUSE);
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
    fn the_speaker_changes_only_for_somebody_clearly_louder() {
        let (start, mut speaker) = (now(), Speaker::default());
        let mut at = |ann: f32, bob: f32| {
            let is_new = speaker.update(&[('a', ann), ('b', bob)], start);
            (speaker.current(), is_new)
        };
        assert_eq!(at(-60.0, -70.0), (None, false), "nobody speaks");
        assert_eq!(at(-30.0, -60.0), (Some('a'), true));
        assert_eq!(at(-30.0, -26.0), (Some('a'), false));
        assert_eq!(at(-30.0, -20.0), (Some('b'), true));
        assert_eq!(at(-50.0, -90.0), (Some('a'), true), "a speaker who stopped is nobody's rival");
    }

    #[test]
    fn a_speaker_may_breathe_and_one_who_has_left_does_not_speak() {
        let (start, mut speaker) = (now(), Speaker::default());
        let mut at = |levels: &[(char, f32)], time| {
            speaker.update(levels, start + time);
            speaker.current()
        };
        assert_eq!(at(&[('a', -30.0)], Duration::ZERO), Some('a'));
        assert_eq!(at(&[('a', -90.0)], PAUSE / 2), Some('a'));
        assert_eq!(at(&[('a', -90.0)], PAUSE), None);
        assert_eq!(at(&[('a', -30.0)], PAUSE), Some('a'));
        assert_eq!(at(&[], PAUSE), None);
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
        assert!(loudness.now(at + FORGOTTEN_AFTER) <= SILENCE);
    }
}
