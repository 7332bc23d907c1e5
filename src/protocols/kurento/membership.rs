//! A session's membership in a room: its seat, what its client knows of the others, and its media
//! connections.

use std::collections::{HashMap, HashSet};

use super::messages::{Participant, WEBCAM};
use crate::{
    core::{
        hub::join::Seated,
        model::ids::{Name, ParticipantId, RoomId},
        room::Other,
    },
    media::{EndpointId, MediaKind, Owner},
};

/// The membership of one participant.
pub struct Membership {
    /// The seat.
    pub seat: Seated,
    /// Name of the participant.
    pub name: Name,
    /// Options of the join.
    pub options: JoinOptions,
    /// Whether the join was answered. Events are delivered only afterwards.
    pub is_open: bool,
    /// Sequence number of the last event delivered.
    delivered: u64,
    /// Whether events before it were lost.
    has_gap: bool,
    others: HashMap<ParticipantId, KnownParticipant>,
    publication: Option<SessionEndpoint>,
    silence: Silence,
    /// Whether the client was told that others lack a codec of its sound, and of its picture.
    undecoded: [bool; 2],
    /// Whether the publication ended by itself, and the participant has not unpublished yet.
    has_lost_publication: bool,
    subscriptions: HashMap<ParticipantId, SessionEndpoint>,
}

/// Silence of a publication.
#[derive(Debug, Clone, Copy, Default)]
struct Silence {
    /// Whether nothing comes from the participant.
    is_silent: bool,
    /// Whether the others were told that the publication ended, because it is silent.
    is_suspended: bool,
}

/// Options of a join.
#[derive(Debug, Clone, Copy, Default)]
pub struct JoinOptions {
    /// Forward data channels from publishers to their subscribers.
    pub data_channels: bool,
    /// Notify of the active speaker.
    pub active_speaker: bool,
}

/// State of another participant, as the client knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KnownParticipant {
    name: Name,
    publishes: bool,
}

/// The server's end of a media connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEndpoint {
    /// Id in the media plane.
    pub id: EndpointId,
    /// Identity of the client's end, from its offers.
    pub origin: Option<Box<str>>,
}

/// Result of the end of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpublished {
    /// The publication ended now; its endpoint is to be closed.
    Now(SessionEndpoint),
    /// The media connection ended before, and the others were told: clients close it first, and unpublish
    /// then.
    Before,
}

/// The former use of an endpoint that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedEndpoint {
    /// The endpoint carried the participant's own media.
    Publication,
    /// The endpoint carried media of another participant.
    Subscription,
}

impl Membership {
    /// Creates the membership of a participant that has just joined.
    pub fn new(seat: Seated, name: Name, options: JoinOptions) -> Self {
        Self {
            seat,
            name,
            options,
            is_open: false,
            delivered: 0,
            has_gap: false,
            others: HashMap::new(),
            publication: None,
            silence: Silence::default(),
            undecoded: [false; 2],
            has_lost_publication: false,
            subscriptions: HashMap::new(),
        }
    }

    /// The room.
    pub fn room(&self) -> &RoomId {
        self.seat.room()
    }

    /// Owner of the media connections.
    pub fn owner(&self) -> Owner {
        Owner { room: self.room().clone(), participant: self.seat.participant() }
    }

    /// Sets what the client knows of the others, and returns it for the answer.
    pub fn set_others(&mut self, others: &[Other], publishers: &HashSet<ParticipantId>) -> Vec<Participant> {
        let known = others.iter().map(|other| {
            let is_publisher = publishers.contains(&other.participant);
            (other.participant, KnownParticipant { name: other.name.clone(), publishes: is_publisher })
        });
        self.others = known.collect();
        self.has_gap = false;
        let said = others.iter().map(|other| {
            let streams = if publishers.contains(&other.participant) { WEBCAM } else { &[] };
            Participant { id: other.name.as_str().to_owned(), streams }
        });
        said.collect()
    }

    /// Notes that the event with this sequence number was delivered.
    pub fn note_delivered(&mut self, seq: u64) {
        self.has_gap |= seq > self.delivered + 1;
        self.delivered = seq;
    }

    /// Sequence number of the last event delivered.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Whether events before it were lost.
    pub fn has_gap(&self) -> bool {
        self.has_gap
    }

    /// Notes that the client was told what it had missed.
    pub fn close_gap(&mut self) {
        self.has_gap = false;
    }

    /// The participants that the client knows.
    pub fn known(&self) -> Vec<ParticipantId> {
        self.others.keys().copied().collect()
    }

