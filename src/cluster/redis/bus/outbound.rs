//! What this node has for one other node: numbered, kept until it has arrived, bounded.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};

use super::message;
use crate::core::{
    model::ids::ParticipantId,
    ports::node_bus::{BusFull, NodeMessage},
};

/// The most that waits for one node of what people say to each other, in bytes: some fifty thousand candidates, which is
/// what two thousand rooms may have under way at once, three times over.
pub(super) const MOST: usize = 16 * 1024 * 1024;

/// The same, with what nodes say of people, which still gets through when those say too much.
pub(super) const MOST_WITH_NEWS: usize = 17 * 1024 * 1024;

/// The most that waits for one participant, in bytes.
pub(super) const MOST_FOR_ONE: usize = 512 * 1024;

/// How long a frame gets before the next one is begun, in bytes.
const FRAME: usize = 64 * 1024;

/// After how long without any progress the other node is asked what has arrived, and asked again.
const NO_PROGRESS: Duration = Duration::from_secs(1);

/// All that is not known to have arrived.
#[derive(Debug)]
pub(super) struct Outbound {
    generation: u64,
    /// Whether something was lost for good before this generation.
    after_loss: bool,
    /// Every message, the oldest first.
    waiting: VecDeque<Waiting>,
    /// The number of the oldest message, or of the next one.
    oldest: u64,
    /// All but what is in `open`.
    chunks: VecDeque<Chunk>,
    /// How many of the chunks are on their way.
    sent: usize,
    /// What no frame was made of yet.
    open: BytesMut,
    /// The number of the first message in `open`, or of the next one.
    open_first: u64,
    load: Load,
    /// Something may have been lost: when to ask what has arrived. Until that is known, nothing is sent.
    ask_at: Option<Instant>,
    /// When something arrived, or the first of what is on its way was sent.
    progress_at: Instant,
}

#[derive(Debug)]
struct Waiting {
    size: usize,
    recipient: Option<ParticipantId>,
}

/// Messages that are sent together.
#[derive(Debug)]
struct Chunk {
    first: u64,
    /// The number after its last message's.
    end: u64,
    messages: Bytes,
    was_sent: bool,
}

/// What to send.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) first: u64,
    pub(super) messages: Bytes,
    pub(super) count: u64,
    pub(super) asks: bool,
    /// It was sent before.
    pub(super) is_repeated: bool,
}

impl Outbound {
    pub(super) fn new(generation: u64, now: Instant) -> Self {
        Self {
            generation,
            after_loss: false,
            waiting: VecDeque::new(),
            oldest: 1,
            chunks: VecDeque::new(),
            sent: 0,
            open: BytesMut::new(),
            open_first: 1,
            load: Load::default(),
            ask_at: None,
            progress_at: now,
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn after_loss(&self) -> bool {
        self.after_loss
    }

    pub(super) fn oldest(&self) -> u64 {
        self.oldest
    }

    /// Takes a message, unless too much waits already.
    pub(super) fn push(&mut self, message: &NodeMessage, now: Instant) -> Result<(), BusFull> {
        let (recipient, about) = match message {
            NodeMessage::Deliver { to, event, .. } => (Some(to.participant), event.size()),
            // Whom they are for is not known by an id; what one says is bounded instead.
            NodeMessage::CrossRoomSignal(signal) | NodeMessage::Undeliverable(signal) => {
                (Some(signal.from.participant), signal.signal.payload.len())
            }
            NodeMessage::SignalBySession { from, payload, .. } => (Some(from.participant), payload.len()),
            _ => (None, 0),
        };
        if !self.load.has_room(recipient, about, &self.waiting) {
            return Err(BusFull);
        }
        self.append(recipient, |out| message::write(message, now, out));
        Ok(())
    }

    /// What to send next, if anything.
    pub(super) fn next(&mut self, now: Instant) -> Option<Outgoing> {
        if self.sent > 0 && self.progress_at + NO_PROGRESS <= now {
            self.doubt(now);
        }
        if let Some(ask_at) = self.ask_at {
            return (ask_at <= now).then(|| {
                self.ask_at = Some(now + NO_PROGRESS);
                Outgoing { asks: true, ..self.nothing() }
            });
        }
        if self.sent == self.chunks.len() {
            self.cut();
        }
        let chunk = self.chunks.get_mut(self.sent)?;
        if self.sent == 0 {
            self.progress_at = now;
        }
        self.sent += 1;
        let is_repeated = std::mem::replace(&mut chunk.was_sent, true);
        let (first, messages, count) = (chunk.first, chunk.messages.clone(), chunk.end - chunk.first);
        Some(Outgoing { first, messages, count, asks: false, is_repeated })
    }

    /// A frame without messages, behind all that were sent.
    pub(super) fn nothing(&self) -> Outgoing {
        Outgoing { first: self.open_first, messages: Bytes::new(), count: 0, asks: false, is_repeated: false }
    }

    /// When there is something to send, if nothing happens before.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        if self.ask_at.is_some() {
            return self.ask_at;
        }
        if self.sent < self.chunks.len() || !self.open.is_empty() {
            return Some(now);
        }
        (self.sent > 0).then(|| self.progress_at + NO_PROGRESS)
    }

