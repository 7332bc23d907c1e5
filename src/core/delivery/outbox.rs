//! What one participant is to be told: numbered, in order, bounded, kept for a while in case it did not arrive.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use super::replay_buffer::{self, ReplayBuffer};
use crate::core::{
    model::event::{Event, Numbered},
    ports::connection::{CloseReason, Connection, DeliverError},
};

/// After this long on a connection that still answers, an event has arrived.
///
/// Longer than any door takes to notice that a connection is dead (10 s): had it not arrived, the connection
/// would be gone by now.
pub const ARRIVED_AFTER: Duration = Duration::from_secs(12);

/// In place of the number of the last event received: the client has lost its state and asks for a reset, which drops the
/// replay buffer.
pub const RESET: u64 = u64::MAX;

/// A participant's events: on their way, or waiting for it to come back.
#[derive(Default)]
pub struct Outbox {
    connection: Option<Attached>,
    /// Not known to have arrived.
    kept: ReplayBuffer,
    /// The number of the last event.
    last: u64,
    /// The number of the last event that a connection took.
    handed: u64,
    /// Something is lost, and the participant has not come in since.
    torn: bool,
    /// The participant was told whether something is lost, and its connection is about to be attached.
    expected: bool,
    /// Something was lost after that.
    torn_meanwhile: bool,
}

struct Attached {
    connection: Arc<dyn Connection>,
    /// It refused an event: it gets no further ones.
    broken: bool,
}

impl Outbox {
    /// Tells the participant, now or when it is back.
    ///
    /// A connection that does not keep up is closed; its participant may come back and gets what it missed.
    pub fn push(&mut self, event: Event, now: Instant) {
        self.last += 1;
        let event = Numbered { seq: self.last, event };
        self.hand_over(&event);
        let limits = if self.connection.is_some() { replay_buffer::CONNECTED } else { replay_buffer::AWAY };
        self.kept.push(event, now, limits);
    }

    /// Sets what a participant that comes back has: everything up to `received`, or, if it does not say,
    /// everything that its former connection took.
    ///
    /// Returns whether all after that is still there to follow. If not, all of it is dropped: half a
    /// conversation is worse than being told to start afresh.
    pub fn resume(&mut self, received: Option<u64>) -> bool {
        let from = received.unwrap_or(self.handed);
        let oldest = self.kept.complete_after().unwrap_or(self.last);
        let complete = !self.torn && (oldest..=self.last).contains(&from);
        self.handed = if complete { from } else { self.last };
        let handed = self.handed;
        self.kept.forget(|seq, _| seq <= handed);
        self.expect();
        complete
    }

    /// Takes note that the participant comes in, and is told whether something is lost.
    pub fn expect(&mut self) {
        (self.expected, self.torn_meanwhile) = (true, false);
    }

    /// Whether a participant that has everything up to `received` has more than was ever told it here.
    pub fn is_behind(&self, received: Option<u64>) -> bool {
        received.is_some_and(|received| received != RESET && received > self.last)
    }

    /// Takes note that something that the participant should have been told is lost: all else that is kept is dropped,
    /// and it has to come back to be told so.
    pub fn tear(&mut self) {
        (self.torn, self.torn_meanwhile) = (true, self.expected);
        self.handed = self.last;
        self.kept.forget(|_, _| true);
        if let Some(attached) = self.connection.as_mut().filter(|attached| !attached.broken) {
            attached.broken = true;
            attached.connection.close(CloseReason::TooSlow);
        }
    }

    /// Whether something is lost, and the participant has not come in since.
    pub fn is_torn(&self) -> bool {
        self.torn
    }

    /// Lets the numbers of events count on from `number`. Whatever was kept is dropped before.
    pub fn count_on_from(&mut self, number: u64) {
        (self.last, self.handed) = (number, number);
    }

    /// What is kept, the number of the last event, and that of the last one that a connection took. `None` if something
    /// was lost.
    pub fn into_kept(self) -> Option<(Vec<Numbered>, u64, u64)> {
        (!self.torn).then(|| (self.kept.after(0), self.last, self.handed))
    }

    /// The outbox that [`into_kept`](Self::into_kept) says.
    pub fn from_kept(kept: Vec<Numbered>, last: u64, handed: u64, now: Instant) -> Self {
        let mut outbox = Self { last, handed, ..Self::default() };
        for event in kept {
            outbox.kept.push(event, now, replay_buffer::AWAY);
        }
        outbox
    }

    /// Sends what has not been handed over yet, and all that follows, to `connection`. Returns the former one.
    ///
    /// If something was lost since the participant was told that nothing is, the connection is closed instead: it may come
    /// back to be told so.
    pub fn attach(&mut self, connection: Arc<dyn Connection>) -> Option<Arc<dyn Connection>> {
        let former = self.detach();
        let broken = std::mem::take(&mut self.torn_meanwhile);
        if broken {
            connection.close(CloseReason::TooSlow);
        }
        (self.expected, self.torn) = (false, broken);
        self.connection = Some(Attached { connection, broken });
        for event in self.kept.after(self.handed) {
            self.hand_over(&event);
        }
        former
    }

    /// Keeps everything from now on until the participant is back.
    pub fn detach(&mut self) -> Option<Arc<dyn Connection>> {
        self.connection.take().map(|attached| attached.connection)
    }

    /// The live connection, if there is one.
    pub fn connection(&self) -> Option<&Arc<dyn Connection>> {
        self.connection.as_ref().map(|attached| &attached.connection)
    }

    /// The number of the last event that the participant has, or will have been handed before any other.
    pub fn handed(&self) -> u64 {
        self.handed
    }

    /// Lets go of what has surely arrived by `now`.
    pub fn forget_arrived(&mut self, now: Instant) {
        if self.connection.as_ref().is_none_or(|attached| attached.broken) {
            return;
        }
        let handed = self.handed;
        self.kept.forget(|seq, at| seq <= handed && at + ARRIVED_AFTER <= now);
    }

    fn hand_over(&mut self, event: &Numbered) {
        let Some(attached) = self.connection.as_mut().filter(|attached| !attached.broken) else { return };
        match attached.connection.deliver(event) {
            Ok(()) => self.handed = event.seq,
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
            .field("kept", &self.kept.count())
            .field("last", &self.last)
            .field("handed", &self.handed)
            .finish_non_exhaustive()
    }
}
