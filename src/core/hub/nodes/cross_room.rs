//! Signals to the participant of another room, which has one seat, on any node.
//!
//! The seat registry is asked once where the recipient sits. The answer counts until that node returns a
//! signal it cannot deliver. Then all signals that are still on their way there are waited for, the registry
//! is asked again, and the returned ones go first: signals of one sender arrive in order and once, wherever
//! the recipient moves.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{FutureExt, future::Shared};
use tokio::{spawn, sync::oneshot, time::timeout};
use tracing::warn;

use super::super::{Hub, join::Seated};
use crate::core::{
    model::{
        error::SignalError,
        event::{Signal, SignalKind},
        ids::{NodeId, RoomId},
        lock::lock,
        seat_table::{Seat, SeatKey},
    },
    ports::node_bus::{CrossRoomSignal, NodeMessage, NodeSeat},
};

/// How long a destination without signals is remembered.
const REMEMBERED_FOR: Duration = Duration::from_mins(1);

/// Destinations that are remembered at most.
const MAX_DESTINATIONS: usize = 65_536;

/// How long a node has to return what it cannot deliver.
const RETURNED_WITHIN: Duration = Duration::from_secs(1);

/// How often a recipient is looked up that has moved meanwhile.
const MAX_TRIES: usize = 3;

/// Where the recipients on other nodes sit, by room.
#[derive(Default)]
pub(in crate::core::hub) struct Destinations(Mutex<HashMap<RoomId, Destination>>);

enum Destination {
    Known(RemoteSeat),
    /// The registry is being asked; signals that were returned meanwhile, in order.
    Lookup {
        returned: Vec<CrossRoomSignal>,
        outcome: LookupOutcome,
    },
}

struct RemoteSeat {
    node: NodeId,
    key: SeatKey,
    used_at: Instant,
}

type LookupOutcome = Shared<oneshot::Receiver<Found>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Seat,
    NoSeat,
    /// The registry does not answer.
    Unknown,
}

impl Destinations {
    /// Drops destinations without signals for a while.
    pub(in crate::core::hub) fn forget_idle(&self, now: Instant) {
        let is_used = |seat: &RemoteSeat| now.saturating_duration_since(seat.used_at) < REMEMBERED_FOR;
        lock(&self.0).retain(|_, it| !matches!(it, Destination::Known(seat) if !is_used(seat)));
    }

    /// Takes over a newer seat in a room that is a destination.
    pub(super) fn update(&self, room: &RoomId, seats: &[NodeSeat], now: Instant) {
        let mut destinations = lock(&self.0);
        let Some(Destination::Known(known)) = destinations.get_mut(room) else { return };
        if let Some(NodeSeat { seat, .. }) = seats.iter().find(|it| it.seat.epoch > known.key.epoch) {
            *known = RemoteSeat { node: seat.node, key: seat.key_in(room), used_at: now };
        }
    }

    fn has(&self, room: &RoomId) -> bool {
        lock(&self.0).contains_key(room)
    }
}

impl Hub {
    /// Does [`signal_room`](Self::signal_room) for a room of one seat, on any node.
    ///
    /// Signals of one sender arrive in the order of these calls, if each waits for the one before. If the
    /// recipient turns out to be gone later, the sender is told by
    /// [`Connection::undelivered`](crate::core::ports::connection::Connection::undelivered).
    ///
    /// # Errors
    /// As for [`signal_room`](Self::signal_room), or [`SignalError::Unavailable`] if the registry does not
    /// answer.
    pub async fn signal_room_anywhere(
        &self,
        seat: &Seated,
        to: &RoomId,
        kind: SignalKind,
        payload: Bytes,
    ) -> Result<(), SignalError> {
        for _ in 0..MAX_TRIES {
            if !self.0.destinations.has(to) {
                let outcome = self.signal_room(seat, to, kind, payload.clone());
                let is_alone = self.0.local_node.bus().alive().is_empty();
                if outcome != Err(SignalError::NoSuchParticipant) || is_alone {
                    return outcome;
                }
            }
            let (from, to) = (seat.key.clone(), to.clone());
            let name = lock(&seat.room).name_of(from.participant, from.epoch)?;
            let signal = Signal { from: from.participant, name, kind, payload: payload.clone() };
            let Some(outcome) = self.send_cross_room(CrossRoomSignal { to, from, signal })? else {
                return Ok(());
            };
            match outcome.await.unwrap_or(Found::Unknown) {
                Found::Seat => {}
                Found::NoSeat => break,
                Found::Unknown => return Err(SignalError::Unavailable),
            }
        }
        Err(SignalError::NoSuchParticipant)
    }

    /// Handles a signal that another node sent to a room here.
    pub(super) fn handle_cross_room(&self, from: NodeId, signal: Box<CrossRoomSignal>) {
        if !self.deliver_cross_room(&signal) {
            // If the bus does not take it, it is lost like any signal that is on its way when its recipient
            // leaves.
            let _ = self.0.local_node.send(from, NodeMessage::Undeliverable(signal));
        }
    }

    /// Handles a signal that another node returned.
    pub(super) fn handle_undeliverable(&self, signal: CrossRoomSignal) {
        let mut destinations = lock(&self.0.destinations.0);
        let former = match destinations.get_mut(&signal.to) {
            Some(Destination::Lookup { returned, .. }) => return returned.push(signal),
            Some(Destination::Known(seat)) => Some((seat.node, seat.key.clone())),
            None => None,
        };
        drop(self.start_lookup(&mut destinations, signal.to.clone(), former, vec![signal]));
    }

