//! The sending direction of a node link: numbered messages, buffered until they are acknowledged, within
//! limits.

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

/// Limit for signals, chats and everything else queued for one node, in bytes.
///
/// Some fifty thousand candidates: three times what two thousand rooms may have under way at once.
pub(super) const MAX_QUEUED: usize = 16 * 1024 * 1024;

/// Limit including the messages about seats, which still get through when participants send too much.
pub(super) const MAX_QUEUED_WITH_SEATS: usize = 17 * 1024 * 1024;

/// Limit for one participant's messages, in bytes.
pub(super) const MAX_PER_PARTICIPANT: usize = 512 * 1024;

/// A frame of this size is closed, in bytes.
const FRAME: usize = 64 * 1024;

/// Time without progress until this node asks for an acknowledgment, and until it asks again.
const NO_PROGRESS: Duration = Duration::from_secs(1);

/// Messages for one other node that it has not acknowledged.
#[derive(Debug)]
pub(super) struct Outbound {
    generation: u64,
    /// Messages were discarded before this generation.
    after_loss: bool,
    /// Size and owner of every message, oldest first.
    queued: VecDeque<Queued>,
    /// The number of the oldest message; of the next one if there is none.
    oldest: u64,
    /// All messages except those in `open`.
    chunks: VecDeque<Chunk>,
    /// How many chunks are published and not acknowledged.
    sent: usize,
    /// Messages that are not in a chunk yet.
    open: BytesMut,
    /// The number of the first message in `open`; of the next one if there is none.
    open_first: u64,
    load: Load,
    /// Set if frames may be lost: when to ask for an acknowledgment. Nothing else is sent before the reply.
    ask_at: Option<Instant>,
    /// When the last message was acknowledged, or the oldest chunk was published.
    progress_at: Instant,
}

#[derive(Debug)]
struct Queued {
    size: usize,
    owner: Option<ParticipantId>,
}

/// Messages that are published together.
#[derive(Debug)]
struct Chunk {
    first: u64,
    /// One more than the number of its last message.
    end: u64,
    messages: Bytes,
    was_sent: bool,
}

/// Content of the next frame.
#[derive(Debug)]
pub(super) struct Batch {
    /// The number of the first message; of the next one if there is none.
    pub(super) first: u64,
    pub(super) messages: Bytes,
    /// Number of messages.
    pub(super) count: u64,
    /// The other node is asked for an acknowledgment.
    pub(super) wants_ack: bool,
    /// The messages were published before.
    pub(super) is_repeated: bool,
}

impl Outbound {
    pub(super) fn new(generation: u64, now: Instant) -> Self {
        Self {
            generation,
            after_loss: false,
            queued: VecDeque::new(),
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

    /// Queues a message. Its size counts towards the limit of the participant that it belongs to.
    ///
    /// # Errors
    /// [`BusFull`]: the message would exceed a limit.
    pub(super) fn push(&mut self, message: &NodeMessage, now: Instant) -> Result<(), BusFull> {
        let (owner, size) = match message {
            NodeMessage::Deliver { to, event, .. } => (Some(to.participant), event.size()),
            // The recipient's id is unknown here: the message belongs to its sender.
            NodeMessage::CrossRoomSignal { signal, .. } => (Some(signal.from), signal.payload.len()),
            NodeMessage::SignalBySession { from, payload, .. } => (Some(from.participant), payload.len()),
            _ => (None, 0),
        };
        if !self.load.has_room(owner, size) {
            return Err(BusFull);
        }
        self.append(owner, |out| message::write(message, now, out));
        Ok(())
    }

    /// Takes the content of the next frame, if one is due.
    pub(super) fn next(&mut self, now: Instant) -> Option<Batch> {
        if self.sent > 0 && self.progress_at + NO_PROGRESS <= now {
            self.suspect_loss(now);
        }
        if let Some(ask_at) = self.ask_at {
            return (ask_at <= now).then(|| {
                self.ask_at = Some(now + NO_PROGRESS);
                Batch { wants_ack: true, ..self.empty() }
            });
        }
        if self.sent == self.chunks.len() {
            self.close_chunk();
        }
        let chunk = self.chunks.get_mut(self.sent)?;
        if self.sent == 0 {
            self.progress_at = now;
        }
        self.sent += 1;
        let is_repeated = std::mem::replace(&mut chunk.was_sent, true);
        let (first, messages, count) = (chunk.first, chunk.messages.clone(), chunk.end - chunk.first);
        Some(Batch { first, messages, count, wants_ack: false, is_repeated })
    }

    /// Content without messages, for a frame that only acknowledges or asks.
    pub(super) fn empty(&self) -> Batch {
        let (first, messages) = (self.open_first, Bytes::new());
        Batch { first, messages, count: 0, wants_ack: false, is_repeated: false }
    }

    /// When the next frame is due, if nothing changes before.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        if self.ask_at.is_some() {
            return self.ask_at;
        }
        if self.sent < self.chunks.len() || !self.open.is_empty() {
            return Some(now);
        }
        (self.sent > 0).then(|| self.progress_at + NO_PROGRESS)
    }

