//! Who is in the call, what each one sends, and who is to be offered what. Bookkeeping alone: asks nobody, tells nobody.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::{
    core::model::ids::{Name, ParticipantId},
    media::{CloseReason, EndpointId},
};

/// How soon somebody is offered the same one's media again: whoever sends now this and now that gives the others little to do.
const PAUSE: Duration = Duration::from_secs(10);

/// Everybody the SFU has heard of, in the order in which it has.
#[derive(Default)]
pub struct Roster {
    people: Vec<Person>,
    uses: HashMap<EndpointId, Use>,
    publications: u64,
}

struct Person {
    participant: ParticipantId,
    id: Name,
    publication: Option<Publication>,
    /// By whom it gets.
    consumers: HashMap<ParticipantId, Consumer>,
}

/// What somebody sends.
pub struct Publication {
    /// The server's end of its connection.
    pub endpoint: EndpointId,
    /// By what the client's end is known.
    pub origin: Option<Box<str>>,
    /// Nobody can be offered nothing.
    tracks: Box<str>,
    /// Unlike any other.
    number: u64,
}

/// What somebody gets of somebody else.
struct Consumer {
    state: State,
    /// What it was offered.
    tracks: Box<str>,
    /// Of which publication.
    number: u64,
    /// Since when.
    since: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Offered(EndpointId),
    Answered(EndpointId),
    Connected(EndpointId),
    /// It worked, and does not any more: the client may be back on another network.
    Lost,
    /// The client did not want it, or could not take it.
    GivenUp,
}

#[derive(Clone, Copy)]
enum Use {
    Publication(ParticipantId),
    Consumer { receiver: ParticipantId, source: ParticipantId },
}

impl State {
    fn endpoint(self) -> Option<EndpointId> {
        match self {
            Self::Offered(endpoint) | Self::Answered(endpoint) | Self::Connected(endpoint) => Some(endpoint),
            Self::Lost | Self::GivenUp => None,
        }
    }
}

impl Roster {
    /// Takes note of somebody. Returns whether they are new.
    pub fn meet(&mut self, participant: ParticipantId, id: &Name) -> bool {
        let is_new = self.person(participant).is_none();
        if is_new {
            let id = id.clone();
            self.people.push(Person { participant, id, publication: None, consumers: HashMap::new() });
        }
        is_new
    }

    /// Forgets somebody. Returns the endpoints by which others got what they sent; their own end with them.
    pub fn forget(&mut self, gone: ParticipantId) -> Vec<EndpointId> {
        self.people.retain(|person| person.participant != gone);
        let theirs = self.people.iter_mut().filter_map(|person| person.consumers.remove(&gone));
        let endpoints: Vec<_> = theirs.filter_map(|consumer| consumer.state.endpoint()).collect();
        self.uses.retain(|_, used| match used {
            Use::Publication(participant) => *participant != gone,
            Use::Consumer { receiver, source } => *receiver != gone && *source != gone,
        });
        endpoints
    }

    /// Everybody.
    pub fn participants(&self) -> impl Iterator<Item = ParticipantId> {
        self.people.iter().map(|person| person.participant)
    }

    /// What somebody is called.
    pub fn id_of(&self, participant: ParticipantId) -> Option<&Name> {
        self.person(participant).map(|person| &person.id)
    }

    /// Who is called that: whoever came last, should it not be known yet that somebody of that id has gone.
    pub fn called(&self, id: &str) -> Option<ParticipantId> {
        self.people.iter().rev().find(|person| person.id.as_str() == id).map(|person| person.participant)
    }

    /// What somebody sends.
    pub fn publication_of(&self, participant: ParticipantId) -> Option<&Publication> {
        self.person(participant)?.publication.as_ref()
    }

    /// Somebody sends `tracks` on a new connection. Whoever got what they sent before gets it from there.
    pub fn published(
        &mut self,
        participant: ParticipantId,
        endpoint: EndpointId,
        origin: Option<Box<str>>,
        tracks: Box<str>,
    ) {
        self.publications += 1;
        let number = self.publications;
        if let Some(person) = self.person_mut(participant) {
            person.publication = Some(Publication { endpoint, origin, tracks, number });
            self.uses.insert(endpoint, Use::Publication(participant));
        }
    }

    /// Somebody sends `tracks` on the connection that they have.
    pub fn changed(&mut self, participant: ParticipantId, tracks: Box<str>) {
        if let Some(publication) = self.person_mut(participant).and_then(|person| person.publication.as_mut())
        {
            publication.tracks = tracks;
        }
    }

