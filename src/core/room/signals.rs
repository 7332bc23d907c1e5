//! Signals and chat messages to the other participants of a room, local and remote.

use std::time::Instant;

use bytes::Bytes;

use super::{Location, Room};
use crate::core::{
    model::{
        error::{Replaced, SignalError},
        event::{ChatMessage, Event, Signal, SignalKind},
        ids::{Epoch, ParticipantId},
        mailbox::PairSeq,
    },
    ports::node_bus::{BusFull, NodeMessage},
};

impl Room {
    /// Delivers a signal to another participant of this room.
    ///
    /// # Errors
    /// - [`SignalError::Replaced`]: `from` is not listed under `epoch`.
    /// - [`SignalError::NoSuchParticipant`]: `to` is not listed, or is the sender.
    /// - [`SignalError::Unavailable`]: too much waits for the recipient's node.
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
        let Location::Local(local) = &sender.location else { return Err(Replaced.into()) };
        let needs_no_seq = local.has_only_met_locals();
        let event = Event::Signal(Signal { from, name, kind, payload });
        let recipient = self.members.iter_mut().find(|member| member.participant == to && to != from);
        match &mut recipient.ok_or(SignalError::NoSuchParticipant)?.location {
            Location::Local(recipient) if needs_no_seq && recipient.has_only_met_locals() => {
                recipient.outbox.push(event, now);
                Ok(())
            }
            _ => Ok(self.send(from, to, event, now)?),
        }
    }

    /// Delivers a signal to all other participants of this room.
    ///
    /// # Errors
    /// - [`SignalError::Replaced`]: `from` is not listed under `epoch`.
    /// - [`SignalError::Unavailable`]: too much waits for the node of a participant; the others got the
    ///   signal.
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
        for to in self.participants_but(from) {
            outcome = outcome.and(self.send(from, to, event.clone(), now));
        }
        Ok(outcome?)
    }

    /// Delivers a signal from another room to all participants of this one.
    ///
    /// # Errors
    /// Too much waits for the node of a participant; the others got the signal.
    pub fn receive_cross_room(&mut self, signal: &Signal, now: Instant) -> Result<(), BusFull> {
        let event = Event::Signal(signal.clone());
        let all = self.participants();
        all.into_iter()
            .map(|to| self.send_unordered(signal.from, to, event.clone(), now))
            .fold(Ok(()), Result::and)
    }

    /// Sends a stored chat message to the others. Its writer may have left.
    pub fn chat(&mut self, message: &ChatMessage, now: Instant) {
        let event = Event::Chat(message.clone());
        let from = message.from;
        let is_writer_local = self.local_members().any(|member| member.participant == from);
        for to in self.participants_but(from) {
            if is_writer_local {
                if self.send(from, to, event.clone(), now).is_err() {
                    // The message is stored. Its number is used up, so that the receiver finds the gap.
                    self.count_sent(from, to);
                }
            } else {
                // The message is stored, and no later event of its writer could reveal a gap.
                let _ = self.send_unordered(from, to, event.clone(), now);
            }
        }
    }

    /// Delivers an event that another node sent for one of its participants, or forwards it to the
    /// recipient's node.
    ///
    /// `epoch` is what the other node knew of the recipient.
    pub fn receive(
        &mut self,
        (to, epoch): (ParticipantId, Epoch),
        from: ParticipantId,
        seq: Option<PairSeq>,
        event: Event,
        now: Instant,
    ) {
        let is_past = seq.is_some_and(|seq| self.find_member(from).is_some_and(|it| it.stream > seq.from));
        if is_past {
            return;
        }
        let listed = self.participants();
        let key = self.key_of(to);
        let Some(member) = self.members.iter_mut().find(|member| member.participant == to) else { return };
        let is_to_former_stay = epoch < member.since;
        let stream = member.stream;
        match &mut member.location {
            _ if is_to_former_stay => {}
            Location::Local(local) => {
                local.receive(from, seq, event, stream, now, |who| listed.contains(&who));
            }
            Location::Remote(remote) if member.epoch > epoch => {
                self.node.send_or_retry(remote.node, NodeMessage::Deliver { to: key, from, seq, event });
            }
            Location::Remote(_) => {}
        }
    }

    /// Sends an event of the local participant `from`, in the order of these calls.
    fn send(
        &mut self,
        from: ParticipantId,
        to: ParticipantId,
        event: Event,
        now: Instant,
    ) -> Result<(), BusFull> {
        let Some(seq) = self.next_seq(from, to) else { return Ok(()) };
        let key = self.key_of(to);
        let Some(member) = self.members.iter_mut().find(|member| member.participant == to) else {
            return Ok(());
        };
        let stream = member.stream;
        match &mut member.location {
            Location::Remote(remote) => {
                let message = NodeMessage::Deliver { to: key, from, seq: Some(seq), event };
                self.node.send(remote.node, message)?;
            }
            Location::Local(local) => {
                let is_next = match &local.sequences {
                    Some(sequences) => local.mailbox_request.is_none() && sequences.is_next(from, seq),
                    None => seq.number == 1,
                };
                // No earlier event is on its way between the two, so none needs a number.
                if is_next {
                    local.outbox.push(event, now);
                    return Ok(());
                }
                local.receive(from, Some(seq), event, stream, now, |_| true);
            }
        }
        self.count_sent(from, to);
        Ok(())
    }

    /// Sends an event without an order among others.
    fn send_unordered(
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
        match &mut member.location {
            Location::Local(local) => local.receive(from, None, event, stream, now, |_| true),
            Location::Remote(remote) => {
                self.node.send(remote.node, NodeMessage::Deliver { to: key, from, seq: None, event })?;
            }
        }
        Ok(())
    }

    fn next_seq(&self, from: ParticipantId, to: ParticipantId) -> Option<PairSeq> {
        let (sender, recipient) = (self.find_member(from)?, self.find_member(to)?);
        let first = PairSeq { from: sender.stream, to: recipient.stream, number: 1 };
        let sequences = sender.as_local()?.sequences.as_ref();
        Some(sequences.map_or(first, |sequences| sequences.next_to(to, first.from, first.to)))
    }

    /// Uses up the next number from one participant to another.
    fn count_sent(&mut self, from: ParticipantId, to: ParticipantId) {
        let Some(seq) = self.next_seq(from, to) else { return };
        let sender = self.members.iter_mut().find(|member| member.participant == from);
        if let Some(local) = sender.and_then(|sender| sender.as_local_mut()) {
            local.sequences_mut().set_sent(to, seq);
        }
    }

    fn participants_but(&self, participant: ParticipantId) -> Vec<ParticipantId> {
        self.participants().into_iter().filter(|other| *other != participant).collect()
    }
}
