//! Order among the events that one participant receives by several routes.
//!
//! Routes differ because the receiver or a sender is or was on another node.
//!
//! Each sender numbers its events to each receiver ([`PairSeq`]). Events that come too early wait; a gap that
//! does not close is a loss. Two participants that have only ever been on one node use no numbers.

use std::time::{Duration, Instant};

use super::{LocalMember, Room};
use crate::core::{
    delivery::replay_buffer::AWAY,
    model::{
        event::Event,
        ids::{Epoch, ParticipantId},
        mailbox::{PairSeq, PairSeqs},
    },
};

/// How long an event waits for earlier ones. After that, they count as lost.
///
/// Longer than the node bus takes to send a message again.
pub const GAP_CLOSES_WITHIN: Duration = Duration::from_secs(3);

/// The numbers of one participant.
#[derive(Debug, Default)]
pub(super) struct PairSequences {
    /// The last number used towards each of the others.
    sent: PairSeqs,
    /// The last number received from each of the others.
    received: PairSeqs,
    /// Events that came too early, in the order of arrival.
    waiting: Vec<Waiting>,
    /// Others that have left, and when their numbers are dropped.
    departed: Vec<(ParticipantId, Instant)>,
}

/// An event that came too early.
#[derive(Debug)]
pub(super) struct Waiting {
    at: Instant,
    pub(super) from: ParticipantId,
    pub(super) seq: Option<PairSeq>,
    pub(super) event: Event,
}

/// Place of a sequence number relative to the last one received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SeqOrder {
    Past,
    Next,
    Later,
}

impl PairSequences {
    /// The number of the next event to `to`, between these streams.
    pub(super) fn next_to(&self, to: ParticipantId, from_stream: Epoch, to_stream: Epoch) -> PairSeq {
        let last = find(&self.sent, to).filter(|last| (last.from, last.to) == (from_stream, to_stream));
        PairSeq { from: from_stream, to: to_stream, number: last.map_or(0, |last| last.number) + 1 }
    }

    /// Records that `seq` was used towards `to`.
    pub(super) fn set_sent(&mut self, to: ParticipantId, seq: PairSeq) {
        set(&mut self.sent, to, seq);
    }

    /// Records the streams of the others, so that the mailbox of this participant, of `stream`, tells them.
    pub(super) fn note_streams(&mut self, stream: Epoch, streams: &[(ParticipantId, Epoch)]) {
        for (to, to_stream) in streams {
            let next = self.next_to(*to, stream, *to_stream);
            self.set_sent(*to, PairSeq { number: next.number - 1, ..next });
        }
    }

    /// True if an event of `from` with this number would be delivered at once.
    pub(super) fn is_next(&self, from: ParticipantId, seq: PairSeq) -> bool {
        compare(&self.received, from, seq) == SeqOrder::Next
    }

    /// Removes the next event that can be delivered.
    ///
    /// Such an event has no number, or its sender is `listed` and all earlier ones were received.
    fn next_ready(&mut self, listed: impl Fn(ParticipantId) -> bool) -> Option<Event> {
        let received = &self.received;
        let is_in = |it: &Waiting, order| it.seq.is_some_and(|seq| compare(received, it.from, seq) == order);
        self.waiting.retain(|it| !is_in(it, SeqOrder::Past));
        let is_ready = |it: &Waiting| it.seq.is_none() || (listed(it.from) && is_in(it, SeqOrder::Next));
        let next = self.waiting.iter().position(is_ready)?;
        let Waiting { from, seq, event, .. } = self.waiting.remove(next);
        if let Some(seq) = seq {
            set(&mut self.received, from, seq);
        }
        Some(event)
    }

    /// True if an event of a `listed` sender is lost: later ones have waited too long, or are too many.
    ///
    /// Drops events of other senders that have waited as long.
    fn has_loss(&mut self, now: Instant, listed: impl Fn(ParticipantId) -> bool) -> bool {
        let is_over = |it: &Waiting| it.at + GAP_CLOSES_WITHIN <= now;
        self.waiting.retain(|it| listed(it.from) || !is_over(it));
        let bytes: usize = self.waiting.iter().map(|it| it.event.size()).sum();
        let is_too_much = self.waiting.len() > AWAY.events || bytes > AWAY.bytes;
        is_too_much || self.waiting.iter().any(is_over)
    }

    /// Drops all waiting events and counts them, and all earlier ones, as received.
    pub(super) fn skip_gaps(&mut self) {
        self.waiting.sort_by_key(|it| it.seq);
        for Waiting { from, seq, .. } in std::mem::take(&mut self.waiting) {
            if let Some(seq) = seq
                && compare(&self.received, from, seq) != SeqOrder::Past
            {
                set(&mut self.received, from, seq);
            }
        }
    }

    /// Continues with the numbers of a mailbox of `stream`.
    pub(super) fn restore(&mut self, sent: PairSeqs, received: PairSeqs, stream: Epoch) {
        (self.sent, self.received) = (sent, received);
        self.waiting.retain(|it| !is_part_of_loss(it.seq, stream));
    }

    /// Starts all numbers again with a new `stream`.
    pub(super) fn restart(&mut self, stream: Epoch) {
        self.restore(Vec::new(), Vec::new(), stream);
    }