    /// Adds a participant that joined.
    pub fn note_joined(&mut self, participant: ParticipantId, name: Name) {
        self.others.insert(participant, KnownParticipant { name, publishes: false });
    }

    /// Notes whether a participant publishes.
    pub fn note_publishes(&mut self, participant: ParticipantId, publishes: bool) {
        if let Some(known) = self.others.get_mut(&participant) {
            known.publishes = publishes;
        }
    }

    /// Removes a participant that left.
    pub fn note_left(&mut self, participant: ParticipantId) {
        self.others.remove(&participant);
    }

    /// The name of a participant, the member itself included.
    pub fn name_of(&self, participant: ParticipantId) -> Option<&Name> {
        if participant == self.seat.participant() {
            return Some(&self.name);
        }
        self.others.get(&participant).map(|known| &known.name)
    }

    /// Whether the client knows that a participant publishes.
    pub fn knows_published(&self, participant: ParticipantId) -> bool {
        self.others.get(&participant).is_some_and(|known| known.publishes)
    }

    /// The endpoint of the publication.
    pub fn publication(&self) -> Option<&SessionEndpoint> {
        self.publication.as_ref()
    }

    /// Whether the participant publishes, as far as the others are told.
    pub fn is_publishing(&self) -> bool {
        self.publication.is_some() && !self.silence.is_suspended
    }

    /// Sets the endpoint of the publication.
    pub fn publish(&mut self, endpoint: SessionEndpoint) {
        self.publication = Some(endpoint);
        (self.silence, self.undecoded) = (Silence::default(), [false; 2]);
        self.has_lost_publication = false;
    }

    /// Notes whether anything comes over the endpoint, if it is that of the publication.
    pub fn note_silence(&mut self, id: EndpointId, is_silent: bool) {
        if self.publication.as_ref().is_some_and(|endpoint| endpoint.id == id) {
            self.silence.is_silent = is_silent;
        }
    }

    /// Suspends a silent publication, or resumes one that is heard. Returns the new state if it changed.
    ///
    /// The publication of a participant who is connected is not suspended.
    pub fn update_suspension(&mut self, is_connected: bool) -> Option<bool> {
        let next = self.silence.is_silent && (self.silence.is_suspended || !is_connected);
        let has_changed = std::mem::replace(&mut self.silence.is_suspended, next) != next;
        (has_changed && self.publication.is_some()).then_some(next)
    }

    /// Notes that another participant lacks the codec of this one's media. Returns whether it is the first.
    pub fn note_undecoded(&mut self, kind: MediaKind) -> bool {
        !std::mem::replace(&mut self.undecoded[usize::from(kind == MediaKind::Video)], true)
    }

    /// The source that an endpoint receives from; the participant itself, for the publication.
    pub fn source_of(&self, id: EndpointId) -> Option<ParticipantId> {
        if self.publication.as_ref().is_some_and(|endpoint| endpoint.id == id) {
            return Some(self.seat.participant());
        }
        self.subscriptions.iter().find(|(_, endpoint)| endpoint.id == id).map(|(source, _)| *source)
    }

    /// Ends the publication. `None` if there was none.
    pub fn unpublish(&mut self) -> Option<Unpublished> {
        let has_lost = std::mem::take(&mut self.has_lost_publication);
        let now = self.publication.take().map(Unpublished::Now);
        now.or(has_lost.then_some(Unpublished::Before))
    }

    /// The endpoint that receives from `source`.
    pub fn subscription(&self, source: ParticipantId) -> Option<&SessionEndpoint> {
        self.subscriptions.get(&source)
    }

    /// Sets the endpoint that receives from `source`. Returns the former one.
    pub fn subscribe(&mut self, source: ParticipantId, endpoint: SessionEndpoint) -> Option<SessionEndpoint> {
        self.subscriptions.insert(source, endpoint)
    }

    /// Removes the endpoint that receives from `source`.
    pub fn unsubscribe(&mut self, source: ParticipantId) -> Option<SessionEndpoint> {
        self.subscriptions.remove(&source)
    }

    /// Removes an endpoint that has ended by itself. `None` if it was closed or replaced before.
    pub fn forget(&mut self, id: EndpointId) -> Option<EndedEndpoint> {
        if self.publication.take_if(|endpoint| endpoint.id == id).is_some() {
            self.has_lost_publication = true;
            return Some(EndedEndpoint::Publication);
        }
        let before = self.subscriptions.len();
        self.subscriptions.retain(|_, endpoint| endpoint.id != id);
        (self.subscriptions.len() < before).then_some(EndedEndpoint::Subscription)
    }
}
