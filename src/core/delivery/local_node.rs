//! This node among the others: its id, its node bus, and messages that the bus has not taken yet.

use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::core::{
    model::{away_seats::AwaySeats, ids::NodeId, lock::lock},
    ports::node_bus::{BusFull, NoNodeBus, NodeBus, NodeMessage},
};

/// How many messages wait for the bus at most.
const MAX_UNSENT: usize = 1_024;

/// State that all rooms of a node share.
pub struct LocalNode {
    /// The id of this node.
    pub id: NodeId,
    /// Seats of this node whose holders are not connected.
    pub away: Arc<AwaySeats>,
    bus: Arc<dyn NodeBus>,
    unsent: Mutex<Unsent>,
    knows_peers: AtomicBool,
}

/// Messages that the bus did not take because too much waits for their node.
#[derive(Default)]
struct Unsent {
    /// Nodes that were not told the seats of some room.
    seats: HashSet<NodeId>,
    messages: Vec<(NodeId, NodeMessage)>,
}

impl LocalNode {
    /// The node `id`, which reaches the others by `bus`.
    pub fn new(id: NodeId, bus: Arc<dyn NodeBus>) -> Arc<Self> {
        Arc::new(Self {
            id,
            away: Arc::default(),
            bus,
            unsent: Mutex::default(),
            knows_peers: AtomicBool::new(false),
        })
    }

    /// A node without others.
    pub fn alone() -> Arc<Self> {
        Self::new(NodeId::random(), Arc::new(NoNodeBus))
    }

    /// The node bus.
    pub fn bus(&self) -> &dyn NodeBus {
        &*self.bus
    }

    /// Sends a message; see [`NodeBus::send`].
    ///
    /// # Errors
    /// The bus did not take it.
    pub fn send(&self, to: NodeId, message: NodeMessage) -> Result<(), BusFull> {
        self.bus.send(to, message)
    }

    /// Sends a message now or, if the bus does not take it, with a later
    /// [`retry_unsent`](Self::retry_unsent).
    ///
    /// A retried message may be overtaken by newer ones; epochs and sequence numbers tell the receiver.
    pub fn send_or_retry(&self, to: NodeId, message: NodeMessage) {
        if self.send(to, message.clone()).is_err() {
            let mut unsent = lock(&self.unsent);
            match message {
                NodeMessage::Seats { .. } => _ = unsent.seats.insert(to),
                message if unsent.messages.len() < MAX_UNSENT => unsent.messages.push((to, message)),
                // The receiver finds the gap in its sequence numbers, or asks the seat registry.
                _ => {}
            }
        }
    }

    /// Sends again what the bus did not take. Returns the nodes that need the seats of every room again.
    pub fn retry_unsent(&self) -> HashSet<NodeId> {
        let Unsent { seats, messages } = std::mem::take(&mut *lock(&self.unsent));
        for (to, message) in messages {
            self.send_or_retry(to, message);
        }
        seats
    }

    /// True once another node was heard of.
    pub fn knows_peers(&self) -> bool {
        self.knows_peers.load(Ordering::Relaxed)
    }

    /// Records that another node was heard of.
    pub fn note_peer(&self) {
        self.knows_peers.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for LocalNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LocalNode").field(&self.id).finish()
    }
}
