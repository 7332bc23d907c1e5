//! Renumbers successive sources into one stream.
//!
//! Sequence numbers, times and picture numbers continue without a gap when the source or its layer changes.
//! Pure: no I/O, no clock.
//!
//! A receiver cannot know that a packet was omitted on purpose, and would request it again and again. So only
//! forwarded packets get numbers, and a gap in the source stays the same gap.

use std::time::{Duration, Instant};

/// The numbers of a packet that change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// Extended sequence number: continues where sixteen bits wrap.
    pub sequence: u64,
    /// RTP time, in units of the clock rate.
    pub time: u32,
    /// Picture numbers; only VP8 has them.
    pub picture: Picture,
}

/// The numbers in a VP8 payload descriptor. Source: RFC 7741, section 4.2.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Picture {
    /// `PictureID`, 15 bits.
    pub id: Option<u16>,
    /// `TL0PICIDX`.
    pub base_layer: Option<u8>,
    /// `KEYIDX`, 5 bits.
    pub key: Option<u8>,
}

/// The numbers of one outgoing stream.
#[derive(Debug)]
pub struct Rebase {
    clock_rate: u32,
    /// The offset from the current source's numbers.
    shift: Shift,
    /// The first forwarded packet of the current source; older ones are dropped.
    from: u64,
    last: Option<NewestPacket>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Shift {
    sequence: i64,
    time: u32,
    id: u16,
    base_layer: u8,
    key: u8,
}

/// The newest sent packet.
#[derive(Debug, Clone, Copy)]
struct NewestPacket {
    numbers: Numbers,
    at: Instant,
}

impl Rebase {
    /// Makes an empty stream with `clock_rate` units per second.
    pub fn new(clock_rate: u32) -> Self {
        Self { clock_rate, shift: Shift::default(), from: 0, last: None }
    }

    /// Switches to another source, whose first packet is `first` and arrived at `at`.
    pub fn begin(&mut self, first: &Numbers, at: Instant) {
        self.from = first.sequence;
        self.shift = match self.last {
            // SRTP receivers assume that the first number is below 65,536. Source: RFC 3711, section 3.3.1.
            None => Shift {
                sequence: signed(first.sequence & 0x7fff) - signed(first.sequence),
                ..Shift::default()
            },
            Some(last) => self.shift_after(&last, first, at),
        };
    }

    fn shift_after(&self, last: &NewestPacket, first: &Numbers, at: Instant) -> Shift {
        let Picture { id, base_layer, key } = last.numbers.picture;
        let after = |last: Option<u16>, first: Option<u16>| {
            last.unwrap_or_default().wrapping_add(1).wrapping_sub(first.unwrap_or_default())
        };
        let low = |last: Option<u8>, first: Option<u8>| {
            last.unwrap_or_default().wrapping_add(1).wrapping_sub(first.unwrap_or_default())
        };
        let passed = self.units(at.saturating_duration_since(last.at)).max(1);
        Shift {
            sequence: signed(last.numbers.sequence + 1) - signed(first.sequence),
            time: last.numbers.time.wrapping_add(passed).wrapping_sub(first.time),
            id: after(id, first.picture.id),
            base_layer: low(base_layer, first.picture.base_layer),
            key: low(key, first.picture.key),
        }
    }

    fn units(&self, time: Duration) -> u32 {
        let units = time.as_micros() * u128::from(self.clock_rate) / 1_000_000;
        u32::try_from(units).unwrap_or(u32::MAX / 2)
    }

    /// Returns the outgoing numbers of a packet of the current source; `None` if it is older than the first
    /// one.
    pub fn apply(&mut self, packet: &Numbers, at: Instant) -> Option<Numbers> {
        if packet.sequence < self.from {
            return None;
        }
        let Shift { sequence, time, id, base_layer, key } = self.shift;
        let numbers = Numbers {
            sequence: packet.sequence.checked_add_signed(sequence)?,
            time: packet.time.wrapping_add(time),
            picture: Picture {
                id: packet.picture.id.map(|own| own.wrapping_add(id) & 0x7fff),
                base_layer: packet.picture.base_layer.map(|own| own.wrapping_add(base_layer)),
                key: packet.picture.key.map(|own| own.wrapping_add(key) & 0x1f),
            },
        };
        if self.last.is_none_or(|last| last.numbers.sequence < numbers.sequence) {
            self.last = Some(NewestPacket { numbers, at });
        }
        Some(numbers)
    }
}

/// Sequence numbers count packets; sixty-three bits last longer than any call.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(sequence: u64, time: u32, id: u16) -> Numbers {
        let picture = Picture { id: Some(id), base_layer: Some(7), key: Some(30) };
        Numbers { sequence, time, picture }
    }

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    #[test]
    fn a_late_subscriber_starts_below_sequence_number_65_536() {
        let mut rebase = Rebase::new(90_000);
        let first = packet(1_000_000, 5, 5);
        rebase.begin(&first, now());
        assert!(rebase.apply(&first, now()).unwrap().sequence < 65_536);
    }

    #[test]
    fn another_source_continues_the_numbers_of_the_last_one() {
        let (mut rebase, start) = (Rebase::new(90_000), now());
        rebase.begin(&packet(100, 1_000, 0x7fff), start);
        let last = rebase.apply(&packet(100, 1_000, 0x7fff), start).unwrap();
        let later = start + Duration::from_millis(100);
        let first = packet(9_000, 77, 3);
        rebase.begin(&first, later);
        let next = rebase.apply(&first, later).unwrap();
        assert_eq!(next.sequence, last.sequence + 1);
        assert_eq!(next.time, last.time + 9_000);
        assert_eq!(next.picture, Picture { id: Some(0), base_layer: Some(8), key: Some(31) });
    }

    #[test]
    fn a_packet_older_than_the_change_is_dropped() {
        let (mut rebase, start) = (Rebase::new(90_000), now());
        rebase.begin(&packet(100, 0, 0), start);
        assert_eq!(rebase.apply(&packet(99, 0, 0), start), None);
    }

    proptest! {
        /// With any loss, delay or duplication, no number stands for two different packets, and gaps stay
        /// gaps.
        #[test]
        fn gaps_stay_gaps(
            first in 0..u64::MAX / 4,
            steps in prop::collection::vec(0..50_u64, 1..100),
            changes in prop::collection::vec(0..u64::MAX / 4, 0..5),
        ) {
            let (mut rebase, at) = (Rebase::new(90_000), now());
            let mut seen = std::collections::HashSet::new();
            let mut highest = None;
            for base in std::iter::once(first).chain(changes) {
                rebase.begin(&packet(base, 0, 0), at);
                let mut numbers = std::collections::HashMap::new();
                for step in std::iter::once(&0).chain(&steps) {
                    let own = base + step;
                    let sent = rebase.apply(&packet(own, 0, 0), at).unwrap().sequence;
                    prop_assert_eq!(sent, *numbers.entry(own).or_insert(sent));
                    prop_assert_eq!(i128::from(sent) - i128::from(numbers[&base]), i128::from(own - base));
                    prop_assert!(highest.is_none_or(|highest| sent > highest));
                }
                highest = numbers.values().copied().max();
                prop_assert!(numbers.values().all(|number| seen.insert(*number)));
            }
        }
    }
}
