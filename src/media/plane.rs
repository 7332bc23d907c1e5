//! What doors ask of a media plane: to end the WebRTC connections of participants, and to forward between them.

use std::{fmt, net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use thiserror::Error;

use super::description::DescriptionError;
use crate::core::model::ids::{ParticipantId, RoomId};

/// Ends WebRTC connections on the server and forwards what participants publish to those of their room who subscribe.
///
/// An [endpoint](EndpointId) is the server's end of one `RTCPeerConnection`. A participant publishes with one endpoint
/// and subscribes to each other participant with a further one. Media is forwarded within a room of this node only.
///
/// An endpoint ends when it is closed here, when its owner is ([`close_participant`](Self::close_participant)), when its
/// client says goodbye, and when nothing has been heard of the client for about half a minute. The server gives up
/// the endpoints of whoever has lost their seat, so a door that forgets one leaves nothing behind.
///
/// Descriptions are whole: they hold all of the server's candidates. Futures may be dropped at any point; an endpoint that
/// was being opened is closed then.
#[async_trait]
pub trait MediaPlane: Send + Sync + 'static {
    /// Whether anything is forwarded at all. If not, everything that is opened is refused as [`OpenError::Unavailable`].
    fn is_on(&self) -> bool;

    /// Where clients are told to send their media; nowhere if it is off.
    fn addresses(&self) -> &[SocketAddr] {
        &[]
    }

    /// Opens an endpoint by answering a client's offer (SDP), and gives the answer.
    ///
    /// A participant who publishes again replaces what it published: the earlier endpoint ends
    /// ([`CloseReason::Replaced`]), and whoever subscribed to it goes on with the new one.
    ///
    /// # Errors
    /// - [`OpenError::Description`]: the offer; nothing was opened.
    /// - [`OpenError::NotPublished`]: there is nothing to subscribe to. Nobody waits for it.
    /// - [`OpenError::TooMany`], [`OpenError::Unavailable`]: nothing was opened.
    async fn answer(&self, endpoint: NewEndpoint, offer: &str) -> Result<Negotiated, OpenError>;

    /// Opens an endpoint by making an offer (SDP), for clients that wait for one. It must subscribe; the client's answer
    /// is given to [`accept`](Self::accept).
    ///
    /// # Errors
    /// As for [`answer`](Self::answer).
    async fn offer(&self, endpoint: NewEndpoint) -> Result<Negotiated, OpenError>;

    /// The client's answer to the server's offer.
    ///
    /// # Errors
    /// - [`NegotiationError::Description`]: the answer is none, or none was asked for.
    /// - [`NegotiationError::NoSuchEndpoint`]: it has ended.
    /// - [`NegotiationError::TooMany`], [`NegotiationError::Unavailable`]: nothing changed.
    async fn accept(&self, endpoint: EndpointId, answer: &str) -> Result<(), NegotiationError>;

    /// A further offer of the client's, on a connection it has: an ICE restart, or other tracks. Gives the answer.
    ///
    /// # Errors
    /// As for [`accept`](Self::accept).
    async fn reoffer(&self, endpoint: EndpointId, offer: &str) -> Result<String, NegotiationError>;

    /// A candidate of the client's, as `RTCIceCandidate.candidate` has it. The server learns where clients are by their
    /// connecting to it, so none is needed, and one that cannot be used is ignored.
    fn candidate(&self, endpoint: EndpointId, candidate: &str);

    /// Which layer of a simulcast publication the subscriber gets. [`Layer::Auto`] until then; no error where there are
    /// no layers.
    fn layer(&self, endpoint: EndpointId, layer: Layer);

    /// Ends an endpoint; its listener is told nothing. Nothing happens if it has ended.
    fn close(&self, endpoint: EndpointId);

    /// Ends all endpoints of a participant; their listeners are told nothing.
    fn close_participant(&self, owner: &Owner);

    /// Everybody who has an endpoint, each once, in no order.
    fn owners(&self) -> Vec<Owner>;

    /// Ends everything, and lets go of ports. What is asked afterwards is [`OpenError::Unavailable`].
    async fn shut_down(&self);
}

/// The server's end of one `RTCPeerConnection`; unique within this process, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointId(pub u64);

/// Whose an endpoint is, and in which room it is heard.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Where.
    pub room: RoomId,
    /// Who. Its endpoints end with its seat.
    pub participant: ParticipantId,
}

