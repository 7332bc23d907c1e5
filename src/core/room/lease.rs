//! How the seats of this node are kept: their leases, and what becomes of them with their connections.

use std::time::{Duration, Instant};

use super::{Member, Presence, Room};
use crate::core::model::{
    error::Replaced,
    event::Event,
    ids::{ConnectionId, Epoch, ParticipantId},
    seat_table::{Renewal, SeatKey},
};

impl Room {
    /// Keeps the seat of a participant whose connection was lost, and tells the others.
    ///
    /// Returns the renewal by which its lease runs from now on. `None`, with nothing changed, if the connection was
    /// fenced off or is already known to be lost.
    pub fn lose(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        connection: ConnectionId,
        now: Instant,
    ) -> Option<Renewal> {
        if !self.is_attached(participant, epoch, connection) {
            return None;
        }
        let (local_node, unprotected_lease) = (self.local_node.clone(), self.unprotected_lease);
        let member = self.member(participant, epoch).ok()?;
        if let Some(lease) = unprotected_lease.filter(|_| !member.protected) {
            member.lease = member.lease.min(lease);
        }
        (member.presence, member.renewed_at) = (Presence::Away, now);
        let here = member.as_here_mut()?;
        here.outbox.detach();
        here.away = here.address.map(|address| local_node.away.hold(address));
        let renewal = self.renewal_of(participant, now);
        self.tell_others(participant, &Event::Reconnecting { participant }, now);
        self.publish(false);
        renewal
    }

    /// Whether a seat ends because its client closes `connection`: it cannot resume, and has no newer connection.
    pub fn is_given_up_with(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        connection: ConnectionId,
    ) -> bool {
        self.is_open(participant, epoch) && self.is_attached(participant, epoch, connection)
    }

    /// Whether any newcomer may have the seat as soon as its connection is lost.
    pub fn is_open(&mut self, participant: ParticipantId, epoch: Epoch) -> bool {
        let has_rule = self.unprotected_lease.is_some();
        has_rule && self.member(participant, epoch).is_ok_and(|member| !member.protected)
    }

    /// The seats of this node that are open to newcomers.
    pub fn open_seats(&self) -> Vec<SeatKey> {
        let is_open = |member: &&Member| self.unprotected_lease.is_some() && !member.protected;
        self.here().filter(is_open).map(|member| self.key_of(member.participant)).collect()
    }

    /// Protects a seat of this node from now on. Returns the renewal that says so; `None` if it is protected already, or
    /// not held under `epoch`.
    pub fn protect(&mut self, participant: ParticipantId, epoch: Epoch, now: Instant) -> Option<Renewal> {
        let member = self.member(participant, epoch).ok().filter(|member| member.is_here())?;
        if std::mem::replace(&mut member.protected, true) {
            return None;
        }
        self.publish(false);
        self.renewal_of(participant, now)
    }

    fn is_attached(&mut self, participant: ParticipantId, epoch: Epoch, connection: ConnectionId) -> bool {
        let member = self.member(participant, epoch).ok();
        member.and_then(|member| member.connection()).is_some_and(|attached| attached.id() == connection)
    }

    /// As [`lose`](Self::lose), for everybody who is connected here.
    pub fn lose_all(&mut self, now: Instant) -> Vec<Renewal> {
        let key_of = |member: &Member| Some((member.participant, member.epoch, member.connection()?.id()));
        let connected: Vec<_> = self.members.iter().filter_map(key_of).collect();
        let lose = |(participant, epoch, connection)| self.lose(participant, epoch, connection, now);
        connected.into_iter().filter_map(lose).collect()
    }

    /// For how long the participant's seat is kept without a renewal.
    ///
    /// # Errors
    /// [`Replaced`]: it does not sit here, on this node, under `epoch`.
    pub fn lease_of(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<Duration, Replaced> {
        let member = self.member(participant, epoch)?;
        if member.is_here() { Ok(member.lease) } else { Err(Replaced) }
    }

    /// The renewals that are due: of connected participants a third of whose lease has run since the last one, and those
    /// that [failed](Self::due_again). They count as done from now on.
    pub fn due_renewals(&mut self, now: Instant) -> Vec<Renewal> {
        let mut due = Vec::new();
        for member in &mut self.members {
            let is_old = now.saturating_duration_since(member.renewed_at) >= member.lease / 3;
            let is_connected = member.connection().is_some();
            let Some(here) = member.as_here_mut() else { continue };
            if std::mem::take(&mut here.renewal_failed) || (is_connected && is_old) {
                if is_connected {
                    member.renewed_at = now;
                }
                due.push(member.renewal(&self.id, now));
            }
        }
        due
    }

    /// Makes a renewal due again that failed.
    pub fn due_again(&mut self, participant: ParticipantId, epoch: Epoch) {
        if let Some(here) = self.member(participant, epoch).ok().and_then(Member::as_here_mut) {
            here.renewal_failed = true;
        }
    }

    fn renewal_of(&self, participant: ParticipantId, now: Instant) -> Option<Renewal> {
        let member = self.members.iter().find(|member| member.participant == participant)?;
        Some(member.renewal(&self.id, now))
    }
}
