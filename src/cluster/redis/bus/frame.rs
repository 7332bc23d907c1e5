//! The format of a frame, which one node publishes for another: a head, then messages.
//!
//! ```text
//! frame  = version:1 flags:1 from:16 generation:8 first:8 oldest:8 ack_generation:8 ack:8 message*
//! message = kind:1 length:4 body
//! ```
//!
//! All numbers are big-endian. A reader skips messages of an unknown kind, and unknown fields at the end of a
//! body, so that nodes can be upgraded one after the other. The module `node_link` explains the fields of a
//! head.

use bytes::{Buf, BufMut, Bytes};

use super::fields::Fields;
use crate::core::model::ids::NodeId;

const VERSION: u8 = 1;

/// The length of a head, in bytes.
pub(super) const HEAD: usize = 2 + 16 + 5 * 8;

/// The length of a message without its body, in bytes.
pub(super) const MESSAGE_HEAD: usize = 1 + 4;

const WANTS_ACK: u8 = 1;
const RESEND: u8 = 2;
const AFTER_LOSS: u8 = 4;

/// The first part of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a bit on its own")]
pub(super) struct Head {
    /// The sender.
    pub(super) from: NodeId,
    /// The sender asks for an acknowledgment.
    pub(super) wants_ack: bool,
    /// The sender asks for everything after `ack` again: it was asked, or found a gap.
    pub(super) resend: bool,
    /// Messages of an earlier generation are lost for good.
    pub(super) after_loss: bool,
    /// Grows each time the sender restarts its numbering at 1.
    pub(super) generation: u64,
    /// The number of the first message in the frame; of the next one if there is none.
    pub(super) first: u64,
    /// The number of the oldest message in the sender's buffer; of the next one if there is none.
    pub(super) oldest: u64,
    /// The receiver's generation that `ack` refers to; 0 before its first frame.
    pub(super) ack_generation: u64,
    /// The number of the last message that the sender has received.
    pub(super) ack: u64,
}

impl Head {
    pub(super) fn to_bytes(self) -> [u8; HEAD] {
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags =
            flag(self.wants_ack, WANTS_ACK) | flag(self.resend, RESEND) | flag(self.after_loss, AFTER_LOSS);
        let mut bytes = [0; HEAD];
        let mut rest = &mut bytes[..];
        rest.put_u8(VERSION);
        rest.put_u8(flags);
        rest.put_slice(self.from.as_bytes());
        for number in [self.generation, self.first, self.oldest, self.ack_generation, self.ack] {
            rest.put_u64(number);
        }
        bytes
    }

    fn read(frame: &mut Fields) -> Option<Self> {
        let (version, flags, from) = (frame.byte()?, frame.byte()?, NodeId::from_bytes(frame.id()?));
        let mut number = || frame.number();
        let head = Self {
            from,
            wants_ack: flags & WANTS_ACK != 0,
            resend: flags & RESEND != 0,
            after_loss: flags & AFTER_LOSS != 0,
            generation: number()?,
            first: number()?,
            oldest: number()?,
            ack_generation: number()?,
            ack: number()?,
        };
        // Numbers start at 1. The upper bound keeps sums of numbers from overflowing.
        let is_valid = head.generation > 0 && (1..=head.first).contains(&head.oldest) && head.first < 1 << 63;
        (version == VERSION && is_valid).then_some(head)
    }
}

/// The messages of a frame, each with its kind, as slices of it.
#[derive(Debug, Clone)]
pub(super) struct Messages {
    rest: Bytes,
    total: u64,
}

impl Messages {
    /// Number of messages in the frame.
    pub(super) fn total(&self) -> u64 {
        self.total
    }
}

impl Iterator for Messages {
    type Item = (u8, Bytes);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, length) = message_at(&self.rest)?;
        self.rest.advance(MESSAGE_HEAD);
        Some((kind, self.rest.split_to(length)))
    }
}

/// Reads a frame; `None` if it is malformed or of another version.
pub(super) fn read(frame: Bytes) -> Option<(Head, Messages)> {
    let mut fields = Fields(frame);
    let head = Head::read(&mut fields)?;
    let messages = fields.0;
    let (mut total, mut rest) = (0, &messages[..]);
    while !rest.is_empty() {
        let (_, length) = message_at(rest)?;
        rest = &rest[MESSAGE_HEAD + length..];
        total += 1;
    }
    Some((head, Messages { rest: messages, total }))
}

/// Kind and body length of the message at the start of `bytes`; `None` if it is incomplete.
fn message_at(bytes: &[u8]) -> Option<(u8, usize)> {
    let (&[kind, ref length @ ..], body) = bytes.split_first_chunk::<MESSAGE_HEAD>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    (length <= body.len()).then_some((kind, length))
}
