//! Links: what this node has for each other node, and has from it. Synchronous, and told what time it is.
//!
//! Redis' Pub/Sub may lose what is published; a link does not, or says so. Every message has a number, and is kept until
//! the other node has said that it has arrived; every frame says how far the messages of the other node have. Whoever
//! misses something says so at once, and gets all that follows again. Whoever hears of no progress, or has a new
//! connection, asks first: only what is missing is sent twice.
//!
//! A node that is gone gets nothing, and what waits for it is given up after [`GIVEN_UP_AFTER`]. Then numbers begin
//! anew, under the next *generation*, by which the other node knows that something is lost.

use std::{
    collections::{HashMap, hash_map::Entry},
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{
    envelope::{HEAD, Head},
    inbound::{Inbound, Taken},
    outbound::{Outbound, Outgoing},
};
use crate::core::{
    model::ids::NodeId,
    ports::node_bus::{BusFull, NodeMessage},
};

/// How long what waits for a node that is gone is kept.
pub(super) const GIVEN_UP_AFTER: Duration = Duration::from_mins(1);

/// How long a node that is gone, and has nothing waiting, is remembered: longer than it would remember this one.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(2);

/// How many frames go to Redis at once, if not to more nodes than that.
const FRAMES_AT_ONCE: usize = 16;

/// What is to be published for a node.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) head: [u8; HEAD],
    pub(super) messages: Bytes,
    pub(super) count: u64,
    /// Its messages were sent before.
    pub(super) is_repeated: bool,
}

/// Between this node and one other.
#[derive(Debug)]
struct Link {
    outbound: Outbound,
    inbound: Inbound,
    /// Since when the other node is not heard of.
    away_since: Option<Instant>,
}

impl Link {
    /// The next frame for the other node, if it is to get one now.
    fn frame(&mut self, from: NodeId, now: Instant) -> Option<Frame> {
        let is_away = self.away_since.is_some();
        let outgoing = if is_away { None } else { self.outbound.next(now) };
        if outgoing.is_none() && self.inbound.tell_at().is_none_or(|at| at > now) {
            return None;
        }
        let Outgoing { first, messages, count, asks, is_repeated } =
            outgoing.unwrap_or_else(|| self.outbound.nothing());
        let told = self.inbound.tell();
        let head = Head {
            from,
            asks,
            says: told.says,
            after_loss: self.outbound.after_loss(),
            generation: self.outbound.generation(),
            first,
            oldest: self.outbound.oldest(),
            ack_generation: told.generation,
            ack: told.ack,
        };
        Some(Frame { head: head.to_bytes(), messages, count, is_repeated })
    }

    fn due(&self, now: Instant) -> Option<Instant> {
        let outbound = if self.away_since.is_some() { None } else { self.outbound.due(now) };
        [outbound, self.inbound.tell_at()].into_iter().flatten().min()
    }

    fn heard(&mut self, is_alive: bool, now: Instant) {
        match (is_alive, self.away_since) {
            (false, None) => self.away_since = Some(now),
            (true, Some(_)) => {
                self.away_since = None;
                self.outbound.doubt(now);
            }
            _ => {}
        }
    }

    fn is_away_for(&self, long: Duration, now: Instant) -> bool {
        self.away_since.is_some_and(|since| since + long <= now)
    }
}

/// Where a link was at some moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    node: NodeId,
    generation: u64,
    next: u64,
}

/// The links of one node.
#[derive(Debug)]
pub(super) struct Links {
    this: NodeId,
    by_node: HashMap<NodeId, Link>,
    /// The last generation of any link.
    generation: u64,
}

impl Links {
    pub(super) fn new(this: NodeId) -> Self {
        Self { this, by_node: HashMap::new(), generation: 0 }
    }

    /// Takes a message for a node, unless too much waits for it.
    pub(super) fn push(&mut self, to: NodeId, message: &NodeMessage, now: Instant) -> Result<(), BusFull> {
        self.with(to, now).outbound.push(message, now)
    }

    /// What is to be sent now, each for its node and in order; the others have to wait for these.
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

    /// How far it is until all that waits for nodes that are there has arrived.
    pub(super) fn marks(&self) -> Vec<Mark> {
        let there = self.by_node.iter().filter(|(_, link)| link.away_since.is_none());
        let mark = |(node, link): (&NodeId, &Link)| Mark {
            node: *node,
            generation: link.outbound.generation(),
            next: link.outbound.next_number(),
        };
        there.map(mark).collect()
    }

    /// Whether what waited then has arrived, or is for nodes that are gone.
    pub(super) fn are_past(&self, marks: &[Mark]) -> bool {
        marks.iter().all(|mark| {
            let link = self.by_node.get(&mark.node).filter(|link| link.away_since.is_none());
            link.is_none_or(|link| link.outbound.is_past(mark.generation, mark.next))
        })
    }

    /// When there is something to send, if nothing happens before.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        self.by_node.values().filter_map(|link| link.due(now)).min()
    }

    /// Takes note of a frame with `count` messages.
    pub(super) fn take(&mut self, head: &Head, count: u64, now: Instant) -> Taken {
        let link = self.with(head.from, now);
        link.outbound.acknowledged(head.ack_generation, head.ack, head.says, now);
        link.inbound.take(head, count, now)
    }

    /// Takes note that there is a new connection: what was on its way may be lost.
    pub(super) fn reconnected(&mut self, now: Instant) {
        for link in self.by_node.values_mut() {
            link.outbound.doubt(now);
            link.inbound.tell_again(now);
        }
    }

    /// Takes note of which nodes are heard of. Returns how many messages were given up.
    pub(super) fn heard(&mut self, mut is_alive: impl FnMut(NodeId) -> bool, now: Instant) -> usize {
        let mut given_up = 0;
        for (node, link) in &mut self.by_node {
            link.heard(is_alive(*node), now);
            if link.outbound.has_something() && link.is_away_for(GIVEN_UP_AFTER, now) {
                self.generation += 1;
                given_up += link.outbound.lose(self.generation, now);
            }
        }
        self.by_node.retain(|_, link| !link.is_away_for(FORGOTTEN_AFTER, now));
        given_up
    }

    fn with(&mut self, node: NodeId, now: Instant) -> &mut Link {
        match self.by_node.entry(node) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                self.generation += 1;
                let outbound = Outbound::new(self.generation, now);
                unknown.insert(Link { outbound, inbound: Inbound::default(), away_since: None })
            }
        }
    }
}
