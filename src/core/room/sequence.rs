//! What one participant says to and hears from others while one of the two is, or was, on another node: counted, so
//! that what comes by several ways is told in order and once.

use std::time::{Duration, Instant};

use crate::core::{
    delivery::replay_buffer::AWAY,
    model::{
        event::Event,
        ids::{Epoch, ParticipantId},
    },
    ports::node_bus::PairSeq,
};

/// How long something waits for what was said before it. After that, this is taken to be lost: the way between nodes, on which
/// it may have been sent again, does not take so long.
pub const GAP_CLOSES_WITHIN: Duration = Duration::from_secs(3);

/// The last count with each of the others.
pub(super) type Counts = Vec<(ParticipantId, PairSeq)>;

/// The counts of one participant. Nothing is counted between two who have always been on one node.
#[derive(Debug, Default)]
pub(super) struct PairSequences {
    said: Counts,
    heard: Counts,
    /// What cannot be told yet, as it came.
    early: Vec<Early>,
    /// Those with whom it talked who are not there any more, and until when their counts are kept.
    gone: Vec<(ParticipantId, Instant)>,
    /// Everything is early while the mailbox is on its way.
    is_held: bool,
}

/// Something said to the participant that has to wait.
#[derive(Debug)]
pub(super) struct Early {
    at: Instant,
    pub(super) from: ParticipantId,
    pub(super) count: Option<PairSeq>,
    pub(super) event: Event,
}

/// Where something is in what one says to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Past,
    Next,
    Later,
}

impl PairSequences {
    /// The count of what is said next to `to`, between these streams.
    pub(super) fn next_to(&self, to: ParticipantId, from_stream: Epoch, to_stream: Epoch) -> PairSeq {
        let last = find(&self.said, to).filter(|last| (last.from, last.to) == (from_stream, to_stream));
        PairSeq { from: from_stream, to: to_stream, number: last.map_or(0, |last| last.number) + 1 }
    }

    /// Takes note that this was said to `to`.
    pub(super) fn say(&mut self, to: ParticipantId, count: PairSeq) {
        put(&mut self.said, to, count);
    }

    /// Whether something with that count would be told at once, and nothing of `from` waits.
    pub(super) fn expects(&self, from: ParticipantId, count: PairSeq) -> bool {
        !self.is_held && self.place(from, count) == Place::Next
    }

    /// Holds everything from now on.
    pub(super) fn hold(&mut self) {
        self.is_held = true;
    }

    pub(super) fn is_held(&self) -> bool {
        self.is_held
    }

    /// Takes something in that came for the participant, whose stream is `stream`. [`told`](Self::told) has what can be
    /// told now.
    pub(super) fn hear(
        &mut self,
        from: ParticipantId,
        count: Option<PairSeq>,
        event: Event,
        stream: Epoch,
        now: Instant,
    ) {
        if self.is_held || !is_part_of_loss(count, stream) {
            self.early.push(Early { at: now, from, count, event });
        }
    }

    /// The next thing that can be told: of those who are `known` to sit in the room, or that is not counted.
    pub(super) fn told(&mut self, known: impl Fn(ParticipantId) -> bool) -> Option<Event> {
        if self.is_held {
            return None;
        }
        let heard = &self.heard;
        self.early
            .retain(|early| early.count.is_none_or(|count| place(heard, early.from, count) != Place::Past));
        let next = self.early.iter().position(|early| {
            early.count.is_none_or(|count| known(early.from) && self.place(early.from, count) == Place::Next)
        })?;
        let Early { from, count, event, .. } = self.early.remove(next);
        if let Some(count) = count {
            put(&mut self.heard, from, count);
        }
        Some(event)
    }

    /// Whether something of one who is `known` is lost: what follows it has waited for too long by `now`, or too much
    /// has. Lets go of what waits for nothing.
    pub(super) fn is_torn(&mut self, now: Instant, known: impl Fn(ParticipantId) -> bool) -> bool {
        let is_over = |early: &Early| early.at + GAP_CLOSES_WITHIN <= now;
        self.early.retain(|early| known(early.from) || !is_over(early));
        let bytes: usize = self.early.iter().map(|early| early.event.size()).sum();
        let is_too_much = self.early.len() > AWAY.events || bytes > AWAY.bytes;
        !self.is_held && (is_too_much || self.early.iter().any(is_over))
    }

