//! The server's own SFU: answers the offers of clients, and offers each client the media of the others.
//!
//! Ends with its room.

use std::{collections::HashSet, pin::pin, sync::Arc, time::Instant};

use futures_util::{FutureExt, future::Fuse};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::{
    call_state::CallState,
    inbox::{ClientSignal, SfuEvent, SfuEvents},
    messages::{CallConnection, HandshakeContent, MessageWriter, SfuHandshake, tracks_of},
};
use crate::{
    core::model::{error::SignalError, event::SignalKind, ids::ParticipantId},
    media::{
        DataChannel, DataRelay, DescriptionError, EndpointError, Limit, MediaEvent, NegotiationError,
        NewEndpoint, Owner, Publication, Role,
    },
    protocols::{
        arbiter::{ArbiterDoor, NAMESPACE, REFRESH_EVERY, rooms::SfuRoom, sfu::Sfu},
        runtime::contain_panic,
        sdp::origin_of,
    },
};

/// Data channels that clients open on their sending connection: label, stream id, repetition.
///
/// With repetition, the last message is sent to newcomers. Source: `docs/arbiter.md`, “The server's own SFU”.
const CHANNELS: [(&str, u16, bool); 2] = [("chat", 100, false), ("features", 110, true)];

/// A running SFU.
pub struct Forwarder {
    door: Arc<ArbiterDoor>,
    sfu: Sfu,
    events: SfuEvents,
    call: CallState,
}

impl Forwarder {
    /// Creates the SFU in the seat of `sfu`, which handles `events`.
    pub fn new(door: Arc<ArbiterDoor>, sfu: Sfu, events: SfuEvents) -> Self {
        Self { door, sfu, events, call: CallState::default() }
    }

    /// Serves the call until it ends.
    pub async fn serve(mut self) {
        // After a panic too, the clients must be told that the SFU has left.
        contain_panic(NAMESPACE, "a built-in SFU", self.forward()).await;
        for participant in self.call.participants() {
            self.door.common.media.close_participant(&self.owner(participant));
        }
        self.sfu.leave(&self.door).await;
    }

    /// Room of the SFU.
    pub fn room(&self) -> Arc<SfuRoom> {
        self.sfu.room.clone()
    }

    async fn forward(&mut self) {
        let (stop, room) = (self.door.runtime.stop.clone(), self.sfu.room.clone());
        let mut claim_end = room.claim_end();
        // Expires when the claim does: the call is over then, unless clients have come back.
        let mut claim = pin!(Fuse::terminated());
        let mut ticks = interval(REFRESH_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let event = tokio::select! {
                () = stop.cancelled() => return,
                () = room.ended() => return,
                event = self.events.next() => event,
                Ok(()) = claim_end.changed() => {
                    let left = *claim_end.borrow_and_update();
                    claim.set(left.map_or_else(Fuse::terminated, |left| sleep(left).fuse()));
                    continue;
                }
                () = &mut claim => {
                    self.door.refresh(&room).await;
                    continue;
                }
                _ = ticks.tick() => {
                    // Offers that were postponed, or over a limit, may be possible now.
                    self.offer_pending().await;
                    continue;
                }
            };
            match event {
                SfuEvent::Signal(said) => self.on_signal(said).await,
                SfuEvent::Left(participant) => self.forget(participant),
                SfuEvent::Media(endpoint, MediaEvent::Connected) => self.call.connected(endpoint),
                SfuEvent::Media(endpoint, MediaEvent::Closed(reason)) => self.call.ended(endpoint, reason),
                SfuEvent::Media(..) => {}
                SfuEvent::Closed => return,
            }
        }
    }

    async fn on_signal(&mut self, ClientSignal { from, id, data, .. }: ClientSignal) {
        let Some(SfuHandshake { connection, content }) = SfuHandshake::parse(&data) else {
            return self.door.runtime.counters.refused("not_understood");
        };
        // A client that signals about its sending connection is ready to receive.
        let is_new = connection == CallConnection::Producer && self.call.add(from, &id);
        let outcome = match (&connection, content) {
            (CallConnection::Producer, HandshakeContent::Offer(offer)) => self.publish(from, &offer).await,
            (CallConnection::Consumer { remote }, HandshakeContent::Answer(answer)) => {
                self.accept(from, remote, &answer).await
            }
            (_, HandshakeContent::Candidate(candidate)) => {
                self.candidate(from, &connection, &candidate);
                Ok(is_new)
            }
            (_, HandshakeContent::Nothing) => Ok(is_new),
            (_, HandshakeContent::Offer(_) | HandshakeContent::Answer(_)) => {
                Err(DescriptionError::OutOfPlace.into())
            }
        };
        match outcome {
            Ok(false) => {}
            Ok(true) => self.offer_pending().await,
            Err(error) => self.refuse(from, &connection, error),
        }
    }

    /// Answers an offer of a client: renegotiates its connection, or opens another one.
    async fn publish(&mut self, from: ParticipantId, offer: &str) -> Result<bool, EndpointError> {
        let origin = origin_of(offer);
        let former =
            self.call.publication_of(from).filter(|former| origin.is_some() && former.origin == origin);
        let renewed = match former.map(|former| former.endpoint) {
            Some(endpoint) => self.door.common.media.reoffer(endpoint, offer).await,
            None => Err(NegotiationError::NoSuchEndpoint),
        };
        let answer = match renewed {
            Ok(answer) => {
                self.call.changed(from, tracks_of(&answer));
                answer
            }
            Err(NegotiationError::NoSuchEndpoint) => {
                let data = DataRelay::Room(channels());
                let role = Role::Publish(Publication { loopback: false, data });
                let opened = self.door.common.media.answer(self.endpoint(from, role), offer).await?;
                self.call.published(from, opened.endpoint, origin, tracks_of(&opened.description));
                opened.description
            }
            Err(error) => return Err(open_error(error)),
        };
        // If the answer cannot be delivered, the client never connects, and the endpoint times out.
        let _ = self.tell(from, |writer| writer.answer(&answer));
        Ok(true)
    }

