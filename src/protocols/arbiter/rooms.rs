//! The SFUs of this node: those that are connected here, with how many clients each has on all nodes.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio_util::sync::CancellationToken;

use super::row::Row;
use crate::core::model::{
    ids::{Name, ParticipantId},
    lock::lock,
};

/// All rooms whose SFU is connected here.
#[derive(Default)]
pub struct Rooms {
    by_sfu: Mutex<HashMap<Name, Arc<SfuRoom>>>,
    /// An SFU came or went.
    changed: Notify,
}

/// One SFU, from when it comes in until it goes. An SFU that comes in later by the same id is another one.
pub struct SfuRoom {
    /// The SFU's id, which is the room's.
    pub id: Name,
    /// Its connection's id.
    pub connection: String,
    /// How long it is there.
    pub lasts: Lasts,
    /// What the records said of it last; locked while they are being written.
    pub(super) kept: AsyncMutex<Option<Row>>,
    /// Everybody else in the room, on whatever node.
    clients: Mutex<HashSet<ParticipantId>>,
    is_recorded: AtomicBool,
    closed: CancellationToken,
}

/// How long an SFU is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// As long as its connection: it is claimed for one path after the other.
    WhileConnected,
    /// For one call: it ends when nobody needs it any more, or when nobody has claimed it in time.
    ForOneCall,
}

impl Rooms {
    /// Lists a room. One that had its name before is closed.
    pub fn open(&self, room: Arc<SfuRoom>) {
        let former = lock(&self.by_sfu).insert(room.id.clone(), room);
        if let Some(former) = former {
            former.close();
        }
        self.changed.notify_waiters();
    }

    /// Lists a room no longer, unless another has its name by now.
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
    /// The room of an SFU that has just come in, and finds these clients there.
    pub fn new(
        id: Name,
        connection: String,
        lasts: Lasts,
        clients: impl IntoIterator<Item = ParticipantId>,
    ) -> Self {
        Self {
            id,
            connection,
            lasts,
            kept: AsyncMutex::default(),
            clients: Mutex::new(clients.into_iter().collect()),
            is_recorded: AtomicBool::new(false),
            closed: CancellationToken::new(),
        }
    }

    /// Counts a client. Returns whether it is the only one.
    pub fn enter(&self, client: ParticipantId) -> bool {
        let mut clients = lock(&self.clients);
        clients.insert(client) && clients.len() == 1
    }

    /// Counts a client no longer. Returns whether it was the last one.
    pub fn leave(&self, client: ParticipantId) -> bool {
        let mut clients = lock(&self.clients);
        clients.remove(&client) && clients.is_empty()
    }

    /// Whether any client is there.
    pub fn is_occupied(&self) -> bool {
        !lock(&self.clients).is_empty()
    }

    /// Whether this client is there, on whatever node.
    pub fn has(&self, client: ParticipantId) -> bool {
        lock(&self.clients).contains(&client)
    }

    /// The SFU is to go, or has gone: its records are not renewed any more.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// Whether the SFU is to go, or has gone.
    pub fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Resolves when the SFU is to go.
    pub async fn closed(&self) {
        self.closed.cancelled().await;
    }
}
