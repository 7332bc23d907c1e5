//! What one participant is to be told: numbered, in order, bounded, kept for a while in case it did not arrive.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;

use super::{
    event::{Event, Numbered},
    ids::{ConnectionId, RoomId},
    join::AFRESH,
    kept::{self, KeptEvents},
};

/// After this long on a connection that still answers, an event has arrived.
///
/// Longer than any door takes to notice that a connection is dead (10 s): had it not arrived, the connection
/// would be gone by now.
pub const ARRIVED_AFTER: Duration = Duration::from_secs(12);

/// A participant's live transport, as its door knows it.
///
/// None of the methods may block or call back into the core: they are called under the room's lock.
pub trait Connection: Send + Sync {
    /// Which one this is.
    fn id(&self) -> ConnectionId;

    /// Hands an event to the transport, which sends events in the order in which it got them.
    ///
    /// # Errors
    /// The event was not taken, and none after it may be.
    fn deliver(&self, event: &Numbered) -> Result<(), DeliverError>;

    /// Ends the connection for `reason`, after what it has already taken if the other end still reads.
    fn close(&self, reason: CloseReason);

    /// Says that a signal to whoever sits in `room`, which was taken to be on its way, has found nobody. Only for doors
    /// whose clients address rooms that they do not sit in.
    fn undelivered(&self, _room: &RoomId) {}

    /// Asks the other end for a sign of life; resolves when one came that was not there before. The caller sets
    /// the deadline. A connection that is gone never resolves.
    fn sign_of_life(&self) -> BoxFuture<'static, ()>;
}

/// Why a connection did not take an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliverError {
    /// The other end does not read as fast as it is told things.
    TooSlow,
    /// The connection is over; its door will say so in a moment.
    Closed,
}

/// Why the core ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// A newer connection has the seat, or the seat was given up. The client must not come back by itself.
    Replaced,
    /// An administrator has everybody leave. The client may come back at once.
    Dismissed,
    /// It did not read. The client may come back and gets what it missed.
    TooSlow,
    /// The server stops. The client may come back, here in a moment or on another node.
    ShuttingDown,
}

/// A participant's events: on their way, or waiting for it to come back.
#[derive(Default)]
pub struct Outbox {
    connection: Option<Attached>,
    /// Not known to have arrived.
    kept: KeptEvents,
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
        let limits = if self.connection.is_some() { kept::CONNECTED } else { kept::AWAY };
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
        received.is_some_and(|received| received != AFRESH && received > self.last)
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
            outbox.kept.push(event, now, kept::AWAY);
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
