//! Where a hub is among the nodes: which one it is, its bus to the others, and what it still owes them.

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

/// What all rooms of a node have in common.
pub struct LocalNode {
    /// Which node this is.
    pub node: NodeId,
    /// Seats of this node whose holders are not connected.
    pub(in crate::core) away: Arc<AwaySeats>,
    bus: Arc<dyn NodeBus>,
    owed: Mutex<Owed>,
    has_known_peers: AtomicBool,
}

/// What was not taken, because too much waits for the node that it is for.
#[derive(Default)]
struct Owed {
    /// Nodes that were not told of some room's seats.
    seats: HashSet<NodeId>,
    messages: Vec<(NodeId, NodeMessage)>,
}

/// How many messages are kept until they are taken.
const MAX_OWED: usize = 1_024;

impl LocalNode {
    /// The local node of `node`, which reaches the others by `bus`.
    pub fn new(node: NodeId, bus: Arc<dyn NodeBus>) -> Arc<Self> {
        Arc::new(Self {
            node,
            away: Arc::default(),
            bus,
            owed: Mutex::default(),
            has_known_peers: AtomicBool::new(false),
        })
    }

    /// One without other nodes.
    pub fn alone() -> Arc<Self> {
        Self::new(NodeId::random(), Arc::new(NoNodeBus))
    }

    /// The way to the other nodes.
    pub fn node_bus(&self) -> &dyn NodeBus {
        &*self.bus
    }

    /// Sends a message; see [`NodeBus::send`].
    ///
    /// # Errors
    /// It was not taken.
    pub fn send(&self, to: NodeId, message: NodeMessage) -> Result<(), BusFull> {
        self.bus.send(to, message)
    }

    /// Sends what is to arrive even if it is not taken now: news as they are when they are taken, and the rest as it is.
    /// Whatever it overtakes or is overtaken by, the other node can tell by epochs and counts.
    pub fn tell(&self, to: NodeId, message: NodeMessage) {
        if self.send(to, message.clone()).is_err() {
            let mut owed = lock(&self.owed);
            match message {
                NodeMessage::Seats { .. } => _ = owed.seats.insert(to),
                message if owed.messages.len() < MAX_OWED => owed.messages.push((to, message)),
                // Missed by its count, or found out by asking.
                _ => {}
            }
        }
    }

    /// Tells again what was not taken, and returns the nodes that are to be told again who sits here.
    pub fn tell_again(&self) -> HashSet<NodeId> {
        let Owed { seats, messages } = std::mem::take(&mut *lock(&self.owed));
        for (to, message) in messages {
            self.tell(to, message);
        }
        seats
    }

    /// Whether there was ever another node.
    pub fn has_known_peers(&self) -> bool {
        self.has_known_peers.load(Ordering::Relaxed)
    }

    /// Takes note that there is another node.
    pub fn note_peer(&self) {
        self.has_known_peers.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for LocalNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LocalNode").field(&self.node).finish()
    }
}
