//! The server's own SFU at work: answers what clients offer, offers each what the others send, and ends with its room.

use std::{collections::HashSet, panic::AssertUnwindSafe, sync::Arc, time::Instant};

use futures_util::FutureExt;
use tokio::time::{MissedTickBehavior, interval};
use tracing::error;

use super::{
    ear::{Heard, News, Said},
    messages::{Connection, Content, Handshake, Speaker, origin_of, tracks_of},
    roster::Roster,
};
use crate::{
    core::model::{error::SignalError, event::SignalKind, ids::ParticipantId},
    media::{
        DataChannel, DataRelay, DescriptionError, Limit, MediaEvent, NegotiationError, NewEndpoint,
        OpenError, Owner, Publication, Role,
    },
    protocols::arbiter::{ArbiterDoor, REFRESH_EVERY, sfu::Sfu},
};

/// What clients open on the connection on which they send: label, stream, and whether newcomers are told what was said
/// last. Source: `docs/arbiter.md`, “The server's own SFU”.
const CHANNELS: [(&str, u16, bool); 2] = [("chat", 100, false), ("features", 110, true)];

/// An SFU.
pub struct Forwarder {
    door: Arc<ArbiterDoor>,
    sfu: Sfu,
    heard: Heard,
    roster: Roster,
}

impl Forwarder {
    /// The one that sits in the seat of `sfu`, and hears what is `heard`.
    pub fn new(door: Arc<ArbiterDoor>, sfu: Sfu, heard: Heard) -> Self {
        Self { door, sfu, heard, roster: Roster::default() }
    }

    /// Serves its call until that ends.
    pub async fn serve(mut self) {
        // Whatever goes wrong in here, the clients are told that it has gone.
        if AssertUnwindSafe(self.forward()).catch_unwind().await.is_err() {
            error!("an SFU of the server's own ended by a panic");
        }
        for participant in self.roster.participants() {
            self.door.media.close_participant(&self.owner(participant));
        }
        self.sfu.go(&self.door).await;
    }

    async fn forward(&mut self) {
        let (stop, room) = (self.door.stop.clone(), self.sfu.room.clone());
        let mut ticks = interval(REFRESH_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let news = tokio::select! {
                () = stop.cancelled() => return,
                () = room.closed() => return,
                news = self.heard.next() => news,
                _ = ticks.tick() => {
                    // What was put off, or was too much, may be in order by now.
                    self.introduce().await;
                    continue;
                }
            };
            match news {
                News::Said(said) => self.on_said(said).await,
                News::Left(participant) => self.forget(participant),
                News::Media(endpoint, MediaEvent::Connected) => self.roster.connected(endpoint),
                News::Media(endpoint, MediaEvent::Closed(reason)) => self.roster.ended(endpoint, reason),
                News::Media(..) => {}
                News::Over => return,
            }
        }
    }

    async fn on_said(&mut self, Said { from, id, data, .. }: Said) {
        let Some(Handshake { connection, content }) = Handshake::parse(&data) else {
            return self.door.counters.refused("not_understood");
        };
        // Whoever says something about sending is there to receive.
        let is_new = connection == Connection::Producer && self.roster.meet(from, &id);
        let outcome = match (&connection, content) {
            (Connection::Producer, Content::Offer(offer)) => self.publish(from, &offer).await,
            (Connection::Consumer { remote }, Content::Answer(answer)) => {
                self.accept(from, remote, &answer).await
            }
            (_, Content::Candidate(candidate)) => {
                self.candidate(from, &connection, &candidate);
                Ok(is_new)
            }
            (_, Content::Nothing) => Ok(is_new),
            (_, Content::Offer(_) | Content::Answer(_)) => Err(DescriptionError::OutOfPlace.into()),
        };
        match outcome {
            Ok(false) => {}
            Ok(true) => self.introduce().await,
            Err(error) => self.refuse(from, &connection, error),
        }
    }

    /// Answers what a client offers to send: on the connection that it has, or on another one.
    async fn publish(&mut self, from: ParticipantId, offer: &str) -> Result<bool, OpenError> {
        let origin = origin_of(offer);
        let former =
            self.roster.publication_of(from).filter(|former| origin.is_some() && former.origin == origin);
        let renewed = match former.map(|former| former.endpoint) {
            Some(endpoint) => self.door.media.reoffer(endpoint, offer).await,
            None => Err(NegotiationError::NoSuchEndpoint),
        };
        let answer = match renewed {
            Ok(answer) => {
                self.roster.changed(from, tracks_of(&answer));
                answer
            }
            Err(NegotiationError::NoSuchEndpoint) => {
                let data = DataRelay::Room(channels());
                let role = Role::Publish(Publication { loopback: false, data });
                let opened = self.door.media.answer(self.endpoint(from, role), offer).await?;
                self.roster.published(from, opened.endpoint, origin, tracks_of(&opened.description));
                opened.description
            }
            Err(error) => return Err(open_error(error)),
        };
        // If it cannot be told, the connection never comes about, and ends.
        let _ = self.tell(from, |speaker| speaker.answer(&answer));
        Ok(true)
    }

