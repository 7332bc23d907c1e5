//! The asynchronous shell around rooms: what doors call.
//!
//! - This file: the rooms of this node; connections attach to seats, are lost and leave.
//! - `join`, `claim`: a participant gets a seat. `liveness`: which seats a newcomer may take over.
//! - `signals`, `history`: what participants send.
//! - `lease`: renewals and ends of leases. `drain`: the node stops. `admin`: seats end by order of an
//!   administrator.
//! - `nodes/`: what only several nodes need.

mod admin;
mod claim;
mod drain;
pub mod history;
pub mod join;
mod lease;
pub mod liveness;
pub mod nodes;
mod signals;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, Weak, atomic::AtomicBool},
};

use tracing::warn;

use self::{
    history::UnansweredWrites,
    join::{Joined, Seated},
    liveness::LivenessProbes,
    nodes::{claim_gate::ClaimGate, pending_requests::PendingRequests},
};
use crate::core::{
    delivery::local_node::LocalNode,
    model::{
        error::{Replaced, Unavailable},
        event::LeaveReason,
        ids::{ConnectionId, ParticipantId, RoomId},
        lock::lock,
        seat_table::{Seat, SeatKey},
        session_token::{SessionSigner, SessionToken},
    },
    ports::{
        chat_store::ChatStore,
        clock::Clock,
        connection::{CloseReason, Connection},
        node_bus::NodeListener,
        seat_registry::SeatRegistry,
    },
    room::Room,
};

/// Numbers of this node's rooms, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Rooms with a local participant.
    pub rooms: usize,
    /// Local participants.
    pub participants: usize,
    /// Local participants with a connection.
    pub connected: usize,
}

/// All rooms of this node. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    registry: Arc<dyn SeatRegistry>,
    store: Arc<dyn ChatStore>,
    clock: Arc<dyn Clock>,
    sessions: SessionSigner,
    rooms: Mutex<HashMap<RoomId, Arc<Mutex<Room>>>>,
    liveness_probes: LivenessProbes,
    local_node: Arc<LocalNode>,
    pending_requests: PendingRequests,
    claim_gate: ClaimGate,
    unanswered_writes: UnansweredWrites,
    /// The seats of all rooms on other nodes have to be verified.
    verify_all: AtomicBool,
    draining: AtomicBool,
    me: Weak<Inner>,
}

impl Hub {
    /// A hub without rooms.
    pub fn new(
        registry: Arc<dyn SeatRegistry>,
        store: Arc<dyn ChatStore>,
        clock: Arc<dyn Clock>,
        sessions: SessionSigner,
    ) -> Self {
        let local_node = LocalNode::new(registry.node(), registry.node_bus());
        let inner = Arc::new_cyclic(|me| Inner {
            registry,
            store,
            clock,
            sessions,
            rooms: Mutex::default(),
            liveness_probes: LivenessProbes::default(),
            local_node,
            pending_requests: PendingRequests::default(),
            claim_gate: ClaimGate::default(),
            unanswered_writes: UnansweredWrites::default(),
            verify_all: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            me: me.clone(),
        });
        let listener: Arc<dyn NodeListener> = inner.clone();
        inner.registry.serve(Arc::downgrade(&listener));
        Self(inner)
    }

    /// Sends the participant's waiting events, and all further ones, to `connection`. Closes the connection
    /// that it had in the same seat.
    ///
    /// # Errors
    /// [`Replaced`]: the seat is held under another epoch, or ended.
    pub fn attach(&self, seat: &Seated, connection: Arc<dyn Connection>) -> Result<(), Replaced> {
        let now = self.0.clock.now();
        let (participant, epoch) = (seat.key.participant, seat.key.epoch);
        // All others were told when the drain began.
        let late = self.is_draining().then(|| connection.clone());
        lock(&seat.room).attach(participant, epoch, connection, now)?;
        if let Some(connection) = late {
            connection.close(CloseReason::ShuttingDown);
        }
        Ok(())
    }

    /// The room as the participant sees it now, with the history read again.
    ///
    /// # Errors
    /// [`Replaced`]: the seat is held under another epoch, or ended.
    pub async fn view(&self, seat: &Seated) -> Result<Joined, Replaced> {
        let view = lock(&seat.room).view(seat.key.participant, seat.key.epoch)?;
        Ok(self.rejoined(seat, view).await)
    }

    /// Sends the participant, which knows of `known`, the difference to the room as events.
    ///
    /// For doors whose clients continue after a gap in their events.
    ///
    /// # Errors
    /// [`Replaced`]: the seat is held under another epoch, or ended.
    pub fn tell_difference(&self, seat: &Seated, known: &[ParticipantId]) -> Result<(), Replaced> {
        let now = self.0.clock.now();
        lock(&seat.room).tell_difference(seat.key.participant, seat.key.epoch, known, now)
    }

