//! A plane for tests, without network or media. It tracks endpoints like the real one and derives answers
//! from offers.
//!
//! Tests read the calls that it received, and send events of endpoints.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;

use super::{
    description::DescriptionError,
    plane::{
        EndReason, EndpointError, EndpointId, Layer, MediaEvent, MediaListener, MediaPlane, Negotiated,
        NegotiationError, NewEndpoint, Owner, Role,
    },
};
use crate::core::model::lock::lock;

/// The plane. Endpoint ids count up from 1.
#[derive(Default)]
pub struct FakeMedia(Mutex<FakeState>);

#[derive(Default)]
struct FakeState {
    endpoints: BTreeMap<EndpointId, FakeEndpoint>,
    opened: u64,
    asked: Vec<Asked>,
    refusal: Option<EndpointError>,
}

struct FakeEndpoint {
    owner: Owner,
    role: Role,
    listener: Arc<dyn MediaListener>,
    /// True while an offer of the server awaits its answer.
    awaits_answer: bool,
}

/// A call that the plane carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the methods of the plane")]
pub enum Asked {
    Answer(EndpointId, Role),
    Offer(EndpointId, Role),
    Accept(EndpointId),
    Reoffer(EndpointId),
    Candidate(EndpointId, String),
    Layer(EndpointId, Layer),
    Watch(EndpointId, Option<Duration>),
    Close(EndpointId),
}

impl FakeMedia {
    /// Makes a plane without endpoints.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Takes the calls since the last time, in order.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state().asked)
    }

    /// The open endpoints, oldest first.
    pub fn endpoints(&self) -> Vec<EndpointId> {
        self.state().endpoints.keys().copied().collect()
    }

    /// Makes the next opening fail with `error`.
    pub fn refuse_next(&self, error: EndpointError) {
        self.state().refusal = Some(error);
    }

    /// Sends `event` to the listener of an endpoint; a closing event removes the endpoint first. Has no
    /// effect if the endpoint has ended.
    pub fn tell(&self, id: EndpointId, event: MediaEvent) {
        let listener = {
            let mut state = self.state();
            let listener = state.endpoints.get(&id).map(|endpoint| endpoint.listener.clone());
            if matches!(event, MediaEvent::Closed(_)) {
                state.endpoints.remove(&id);
            }
            listener
        };
        if let Some(listener) = listener {
            listener.on_media(id, event);
        }
    }

    fn open(&self, new: NewEndpoint, offer: Option<&str>) -> Result<Negotiated, EndpointError> {
        let (negotiated, replaced) = self.state().open(new, offer)?;
        for id in replaced {
            self.tell(id, MediaEvent::Closed(EndReason::Replaced));
        }
        Ok(negotiated)
    }

    fn state(&self) -> MutexGuard<'_, FakeState> {
        lock(&self.0)
    }
}

impl FakeState {
    fn open(
        &mut self,
        new: NewEndpoint,
        offer: Option<&str>,
    ) -> Result<(Negotiated, Vec<EndpointId>), EndpointError> {
        if let Some(error) = self.refusal.take() {
            return Err(error);
        }
        let loopback = matches!(&new.role, Role::Publish(publication) if publication.loopback);
        let description = match (offer, &new.role) {
            (Some(offer), _) => answer_to(offer, loopback)?,
            (None, Role::Subscribe { .. }) => made_offer(),
            (None, Role::Publish(_)) => return Err(DescriptionError::OutOfPlace.into()),
        };
        let replaced = match &new.role {
            Role::Publish(_) => self.publications(&new.owner),
            Role::Subscribe { source } => {
                let source = Owner { room: new.owner.room.clone(), participant: *source };
                if self.publications(&source).is_empty() {
                    return Err(EndpointError::NotPublished);
                }
                Vec::new()
            }
        };
        self.opened += 1;
        let id = EndpointId(self.opened);
        let role = new.role.clone();
        self.asked.push(if offer.is_some() { Asked::Answer(id, role) } else { Asked::Offer(id, role) });
        let NewEndpoint { owner, role, listener } = new;
        self.endpoints.insert(id, FakeEndpoint { owner, role, listener, awaits_answer: offer.is_none() });
        Ok((Negotiated { endpoint: id, description }, replaced))
    }

