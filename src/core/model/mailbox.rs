//! The mailbox that follows a participant when its seat migrates to another node.

use super::{
    event::Numbered,
    ids::{Epoch, ParticipantId},
    roster::Roster,
};

/// The events that one participant was sent and may not have received, and where its numberings stand.
#[derive(Debug, Clone, Default)]
pub struct Mailbox {
    /// Sent events that may not have arrived, oldest first, without a gap.
    pub events: Vec<Numbered>,
    /// Number of the last event.
    pub last_seq: u64,
    /// Number of the last event that a connection took.
    pub taken_seq: u64,
    /// Stream id: the epoch at which this participant's event history last restarted.
    pub stream: Epoch,
    /// The last numbers it used towards each of the others, 0 for none in these streams.
    pub sent: PairSeqs,
    /// The last numbers it received from each of the others, those in `events` included.
    pub received: PairSeqs,
    /// The participant's roster, with `events` counted as told.
    pub roster: Roster,
}

/// The last number between one participant and each of the others.
pub type PairSeqs = Vec<(ParticipantId, PairSeq)>;

/// Sequence number of one event among all that one participant sends to another.
///
/// The numbering continues wherever the two move, so that events that arrive by an old and by a new route
/// keep their order. It starts again at 1 when a reset starts a new stream of either.
///
/// Order: by the sender's stream, then the receiver's stream, then the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PairSeq {
    /// Stream id of the sender.
    pub from: Epoch,
    /// Stream id of the receiver.
    pub to: Epoch,
    /// From 1.
    pub number: u64,
}
