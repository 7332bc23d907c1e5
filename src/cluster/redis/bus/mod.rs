//! The node bus over the Pub/Sub of Redis, which may lose messages; node links detect the loss and send
//! again.
//!
//! - `node_link`: numbering and retransmission towards one other node, with `outbound` and `inbound` for the
//!   directions.
//! - `frame`, `message`, `event`, `fields`: the binary format.
//! - `channel`: the Redis connection of the bus; frames that queue up during one write are published
//!   together.
//! - `presence`: which nodes are alive.
//! - `counters`: metrics.
//!
//! Every node subscribes to a Redis channel of its own, `PREFIXnode:ID`. A message is encoded into the buffer
//! of its link when it is sent, and stays there until the other node acknowledges it.

mod channel;
mod counters;
mod event;
mod fields;
mod frame;
mod inbound;
mod message;
mod node_link;
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

pub(super) use self::{channel::Channel, presence::LOST_AFTER};
use self::{
    counters::BusCounters,
    inbound::Accepted,
    node_link::{Frame, NodeLinks},
    presence::{NodePresence, NodePresenceChange},
};
use crate::core::{
    delivery::write_batch,
    model::{ids::NodeId, lock::lock},
    ports::{
        clock::Clock,
        node_bus::{BusFull, NodeBus, NodeListener, NodeMessage},
    },
};

/// Longest sleep of the publishing task.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// The node bus of one node.
pub(super) struct RedisNodeBus {
    this: NodeId,
    clock: Arc<dyn Clock>,
    /// Prefix of the channel names.
    prefix: String,
    sending: Mutex<Sending>,
    /// Wakes the publishing task.
    wake: Notify,
    presence: Mutex<NodePresence>,
    listener: OnceLock<Weak<dyn NodeListener>>,
    /// Wakes the callers of [`flush`](Self::flush) whenever messages may have been acknowledged.
    acknowledged: Notify,
    me: Weak<Self>,
    /// Held while the listener is called, so that frames of a new connection come after those of the former
    /// one.
    listening: Mutex<()>,
    counters: BusCounters,
}

/// State shared by senders, the reading task and the publishing task.
struct Sending {
    links: NodeLinks,
    /// When the publishing task wakes by itself; `None` while it is awake or has been woken.
    wakes_at: Option<Instant>,
}

