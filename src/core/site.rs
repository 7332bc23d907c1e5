//! Where a hub is among the nodes: which one it is, its wire to the others, and what it still owes them.

use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    away::AwaySeats,
    ids::NodeId,
    sync::lock,
    wire::{NoWire, Parcel, Wire, WireFull},
};

/// What all rooms of a node have in common.
pub struct Site {
    /// Which node this is.
    pub node: NodeId,
    /// Seats of this node whose holders are not connected.
    pub(super) away: Arc<AwaySeats>,
    wire: Arc<dyn Wire>,
    owed: Mutex<Owed>,
    has_met: AtomicBool,
}

/// What was not taken, because too much waits for the node that it is for.
#[derive(Default)]
struct Owed {
    /// Nodes that were not told of some room's seats.
    seats: HashSet<NodeId>,
    parcels: Vec<(NodeId, Parcel)>,
}

/// How many parcels are kept until they are taken.
const MAX_OWED: usize = 1_024;

impl Site {
    /// The site of `node`, which reaches the others by `wire`.
    pub fn new(node: NodeId, wire: Arc<dyn Wire>) -> Arc<Self> {
        Arc::new(Self {
            node,
            away: Arc::default(),
            wire,
            owed: Mutex::default(),
            has_met: AtomicBool::new(false),
        })
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

    /// Sends what is to arrive even if it is not taken now: news as they are when they are taken, and the rest as it is.
    /// Whatever it overtakes or is overtaken by, the other node can tell by epochs and counts.
    pub fn tell(&self, to: NodeId, parcel: Parcel) {
        if self.send(to, parcel.clone()).is_err() {
            let mut owed = lock(&self.owed);
            match parcel {
                Parcel::Seats { .. } => _ = owed.seats.insert(to),
                parcel if owed.parcels.len() < MAX_OWED => owed.parcels.push((to, parcel)),
                // Missed by its count, or found out by asking.
                _ => {}
            }
        }
    }

    /// Tells again what was not taken, and returns the nodes that are to be told again who sits here.
    pub fn tell_again(&self) -> HashSet<NodeId> {
        let Owed { seats, parcels } = std::mem::take(&mut *lock(&self.owed));
        for (to, parcel) in parcels {
            self.tell(to, parcel);
        }
        seats
    }

    /// Whether there was ever another node.
    pub fn has_met(&self) -> bool {
        self.has_met.load(Ordering::Relaxed)
    }

    /// Takes note that there is another node.
    pub fn meet(&self) {
        self.has_met.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Site").field(&self.node).finish()
    }
}