    /// Who is to be offered what of whom at `now`, in the order in which they came.
    pub fn owed(&self, now: Instant) -> Vec<(ParticipantId, ParticipantId)> {
        let sources = self.people.iter().filter_map(|person| {
            let publication =
                person.publication.as_ref().filter(|publication| !publication.tracks.is_empty());
            Some((person.participant, publication?))
        });
        let sources: Vec<_> = sources.collect();
        let mut owed = Vec::new();
        for receiver in &self.people {
            let others = sources.iter().filter(|(source, _)| *source != receiver.participant);
            let wanted = others.filter(|(source, publication)| {
                receiver
                    .consumers
                    .get(source)
                    .is_none_or(|consumer| consumer.is_out_of_date(publication, now))
            });
            owed.extend(wanted.map(|(source, _)| (receiver.participant, *source)));
        }
        owed
    }

    /// The endpoint by which `receiver` gets what `source` sends, and which is to be replaced.
    pub fn take_consumer(&mut self, receiver: ParticipantId, source: ParticipantId) -> Option<EndpointId> {
        let former = self.consumer_mut(receiver, source)?;
        let endpoint = former.state.endpoint()?;
        former.state = State::Lost;
        self.uses.remove(&endpoint);
        Some(endpoint)
    }

    /// `receiver` was offered what `source` sends.
    pub fn offered(
        &mut self,
        receiver: ParticipantId,
        source: ParticipantId,
        endpoint: EndpointId,
        now: Instant,
    ) {
        self.uses.insert(endpoint, Use::Consumer { receiver, source });
        self.note(receiver, source, State::Offered(endpoint), now);
    }

    /// `receiver` is not offered what `source` sends until that sends something else.
    pub fn give_up(&mut self, receiver: ParticipantId, source: ParticipantId, now: Instant) {
        self.note(receiver, source, State::GivenUp, now);
    }

    /// `receiver` is to be offered the same again, a little later.
    pub fn put_off(&mut self, receiver: ParticipantId, source: ParticipantId, now: Instant) {
        self.note(receiver, source, State::Lost, now);
    }

    fn note(&mut self, receiver: ParticipantId, source: ParticipantId, state: State, now: Instant) {
        let Some(publication) = self.publication_of(source) else { return };
        let (tracks, number) = (publication.tracks.clone(), publication.number);
        if let Some(person) = self.person_mut(receiver) {
            person.consumers.insert(source, Consumer { state, tracks, number, since: now });
        }
    }

    /// The endpoint by which `receiver` gets what `source` sends, if there is one.
    pub fn consumer(&self, receiver: ParticipantId, source: ParticipantId) -> Option<EndpointId> {
        self.person(receiver)?.consumers.get(&source)?.state.endpoint()
    }

    /// The endpoint for which an answer of `receiver`'s is due. There is one answer to each offer.
    pub fn answered(&mut self, receiver: ParticipantId, source: ParticipantId) -> Option<EndpointId> {
        let consumer = self.consumer_mut(receiver, source)?;
        let State::Offered(endpoint) = consumer.state else { return None };
        consumer.state = State::Answered(endpoint);
        Some(endpoint)
    }

    /// A client has connected.
    pub fn connected(&mut self, endpoint: EndpointId) {
        let Some(Use::Consumer { receiver, source }) = self.uses.get(&endpoint).copied() else { return };
        if let Some(consumer) = self.consumer_mut(receiver, source) {
            consumer.state = State::Connected(endpoint);
        }
    }

    /// An endpoint has ended.
    pub fn ended(&mut self, endpoint: EndpointId, reason: CloseReason) {
        match self.uses.remove(&endpoint) {
            Some(Use::Publication(participant)) => {
                if let Some(person) = self.person_mut(participant) {
                    // Another may have taken its place.
                    person.publication.take_if(|publication| publication.endpoint == endpoint);
                }
            }
            Some(Use::Consumer { receiver, source }) => {
                if let Some(consumer) = self.consumer_mut(receiver, source) {
                    let worked = consumer.state == State::Connected(endpoint);
                    let is_lost = worked && reason != CloseReason::Left;
                    consumer.state = if is_lost { State::Lost } else { State::GivenUp };
                }
            }
            None => {}
        }
    }

    fn person(&self, participant: ParticipantId) -> Option<&Person> {
        self.people.iter().find(|person| person.participant == participant)
    }

