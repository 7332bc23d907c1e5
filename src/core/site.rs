//! Where a hub is among the nodes: which one it is, its wire to the others, and what it still owes them.

use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex},
};

use super::{
    ids::NodeId,
    sync::lock,
    wire::{NoWire, Parcel, Wire, WireFull},
};

/// What all rooms of a node have in common.
pub struct Site {
    /// Which node this is.
    pub node: NodeId,
    wire: Arc<dyn Wire>,
    /// Nodes that were not told of some room's seats, because too much waits for them.
    owed: Mutex<HashSet<NodeId>>,
}

impl Site {
    /// The site of `node`, which reaches the others by `wire`.
    pub fn new(node: NodeId, wire: Arc<dyn Wire>) -> Arc<Self> {
        Arc::new(Self { node, wire, owed: Mutex::default() })
    }

    /// One without other nodes.
    pub fn alone() -> Arc<Self> {
        Self::new(NodeId::random(), Arc::new(NoWire))
    }

    /// The way to the other nodes.
    pub fn wire(&self) -> &dyn Wire {
        &*self.wire
    }

    /// Sends a parcel; see [`Wire::send`].
    ///
    /// # Errors
    /// It was not taken.
    pub fn send(&self, to: NodeId, parcel: Parcel) -> Result<(), WireFull> {
        self.wire.send(to, parcel)
    }

    /// Sends news, which can be told again: if they are not taken, they are told later, as they are then.
    pub fn tell(&self, to: NodeId, news: Parcel) {
        if self.send(to, news).is_err() {
            lock(&self.owed).insert(to);
        }
    }

    /// The nodes that are to be told again who sits here.
    pub fn take_owed(&self) -> HashSet<NodeId> {
        std::mem::take(&mut lock(&self.owed))
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Site").field(&self.node).finish()
    }
}
