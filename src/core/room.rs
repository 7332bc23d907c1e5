//! One room as this node sees it: who sits here, who is connected, who is told what. Synchronous; takes `now`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{
    error::{Replaced, SignalError},
    event::{ChatMessage, Event, LeaveReason, Signal, SignalKind},
    ids::{ConnectionId, Epoch, Name, ParticipantId},
    outbox::{Connection, Outbox},
};

/// The participants of a room, in the order in which they sat down.
///
/// Invariants: a participant is listed once; whoever is not listed is told nothing; every participant that enters
/// is followed by exactly one [`Event::Left`] to those who are there when it ends; a call with an epoch that is
/// not the participant's current one changes nothing.
#[derive(Debug, Default)]
pub struct Room {
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    participant: ParticipantId,
    name: Name,
    epoch: Epoch,
    presence: Presence,
    outbox: Outbox,
    lease: Duration,
    renewed_at: Instant,
}

/// Whether a participant can be told things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It has the seat; its connection is about to be attached for the first time.
    Arriving,
    /// Its connection is attached; it may be dead without anybody having noticed.
    Connected,
    /// Its connection was lost, and the others know.
    Away,
}

/// Somebody who claimed a seat and comes in.
#[derive(Debug, Clone)]
pub struct Entrant {
    /// Who.
    pub participant: ParticipantId,
    /// What they are called from now on.
    pub name: Name,
    /// The epoch of the claim.
    pub epoch: Epoch,
    /// How long the claim lasts without a renewal.
    pub lease: Duration,
    /// The number of the last event they have, if they come back and know.
    pub received: Option<u64>,
}

/// What somebody found who entered a room.
pub struct Entered {
    /// Whether it was here before.
    pub returned: bool,
    /// Whether it was here before and nothing was lost since its former connection.
    pub resumed: bool,
    /// The older connection of the same participant, to be closed.
    pub fenced: Option<Arc<dyn Connection>>,
    /// The room.
    pub view: View,
}

/// A room as one of its participants sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The number that the participant's next event counts on from.
    pub seq: u64,
    /// Whether somebody sat down before it: the polite side in W3C's perfect negotiation.
    pub polite: bool,
    /// Everybody else, in the order in which they sat down.
    pub others: Vec<Other>,
}

/// Another participant, as one participant sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Who.
    pub participant: ParticipantId,
    /// What they are called.
    pub name: Name,
    /// `false` while its connection is lost and its seat is kept.
    pub connected: bool,
}

impl Room {
    /// Lists a participant that claimed a seat, or takes its listing over for a newer epoch. What it is to be
    /// told is kept until [`attach`](Self::attach).
    ///
    /// # Errors
    /// [`Replaced`]: an even newer epoch was here first; nothing changed.
    pub fn enter(&mut self, entrant: Entrant, now: Instant) -> Result<Entered, Replaced> {
        let participant = entrant.participant;
        let before = self.position(participant);
        let (resumed, fenced) = match before {
            Some(position) => self.members[position].take_over(entrant, now)?,
            None => {
                self.tell_others(
                    participant,
                    &Event::Joined { participant, name: entrant.name.clone() },
                    now,
                );
                // Rooms are small and many: room for four would mostly be kept for nobody.
                self.members.reserve_exact(1);
                self.members.push(Member::arriving(entrant, now));
                (false, None)
            }
        };
        let view = self.view_of(participant);
        Ok(Entered { returned: before.is_some(), resumed, fenced, view })
    }

    /// Sends what is kept for the participant, and all that follows, to `connection`. Returns the connection it had
    /// under the same epoch.
    ///
    /// # Errors
    /// [`Replaced`]: the participant is gone, or has a newer epoch; nothing changed.
    pub fn attach(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        connection: Arc<dyn Connection>,
        now: Instant,
    ) -> Result<Option<Arc<dyn Connection>>, Replaced> {
        let member = self.member(participant, epoch)?;
        let before = std::mem::replace(&mut member.presence, Presence::Connected);
        let former = member.outbox.attach(connection);
        if before != Presence::Arriving {
            self.tell_others(participant, &Event::Resumed { participant }, now);
        }
        Ok(former)
    }

