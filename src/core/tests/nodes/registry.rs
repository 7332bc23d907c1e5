//! A simulated seat registry: one model of seats, and for each node a face that restores forgotten seats.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use async_trait::async_trait;

use super::net::{Net, SimNodeBus};
use crate::core::{
    model::{
        error::Unavailable,
        ids::{Epoch, NodeId, ParticipantId, RoomId},
        seat_table::{Claim, Claimed, Renewal, RoomPolicy, Seat, SeatKey, Seats},
    },
    ports::{
        clock::Clock,
        node_bus::{NodeBus, NodeListener},
        seat_registry::{ClaimError, EndedClaim, Renewed, SeatRegistry},
    },
    tests::support::ManualClock,
};

/// The state that all nodes share.
#[derive(Default)]
pub struct Model {
    pub rooms: HashMap<RoomId, Seats>,
    /// The last epoch that each participant left by its own request.
    pub left: HashMap<ParticipantId, Epoch>,
    /// Protected seats that were released although their holders had not left.
    pub displaced: Vec<SeatKey>,
    /// Unprotected seats that newcomers took away.
    pub taken: HashSet<SeatKey>,
    /// Participants that moved again while their mailbox was on its way: their next join may be a reset.
    pub moved_twice: HashSet<ParticipantId>,
    last: u64,
}

impl Model {
    /// The seat of a participant, unless its lease has ended.
    pub fn held(&self, room: &RoomId, participant: ParticipantId, now: Instant) -> Option<&Seat> {
        self.rooms.get(room)?.seat_of(participant, now)
    }

    fn release(&mut self, seat: &SeatKey, now: Instant) -> bool {
        let is_held = |held: &Seat| held.epoch == seat.epoch && held.protected;
        let protected = self.held(&seat.room, seat.participant, now).is_some_and(is_held);
        // A node that does not know yet that the participant left may have restored the seat.
        let has_left = self.left.get(&seat.participant).is_some_and(|left| seat.epoch <= *left);
        if protected && !has_left && !self.taken.contains(seat) {
            self.displaced.push(seat.clone());
        }
        let room = self.rooms.get_mut(&seat.room);
        room.is_some_and(|room| room.release(seat.participant, seat.epoch))
    }
}

/// A seat as the node that holds it has recorded it.
#[derive(Clone)]
struct Own {
    seat: Seat,
    policy: RoomPolicy,
}

pub struct SimRegistry {
    pub node: NodeId,
    net: Arc<Net>,
    clock: Arc<ManualClock>,
    model: Arc<Mutex<Model>>,
    own: Mutex<HashMap<SeatKey, Own>>,
    /// The model cannot be reached.
    pub is_cut: AtomicBool,
    /// The next claim has no answer.
    pub answer_is_lost: AtomicBool,
    /// Releases have no answer yet.
    pub release_waits: AtomicBool,
}

impl SimRegistry {
    pub fn new(net: Arc<Net>, clock: Arc<ManualClock>, model: Arc<Mutex<Model>>) -> Arc<Self> {
        Arc::new(Self {
            node: NodeId::random(),
            net,
            clock,
            model,
            own: Mutex::default(),
            is_cut: AtomicBool::new(false),
            answer_is_lost: AtomicBool::new(false),
            release_waits: AtomicBool::new(false),
        })
    }

    fn reach(&self) -> Result<(), Unavailable> {
        if self.is_cut.load(Ordering::Relaxed) { Err(Unavailable::new("model", "cut off")) } else { Ok(()) }
    }

    /// Restores those of this node's seats that the model has forgotten.
    pub fn put_back(&self) {
        if self.reach().is_err() {
            return;
        }
        let now = self.clock.now();
        let (mut model, own) = (self.model.lock().unwrap(), self.own.lock().unwrap());
        let mut own = own;
        for own in own.values_mut().filter(|own| own.seat.connected) {
            own.seat.lease_ends = now + own.policy.lease;
        }
        let mut own: Vec<_> = own.iter().filter(|(_, own)| own.seat.lease_ends > now).collect();
        own.sort_by_key(|(key, _)| key.epoch);
        for (key, own) in own {
            let room = model.rooms.entry(key.room.clone()).or_default();
            room.restore(&own.seat, &own.policy, now);
        }
    }

    /// The newer claim of one of this node's seats whose answer was lost.
    fn unanswered(&self, room: &Seats, key: &SeatKey, own: &Own, now: Instant) -> Option<(SeatKey, Own)> {
        let held = room.seat_of(key.participant, now);
        let held = held.filter(|held| held.node == self.node && held.epoch > key.epoch)?;
        Some((held.key_in(&key.room), Own { seat: held.clone(), ..own.clone() }))
    }

    fn lost(room: Option<&Seats>, key: &SeatKey, now: Instant) -> EndedClaim {
        match room.and_then(|room| room.seat_of(key.participant, now)) {
            Some(seat) if seat.epoch > key.epoch => EndedClaim::Moved(key.clone(), seat.clone()),
            _ => EndedClaim::Released(key.clone()),
        }
    }
}