    fn publications(&self, owner: &Owner) -> Vec<EndpointId> {
        let own = self
            .endpoints
            .iter()
            .filter(|(_, endpoint)| endpoint.owner == *owner && matches!(endpoint.role, Role::Publish(_)));
        own.map(|(id, _)| *id).collect()
    }

    fn close(&mut self, id: EndpointId) {
        if self.endpoints.remove(&id).is_some() {
            self.asked.push(Asked::Close(id));
        }
    }
}

#[async_trait]
impl MediaPlane for FakeMedia {
    fn is_on(&self) -> bool {
        true
    }

    async fn answer(&self, endpoint: NewEndpoint, offer: &str) -> Result<Negotiated, EndpointError> {
        self.open(endpoint, Some(offer))
    }

    async fn offer(&self, endpoint: NewEndpoint) -> Result<Negotiated, EndpointError> {
        self.open(endpoint, None)
    }

    async fn accept(&self, id: EndpointId, answer: &str) -> Result<(), NegotiationError> {
        sections(answer)?;
        let mut state = self.state();
        let endpoint = state.endpoints.get_mut(&id).ok_or(NegotiationError::NoSuchEndpoint)?;
        if !std::mem::take(&mut endpoint.awaits_answer) {
            return Err(DescriptionError::OutOfPlace.into());
        }
        state.asked.push(Asked::Accept(id));
        Ok(())
    }

    async fn reoffer(&self, id: EndpointId, offer: &str) -> Result<String, NegotiationError> {
        let mut state = self.state();
        let endpoint = state.endpoints.get(&id).ok_or(NegotiationError::NoSuchEndpoint)?;
        let loopback = matches!(&endpoint.role, Role::Publish(publication) if publication.loopback);
        let answer = answer_to(offer, loopback)?;
        state.asked.push(Asked::Reoffer(id));
        Ok(answer)
    }

    fn candidate(&self, id: EndpointId, candidate: &str) {
        self.state().asked.push(Asked::Candidate(id, candidate.to_owned()));
    }

    fn layer(&self, id: EndpointId, layer: Layer) {
        self.state().asked.push(Asked::Layer(id, layer));
    }

    fn watch(&self, id: EndpointId, silence: Option<Duration>) {
        self.state().asked.push(Asked::Watch(id, silence));
    }

    fn close(&self, id: EndpointId) {
        self.state().close(id);
    }

    fn close_participant(&self, owner: &Owner) {
        let mut state = self.state();
        let own = state.endpoints.iter().filter(|(_, endpoint)| endpoint.owner == *owner);
        let own: Vec<_> = own.map(|(id, _)| *id).collect();
        for id in own {
            state.close(id);
        }
    }

    fn owners(&self) -> Vec<Owner> {
        let state = self.state();
        let owners: HashSet<_> = state.endpoints.values().map(|endpoint| endpoint.owner.clone()).collect();
        owners.into_iter().collect()
    }

    async fn shut_down(&self) {
        self.state().endpoints.clear();
    }
}

/// The parts of a media section that an answer repeats.
struct Section<'a> {
    /// `audio 9 UDP/TLS/RTP/SAVPF 111`
    media: &'a str,
    mid: &'a str,
    direction: &'a str,
}