    /// Drops what waits, and takes all before it for heard.
    pub(super) fn skip(&mut self) {
        self.early.sort_by_key(|early| early.count.map(|count| (count.from, count.to, count.number)));
        for Early { from, count, .. } in std::mem::take(&mut self.early) {
            if let Some(count) = count
                && place(&self.heard, from, count) != Place::Past
            {
                put(&mut self.heard, from, count);
            }
        }
    }

    /// Goes on as a mailbox of `stream` says: nothing is held any more.
    pub(super) fn go_on(&mut self, said: Counts, heard: Counts, stream: Epoch) {
        (self.said, self.heard) = (said, heard);
        self.release(stream);
    }

    /// Goes on after the mailbox was lost: all counts begin anew with `stream`.
    pub(super) fn begin_anew(&mut self, stream: Epoch) {
        self.go_on(Vec::new(), Vec::new(), stream);
    }

    /// Lets everything be heard that belongs to `stream`, with the counts as they are.
    pub(super) fn release(&mut self, stream: Epoch) {
        self.is_held = false;
        self.early.retain(|early| !is_part_of_loss(early.count, stream));
    }

    /// Forgets what waits of one who has left.
    pub(super) fn forget(&mut self, participant: ParticipantId) {
        self.early.retain(|early| early.from != participant);
    }

    /// Lets go of counts with those who have not been `known` to sit in the room for `lease`. Until then they may turn
    /// out to have sat there all the time, when a cluster that forgot them is told of them again.
    pub(super) fn forget_gone(
        &mut self,
        lease: Duration,
        now: Instant,
        known: impl Fn(ParticipantId) -> bool,
    ) {
        self.gone.retain(|(who, _)| !known(*who));
        for (who, _) in self.said.iter().chain(&self.heard).filter(|(who, _)| !known(*who)) {
            if self.gone.iter().all(|(gone, _)| gone != who) {
                self.gone.push((*who, now + lease));
            }
        }
        for (who, _) in self.gone.extract_if(.., |(_, until)| *until <= now) {
            self.said.retain(|(other, _)| *other != who);
            self.heard.retain(|(other, _)| *other != who);
        }
    }

    /// What was said, what was heard, and what waits.
    pub(super) fn into_parts(self) -> (Counts, Counts, Vec<Early>) {
        (self.said, self.heard, self.early)
    }

    fn place(&self, from: ParticipantId, count: PairSeq) -> Place {
        place(&self.heard, from, count)
    }
}

/// Whether it was said by one who was there when the listener lost something and began anew with `stream`, and did not
/// know. Whoever came later has nothing to do with that.
fn is_part_of_loss(count: Option<PairSeq>, stream: Epoch) -> bool {
    count.is_some_and(|count| count.to < stream && count.from < stream)
}

fn place(heard: &[(ParticipantId, PairSeq)], from: ParticipantId, count: PairSeq) -> Place {
    let last = find(heard, from);
    let same = last.filter(|last| (last.from, last.to) == (count.from, count.to));
    // Whoever begins anew may know of the other's stream only that it is not older than their seat.
    let follows = last.is_none_or(|last| (last.from, last.to) <= (count.from, count.to));
    match same.map_or(0, |last| last.number) {
        _ if !follows => Place::Past,
        last if count.number <= last => Place::Past,
        last if count.number == last + 1 => Place::Next,
        _ => Place::Later,
    }
}

fn find(counts: &[(ParticipantId, PairSeq)], participant: ParticipantId) -> Option<PairSeq> {
    counts.iter().find(|(other, _)| *other == participant).map(|(_, count)| *count)
}

fn put(counts: &mut Vec<(ParticipantId, PairSeq)>, participant: ParticipantId, count: PairSeq) {
    match counts.iter_mut().find(|(other, _)| *other == participant) {
        Some((_, last)) => *last = count,
        None => counts.push((participant, count)),
    }
}
