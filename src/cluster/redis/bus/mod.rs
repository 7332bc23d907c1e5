//! What nodes tell each other, over Redis' Pub/Sub, which loses things, with links on it that do not.
//!
//! - `link`: what this node has for another one and has from it, with `outbound` and `inbound` for the two ways.
//! - `envelope`, `message`, `event`, `fields`: the format.
//! - `channel`: the connection for all this; what waits goes out together while the last is on its way.
//! - `presence`: which nodes are there.
//! - `counters`: what is counted.
//!
//! Every node has a Redis channel of its own, `PREFIXnode:ID`. A message is written into its link's buffer when it is
//! sent, and stays there until the other node has said that it has it.

mod channel;
mod counters;
mod envelope;
mod event;
mod fields;
mod inbound;
mod link;
mod message;
mod outbound;
mod presence;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock, Weak},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::{sync::Notify, time::sleep};

pub(super) use self::{channel::Channel, presence::GONE_AFTER};
use self::{
    counters::Counters,
    inbound::Taken,
    link::{Frame, Links},
    presence::{News, Presence},
};
use crate::core::{
    delivery::write_batch,
    model::{ids::NodeId, lock::lock},
    ports::{
        clock::Clock,
        node_bus::{BusFull, NodeBus, NodeListener, NodeMessage},
    },
};

/// How long the writing task sleeps if nothing is due.
const LONG: Duration = Duration::from_mins(1);

/// The links of this node, and whom they are for.
pub(super) struct RedisNodeBus {
    this: NodeId,
    clock: Arc<dyn Clock>,
    /// What the names of all channels begin with.
    prefix: String,
    desk: Mutex<Desk>,
    /// Wakes the writing task.
    wake: Notify,
    presence: Mutex<Presence>,
    recipient: OnceLock<Weak<dyn NodeListener>>,
    /// Tells whoever waits for messages to arrive that it may be worth looking.
    arrivals: Notify,
    /// This one.
    itself: Weak<Self>,
    /// Held while the recipient is told something: what comes on a new connection waits for what came on the former.
    telling: Mutex<()>,
    counters: Counters,
}

/// What whoever sends, the reader and the writing task share.
struct Desk {
    links: Links,
    /// When the writing task looks by itself; `None` while it is about to look anyway.
    looks_at: Option<Instant>,
}

impl RedisNodeBus {
    pub(super) fn new(this: NodeId, clock: Arc<dyn Clock>, prefix: &str) -> Arc<Self> {
        Arc::new_cyclic(|itself| Self {
            this,
            clock,
            prefix: format!("{prefix}node:"),
            desk: Mutex::new(Desk { links: Links::new(this), looks_at: None }),
            wake: Notify::new(),
            presence: Mutex::default(),
            recipient: OnceLock::new(),
            arrivals: Notify::new(),
            itself: itself.clone(),
            telling: Mutex::default(),
            counters: Counters::new(),
        })
    }

    /// Says whom messages are for; once. Before that, none are taken.
    pub(super) fn serve(&self, recipient: Weak<dyn NodeListener>) {
        let is_first = self.recipient.set(recipient).is_ok();
        debug_assert!(is_first, "there is one core in a process");
    }

    /// Takes note that this node does not hear of the others, or that Redis was told of them anew.
    pub(super) fn interrupted(&self) {
        lock(&self.presence).interrupted();
    }

    /// Takes note of who was heard of within [`GONE_AFTER`].
    pub(super) fn heard(&self, of: &[NodeId]) {
        let Some(recipient) = self.recipient() else { return };
        let now = self.clock.now();
        let _telling = lock(&self.telling);
        let news = lock(&self.presence).heard(of, now);
        for news in news {
            match news {
                News::NodeLost(node) => recipient.node_lost(node),
                News::NodeReturned(node) => recipient.node_returned(node),
            }
        }
        let given_up = self.change(|links| {
            let mut presence = lock(&self.presence);
            links.heard(|node| presence.is_alive(node, now), now)
        });
        self.counters.given_up.increment(given_up as u64);
    }

