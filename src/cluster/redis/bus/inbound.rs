//! The receiving direction of a node link: which messages of a frame are new, and what to acknowledge.

use std::time::{Duration, Instant};

use super::frame::Head;

/// Longest delay of an acknowledgment. Any frame to the other node carries it earlier.
const ACK_DELAY: Duration = Duration::from_millis(20);

/// This many unacknowledged messages are acknowledged at once.
const MAX_UNACKNOWLEDGED: u64 = 64;

/// Pause between two requests to fill the same gap: the missing messages may be under way.
const GAP_REQUEST_PAUSE: Duration = Duration::from_millis(100);

/// The messages received from one other node.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    /// The other node's generation; 0 before its first frame.
    generation: u64,
    /// The number of the next message.
    expected: u64,
    /// How many messages were received since the last acknowledgment.
    unacknowledged: u64,
    /// When to acknowledge.
    ack_at: Option<Instant>,
    /// The next acknowledgment asks the other node to send everything after it again.
    resend: bool,
    /// The last request to fill a gap: the first missing number, and the time.
    gap_request: Option<(u64, Instant)>,
}

/// Action that a received frame demands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    /// Earlier messages of the other node are lost for good.
    pub(super) messages_lost: bool,
    /// How many messages at the front of the frame to skip; the others are new.
    pub(super) skip: u64,
}

/// An acknowledgment to the other node.
#[derive(Debug)]
pub(super) struct LinkAck {
    pub(super) generation: u64,
    /// The number of the last message received.
    pub(super) last: u64,
    /// Asks for everything after `last` again.
    pub(super) resend: bool,
}

impl Inbound {
    /// Accepts a frame with `count` messages.
    pub(super) fn receive(&mut self, head: &Head, count: u64, now: Instant) -> Accepted {
        if head.generation < self.generation {
            return Accepted { messages_lost: false, skip: count };
        }
        let mut messages_lost = false;
        if head.generation > self.generation {
            messages_lost = head.after_loss;
            *self = Self { generation: head.generation, expected: 1, ..Self::default() };
        }
        // The sender has forgotten acknowledged messages that this node does not know: this node forgot the
        // link.
        if head.oldest > self.expected {
            messages_lost = true;
            self.expected = head.oldest;
        }
        if head.wants_ack {
            self.request_resend(now);
        }
        if head.first > self.expected {
            self.request_missing(now);
            return Accepted { messages_lost, skip: count };
        }
        let skip = count.min(self.expected - head.first);
        self.add(count - skip, now);
        if skip > 0 {
            self.ack_by(now + ACK_DELAY);
        }
        Accepted { messages_lost, skip }
    }

    /// Asks the other node at once to send everything again that this node has not received.
    pub(super) fn request_resend(&mut self, now: Instant) {
        if self.generation > 0 {
            self.resend = true;
            self.ack_by(now);
        }
    }

    /// When to send an acknowledgment, unless another frame carries it before.
    pub(super) fn ack_at(&self) -> Option<Instant> {
        self.ack_at
    }

    /// Takes the acknowledgment for the next frame.
    pub(super) fn take_ack(&mut self) -> LinkAck {
        let resend = std::mem::take(&mut self.resend);
        self.unacknowledged = 0;
        self.ack_at = None;
        LinkAck { generation: self.generation, last: self.expected.saturating_sub(1), resend }
    }

    fn add(&mut self, count: u64, now: Instant) {
        if count == 0 {
            return;
        }
        self.expected += count;
        self.unacknowledged += count;
        self.ack_by(if self.unacknowledged < MAX_UNACKNOWLEDGED { now + ACK_DELAY } else { now });
    }

    fn request_missing(&mut self, now: Instant) {
        let is_recent = |(expected, at)| expected == self.expected && now < at + GAP_REQUEST_PAUSE;
        if !self.gap_request.is_some_and(is_recent) {
            self.gap_request = Some((self.expected, now));
            self.request_resend(now);
        }
    }

    fn ack_by(&mut self, at: Instant) {
        self.ack_at = Some(self.ack_at.map_or(at, |before| before.min(at)));
    }
}