    /// Keeps the seat of a participant whose connection was lost, and tells the others.
    ///
    /// Returns whether anything changed: a connection that was fenced off or already lost changes nothing.
    pub fn lose(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        connection: ConnectionId,
        now: Instant,
    ) -> bool {
        let Ok(member) = self.member(participant, epoch) else { return false };
        if member.outbox.connection().is_none_or(|attached| attached.id() != connection) {
            return false;
        }
        member.outbox.detach();
        member.presence = Presence::Away;
        self.tell_others(participant, &Event::Reconnecting { participant }, now);
        true
    }

    /// Delivers a signal to another participant of this room.
    ///
    /// # Errors
    /// - [`SignalError::Replaced`]: `from` does not sit here under `epoch`.
    /// - [`SignalError::NoSuchParticipant`]: `to` does not sit here, or is the sender.
    pub fn signal(
        &mut self,
        from: ParticipantId,
        epoch: Epoch,
        to: ParticipantId,
        kind: SignalKind,
        payload: Bytes,
        now: Instant,
    ) -> Result<(), SignalError> {
        let name = self.member(from, epoch)?.name.clone();
        let recipient = self.members.iter_mut().find(|member| member.participant == to && to != from);
        let recipient = recipient.ok_or(SignalError::NoSuchParticipant)?;
        recipient.outbox.push(Event::Signal(Signal { from, name, kind, payload }), now);
        Ok(())
    }

    /// Delivers a signal to everybody else in this room.
    ///
    /// # Errors
    /// [`Replaced`]: `from` does not sit here under `epoch`.
    pub fn broadcast(
        &mut self,
        from: ParticipantId,
        epoch: Epoch,
        kind: SignalKind,
        payload: Bytes,
        now: Instant,
    ) -> Result<(), Replaced> {
        let name = self.member(from, epoch)?.name.clone();
        self.tell_others(from, &Event::Signal(Signal { from, name, kind, payload }), now);
        Ok(())
    }

    /// Delivers a signal that comes from another room to everybody in this one.
    pub fn receive(&mut self, signal: &Signal, now: Instant) {
        for member in &mut self.members {
            member.outbox.push(Event::Signal(signal.clone()), now);
        }
    }

    /// Who is called `name` here; where names are not unique, the first who sat down.
    pub fn find(&self, name: &Name) -> Option<ParticipantId> {
        self.members.iter().find(|member| member.name == *name).map(|member| member.participant)
    }

    /// Tells the others what the writer, who need not sit here any more, wrote.
    pub fn chat(&mut self, message: &ChatMessage, now: Instant) {
        self.tell_others(message.from, &Event::Chat(message.clone()), now);
    }

    /// Gives a seat up: the participant is told nothing any more, the others are told that it left.
    ///
    /// Returns its connection, if it had one; `None` with nothing changed if it does not sit here under `epoch`.
    pub fn end(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        reason: LeaveReason,
        now: Instant,
    ) -> Option<Ended> {
        self.member(participant, epoch).ok()?;
        let position = self.position(participant)?;
        let connection = self.members.remove(position).outbox.detach();
        self.tell_others(participant, &Event::Left { participant, reason }, now);
        Some(Ended { connection })
    }

