//! What a participant was told and may not have got: kept in order, in little memory, until it is known to have it.

use std::{collections::VecDeque, time::Instant};

use bytes::Bytes;

use crate::core::model::{
    event::{Event, Numbered, Signal, SignalKind},
    ids::{Name, ParticipantId},
};

/// How much is kept for one participant.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many events at most.
    pub events: usize,
    /// How many bytes at most, each event with some for itself.
    pub bytes: usize,
}

/// For one who is away: several whole call set-ups.
pub const AWAY: Limits = Limits { events: 512, bytes: 256 * 1024 };

/// For one who is connected: what may be on its way over a connection that died unnoticed. No call has more to say in
/// those seconds, and whoever is told more all the time should not fill the memory.
pub const CONNECTED: Limits = Limits { events: 128, bytes: 64 * 1024 };

/// The latest events of one participant, without a gap. What goes beyond limits is forgotten, oldest first.
///
/// What signals carry is copied: it came as a part of a buffer that many signals share, and that must not be held up
/// for the sake of one of them.
#[derive(Default)]
pub struct ReplayBuffer {
    entries: VecDeque<Entry>,
    /// What the signals among the entries carry, one after the other.
    payloads: VecDeque<u8>,
    /// The number of the last event.
    last: u64,
    bytes: usize,
}

struct Entry {
    at: Instant,
    event: BufferedEvent,
}

/// Small where there are many.
enum BufferedEvent {
    Signal { from: ParticipantId, name: Name, kind: SignalKind, payload_bytes: usize },
    Other(Box<Event>),
}

impl ReplayBuffer {
    /// Keeps `event`, which happened at `now` and whose number follows that of the one before, and as many of the
    /// others as `limits` allow.
    pub fn push(&mut self, Numbered { seq, event }: Numbered, now: Instant, limits: Limits) {
        let size = event.size();
        while !self.entries.is_empty()
            && (self.entries.len() >= limits.events || self.bytes + size > limits.bytes)
        {
            self.forget_first();
        }
        (self.last, self.bytes) = (seq, self.bytes + size);
        let event = match event {
            Event::Signal(Signal { from, name, kind, payload }) => {
                self.payloads.extend(&payload[..]);
                BufferedEvent::Signal { from, name, kind, payload_bytes: payload.len() }
            }
            other => BufferedEvent::Other(Box::new(other)),
        };
        self.entries.push_back(Entry { at: now, event });
    }

    /// The number before that of the oldest event, if any is kept.
    pub fn complete_after(&self) -> Option<u64> {
        (!self.entries.is_empty()).then(|| self.first() - 1)
    }

    /// The events that came after the one numbered `after`, in order.
    pub fn after(&self, after: u64) -> Vec<Numbered> {
        let mut start = 0;
        let mut events = Vec::new();
        for (seq, entry) in (self.first()..).zip(&self.entries) {
            let end = start + entry.event.payload_bytes();
            if seq > after {
                let payload = || self.payloads.range(start..end).copied().collect();
                events.push(Numbered { seq, event: entry.event.with_payload(payload) });
            }
            start = end;
        }
        events
    }

    /// Forgets the oldest events for as long as `which`, asked for an event's number and when it happened, says so.
    pub fn forget(&mut self, which: impl Fn(u64, Instant) -> bool) {
        while self.entries.front().is_some_and(|entry| which(self.first(), entry.at)) {
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

    /// The number of the oldest event, if any is kept.
    fn first(&self) -> u64 {
        self.last + 1 - self.entries.len() as u64
    }

    fn forget_first(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes -= entry.event.size();
            self.payloads.drain(..entry.event.payload_bytes());
        }
    }
}

impl BufferedEvent {
    const fn payload_bytes(&self) -> usize {
        match self {
            Self::Signal { payload_bytes, .. } => *payload_bytes,
            Self::Other(_) => 0,
        }
    }

    /// As [`Event::size`] had it.
    fn size(&self) -> usize {
        match self {
            Self::Signal { payload_bytes, .. } => Event::SIZE + payload_bytes,
            Self::Other(event) => event.size(),
        }
    }

    fn with_payload(&self, payload: impl FnOnce() -> Bytes) -> Event {
        match self {
            Self::Signal { from, name, kind, .. } => {
                Event::Signal(Signal { from: *from, name: name.clone(), kind: *kind, payload: payload() })
            }
            Self::Other(event) => (**event).clone(),
        }
    }
}
