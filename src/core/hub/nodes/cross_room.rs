//! Signals to whoever sits in another room, which has one seat, on whatever node that is.
//!
//! Where they sit is asked of the cluster once, and known until their node returns what it cannot deliver. Then whatever
//! else is on its way there is waited for, they are looked for anew, and what came back goes first: what one sender
//! says arrives in order, and once, wherever the recipient moves meanwhile.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{FutureExt, future::Shared};
use tokio::{spawn, sync::oneshot, time::timeout};
use tracing::warn;

use crate::core::{
    hub::{Hub, join::Seated},
    model::{
        error::SignalError,
        event::{Signal, SignalKind},
        ids::{NodeId, RoomId},
        lock::lock,
        seat_table::{Seat, SeatKey},
    },
    ports::node_bus::{CrossRoomSignal, NodeMessage, NodeSeat},
};

/// How long a place is remembered to which nothing is sent.
const REMEMBERED_FOR: Duration = Duration::from_mins(1);

/// How many places are remembered at most.
const MAX_PLACES: usize = 65_536;

/// How long to wait for what a node that nobody sits on any more has to return.
const RETURNED_WITHIN: Duration = Duration::from_secs(1);

/// How often somebody is looked for who is always somewhere else.
const MAX_TRIES: usize = 3;

/// Where those sit who are on other nodes, as far as anybody here writes to them.
#[derive(Default)]
pub(in crate::core::hub) struct Places(Mutex<HashMap<RoomId, Place>>);

enum Place {
    There(There),
    /// They are being looked for; what was returned meanwhile, in order.
    Sought {
        returned: Vec<CrossRoomSignal>,
        found: Found,
    },
}

/// Somebody on another node.
struct There {
    node: NodeId,
    seat: SeatKey,
    used_at: Instant,
}

/// Resolves when it is known where somebody is, or that they are nowhere.
type Found = Shared<oneshot::Receiver<Whereabouts>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whereabouts {
    Somewhere,
    Nowhere,
    Unknown,
}

impl Places {
    /// Lets go of places to which nothing has been sent for a while.
    pub(in crate::core::hub) fn forget_idle(&self, now: Instant) {
        let is_used = |there: &There| now.saturating_duration_since(there.used_at) < REMEMBERED_FOR;
        lock(&self.0).retain(|_, place| !matches!(place, Place::There(there) if !is_used(there)));
    }

    /// Takes note of who sits in a room on another node now, if anybody writes there.
    pub(in crate::core::hub) fn hear(&self, room: &RoomId, stays: &[NodeSeat], now: Instant) {
        let mut places = lock(&self.0);
        let Some(Place::There(there)) = places.get_mut(room) else { return };
        if let Some(NodeSeat { seat, .. }) = stays.iter().find(|stay| stay.seat.epoch > there.seat.epoch) {
            *there = There { node: seat.node, seat: seat.key_in(room), used_at: now };
        }
    }

    fn knows(&self, room: &RoomId) -> bool {
        lock(&self.0).contains_key(room)
    }
}

impl Hub {
    /// As [`signal_room`](Self::signal_room), for a room of one seat, wherever that is. What one sender sends arrives in
    /// the order of these calls, if each waits for the one before. Whoever turns out not to be there any more is made
    /// known to the sender by [`Connection::undelivered`](crate::core::delivery::outbox::Connection::undelivered).
    ///
    /// # Errors
    /// As [`signal_room`](Self::signal_room), or [`SignalError::Unavailable`] if the cluster does not answer.
    pub async fn signal_room_anywhere(
        &self,
        seat: &Seated,
        to: &RoomId,
        kind: SignalKind,
        payload: Bytes,
    ) -> Result<(), SignalError> {
        for _ in 0..MAX_TRIES {
            if !self.0.places.knows(to) {
                let outcome = self.signal_room(seat, to, kind, payload.clone());
                if outcome != Err(SignalError::NoSuchParticipant)
                    || self.0.local_node.node_bus().alive().is_empty()
                {
                    return outcome;
                }
            }
            let (from, to) = (seat.key.clone(), to.clone());
            let name = lock(&seat.room).name_of(from.participant, from.epoch)?;
            let signal = Signal { from: from.participant, name, kind, payload: payload.clone() };
            let Some(found) = self.post(CrossRoomSignal { to, from, signal })? else { return Ok(()) };
            match found.await.unwrap_or(Whereabouts::Unknown) {
                Whereabouts::Somewhere => {}
                Whereabouts::Nowhere => break,
                Whereabouts::Unknown => return Err(SignalError::Unavailable),
            }
        }
        Err(SignalError::NoSuchParticipant)
    }

    /// Sends a letter to where its recipient is known to be. If that is not known, returns what to wait for.
    fn post(&self, letter: CrossRoomSignal) -> Result<Option<Found>, SignalError> {
        let is_here = self.room(&letter.to).is_some_and(|room| !lock(&room).is_empty());
        let mut places = lock(&self.0.places.0);
        let former = match places.get_mut(&letter.to) {
            Some(Place::There(there)) if !is_here && self.0.local_node.node_bus().is_alive(there.node) => {
                there.used_at = self.0.clock.now();
                self.0.local_node.send(there.node, NodeMessage::CrossRoomSignal(Box::new(letter)))?;
                return Ok(None);
            }
            Some(Place::Sought { found, .. }) => return Ok(Some(found.clone())),
            Some(Place::There(there)) => Some((there.node, there.seat.clone())),
            None => None,
        };
        Ok(Some(self.seek(&mut places, letter.to, former, Vec::new())))
    }

