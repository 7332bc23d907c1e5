//! The seat registry of a single node: seats in memory, with the changes to save for the next start.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, Weak},
    time::Duration,
};

use async_trait::async_trait;

use crate::core::{
    model::{
        error::Unavailable,
        ids::{Epoch, NodeId, ParticipantId, RoomId},
        lock::lock,
        seat_table::{Claim, Claimed, Renewal, RoomPolicy, SavedSeat, Seat, SeatKey, Seats},
    },
    ports::{
        clock::Clock,
        node_bus::{NoNodeBus, NodeBus, NodeListener},
        seat_registry::{ClaimError, EndedClaim, Renewed, SeatRegistry},
    },
};

/// Largest number of changed rooms that wait to be saved. Only a long failure of the store reaches it.
///
/// Further changes are not saved then: after a restart, these rooms have outdated seats until the leases end.
const MAX_CHANGED: usize = 65_536;

/// Seats of a single node. Never unavailable.
pub struct LocalRegistry {
    node: NodeId,
    clock: Arc<dyn Clock>,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    last_epoch: u64,
    rooms: HashMap<RoomId, RoomSeats>,
    /// Rooms whose protected seats changed since the last [`take_changes`](LocalRegistry::take_changes).
    changed: HashSet<RoomId>,
}

#[derive(Default)]
struct RoomSeats {
    seats: Seats,
    /// Length of the leases in this room.
    lease: Duration,
}

impl LocalRegistry {
    /// Creates a registry in which every seat is free.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { node: NodeId::random(), clock, table: Mutex::default() }
    }

    /// Restores the seats that an earlier process held. Their holders are not connected; the leases run from
    /// now.
    ///
    /// Must be called before the first claim, with the seats of a room in the order of their first claims.
    pub fn restore(&self, saved: Vec<SavedSeat>) {
        let mut table = self.lock();
        for SavedSeat { room, participant, name, lease } in saved {
            let epoch = table.next_epoch();
            let seat = Seat {
                participant,
                name,
                node: self.node,
                epoch,
                since: epoch,
                lease_ends: self.clock.now() + lease,
                connected: false,
                protected: true,
            };
            let room = table.rooms.entry(room).or_default();
            room.lease = lease;
            // The earlier process enforced the number of seats and unique names.
            room.seats.restore(&seat, &RoomPolicy::new(usize::MAX, lease), self.clock.now());
        }
    }

    /// Takes the rooms whose protected seats changed since the last call, each with its present protected
    /// seats.
    pub fn take_changes(&self) -> Vec<(RoomId, Vec<SavedSeat>)> {
        let mut table = self.lock();
        let changed = std::mem::take(&mut table.changed);
        changed.into_iter().map(|id| (id.clone(), table.saved_seats(&id))).collect()
    }

    /// Returns rooms to [`take_changes`](Self::take_changes), because they could not be saved.
    pub fn not_saved(&self, rooms: impl IntoIterator<Item = RoomId>) {
        let mut table = self.lock();
        rooms.into_iter().for_each(|room| table.record_change(&room, true));
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }
}

impl Table {
    fn next_epoch(&mut self) -> Epoch {
        self.last_epoch += 1;
        Epoch(self.last_epoch)
    }

    fn saved_seats(&self, id: &RoomId) -> Vec<SavedSeat> {
        let Some(room) = self.rooms.get(id) else { return Vec::new() };
        let saved = |seat: &Seat| SavedSeat {
            room: id.clone(),
            participant: seat.participant,
            name: seat.name.clone(),
            lease: room.lease,
        };
        room.seats.iter().filter(|seat| seat.protected).map(saved).collect()
    }

    fn remove_if_empty(&mut self, id: &RoomId) {
        if self.rooms.get(id).is_some_and(|room| room.seats.is_empty()) {
            self.rooms.remove(id);
        }
    }

    /// Records a change of a room's seats, if they are protected.
    fn record_change(&mut self, room: &RoomId, is_protected: bool) {
        if is_protected && self.changed.len() < MAX_CHANGED {
            self.changed.insert(room.clone());
        }
    }
}