    /// Takes note of what the other node has: everything up to `ack` of `generation`. If it `says` so because it was
    /// asked or misses something, everything behind that is sent again.
    pub(super) fn acknowledged(&mut self, generation: u64, ack: u64, says: bool, now: Instant) {
        if generation != self.generation || ack >= self.open_first {
            return;
        }
        if ack >= self.oldest {
            self.progress_at = now;
        }
        while self.oldest <= ack {
            self.oldest += 1;
            if let Some(arrived) = self.waiting.pop_front() {
                self.load.remove(&arrived);
            }
        }
        while self.chunks.front().is_some_and(|chunk| chunk.end <= self.oldest) {
            self.chunks.pop_front();
            self.sent = self.sent.saturating_sub(1);
        }
        if says {
            self.sent = 0;
            self.ask_at = None;
        }
    }

    /// Takes note that what was sent may have been lost on its way.
    pub(super) fn doubt(&mut self, now: Instant) {
        if self.chunks.front().is_some_and(|chunk| chunk.was_sent) {
            self.sent = 0;
            self.ask_at = Some(now);
        }
    }

    /// Gives up everything, and begins anew. Returns how many messages are lost. The other node gets to know of that
    /// as soon as anything reaches it.
    pub(super) fn lose(&mut self, generation: u64, now: Instant) -> usize {
        let lost = self.waiting.len();
        *self = Self { after_loss: true, ..Self::new(generation, now) };
        self.append(None, message::write_nothing);
        lost
    }

    /// Whether all messages before `number` have arrived, or are lost.
    pub(super) fn is_past(&self, generation: u64, number: u64) -> bool {
        self.generation != generation || self.oldest >= number
    }

    /// The number of the next message.
    pub(super) fn next_number(&self) -> u64 {
        self.oldest + self.waiting.len() as u64
    }

    /// Whether there is anything that somebody could miss.
    pub(super) fn has_something(&self) -> bool {
        let says_loss_only = self.after_loss && self.oldest == 1 && self.waiting.len() == 1;
        !self.waiting.is_empty() && !says_loss_only
    }

    fn append(&mut self, recipient: Option<ParticipantId>, write: impl FnOnce(&mut BytesMut)) {
        let start = self.open.len();
        write(&mut self.open);
        let waiting = Waiting { size: self.open.len() - start, recipient };
        self.load.add(&waiting);
        self.waiting.push_back(waiting);
        if self.open.len() >= FRAME {
            self.cut();
        }
    }

    /// Makes a chunk of what is open.
    fn cut(&mut self) {
        let (first, end) = (self.open_first, self.next_number());
        if first < end {
            self.open_first = end;
            self.chunks.push_back(Chunk {
                first,
                end,
                messages: self.open.split().freeze(),
                was_sent: false,
            });
        }
    }
}

/// How much waits, in bytes.
#[derive(Debug, Default)]
struct Load {
    all: usize,
    /// Counted only while so much waits that it could be too much for one.
    by_recipient: Option<HashMap<ParticipantId, usize>>,
}

impl Load {
    /// Whether about `more` bytes may wait besides what is `waiting`.
    fn has_room(
        &mut self,
        recipient: Option<ParticipantId>,
        more: usize,
        waiting: &VecDeque<Waiting>,
    ) -> bool {
        let Some(recipient) = recipient else { return self.all + more <= MOST_WITH_NEWS };
        if self.all + more <= MOST_FOR_ONE {
            return true;
        }
        let theirs = self.by_recipient.get_or_insert_with(|| count(waiting)).get(&recipient);
        self.all + more <= MOST && theirs.copied().unwrap_or_default() + more <= MOST_FOR_ONE
    }

    fn add(&mut self, Waiting { size, recipient }: &Waiting) {
        self.all += size;
        if let (Some(counted), Some(recipient)) = (&mut self.by_recipient, recipient) {
            *counted.entry(*recipient).or_default() += size;
        }
    }

    fn remove(&mut self, Waiting { size, recipient }: &Waiting) {
        self.all -= size;
        if self.all <= MOST_FOR_ONE / 2 {
            self.by_recipient = None;
        }
        if let (Some(counted), Some(recipient)) = (&mut self.by_recipient, recipient)
            && let Some(theirs) = counted.get_mut(recipient)
        {
            *theirs -= size;
            if *theirs == 0 {
                counted.remove(recipient);
            }
        }
    }
}

fn count(waiting: &VecDeque<Waiting>) -> HashMap<ParticipantId, usize> {
    let mut counted = HashMap::new();
    for Waiting { size, recipient } in waiting {
        if let Some(recipient) = recipient {
            *counted.entry(*recipient).or_default() += size;
        }
    }
    counted
}
