//! Participants who come here from another node, and what was kept for them there.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Attends, Entrant, Here, Member, Pending, Place, Presence, Room, Search};
use crate::core::{
    delivery::{
        mailbox_arrival::{self, Arrival},
        outbox::RESET,
    },
    model::{
        error::Replaced,
        event::{Event, LeaveReason},
        ids::{Epoch, ParticipantId},
        seat_table::Seat,
    },
    ports::{
        connection::Connection,
        node_bus::{Mailbox, NodeMessage},
    },
};

/// How long one who comes back waits at most for what was kept on another node, which may have a thousand to let go at once;
/// after that, it is taken to be lost. A seat is had again within three seconds.
pub const MAILBOX_WITHIN: Duration = Duration::from_secs(2);

/// How many bits of its stream the first number of a mailbox that was lost has, above those of events: together, what
/// a double holds exactly.
const STREAM_BITS: u64 = (1 << 20) - 1;
const NUMBER_BITS: u32 = 32;

impl Room {
    /// What resolves when the participant's mailbox is here, if it is on its way.
    pub fn pending(&self, participant: ParticipantId) -> Option<Arrival> {
        let here = self.members.iter().find(|member| member.participant == participant)?.as_here()?;
        here.pending.as_ref().map(|pending| pending.arrival.clone())
    }

    /// Goes on with what was kept on another node for one who came back here, as was asked for by `ask`. `None`: the other
    /// node has nothing. If its owner has moved on, it follows them.
    pub fn arrive(
        &mut self,
        participant: ParticipantId,
        ask: u64,
        mailbox: Option<Box<Mailbox>>,
        now: Instant,
    ) {
        let others = self.others_of(participant);
        let Some(position) = self.position(participant) else { return };
        let here = match &mut self.members[position].place {
            Place::There(there) => return there.pass_on(&self.local_node, ask, mailbox),
            Place::Here(here) => here,
        };
        // If nothing is found anywhere, its owner has moved on, which this node is about to hear.
        let is_over = |pending: &mut Box<Pending>| {
            let search = &mut pending.search;
            search.answered(ask, mailbox) && (search.found.is_some() || search.own.is_some())
        };
        let Some(pending) = here.pending.take_if(is_over) else { return };
        let Pending { search, attends, announcement, .. } = *pending;
        let resumed = match self.open_mailbox(position, search, now) {
            Some(told_of) => {
                self.tell_changes(position, &told_of, &others, now);
                self.members[position].as_here_mut().is_some_and(|here| here.goes_on_with(attends))
            }
            None => {
                self.lose_mailbox(position);
                false
            }
        };
        self.tell_waiting_of(position, now);
        // Its stream is known only now.
        self.publish(false);
        announcement.announce(resumed);
    }

    /// Takes what is kept for the participant to be lost, if it is still waited for and the holding is its present one.
    pub fn give_up_mailbox(&mut self, participant: ParticipantId, epoch: Epoch, now: Instant) {
        let is_its = |member: &Member| (member.participant, member.epoch) == (participant, epoch);
        self.give_up_mailboxes(|member, _| is_its(member), now);
    }

    /// Takes what is kept for the participant to be lost, because that question will not be answered.
    pub fn lose_answer(&mut self, participant: ParticipantId, ask: u64, now: Instant) {
        self.give_up_mailboxes(
            |member, pending| {
                member.participant == participant && pending.search.pending_requests.contains(&ask)
            },
            now,
        );
    }

    /// Goes on with one who sits here under a newer holding, to whose claim this node had no answer: they are about to come
    /// back. Returns the connection that they had under the former one.
    pub fn follow(&mut self, seat: &Seat, now: Instant) -> Option<Arc<dyn Connection>> {
        let participant = seat.participant;
        let is_former = |member: &&mut Member| member.participant == participant && member.epoch < seat.epoch;
        let member = self.members.iter_mut().find(is_former).filter(|member| member.since == seat.since)?;
        let before = member.is_connected();
        let fenced = member.as_here_mut()?.outbox.detach();
        (member.epoch, member.name, member.renewed_at) = (seat.epoch, seat.name.clone(), now);
        member.presence = Presence::Away;
        self.tell_presence(participant, before, false, now);
        self.publish(false);
        fenced
    }