    /// Sent numbers, received numbers, and waiting events.
    pub(super) fn into_parts(self) -> (PairSeqs, PairSeqs, Vec<Waiting>) {
        (self.sent, self.received, self.waiting)
    }

    /// Drops the numbers of participants that have not been `listed` for `lease`.
    ///
    /// A participant that the seat registry forgot may return until then.
    fn drop_departed(&mut self, lease: Duration, now: Instant, listed: impl Fn(ParticipantId) -> bool) {
        self.departed.retain(|(who, _)| !listed(*who));
        for (who, _) in self.sent.iter().chain(&self.received).filter(|(who, _)| !listed(*who)) {
            if self.departed.iter().all(|(departed, _)| departed != who) {
                self.departed.push((*who, now + lease));
            }
        }
        for (who, _) in self.departed.extract_if(.., |(_, until)| *until <= now) {
            self.sent.retain(|(other, _)| *other != who);
            self.received.retain(|(other, _)| *other != who);
        }
    }
}

impl Room {
    /// Delivers the waiting events whose turn has come.
    pub(super) fn deliver_waiting(&mut self, position: usize, now: Instant) {
        let listed = self.participants();
        if let Some(local) = self.members[position].as_local_mut() {
            local.deliver_waiting(now, |who| listed.contains(&who));
        }
    }

    /// Drops the waiting events of a participant that has left.
    pub(super) fn drop_waiting_from(&mut self, participant: ParticipantId) {
        for local in self.members.iter_mut().filter_map(|member| member.as_local_mut()) {
            if let Some(sequences) = &mut local.sequences {
                sequences.waiting.retain(|it| it.from != participant);
            }
        }
    }

    /// Resets participants that have waited too long for an event.
    fn reset_after_gaps(&mut self, now: Instant) {
        let listed = self.participants();
        for member in &mut self.members {
            let lease = member.lease;
            if let Some(local) = member.as_local_mut() {
                local.reset_after_gap(lease, now, |who| listed.contains(&who));
            }
        }
    }

    /// Gives up gaps, mailboxes and records of ended seats that are too old. To be called every second.
    pub fn expire_waits(&mut self, now: Instant) {
        self.forget_ended(now);
        self.give_up_late_mailboxes(now);
        self.reset_after_gaps(now);
        self.drop_left_behind(now);
    }
}

impl LocalMember {
    /// Delivers an event of another participant, now or when the earlier ones have come. Without `seq`, as
    /// soon as any event can be delivered. All events wait while the mailbox is on its way.
    pub(super) fn receive(
        &mut self,
        from: ParticipantId,
        seq: Option<PairSeq>,
        event: Event,
        stream: Epoch,
        now: Instant,
        listed: impl Fn(ParticipantId) -> bool,
    ) {
        let is_held = self.mailbox_request.is_some();
        if seq.is_none() && !is_held {
            return self.outbox.push(event, now);
        }
        if is_held || !is_part_of_loss(seq, stream) {
            self.sequences_mut().waiting.push(Waiting { at: now, from, seq, event });
        }
        self.deliver_waiting(now, listed);
    }

    fn deliver_waiting(&mut self, now: Instant, listed: impl Fn(ParticipantId) -> bool) {
        let Some(sequences) = self.sequences.as_mut().filter(|_| self.mailbox_request.is_none()) else {
            return;
        };
        while let Some(event) = sequences.next_ready(&listed) {
            self.outbox.push(event, now);
        }
    }

    fn reset_after_gap(&mut self, lease: Duration, now: Instant, listed: impl Fn(ParticipantId) -> bool) {
        let Some(sequences) = &mut self.sequences else { return };
        if sequences.has_loss(now, &listed) && self.mailbox_request.is_none() {
            sequences.skip_gaps();
            self.outbox.reset();
        }
        sequences.drop_departed(lease, now, listed);
    }
}

/// True if an event was sent between streams older than the receiver's `stream`: the reset covers the event.
fn is_part_of_loss(seq: Option<PairSeq>, stream: Epoch) -> bool {
    seq.is_some_and(|seq| seq.to < stream && seq.from < stream)
}

fn compare(received: &[(ParticipantId, PairSeq)], from: ParticipantId, seq: PairSeq) -> SeqOrder {
    let last = find(received, from);
    let same = last.filter(|last| (last.from, last.to) == (seq.from, seq.to));
    // After its own reset, a sender may know an older stream of the receiver, but never one before its stay.
    let follows = last.is_none_or(|last| (last.from, last.to) <= (seq.from, seq.to));
    match same.map_or(0, |last| last.number) {
        _ if !follows => SeqOrder::Past,
        last if seq.number <= last => SeqOrder::Past,
        last if seq.number == last + 1 => SeqOrder::Next,
        _ => SeqOrder::Later,
    }
}

fn find(seqs: &[(ParticipantId, PairSeq)], participant: ParticipantId) -> Option<PairSeq> {
    seqs.iter().find(|(other, _)| *other == participant).map(|(_, seq)| *seq)
}

fn set(seqs: &mut PairSeqs, participant: ParticipantId, seq: PairSeq) {
    match seqs.iter_mut().find(|(other, _)| *other == participant) {
        Some((_, last)) => *last = seq,
        None => seqs.push((participant, seq)),
    }
}
