//! Events that arrive before a `join_room`: they wait for it. Socket.IO clients send what they have buffered
//! before their `connect` handlers run, so that a page which joins there sends its join last.
//!
//! Source: `docs/mesh.md`, "Events before the join".

use std::{
    mem,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use tokio::time::sleep;

use super::{
    connection::{EventPacket, MeshConnection, WAITING_OVERHEAD},
    error::NOT_JOINED,
    messages::ClientMessage,
};
use crate::{core::model::lock::lock, protocols::lane::SharedBytes};

/// How long events wait for a `join_room`, from the first one on. Far longer than a client's own code takes
/// between the two.
const JOIN_WITHIN: Duration = Duration::from_secs(5);

/// The most events of one connection that wait: what a page has ready before it joins.
const MAX_EVENTS: usize = 64;

/// The most bytes of events of one connection that wait: one event of the largest size.
const MAX_BYTES: usize = super::MAX_EVENT_BYTES;

/// The early events of one connection.
pub struct EarlyEvents {
    shared: Arc<SharedBytes>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    events: Vec<EventPacket>,
    bytes: usize,
    /// Counts the times that events began to wait, so that a deadline ends only its own ones.
    round: u64,
}

impl EarlyEvents {
    /// No events. Their bytes are taken from `shared`.
    pub fn new(shared: Arc<SharedBytes>) -> Self {
        Self { shared, waiting: Mutex::default() }
    }

    /// Has an event wait. Returns the number of the round if it is the first one, whose deadline begins.
    ///
    /// # Errors
    /// Returns the event if too much waits already.
    pub fn hold(&self, packet: EventPacket) -> Result<Option<u64>, EventPacket> {
        let bytes = packet.data.as_deref().map_or(0, str::len) + WAITING_OVERHEAD;
        let mut waiting = lock(&self.waiting);
        let is_too_much = waiting.events.len() == MAX_EVENTS || waiting.bytes + bytes > MAX_BYTES;
        if is_too_much || !self.shared.take(bytes) {
            return Err(packet);
        }
        let is_first = waiting.events.is_empty();
        waiting.round += u64::from(is_first);
        waiting.bytes += bytes;
        waiting.events.push(packet);
        Ok(is_first.then_some(waiting.round))
    }

    /// Has the events wait for the outcome of a join, however long it takes.
    pub fn await_outcome(&self) {
        lock(&self.waiting).round += 1;
    }

    /// Removes all events, in the order of their arrival.
    pub fn take(&self) -> Vec<EventPacket> {
        self.take_from(&mut lock(&self.waiting))
    }

    /// As [`take`](Self::take), if the events of that round still wait.
    pub fn take_round(&self, round: u64) -> Vec<EventPacket> {
        let mut waiting = lock(&self.waiting);
        if waiting.round == round { self.take_from(&mut waiting) } else { Vec::new() }
    }

    fn take_from(&self, waiting: &mut Waiting) -> Vec<EventPacket> {
        self.shared.give_back(mem::take(&mut waiting.bytes));
        mem::take(&mut waiting.events)
    }
}

impl Drop for EarlyEvents {
    fn drop(&mut self) {
        self.take();
    }
}

impl MeshConnection {
    /// True for a client that has not joined any room yet.
    pub(super) fn is_early(&self) -> bool {
        !self.has_joined.load(Ordering::Relaxed)
    }

    /// Has an event wait for the join, and refuses it if too much waits or no join comes in time.
    pub(super) fn hold(self: &Arc<Self>, packet: EventPacket) {
        match self.early.hold(packet) {
            Ok(Some(round)) => self.refuse_after_deadline(round),
            Ok(None) => {}
            Err(packet) => self.refuse(packet.ack, &NOT_JOINED),
        }
    }

    /// Handles what has waited for the join that has just been answered.
    ///
    /// Nothing written for one patient may reach another: a chat message has to name the room, unless the
    /// client proved with a session that it was there before.
    pub(super) fn handle_early(self: &Arc<Self>, has_proven_session: bool) {
        for EventPacket { data, ack, .. } in self.early.take() {
            let Ok(data) = data else { continue };
            let names_no_room = |message: &ClientMessage<'_>| matches!(message, ClientMessage::SendMessage(message) if message.appointment_id.is_none());
            if !has_proven_session && ClientMessage::parse(&data).is_ok_and(|it| names_no_room(&it)) {
                self.refuse(ack, &NOT_JOINED);
            } else {
                self.handle_event(&data, true, ack);
            }
        }
    }

    /// Refuses what waits: the client leaves, or its join was refused.
    pub(super) fn refuse_early(&self) {
        self.refuse_all(self.early.take());
    }

    fn refuse_after_deadline(self: &Arc<Self>, round: u64) {
        let (connection, stop) = (Arc::downgrade(self), self.door.runtime.stop.clone());
        self.door.runtime.tasks.spawn(async move {
            let is_over = stop.run_until_cancelled(sleep(JOIN_WITHIN)).await.is_some();
            if let Some(connection) = connection.upgrade().filter(|_| is_over) {
                connection.refuse_all(connection.early.take_round(round));
            }
        });
    }

    fn refuse_all(&self, packets: Vec<EventPacket>) {
        for packet in packets {
            self.refuse(packet.ack, &NOT_JOINED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::mesh::sending::Ack;

    fn shared() -> Arc<SharedBytes> {
        Arc::new(SharedBytes::new(3 * MAX_BYTES))
    }

    fn event(bytes: usize) -> EventPacket {
        let data = Ok("x".repeat(bytes - WAITING_OVERHEAD).into());
        EventPacket { is_registered: true, data, ack: Ack::Direct(None) }
    }

    #[test]
    fn events_and_bytes_of_one_connection_are_limited() {
        let early = EarlyEvents::new(shared());
        assert_eq!(early.hold(event(300)).ok(), Some(Some(1)), "the first one begins a round");
        for _ in 1..MAX_EVENTS {
            assert_eq!(early.hold(event(300)).ok(), Some(None));
        }
        assert!(early.hold(event(300)).is_err());
        assert_eq!(early.take().len(), MAX_EVENTS);

        assert!(early.hold(event(MAX_BYTES)).is_ok());
        assert!(early.hold(event(300)).is_err());
    }

    #[test]
    fn bytes_of_all_connections_are_limited_until_they_are_taken_or_dropped() {
        let shared = shared();
        let full: Vec<_> = (0..3)
            .map(|_| {
                let early = EarlyEvents::new(shared.clone());
                assert!(early.hold(event(MAX_BYTES)).is_ok());
                early
            })
            .collect();
        let one_more = EarlyEvents::new(shared.clone());
        assert!(one_more.hold(event(300)).is_err());
        full[0].take();
        assert!(one_more.hold(event(300)).is_ok());
        drop((full, one_more));
        assert_eq!(shared.taken(), 0);
    }

    #[test]
    fn deadline_ends_only_the_events_of_its_round() {
        let early = EarlyEvents::new(shared());
        let first = early.hold(event(300)).ok().flatten().unwrap();
        early.take();
        let second = early.hold(event(300)).ok().flatten().unwrap();
        assert_eq!(early.take_round(first).len(), 0);
        assert_eq!(early.take_round(second).len(), 1);
    }
}