    /// Sends a signal to its recipient's known node. If that is not known, returns the lookup to wait for.
    fn send_cross_room(&self, signal: CrossRoomSignal) -> Result<Option<LookupOutcome>, SignalError> {
        let is_local = self.room(&signal.to).is_some_and(|room| !lock(&room).is_empty());
        let mut destinations = lock(&self.0.destinations.0);
        let former = match destinations.get_mut(&signal.to) {
            Some(Destination::Known(seat)) if !is_local && self.0.local_node.bus().is_alive(seat.node) => {
                seat.used_at = self.0.clock.now();
                self.0.local_node.send(seat.node, NodeMessage::CrossRoomSignal(Box::new(signal)))?;
                return Ok(None);
            }
            Some(Destination::Lookup { outcome, .. }) => return Ok(Some(outcome.clone())),
            Some(Destination::Known(seat)) => Some((seat.node, seat.key.clone())),
            None => None,
        };
        Ok(Some(self.start_lookup(&mut destinations, signal.to, former, Vec::new())))
    }

    fn start_lookup(
        &self,
        destinations: &mut HashMap<RoomId, Destination>,
        to: RoomId,
        former: Option<(NodeId, SeatKey)>,
        returned: Vec<CrossRoomSignal>,
    ) -> LookupOutcome {
        if destinations.len() >= MAX_DESTINATIONS {
            destinations.retain(|_, it| matches!(it, Destination::Lookup { .. }));
        }
        let (sender, outcome) = oneshot::channel();
        let outcome = outcome.shared();
        destinations.insert(to.clone(), Destination::Lookup { returned, outcome: outcome.clone() });
        // A task of its own: the caller may be dropped before the answer comes.
        spawn(self.clone().look_up(to, former, sender));
        outcome
    }

    async fn look_up(self, to: RoomId, former: Option<(NodeId, SeatKey)>, sender: oneshot::Sender<Found>) {
        if let Some((node, key)) = &former
            && self.0.local_node.bus().is_alive(*node)
        {
            self.wait_for_returned(*node, key).await;
        }
        let seats = self.0.registry.seats(&to).await;
        let mut destinations = lock(&self.0.destinations.0);
        let Some(Destination::Lookup { returned, .. }) = destinations.remove(&to) else { return };
        // A node that returned a signal does not hold the seat that it was sent to any more.
        let has_ended = |seat: &Seat| {
            let former = former.as_ref().map(|(_, key)| key.epoch);
            !returned.is_empty() && former == Some(seat.epoch)
        };
        let newest = seats.map(|seats| seats.into_iter().max_by_key(|seat| seat.epoch));
        let found = match newest {
            Ok(Some(seat)) if self.is_reachable(&seat) && !has_ended(&seat) => {
                if seat.node != self.0.local_node.id {
                    let (node, key) = (seat.node, seat.key_in(&to));
                    let known = RemoteSeat { node, key, used_at: self.0.clock.now() };
                    destinations.insert(to, Destination::Known(known));
                }
                self.send_again(seat.node, &returned);
                Found::Seat
            }
            Ok(_) => {
                self.report_all_undelivered(&returned);
                Found::NoSeat
            }
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "the node of a recipient could not be found");
                self.report_all_undelivered(&returned);
                Found::Unknown
            }
        };
        // The callers may have been dropped.
        let _ = sender.send(found);
    }

    fn is_reachable(&self, seat: &Seat) -> bool {
        seat.node == self.0.local_node.id || self.0.local_node.bus().is_alive(seat.node)
    }

    /// Sends returned signals to where their recipient is now. Called before any newer signal can be sent
    /// there.
    fn send_again(&self, node: NodeId, returned: &[CrossRoomSignal]) {
        for signal in returned {
            let is_sent = if node == self.0.local_node.id {
                self.deliver_cross_room(signal)
            } else {
                let message = NodeMessage::CrossRoomSignal(Box::new(signal.clone()));
                self.0.local_node.send(node, message).is_ok()
            };
            if !is_sent {
                self.report_undelivered(signal);
            }
        }
    }

    /// Waits until a node has returned all it cannot deliver to the former holder of `key`.
    async fn wait_for_returned(&self, node: NodeId, key: &SeatKey) {
        // The answer comes behind all that is returned.
        if let Ok(answer) = self.ask(node, |request| NodeMessage::Probe { key: key.clone(), request }) {
            let _ = timeout(RETURNED_WITHIN, answer).await;
        }
    }

    /// Returns `false` if the recipient does not sit on this node.
    fn deliver_cross_room(&self, signal: &CrossRoomSignal) -> bool {
        let Some(room) = self.room(&signal.to) else { return false };
        let mut room = lock(&room);
        !room.is_empty() && room.receive_cross_room(&signal.signal, self.0.clock.now()).is_ok()
    }

    fn report_all_undelivered(&self, signals: &[CrossRoomSignal]) {
        for signal in signals {
            self.report_undelivered(signal);
        }
    }

    /// Tells the sender, if it is still connected.
    fn report_undelivered(&self, signal: &CrossRoomSignal) {
        let (room, sender) = (self.room(&signal.from.room), &signal.from);
        let presence = room.and_then(|room| lock(&room).presence(sender.participant, sender.epoch));
        if let Some((_, Some(connection))) = presence {
            connection.undelivered(&signal.to);
        }
    }
}
