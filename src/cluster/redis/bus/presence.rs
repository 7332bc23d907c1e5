//! Which other nodes are alive, as far as this node can tell. Synchronous; takes the time as an argument.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use crate::core::model::ids::NodeId;

/// A node without a greeting for this long counts as lost.
pub(in super::super) const LOST_AFTER: Duration = Duration::from_secs(3);

/// How long a lost node is remembered. After that, it counts as alive for a moment if it is asked about.
const REMEMBERED_FOR: Duration = Duration::from_hours(1);

/// A change to report to the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodePresenceChange {
    /// The node is lost.
    Lost(NodeId),
    /// The node greeted again, or for the first time.
    Returned(NodeId),
}

/// The other nodes.
#[derive(Debug, Default)]
pub(super) struct NodePresence {
    alive: HashSet<NodeId>,
    /// Until when a node without a greeting counts as alive: a new node may hold seats before its first one.
    grace_ends: HashMap<NodeId, Instant>,
    /// Since when this node has read all greetings; `None` during an interruption.
    connected_since: Option<Instant>,
}

impl NodePresence {
    /// Records that greetings may be missing: the connection is lost, or Redis lost its memory.
    pub(super) fn interrupted(&mut self) {
        self.connected_since = None;
    }

    /// Takes over which nodes greeted within [`LOST_AFTER`]. Returns the changes.
    pub(super) fn update(&mut self, greeted: &[NodeId], now: Instant) -> Vec<NodePresenceChange> {
        let since = *self.connected_since.get_or_insert(now);
        self.grace_ends.retain(|node, end| !greeted.contains(node) && now < *end + REMEMBERED_FOR);
        let returned = greeted.iter().copied().filter(|node| self.alive.insert(*node));
        let returned: Vec<_> = returned.map(NodePresenceChange::Returned).collect();
        // The cause of the interruption may affect other nodes too, which then need time to reconnect.
        let lost = self.alive.extract_if(|node| now >= since + LOST_AFTER && !greeted.contains(node));
        let lost: Vec<_> = lost.collect();
        self.grace_ends.extend(lost.iter().map(|node| (*node, now)));
        lost.into_iter().map(NodePresenceChange::Lost).chain(returned).collect()
    }

    /// The nodes that are alive.
    pub(super) fn alive(&self) -> Vec<NodeId> {
        self.alive.iter().copied().collect()
    }

    /// True if a node is alive, or may be.
    ///
    /// A new node counts as alive for a moment after the first question about it. All nodes do during an
    /// interruption, and for [`LOST_AFTER`] afterwards.
    pub(super) fn is_alive(&mut self, node: NodeId, now: Instant) -> bool {
        self.connected_since.is_none_or(|since| now < since + LOST_AFTER)
            || self.alive.contains(&node)
            || now < *self.grace_ends.entry(node).or_insert(now + LOST_AFTER)
    }
}
