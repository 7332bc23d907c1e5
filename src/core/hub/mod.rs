//! The way into the core: join, attach, leave. The asynchronous shell around rooms and seats.
//!
//! What passes through it is in `signals` and `history`, what time does to it in `leases`.

mod claim;
pub mod history;
pub mod join;
mod lease;
pub mod liveness;
pub mod nodes;
mod signals;

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use tracing::warn;

use super::room::{Attends, Room, View};
use crate::core::{
    delivery::local_node::LocalNode,
    hub::{
        history::UnansweredWrites,
        join::{JoinRequest, Joined, Seated, Taken},
        liveness::LivenessProbes,
        nodes::{
            claim_gate::ClaimGate, cross_room::Places, inbound::close_all, pending_requests::PendingRequests,
        },
    },
    model::{
        error::{JoinError, Replaced, Unavailable},
        event::LeaveReason,
        ids::{ConnectionId, Epoch, ParticipantId, RoomId},
        lock::lock,
        seat_table::{Claim, Seat, SeatKey},
        session_token::{SessionSigner, SessionToken},
    },
    ports::{
        chat_store::ChatStore,
        clock::Clock,
        connection::{CloseReason, Connection},
        node_bus::NodeListener,
        seat_registry::SeatRegistry,
    },
};

/// How much is going on, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Rooms in which somebody sits.
    pub rooms: usize,
    /// Participants in all rooms.
    pub participants: usize,
    /// Participants with a live connection.
    pub connected: usize,
}

/// Rooms, and everybody in them. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Hub(pub(in crate::core) Arc<Inner>);

pub(in crate::core) struct Inner {
    pub(in crate::core) registry: Arc<dyn SeatRegistry>,
    store: Arc<dyn ChatStore>,
    clock: Arc<dyn Clock>,
    sessions: SessionSigner,
    rooms: Mutex<HashMap<RoomId, Arc<Mutex<Room>>>>,
    liveness_probes: LivenessProbes,
    pub(in crate::core) local_node: Arc<LocalNode>,
    pending_requests: PendingRequests,
    claim_gate: ClaimGate,
    places: Places,
    unanswered_writes: UnansweredWrites,
    /// Whether it is to be found out who sits in any room on other nodes.
    doubts: AtomicBool,
    draining: AtomicBool,
    me: Weak<Inner>,
}

impl Inner {
    fn hub(&self) -> Option<Hub> {
        self.me.upgrade().map(Hub)
    }

    fn doubt_all(&self) {
        self.doubts.store(true, Ordering::Relaxed);
    }

    fn take_doubt(&self) -> bool {
        self.doubts.swap(false, Ordering::Relaxed)
    }
}

impl Hub {
    /// A hub with nobody in it.
    pub fn new(
        cluster: Arc<dyn SeatRegistry>,
        store: Arc<dyn ChatStore>,
        clock: Arc<dyn Clock>,
        sessions: SessionSigner,
    ) -> Self {
        let local_node = LocalNode::new(cluster.node(), cluster.node_bus());
        let inner = Arc::new_cyclic(|me| Inner {
            registry: cluster,
            store,
            clock,
            sessions,
            rooms: Mutex::default(),
            liveness_probes: LivenessProbes::default(),
            local_node,
            pending_requests: PendingRequests::default(),
            claim_gate: ClaimGate::default(),
            places: Places::default(),
            unanswered_writes: UnansweredWrites::default(),
            doubts: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            me: me.clone(),
        });
        let recipient: Arc<dyn NodeListener> = inner.clone();
        inner.registry.serve(Arc::downgrade(&recipient));
        Self(inner)
    }

