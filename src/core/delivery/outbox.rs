//! Events of one participant on their way: numbered, in order, bounded, kept for replay.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use super::replay_buffer::{AWAY, CONNECTED, ReplayBuffer};
use crate::core::{
    model::event::{Event, Numbered},
    ports::connection::{CloseReason, Connection, DeliverError},
};

/// Age at which an event counts as received, on a connection that still answers.
///
/// Longer than any door takes to notice that a connection is dead (10 s): had the event not arrived, the
/// connection would be closed by now.
pub const ARRIVED_AFTER: Duration = Duration::from_secs(12);

/// Value in place of the last received number: the client has lost its state and asks for a reset.
pub const RESET: u64 = u64::MAX;

/// The events of one participant: sent to its connection, or waiting for one.
///
/// Stages: `detach` (no connection) → `resume` or [`answer_join`](Self::answer_join) (the join is answered) →
/// `attach` (a connection again).
#[derive(Default)]
pub struct Outbox {
    connection: Option<Attached>,
    /// Events that may not have arrived.
    replay: ReplayBuffer,
    /// Number of the last event.
    last_seq: u64,
    /// Number of the last event that a connection took.
    taken_seq: u64,
    /// True if events are lost, and no answered join has told the client since.
    needs_reset: bool,
    /// True if a join was answered, and the client's connection is about to be attached.
    join_answered: bool,
    /// True if events were lost after that answer.
    lost_since_answer: bool,
}

struct Attached {
    connection: Arc<dyn Connection>,
    /// True if the connection refused an event: it gets no further ones.
    broken: bool,
}

impl Outbox {
    /// Numbers an event and sends it, or keeps it until a connection is attached.
    ///
    /// Closes a connection that does not keep up; events that it missed are replayed to the next one.
    pub fn push(&mut self, event: Event, now: Instant) {
        self.last_seq += 1;
        let event = Numbered { seq: self.last_seq, event };
        self.send(&event);
        let limits = if self.connection.is_some() { CONNECTED } else { AWAY };
        self.replay.push(event, now, limits);
    }

    /// Sets what a returning participant has: everything up to `received`, or, with `None`, everything that
    /// its former connection took. Counts as the answer to its join.
    ///
    /// Returns `true` if all later events can be replayed. Otherwise drops all of them, which is a reset.
    pub fn resume(&mut self, received: Option<u64>) -> bool {
        let from = received.unwrap_or(self.taken_seq);
        let oldest = self.replay.complete_after().unwrap_or(self.last_seq);
        let complete = !self.needs_reset && (oldest..=self.last_seq).contains(&from);
        self.taken_seq = if complete { from } else { self.last_seq };
        let taken = self.taken_seq;
        self.replay.forget(|seq, _| seq <= taken);
        self.answer_join();
        complete
    }

    /// Marks the join as answered; a loss from here on closes the new connection.
    pub fn answer_join(&mut self) {
        (self.join_answered, self.lost_since_answer) = (true, false);
    }

    /// True if `received` is larger than any number of this outbox.
    pub fn is_behind(&self, received: Option<u64>) -> bool {
        received.is_some_and(|received| received != RESET && received > self.last_seq)
    }

    /// Records the loss of an event: drops the replay buffer and closes the connection.
    ///
    /// The client joins again and is told of the reset.
    pub fn reset(&mut self) {
        (self.needs_reset, self.lost_since_answer) = (true, self.join_answered);
        self.taken_seq = self.last_seq;
        self.replay.forget(|_, _| true);
        if let Some(attached) = self.connection.as_mut().filter(|attached| !attached.broken) {
            attached.broken = true;
            attached.connection.close(CloseReason::TooSlow);
        }
    }

    /// True from [`reset`](Self::reset) until a connection is attached after an answered join.
    pub fn needs_reset(&self) -> bool {
        self.needs_reset
    }

    /// Numbers the next event `number` + 1. The replay buffer must be empty.
    pub fn continue_from(&mut self, number: u64) {
        (self.last_seq, self.taken_seq) = (number, number);
    }

    /// Events that may not have arrived, number of the last event, and of the last one taken. `None` if some
    /// are lost.
    pub fn into_parts(self) -> Option<(Vec<Numbered>, u64, u64)> {
        (!self.needs_reset).then(|| (self.replay.after(0), self.last_seq, self.taken_seq))
    }

    /// The reverse of [`into_parts`](Self::into_parts).
    pub fn from_parts(events: Vec<Numbered>, last_seq: u64, taken_seq: u64, now: Instant) -> Self {
        let mut outbox = Self { last_seq, taken_seq, ..Self::default() };
        for event in events {
            outbox.replay.push(event, now, AWAY);
        }
        outbox
    }

    /// Sends what no connection took yet, and all further events, to `connection`. Closes the former one.
    ///
    /// Closes `connection` instead if events were lost after the join was answered: its client joins again
    /// and is told of the reset.
    pub fn attach(&mut self, connection: Arc<dyn Connection>) {
        self.fence();
        let broken = std::mem::take(&mut self.lost_since_answer);
        if broken {
            connection.close(CloseReason::TooSlow);
        }
        (self.join_answered, self.needs_reset) = (false, broken);
        self.connection = Some(Attached { connection, broken });
        for event in self.replay.after(self.taken_seq) {
            self.send(&event);
        }
    }

    /// Keeps all events from now on until the next connection.
    pub fn detach(&mut self) {
        self.connection = None;
    }

    /// Closes the connection, whose participant holds its seat under a newer epoch, and keeps all events
    /// until the next one.
    pub fn fence(&mut self) {
        if let Some(fenced) = self.connection.take() {
            fenced.connection.close(CloseReason::Replaced);
        }
    }

    /// The attached connection.
    pub fn connection(&self) -> Option<&Arc<dyn Connection>> {
        self.connection.as_ref().map(|attached| &attached.connection)
    }

    /// Number of the last event that a connection took: the next one to be sent follows it.
    pub fn taken_seq(&self) -> u64 {
        self.taken_seq
    }

    /// Drops events that are older than [`ARRIVED_AFTER`] and were taken by the connection that is attached.
    pub fn forget_arrived(&mut self, now: Instant) {
        if self.connection.as_ref().is_none_or(|attached| attached.broken) {
            return;
        }
        let taken = self.taken_seq;
        self.replay.forget(|seq, at| seq <= taken && at + ARRIVED_AFTER <= now);
    }

    fn send(&mut self, event: &Numbered) {
        let Some(attached) = self.connection.as_mut().filter(|attached| !attached.broken) else { return };
        match attached.connection.deliver(event) {
            Ok(()) => self.taken_seq = event.seq,
            Err(DeliverError::Closed) => attached.broken = true,
            Err(DeliverError::TooSlow) => {
                attached.broken = true;
                attached.connection.close(CloseReason::TooSlow);
            }
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("connected", &self.connection.is_some())
            .field("replay", &self.replay.count())
            .field("last_seq", &self.last_seq)
            .field("taken_seq", &self.taken_seq)
            .finish_non_exhaustive()
    }
}
