//! The SFUs that are connected to this node, with their clients on all nodes.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Mutex as AsyncMutex, Notify, watch};
use tokio_util::sync::CancellationToken;

use super::records::SfuRecord;
use crate::core::model::{
    ids::{Name, ParticipantId},
    lock::lock,
};

/// All rooms whose SFU is connected to this node.
#[derive(Default)]
pub struct SfuRooms {
    by_sfu: Mutex<HashMap<Name, Arc<SfuRoom>>>,
    /// Notified when an SFU connects, is registered, or leaves.
    changed: Notify,
}

/// The room of one connected SFU. A later SFU with the same id has another `SfuRoom`.
pub struct SfuRoom {
    /// Id of the SFU, and of the room.
    pub id: Name,
    /// Id of the SFU's connection.
    pub connection: String,
    /// How long the SFU serves.
    pub lifetime: SfuLifetime,
    /// The last known record; locked while the records are written.
    pub(super) last_known: AsyncMutex<Option<SfuRecord>>,
    /// The clients in the room, on any node.
    clients: Mutex<HashSet<ParticipantId>>,
    is_recorded: AtomicBool,
    /// Time until the claim ends without clients, at each refresh.
    claim_end: watch::Sender<Option<Duration>>,
    ended: CancellationToken,
}

/// How long an SFU serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SfuLifetime {
    /// As long as its connection: for one claimed path after the other.
    WhileConnected,
    /// For one call: until its claim ends.
    ForOneCall,
}

impl SfuRooms {
    /// Lists a room, and closes the former room with its id.
    pub fn open(&self, room: Arc<SfuRoom>) {
        let former = lock(&self.by_sfu).insert(room.id.clone(), room);
        if let Some(former) = former {
            former.end();
        }
        self.changed.notify_waiters();
    }

    /// Removes a room from the list, unless a later one has its id, and closes it.
    pub fn remove(&self, room: &Arc<SfuRoom>) {
        let mut rooms = lock(&self.by_sfu);
        if rooms.get(&room.id).is_some_and(|listed| Arc::ptr_eq(listed, room)) {
            rooms.remove(&room.id);
        }
        drop(rooms);
        room.end();
        self.changed.notify_waiters();
    }

    /// The room of the SFU with this id, if it is connected to this node.
    pub fn get(&self, id: &Name) -> Option<Arc<SfuRoom>> {
        lock(&self.by_sfu).get(id).cloned()
    }

    /// All rooms.
    pub fn all(&self) -> Vec<Arc<SfuRoom>> {
        lock(&self.by_sfu).values().cloned().collect()
    }

    /// Marks the room as registered: claims find its records.
    pub fn mark_registered(&self, room: &SfuRoom) {
        room.is_recorded.store(true, Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    /// Resolves when the SFU with this id is registered on this node; with `connected` false, when it is not
    /// connected.
    pub async fn wait_until(&self, id: &Name, connected: bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before the check, so that no change is missed.
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
    /// The room of an SFU that has just taken its seat, with the clients already there.
    pub fn new(
        id: Name,
        connection: String,
        lifetime: SfuLifetime,
        clients: impl IntoIterator<Item = ParticipantId>,
    ) -> Self {
        Self {
            id,
            connection,
            lifetime,
            last_known: AsyncMutex::default(),
            clients: Mutex::new(clients.into_iter().collect()),
            is_recorded: AtomicBool::new(false),
            claim_end: watch::Sender::default(),
            ended: CancellationToken::new(),
        }
    }

    /// Adds a client. Returns whether it is the only one.
    pub fn enter(&self, client: ParticipantId) -> bool {
        let mut clients = lock(&self.clients);
        clients.insert(client) && clients.len() == 1
    }

    /// Removes a client. Returns whether it was the last one.
    pub fn leave(&self, client: ParticipantId) -> bool {
        let mut clients = lock(&self.clients);
        clients.remove(&client) && clients.is_empty()
    }

    /// Whether the room has clients.
    pub fn is_occupied(&self) -> bool {
        !lock(&self.clients).is_empty()
    }

    /// Whether the client is in the room, on any node.
    pub fn has(&self, client: ParticipantId) -> bool {
        lock(&self.clients).contains(&client)
    }

    /// Sets the time until the claim ends; `None` while there is no claim, or clients are there.
    pub fn set_claim_end(&self, after: Option<Duration>) {
        self.claim_end.send_replace(after);
    }

    /// The time until the claim ends, which changes with each refresh.
    pub fn claim_end(&self) -> watch::Receiver<Option<Duration>> {
        self.claim_end.subscribe()
    }

    /// Ends the room: the SFU must leave, and its records are not renewed.
    pub fn end(&self) {
        self.ended.cancel();
    }

    /// Whether the room has ended.
    pub fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Resolves when the room has ended.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }
}
