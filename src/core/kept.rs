//! What a participant was told and may not have got: kept in order, in little memory, until it is known to have it.

use std::{collections::VecDeque, time::Instant};

use bytes::Bytes;

use super::event::{Event, Numbered, Signal};

/// The most bytes kept for one participant: several whole call set-ups.
pub const MAX_KEPT_BYTES: usize = 256 * 1024;

/// The most events kept for one participant.
pub const MAX_KEPT_EVENTS: usize = 512;

/// The latest events of one participant, without a gap. What goes beyond the limits is forgotten, oldest first.
///
/// What signals carry is copied: it came as a part of a buffer that many signals share, and that must not be held up
/// for the sake of one of them.
#[derive(Default)]
pub struct KeptEvents {
    entries: VecDeque<Entry>,
    /// What the signals among the entries carry, one after the other.
    payloads: VecDeque<u8>,
    bytes: usize,
}

struct Entry {
    at: Instant,
    /// If it is a signal, without what it carries.
    event: Numbered,
    payload_bytes: usize,
}

impl KeptEvents {
    /// Keeps `event`, which happened at `now` and follows all others.
    pub fn push(&mut self, event: Numbered, now: Instant) {
        self.bytes += event.event.size();
        let Numbered { seq, mut event } = event;
        let payload = match &mut event {
            Event::Signal(signal) => std::mem::take(&mut signal.payload),
            _ => Bytes::new(),
        };
        self.payloads.extend(&payload[..]);
        let event = Numbered { seq, event };
        self.entries.push_back(Entry { at: now, event, payload_bytes: payload.len() });
        while self.entries.len() > MAX_KEPT_EVENTS || self.bytes > MAX_KEPT_BYTES {
            self.forget_first();
        }
    }

    /// The number before that of the oldest event, if any is kept.
    pub fn complete_after(&self) -> Option<u64> {
        self.entries.front().map(|entry| entry.event.seq - 1)
    }

    /// The events that came after the one numbered `seq`, in order.
    pub fn after(&self, seq: u64) -> Vec<Numbered> {
        let mut start = 0;
        let mut events = Vec::new();
        for entry in &self.entries {
            let end = start + entry.payload_bytes;
            if entry.event.seq > seq {
                let payload = self.payloads.range(start..end).copied().collect();
                events.push(with_payload(&entry.event, payload));
            }
            start = end;
        }
        events
    }

    /// Forgets the oldest events for as long as `which`, asked for an event's number and when it happened, says so.
    pub fn forget(&mut self, which: impl Fn(u64, Instant) -> bool) {
        while self.entries.front().is_some_and(|entry| which(entry.event.seq, entry.at)) {
            self.forget_first();
        }
        if self.entries.is_empty() {
            // A call's set-up is a burst; a seat that has gone quiet should not pay for it.
            *self = Self::default();
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    fn forget_first(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes -= entry.event.event.size() + entry.payload_bytes;
            self.payloads.drain(..entry.payload_bytes);
        }
    }
}

fn with_payload(Numbered { seq, event }: &Numbered, payload: Bytes) -> Numbered {
    let event = match event {
        Event::Signal(signal) => Event::Signal(Signal { payload, ..signal.clone() }),
        other => other.clone(),
    };
    Numbered { seq: *seq, event }
}
