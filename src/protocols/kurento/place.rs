//! Where somebody sits: their seat, what they know of the others, and the connections that carry their media.

use std::collections::{HashMap, HashSet};

use super::messages::{Participant, WEBCAM};
use crate::{
    core::{
        hub::join::Seated,
        model::ids::{Name, ParticipantId, RoomId},
        room::Other,
    },
    media::{EndpointId, Owner},
};

/// A participant's place in a room.
pub struct Place {
    /// The seat.
    pub seat: Seated,
    /// What they are called.
    pub name: Name,
    /// What they asked for when they joined.
    pub wishes: Wishes,
    /// Whether the join was answered, so that they may be told what happens.
    pub is_open: bool,
    /// The number of the last event that the participant was told.
    heard: u64,
    /// Whether some before it were lost.
    has_gap: bool,
    others: HashMap<ParticipantId, Known>,
    publication: Option<Endpoint>,
    /// What the participant sent with has ended by itself, and they have not said yet that they send no more.
    has_lost_publication: bool,
    subscriptions: HashMap<ParticipantId, Endpoint>,
}

/// What can be asked for in a join.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes {
    /// Data channels are carried on from publishers to those who subscribe to them.
    pub data_channels: bool,
    /// To be told who speaks.
    pub active_speaker: bool,
}

/// What somebody was told of another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    name: Name,
    publishes: bool,
}

/// The server's end of a connection that carries media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Which.
    pub id: EndpointId,
    /// By what the client's offers on this connection are known.
    pub origin: Option<Box<str>>,
}

/// Since when somebody sends no more who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpublished {
    /// Since now. They did so with this.
    Now(Endpoint),
    /// Since their connection ended, which the others have heard: clients close it first, and say so then.
    Before,
}

/// What an endpoint was for that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// What somebody sent.
    Publication,
    /// What somebody received.
    Subscription,
}

impl Place {
    /// The place of somebody who has just sat down.
    pub fn new(seat: Seated, name: Name, wishes: Wishes) -> Self {
        Self {
            seat,
            name,
            wishes,
            is_open: false,
            heard: 0,
            has_gap: false,
            others: HashMap::new(),
            publication: None,
            has_lost_publication: false,
            subscriptions: HashMap::new(),
        }
    }

    /// The room.
    pub fn room(&self) -> &RoomId {
        self.seat.room()
    }

    /// Whose the endpoints are.
    pub fn owner(&self) -> Owner {
        Owner { room: self.room().clone(), participant: self.seat.participant() }
    }

    /// Notes who is there and who of them publishes, and says it to the participant.
    pub fn look_around(&mut self, others: &[Other], publishers: &HashSet<ParticipantId>) -> Vec<Participant> {
        let known = others.iter().map(|other| {
            let is_publisher = publishers.contains(&other.participant);
            (other.participant, Known { name: other.name.clone(), publishes: is_publisher })
        });
        self.others = known.collect();
        self.has_gap = false;
        let said = others.iter().map(|other| {
            let streams = if publishers.contains(&other.participant) { WEBCAM } else { &[] };
            Participant { id: other.name.as_str().to_owned(), streams }
        });
        said.collect()
    }

    /// The event of this number was told.
    pub fn note_heard(&mut self, seq: u64) {
        self.has_gap |= seq > self.heard + 1;
        self.heard = seq;
    }

    /// The number of the last event that the participant was told.
    pub fn heard(&self) -> u64 {
        self.heard
    }

    /// Whether some before it were lost.
    pub fn has_gap(&self) -> bool {
        self.has_gap
    }

    /// Whom the participant knows, by which name, and whether it was told that they publish.
    pub fn known(&self) -> impl Iterator<Item = (ParticipantId, (Name, bool))> {
        self.others.iter().map(|(participant, known)| (*participant, (known.name.clone(), known.publishes)))
    }

    /// Somebody came in.
    pub fn note_joined(&mut self, participant: ParticipantId, name: Name) {
        self.others.insert(participant, Known { name, publishes: false });
    }

    /// Somebody publishes now, or no more.
    pub fn note_publishes(&mut self, participant: ParticipantId, publishes: bool) {
        if let Some(known) = self.others.get_mut(&participant) {
            known.publishes = publishes;
        }
    }

    /// Somebody has gone.
    pub fn note_left(&mut self, participant: ParticipantId) {
        self.others.remove(&participant);
    }

    /// What the participant knows somebody by, the participant itself among them.
    pub fn name_of(&self, participant: ParticipantId) -> Option<&Name> {
        if participant == self.seat.participant() {
            return Some(&self.name);
        }
        self.others.get(&participant).map(|known| &known.name)
    }

    /// Whether the participant was told that somebody publishes.
    pub fn knows_published(&self, participant: ParticipantId) -> bool {
        self.others.get(&participant).is_some_and(|known| known.publishes)
    }

    /// What the participant sends with.
    pub fn publication(&self) -> Option<&Endpoint> {
        self.publication.as_ref()
    }

    /// The participant sends with `endpoint` from now on.
    pub fn publish(&mut self, endpoint: Endpoint) {
        self.publication = Some(endpoint);
        self.has_lost_publication = false;
    }

    /// The participant sends no more. `None` if it did not send anything.
    pub fn unpublish(&mut self) -> Option<Unpublished> {
        let has_lost = std::mem::take(&mut self.has_lost_publication);
        let now = self.publication.take().map(Unpublished::Now);
        now.or(has_lost.then_some(Unpublished::Before))
    }

    /// What the participant receives `source` with.
    pub fn subscription(&self, source: ParticipantId) -> Option<&Endpoint> {
        self.subscriptions.get(&source)
    }

    /// The participant receives `source` with `endpoint` from now on; gives what it did so with before.
    pub fn subscribe(&mut self, source: ParticipantId, endpoint: Endpoint) -> Option<Endpoint> {
        self.subscriptions.insert(source, endpoint)
    }

    /// The participant receives `source` no more; gives what it did so with.
    pub fn unsubscribe(&mut self, source: ParticipantId) -> Option<Endpoint> {
        self.subscriptions.remove(&source)
    }

    /// Forgets an endpoint that has ended by itself. `None` if it was closed or replaced before.
    pub fn forget(&mut self, id: EndpointId) -> Option<Ended> {
        if self.publication.take_if(|endpoint| endpoint.id == id).is_some() {
            self.has_lost_publication = true;
            return Some(Ended::Publication);
        }
        let before = self.subscriptions.len();
        self.subscriptions.retain(|_, endpoint| endpoint.id != id);
        (self.subscriptions.len() < before).then_some(Ended::Subscription)
    }
}