    /// Drops what is kept for one who starts afresh.
    ///
    /// # Errors
    /// [`Replaced`]: it does not sit here under `epoch`.
    pub fn start_afresh(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<(), Replaced> {
        if let Some(here) = self.member(participant, epoch)?.as_here_mut() {
            here.outbox.resume(Some(RESET));
        }
        Ok(())
    }

    /// Takes what was waited for in vain to be lost.
    pub fn settle(&mut self, now: Instant) {
        self.forget_gone(now);
        self.give_up_mailboxes(|_, pending| pending.since + MAILBOX_WITHIN <= now, now);
        let known = self.participants();
        for member in &mut self.members {
            match &mut member.place {
                Place::Here(here) => here.settle(member.lease, now, |who| known.contains(&who)),
                Place::There(there) => there.settle(now),
            }
        }
    }

    fn give_up_mailboxes(&mut self, is_lost: impl Fn(&Member, &Pending) -> bool, now: Instant) {
        for position in 0..self.members.len() {
            let member = &self.members[position];
            let pending = member.as_here().and_then(|here| here.pending.as_ref());
            if pending.is_some_and(|pending| is_lost(member, pending)) {
                self.lose_mailbox(position);
                self.tell_waiting_of(position, now);
                self.publish(false);
            }
        }
    }

    /// Goes on with a mailbox, or with what its owner has here of its `own`. Returns of whom it was told; `None`: something
    /// is lost.
    fn open_mailbox(
        &mut self,
        position: usize,
        Search { found, own, .. }: Search,
        now: Instant,
    ) -> Option<Vec<(ParticipantId, bool)>> {
        let member = &mut self.members[position];
        let stream = member.stream;
        // What the other node has may be from before something was lost, and what came since may be here.
        let is_older = |mailbox: &Mailbox| mailbox.stream < stream;
        let here = member.as_here_mut()?;
        match found.filter(|mailbox| mailbox.is_lost() || own.is_none() || !is_older(mailbox)) {
            Some(mailbox) if mailbox.is_lost() || is_older(&mailbox) => None,
            Some(mut mailbox) => {
                let others = std::mem::take(&mut mailbox.others);
                let streams: Vec<_> = mailbox.said.iter().map(|(who, count)| (*who, count.to)).collect();
                let stream = mailbox.stream;
                here.go_on(*mailbox, now);
                member.stream = stream;
                self.learn_streams(&streams);
                Some(others)
            }
            None => {
                if let Some(talks) = here.talks.as_mut().filter(|_| own.is_some()) {
                    talks.release(stream);
                }
                own
            }
        }
    }

    /// Turns a listing of one on another node into one here.
    pub(super) fn come_here(&mut self, position: usize, entrant: &Entrant, now: Instant) {
        let (known, before) = (self.members[position].stream, self.members[position].is_connected());
        let mut here = Here { address: entrant.address, ..Here::default() };
        let mut search = Search::default();
        if let Place::There(there) = &mut self.members[position].place
            && let Some(left) = there.left.take()
        {
            if let Some((node, ask)) = left.owed {
                // What it waits for is to stay here.
                self.local_node.tell(node, NodeMessage::Yielded { ask, mailbox: None });
            }
            search = left.search;
            if let Some(mut mailbox) = search.found.take_if(|mailbox| !mailbox.is_lost()) {
                // It went and is back, and what was kept for it never left.
                search.own = Some(std::mem::take(&mut mailbox.others));
                here.go_on(*mailbox, now);
            }
        }
        here.wait_for_mailbox(entrant, search, now);
        let member = &mut self.members[position];
        (member.place, member.stream, member.presence) = (Place::Here(here), known, Presence::Away);
        if entrant.ask.is_none() {
            self.lose_mailbox(position);
        }
        self.tell_presence(entrant.participant, before, false, now);
    }

    /// Takes note since when others have been told everything; of those whose mailbox is here, this node knows best.
    fn learn_streams(&mut self, streams: &[(ParticipantId, Epoch)]) {
        let is_known = |member: &Member| member.as_here().is_some_and(|here| here.pending.is_none());
        for member in self.members.iter_mut().filter(|member| !is_known(member)) {
            let stream = streams.iter().find(|(who, _)| *who == member.participant);
            member.stream = member.stream.max(stream.map_or(member.stream, |(_, stream)| *stream));
        }
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
    pub(super) fn wait_for_mailbox(&mut self, entrant: &Entrant, mut search: Search, now: Instant) {
        let Some(ask) = entrant.ask else { return };
        self.talks().hold();
        search.pending_requests.push(ask);
        let (announcement, arrival) = mailbox_arrival::expected();
        let attends = entrant.attends;
        self.pending = Some(Box::new(Pending { search, since: now, announcement, arrival, attends }));
    }

    /// Whether everything is there that one misses who comes back now; if they come later, that is found out then.
    fn goes_on_with(&mut self, attends: Attends) -> bool {
        match attends {
            Attends::Now(received) => self.outbox.resume(received),
            Attends::Later => true,
        }
    }

    /// Takes note of what one has who comes back once more before the mailbox is there.
    pub(super) fn returns_with(&mut self, attends: Attends) {
        if let Some(pending) = &mut self.pending {
            pending.attends = attends;
        }
    }
}
