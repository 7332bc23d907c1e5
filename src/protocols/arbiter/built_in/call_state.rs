//! State of a call: its members, their publications, and the offers that are due. Pure bookkeeping, without
//! I/O.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::{
    core::model::ids::{Name, ParticipantId},
    media::{EndReason, EndpointId},
};

/// Minimum time between two offers of one source to one receiver.
///
/// So a source that changes often does not burden the others.
const PAUSE: Duration = Duration::from_secs(10);

/// The members of a call, in the order in which the SFU learned of them.
#[derive(Default)]
pub struct CallState {
    members: Vec<CallMember>,
    uses: HashMap<EndpointId, EndpointUse>,
    publications: u64,
}

struct CallMember {
    participant: ParticipantId,
    id: Name,
    publication: Option<MemberPublication>,
    /// The member's consumers, by source.
    consumers: HashMap<ParticipantId, Consumer>,
}

/// What a member publishes.
pub struct MemberPublication {
    /// The server's end of its connection.
    pub endpoint: EndpointId,
    /// Identity of the client's end, from its offers.
    pub origin: Option<Box<str>>,
    /// One word for each track. Nothing is offered while it is empty.
    tracks: Box<str>,
    /// Unique number.
    number: u64,
}

/// One receiver's connection for one source.
struct Consumer {
    state: ConsumerState,
    /// The tracks in the last offer.
    tracks: Box<str>,
    /// Number of the publication in the last offer.
    number: u64,
    /// Time of the last change.
    since: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ConsumerState {
    Offered(EndpointId),
    Answered(EndpointId),
    Connected(EndpointId),
    /// The connection worked and was lost: the client may return on another network.
    Lost,
    /// The client refused the offer, or could not connect.
    GivenUp,
}

#[derive(Clone, Copy)]
enum EndpointUse {
    Publication(ParticipantId),
    Consumer { receiver: ParticipantId, source: ParticipantId },
}

impl ConsumerState {
    fn endpoint(self) -> Option<EndpointId> {
        match self {
            Self::Offered(endpoint) | Self::Answered(endpoint) | Self::Connected(endpoint) => Some(endpoint),
            Self::Lost | Self::GivenUp => None,
        }
    }
}

impl CallState {
    /// Adds a member. Returns whether it is new.
    pub fn add(&mut self, participant: ParticipantId, id: &Name) -> bool {
        let is_new = self.member(participant).is_none();
        if is_new {
            let id = id.clone();
            self.members.push(CallMember { participant, id, publication: None, consumers: HashMap::new() });
        }
        is_new
    }

    /// Removes a member. Returns the endpoints on which others received it; its own end with the member.
    pub fn forget(&mut self, gone: ParticipantId) -> Vec<EndpointId> {
        self.members.retain(|member| member.participant != gone);
        let theirs = self.members.iter_mut().filter_map(|member| member.consumers.remove(&gone));
        let endpoints: Vec<_> = theirs.filter_map(|consumer| consumer.state.endpoint()).collect();
        self.uses.retain(|_, used| match used {
            EndpointUse::Publication(participant) => *participant != gone,
            EndpointUse::Consumer { receiver, source } => *receiver != gone && *source != gone,
        });
        endpoints
    }

    /// All members.
    pub fn participants(&self) -> impl Iterator<Item = ParticipantId> {
        self.members.iter().map(|member| member.participant)
    }

    /// The id of a member.
    pub fn id_of(&self, participant: ParticipantId) -> Option<&Name> {
        self.member(participant).map(|member| &member.id)
    }

    /// The member with this id: the latest, in case an earlier one has not been removed yet.
    pub fn find_by_id(&self, id: &str) -> Option<ParticipantId> {
        self.members.iter().rev().find(|member| member.id.as_str() == id).map(|member| member.participant)
    }

    /// What a member publishes.
    pub fn publication_of(&self, participant: ParticipantId) -> Option<&MemberPublication> {
        self.member(participant)?.publication.as_ref()
    }

    /// Notes a publication of `tracks` on a new connection. Existing consumers receive it from there.
    pub fn published(
        &mut self,
        participant: ParticipantId,
        endpoint: EndpointId,
        origin: Option<Box<str>>,
        tracks: Box<str>,
    ) {
        self.publications += 1;
        let number = self.publications;
        if let Some(member) = self.member_mut(participant) {
            member.publication = Some(MemberPublication { endpoint, origin, tracks, number });
            self.uses.insert(endpoint, EndpointUse::Publication(participant));
        }
    }

    /// Notes that the tracks of a publication have changed.
    pub fn changed(&mut self, participant: ParticipantId, tracks: Box<str>) {
        if let Some(publication) = self.member_mut(participant).and_then(|member| member.publication.as_mut())
        {
            publication.tracks = tracks;
        }
    }