/// Parses the media sections of a description.
fn sections(description: &str) -> Result<Vec<Section<'_>>, DescriptionError> {
    if !description.starts_with("v=0") {
        return Err(DescriptionError::Unreadable);
    }
    let mut sections: Vec<Section> = Vec::new();
    for line in description.lines() {
        if let Some(media) = line.strip_prefix("m=") {
            sections.push(Section { media, mid: "", direction: "sendrecv" });
        } else if let Some(section) = sections.last_mut() {
            match line {
                "a=sendrecv" | "a=sendonly" | "a=recvonly" | "a=inactive" => section.direction = &line[2..],
                _ => section.mid = line.strip_prefix("a=mid:").unwrap_or(section.mid),
            }
        }
    }
    if sections.is_empty() { Err(DescriptionError::NothingInCommon) } else { Ok(sections) }
}

fn answer_to(offer: &str, loopback: bool) -> Result<String, DescriptionError> {
    let mut sections = sections(offer)?;
    for section in &mut sections {
        section.direction = match section.direction {
            "recvonly" => "sendonly",
            "sendrecv" if loopback => "sendrecv",
            "sendonly" | "sendrecv" => "recvonly",
            other => other,
        };
    }
    Ok(description(&sections, "passive"))
}

fn made_offer() -> String {
    let section = |media, mid| Section { media, mid, direction: "sendonly" };
    description(
        &[section("audio 9 UDP/TLS/RTP/SAVPF 111", "0"), section("video 9 UDP/TLS/RTP/SAVPF 96", "1")],
        "actpass",
    )
}

fn description(sections: &[Section], setup: &str) -> String {
    let mids: Vec<_> = sections.iter().map(|section| section.mid).collect();
    let bundle = mids.join(" ");
    let mut text = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {bundle}\r\na=ice-lite\r\na=msid-semantic: WMS *\r\n"
    );
    let fingerprint = ["00"; 32].join(":");
    for Section { media, mid, direction } in sections {
        let _ = write!(
            text,
            "m={media}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na=rtcp-mux\r\na=ice-ufrag:fake\r\n\
             a=ice-pwd:fakefakefakefakefakefake\r\na=fingerprint:sha-256 {fingerprint}\r\na=setup:{setup}\r\n\
             a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n"
        );
        if !media.starts_with("application") {
            let _ = write!(text, "a={direction}\r\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{core::model::ids::ParticipantId, media::Publication};

    const OFFER: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\na=sendrecv\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\na=recvonly\r\n";

    fn endpoint(participant: ParticipantId, role: Role) -> NewEndpoint {
        let owner = Owner { room: "7".parse().unwrap(), participant };
        NewEndpoint { owner, role, listener: Arc::new(|_: EndpointId, _: MediaEvent| {}) }
    }

    #[tokio::test]
    async fn an_answer_mirrors_the_directions_of_the_offer() {
        let media = FakeMedia::new();
        let publish = endpoint(ParticipantId::random(), Role::Publish(Publication::default()));
        let answer = media.answer(publish, OFFER).await.unwrap().description;
        let sections = sections(&answer).unwrap();
        let seen: Vec<_> = sections.iter().map(|section| (section.mid, section.direction)).collect();
        assert_eq!(seen, [("a", "recvonly"), ("v", "sendonly")]);
    }

    #[tokio::test]
    async fn subscribing_needs_a_publication() {
        let media = FakeMedia::new();
        let (ann, bob) = (ParticipantId::random(), ParticipantId::random());
        let subscribe = endpoint(bob, Role::Subscribe { source: ann });
        assert_eq!(media.offer(subscribe.clone()).await, Err(EndpointError::NotPublished));
        let role = Role::Publish(Publication::default());
        let published = media.answer(endpoint(ann, role), OFFER).await.unwrap().endpoint;
        let offered = media.offer(subscribe.clone()).await.unwrap().endpoint;
        media.accept(offered, OFFER).await.unwrap();
        assert!(media.accept(offered, OFFER).await.is_err(), "an offer is answered once");
        media.close(published);
        assert_eq!(media.offer(subscribe).await, Err(EndpointError::NotPublished));
    }
}