    /// Releases the seat and tells the others. Nothing happens if it is held under another epoch, or ended.
    pub async fn leave(&self, seat: &Seated) {
        if let Err(error) = self.release(&seat.key, LeaveReason::Left).await {
            warn_not_released(&error);
        }
    }

    /// Protects the seat from now on: its holder's client turns out to be able to resume.
    pub async fn protect(&self, seat: &Seated) {
        let renewal = lock(&seat.room).protect(seat.key.participant, seat.key.epoch, self.0.clock.now());
        if let Some(renewal) = renewal {
            self.renew(&[renewal]).await;
        }
    }

    /// Handles a connection that its client closed: releases an unprotected seat, and holds a protected one
    /// as [`connection_lost`](Self::connection_lost) does.
    pub async fn connection_closed(&self, seat: &Seated, connection: ConnectionId) {
        let ends = lock(&seat.room).ends_with_connection(seat.key.participant, seat.key.epoch, connection);
        if ends { self.leave(seat).await } else { self.connection_lost(seat, connection).await }
    }

    /// Holds the seat after its connection was lost, and tells the others.
    ///
    /// The seat is held for its lease; an unprotected one for the shorter lease that the room's policy may
    /// have.
    pub async fn connection_lost(&self, seat: &Seated, connection: ConnectionId) {
        let (participant, epoch) = (seat.key.participant, seat.key.epoch);
        let lost = lock(&seat.room).lose_connection(participant, epoch, connection, self.0.clock.now());
        // The lease runs from the loss; if this renewal fails, from the one before.
        if let Some(renewal) = lost {
            self.renew(&[renewal]).await;
        }
    }

    /// True if the participant sits on this node, connected or away.
    pub fn has_seat(&self, id: &RoomId, participant: ParticipantId) -> bool {
        let Some(room) = self.room(id) else { return false };
        lock(&room).claims().iter().any(|(holder, _)| *holder == participant)
    }

    /// A token with which `participant` may join `room`, for doors that identify participants by other means.
    pub fn session_for(&self, room: &RoomId, participant: ParticipantId) -> SessionToken {
        self.0.sessions.sign(room, participant, self.0.clock.wall())
    }

    /// All seats of a room, on any node, in the order in which their holders sat down.
    ///
    /// # Errors
    /// The seat registry does not answer.
    pub async fn seats(&self, room: &RoomId) -> Result<Vec<Seat>, Unavailable> {
        self.0.registry.seats(room).await
    }

    /// Numbers of this node's rooms.
    pub fn occupancy(&self) -> Occupancy {
        let mut occupancy = Occupancy::default();
        for (_, room) in self.all_rooms() {
            let room = lock(&room);
            occupancy.rooms += usize::from(!room.is_empty());
            occupancy.participants += room.len();
            occupancy.connected += room.connections().count();
        }
        occupancy
    }

    /// Seats without a connection that an address holds on this node.
    #[cfg(test)]
    pub(in crate::core) fn away_seats_of(&self, address: std::net::IpAddr) -> usize {
        self.0.local_node.away.held_by(address)
    }

    /// Releases a seat of this node and tells the others.
    async fn release(&self, key: &SeatKey, reason: LeaveReason) -> Result<(), Unavailable> {
        if let Some(room) = self.room(&key.room) {
            lock(&room).begin_release(key.participant, key.epoch);
        }
        let released = self.0.registry.release(key).await;
        self.end_seat(key, reason);
        released.map(|_| ())
    }

    /// Ends a seat in its room on this node, if it is listed there under that epoch.
    fn end_seat(&self, key: &SeatKey, reason: LeaveReason) {
        let Some(room) = self.room(&key.room) else { return };
        lock(&room).end_stay(key.participant, key.epoch, reason, self.0.clock.now());
        self.remove_if_over(&key.room);
    }

    fn room(&self, id: &RoomId) -> Option<Arc<Mutex<Room>>> {
        self.lock_rooms().get(id).cloned()
    }

    fn all_rooms(&self) -> Vec<(RoomId, Arc<Mutex<Room>>)> {
        self.lock_rooms().iter().map(|(id, room)| (id.clone(), room.clone())).collect()
    }

    fn remove_if_over(&self, id: &RoomId) {
        let mut rooms = self.lock_rooms();
        if rooms.get(id).is_some_and(|room| lock(room).is_over()) {
            rooms.remove(id);
        }
    }

    fn lock_rooms(&self) -> MutexGuard<'_, HashMap<RoomId, Arc<Mutex<Room>>>> {
        lock(&self.0.rooms)
    }

    /// The participant that a session token of `room` proves, with or without a seat.
    pub fn verify_session(&self, room: &RoomId, session: &str) -> Option<ParticipantId> {
        self.0.sessions.verify(room, session, self.0.clock.wall())
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("occupancy", &self.occupancy()).finish_non_exhaustive()
    }
}

fn warn_not_released(error: &Unavailable) {
    warn!(error = error as &dyn std::error::Error, "a seat could not be released; it ends with its lease");
}
