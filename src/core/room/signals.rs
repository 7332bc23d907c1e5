//! Signals and chats on their way to the other participants of a room, on this node and on others.

use std::time::Instant;

use bytes::Bytes;

use super::{
    Room,
    member::{Member, Place},
};
use crate::core::{
    model::{
        error::{Replaced, SignalError},
        event::{ChatMessage, Event, Signal, SignalKind},
        ids::{Epoch, ParticipantId},
        seat_table::SeatKey,
    },
    ports::node_bus::{BusFull, NodeMessage, PairSeq},
};

impl Room {
    /// Delivers a signal to another participant of this room.
    ///
    /// # Errors
    /// - [`SignalError::Replaced`]: `from` does not sit here under `epoch`.
    /// - [`SignalError::NoSuchParticipant`]: `to` does not sit here, or is the sender.
    /// - [`SignalError::Unavailable`]: `to` sits on another node, for which too much waits.
    pub fn signal(
        &mut self,
        from: ParticipantId,
        epoch: Epoch,
        to: ParticipantId,
        kind: SignalKind,
        payload: Bytes,
        now: Instant,
    ) -> Result<(), SignalError> {
        let sender = self.member(from, epoch)?;
        let name = sender.name.clone();
        let Place::Here(here) = &sender.place else { return Err(Replaced.into()) };
        let is_simple = here.is_simple();
        let event = Event::Signal(Signal { from, name, kind, payload });
        let recipient = self.members.iter_mut().find(|member| member.participant == to && to != from);
        match &mut recipient.ok_or(SignalError::NoSuchParticipant)?.place {
            Place::Here(recipient) if is_simple && recipient.is_simple() => {
                recipient.outbox.push(event, now);
                Ok(())
            }
            _ => Ok(self.say(from, to, event, now)?),
        }
    }

    /// Delivers a signal to everybody else in this room.
    ///
    /// # Errors
    /// - [`SignalError::Replaced`]: `from` does not sit here under `epoch`.
    /// - [`SignalError::Unavailable`]: somebody sits on another node, for which too much waits; the rest got it.
    pub fn broadcast(
        &mut self,
        from: ParticipantId,
        epoch: Epoch,
        kind: SignalKind,
        payload: Bytes,
        now: Instant,
    ) -> Result<(), SignalError> {
        let name = self.member(from, epoch)?.name.clone();
        let event = Event::Signal(Signal { from, name, kind, payload });
        let mut outcome = Ok(());
        for to in self.all_but(from) {
            outcome = outcome.and(self.say(from, to, event.clone(), now));
        }
        Ok(outcome?)
    }

    /// Delivers a signal that comes from another room to everybody in this one.
    ///
    /// # Errors
    /// Somebody sits on another node, for which too much waits; the rest got it.
    pub fn receive(&mut self, signal: &Signal, now: Instant) -> Result<(), BusFull> {
        let event = Event::Signal(signal.clone());
        let everybody = self.participants();
        everybody
            .into_iter()
            .map(|to| self.pass(signal.from, to, event.clone(), now))
            .fold(Ok(()), Result::and)
    }

    /// Tells the others what the writer, who need not sit here any more, wrote.
    pub fn chat(&mut self, message: &ChatMessage, now: Instant) {
        let event = Event::Chat(message.clone());
        let from = message.from;
        let sits_here = self.here().any(|member| member.participant == from);
        for to in self.all_but(from) {
            if sits_here {
                if self.say(from, to, event.clone(), now).is_err() {
                    // It is stored; that it was not told is found out with what is said next.
                    self.count(from, to);
                }
            } else {
                // It is stored, and its writer has left: nothing follows by which it would be missed.
                let _ = self.pass(from, to, event.clone(), now);
            }
        }
    }

