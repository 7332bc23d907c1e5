//! Which nodes are there, as far as this one can tell. Synchronous, and told what time it is.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use crate::core::model::ids::NodeId;

/// How long nothing is heard of a node until it counts as gone.
pub(in super::super) const GONE_AFTER: Duration = Duration::from_secs(3);

/// How long it is known that a node is gone.
const GONE_FOR: Duration = Duration::from_hours(1);

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    NodeLost(NodeId),
    NodeReturned(NodeId),
}

/// The other nodes.
#[derive(Debug, Default)]
pub(super) struct Presence {
    alive: HashSet<NodeId>,
    /// Until when others count as alive of whom nothing is heard: a new one may hold seats before it is heard of.
    unheard: HashMap<NodeId, Instant>,
    /// Since when this node hears of the others without a break; `None` while it does not.
    hears_since: Option<Instant>,
}

impl Presence {
    /// Takes note that this node does not hear of the others, or that Redis was told of them anew.
    pub(super) fn interrupted(&mut self) {
        self.hears_since = None;
    }

    /// Takes note of who was heard of within [`GONE_AFTER`]. Returns what is news.
    pub(super) fn heard(&mut self, of: &[NodeId], now: Instant) -> Vec<News> {
        let since = *self.hears_since.get_or_insert(now);
        self.unheard.retain(|node, until| !of.contains(node) && now < *until + GONE_FOR);
        let back = of.iter().copied().filter(|node| self.alive.insert(*node));
        let back: Vec<_> = back.map(News::NodeReturned).collect();
        // What interrupted this node may have interrupted others, who are not back yet.
        let gone = self.alive.extract_if(|node| now >= since + GONE_AFTER && !of.contains(node));
        let gone: Vec<_> = gone.collect();
        self.unheard.extend(gone.iter().map(|node| (*node, now)));
        gone.into_iter().map(News::NodeLost).chain(back).collect()
    }

    /// Who was heard of lately.
    pub(super) fn alive(&self) -> Vec<NodeId> {
        self.alive.iter().copied().collect()
    }

    /// Whether a node was heard of lately, or is asked about for the first time lately; everybody was heard of, as long as
    /// that is not known.
    pub(super) fn is_alive(&mut self, node: NodeId, now: Instant) -> bool {
        self.hears_since.is_none_or(|since| now < since + GONE_AFTER)
            || self.alive.contains(&node)
            || now < *self.unheard.entry(node).or_insert(now + GONE_AFTER)
    }
}
