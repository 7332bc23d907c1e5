//! What one node publishes for another: a head, and messages one behind the other.
//!
//! ```text
//! frame  = version:1 flags:1 from:16 generation:8 first:8 oldest:8 ack_generation:8 ack:8 message*
//! message = kind:1 length:4 body
//! ```
//!
//! All numbers are big-endian. A node skips messages of a kind that it does not know, and what follows the part of a
//! body that it does, so that nodes can be upgraded one after the other. What a head says is in `link`.

use bytes::{Buf, BufMut, Bytes};

use super::fields::Fields;
use crate::core::model::ids::NodeId;

const VERSION: u8 = 1;

/// The length of a head, in bytes.
pub(super) const HEAD: usize = 2 + 16 + 5 * 8;

/// What a message takes besides its body, in bytes.
pub(super) const MESSAGE_HEAD: usize = 1 + 4;

const ASKS: u8 = 1;
const SAYS: u8 = 2;
const AFTER_LOSS: u8 = 4;

/// What a frame begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a bit on its own")]
pub(super) struct Head {
    /// Whose it is.
    pub(super) from: NodeId,
    /// Its sender wants to know what has arrived.
    pub(super) asks: bool,
    /// Its sender was asked, or misses something: everything behind `ack` is to be sent again.
    pub(super) says: bool,
    /// Something that was sent before this generation is lost for good.
    pub(super) after_loss: bool,
    /// Counts how often the sender began to number its messages anew, from 1.
    pub(super) generation: u64,
    /// The number of the first message in the frame, or of the next one if there is none.
    pub(super) first: u64,
    /// The number of the oldest message that the sender still has, or of the next one if it has none.
    pub(super) oldest: u64,
    /// Whose generation `ack` is about; 0 if nothing was heard yet.
    pub(super) ack_generation: u64,
    /// The number of the last message that has arrived.
    pub(super) ack: u64,
}

impl Head {
    pub(super) fn to_bytes(self) -> [u8; HEAD] {
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags = flag(self.asks, ASKS) | flag(self.says, SAYS) | flag(self.after_loss, AFTER_LOSS);
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
            asks: flags & ASKS != 0,
            says: flags & SAYS != 0,
            after_loss: flags & AFTER_LOSS != 0,
            generation: number()?,
            first: number()?,
            oldest: number()?,
            ack_generation: number()?,
            ack: number()?,
        };
        // All is counted from 1, and nobody counts as far as that.
        let counts = head.generation > 0 && (1..=head.first).contains(&head.oldest) && head.first < 1 << 63;
        (version == VERSION && counts).then_some(head)
    }
}

/// The messages of a frame, each with its kind, as slices of it.
#[derive(Debug, Clone)]
pub(super) struct Messages {
    rest: Bytes,
    total: u64,
}

impl Messages {
    /// How many were in the frame.
    pub(super) fn total(&self) -> u64 {
        self.total
    }
}

impl Iterator for Messages {
    type Item = (u8, Bytes);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, length) = parcel_at(&self.rest)?;
        self.rest.advance(MESSAGE_HEAD);
        Some((kind, self.rest.split_to(length)))
    }
}

/// Takes a frame apart; `None` if it is none, or one of another version.
pub(super) fn open(frame: Bytes) -> Option<(Head, Messages)> {
    let mut fields = Fields(frame);
    let head = Head::read(&mut fields)?;
    let messages = fields.0;
    let (mut total, mut rest) = (0, &messages[..]);
    while !rest.is_empty() {
        let (_, length) = parcel_at(rest)?;
        rest = &rest[MESSAGE_HEAD + length..];
        total += 1;
    }
    Some((head, Messages { rest: messages, total }))
}

/// The kind and the length of the message that `bytes` begin with, if all of it is there.
fn parcel_at(bytes: &[u8]) -> Option<(u8, usize)> {
    let (&[kind, ref length @ ..], body) = bytes.split_first_chunk::<MESSAGE_HEAD>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    (length <= body.len()).then_some((kind, length))
}