#[async_trait]
impl SeatRegistry for SimRegistry {
    fn name(&self) -> &'static str {
        "model"
    }

    fn node(&self) -> NodeId {
        self.node
    }

    fn node_bus(&self) -> Arc<dyn NodeBus> {
        Arc::new(SimNodeBus { node: self.node, net: self.net.clone() })
    }

    fn serve(&self, recipient: Weak<dyn NodeListener>) {
        self.net.attach(self.node, recipient);
    }

    async fn claim(&self, claim: Claim) -> Result<Claimed, ClaimError> {
        self.reach()?;
        let now = self.clock.now();
        let claimed = {
            let model = &mut *self.model.lock().unwrap();
            model.last += 1;
            let epoch = Epoch(model.last);
            let room = model.rooms.entry(claim.room.clone()).or_default();
            let claimed = room.claim(&claim, self.node, epoch, now)?;
            if self.net.awaits_mailbox(claim.participant)
                && !matches!(&claimed.former, Some(former) if former.node == self.node)
            {
                model.moved_twice.insert(claim.participant);
            }
            if claimed.former.as_ref().is_some_and(|former| former.node != self.node) {
                self.net.await_mailbox(claim.participant, self.node);
            }
            if self.answer_is_lost.swap(false, Ordering::Relaxed) {
                return Err(Unavailable::new("model", "no answer").into());
            }
            let seat = room.seat_of(claim.participant, now).unwrap().clone();
            let own = Own { seat, policy: claim.policy };
            let mut owns = self.own.lock().unwrap();
            owns.retain(|key, _| key.room != claim.room || key.participant != claim.participant);
            owns.insert(own.seat.key_in(&claim.room), own);
            claimed
        };
        // The answer may take long, and arrive after that to a later request.
        for _ in 0..claimed.seat.epoch.0 % 3 {
            tokio::task::yield_now().await;
        }
        Ok(claimed)
    }

    async fn renew(&self, renewals: &[Renewal]) -> Renewed {
        if let Err(error) = self.reach() {
            let failed = renewals.iter().map(|renewal| renewal.key.clone()).collect();
            return Renewed { failed, error: Some(error), ..Renewed::default() };
        }
        let now = self.clock.now();
        let (mut model, mut owns) = (self.model.lock().unwrap(), self.own.lock().unwrap());
        let mut lost = Vec::new();
        for Renewal { key, lease, connected, protected } in renewals {
            let room = model.rooms.entry(key.room.clone()).or_default();
            let is_held = owns.get_mut(key).is_some_and(|own| {
                (own.seat.lease_ends, own.seat.connected) = (now + *lease, *connected);
                own.seat.protected |= *protected;
                room.restore(&own.seat, &own.policy, now)
            });
            if !is_held {
                let own = owns.remove(key);
                owns.extend(own.and_then(|own| self.unanswered(room, key, &own, now)));
                lost.push(Self::lost(Some(room), key, now));
            }
        }
        Renewed { lost, ..Renewed::default() }
    }

    async fn seat_of(&self, room: &RoomId, participant: ParticipantId) -> Result<Option<Seat>, Unavailable> {
        self.reach()?;
        let model = self.model.lock().unwrap();
        Ok(model.rooms.get(room).and_then(|seats| seats.seat_of(participant, self.clock.now()).cloned()))
    }

    async fn seats(&self, room: &RoomId) -> Result<Vec<Seat>, Unavailable> {
        self.reach()?;
        let model = self.model.lock().unwrap();
        let seats = model.rooms.get(room);
        Ok(seats.map(|seats| seats.live(self.clock.now()).cloned().collect()).unwrap_or_default())
    }

    async fn release(&self, seat: &SeatKey) -> Result<bool, Unavailable> {
        self.own.lock().unwrap().remove(seat);
        self.reach()?;
        let is_released = self.model.lock().unwrap().release(seat, self.clock.now());
        while self.release_waits.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
        Ok(is_released)
    }

    async fn take_away(&self, seat: &SeatKey) -> Result<bool, Unavailable> {
        self.reach()?;
        let mut model = self.model.lock().unwrap();
        let room = model.rooms.get_mut(&seat.room);
        let taken = room.is_some_and(|room| room.take_away(seat.participant, seat.epoch));
        if taken {
            model.taken.insert(seat.clone());
            self.own.lock().unwrap().remove(seat);
        }
        Ok(taken)
    }

    /// Tells nothing about seats of other nodes: the core has to find that out.
    async fn expire(&self) -> Result<Vec<EndedClaim>, Unavailable> {
        self.reach()?;
        let now = self.clock.now();
        let (mut model, mut owns) = (self.model.lock().unwrap(), self.own.lock().unwrap());
        model.rooms.values_mut().for_each(|room| drop(room.expire(now)));
        let mut lost = Vec::new();
        let mut unanswered = Vec::new();
        owns.retain(|key, own| {
            let room = model.rooms.get(&key.room);
            let held = room.and_then(|room| room.seat_of(key.participant, now));
            let is_held = held.is_some_and(|held| held.epoch == key.epoch);
            if !is_held {
                lost.push(Self::lost(room, key, now));
                unanswered.extend(room.and_then(|room| self.unanswered(room, key, own, now)));
            }
            is_held
        });
        owns.extend(unanswered);
        lost.sort_by_key(|lost| lost.key().epoch);
        Ok(lost)
    }

    async fn check(&self) -> Result<(), Unavailable> {
        self.reach()
    }
}
