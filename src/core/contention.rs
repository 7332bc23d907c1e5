//! Somebody wants in and every seat is taken: which holders are still there?

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, join_all},
};

use super::{
    ids::{Name, RoomId},
    room::{Presence, Room},
    seat::{Seat, SeatKey},
    sync::lock,
};

/// How long a holder of a seat has to show that it is there when somebody else wants in.
pub const PROBE_DEADLINE: Duration = Duration::from_secs(3);

/// How long the answer to a probe is good for: somebody who knocks without end does not keep the holders busy.
pub const ANSWER_VALID: Duration = Duration::from_secs(1);

/// Finds seats whose holders do not answer. However many people want into a room, however often, its holders are
/// asked once at a time.
#[derive(Default)]
pub struct Contention {
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

impl Contention {
    /// The seats among `holders` that can be given to somebody called `newcomer`.
    ///
    /// One whose connection is known to be lost and whose holder has the newcomer's name, at once: it is the same
    /// person without their token. Otherwise those that show no sign of life within [`PROBE_DEADLINE`].
    pub async fn find_dead(
        &self,
        id: &RoomId,
        room: &Arc<Mutex<Room>>,
        holders: &[Seat],
        newcomer: &Name,
        now: Instant,
    ) -> Vec<SeatKey> {
        let is_away = |seat: &&Seat| {
            let presence = lock(room).presence(seat.participant, seat.epoch);
            seat.name == *newcomer && matches!(presence, Some((Presence::Away, _)))
        };
        if let Some(seat) = holders.iter().find(is_away) {
            return vec![seat.key_in(id)];
        }
        self.probe(id, room, holders, now).await
    }

    fn probe(
        &self,
        id: &RoomId,
        room: &Arc<Mutex<Room>>,
        holders: &[Seat],
        now: Instant,
    ) -> Shared<BoxFuture<'static, Vec<SeatKey>>> {
        let mut probes = lock(&self.probe_by_room);
        if let Some(probe) = probes.get(id).filter(|probe| probe.is_good(now)) {
            return probe.dead.clone();
        }
        let dead = find_dead(id.clone(), room.clone(), holders.to_vec()).boxed().shared();
        probes.insert(id.clone(), Probe { asked_at: now, dead: dead.clone() });
        dead
    }

    /// Lets go of answers that are good for nothing any more.
    pub fn forget_old(&self, now: Instant) {
        lock(&self.probe_by_room).retain(|_, probe| probe.is_good(now));
    }
}

async fn find_dead(id: RoomId, room: Arc<Mutex<Room>>, holders: Vec<Seat>) -> Vec<SeatKey> {
    let probes = holders.iter().map(|seat| is_dead(&room, seat));
    let verdicts = join_all(probes).await;
    holders.iter().zip(verdicts).filter(|(_, dead)| *dead).map(|(seat, _)| seat.key_in(&id)).collect()
}

async fn is_dead(room: &Mutex<Room>, seat: &Seat) -> bool {
    let connection =
        || lock(room).presence(seat.participant, seat.epoch).and_then(|(_, connection)| connection);
    match connection() {
        Some(connection) => tokio::time::timeout(PROBE_DEADLINE, connection.sign_of_life()).await.is_err(),
        // It has as long to come back as a connected one has to answer.
        None => {
            tokio::time::sleep(PROBE_DEADLINE).await;
            connection().is_none()
        }
    }
}
