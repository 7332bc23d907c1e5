//! Seats of local participants: their leases, and what a lost or closed connection does to them.

use std::time::{Duration, Instant};

use super::{Member, Presence, Room};
use crate::core::model::{
    error::Replaced,
    ids::{ConnectionId, Epoch, ParticipantId},
    seat_table::{Claimed, Renewal, SeatKey},
};

impl Room {
    /// Holds the seat of a participant whose connection was lost, and tells the others.
    ///
    /// Returns the renewal from which its lease runs. `None`, with nothing changed, if the connection was
    /// fenced, or its loss is known already.
    pub fn lose_connection(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        connection: ConnectionId,
        now: Instant,
    ) -> Option<Renewal> {
        if !self.is_attached(participant, epoch, connection) {
            return None;
        }
        let (node, unprotected_lease) = (self.node.clone(), self.policy.unprotected_lease);
        let member = self.member(participant, epoch).ok()?;
        if let Some(lease) = unprotected_lease.filter(|_| !member.protected) {
            member.lease = member.lease.min(lease);
        }
        (member.presence, member.renewed_at) = (Presence::Away, now);
        let local = member.as_local_mut()?;
        local.outbox.detach();
        local.away = local.address.map(|address| node.away.hold(address));
        let renewal = self.renewal_of(participant, now);
        self.sync_rosters(now);
        self.publish(false);
        renewal
    }

    /// Does [`lose_connection`](Self::lose_connection) for all connected local participants.
    pub fn lose_all_connections(&mut self, now: Instant) -> Vec<Renewal> {
        let key_of = |member: &Member| Some((member.participant, member.epoch, member.connection()?.id()));
        let connected: Vec<_> = self.members.iter().filter_map(key_of).collect();
        let lose =
            |(participant, epoch, connection)| self.lose_connection(participant, epoch, connection, now);
        connected.into_iter().filter_map(lose).collect()
    }

    /// True if the seat ends when its client closes `connection`: the client cannot resume and has no newer
    /// connection.
    pub fn ends_with_connection(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        connection: ConnectionId,
    ) -> bool {
        self.is_open(participant, epoch) && self.is_attached(participant, epoch, connection)
    }

    /// True if any newcomer may take the seat as soon as its connection is lost.
    pub fn is_open(&mut self, participant: ParticipantId, epoch: Epoch) -> bool {
        let has_rule = self.policy.unprotected_lease.is_some();
        has_rule && self.member(participant, epoch).is_ok_and(|member| !member.protected)
    }

    /// The local seats for which [`is_open`](Self::is_open) holds.
    pub fn open_seats(&self) -> Vec<SeatKey> {
        let is_open = |member: &&Member| self.policy.unprotected_lease.is_some() && !member.protected;
        self.local_members().filter(is_open).map(|member| self.key_of(member.participant)).collect()
    }

    /// Protects a local seat from now on.
    ///
    /// Returns the renewal to send; `None` if the seat is protected already, or not held under `epoch`.
    pub fn protect(&mut self, participant: ParticipantId, epoch: Epoch, now: Instant) -> Option<Renewal> {
        let member = self.member(participant, epoch).ok().filter(|member| member.is_local())?;
        if std::mem::replace(&mut member.protected, true) {
            return None;
        }
        self.publish(false);
        self.renewal_of(participant, now)
    }

    /// The lease of a local participant.
    ///
    /// # Errors
    /// [`Replaced`]: it does not sit on this node under `epoch`.
    pub fn lease_of(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<Duration, Replaced> {
        let member = self.member(participant, epoch)?;
        if member.is_local() { Ok(member.lease) } else { Err(Replaced) }
    }

    /// Takes the renewals that are due: of connected participants after a third of their lease, and those
    /// that [failed](Self::renewal_failed).
    pub fn take_due_renewals(&mut self, now: Instant) -> Vec<Renewal> {
        let mut due = Vec::new();
        for member in &mut self.members {
            let is_old = now.saturating_duration_since(member.renewed_at) >= member.lease / 3;
            let is_connected = member.connection().is_some();
            let Some(local) = member.as_local_mut() else { continue };
            if std::mem::take(&mut local.renewal_failed) || (is_connected && is_old) {
                if is_connected {
                    member.renewed_at = now;
                }
                due.push(member.renewal(&self.id, now));
            }
        }
        due
    }

    /// Renewals of the local seats that the answer to a claim does not list.
    ///
    /// Leaves out seats whose release is under way.
    pub fn renewals_unlisted(&self, claimed: &Claimed, now: Instant) -> Vec<Renewal> {
        let listed = || claimed.others.iter().chain([&claimed.seat]).map(|seat| seat.participant);
        let is_releasing =
            |member: &Member| member.as_local().is_some_and(|local| local.releasing == Some(member.epoch));
        let unlisted = self.local_members().filter(|member| listed().all(|it| it != member.participant));
        unlisted.filter(|it| !is_releasing(it)).map(|member| member.renewal(&self.id, now)).collect()
    }

    /// Records that the release of a local seat begins; [`end_stay`](Self::end_stay) follows.
    pub fn begin_release(&mut self, participant: ParticipantId, epoch: Epoch) {
        if let Some(local) = self.member(participant, epoch).ok().and_then(Member::as_local_mut) {
            local.releasing = Some(epoch);
        }
    }

    /// Makes a renewal due again.
    pub fn renewal_failed(&mut self, participant: ParticipantId, epoch: Epoch) {
        if let Some(local) = self.member(participant, epoch).ok().and_then(Member::as_local_mut) {
            local.renewal_failed = true;
        }
    }

    fn is_attached(&mut self, participant: ParticipantId, epoch: Epoch, connection: ConnectionId) -> bool {
        let member = self.member(participant, epoch).ok();
        member.and_then(|member| member.connection()).is_some_and(|attached| attached.id() == connection)
    }

    fn renewal_of(&self, participant: ParticipantId, now: Instant) -> Option<Renewal> {
        Some(self.find_member(participant)?.renewal(&self.id, now))
    }
}