    /// Takes in what somebody on another node said to one who sits here, or passes it on to where they sit now.
    ///
    /// `epoch` is what the other node knew of the recipient.
    pub fn hear(
        &mut self,
        (to, epoch): (ParticipantId, Epoch),
        from: ParticipantId,
        count: Option<PairSeq>,
        event: Event,
        now: Instant,
    ) {
        let is_past = |member: &Member| count.is_some_and(|count| member.stream > count.from);
        if self.members.iter().any(|member| member.participant == from && is_past(member)) {
            return;
        }
        let known = self.participants();
        let Some(member) = self.members.iter_mut().find(|member| member.participant == to) else { return };
        // Said to somebody who left and came again.
        if epoch < member.since {
            return;
        }
        let stream = member.stream;
        match &mut member.place {
            Place::Here(here) => here.hear(from, count, event, stream, now, |who| known.contains(&who)),
            Place::There(there) if member.epoch > epoch => {
                let key = SeatKey { room: self.id.clone(), participant: to, epoch: member.epoch };
                self.local_node.tell(there.node, NodeMessage::Told { to: key, from, count, event });
            }
            Place::There(_) => {}
        }
    }

    /// Tells what `from`, who sits here, says to `to`.
    fn say(
        &mut self,
        from: ParticipantId,
        to: ParticipantId,
        event: Event,
        now: Instant,
    ) -> Result<(), BusFull> {
        let Some(count) = self.next_count(from, to) else { return Ok(()) };
        let key = self.key_of(to);
        let Some(member) = self.members.iter_mut().find(|member| member.participant == to) else {
            return Ok(());
        };
        let stream = member.stream;
        match &mut member.place {
            Place::There(there) => {
                self.local_node
                    .send(there.node, NodeMessage::Told { to: key, from, count: Some(count), event })?;
            }
            Place::Here(here) => {
                let is_direct = match &here.talks {
                    Some(talks) => talks.expects(from, count),
                    None => count.number == 1,
                };
                // Nothing is on its way between them, and so nothing need be counted.
                if is_direct {
                    here.outbox.push(event, now);
                    return Ok(());
                }
                here.hear(from, Some(count), event, stream, now, |_| true);
            }
        }
        self.count(from, to);
        Ok(())
    }

    /// Tells something uncounted.
    fn pass(
        &mut self,
        from: ParticipantId,
        to: ParticipantId,
        event: Event,
        now: Instant,
    ) -> Result<(), BusFull> {
        let key = self.key_of(to);
        let Some(member) = self.members.iter_mut().find(|member| member.participant == to) else {
            return Ok(());
        };
        let stream = member.stream;
        match &mut member.place {
            Place::Here(here) => here.hear(from, None, event, stream, now, |_| true),
            Place::There(there) => {
                self.local_node.send(there.node, NodeMessage::Told { to: key, from, count: None, event })?;
            }
        }
        Ok(())
    }

    fn next_count(&self, from: ParticipantId, to: ParticipantId) -> Option<PairSeq> {
        let stream_of = |who| self.members.iter().find(|member| member.participant == who);
        let (sender, recipient) = (stream_of(from)?, stream_of(to)?);
        let first = PairSeq { from: sender.stream, to: recipient.stream, number: 1 };
        let talks = sender.as_here()?.talks.as_ref();
        Some(talks.map_or(first, |talks| talks.next_to(to, first.from, first.to)))
    }

    /// Takes note that something counted was said.
    fn count(&mut self, from: ParticipantId, to: ParticipantId) {
        let Some(count) = self.next_count(from, to) else { return };
        let sender = self.members.iter_mut().find(|member| member.participant == from);
        if let Some(here) = sender.and_then(Member::as_here_mut) {
            here.talks().say(to, count);
        }
    }

    fn all_but(&self, participant: ParticipantId) -> Vec<ParticipantId> {
        self.participants().into_iter().filter(|other| *other != participant).collect()
    }

    pub(super) fn participants(&self) -> Vec<ParticipantId> {
        self.members.iter().map(|member| member.participant).collect()
    }
}
