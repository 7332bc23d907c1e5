//! Sent events kept until they are acknowledged or too old: in order, in little memory.

use std::{collections::VecDeque, time::Instant};

use bytes::Bytes;

use crate::core::model::{
    event::{Event, Numbered, Signal, SignalKind},
    ids::{Name, ParticipantId},
};

/// Limits of one replay buffer.
#[derive(Debug, Clone, Copy)]
pub struct ReplayLimits {
    /// Events at most.
    pub events: usize,
    /// Bytes at most, by [`Event::size`].
    pub bytes: usize,
}

/// For a participant without a connection: several whole call set-ups.
pub const AWAY: ReplayLimits = ReplayLimits { events: 512, bytes: 256 * 1024 };

/// For a connected participant: what may be on its way over a connection that died unnoticed.
///
/// No call sends more in those seconds, and a participant that is sent more all the time must not fill the
/// memory.
pub const CONNECTED: ReplayLimits = ReplayLimits { events: 128, bytes: 64 * 1024 };

/// The latest events of one participant, without a gap. Beyond its limits it drops the oldest.
///
/// Payloads of signals are copied: each arrived as a part of a buffer that many signals share, and one of
/// them must not keep all of that buffer.
#[derive(Default)]
pub struct ReplayBuffer {
    entries: VecDeque<Entry>,
    /// Payloads of the signals among the entries, one after the other.
    payloads: VecDeque<u8>,
    /// Number of the last event.
    last: u64,
    bytes: usize,
}

struct Entry {
    at: Instant,
    event: BufferedEvent,
}

/// Signals are many, so they stay small.
enum BufferedEvent {
    Signal { from: ParticipantId, name: Name, kind: SignalKind, payload_bytes: usize },
    Other(Box<Event>),
}

impl ReplayBuffer {
    /// Adds `event`, whose number follows the last one, and drops old ones as far as `limits` demand.
    pub fn push(&mut self, Numbered { seq, event }: Numbered, now: Instant, limits: ReplayLimits) {
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

    /// One less than the number of the oldest event; `None` if empty.
    pub fn complete_after(&self) -> Option<u64> {
        (!self.entries.is_empty()).then(|| self.first() - 1)
    }

    /// The events numbered above `after`, in order.
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

    /// Drops the oldest events while `which` (number, time of sending) returns `true`.
    pub fn forget(&mut self, which: impl Fn(u64, Instant) -> bool) {
        while self.entries.front().is_some_and(|entry| which(self.first(), entry.at)) {
            self.forget_first();
        }
        if self.entries.is_empty() {
            // A call's set-up is a burst; a quiet seat should not keep its memory.
            *self = Self::default();
        }
    }

    /// Number of events.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// Number of the oldest event, if there is one.
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

    /// The same as [`Event::size`].
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