    /// Gives a seat to the client that asks: its own, if its token proves it, else a free one, else an unprotected one
    /// whose holder is not there.
    ///
    /// The others are told at once. What the newcomer is to be told is kept until [`attach`](Self::attach), so
    /// that a door can answer the join first. Dropping the future leaves at worst a seat that ends with its lease.
    ///
    /// # Errors
    /// - [`JoinError::RoomFull`]: every seat is protected, or its holder answers; no participant was disturbed.
    /// - [`JoinError::TooManyAway`]: a newcomer whose address holds too many seats without a connection.
    /// - [`JoinError::NameTaken`]: names are unique here, and somebody who answers has this one.
    /// - [`JoinError::ShuttingDown`]: this node takes nobody in any more.
    /// - [`JoinError::Unavailable`]: the cluster does not answer.
    pub async fn join(&self, request: JoinRequest) -> Result<Joined, JoinError> {
        let claim = self.claim_of(&request)?;
        self.check_away(&request, claim.participant).await?;
        let (claimed, claiming) = self.claim(&claim).await?;
        let (seat, entered) =
            self.enter(&claim, &claimed, Attends::Now(request.received), request.address)?;
        drop(claiming);
        let entered = self.wait_for_mailbox(&seat, entered).await?;
        Ok(self.welcome(&seat, entered.resumed, entered.view).await)
    }

    /// As [`join`](Self::join), where a seat lasts for as long as its lease and there are no chats: nobody is asked
    /// whether they are still there, and no history is read.
    ///
    /// # Errors
    /// As for [`join`](Self::join); [`JoinError::RoomFull`] as soon as others hold every seat, alive or not.
    pub async fn take_seat(&self, request: JoinRequest) -> Result<Taken, JoinError> {
        let claim = self.claim_of(&request)?;
        let claimed = self.claim_once(&claim).await;
        let (claimed, claiming) = claimed.map_err(|error| self.refusal_of(&claim.room, error))?;
        let (seat, entered) =
            self.enter(&claim, &claimed, Attends::Now(request.received), request.address)?;
        drop(claiming);
        let entered = self.wait_for_mailbox(&seat, entered).await?;
        let session = self.session_for(seat.room(), seat.participant());
        Ok(Taken { session, seat, returned: entered.returned })
    }

    fn claim_of(&self, request: &JoinRequest) -> Result<Claim, JoinError> {
        if self.is_draining() {
            return Err(JoinError::ShuttingDown);
        }
        let returning = self.returning_participant(request);
        Ok(Claim {
            room: request.room.clone(),
            seats: request.policy.seats,
            participant: returning.unwrap_or_else(ParticipantId::random),
            name: request.name.clone(),
            unique_name: request.policy.unique_names,
            lease: request.policy.lease,
            unprotected_lease: request.policy.unprotected_lease,
            protected: request.protected,
            over: None,
        })
    }

    /// Refuses a newcomer whose address holds too many seats without a connection. A participant whose seat is held is
    /// no newcomer.
    async fn check_away(&self, request: &JoinRequest, participant: ParticipantId) -> Result<(), JoinError> {
        let Some(address) = request.address else { return Ok(()) };
        if self.0.local_node.away.held_by(address) < request.policy.away_per_address {
            return Ok(());
        }
        let held =
            request.session.is_some() && self.0.registry.holding(&request.room, participant).await?.is_some();
        if held { Ok(()) } else { Err(JoinError::TooManyAway) }
    }

    async fn welcome(&self, seat: &Seated, resumed: bool, view: View) -> Joined {
        Joined {
            session: self.session_for(seat.room(), seat.participant()),
            seat: seat.clone(),
            resumed,
            view,
            history: self.history(seat.room()).await,
        }
    }

    fn returning_participant(&self, request: &JoinRequest) -> Option<ParticipantId> {
        self.proven(&request.room, request.session.as_deref()?)
    }

    /// Whose token this is, whether they hold a seat or not.
    fn proven(&self, room: &RoomId, session: &str) -> Option<ParticipantId> {
        self.0.sessions.verify(room, session, self.0.clock.wall())
    }

    /// Whether the participant holds a seat here, connected or away.
    pub fn has_seat(&self, id: &RoomId, participant: ParticipantId) -> bool {
        let Some(room) = self.room(id) else { return false };
        lock(&room).holdings().iter().any(|(holder, _)| *holder == participant)
    }

    /// The token with which `participant` may join `room`, for doors that know by other means who asks.
    pub fn session_for(&self, room: &RoomId, participant: ParticipantId) -> SessionToken {
        self.0.sessions.sign(room, participant, self.0.clock.wall())
    }