    /// Takes the answer to an offer.
    async fn accept(&mut self, from: ParticipantId, remote: &str, answer: &str) -> Result<bool, OpenError> {
        let source = self.roster.called(remote).ok_or(OpenError::NotPublished)?;
        let endpoint = self.roster.answered(from, source).ok_or(DescriptionError::OutOfPlace)?;
        let Err(error) = self.door.media.accept(endpoint, answer).await else { return Ok(true) };
        self.drop_consumer(from, source);
        match error {
            NegotiationError::Description(error) => {
                self.roster.give_up(from, source, self.now());
                Err(error.into())
            }
            NegotiationError::NoSuchEndpoint
            | NegotiationError::TooMany(_)
            | NegotiationError::Unavailable => {
                self.roster.put_off(from, source, self.now());
                Ok(false)
            }
        }
    }

    fn candidate(&self, from: ParticipantId, connection: &Connection, candidate: &str) {
        let endpoint = match connection {
            Connection::Producer => self.roster.publication_of(from).map(|publication| publication.endpoint),
            Connection::Consumer { remote } => {
                self.roster.called(remote).and_then(|source| self.roster.consumer(from, source))
            }
        };
        if let Some(endpoint) = endpoint {
            self.door.media.candidate(endpoint, candidate);
        }
    }

    /// Offers everybody what they do not get yet.
    async fn introduce(&mut self) {
        let mut content = HashSet::new();
        for (receiver, source) in self.roster.owed(self.now()) {
            if content.contains(&receiver) {
                continue;
            }
            match self.offer(receiver, source).await {
                Ok(()) => {}
                Err(OpenError::TooMany(Limit::EndpointsOfParticipant | Limit::Descriptions)) => {
                    content.insert(receiver);
                }
                Err(OpenError::TooMany(Limit::EndpointsInRoom) | OpenError::Unavailable) => return,
                Err(OpenError::NotPublished | OpenError::Description(_)) => {
                    self.roster.give_up(receiver, source, self.now());
                }
            }
        }
    }

    async fn offer(&mut self, receiver: ParticipantId, source: ParticipantId) -> Result<(), OpenError> {
        let remote = self.roster.id_of(source).cloned().ok_or(OpenError::NotPublished)?;
        self.drop_consumer(receiver, source);
        let endpoint = self.endpoint(receiver, Role::Subscribe { source });
        let opened = self.door.media.offer(endpoint).await?;
        self.roster.offered(receiver, source, opened.endpoint, self.now());
        if self.tell(receiver, |speaker| speaker.offer(remote.as_str(), &opened.description)).is_err() {
            self.drop_consumer(receiver, source);
            self.roster.put_off(receiver, source, self.now());
        }
        Ok(())
    }

    fn drop_consumer(&mut self, receiver: ParticipantId, source: ParticipantId) {
        if let Some(endpoint) = self.roster.take_consumer(receiver, source) {
            self.door.media.close(endpoint);
        }
    }

    fn forget(&mut self, gone: ParticipantId) {
        self.door.media.close_participant(&self.owner(gone));
        for endpoint in self.roster.forget(gone) {
            self.door.media.close(endpoint);
        }
    }

    fn refuse(&self, to: ParticipantId, connection: &Connection, error: OpenError) {
        self.door.counters.refused(code(error));
        // Nobody waits for it.
        let _ = self.tell(to, |speaker| speaker.refusal(connection, &error.to_string()));
    }

    fn tell(&self, to: ParticipantId, say: impl FnOnce(Speaker<'_>) -> String) -> Result<(), SignalError> {
        let client = self.roster.id_of(to).ok_or(SignalError::NoSuchParticipant)?;
        let data = say(Speaker { sfu: self.sfu.room.id.as_str(), client: client.as_str() });
        self.door.hub.signal(&self.sfu.seat, to, SignalKind::Other, data.into())?;
        self.door.counters.signals.increment(1);
        Ok(())
    }

    fn endpoint(&self, participant: ParticipantId, role: Role) -> NewEndpoint {
        NewEndpoint { owner: self.owner(participant), role, listener: self.heard.listener.clone() }
    }

    fn owner(&self, participant: ParticipantId) -> Owner {
        Owner { room: self.sfu.seat.room().clone(), participant }
    }

    fn now(&self) -> Instant {
        self.door.clock.now()
    }
}

fn channels() -> Vec<DataChannel> {
    let channel =
        |(label, id, keeps_last): (&str, _, _)| DataChannel { label: label.to_owned(), id, keeps_last };
    CHANNELS.into_iter().map(channel).collect()
}

fn open_error(error: NegotiationError) -> OpenError {
    match error {
        NegotiationError::Description(error) => error.into(),
        NegotiationError::TooMany(limit) => OpenError::TooMany(limit),
        NegotiationError::NoSuchEndpoint => OpenError::NotPublished,
        NegotiationError::Unavailable => OpenError::Unavailable,
    }
}

/// What a refusal is counted as.
fn code(error: OpenError) -> &'static str {
    match error {
        OpenError::Description(_) => "description",
        OpenError::NotPublished => "not_published",
        OpenError::TooMany(_) => "too_many_endpoints",
        OpenError::Unavailable => "media_unavailable",
    }
}