    /// Removes the messages up to `ack`, which the other node has received.
    ///
    /// With `resend`, everything after them is sent again: the other node was asked, or found a gap.
    pub(super) fn acknowledge(&mut self, generation: u64, ack: u64, resend: bool, now: Instant) {
        if generation != self.generation || ack >= self.open_first {
            return;
        }
        if ack >= self.oldest {
            self.progress_at = now;
        }
        while self.oldest <= ack {
            self.oldest += 1;
            if let Some(received) = self.queued.pop_front() {
                self.load.remove(&received);
            }
        }
        while self.chunks.front().is_some_and(|chunk| chunk.end <= self.oldest) {
            self.chunks.pop_front();
            self.sent = self.sent.saturating_sub(1);
        }
        if resend {
            self.sent = 0;
            self.ask_at = None;
        }
    }

    /// Assumes that published frames may be lost: asks for an acknowledgment before anything else is sent.
    pub(super) fn suspect_loss(&mut self, now: Instant) {
        if self.chunks.front().is_some_and(|chunk| chunk.was_sent) {
            self.sent = 0;
            self.ask_at = Some(now);
        }
    }

    /// Discards all messages and restarts the numbering. Returns how many messages are lost.
    ///
    /// The next frame tells the other node about the loss.
    pub(super) fn discard(&mut self, generation: u64, now: Instant) -> usize {
        let lost = self.queued.len();
        *self = Self { after_loss: true, ..Self::new(generation, now) };
        self.append(None, message::write_nothing);
        lost
    }

    /// True if all messages are acknowledged or discarded.
    pub(super) fn is_empty(&self) -> bool {
        self.queued.is_empty()
    }

    /// True if messages are queued, apart from the empty one that follows a loss.
    pub(super) fn has_messages(&self) -> bool {
        let is_after_loss_only = self.after_loss && self.oldest == 1 && self.queued.len() == 1;
        !self.queued.is_empty() && !is_after_loss_only
    }

    fn append(&mut self, owner: Option<ParticipantId>, write: impl FnOnce(&mut BytesMut)) {
        let start = self.open.len();
        write(&mut self.open);
        let queued = Queued { size: self.open.len() - start, owner };
        self.load.add(&queued);
        self.queued.push_back(queued);
        if self.open.len() >= FRAME {
            self.close_chunk();
        }
    }

    /// Makes a chunk of the open messages.
    fn close_chunk(&mut self) {
        let (first, end) = (self.open_first, self.oldest + self.queued.len() as u64);
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

/// Size of the queued messages, in bytes.
#[derive(Debug, Default)]
struct Load {
    all: usize,
    by_owner: HashMap<ParticipantId, usize>,
}

impl Load {
    /// True if about `more` bytes stay within the limits.
    fn has_room(&self, owner: Option<ParticipantId>, more: usize) -> bool {
        let Some(owner) = owner else { return self.all + more <= MAX_QUEUED_WITH_SEATS };
        let size = self.by_owner.get(&owner).copied().unwrap_or_default();
        self.all + more <= MAX_QUEUED && size + more <= MAX_PER_PARTICIPANT
    }

    fn add(&mut self, Queued { size, owner }: &Queued) {
        self.all += size;
        if let Some(owner) = owner {
            *self.by_owner.entry(*owner).or_default() += size;
        }
    }

    fn remove(&mut self, Queued { size, owner }: &Queued) {
        self.all -= size;
        if let Some(owner) = owner
            && let Some(total) = self.by_owner.get_mut(owner)
        {
            *total -= size;
            if *total == 0 {
                self.by_owner.remove(owner);
            }
        }
    }
}
