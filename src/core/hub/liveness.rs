//! A newcomer finds every seat taken: which unprotected seats may it take over?

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, join_all},
};

use tokio::time::{sleep, timeout};

use super::Hub;
use crate::core::{
    model::{
        ids::RoomId,
        lock::lock,
        seat_table::{Claim, Seat, SeatKey},
    },
    ports::node_bus::NodeMessage,
    room::Presence,
};

/// How long the holder of an unprotected seat has to answer a liveness probe.
pub const PROBE_DEADLINE: Duration = Duration::from_secs(3);

/// How long a question to another node and its answer may be on their way beyond that.
const PROBE_WAY: Duration = Duration::from_millis(500);

/// How long the answer to a probe is good for: somebody who knocks without end does not keep the holders busy.
pub const ANSWER_VALID: Duration = Duration::from_secs(1);

/// Finds unprotected seats whose holders are not there. However many newcomers knock, a room is probed once at a time.
#[derive(Default)]
pub struct LivenessProbes {
    probe_by_room: Mutex<HashMap<RoomId, Probe>>,
}

struct Probe {
    asked_at: Instant,
    dead: Shared<BoxFuture<'static, Vec<SeatKey>>>,
}

impl Probe {
    /// Still under way, or answered a moment ago.
    fn is_good(&self, now: Instant) -> bool {
        self.dead.peek().is_none() || now.saturating_duration_since(self.asked_at) < ANSWER_VALID
    }
}

impl LivenessProbes {
    /// The seats among `holders` that `newcomer` may take over; never a protected one.
    ///
    /// At once, one whose connection is known to be lost: its holder cannot resume. Where the room's policy keeps lost
    /// seats for their whole lease, only one with the newcomer's name: it is the same person. Otherwise those that
    /// show no sign of life within [`PROBE_DEADLINE`]; a seat on another node is probed by that node.
    pub async fn find_free(
        &self,
        hub: &Hub,
        newcomer: &Claim,
        holders: &[Seat],
        now: Instant,
    ) -> Vec<SeatKey> {
        let id = &newcomer.room;
        let unprotected: Vec<_> = holders.iter().filter(|seat| !seat.protected).cloned().collect();
        let lost: Vec<_> = unprotected.iter().filter(|seat| is_away(hub, id, seat)).collect();
        let namesake = lost.iter().find(|seat| seat.name == newcomer.name);
        let first = lost.first().filter(|_| newcomer.unprotected_lease.is_some());
        match namesake.or(first) {
            Some(seat) => vec![seat.key_in(id)],
            None if unprotected.is_empty() => Vec::new(),
            None => self.probe(hub, id, unprotected, now).await,
        }
    }

    fn probe(
        &self,
        hub: &Hub,
        id: &RoomId,
        holders: Vec<Seat>,
        now: Instant,
    ) -> Shared<BoxFuture<'static, Vec<SeatKey>>> {
        let mut probes = lock(&self.probe_by_room);
        if let Some(probe) = probes.get(id).filter(|probe| probe.is_good(now)) {
            return probe.dead.clone();
        }
        let dead = find_dead(hub.clone(), id.clone(), holders).boxed().shared();
        probes.insert(id.clone(), Probe { asked_at: now, dead: dead.clone() });
        dead
    }

    /// Lets go of answers that are good for nothing any more.
    pub fn forget_old(&self, now: Instant) {
        lock(&self.probe_by_room).retain(|_, probe| probe.is_good(now));
    }
}

async fn find_dead(hub: Hub, id: RoomId, holders: Vec<Seat>) -> Vec<SeatKey> {
    let verdicts = join_all(holders.iter().map(|seat| is_alive(&hub, &id, seat))).await;
    holders.iter().zip(verdicts).filter(|(_, alive)| !alive).map(|(seat, _)| seat.key_in(&id)).collect()
}

/// Whether no connection of the holder is known: of a seat of this node, as its room knows, which knows first.
pub(super) fn is_away(hub: &Hub, id: &RoomId, seat: &Seat) -> bool {
    if seat.node != hub.0.local_node.node {
        return !seat.connected || !hub.0.local_node.node_bus().is_alive(seat.node);
    }
    let presence = hub.room(id).and_then(|room| lock(&room).presence(seat.participant, seat.epoch));
    presence.map_or(!seat.connected, |(presence, _)| presence == Presence::Away)
}

async fn is_alive(hub: &Hub, id: &RoomId, seat: &Seat) -> bool {
    let (local_node, key) = (&hub.0.local_node, seat.key_in(id));
    if seat.node == local_node.node {
        return is_here(hub, &key).await;
    }
    let (ask, answer) = hub.0.pending_requests.probe(seat.node, hub.0.clock.now());
    if local_node.send(seat.node, NodeMessage::Probe { key, ask }).is_err() {
        // Nothing is known of them, as of a node that nobody can ask.
        return true;
    }
    matches!(timeout(PROBE_DEADLINE + PROBE_WAY, answer).await, Ok(Ok(true)))
}

/// Whether the holder of a seat of this node shows a sign of life within [`PROBE_DEADLINE`]. A node that drains gives up
/// at once what is open to newcomers: its holder cannot resume, and is about to be disconnected.
pub async fn is_here(hub: &Hub, key: &SeatKey) -> bool {
    if hub.is_draining()
        && hub.room(&key.room).is_some_and(|room| lock(&room).is_open(key.participant, key.epoch))
    {
        return false;
    }
    let connection = || {
        let presence = hub.room(&key.room).and_then(|room| lock(&room).presence(key.participant, key.epoch));
        presence.and_then(|(_, connection)| connection)
    };
    match connection() {
        Some(connection) => timeout(PROBE_DEADLINE, connection.sign_of_life()).await.is_ok(),
        // It has as long to come back as a connected one has to answer.
        None => {
            sleep(PROBE_DEADLINE).await;
            connection().is_some()
        }
    }
}