    /// Accepts the answer to an offer.
    async fn accept(
        &mut self,
        from: ParticipantId,
        remote: &str,
        answer: &str,
    ) -> Result<bool, EndpointError> {
        let source = self.call.find_by_id(remote).ok_or(EndpointError::NotPublished)?;
        let endpoint = self.call.answered(from, source).ok_or(DescriptionError::OutOfPlace)?;
        let Err(error) = self.door.common.media.accept(endpoint, answer).await else { return Ok(true) };
        self.drop_consumer(from, source);
        match error {
            NegotiationError::Description(error) => {
                self.call.stop_offering(from, source, self.now());
                Err(error.into())
            }
            NegotiationError::NoSuchEndpoint
            | NegotiationError::TooMany(_)
            | NegotiationError::Unavailable => {
                self.call.retry_later(from, source, self.now());
                Ok(false)
            }
        }
    }

    fn candidate(&self, from: ParticipantId, connection: &CallConnection, candidate: &str) {
        let endpoint = match connection {
            CallConnection::Producer => {
                self.call.publication_of(from).map(|publication| publication.endpoint)
            }
            CallConnection::Consumer { remote } => {
                self.call.find_by_id(remote).and_then(|source| self.call.consumer(from, source))
            }
        };
        if let Some(endpoint) = endpoint {
            self.door.common.media.candidate(endpoint, candidate);
        }
    }

    /// Sends all offers that are due.
    async fn offer_pending(&mut self) {
        let mut content = HashSet::new();
        for (receiver, source) in self.call.pending_offers(self.now()) {
            if content.contains(&receiver) {
                continue;
            }
            match self.offer(receiver, source).await {
                Ok(()) => {}
                Err(EndpointError::TooMany(Limit::EndpointsOfParticipant | Limit::Descriptions)) => {
                    content.insert(receiver);
                }
                Err(EndpointError::TooMany(Limit::EndpointsInRoom) | EndpointError::Unavailable) => return,
                Err(EndpointError::NotPublished | EndpointError::Description(_)) => {
                    self.call.stop_offering(receiver, source, self.now());
                }
            }
        }
    }

    async fn offer(&mut self, receiver: ParticipantId, source: ParticipantId) -> Result<(), EndpointError> {
        let remote = self.call.id_of(source).cloned().ok_or(EndpointError::NotPublished)?;
        self.drop_consumer(receiver, source);
        let endpoint = self.endpoint(receiver, Role::Subscribe { source });
        let opened = self.door.common.media.offer(endpoint).await?;
        self.call.offered(receiver, source, opened.endpoint, self.now());
        if self.tell(receiver, |writer| writer.offer(remote.as_str(), &opened.description)).is_err() {
            self.drop_consumer(receiver, source);
            self.call.retry_later(receiver, source, self.now());
        }
        Ok(())
    }

    fn drop_consumer(&mut self, receiver: ParticipantId, source: ParticipantId) {
        if let Some(endpoint) = self.call.take_consumer(receiver, source) {
            self.door.common.media.close(endpoint);
        }
    }

    fn forget(&mut self, gone: ParticipantId) {
        self.door.common.media.close_participant(&self.owner(gone));
        for endpoint in self.call.forget(gone) {
            self.door.common.media.close(endpoint);
        }
    }

    fn refuse(&self, to: ParticipantId, connection: &CallConnection, error: EndpointError) {
        self.door.runtime.counters.refused(code(error));
        // The refusal is informative only.
        let _ = self.tell(to, |writer| writer.refusal(connection, &error.to_string()));
    }

    fn tell(
        &self,
        to: ParticipantId,
        say: impl FnOnce(MessageWriter<'_>) -> String,
    ) -> Result<(), SignalError> {
        let client = self.call.id_of(to).ok_or(SignalError::NoSuchParticipant)?;
        let data = say(MessageWriter { sfu: self.sfu.room.id.as_str(), client: client.as_str() });
        self.door.common.hub.signal(&self.sfu.seat, to, SignalKind::Other, data.into())?;
        self.door.runtime.counters.signals.increment(1);
        Ok(())
    }

    fn endpoint(&self, participant: ParticipantId, role: Role) -> NewEndpoint {
        NewEndpoint { owner: self.owner(participant), role, listener: self.events.listener.clone() }
    }

    fn owner(&self, participant: ParticipantId) -> Owner {
        Owner { room: self.sfu.seat.room().clone(), participant }
    }

    fn now(&self) -> Instant {
        self.door.common.clock.now()
    }
}

fn channels() -> Vec<DataChannel> {
    let channel =
        |(label, id, retains_last): (&str, _, _)| DataChannel { label: label.to_owned(), id, retains_last };
    CHANNELS.into_iter().map(channel).collect()
}

fn open_error(error: NegotiationError) -> EndpointError {
    match error {
        NegotiationError::Description(error) => error.into(),
        NegotiationError::TooMany(limit) => EndpointError::TooMany(limit),
        NegotiationError::NoSuchEndpoint => EndpointError::NotPublished,
        NegotiationError::Unavailable => EndpointError::Unavailable,
    }
}

/// The code of a refusal in metrics.
fn code(error: EndpointError) -> &'static str {
    match error {
        EndpointError::Description(_) => "description",
        EndpointError::NotPublished => "not_published",
        EndpointError::TooMany(_) => "too_many_endpoints",
        EndpointError::Unavailable => "media_unavailable",
    }
}