/// An endpoint that is to be.
#[derive(Clone)]
pub struct NewEndpoint {
    /// Whose it will be.
    pub owner: Owner,
    /// What it is for.
    pub role: Role,
    /// Who is told what becomes of it.
    pub listener: Arc<dyn MediaListener>,
}

/// What an endpoint is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// The client sends.
    Publish(Publication),
    /// The client receives what another participant of its room publishes.
    Subscribe {
        /// Whose publication.
        source: ParticipantId,
    },
}

/// How something is published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publication {
    /// The client gets its own media back, as far as it offers to receive.
    pub loopback: bool,
    /// What becomes of its data channels.
    pub data: DataRelay,
}

/// To whom messages on a publisher's data channels go. They are handed over in order, or not at all where somebody's
/// channel is not open or does not take them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DataRelay {
    /// To nobody.
    #[default]
    None,
    /// To the subscribers, on their channel of the same label.
    Subscribers,
    /// To the other publishers of the room that have the same channel. These are agreed on beforehand; any other that a
    /// client opens is ignored.
    Room(Vec<DataChannel>),
}

/// A data channel that both sides open by themselves. Source: W3C WebRTC, `RTCDataChannelInit.negotiated`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataChannel {
    /// What it is called.
    pub label: String,
    /// Its stream, 0 to 65,534.
    pub id: u16,
    /// Whoever opens it is told what each of the others has said on it last, if that is at most 1 KiB.
    pub keeps_last: bool,
}

/// Which layer of a simulcast publication is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layer {
    /// The best that the subscriber's connection carries.
    Auto,
    /// The one of this name (`a=rid`). While it is not sent, another is forwarded.
    Rid(String),
}

/// An endpoint, and what its client is to be told.
#[derive(Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// The endpoint that was opened.
    pub endpoint: EndpointId,
    /// The answer or the offer (SDP).
    pub description: String,
}

/// Hears what becomes of endpoints.
pub trait MediaListener: Send + Sync + 'static {
    /// Called on the thread that forwards: must return at once, so put it into a queue. May be called before the
    /// description that opened the endpoint has been returned.
    fn on_media(&self, endpoint: EndpointId, event: MediaEvent);
}

impl<F: Fn(EndpointId, MediaEvent) + Send + Sync + 'static> MediaListener for F {
    fn on_media(&self, endpoint: EndpointId, event: MediaEvent) {
        self(endpoint, event);
    }
}

/// What a listener hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaEvent {
    /// The client has connected; told once.
    Connected,
    /// The first packet of a kind has come from a publisher; told once for each kind.
    Flowing(MediaKind),
    /// The loudest publisher of the room is another one now, or nobody speaks. Told to one endpoint of each participant, at
    /// most three times a second.
    ActiveSpeaker(Option<ParticipantId>),
    /// It has ended, and not by being closed here. The last that is heard of it.
    Closed(CloseReason),
}

/// Audio or video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "their names say it")]
pub enum MediaKind {
    Audio,
    Video,
}

/// Why an endpoint ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The client closed its connection.
    Left,
    /// Nothing is heard of the client any more, or it never connected.
    Lost,
    /// Its owner published anew.
    Replaced,
    /// A fault of the server's own; other endpoints go on.
    Fault,
}

/// Why no endpoint was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The client's description cannot be used.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// The participant that was to be subscribed to publishes nothing here.
    #[error("nothing is published by that participant")]
    NotPublished,
    /// There are as many as there may be.
    #[error("too many {0}")]
    TooMany(Limit),
    /// Nothing is forwarded on this server, or it has too much to do just now.
    #[error("media is not available")]
    Unavailable,
}

/// Why a description changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NegotiationError {
    /// It cannot be used.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// The endpoint has ended.
    #[error("the connection has ended")]
    NoSuchEndpoint,
    /// There were too many of them.
    #[error("too many {0}")]
    TooMany(Limit),
    /// Nothing is forwarded on this server, or it has too much to do just now.
    #[error("media is not available")]
    Unavailable,
}

/// What there was too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Endpoints of this participant.
    EndpointsOfParticipant,
    /// Endpoints in this room.
    EndpointsInRoom,
    /// Offers and answers of this participant within a minute.
    Descriptions,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EndpointsOfParticipant => "connections of this participant",
            Self::EndpointsInRoom => "connections in this room",
            Self::Descriptions => "offers in a short time",
        })
    }
}

/// Shows no description: it holds addresses.
impl fmt::Debug for Negotiated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Negotiated").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
