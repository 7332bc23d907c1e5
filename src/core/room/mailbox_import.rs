//! Participants that migrate to this node: they wait for their mailbox from the former one.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Entrant, EntryMode, LocalMember, Location, Member, Presence, Room};
use crate::core::{
    delivery::outbox::{Outbox, RESET},
    model::{
        error::Replaced,
        ids::{Epoch, NodeId, ParticipantId},
        mailbox::Mailbox,
        seat_table::Seat,
    },
};

/// How long a mailbox may take to arrive. After that it counts as lost.
///
/// The former node may have a thousand to send at once; a participant has its seat again within three
/// seconds.
pub const MAILBOX_WITHIN: Duration = Duration::from_secs(2);

/// Low bits of the stream id that stand above those of event numbers. Together they stay below 2^52, which a
/// double holds exactly.
const STREAM_BITS: u64 = (1 << 20) - 1;
const NUMBER_BITS: u32 = 32;

/// The number before the first event of a stream. A number of another stream must not pass for one of this.
pub(super) fn start_of(stream: Epoch) -> u64 {
    (stream.0 & STREAM_BITS) << NUMBER_BITS
}

/// A mailbox on its way to this node.
#[derive(Debug)]
pub(super) struct MailboxRequest {
    /// The epoch of the claim that requested it.
    epoch: Epoch,
    /// The node that was asked.
    from: NodeId,
    sent_at: Instant,
    /// Tells the latest join when the mailbox has arrived.
    notice: Option<oneshot::Sender<bool>>,
    /// How the owner entered last.
    pub(super) mode: EntryMode,
}

impl MailboxRequest {
    /// Resolves when the mailbox has arrived. Earlier receivers resolve to an error: a newer join replaced
    /// theirs.
    pub(super) fn arrival(&mut self) -> oneshot::Receiver<bool> {
        let (notice, arrival) = oneshot::channel();
        self.notice = Some(notice);
        arrival
    }
}

impl Room {
    /// Continues a participant's events with its mailbox, which was requested when it claimed its seat under
    /// `epoch`. `None` is a reset.
    ///
    /// Ignored if the participant has moved on: it is reset where it is now.
    pub fn import_mailbox(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        mailbox: Option<Box<Mailbox>>,
        now: Instant,
    ) {
        let Some(position) = self.position(participant) else { return };
        let Some(local) = self.members[position].as_local_mut() else { return };
        let is_it = |open: &mut Box<MailboxRequest>| open.epoch == epoch;
        let Some(open) = local.mailbox_request.take_if(is_it) else { return };
        let is_restored = mailbox.is_some_and(|mailbox| self.restore(position, *mailbox, now));
        if is_restored {
            self.sync_roster(position, now);
        } else {
            self.lose_mailbox(position);
        }
        let local = self.members[position].as_local_mut().filter(|_| is_restored);
        let resumed = local.is_some_and(|local| local.resume(open.mode));
        self.deliver_waiting(position, now);
        // Its stream is known only now.
        self.publish(false);
        if let Some(notice) = open.notice {
            // The join that waited may have been dropped.
            let _ = notice.send(resumed);
        }
    }

    /// Stops waiting for the mailbox of a participant that is listed under `epoch`: a reset.
    pub fn give_up_mailbox(&mut self, participant: ParticipantId, epoch: Epoch, now: Instant) {
        let is_its = |member: &Member| (member.participant, member.epoch) == (participant, epoch);
        self.give_up_mailboxes(|member, _| is_its(member), now);
    }

    /// Stops waiting for mailboxes of a node that is lost: resets.
    pub(super) fn give_up_mailboxes_from(&mut self, node: NodeId, now: Instant) {
        self.give_up_mailboxes(|_, open| open.from == node, now);
    }

    /// Stops waiting for mailboxes that are late.
    pub(super) fn give_up_late_mailboxes(&mut self, now: Instant) {
        self.give_up_mailboxes(|_, open| open.sent_at + MAILBOX_WITHIN <= now, now);
    }

    /// Continues a local seat under a newer epoch that this node claimed without getting the answer. With
    /// other nodes it is a reset: the seat may have been on one of them in between.
    ///
    /// Closes the connection under the former epoch.
    pub fn continue_claim(&mut self, seat: &Seat, now: Instant) {
        let is_older =
            |member: &Member| member.is_local() && member.epoch < seat.epoch && member.since == seat.since;
        let Some(position) = self.position(seat.participant).filter(|it| is_older(&self.members[*it])) else {
            return;
        };
        let member = &mut self.members[position];
        (member.epoch, member.name, member.renewed_at) = (seat.epoch, seat.name.clone(), now);
        member.protected |= seat.protected;
        member.presence = Presence::Away;
        if let Some(local) = member.as_local_mut() {
            local.outbox.fence();
        }
        if self.node.knows_peers() {
            self.lose_mailbox(position);
            self.deliver_waiting(position, now);
        }
        self.sync_rosters(now);
        self.publish(false);
    }