    /// What the participant is called here.
    ///
    /// # Errors
    /// [`Replaced`]: it does not sit here under `epoch`.
    pub fn name_of(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<Name, Replaced> {
        self.member(participant, epoch).map(|member| member.name.clone())
    }

    /// How the participant sees the room now.
    ///
    /// # Errors
    /// [`Replaced`]: it does not sit here under `epoch`.
    pub fn view(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<View, Replaced> {
        self.member(participant, epoch)?;
        Ok(self.view_of(participant))
    }

    /// Whether a participant that sits here under `epoch` can be told things, and its connection if it has one.
    pub fn presence(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
    ) -> Option<(Presence, Option<Arc<dyn Connection>>)> {
        let member = self.member(participant, epoch).ok()?;
        Some((member.presence, member.outbox.connection().cloned()))
    }

    /// For how long the participant's seat is kept without a renewal.
    ///
    /// # Errors
    /// [`Replaced`]: it does not sit here under `epoch`.
    pub fn lease_of(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<Duration, Replaced> {
        self.member(participant, epoch).map(|member| member.lease)
    }

    /// Who sits here, under which epoch.
    pub fn holdings(&self) -> Vec<(ParticipantId, Epoch)> {
        self.members.iter().map(|member| (member.participant, member.epoch)).collect()
    }

    /// The live connections.
    pub fn connections(&self) -> impl Iterator<Item = &Arc<dyn Connection>> {
        self.members.iter().filter_map(|member| member.outbox.connection())
    }

    /// The connected participants whose lease has run for a third or more since it was last renewed, with the
    /// length of their lease. They are taken to be renewed now.
    pub fn due_renewals(&mut self, now: Instant) -> Vec<(ParticipantId, Epoch, Duration)> {
        let due = self.members.iter_mut().filter(|member| {
            member.outbox.connection().is_some()
                && now.saturating_duration_since(member.renewed_at) >= member.lease / 3
        });
        due.map(|member| {
            member.renewed_at = now;
            (member.participant, member.epoch, member.lease)
        })
        .collect()
    }

    /// How many sit here.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether nobody sits here.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Lets go of events that have surely arrived.
    pub fn forget_arrived(&mut self, now: Instant) {
        for member in &mut self.members {
            member.outbox.forget_arrived(now);
        }
    }

    fn view_of(&self, participant: ParticipantId) -> View {
        let position = self.position(participant).unwrap_or_default();
        let seq = self.members.get(position).map_or(0, |member| member.outbox.handed());
        let others = self.members.iter().filter(|member| member.participant != participant);
        let others = others.map(|member| Other {
            participant: member.participant,
            name: member.name.clone(),
            connected: member.presence != Presence::Away,
        });
        View { seq, polite: position > 0, others: others.collect() }
    }

    fn tell_others(&mut self, participant: ParticipantId, event: &Event, now: Instant) {
        for member in self.members.iter_mut().filter(|member| member.participant != participant) {
            member.outbox.push(event.clone(), now);
        }
    }

    fn member(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<&mut Member, Replaced> {
        let found = self.members.iter_mut().find(|member| member.participant == participant);
        found.filter(|member| member.epoch == epoch).ok_or(Replaced)
    }

    fn position(&self, participant: ParticipantId) -> Option<usize> {
        self.members.iter().position(|member| member.participant == participant)
    }
}

impl Member {
    fn arriving(entrant: Entrant, now: Instant) -> Self {
        Self {
            participant: entrant.participant,
            name: entrant.name,
            epoch: entrant.epoch,
            presence: Presence::Arriving,
            outbox: Outbox::default(),
            lease: entrant.lease,
            renewed_at: now,
        }
    }

    fn take_over(
        &mut self,
        entrant: Entrant,
        now: Instant,
    ) -> Result<(bool, Option<Arc<dyn Connection>>), Replaced> {
        if self.epoch >= entrant.epoch {
            return Err(Replaced);
        }
        self.epoch = entrant.epoch;
        self.name = entrant.name;
        self.lease = entrant.lease;
        self.renewed_at = now;
        let fenced = self.outbox.detach();
        Ok((self.outbox.resume(entrant.received), fenced))
    }
}

/// A seat that was given up.
pub struct Ended {
    /// The connection it had.
    pub connection: Option<Arc<dyn Connection>>,
}