    /// The offers that are due at `now`, as pairs of receiver and source, in the order of members.
    pub fn pending_offers(&self, now: Instant) -> Vec<(ParticipantId, ParticipantId)> {
        let sources = self.members.iter().filter_map(|member| {
            let publication =
                member.publication.as_ref().filter(|publication| !publication.tracks.is_empty());
            Some((member.participant, publication?))
        });
        let sources: Vec<_> = sources.collect();
        let mut pending_offers = Vec::new();
        for receiver in &self.members {
            let others = sources.iter().filter(|(source, _)| *source != receiver.participant);
            let wanted = others.filter(|(source, publication)| {
                receiver
                    .consumers
                    .get(source)
                    .is_none_or(|consumer| consumer.is_out_of_date(publication, now))
            });
            pending_offers.extend(wanted.map(|(source, _)| (receiver.participant, *source)));
        }
        pending_offers
    }

    /// Removes the endpoint on which `receiver` receives `source`, to be replaced.
    pub fn take_consumer(&mut self, receiver: ParticipantId, source: ParticipantId) -> Option<EndpointId> {
        let former = self.consumer_mut(receiver, source)?;
        let endpoint = former.state.endpoint()?;
        former.state = ConsumerState::Lost;
        self.uses.remove(&endpoint);
        Some(endpoint)
    }

    /// Notes that `source` was offered to `receiver`.
    pub fn offered(
        &mut self,
        receiver: ParticipantId,
        source: ParticipantId,
        endpoint: EndpointId,
        now: Instant,
    ) {
        self.uses.insert(endpoint, EndpointUse::Consumer { receiver, source });
        self.note(receiver, source, ConsumerState::Offered(endpoint), now);
    }

    /// Stops offers of `source` to `receiver` until the publication changes.
    pub fn stop_offering(&mut self, receiver: ParticipantId, source: ParticipantId, now: Instant) {
        self.note(receiver, source, ConsumerState::GivenUp, now);
    }

    /// Repeats the offer of `source` to `receiver` after the pause.
    pub fn retry_later(&mut self, receiver: ParticipantId, source: ParticipantId, now: Instant) {
        self.note(receiver, source, ConsumerState::Lost, now);
    }

    fn note(&mut self, receiver: ParticipantId, source: ParticipantId, state: ConsumerState, now: Instant) {
        let Some(publication) = self.publication_of(source) else { return };
        let (tracks, number) = (publication.tracks.clone(), publication.number);
        if let Some(member) = self.member_mut(receiver) {
            member.consumers.insert(source, Consumer { state, tracks, number, since: now });
        }
    }

    /// The endpoint on which `receiver` receives `source`.
    pub fn consumer(&self, receiver: ParticipantId, source: ParticipantId) -> Option<EndpointId> {
        self.member(receiver)?.consumers.get(&source)?.state.endpoint()
    }

    /// Notes the answer to an offer, and returns its endpoint. `None` if no answer is due.
    pub fn answered(&mut self, receiver: ParticipantId, source: ParticipantId) -> Option<EndpointId> {
        let consumer = self.consumer_mut(receiver, source)?;
        let ConsumerState::Offered(endpoint) = consumer.state else { return None };
        consumer.state = ConsumerState::Answered(endpoint);
        Some(endpoint)
    }

    /// Notes that a client has connected to an endpoint.
    pub fn connected(&mut self, endpoint: EndpointId) {
        let Some(EndpointUse::Consumer { receiver, source }) = self.uses.get(&endpoint).copied() else {
            return;
        };
        if let Some(consumer) = self.consumer_mut(receiver, source) {
            consumer.state = ConsumerState::Connected(endpoint);
        }
    }

    /// Notes that an endpoint has ended.
    pub fn ended(&mut self, endpoint: EndpointId, reason: EndReason) {
        match self.uses.remove(&endpoint) {
            Some(EndpointUse::Publication(participant)) => {
                if let Some(member) = self.member_mut(participant) {
                    // A newer publication may have replaced it.
                    member.publication.take_if(|publication| publication.endpoint == endpoint);
                }
            }
            Some(EndpointUse::Consumer { receiver, source }) => {
                if let Some(consumer) = self.consumer_mut(receiver, source) {
                    let worked = consumer.state == ConsumerState::Connected(endpoint);
                    let is_lost = worked && reason != EndReason::Left;
                    consumer.state = if is_lost { ConsumerState::Lost } else { ConsumerState::GivenUp };
                }
            }
            None => {}
        }
    }