    /// Sends what was kept for the participant since it joined, and all that follows, to `connection`. One that it
    /// had before in the same seat is closed.
    ///
    /// # Errors
    /// [`Replaced`]: the seat is not its own any more.
    pub fn attach(&self, seat: &Seated, connection: Arc<dyn Connection>) -> Result<(), Replaced> {
        let now = self.0.clock.now();
        let (participant, epoch) = (seat.key.participant, seat.key.epoch);
        // The others were told when the node began to drain.
        let late = self.is_draining().then(|| connection.clone());
        let former = lock(&seat.room).attach(participant, epoch, connection, now)?;
        close_all(former);
        if let Some(connection) = late {
            connection.close(CloseReason::ShuttingDown);
        }
        Ok(())
    }

    /// How the participant sees its room now; `history` is read anew.
    ///
    /// # Errors
    /// [`Replaced`]: the seat is not its own any more.
    pub async fn view(&self, seat: &Seated) -> Result<Joined, Replaced> {
        let view = lock(&seat.room).view(seat.key.participant, seat.key.epoch)?;
        Ok(self.welcome(seat, true, view).await)
    }

    /// Gives the seat up at once and tells the others. Nothing happens if it is not its own any more.
    pub async fn leave(&self, seat: &Seated) {
        if let Err(error) = self.give_up(&seat.key, LeaveReason::Left).await {
            warn!(
                error = &error as &dyn std::error::Error,
                "a seat could not be released; it ends with its lease"
            );
        }
    }

    async fn give_up(&self, key: &SeatKey, reason: LeaveReason) -> Result<(), Unavailable> {
        let released = self.0.registry.release(key).await;
        self.end_here(key, reason);
        released.map(|_| ())
    }

    /// Ends a holding in its room on this node, if there is one.
    fn end_here(&self, key: &SeatKey, reason: LeaveReason) {
        if let Some(room) = self.room(&key.room) {
            end(&mut lock(&room), key.participant, key.epoch, reason, self.0.clock.now());
            self.remove_if_over(&key.room);
        }
    }

    /// Protects the seat from now on: its holder's client turns out to be able to resume.
    pub async fn protect(&self, seat: &Seated) {
        let renewal = lock(&seat.room).protect(seat.key.participant, seat.key.epoch, self.0.clock.now());
        if let Some(renewal) = renewal {
            self.renew_all(&[renewal]).await;
        }
    }

    /// Deals with a connection that its client closed: a protected seat is kept for its lease, as after
    /// [`connection_lost`](Self::connection_lost); an unprotected one is given up.
    pub async fn connection_closed(&self, seat: &Seated, connection: ConnectionId) {
        let is_over = lock(&seat.room).is_given_up_with(seat.key.participant, seat.key.epoch, connection);
        if is_over { self.leave(seat).await } else { self.connection_lost(seat, connection).await }
    }

    /// Keeps the seat after its connection was lost, and tells the others: for its lease, or for the shorter one that
    /// the room's policy has for unprotected seats.
    pub async fn connection_lost(&self, seat: &Seated, connection: ConnectionId) {
        let now = self.0.clock.now();
        let lost = lock(&seat.room).lose(seat.key.participant, seat.key.epoch, connection, now);
        // The lease runs from the loss. If this renewal fails, it runs from the one before.
        if let Some(renewal) = lost {
            self.renew_all(&[renewal]).await;
        }
    }

    /// Takes nobody in any more and tells everybody here to come back elsewhere, or here in a moment.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
        for (_, room) in self.all_rooms() {
            for connection in lock(&room).connections() {
                connection.close(CloseReason::ShuttingDown);
            }
        }
    }

    /// Whether [`drain`](Self::drain) was called.
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// Everybody who holds a seat in a room, on whatever node.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub async fn seats(&self, room: &RoomId) -> Result<Vec<Seat>, Unavailable> {
        self.0.registry.seats(room).await
    }

    /// How much is going on.
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
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("occupancy", &self.occupancy()).finish_non_exhaustive()
    }
}

/// Gives a seat up here, and closes its connection unless it is its holder who leaves.
fn end(room: &mut Room, participant: ParticipantId, epoch: Epoch, reason: LeaveReason, now: Instant) {
    if let Some(ended) = room.end(participant, epoch, reason, now)
        && let Some(connection) = ended.connection
        && reason != LeaveReason::Left
    {
        connection.close(CloseReason::Replaced);
    }
}
