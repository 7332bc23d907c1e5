//! Somebody wants in and every seat is taken: which holders are still there?

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
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

type Probe = Shared<BoxFuture<'static, Vec<SeatKey>>>;

/// Finds seats whose holders do not answer. However many people want into a room at once, its holders are asked
/// once at a time.
#[derive(Default)]
pub struct Contention {
    probe_by_room: Mutex<HashMap<RoomId, Probe>>,
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
    ) -> Vec<SeatKey> {
        let is_away = |seat: &&Seat| {
            let presence = lock(room).presence(seat.participant, seat.epoch);
            seat.name == *newcomer && matches!(presence, Some((Presence::Away, _)))
        };
        if let Some(seat) = holders.iter().find(is_away) {
            return vec![seat.key_in(id)];
        }
        let probe = lock(&self.probe_by_room)
            .entry(id.clone())
            .or_insert_with(|| probe(id.clone(), room.clone(), holders.to_vec()).boxed().shared())
            .clone();
        let dead = probe.clone().await;
        let mut probes = lock(&self.probe_by_room);
        if probes.get(id).is_some_and(|current| current.ptr_eq(&probe)) {
            probes.remove(id);
        }
        dead
    }
}

async fn probe(id: RoomId, room: Arc<Mutex<Room>>, holders: Vec<Seat>) -> Vec<SeatKey> {
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
