//! Node links: reliable, ordered messages between this node and each other node. Synchronous; takes the time
//! as an argument.
//!
//! The Pub/Sub of Redis may lose frames. Messages are numbered, and stay in a buffer until the other node
//! acknowledges them; every frame carries the acknowledgment of the opposite direction. A receiver that finds
//! a gap asks for everything after the last message it received. A sender without progress, or with a new
//! connection, asks for an acknowledgment first, so that it repeats only missing messages.
//!
//! A lost node gets no frames. After [`DISCARD_AFTER`] its messages are discarded, and the numbering restarts
//! under the next *generation*: from that, the other node learns that messages are lost.

use std::{
    collections::{HashMap, hash_map::Entry},
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{
    frame::{HEAD, Head},
    inbound::{Accepted, Inbound},
    outbound::{Batch, Outbound},
};
use crate::core::{
    model::ids::NodeId,
    ports::node_bus::{BusFull, NodeMessage},
};

/// How long messages for a lost node are buffered.
pub(super) const DISCARD_AFTER: Duration = Duration::from_mins(1);

/// How long the link to a lost node is remembered: longer than that node would remember this one.
const FORGET_AFTER: Duration = Duration::from_hours(2);

/// Number of frames after which a pass over all links is the last one of a write.
const FRAMES_AT_ONCE: usize = 16;

/// A frame to publish for one node.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) head: [u8; HEAD],
    pub(super) messages: Bytes,
    /// Number of messages.
    pub(super) count: u64,
    /// The messages were published before.
    pub(super) is_repeated: bool,
}

/// The link between this node and one other.
#[derive(Debug)]
struct NodeLink {
    outbound: Outbound,
    inbound: Inbound,
    /// Since when the other node is lost.
    lost_since: Option<Instant>,
}

impl NodeLink {
    /// The next frame for the other node, if one is due.
    fn frame(&mut self, from: NodeId, now: Instant) -> Option<Frame> {
        let batch = if self.lost_since.is_some() { None } else { self.outbound.next(now) };
        if batch.is_none() && self.inbound.ack_at().is_none_or(|at| at > now) {
            return None;
        }
        let Batch { first, messages, count, wants_ack, is_repeated } =
            batch.unwrap_or_else(|| self.outbound.empty());
        let ack = self.inbound.take_ack();
        let head = Head {
            from,
            wants_ack,
            resend: ack.resend,
            after_loss: self.outbound.after_loss(),
            generation: self.outbound.generation(),
            first,
            oldest: self.outbound.oldest(),
            ack_generation: ack.generation,
            ack: ack.last,
        };
        Some(Frame { head: head.to_bytes(), messages, count, is_repeated })
    }

    fn due(&self, now: Instant) -> Option<Instant> {
        let outbound = if self.lost_since.is_some() { None } else { self.outbound.due(now) };
        [outbound, self.inbound.ack_at()].into_iter().flatten().min()
    }

    fn set_alive(&mut self, is_alive: bool, now: Instant) {
        match (is_alive, self.lost_since) {
            (false, None) => self.lost_since = Some(now),
            (true, Some(_)) => {
                self.lost_since = None;
                self.outbound.suspect_loss(now);
            }
            _ => {}
        }
    }

    fn is_lost_for(&self, duration: Duration, now: Instant) -> bool {
        self.lost_since.is_some_and(|since| since + duration <= now)
    }
}

/// The links of one node.
#[derive(Debug)]
pub(super) struct NodeLinks {
    this: NodeId,
    by_node: HashMap<NodeId, NodeLink>,
    /// The last generation of any link.
    generation: u64,
}

impl NodeLinks {
    pub(super) fn new(this: NodeId) -> Self {
        Self { this, by_node: HashMap::new(), generation: 0 }
    }

    /// Queues a message for a node.
    ///
    /// # Errors
    /// [`BusFull`]: too much is queued already.
    pub(super) fn push(&mut self, to: NodeId, message: &NodeMessage, now: Instant) -> Result<(), BusFull> {
        self.link(to, now).outbound.push(message, now)
    }

    /// Takes the frames that are due, each with its node; those of one node in order.
    pub(super) fn frames(&mut self, now: Instant) -> Vec<(NodeId, Frame)> {
        let mut frames = Vec::new();
        loop {
            let before = frames.len();
            for (node, link) in &mut self.by_node {
                frames.extend(link.frame(self.this, now).map(|frame| (*node, frame)));
            }
            if frames.len() == before || frames.len() >= FRAMES_AT_ONCE {
                return frames;
            }
        }
    }

    /// True if no message waits for a node that is not lost.
    pub(super) fn are_flushed(&self) -> bool {
        self.by_node.values().all(|link| link.lost_since.is_some() || link.outbound.is_empty())
    }

    /// When the next frame is due, if nothing changes before.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        self.by_node.values().filter_map(|link| link.due(now)).min()
    }

    /// Handles the head of a frame with `count` messages.
    pub(super) fn receive(&mut self, head: &Head, count: u64, now: Instant) -> Accepted {
        let link = self.link(head.from, now);
        link.outbound.acknowledge(head.ack_generation, head.ack, head.resend, now);
        link.inbound.receive(head, count, now)
    }

    /// Handles a new connection: frames of the former one may be lost in both directions.
    pub(super) fn reconnected(&mut self, now: Instant) {
        for link in self.by_node.values_mut() {
            link.outbound.suspect_loss(now);
            link.inbound.request_resend(now);
        }
    }

    /// Takes over which nodes are alive. Returns how many messages were discarded.
    pub(super) fn update_liveness(
        &mut self,
        mut is_alive: impl FnMut(NodeId) -> bool,
        now: Instant,
    ) -> usize {
        let mut discarded = 0;
        for (node, link) in &mut self.by_node {
            link.set_alive(is_alive(*node), now);
            if link.outbound.has_messages() && link.is_lost_for(DISCARD_AFTER, now) {
                self.generation += 1;
                discarded += link.outbound.discard(self.generation, now);
            }
        }
        self.by_node.retain(|_, link| !link.is_lost_for(FORGET_AFTER, now));
        discarded
    }

    fn link(&mut self, node: NodeId, now: Instant) -> &mut NodeLink {
        match self.by_node.entry(node) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                self.generation += 1;
                let outbound = Outbound::new(self.generation, now);
                unknown.insert(NodeLink { outbound, inbound: Inbound::default(), lost_since: None })
            }
        }
    }
}
