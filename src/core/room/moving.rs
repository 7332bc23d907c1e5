//! Participants who come back on another node, and what is kept for them on its way there.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Attends, Entrant, Here, Member, Pending, Place, Presence, Room,
    member::{Left, There},
    talks::Early,
};
use crate::core::{
    error::Replaced,
    event::{Event, LeaveReason},
    ids::{Epoch, NodeId, ParticipantId},
    join::AFRESH,
    outbox::Connection,
    seat::{Claim, Seat, SeatKey},
    wire::{Count, Mailbox, Parcel},
};

/// How long one who comes back waits at most for what was kept on another node, which may have a thousand to let go at once;
/// after that, it is taken to be lost. A seat is had again within three seconds.
pub const MAILBOX_WITHIN: Duration = Duration::from_secs(2);

/// How long a node knows where those went who sat on it, and keeps what they did not take with them.
const LEFT_FOR: Duration = Duration::from_secs(10);

/// How many bits of its stream the first number of a mailbox that was lost has, above those of events: together, what
/// a double holds exactly.
const STREAM_BITS: u64 = (1 << 20) - 1;
const NUMBER_BITS: u32 = 32;

/// What has become of a mailbox that was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrived {
    /// It is there; whether all that its owner missed is in it.
    Here(bool),
    /// Its owner moved on, and it follows them.
    MovedOn,
    /// Nobody waits for it.
    Late,
}

impl Room {
    /// Which question's answer will bring the participant's mailbox, if it is on its way.
    pub fn pending(&self, participant: ParticipantId) -> Option<u64> {
        let here = self.members.iter().find(|member| member.participant == participant)?.as_here()?;
        here.pending.as_ref().map(|pending| pending.ask)
    }

    /// Goes on with what was kept on another node for one who came back here. `None`: the other node has nothing.
    pub fn arrive(
        &mut self,
        participant: ParticipantId,
        ask: u64,
        mailbox: Option<Box<Mailbox>>,
        now: Instant,
    ) -> Arrived {
        let others = self.others_of(participant);
        let Some(position) = self.position(participant) else { return Arrived::Late };
        let member = &mut self.members[position];
        let here = match &mut member.place {
            Place::There(there) => return there.pass_on(&self.site, ask, mailbox),
            Place::Here(here) => here,
        };
        let Some(pending) = here.pending.take_if(|pending| pending.ask == ask) else { return Arrived::Late };
        // What the other node has may be from before something was lost, and what came since may be here.
        let is_older = |mailbox: &Mailbox| mailbox.stream < member.stream;
        let has_own = pending.own.is_some();
        let told_of = match mailbox.filter(|mailbox| mailbox.is_lost() || !(has_own && is_older(mailbox))) {
            Some(mailbox) if mailbox.is_lost() || is_older(&mailbox) => None,
            Some(mut mailbox) => {
                member.stream = mailbox.stream;
                let streams: Vec<_> = mailbox.said.iter().map(|(who, count)| (*who, count.to)).collect();
                let told_of = std::mem::take(&mut mailbox.others);
                here.go_on(*mailbox, now);
                self.learn_streams(&streams);
                Some(told_of)
            }
            None => {
                if let Some(talks) = here.talks.as_mut().filter(|_| pending.own.is_some()) {
                    talks.release(member.stream);
                }
                pending.own
            }
        };
        let resumed = match told_of {
            Some(told_of) => {
                self.tell_changes(position, &told_of, &others, now);
                let here = self.members[position].as_here_mut();
                here.is_some_and(|here| match pending.attends {
                    Attends::Now(received) => here.outbox.resume(received),
                    Attends::Later => true,
                })
            }
            None => {
                self.lose_mailbox(position);
                false
            }
        };
        self.tell_waiting_of(position, now);
        // Its stream is known only now.
        self.publish(false);
        Arrived::Here(resumed)
    }

    /// Takes what is kept for the participant to be lost, if it is still waited for by that question.
    pub fn give_up_mailbox(&mut self, participant: ParticipantId, ask: u64, now: Instant) {
        let Some(position) = self.position(participant) else { return };
        let here = self.members[position].as_here_mut();
        if here.is_some_and(|here| here.pending.take_if(|pending| pending.ask == ask).is_some()) {
            self.lose_mailbox(position);
            self.tell_waiting_of(position, now);
            self.publish(false);
        }
    }