#[async_trait]
impl SeatRegistry for LocalRegistry {
    fn name(&self) -> &'static str {
        "local"
    }

    fn node(&self) -> NodeId {
        self.node
    }

    fn node_bus(&self) -> Arc<dyn NodeBus> {
        Arc::new(NoNodeBus)
    }

    fn serve(&self, _: Weak<dyn NodeListener>) {}

    async fn claim(&self, claim: Claim) -> Result<Claimed, ClaimError> {
        let mut table = self.lock();
        let epoch = table.next_epoch();
        let room = table.rooms.entry(claim.room.clone()).or_default();
        let claimed = room.seats.claim(&claim, self.node, epoch, self.clock.now())?;
        room.lease = claim.policy.lease;
        let was_protected = claimed.former.iter().chain(&claimed.ended).any(|seat| seat.protected);
        table.record_change(&claim.room, claim.protected || was_protected);
        Ok(claimed)
    }

    async fn renew(&self, renewals: &[Renewal]) -> Renewed {
        let now = self.clock.now();
        let mut table = self.lock();
        let mut lost = Vec::new();
        for renewal in renewals {
            let key = &renewal.key;
            let seats = table.rooms.get_mut(&key.room).map(|room| &mut room.seats);
            let held = seats.as_deref().and_then(|seats| seats.seat_of(key.participant, now).cloned());
            if seats.is_some_and(|seats| seats.renew(renewal, now)) {
                let is_newly_protected = renewal.protected && held.is_some_and(|held| !held.protected);
                table.record_change(&key.room, is_newly_protected);
            } else {
                lost.push(EndedClaim::new(key.clone(), held));
            }
        }
        Renewed { lost, ..Renewed::default() }
    }

    async fn seat_of(&self, room: &RoomId, participant: ParticipantId) -> Result<Option<Seat>, Unavailable> {
        let now = self.clock.now();
        Ok(self.lock().rooms.get(room).and_then(|room| room.seats.seat_of(participant, now).cloned()))
    }

    async fn seats(&self, room: &RoomId) -> Result<Vec<Seat>, Unavailable> {
        let now = self.clock.now();
        Ok(self
            .lock()
            .rooms
            .get(room)
            .map(|room| room.seats.live(now).cloned().collect())
            .unwrap_or_default())
    }

    async fn release(&self, seat: &SeatKey) -> Result<bool, Unavailable> {
        let mut table = self.lock();
        let Some(room) = table.rooms.get_mut(&seat.room) else { return Ok(false) };
        let held = room.seats.iter().find(|held| held.key_in(&seat.room) == *seat);
        let is_protected = held.is_some_and(|held| held.protected);
        let released = room.seats.release(seat.participant, seat.epoch);
        table.remove_if_empty(&seat.room);
        table.record_change(&seat.room, is_protected);
        Ok(released)
    }

    async fn take_away(&self, seat: &SeatKey) -> Result<bool, Unavailable> {
        let mut table = self.lock();
        let Some(room) = table.rooms.get_mut(&seat.room) else { return Ok(false) };
        let is_taken = room.seats.take_away(seat.participant, seat.epoch);
        table.remove_if_empty(&seat.room);
        Ok(is_taken)
    }

    async fn expire(&self) -> Result<Vec<EndedClaim>, Unavailable> {
        let now = self.clock.now();
        let mut ended = Vec::new();
        let mut table = self.lock();
        let Table { rooms, changed, .. } = &mut *table;
        rooms.retain(|id, room| {
            for seat in room.seats.expire(now) {
                if seat.protected && changed.len() < MAX_CHANGED {
                    changed.insert(id.clone());
                }
                ended.push(EndedClaim::Released(seat.key_in(id)));
            }
            !room.seats.is_empty()
        });
        Ok(ended)
    }

    async fn check(&self) -> Result<(), Unavailable> {
        Ok(())
    }
}
