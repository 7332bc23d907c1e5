//! Liveness: which unprotected seats of a full room a newcomer may take over.

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

/// How long the request to another node and its answer may travel beyond that.
const PROBE_TRAVEL: Duration = Duration::from_millis(500);

/// How long an answer counts: a newcomer that tries without end does not keep the holders busy.
pub const ANSWER_VALID: Duration = Duration::from_secs(1);

/// The probes under way. However many newcomers try, a room has one at a time.
#[derive(Default)]
pub(super) struct LivenessProbes {
    probe_by_room: Mutex<HashMap<RoomId, RunningProbe>>,
}

struct RunningProbe {
    started_at: Instant,
    dead: Shared<BoxFuture<'static, Vec<SeatKey>>>,
}

impl RunningProbe {
    /// True while it is under way, and for a moment after.
    fn is_valid(&self, now: Instant) -> bool {
        self.dead.peek().is_none() || now.saturating_duration_since(self.started_at) < ANSWER_VALID
    }
}

impl LivenessProbes {
    /// The seats among `holders` that `newcomer` may take over; never a protected one.
    ///
    /// Without a probe: a seat whose connection is known to be lost, since its holder cannot resume. Where
    /// the room's policy holds lost seats for their whole lease, only the one with the newcomer's name: it is
    /// the same person. Otherwise the seats whose holders do not answer within [`PROBE_DEADLINE`].
    pub(super) async fn find_claimable(
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
        let first = lost.first().filter(|_| newcomer.policy.unprotected_lease.is_some());
        match namesake.or(first) {
            Some(seat) => vec![seat.key_in(id)],
            None if unprotected.is_empty() => Vec::new(),
            None => self.probe(hub, id, unprotected, now).await,
        }
    }

    /// Drops answers that do not count any more.
    pub(super) fn forget_old(&self, now: Instant) {
        lock(&self.probe_by_room).retain(|_, probe| probe.is_valid(now));
    }

    fn probe(
        &self,
        hub: &Hub,
        id: &RoomId,
        holders: Vec<Seat>,
        now: Instant,
    ) -> Shared<BoxFuture<'static, Vec<SeatKey>>> {
        let mut probes = lock(&self.probe_by_room);
        if let Some(probe) = probes.get(id).filter(|probe| probe.is_valid(now)) {
            return probe.dead.clone();
        }
        let dead = find_dead(hub.clone(), id.clone(), holders).boxed().shared();
        probes.insert(id.clone(), RunningProbe { started_at: now, dead: dead.clone() });
        dead
    }
}

async fn find_dead(hub: Hub, id: RoomId, holders: Vec<Seat>) -> Vec<SeatKey> {
    let verdicts = join_all(holders.iter().map(|seat| is_alive(&hub, &id, seat))).await;
    holders.iter().zip(verdicts).filter(|(_, alive)| !alive).map(|(seat, _)| seat.key_in(&id)).collect()
}

/// True if the holder is known to have no connection. Of a local seat, the room knows first.
pub(super) fn is_away(hub: &Hub, id: &RoomId, seat: &Seat) -> bool {
    if seat.node != hub.0.local_node.id {
        return !seat.connected || !hub.0.local_node.bus().is_alive(seat.node);
    }
    let presence = hub.room(id).and_then(|room| lock(&room).presence(seat.participant, seat.epoch));
    presence.map_or(!seat.connected, |(presence, _)| presence == Presence::Away)
}

async fn is_alive(hub: &Hub, id: &RoomId, seat: &Seat) -> bool {
    let key = seat.key_in(id);
    if seat.node == hub.0.local_node.id {
        return shows_life(hub, &key).await;
    }
    let Ok(answer) = hub.ask(seat.node, |request| NodeMessage::Probe { key, request }) else {
        // A node that cannot be asked proves nothing.
        return true;
    };
    matches!(timeout(PROBE_DEADLINE + PROBE_TRAVEL, answer).await, Ok(Ok(true)))
}

/// Waits up to [`PROBE_DEADLINE`] for a sign of life of the holder of a local seat.
///
/// A node that drains gives up at once any seat that is open to newcomers: its holder cannot resume, and is
/// about to be disconnected.
pub(super) async fn shows_life(hub: &Hub, key: &SeatKey) -> bool {
    let room = || hub.room(&key.room);
    if hub.is_draining() && room().is_some_and(|room| lock(&room).is_open(key.participant, key.epoch)) {
        return false;
    }
    let connection = || {
        let presence = room().and_then(|room| lock(&room).presence(key.participant, key.epoch));
        presence.and_then(|(_, connection)| connection)
    };
    match connection() {
        Some(connection) => timeout(PROBE_DEADLINE, connection.sign_of_life()).await.is_ok(),
        // The holder has as long to reconnect as a connected one has to answer.
        None => {
            sleep(PROBE_DEADLINE).await;
            connection().is_some()
        }
    }
}