    /// Drops what is kept for one who starts afresh.
    ///
    /// # Errors
    /// [`Replaced`]: it does not sit here under `epoch`.
    pub fn start_afresh(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<(), Replaced> {
        if let Some(here) = self.member(participant, epoch)?.as_here_mut() {
            here.outbox.resume(Some(AFRESH));
        }
        Ok(())
    }

    /// Lets one who sat here go to `node`, where it came back under `epoch`, with all that is kept for it, which is
    /// the answer to that node's question `ask`. Returns its connection here.
    pub fn hand_over(
        &mut self,
        former: &SeatKey,
        epoch: Epoch,
        (node, ask): (NodeId, u64),
        now: Instant,
    ) -> Option<Arc<dyn Connection>> {
        let position = self.position(former.participant);
        let Some(position) = position.filter(|position| self.members[*position].epoch < epoch) else {
            self.hand_over_rest(former, (node, ask), now);
            return None;
        };
        let member = &self.members[position];
        let moved = Seat {
            participant: member.participant,
            name: member.name.clone(),
            node,
            epoch,
            since: member.since,
            lease_ends: now + member.lease,
            connected: false,
        };
        let fenced = if member.is_here() {
            self.leave_for(position, &moved, now)
        } else {
            self.hear_seat(&moved, None, now)
        };
        self.hand_over_rest(former, (node, ask), now);
        // It may have been told nothing of those who are still here.
        self.publish_to(Some(node), false);
        fenced
    }

    /// The seats of this node that are to be taken over by another one: of those who are not connected.
    pub fn adoptions(&self) -> Vec<Claim> {
        let is_left = |member: &&Member| member.connection().is_none();
        let claim = |member: &Member| Claim {
            room: self.id.clone(),
            seats: self.seats,
            participant: member.participant,
            name: member.name.clone(),
            unique_name: self.unique_names,
            lease: member.lease,
            over: Some(member.epoch),
        };
        self.here().filter(is_left).map(claim).collect()
    }

    /// Takes what was waited for in vain to be lost.
    pub fn settle(&mut self, now: Instant) {
        self.forget_gone(now);
        let overdue: Vec<_> = self
            .here()
            .filter_map(|member| Some((member.participant, member.as_here()?.pending.as_ref()?)))
            .filter(|(_, pending)| pending.since + MAILBOX_WITHIN <= now)
            .map(|(participant, pending)| (participant, pending.ask))
            .collect();
        for (participant, ask) in overdue {
            self.give_up_mailbox(participant, ask, now);
        }
        let known = self.participants();
        for member in &mut self.members {
            match &mut member.place {
                Place::Here(here) => here.settle(member.lease, now, |who| known.contains(&who)),
                Place::There(there) => drop(there.left.take_if(|left| left.at + LEFT_FOR <= now)),
            }
        }
    }

    /// Of whom the participant has been told, and whether as connected.
    pub(super) fn others_of(&self, participant: ParticipantId) -> Vec<(ParticipantId, bool)> {
        let others = self.members.iter().filter(|member| member.participant != participant);
        others.map(|member| (member.participant, member.is_connected())).collect()
    }

    /// Turns a listing of one on another node into one here.
    pub(super) fn come_here(&mut self, position: usize, entrant: &Entrant, now: Instant) {
        let (known, before) = (self.members[position].stream, self.members[position].is_connected());
        let mut here = Here::default();
        let mut own = None;
        if let Place::There(there) = &mut self.members[position].place
            && let Some(left) = there.left.take()
            && let Some(mut mailbox) = left.mailbox.filter(|mailbox| !mailbox.is_lost() && left.ask.is_none())
        {
            // It went and is back, and what was kept for it never left; nor is more on its way here.
            own = Some(std::mem::take(&mut mailbox.others));
            here.go_on(*mailbox, now);
        }
        here.wait_for_mailbox(entrant, own, now);
        let member = &mut self.members[position];
        (member.place, member.stream, member.presence) = (Place::Here(here), known, Presence::Away);
        if entrant.ask.is_none() {
            self.lose_mailbox(position);
        }
        self.tell_presence(entrant.participant, before, false, now);
    }

    /// Turns a listing of one here into one of one who sits elsewhere, as `seat`.
    pub(super) fn leave_for(
        &mut self,
        position: usize,
        seat: &Seat,
        now: Instant,
    ) -> Option<Arc<dyn Connection>> {
        let others = self.others_of(seat.participant);
        let room = self.id.clone();
        let member = &mut self.members[position];
        let before = member.is_connected();
        let there = There { node: seat.node, is_gone: false, verify_at: seat.lease_ends, left: None };
        let Place::Here(mut here) = std::mem::replace(&mut member.place, Place::There(there)) else {
            return None;
        };
        let fenced = here.outbox.detach();
        let pending = here.pending.take();
        let ask = pending.as_ref().map(|pending| pending.ask);
        // What was told before the mailbox was asked for is all there is to know if that one has nothing.
        let is_whole = pending.as_ref().is_none_or(|pending| pending.own.is_some());
        let others = pending.and_then(|pending| pending.own).unwrap_or(others);
        let (mut mailbox, early) = here.into_mailbox(member.stream, others);
        self.add_streams(position, &mut mailbox);
        let member = &mut self.members[position];
        let held = member.epoch;
        let left = Left { held, at: now, mailbox: is_whole.then_some(mailbox), ask, owed: None };
        (member.epoch, member.renewed_at, member.presence) = (seat.epoch, now, Presence::Away);
        if let Some(there) = member.as_there_mut() {
            there.left = Some(Box::new(left));
        }
        let key = seat.key_in(&room);
        for Early { from, count, event, .. } in early {
            self.site.tell(seat.node, Parcel::Told { to: key.clone(), from, count, event });
        }
        self.tell_presence(seat.participant, before, false, now);
        fenced
    }

    /// Says in a mailbox since when each of the others has been told everything.
    fn add_streams(&self, owner: usize, mailbox: &mut Mailbox) {
        let owner = self.members[owner].participant;
        for other in self.members.iter().filter(|other| other.participant != owner) {
            let count = Count { from: mailbox.stream, to: other.stream, number: 0 };
            match mailbox.said.iter_mut().find(|(who, _)| *who == other.participant) {
                Some((_, last)) if (last.from, last.to) == (count.from, count.to) => {}
                Some((_, last)) => *last = count,
                None => mailbox.said.push((other.participant, count)),
            }
        }
    }

    /// Takes note since when others have been told everything; of those whose mailbox is here, this node knows best.
    fn learn_streams(&mut self, streams: &[(ParticipantId, Epoch)]) {
        let is_known = |member: &Member| member.as_here().is_some_and(|here| here.pending.is_none());
        for member in self.members.iter_mut().filter(|member| !is_known(member)) {
            let stream = streams.iter().find(|(who, _)| *who == member.participant);
            member.stream = member.stream.max(stream.map_or(member.stream, |(_, stream)| *stream));
        }
    }

    /// Answers a question for a mailbox with what is left of one who sat here, now or when it comes.
    fn hand_over_rest(&mut self, former: &SeatKey, (node, ask): (NodeId, u64), now: Instant) {
        let member = self.members.iter_mut().find(|member| member.participant == former.participant);
        let left = member.and_then(Member::as_there_mut).and_then(|there| there.left.as_mut());
        // A question that comes late, of one who was here again since, is about nothing that is left.
        let left = left.filter(|left| left.held <= former.epoch);
        let mailbox = match left {
            Some(left) if left.ask.is_some() => {
                (left.owed, left.at) = (Some((node, ask)), now);
                return;
            }
            Some(left) => left.mailbox.take(),
            None => None,
        };
        self.site.tell(node, Parcel::Yielded { ask, mailbox });
    }

    pub(super) fn lose_mailbox(&mut self, position: usize) {
        let member = &mut self.members[position];
        member.stream = member.epoch;
        let (stream, Place::Here(here)) = (member.stream, &mut member.place) else { return };
        here.pending = None;
        here.outbox.tear();
        // A number of a former stream is none of this one, should a node come to know of that one alone.
        here.outbox.count_on_from((stream.0 & STREAM_BITS) << NUMBER_BITS);
        here.talks().begin_anew(stream);
    }

    /// Tells one whose mailbox has come what changed in the room since it was told last.
    fn tell_changes(
        &mut self,
        position: usize,
        before: &[(ParticipantId, bool)],
        after: &[(ParticipantId, bool)],
        now: Instant,
    ) {
        let mut news = Vec::new();
        for (participant, _) in before.iter().filter(|(who, _)| after.iter().all(|(other, _)| other != who)) {
            news.push(Event::Left { participant: *participant, reason: LeaveReason::LeaseEnded });
        }
        for &(participant, connected) in after {
            let known = before.iter().find(|(who, _)| *who == participant).map(|(_, connected)| *connected);
            let name = self.members.iter().find(|member| member.participant == participant);
            if let (None, Some(member)) = (known, name) {
                news.push(Event::Joined { participant, name: member.name.clone() });
            }
            match (known.unwrap_or(true), connected) {
                (true, false) => news.push(Event::Reconnecting { participant }),
                (false, true) => news.push(Event::Resumed { participant }),
                _ => {}
            }
        }
        if let Some(here) = self.members[position].as_here_mut() {
            for event in news {
                here.outbox.push(event, now);
            }
        }
    }

    fn tell_waiting_of(&mut self, position: usize, now: Instant) {
        let known = self.participants();
        if let Some(here) = self.members[position].as_here_mut() {
            here.tell_early(now, |who| known.contains(&who));
        }
    }
}

impl Here {
    /// Holds everything until the mailbox is there, if it was asked for.
    pub(super) fn wait_for_mailbox(
        &mut self,
        entrant: &Entrant,
        own: Option<Vec<(ParticipantId, bool)>>,
        now: Instant,
    ) {
        let Some(ask) = entrant.ask else { return };
        self.talks().hold();
        self.pending = Some(Box::new(Pending { ask, since: now, attends: entrant.attends, own }));
    }

    /// Takes note of what one has who comes back once more before the mailbox is there.
    pub(super) fn returns_with(&mut self, attends: Attends) {
        if let Some(pending) = &mut self.pending {
            pending.attends = attends;
        }
    }
}

impl There {
    /// Passes a mailbox on to where its owner went before it came.
    fn pass_on(
        &mut self,
        site: &crate::core::site::Site,
        ask: u64,
        mailbox: Option<Box<Mailbox>>,
    ) -> Arrived {
        let Some(left) = self.left.as_mut().filter(|left| left.ask == Some(ask)) else {
            return Arrived::Late;
        };
        left.ask = None;
        let mailbox = mailbox.or_else(|| left.mailbox.take());
        match left.owed.take() {
            Some((node, ask)) => site.tell(node, Parcel::Yielded { ask, mailbox }),
            None => left.mailbox = mailbox,
        }
        Arrived::MovedOn
    }
}