impl RedisNodeBus {
    pub(super) fn new(this: NodeId, clock: Arc<dyn Clock>, prefix: &str) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            this,
            clock,
            prefix: format!("{prefix}node:"),
            sending: Mutex::new(Sending { links: NodeLinks::new(this), wakes_at: None }),
            wake: Notify::new(),
            presence: Mutex::default(),
            listener: OnceLock::new(),
            acknowledged: Notify::new(),
            me: me.clone(),
            listening: Mutex::default(),
            counters: BusCounters::new(),
        })
    }

    /// Sets the listener, once. Frames that arrive earlier are dropped without an acknowledgment.
    pub(super) fn serve(&self, listener: Weak<dyn NodeListener>) {
        let is_first = self.listener.set(listener).is_ok();
        debug_assert!(is_first, "there is one core in a process");
    }

    /// Records that greetings of the others are unknown: the connection is lost, or Redis lost its memory.
    pub(super) fn interrupted(&self) {
        lock(&self.presence).interrupted();
    }

    /// Takes over which nodes greeted within [`LOST_AFTER`], and discards the messages for nodes that are
    /// long gone.
    pub(super) fn update_presence(&self, greeted: &[NodeId]) {
        let Some(listener) = self.listener() else { return };
        let now = self.clock.now();
        let _listening = lock(&self.listening);
        let changes = lock(&self.presence).update(greeted, now);
        for change in changes {
            match change {
                NodePresenceChange::Lost(node) => listener.node_lost(node),
                NodePresenceChange::Returned(node) => listener.node_returned(node),
            }
        }
        let discarded = self.with_links(|links| {
            let mut presence = lock(&self.presence);
            links.update_liveness(|node| presence.is_alive(node, now), now)
        });
        self.counters.discarded.increment(discarded as u64);
    }

    /// Handles a frame of another node. Coalesces the writes to clients that it causes.
    fn receive(&self, frame: Bytes) {
        write_batch::gather(|| self.read(frame));
    }

    fn read(&self, frame: Bytes) {
        let Some(listener) = self.listener() else { return };
        let Some((head, messages)) = frame::read(frame) else {
            self.counters.unreadable.increment(1);
            return;
        };
        let now = self.clock.now();
        let _listening = lock(&self.listening);
        let Accepted { messages_lost, skip } =
            self.with_links(|links| links.receive(&head, messages.total(), now));
        if messages_lost {
            listener.messages_lost(head.from);
        }
        for (kind, body) in messages.skip(usize::try_from(skip).unwrap_or(usize::MAX)) {
            match message::read(kind, body, now) {
                Some(message) => listener.receive(head.from, message),
                None if kind == message::NOTHING => {}
                None => self.counters.unreadable.increment(1),
            }
        }
    }

    /// Changes the links, and wakes the publishing task if something is due before it wakes by itself.
    fn with_links<T>(&self, change: impl FnOnce(&mut NodeLinks) -> T) -> T {
        let mut sending = lock(&self.sending);
        let outcome = change(&mut sending.links);
        if let Some(wakes_at) = sending.wakes_at
            && sending.links.due(self.clock.now()).is_some_and(|due| due < wakes_at)
        {
            sending.wakes_at = None;
            self.wake.notify_one();
        }
        drop(sending);
        self.acknowledged.notify_waiters();
        outcome
    }

    /// Waits until the nodes that are alive have acknowledged all messages.
    async fn flush(&self) {
        loop {
            let acknowledged = self.acknowledged.notified();
            if lock(&self.sending).links.are_flushed() {
                return;
            }
            acknowledged.await;
        }
    }

    /// Waits until frames are due, and returns them.
    async fn frames(&self) -> Vec<(NodeId, Frame)> {
        loop {
            let (frames, pause) = self.due_frames();
            if !frames.is_empty() {
                return frames;
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// The frames that are due; without any, how long to sleep.
    fn due_frames(&self) -> (Vec<(NodeId, Frame)>, Duration) {
        let now = self.clock.now();
        let mut sending = lock(&self.sending);
        let frames = sending.links.frames(now);
        let latest = now + LONGEST_SLEEP;
        let wakes_at = sending.links.due(now).map_or(latest, |due| due.min(latest));
        sending.wakes_at = frames.is_empty().then_some(wakes_at);
        (frames, wakes_at.saturating_duration_since(now))
    }

    fn listener(&self) -> Option<Arc<dyn NodeListener>> {
        self.listener.get().and_then(Weak::upgrade)
    }

    fn channel_of(&self, node: NodeId) -> String {
        format!("{}{node}", self.prefix)
    }
}

impl NodeBus for RedisNodeBus {
    fn send(&self, to: NodeId, message: NodeMessage) -> Result<(), BusFull> {
        let now = self.clock.now();
        let mut sending = lock(&self.sending);
        let outcome = sending.links.push(to, &message, now);
        let wakes = outcome.is_ok() && sending.wakes_at.take().is_some();
        drop(sending);
        if wakes {
            self.wake.notify_one();
        }
        if outcome.is_err() {
            self.counters.refused.increment(1);
        }
        outcome
    }

    fn is_alive(&self, node: NodeId) -> bool {
        lock(&self.presence).is_alive(node, self.clock.now())
    }

    fn alive(&self) -> Vec<NodeId> {
        lock(&self.presence).alive()
    }

    fn flushed(&self) -> BoxFuture<'static, ()> {
        let bus = self.me.upgrade();
        Box::pin(async move {
            if let Some(bus) = bus {
                bus.flush().await;
            }
        })
    }
}

/// Redacted: messages contain personal data.
impl fmt::Debug for RedisNodeBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisNodeBus").field("this", &self.this).finish_non_exhaustive()
    }
}