    fn person_mut(&mut self, participant: ParticipantId) -> Option<&mut Person> {
        self.people.iter_mut().find(|person| person.participant == participant)
    }

    fn consumer_mut(&mut self, receiver: ParticipantId, source: ParticipantId) -> Option<&mut Consumer> {
        self.person_mut(receiver)?.consumers.get_mut(&source)
    }
}

impl Consumer {
    /// Whether another is to take its place.
    fn is_out_of_date(&self, publication: &Publication, now: Instant) -> bool {
        let is_other = self.tracks != publication.tracks;
        let is_due = match self.state {
            // Two answers on their way could not be told apart.
            State::Offered(_) => false,
            State::Answered(_) | State::Connected(_) => is_other,
            State::Lost => true,
            State::GivenUp => is_other || self.number != publication.number,
        };
        is_due && now.saturating_duration_since(self.since) >= PAUSE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scene {
        roster: Roster,
        start: Instant,
        people: [ParticipantId; 2],
    }

    /// Ann sends sound on the first endpoint, Bob nothing.
    fn scene() -> Scene {
        let mut roster = Roster::default();
        let people = [ParticipantId::random(), ParticipantId::random()];
        for (participant, id) in people.into_iter().zip(["ann", "bob"]) {
            assert!(roster.meet(participant, &id.parse().unwrap()));
        }
        roster.published(people[0], EndpointId(1), None, "audio ".into());
        Scene { roster, start: tokio::time::Instant::now().into_std(), people }
    }

    impl Scene {
        fn is_owed(&self, after: Duration) -> bool {
            let [ann, bob] = self.people;
            let owed = self.roster.owed(self.start + after);
            assert!(owed.is_empty() || owed == [(bob, ann)]);
            !owed.is_empty()
        }

        fn offer_and_answer(&mut self, endpoint: u64) {
            let [ann, bob] = self.people;
            self.roster.offered(bob, ann, EndpointId(endpoint), self.start);
            assert_eq!(self.roster.answered(bob, ann), Some(EndpointId(endpoint)));
        }
    }

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn one_is_offered_what_the_other_sends_and_something_else_a_little_later() {
        let mut scene = scene();
        let [ann, bob] = scene.people;
        assert!(scene.is_owed(NOW));
        scene.roster.offered(bob, ann, EndpointId(2), scene.start);
        scene.roster.changed(ann, "audio video ".into());
        assert!(!scene.is_owed(PAUSE), "not while an answer is due");
        scene.roster.answered(bob, ann);
        assert_eq!(scene.roster.answered(bob, ann), None);
        assert!(!scene.is_owed(PAUSE / 2));
        assert!(scene.is_owed(PAUSE));
        assert_eq!(scene.roster.take_consumer(bob, ann), Some(EndpointId(2)));
        scene.offer_and_answer(3);
        scene.roster.published(ann, EndpointId(4), None, "audio video ".into());
        assert!(!scene.is_owed(PAUSE), "the same on another connection goes on");
        assert_eq!(scene.roster.forget(ann), [EndpointId(3)]);
        assert!(!scene.is_owed(PAUSE));
    }

    #[test]
    fn what_worked_is_offered_again_and_what_was_not_wanted_is_not() {
        for (is_connected, reason, is_offered_again) in [
            (true, CloseReason::Lost, true),
            (true, CloseReason::Fault, true),
            (true, CloseReason::Left, false),
            (false, CloseReason::Lost, false),
        ] {
            let mut scene = scene();
            scene.offer_and_answer(2);
            if is_connected {
                scene.roster.connected(EndpointId(2));
            }
            scene.roster.ended(EndpointId(2), reason);
            assert_eq!(scene.is_owed(PAUSE), is_offered_again, "{is_connected} {reason:?}");
            scene.roster.published(scene.people[0], EndpointId(3), None, "audio ".into());
            assert!(scene.is_owed(PAUSE), "whatever is sent anew is offered anew");
        }
    }

    #[test]
    fn nobody_is_offered_nothing_or_what_has_ended() {
        let mut scene = scene();
        scene.roster.changed(scene.people[0], "".into());
        assert!(!scene.is_owed(NOW));
        scene.roster.published(scene.people[0], EndpointId(2), None, "video ".into());
        scene.roster.ended(EndpointId(1), CloseReason::Replaced);
        assert!(scene.is_owed(NOW));
        scene.roster.ended(EndpointId(2), CloseReason::Left);
        assert!(!scene.is_owed(NOW));
    }
}