    /// True if events of the participant were lost since its mailbox arrived.
    ///
    /// # Errors
    /// [`Replaced`]: it is not listed under `epoch`.
    pub fn needs_reset(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<bool, Replaced> {
        Ok(self.member(participant, epoch)?.as_local().is_none_or(|local| local.outbox.needs_reset()))
    }

    /// Drops the replay buffer of a participant whose join is answered with a reset.
    ///
    /// # Errors
    /// [`Replaced`]: it is not listed under `epoch`.
    pub fn drop_replay(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<(), Replaced> {
        if let Some(local) = self.member(participant, epoch)?.as_local_mut() {
            local.outbox.resume(Some(RESET));
        }
        Ok(())
    }

    /// Turns the listing of a remote participant into one of a local participant that waits for its mailbox.
    pub(super) fn enter_from_remote(&mut self, position: usize, entrant: &Entrant, now: Instant) {
        let mut local = LocalMember { address: entrant.address, ..LocalMember::default() };
        local.wait_for_mailbox(entrant, now);
        let member = &mut self.members[position];
        (member.location, member.presence) = (Location::Local(local), Presence::Away);
        if entrant.mailbox_from.is_none() {
            self.lose_mailbox(position);
        }
    }

    /// Starts a new stream: the participant's history up to now is lost.
    pub(super) fn lose_mailbox(&mut self, position: usize) {
        self.set_roster(position);
        let member = &mut self.members[position];
        member.stream = member.epoch;
        let (stream, Location::Local(local)) = (member.stream, &mut member.location) else { return };
        local.mailbox_request = None;
        local.outbox.reset();
        local.outbox.continue_from(start_of(stream));
        local.sequences_mut().restart(stream);
    }

    /// Stops waiting for the mailboxes for which `is_lost` is true: resets.
    pub(super) fn give_up_mailboxes(
        &mut self,
        is_lost: impl Fn(&Member, &MailboxRequest) -> bool,
        now: Instant,
    ) {
        for position in 0..self.members.len() {
            let member = &self.members[position];
            let open = member.as_local().and_then(|local| local.mailbox_request.as_ref());
            if open.is_some_and(|open| is_lost(member, open)) {
                self.lose_mailbox(position);
                self.deliver_waiting(position, now);
                self.publish(false);
            }
        }
    }

    /// Returns `false`, with nothing changed, if the mailbox is of an older stream than the participant is
    /// known to have.
    fn restore(&mut self, position: usize, mailbox: Mailbox, now: Instant) -> bool {
        let member = &mut self.members[position];
        if mailbox.stream < member.stream {
            return false;
        }
        member.stream = mailbox.stream;
        let streams: Vec<_> = mailbox.sent.iter().map(|(who, seq)| (*who, seq.to)).collect();
        if let Some(local) = member.as_local_mut() {
            let Mailbox { events, last_seq, taken_seq, stream, sent, received, roster } = mailbox;
            local.outbox = Outbox::from_parts(events, last_seq, taken_seq, now);
            local.roster = roster;
            local.sequences_mut().restore(sent, received, stream);
        }
        self.learn_streams(&streams);
        true
    }

    /// Takes over newer stream ids of the others, except for local participants with a mailbox: this node
    /// knows theirs best.
    fn learn_streams(&mut self, streams: &[(ParticipantId, Epoch)]) {
        let is_known =
            |member: &Member| member.as_local().is_some_and(|local| local.mailbox_request.is_none());
        for member in self.members.iter_mut().filter(|member| !is_known(member)) {
            let stream = streams.iter().find(|(who, _)| *who == member.participant);
            member.stream = member.stream.max(stream.map_or(member.stream, |(_, stream)| *stream));
        }
    }
}

impl LocalMember {
    /// Holds all events until the mailbox has arrived, if the entrant has asked for it.
    pub(super) fn wait_for_mailbox(&mut self, entrant: &Entrant, now: Instant) {
        let Some(from) = entrant.mailbox_from else { return };
        // The participant's events have come by other routes before.
        self.sequences_mut();
        let (epoch, mode) = (entrant.seat.epoch, entrant.mode);
        self.mailbox_request =
            Some(Box::new(MailboxRequest { epoch, from, sent_at: now, notice: None, mode }));
    }

    /// Returns `true` unless events are missing. After a take-over the client's join finds that out.
    fn resume(&mut self, mode: EntryMode) -> bool {
        match mode {
            EntryMode::Join { received } => self.outbox.resume(received),
            EntryMode::TakeOver => true,
        }
    }
}
