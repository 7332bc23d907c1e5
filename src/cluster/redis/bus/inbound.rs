//! What one other node sends: what of it is new, and what it is to be told of that.

use std::time::{Duration, Instant};

use super::envelope::Head;

/// How long the arrival of messages may go untold. Whatever is sent to the other node meanwhile tells it.
const TOLD_WITHIN: Duration = Duration::from_millis(20);

/// How many messages may go untold.
const MOST_UNTOLD: u64 = 64;

/// How long not to complain again about the same gap: what was asked for is on its way.
const COMPLAINS_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// How far the messages of one other node have arrived.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    /// Of the other node's; 0 before anything was heard of it.
    generation: u64,
    /// The number of the next message.
    expected: u64,
    /// How many have arrived since the other node was told.
    untold: u64,
    /// When it is to be told.
    tell_at: Option<Instant>,
    /// Whether it is to send again what has not arrived.
    says: bool,
    /// When it was last told so because of a gap, and before which number that was.
    complained: Option<(u64, Instant)>,
}

/// What becomes of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Something that the other node sent before is lost for good.
    pub(super) torn: bool,
    /// How many of its first messages are to be left out; the others are new.
    pub(super) skip: u64,
}

/// What the other node is told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) generation: u64,
    pub(super) ack: u64,
    pub(super) says: bool,
}

impl Inbound {
    /// Takes note of a frame with `count` messages.
    pub(super) fn take(&mut self, head: &Head, count: u64, now: Instant) -> Taken {
        if head.generation < self.generation {
            return Taken { torn: false, skip: count };
        }
        let mut torn = false;
        if head.generation > self.generation {
            torn = head.after_loss;
            *self = Self { generation: head.generation, expected: 1, ..Self::default() };
        }
        // This node took more once than it knows of.
        if head.oldest > self.expected {
            torn = true;
            self.expected = head.oldest;
        }
        if head.asks {
            self.tell_again(now);
        }
        if head.first > self.expected {
            self.complain(now);
            return Taken { torn, skip: count };
        }
        let skip = count.min(self.expected - head.first);
        self.arrived(count - skip, now);
        if skip > 0 {
            self.tell_by(now + TOLD_WITHIN);
        }
        Taken { torn, skip }
    }

    /// Has the other node send again what has not arrived: something may have been lost on its way.
    pub(super) fn tell_again(&mut self, now: Instant) {
        if self.generation > 0 {
            self.says = true;
            self.tell_by(now);
        }
    }

    /// When the other node is to be told, if nothing is sent to it before.
    pub(super) fn tell_at(&self) -> Option<Instant> {
        self.tell_at
    }

    /// What to tell the other node; it will be.
    pub(super) fn tell(&mut self) -> Told {
        let says = std::mem::take(&mut self.says);
        self.untold = 0;
        self.tell_at = None;
        Told { generation: self.generation, ack: self.expected.saturating_sub(1), says }
    }

    fn arrived(&mut self, new: u64, now: Instant) {
        if new == 0 {
            return;
        }
        self.expected += new;
        self.untold += new;
        self.tell_by(if self.untold < MOST_UNTOLD { now + TOLD_WITHIN } else { now });
    }

    fn complain(&mut self, now: Instant) {
        let is_known = |(expected, at)| expected == self.expected && now < at + COMPLAINS_AGAIN_AFTER;
        if !self.complained.is_some_and(is_known) {
            self.complained = Some((self.expected, now));
            self.tell_again(now);
        }
    }

    fn tell_by(&mut self, at: Instant) {
        self.tell_at = Some(self.tell_at.map_or(at, |before| before.min(at)));
    }
}