    /// Takes a frame from another node. What is sent to clients because of it is sent at its end.
    fn take(&self, frame: Bytes) {
        write_batch::gather(|| self.open(frame));
    }

    fn open(&self, frame: Bytes) {
        let Some(recipient) = self.recipient() else { return };
        let Some((head, messages)) = envelope::open(frame) else {
            self.counters.unreadable.increment(1);
            return;
        };
        let now = self.clock.now();
        let _telling = lock(&self.telling);
        let Taken { torn, skip } = self.change(|links| links.take(&head, messages.total(), now));
        if torn {
            recipient.messages_lost(head.from);
        }
        for (kind, body) in messages.skip(usize::try_from(skip).unwrap_or(usize::MAX)) {
            match message::read(kind, body, now) {
                Some(message) => recipient.receive(head.from, message),
                None if kind == message::NOTHING => {}
                None => self.counters.unreadable.increment(1),
            }
        }
    }

    /// Changes links, and wakes the writing task if there is something to do sooner than it knows.
    fn change<T>(&self, change: impl FnOnce(&mut Links) -> T) -> T {
        let mut desk = lock(&self.desk);
        let outcome = change(&mut desk.links);
        if let Some(looks_at) = desk.looks_at
            && desk.links.due(self.clock.now()).is_some_and(|due| due < looks_at)
        {
            desk.looks_at = None;
            self.wake.notify_one();
        }
        drop(desk);
        self.arrivals.notify_waiters();
        outcome
    }

    /// Waits until what waits now for nodes that are there has arrived.
    async fn flush(&self) {
        let marks = lock(&self.desk).links.marks();
        loop {
            let arrival = self.arrivals.notified();
            if lock(&self.desk).links.are_past(&marks) {
                return;
            }
            arrival.await;
        }
    }

    /// What is to be published now; waits until there is something.
    async fn frames(&self) -> Vec<(NodeId, Frame)> {
        loop {
            let (frames, pause) = self.look();
            if !frames.is_empty() {
                return frames;
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// What is to be published now; and when to look again, if there is nothing.
    fn look(&self) -> (Vec<(NodeId, Frame)>, Duration) {
        let now = self.clock.now();
        let mut desk = lock(&self.desk);
        let frames = desk.links.frames(now);
        let looks_at = desk.links.due(now).map_or(now + LONG, |due| due.min(now + LONG));
        desk.looks_at = frames.is_empty().then_some(looks_at);
        (frames, looks_at.saturating_duration_since(now))
    }

    fn recipient(&self) -> Option<Arc<dyn NodeListener>> {
        self.recipient.get().and_then(Weak::upgrade)
    }

    fn channel_of(&self, node: NodeId) -> String {
        format!("{}{node}", self.prefix)
    }
}

impl NodeBus for RedisNodeBus {
    fn send(&self, to: NodeId, message: NodeMessage) -> Result<(), BusFull> {
        let now = self.clock.now();
        let mut desk = lock(&self.desk);
        let taken = desk.links.push(to, &message, now);
        let wakes = taken.is_ok() && desk.looks_at.take().is_some();
        drop(desk);
        if wakes {
            self.wake.notify_one();
        }
        if taken.is_err() {
            self.counters.refused.increment(1);
        }
        taken
    }

    fn is_alive(&self, node: NodeId) -> bool {
        lock(&self.presence).is_alive(node, self.clock.now())
    }

    fn alive(&self) -> Vec<NodeId> {
        lock(&self.presence).alive()
    }

    fn flushed(&self) -> BoxFuture<'static, ()> {
        let bus = self.itself.upgrade();
        Box::pin(async move {
            if let Some(bus) = bus {
                bus.flush().await;
            }
        })
    }
}

/// Shows nothing of what it carries.
impl fmt::Debug for RedisNodeBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisNodeBus").field("this", &self.this).finish_non_exhaustive()
    }
}
