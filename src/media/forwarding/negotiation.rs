//! Offers and answers of an endpoint, and the tracks that result.

use str0m::{
    RtcError,
    change::{SdpAnswer, SdpOffer},
    media::{Direction, Mid},
};

use super::{
    endpoint::{Endpoint, guarded},
    incoming::Incoming,
    outgoing::Outgoing,
    sdp::{self, Way},
    track::{TrackCounter, TrackKey},
};
use crate::media::{DataRelay, DescriptionError, Publication, Role};

impl Endpoint {
    /// Answers a first or later offer.
    pub fn answer(&mut self, offer: &str) -> Result<String, DescriptionError> {
        sdp::check_size(offer)?;
        let narrowed = self.narrow(offer);
        let parsed = guarded(|| SdpOffer::from_sdp_string(&narrowed));
        let parsed = parsed.and_then(Result::ok).ok_or(DescriptionError::Unreadable)?;
        if self.is_publisher() {
            self.has_layers = offer.contains("a=simulcast:send");
        }
        let answer = guarded(|| self.rtc.sdp_api().accept_offer(parsed))
            .ok_or(DescriptionError::Unreadable)?
            .map_err(|error| why(&error))?
            .to_sdp_string();
        self.pending = None;
        self.take_over(&answer);
        if !self.has_something_to_do(&answer) {
            return Err(DescriptionError::NothingInCommon);
        }
        self.note_refused(&narrowed, &answer);
        self.open_channels(&answer);
        let answer = sdp::in_one_stream(&answer, &self.stream());
        let answer = if self.channels.are_relayed { answer } else { sdp::without_data(&answer) };
        Ok(if sdp::would_measure_round_trips(offer) { sdp::with_round_trips(&answer) } else { answer })
    }

    /// Makes an offer with `tracks`.
    pub fn offer(&mut self, tracks: &[TrackKey]) -> Result<String, DescriptionError> {
        let stream = self.stream();
        let offered = guarded(|| {
            let mut changes = self.rtc.sdp_api();
            for track in tracks {
                changes.add_media(track.kind, Direction::SendOnly, Some(stream.clone()), None, None);
            }
            changes.apply()
        });
        let (offer, pending) = offered.flatten().ok_or(DescriptionError::NothingInCommon)?;
        self.pending = Some(pending);
        Ok(sdp::with_round_trips(&offer.to_sdp_string()))
    }

    /// Applies the client's answer to the server's offer.
    pub fn accept(&mut self, answer: &str) -> Result<(), DescriptionError> {
        sdp::check_size(answer)?;
        let narrowed = self.narrow(answer);
        let parsed = guarded(|| SdpAnswer::from_sdp_string(&narrowed));
        let parsed = parsed.and_then(Result::ok).ok_or(DescriptionError::Unreadable)?;
        let pending = self.pending.take().ok_or(DescriptionError::OutOfPlace)?;
        guarded(|| self.rtc.sdp_api().accept_answer(pending, parsed))
            .ok_or(DescriptionError::Unreadable)?
            .map_err(|error| why(&error))?;
        self.take_over(answer);
        if self.outgoing.is_empty() { Err(DescriptionError::NothingInCommon) } else { Ok(()) }
    }

    /// The ICE name of the connection.
    pub fn ufrag(&mut self) -> String {
        self.rtc.direct_api().local_ice_credentials().ufrag
    }

    /// Creates the negotiated tracks; existing ones stay unchanged.
    fn take_over(&mut self, description: &str) {
        let (mut sent, mut received) = (TrackCounter::default(), TrackCounter::default());
        let (mut incoming, mut outgoing) = (Vec::new(), Vec::new());
        for mid in sdp::mids(description).map(Mid::from) {
            let Some(media) = self.rtc.media(mid).filter(|media| !media.disabled()) else { continue };
            let (kind, direction) = (media.kind(), media.direction());
            if direction.is_receiving() {
                let key = sent.next(kind);
                let known = self.incoming.iter().position(|track| track.mid == mid && track.key == key);
                incoming.push(
                    known.map_or_else(|| Incoming::new(mid, key), |known| self.incoming.swap_remove(known)),
                );
            }
            if direction.is_sending() {
                let key = received.next(kind);
                let known = self.outgoing.iter().position(|track| track.mid == mid && track.key == key);
                outgoing.push(match known {
                    Some(known) => self.outgoing.swap_remove(known),
                    None => Outgoing::new(mid, key, &mut self.rtc),
                });
            }
        }
        (self.incoming, self.outgoing) = (incoming, outgoing);
    }

    fn has_something_to_do(&self, answer: &str) -> bool {
        match &self.role {
            Role::Publish(Publication { data, .. }) => {
                !self.incoming.is_empty() || (*data != DataRelay::None && has_data(answer))
            }
            Role::Subscribe { .. } => !self.outgoing.is_empty(),
        }
    }

    fn open_channels(&mut self, answer: &str) {
        let Role::Publish(Publication { data, .. }) = &self.role else { return };
        match data {
            DataRelay::Room(agreed) if has_data(answer) => self.channels.open(&mut self.rtc, agreed),
            DataRelay::Subscribers if has_data(answer) => self.channels.reserve(&mut self.rtc),
            DataRelay::Room(_) | DataRelay::Subscribers | DataRelay::None => {}
        }
    }

    /// Reduces a client's description to the direction of this endpoint.
    fn narrow(&self, description: &str) -> String {
        let narrowed = sdp::narrow(description, self.way());
        if self.is_publisher() || self.has_layers { narrowed } else { sdp::without_estimation(&narrowed) }
    }

    fn way(&self) -> Way {
        match &self.role {
            Role::Publish(publication) if publication.loopback => Way::Both,
            Role::Publish(_) => Way::Send,
            Role::Subscribe { .. } => Way::Receive,
        }
    }

    /// The name of the stream to the client: the id of the publishing participant.
    fn stream(&self) -> String {
        self.source().unwrap_or(self.owner.participant).to_string()
    }
}

fn has_data(description: &str) -> bool {
    description.lines().any(|line| line.starts_with("m=application") && !line.starts_with("m=application 0 "))
}

/// Converts an error of the library, without its text.
fn why(error: &RtcError) -> DescriptionError {
    match error {
        RtcError::ChangesOutOfOrder => DescriptionError::OutOfPlace,
        _ => DescriptionError::Unreadable,
    }
}
