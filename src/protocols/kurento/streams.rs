//! Sending media, and receiving that of others. Source: kurento document, entries 3 to 10.

use std::sync::Arc;

use super::{
    ask::Ask,
    delivery::Word,
    description::{candidates_in, origin_of},
    error::{Code, Refusal},
    messages::{Answer, Notification},
    place::{Endpoint, Unpublished},
};
use crate::{
    core::{
        hub::join::Seated,
        model::ids::{Name, ParticipantId},
    },
    media::{DataRelay, EndpointId, MediaEvent, NegotiationError, NewEndpoint, OpenError, Publication, Role},
};

impl Ask<'_> {
    /// `publishVideo`: it is answered, then the others are told.
    ///
    /// Publishing once more goes on with the same connection if it is the same, and else replaces what was published;
    /// whoever receives it goes on receiving.
    pub(super) async fn publish(&self) -> Result<(), Refusal> {
        let seat = self.session.seat()?;
        let offer = self.request.params.text("sdpOffer")?;
        let loopback = self.request.params.is_on("doLoopback");
        let (name, former, wishes) = self
            .session
            .with_place(|place| (place.name.clone(), place.publication().cloned(), place.wishes))?;
        let description = match self.negotiate_again(former.as_ref(), &offer).await? {
            Some(description) => description,
            None => {
                let data = if wishes.data_channels { DataRelay::Subscribers } else { DataRelay::None };
                let role = Role::Publish(Publication { loopback, data });
                let (endpoint, description) = self.open(&seat, role, &offer).await?;
                self.keep(&endpoint, self.session.with_place(|place| place.publish(endpoint.clone())))?;
                description
            }
        };
        self.describe(&name, description);
        if former.is_none() {
            self.tell_others(&seat, &Word::Published);
        }
        self.door.counters.signals.increment(1);
        Ok(())
    }

    /// `unpublishVideo`: it is answered, then the others are told.
    pub(super) fn unpublish(&self) -> Result<(), Refusal> {
        let (seat, name, unpublished) =
            self.session.with_place(|place| (place.seat.clone(), place.name.clone(), place.unpublish()))?;
        let unpublished = unpublished.ok_or_else(|| {
            let message = format!("Participant '{}' is not streaming media", name.as_str());
            Refusal::new(Code::NotStreaming, message)
        })?;
        let Unpublished::Now(endpoint) = unpublished else {
            self.answer(&Answer::Done);
            return Ok(());
        };
        self.door.media.close(endpoint.id);
        self.door.end_subscriptions(seat.room(), seat.participant());
        self.answer(&Answer::Done);
        self.tell_others(&seat, &Word::Unpublished);
        Ok(())
    }

    /// `receiveVideoFrom`. Receiving somebody once more goes on with the same connection if it is the same, and else
    /// replaces it. Whoever publishes may receive themself.
    pub(super) async fn receive(&self) -> Result<(), Refusal> {
        let seat = self.session.seat()?;
        let sender = self.request.params.text("sender")?;
        let offer = self.request.params.text("sdpOffer")?;
        let (source, name) = self.find(&seat, &sender)?;
        let former = self.session.with_place(|place| place.subscription(source).cloned())?;
        let description = match self.negotiate_again(former.as_ref(), &offer).await? {
            Some(description) => description,
            None => self.subscribe(&seat, source, &name, &offer).await?,
        };
        self.describe(&name, description);
        self.door.counters.signals.increment(1);
        Ok(())
    }

    async fn subscribe(
        &self,
        seat: &Seated,
        source: ParticipantId,
        name: &Name,
        offer: &str,
    ) -> Result<String, Refusal> {
        let opened = self.open(seat, Role::Subscribe { source }, offer).await;
        let (endpoint, description) = opened.map_err(|error| match error {
            OpenError::NotPublished => not_streaming(seat, source, name),
            error => error.into(),
        })?;
        let subscribed = self.session.with_place(|place| place.subscribe(source, endpoint.clone()));
        if let Some(former) = self.keep(&endpoint, subscribed)? {
            self.door.media.close(former.id);
        }
        Ok(description)
    }

    /// `unsubscribeFromVideo`. Whoever was not received is received no less.
    pub(super) fn unsubscribe(&self) -> Result<(), Refusal> {
        let seat = self.session.seat()?;
        let (source, _) = self.find(&seat, &self.request.params.text("sender")?)?;
        if let Some(endpoint) = self.session.with_place(|place| place.unsubscribe(source))? {
            self.door.media.close(endpoint.id);
        }
        self.answer(&Answer::Done);
        Ok(())
    }

    /// `onIceCandidate`. One for a connection that is not there yet is not needed: the server finds out where its clients
    /// are when they connect. One for somebody who has just left is no mistake.
    pub(super) fn take_candidate(&self) -> Result<(), Refusal> {
        let seat = self.session.seat()?;
        let meant = self.request.params.text("endpointName")?;
        let candidate = self.request.params.text("candidate")?;
        if let Ok((source, _)) = self.find(&seat, &meant) {
            let endpoint = self.session.with_place(|place| {
                let is_own = source == place.seat.participant();
                let own = place.publication().filter(|_| is_own);
                own.or_else(|| place.subscription(source)).map(|endpoint| endpoint.id)
            })?;
            if let Some(endpoint) = endpoint {
                self.door.media.candidate(endpoint, &candidate);
            }
        }
        self.answer(&Answer::Done);
        Ok(())
    }

    /// The answer to a further offer on a connection that is there; `None` if the offer is for another connection.
    async fn negotiate_again(
        &self,
        former: Option<&Endpoint>,
        offer: &str,
    ) -> Result<Option<String>, Refusal> {
        let Some(former) =
            former.filter(|former| former.origin.is_some() && former.origin == origin_of(offer))
        else {
            return Ok(None);
        };
        match self.door.media.reoffer(former.id, offer).await {
            Ok(description) => Ok(Some(description)),
            Err(NegotiationError::NoSuchEndpoint) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn open(&self, seat: &Seated, role: Role, offer: &str) -> Result<(Endpoint, String), OpenError> {
        let owner = crate::media::Owner { room: seat.room().clone(), participant: seat.participant() };
        let (door, session) = (Arc::downgrade(self.door), Arc::downgrade(self.session));
        let listener = move |endpoint: EndpointId, event: MediaEvent| {
            if let (Some(door), Some(session)) = (door.upgrade(), session.upgrade()) {
                door.hear_of_media(session, endpoint, event);
            }
        };
        let new = NewEndpoint { owner, role, listener: Arc::new(listener) };
        let negotiated = self.door.media.answer(new, offer).await?;
        let endpoint = Endpoint { id: negotiated.endpoint, origin: origin_of(offer) };
        Ok((endpoint, negotiated.description))
    }

    /// Closes an endpoint that nobody could note because they have left meanwhile.
    fn keep<T>(&self, endpoint: &Endpoint, noted: Result<T, Refusal>) -> Result<T, Refusal> {
        if noted.is_err() {
            self.door.media.close(endpoint.id);
        }
        noted
    }

    /// Answers with the server's description, and says once more where it is: older clients wait for that.
    fn describe(&self, name: &Name, description: String) {
        let candidates = candidates_in(&description);
        self.answer(&Answer::Description(description));
        for candidate in candidates {
            self.session.tell(&Notification::IceCandidate {
                endpoint_name: name.as_str(),
                sdp_m_line_index: candidate.index,
                sdp_mid: &candidate.mid,
                candidate: &candidate.text,
            });
        }
    }
}

fn not_streaming(seat: &Seated, source: ParticipantId, name: &Name) -> Refusal {
    let message = if source == seat.participant() {
        "Can loopback only when publishing media".to_owned()
    } else {
        format!("User '{}' is not streaming media in room '{}'", name.as_str(), seat.room().local())
    };
    Refusal::new(Code::NotStreaming, message)
}
