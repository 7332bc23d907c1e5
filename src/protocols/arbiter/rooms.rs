//! The rooms of this node: SFUs that are connected here, and the clients in each.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::{Mutex as AsyncMutex, Notify};

use super::row::Row;
use crate::core::{ids::Name, ids::ParticipantId, join::Seated, sync::lock};

/// All rooms of this node.
#[derive(Default)]
pub struct Rooms {
    by_sfu: Mutex<HashMap<Name, Arc<SfuRoom>>>,
    /// An SFU came or went.
    changed: Notify,
}

/// One SFU, from when it comes in until it goes, and the clients who came to it. An SFU that comes in later by the
/// same id is another one.
pub struct SfuRoom {
    /// The SFU's id, which is the room's.
    pub id: Name,
    /// The SFU, in the core's terms.
    pub sfu: ParticipantId,
    /// Its connection's id.
    pub connection: String,
    /// What the records said of it last; locked while they are being written.
    pub(super) kept: AsyncMutex<Option<Row>>,
    clients: Mutex<HashMap<ParticipantId, Guest>>,
    is_recorded: AtomicBool,
    closed: AtomicBool,
}

struct Guest {
    id: Name,
    seat: Seated,
    /// Whether the SFU has heard of it.
    shook_hands: bool,
}

impl Rooms {
    /// Lists a room. Returns the one that had its name before.
    pub fn open(&self, room: Arc<SfuRoom>) -> Option<Arc<SfuRoom>> {
        let former = lock(&self.by_sfu).insert(room.id.clone(), room);
        self.changed.notify_waiters();
        former
    }

    /// Lists a room no longer, unless another has its name by now. Nobody comes in any more.
    pub fn close(&self, room: &Arc<SfuRoom>) {
        let mut rooms = lock(&self.by_sfu);
        if rooms.get(&room.id).is_some_and(|listed| Arc::ptr_eq(listed, room)) {
            rooms.remove(&room.id);
        }
        drop(rooms);
        room.close();
        self.changed.notify_waiters();
    }

    /// The room of the SFU called `id`, if it is connected here.
    pub fn get(&self, id: &Name) -> Option<Arc<SfuRoom>> {
        lock(&self.by_sfu).get(id).cloned()
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<SfuRoom>> {
        lock(&self.by_sfu).values().cloned().collect()
    }

    /// The room can be found by its records from now on.
    pub fn has_come_in(&self, room: &SfuRoom) {
        room.is_recorded.store(true, Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    /// Resolves when the SFU called `id` has come in here and can be claimed, or when it is not connected.
    pub async fn is(&self, id: &Name, connected: bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let room = self.get(id);
            let has_come_in = room.as_ref().is_some_and(|room| room.is_recorded.load(Ordering::Relaxed));
            let is_so = if connected { has_come_in } else { room.is_none() };
            if is_so {
                return;
            }
            changed.await;
        }
    }
}

impl SfuRoom {
    /// The room of an SFU that has just come in.
    pub fn new(id: Name, sfu: ParticipantId, connection: String) -> Self {
        Self {
            id,
            sfu,
            connection,
            kept: AsyncMutex::default(),
            clients: Mutex::default(),
            is_recorded: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    /// Lists a client that has a seat here. `false` if the SFU has gone meanwhile.
    pub fn enter(&self, id: Name, seat: Seated) -> bool {
        let mut clients = lock(&self.clients);
        if self.is_closed() {
            return false;
        }
        clients.insert(seat.participant(), Guest { id, seat, shook_hands: false });
        true
    }

    /// Lists a client no longer. `false` if it was not listed.
    pub fn leave(&self, client: ParticipantId) -> bool {
        lock(&self.clients).remove(&client).is_some()
    }

    /// The seats of all clients, who are listed no longer. To be called when the room is closed.
    pub fn clear(&self) -> Vec<Seated> {
        lock(&self.clients).drain().map(|(_, guest)| guest.seat).collect()
    }

    /// The SFU is about to hear of a client.
    pub fn shake_hands(&self, client: ParticipantId) {
        if let Some(guest) = lock(&self.clients).get_mut(&client) {
            guest.shook_hands = true;
        }
    }

    /// What a client is called, and whether the SFU has heard of it.
    pub fn client(&self, client: ParticipantId) -> Option<(Name, bool)> {
        lock(&self.clients).get(&client).map(|guest| (guest.id.clone(), guest.shook_hands))
    }

    /// Whether any client is here.
    pub fn is_occupied(&self) -> bool {
        !lock(&self.clients).is_empty()
    }

    /// The SFU has gone.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether the SFU has gone.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}
