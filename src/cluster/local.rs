//! One node on its own: the seats are in this process.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;

use crate::core::{
    clock::Clock,
    cluster::{ClaimError, Cluster, Lost, Renewed},
    error::Unavailable,
    ids::{Epoch, NodeId, ParticipantId, RoomId},
    seat::{Claim, Claimed, Renewal, Seat, SeatKey, Seats},
    sync::lock,
    wire::{NoWire, Recipient, Wire},
};

/// Seats of a single node. Never unavailable.
pub struct LocalCluster {
    node: NodeId,
    clock: Arc<dyn Clock>,
    last_epoch: AtomicU64,
    seats_by_room: Mutex<HashMap<RoomId, Seats>>,
}

impl LocalCluster {
    /// A cluster of this node alone, with nobody in it.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { node: NodeId::random(), clock, last_epoch: AtomicU64::new(0), seats_by_room: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Seats>> {
        lock(&self.seats_by_room)
    }
}

#[async_trait]
impl Cluster for LocalCluster {
    fn name(&self) -> &'static str {
        "local"
    }

    fn node(&self) -> NodeId {
        self.node
    }

    fn wire(&self) -> Arc<dyn Wire> {
        Arc::new(NoWire)
    }

    fn serve(&self, _: Weak<dyn Recipient>) {}

    async fn claim(&self, claim: Claim) -> Result<Claimed, ClaimError> {
        let mut rooms = self.lock();
        let epoch = Epoch(self.last_epoch.fetch_add(1, Ordering::Relaxed) + 1);
        let seats = rooms.entry(claim.room.clone()).or_default();
        Ok(seats.claim(&claim, self.node, epoch, self.clock.now())?)
    }

    async fn renew(&self, renewals: &[Renewal]) -> Renewed {
        let now = self.clock.now();
        let mut rooms = self.lock();
        let mut lost = Vec::new();
        for renewal in renewals {
            let key = &renewal.key;
            let mut room = rooms.get_mut(&key.room);
            let held = room.as_mut().map(|room| room.renew(renewal, now));
            if held != Some(true) {
                let moved = room.and_then(|room| room.holding(key.participant, now).cloned());
                lost.push(match moved {
                    Some(seat) if seat.epoch > key.epoch => Lost::Moved(key.clone(), seat),
                    _ => Lost::GivenUp(key.clone()),
                });
            }
        }
        Renewed { lost, ..Renewed::default() }
    }

    async fn holding(&self, room: &RoomId, participant: ParticipantId) -> Result<Option<Seat>, Unavailable> {
        let now = self.clock.now();
        Ok(self.lock().get(room).and_then(|seats| seats.holding(participant, now).cloned()))
    }

    async fn seats(&self, room: &RoomId) -> Result<Vec<Seat>, Unavailable> {
        let now = self.clock.now();
        Ok(self.lock().get(room).map(|seats| seats.live(now).cloned().collect()).unwrap_or_default())
    }

    async fn release(&self, seat: &SeatKey) -> Result<bool, Unavailable> {
        let mut rooms = self.lock();
        let Some(room) = rooms.get_mut(&seat.room) else { return Ok(false) };
        let released = room.release(seat.participant, seat.epoch);
        if room.is_empty() {
            rooms.remove(&seat.room);
        }
        Ok(released)
    }

    async fn expire(&self) -> Result<Vec<Lost>, Unavailable> {
        let now = self.clock.now();
        let mut ended = Vec::new();
        self.lock().retain(|id, room| {
            let seats = room.expire(now).into_iter();
            ended.extend(seats.map(|seat| Lost::GivenUp(seat.key_in(id))));
            !room.is_empty()
        });
        Ok(ended)
    }

    async fn check(&self) -> Result<(), Unavailable> {
        Ok(())
    }
}