    fn member(&self, participant: ParticipantId) -> Option<&CallMember> {
        self.members.iter().find(|member| member.participant == participant)
    }

    fn member_mut(&mut self, participant: ParticipantId) -> Option<&mut CallMember> {
        self.members.iter_mut().find(|member| member.participant == participant)
    }

    fn consumer_mut(&mut self, receiver: ParticipantId, source: ParticipantId) -> Option<&mut Consumer> {
        self.member_mut(receiver)?.consumers.get_mut(&source)
    }
}

impl Consumer {
    /// Whether a new offer is due.
    fn is_out_of_date(&self, publication: &MemberPublication, now: Instant) -> bool {
        let is_other = self.tracks != publication.tracks;
        let is_due = match self.state {
            // Answers do not name their offer: only one may be outstanding.
            ConsumerState::Offered(_) => false,
            ConsumerState::Answered(_) | ConsumerState::Connected(_) => is_other,
            ConsumerState::Lost => true,
            ConsumerState::GivenUp => is_other || self.number != publication.number,
        };
        is_due && now.saturating_duration_since(self.since) >= PAUSE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scene {
        call: CallState,
        start: Instant,
        members: [ParticipantId; 2],
    }

    /// Ann publishes audio on endpoint 1, Bob nothing.
    fn scene() -> Scene {
        let mut call = CallState::default();
        let members = [ParticipantId::random(), ParticipantId::random()];
        for (participant, id) in members.into_iter().zip(["ann", "bob"]) {
            assert!(call.add(participant, &id.parse().unwrap()));
        }
        call.published(members[0], EndpointId(1), None, "audio ".into());
        Scene { call, start: tokio::time::Instant::now().into_std(), members }
    }

    impl Scene {
        fn is_owed(&self, after: Duration) -> bool {
            let [ann, bob] = self.members;
            let pending_offers = self.call.pending_offers(self.start + after);
            assert!(pending_offers.is_empty() || pending_offers == [(bob, ann)]);
            !pending_offers.is_empty()
        }

        fn offer_and_answer(&mut self, endpoint: u64) {
            let [ann, bob] = self.members;
            self.call.offered(bob, ann, EndpointId(endpoint), self.start);
            assert_eq!(self.call.answered(bob, ann), Some(EndpointId(endpoint)));
        }
    }

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn changed_tracks_are_offered_again_after_the_answer_and_the_pause() {
        let mut scene = scene();
        let [ann, bob] = scene.members;
        assert!(scene.is_owed(NOW));
        scene.call.offered(bob, ann, EndpointId(2), scene.start);
        scene.call.changed(ann, "audio video ".into());
        assert!(!scene.is_owed(PAUSE), "not while an answer is due");
        scene.call.answered(bob, ann);
        assert_eq!(scene.call.answered(bob, ann), None);
        assert!(!scene.is_owed(PAUSE / 2));
        assert!(scene.is_owed(PAUSE));
        assert_eq!(scene.call.take_consumer(bob, ann), Some(EndpointId(2)));
        scene.offer_and_answer(3);
        scene.call.published(ann, EndpointId(4), None, "audio video ".into());
        assert!(!scene.is_owed(PAUSE), "the same state continues on another connection");
        assert_eq!(scene.call.forget(ann), [EndpointId(3)]);
        assert!(!scene.is_owed(PAUSE));
    }

    #[test]
    fn lost_connections_are_offered_again_and_refused_ones_are_not() {
        for (is_connected, reason, is_offered_again) in [
            (true, EndReason::Lost, true),
            (true, EndReason::Fault, true),
            (true, EndReason::Left, false),
            (false, EndReason::Lost, false),
        ] {
            let mut scene = scene();
            scene.offer_and_answer(2);
            if is_connected {
                scene.call.connected(EndpointId(2));
            }
            scene.call.ended(EndpointId(2), reason);
            assert_eq!(scene.is_owed(PAUSE), is_offered_again, "{is_connected} {reason:?}");
            scene.call.published(scene.members[0], EndpointId(3), None, "audio ".into());
            assert!(scene.is_owed(PAUSE), "media that is sent again is offered again");
        }
    }

    #[test]
    fn empty_and_ended_publications_are_not_offered() {
        let mut scene = scene();
        scene.call.changed(scene.members[0], "".into());
        assert!(!scene.is_owed(NOW));
        scene.call.published(scene.members[0], EndpointId(2), None, "video ".into());
        scene.call.ended(EndpointId(1), EndReason::Replaced);
        assert!(scene.is_owed(NOW));
        scene.call.ended(EndpointId(2), EndReason::Left);
        assert!(!scene.is_owed(NOW));
    }
}