    /// Takes in a letter of another node.
    pub(in crate::core::hub) fn receive_letter(&self, from: NodeId, letter: Box<CrossRoomSignal>) {
        if !self.deliver(&letter) {
            // If it is not taken it is lost, as all that is on its way when somebody leaves.
            let _ = self.0.local_node.send(from, NodeMessage::Returned(letter));
        }
    }

    /// Takes back a letter that another node could not deliver.
    pub(in crate::core::hub) fn take_back(&self, letter: CrossRoomSignal) {
        let mut places = lock(&self.0.places.0);
        let former = match places.get_mut(&letter.to) {
            Some(Place::Sought { returned, .. }) => return returned.push(letter),
            Some(Place::There(there)) => Some((there.node, there.seat.clone())),
            None => None,
        };
        drop(self.seek(&mut places, letter.to.clone(), former, vec![letter]));
    }

    fn seek(
        &self,
        places: &mut HashMap<RoomId, Place>,
        to: RoomId,
        former: Option<(NodeId, SeatKey)>,
        returned: Vec<CrossRoomSignal>,
    ) -> Found {
        if places.len() >= MAX_PLACES {
            places.retain(|_, place| matches!(place, Place::Sought { .. }));
        }
        let (answer, found) = oneshot::channel();
        let found = found.shared();
        places.insert(to.clone(), Place::Sought { returned, found: found.clone() });
        // A task of its own: whoever asks may be gone before the answer comes.
        spawn(self.clone().find_place(to, former, answer));
        found
    }

    async fn find_place(
        self,
        to: RoomId,
        former: Option<(NodeId, SeatKey)>,
        answer: oneshot::Sender<Whereabouts>,
    ) {
        if let Some((node, key)) = &former
            && self.0.local_node.node_bus().is_alive(*node)
        {
            self.wait_for_returned(*node, key).await;
        }
        let seats = self.0.registry.seats(&to).await;
        let mut places = lock(&self.0.places.0);
        let Some(Place::Sought { returned, .. }) = places.remove(&to) else { return };
        // Who returned something has nobody there under the epoch that it was sent to.
        let is_over = |seat: &Seat| {
            let former = former.as_ref().map(|(_, key)| key.epoch);
            !returned.is_empty() && former == Some(seat.epoch)
        };
        let newest = seats.map(|seats| seats.into_iter().max_by_key(|seat| seat.epoch));
        let whereabouts = match newest {
            Ok(Some(seat)) if self.is_reachable(&seat) && !is_over(&seat) => {
                if seat.node != self.0.local_node.node {
                    let (node, seat) = (seat.node, seat.key_in(&to));
                    places.insert(to, Place::There(There { node, seat, used_at: self.0.clock.now() }));
                }
                self.send_again(seat.node, &returned);
                Whereabouts::Somewhere
            }
            Ok(_) => {
                self.disappoint_all(&returned);
                Whereabouts::Nowhere
            }
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "it cannot be found out where somebody sits");
                self.disappoint_all(&returned);
                Whereabouts::Unknown
            }
        };
        // Whoever waited may have gone.
        let _ = answer.send(whereabouts);
    }

    fn is_reachable(&self, seat: &Seat) -> bool {
        seat.node == self.0.local_node.node || self.0.local_node.node_bus().is_alive(seat.node)
    }

    /// Sends letters that came back to where their recipient is now. Called before anything newer can be sent there.
    fn send_again(&self, node: NodeId, returned: &[CrossRoomSignal]) {
        for letter in returned {
            let is_sent = if node == self.0.local_node.node {
                self.deliver(letter)
            } else {
                self.0.local_node.send(node, NodeMessage::CrossRoomSignal(Box::new(letter.clone()))).is_ok()
            };
            if !is_sent {
                self.disappoint(letter);
            }
        }
    }

    /// Waits until a node has returned what was sent to one who held `key` there.
    async fn wait_for_returned(&self, node: NodeId, key: &SeatKey) {
        let (ask, answer) = self.0.pending_requests.probe(node, self.0.clock.now());
        // The answer comes behind all that is returned.
        if self.0.local_node.send(node, NodeMessage::Probe { key: key.clone(), ask }).is_ok() {
            let _ = timeout(RETURNED_WITHIN, answer).await;
        }
    }

    /// Whether somebody sits on this node in the room that the letter is for, who is told what it says.
    fn deliver(&self, letter: &CrossRoomSignal) -> bool {
        let Some(room) = self.room(&letter.to) else { return false };
        let mut room = lock(&room);
        !room.is_empty() && room.receive(&letter.signal, self.0.clock.now()).is_ok()
    }

    fn disappoint_all(&self, letters: &[CrossRoomSignal]) {
        for letter in letters {
            self.disappoint(letter);
        }
    }

    /// Tells the sender of a letter that nobody got it, if they are still there.
    fn disappoint(&self, letter: &CrossRoomSignal) {
        let (room, sender) = (self.room(&letter.from.room), &letter.from);
        let presence = room.and_then(|room| lock(&room).presence(sender.participant, sender.epoch));
        if let Some((_, Some(connection))) = presence {
            connection.undelivered(&letter.to);
        }
    }
}
