//! Publishing media, and receiving that of others. Source: kurento document, entries 3 to 10.

use std::sync::Arc;

use super::{
    delivery::RoomSignal,
    description::candidates_in,
    error::{Code, Refusal},
    membership::{SessionEndpoint, Unpublished},
    messages::{Notification, RequestResult},
    room_request::RoomRequest,
};
use crate::{
    core::{
        hub::join::Seated,
        model::ids::{Name, ParticipantId},
    },
    media::{
        DataRelay, EndpointError, EndpointId, MediaEvent, NegotiationError, NewEndpoint, Publication, Role,
    },
    protocols::sdp::origin_of,
};

impl RoomRequest<'_> {
    /// `publishVideo`: answers, then tells the others.
    ///
    /// A further offer on the same connection renegotiates it. An offer on another connection replaces the
    /// publication, and subscribers continue to receive.
    pub(super) async fn publish(&self) -> Result<(), Refusal> {
        let seat = self.session.seat()?;
        let offer = self.request.params.text("sdpOffer")?;
        let loopback = self.request.params.is_on("doLoopback");
        let (name, former, was_publishing, options) = self.session.with_membership(|membership| {
            let former = membership.publication().cloned();
            (membership.name.clone(), former, membership.is_publishing(), membership.options)
        })?;
        let description = match self.negotiate_again(former.as_ref(), &offer).await? {
            Some(description) => description,
            None => {
                let data = if options.data_channels { DataRelay::Subscribers } else { DataRelay::None };
                let role = Role::Publish(Publication { loopback, data });
                let (endpoint, description) = self.open(&seat, role, &offer).await?;
                self.keep(
                    &endpoint,
                    self.session.with_membership(|membership| membership.publish(endpoint.clone())),
                )?;
                description
            }
        };
        self.describe(&name, description);
        if self.session.with_membership(|membership| membership.is_publishing())? && !was_publishing {
            self.tell_others(&seat, &RoomSignal::Published);
        }
        self.door.runtime.counters.signals.increment(1);
        Ok(())
    }

    /// `unpublishVideo`: answers, then tells the others.
    pub(super) fn unpublish(&self) -> Result<(), Refusal> {
        let (seat, name, unpublished) = self.session.with_membership(|membership| {
            (membership.seat.clone(), membership.name.clone(), membership.unpublish())
        })?;
        let unpublished = unpublished.ok_or_else(|| {
            let message = format!("Participant '{}' is not streaming media", name.as_str());
            Refusal::new(Code::NotStreaming, message)
        })?;
        let Unpublished::Now(endpoint) = unpublished else {
            self.answer(&RequestResult::Done);
            return Ok(());
        };
        self.door.common.media.close(endpoint.id);
        self.door.end_subscriptions(seat.room(), seat.participant());
        self.answer(&RequestResult::Done);
        self.tell_others(&seat, &RoomSignal::Unpublished);
        Ok(())
    }

    /// `receiveVideoFrom`: a further offer on the same connection renegotiates it; an offer on another
    /// connection replaces it. A publisher may receive its own media.
    pub(super) async fn receive(&self) -> Result<(), Refusal> {
        let seat = self.session.seat()?;
        let sender = self.request.params.text("sender")?;
        let offer = self.request.params.text("sdpOffer")?;
        let (source, name) = self.find(&seat, &sender)?;
        let former = self.session.with_membership(|membership| membership.subscription(source).cloned())?;
        let description = match self.negotiate_again(former.as_ref(), &offer).await? {
            Some(description) => description,
            None => self.subscribe(&seat, source, &name, &offer).await?,
        };
        self.describe(&name, description);
        self.door.runtime.counters.signals.increment(1);
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
            EndpointError::NotPublished => not_streaming(seat, source, name),
            error => error.into(),
        })?;
        let subscribed =
            self.session.with_membership(|membership| membership.subscribe(source, endpoint.clone()));
        if let Some(former) = self.keep(&endpoint, subscribed)? {
            self.door.common.media.close(former.id);
        }
        Ok(description)
    }

    /// `unsubscribeFromVideo`: succeeds also without a subscription.
    pub(super) fn unsubscribe(&self) -> Result<(), Refusal> {
        let seat = self.session.seat()?;
        let (source, _) = self.find(&seat, &self.request.params.text("sender")?)?;
        if let Some(endpoint) = self.session.with_membership(|membership| membership.unsubscribe(source))? {
            self.door.common.media.close(endpoint.id);
        }
        self.answer(&RequestResult::Done);
        Ok(())
    }

    /// `onIceCandidate`: a candidate for an unknown connection is ignored, because the server learns
    /// addresses from the packets themselves. A candidate for a participant who has left is no error.
    pub(super) fn take_candidate(&self) -> Result<(), Refusal> {
        let seat = self.session.seat()?;
        let meant = self.request.params.text("endpointName")?;
        let candidate = self.request.params.text("candidate")?;
        if let Ok((source, _)) = self.find(&seat, &meant) {
            let endpoint = self.session.with_membership(|membership| {
                let is_own = source == membership.seat.participant();
                let own = membership.publication().filter(|_| is_own);
                own.or_else(|| membership.subscription(source)).map(|endpoint| endpoint.id)
            })?;
            if let Some(endpoint) = endpoint {
                self.door.common.media.candidate(endpoint, &candidate);
            }
        }
        self.answer(&RequestResult::Done);
        Ok(())
    }

    /// Renegotiates an existing connection. `None` if the offer is for another connection.
    async fn negotiate_again(
        &self,
        former: Option<&SessionEndpoint>,
        offer: &str,
    ) -> Result<Option<String>, Refusal> {
        let Some(former) =
            former.filter(|former| former.origin.is_some() && former.origin == origin_of(offer))
        else {
            return Ok(None);
        };
        match self.door.common.media.reoffer(former.id, offer).await {
            Ok(description) => Ok(Some(description)),
            Err(NegotiationError::NoSuchEndpoint) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn open(
        &self,
        seat: &Seated,
        role: Role,
        offer: &str,
    ) -> Result<(SessionEndpoint, String), EndpointError> {
        let owner = crate::media::Owner { room: seat.room().clone(), participant: seat.participant() };
        let (door, session) = (Arc::downgrade(self.door), Arc::downgrade(self.session));
        let listener = move |endpoint: EndpointId, event: MediaEvent| {
            if let (Some(door), Some(session)) = (door.upgrade(), session.upgrade()) {
                door.on_media_event(session, endpoint, event);
            }
        };
        let new = NewEndpoint { owner, role, listener: Arc::new(listener) };
        let negotiated = self.door.common.media.answer(new, offer).await?;
        let endpoint = SessionEndpoint { id: negotiated.endpoint, origin: origin_of(offer) };
        Ok((endpoint, negotiated.description))
    }

    /// Closes an endpoint that could not be noted because the participant has left meanwhile.
    fn keep<T>(&self, endpoint: &SessionEndpoint, noted: Result<T, Refusal>) -> Result<T, Refusal> {
        if noted.is_err() {
            self.door.common.media.close(endpoint.id);
        }
        noted
    }

    /// Answers with the server's description, then sends its candidates again: older clients wait for them.
    fn describe(&self, name: &Name, description: String) {
        let candidates = candidates_in(&description);
        self.answer(&RequestResult::Description(description));
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
