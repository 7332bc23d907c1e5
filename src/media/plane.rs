//! The interface of a media plane: terminates the WebRTC connections of participants, and forwards between
//! them.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use thiserror::Error;

use super::description::DescriptionError;
use crate::core::model::ids::{ParticipantId, RoomId};

/// Terminates WebRTC connections on the server and forwards publications to their subscribers in the same
/// room.
///
/// An [endpoint](EndpointId) is the server's end of one `RTCPeerConnection`. A participant publishes with one
/// endpoint and subscribes to each other participant with a further one. Media is forwarded within a room of
/// this node only.
///
/// An endpoint ends when a door closes it or its owner ([`close_participant`](Self::close_participant)), when
/// its client closes the connection, and when the client has been silent for about half a minute. The server
/// closes the endpoints of participants who have lost their seats, so a door cannot leak one.
///
/// Descriptions are complete: they hold all of the server's candidates. Futures may be dropped at any point;
/// the endpoint that was being opened is then closed.
#[async_trait]
pub trait MediaPlane: Send + Sync + 'static {
    /// True if this plane forwards media. If not, every opening fails with [`EndpointError::Unavailable`].
    fn is_on(&self) -> bool;

    /// The addresses to which clients send their media; empty if the plane is off.
    fn addresses(&self) -> &[SocketAddr] {
        &[]
    }

    /// Opens an endpoint by answering a client's offer (SDP); returns the answer.
    ///
    /// A participant who publishes again replaces its publication: the earlier endpoint ends
    /// ([`EndReason::Replaced`]), and its subscribers receive from the new one.
    ///
    /// # Errors
    ///
    /// No endpoint was opened:
    /// - [`EndpointError::Description`]: the offer cannot be used.
    /// - [`EndpointError::NotPublished`]: the source publishes nothing. The plane does not wait for it.
    /// - [`EndpointError::TooMany`], [`EndpointError::Unavailable`]: limits, or no capacity.
    async fn answer(&self, endpoint: NewEndpoint, offer: &str) -> Result<Negotiated, EndpointError>;

    /// Opens a subscribing endpoint by making an offer (SDP). The client's answer goes to
    /// [`accept`](Self::accept).
    ///
    /// # Errors
    ///
    /// As for [`answer`](Self::answer).
    async fn offer(&self, endpoint: NewEndpoint) -> Result<Negotiated, EndpointError>;

    /// Applies the client's answer to the server's offer.
    ///
    /// # Errors
    ///
    /// Nothing changed:
    /// - [`NegotiationError::Description`]: the answer cannot be used, or no offer is open.
    /// - [`NegotiationError::NoSuchEndpoint`]: the endpoint has ended.
    /// - [`NegotiationError::TooMany`], [`NegotiationError::Unavailable`]: limits, or no capacity.
    async fn accept(&self, endpoint: EndpointId, answer: &str) -> Result<(), NegotiationError>;

    /// Answers a further offer on an existing connection: an ICE restart, or other tracks. Returns the
    /// answer.
    ///
    /// # Errors
    ///
    /// As for [`accept`](Self::accept).
    async fn reoffer(&self, endpoint: EndpointId, offer: &str) -> Result<String, NegotiationError>;

    /// Adds a candidate of the client, in the form of `RTCIceCandidate.candidate`; ignores an unusable one.
    ///
    /// The server needs none: it learns the client's address when the client connects.
    fn candidate(&self, endpoint: EndpointId, candidate: &str);

    /// Chooses the layer of a simulcast publication for a subscriber; [`Layer::Auto`] by default. Has no
    /// effect without layers.
    fn layer(&self, endpoint: EndpointId, layer: Layer);

    /// Reports when nothing has come from the client of an endpoint for the time `silence`.
    ///
    /// The listener gets [`MediaEvent::Silent`], and [`MediaEvent::Heard`] when the client sends again. A
    /// client that sends media is heard many times in a second, any other every few seconds.
    fn watch(&self, _endpoint: EndpointId, _silence: Option<Duration>) {}

    /// Closes an endpoint without an event to its listener. Has no effect if it has ended.
    fn close(&self, endpoint: EndpointId);

    /// Closes all endpoints of a participant without events to their listeners.
    fn close_participant(&self, owner: &Owner);

    /// The owners of all endpoints, each once, in no order.
    fn owners(&self) -> Vec<Owner>;

    /// Closes all endpoints and sockets. Later calls fail with [`EndpointError::Unavailable`].
    async fn shut_down(&self);
}

/// The server's end of one `RTCPeerConnection`; unique within this process, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointId(pub u64);

/// The participant that owns an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The room in which the endpoint publishes or subscribes.
    pub room: RoomId,
    /// The participant, whose endpoints end with its seat.
    pub participant: ParticipantId,
}

/// An endpoint to open.
#[derive(Clone)]
pub struct NewEndpoint {
    /// The endpoint's owner.
    pub owner: Owner,
    /// What the endpoint does.
    pub role: Role,
    /// Receives the endpoint's events.
    pub listener: Arc<dyn MediaListener>,
}

/// The direction of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// The client sends.
    Publish(Publication),
    /// The client receives the publication of another participant of its room.
    Subscribe {
        /// The publisher.
        source: ParticipantId,
    },
}

/// The options of a publication.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publication {
    /// Sends the client its own media back, in the sections in which it offers to receive.
    pub loopback: bool,
    /// The receivers of its data channel messages.
    pub data: DataRelay,
}

/// The receivers of messages on a publisher's data channels.
///
/// Messages arrive in order. A receiver whose channel is not open, or is full, misses them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DataRelay {
    /// No receivers.
    #[default]
    None,
    /// The subscribers, on their channel with the same label.
    Subscribers,
    /// The other publishers of the room that have the same channel. Only these channels are relayed.
    Room(Vec<DataChannel>),
}

/// A negotiated data channel, which both sides open by themselves. Source: W3C WebRTC,
/// `RTCDataChannelInit.negotiated`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataChannel {
    /// The channel's label.
    pub label: String,
    /// The channel's stream id, 0 to 65,534.
    pub id: u16,
    /// Sends a client that opens it the last message of each other client, if that has at most 1 KiB.
    pub retains_last: bool,
}

/// The wanted layer of a simulcast publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layer {
    /// The best layer that the subscriber's connection carries.
    Auto,
    /// The layer with this name (`a=rid`). While the publisher does not send it, another is forwarded.
    Rid(String),
}

/// An opened endpoint, and the description for its client.
#[derive(Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The answer or the offer (SDP).
    pub description: String,
}

/// Receives the events of endpoints.
pub trait MediaListener: Send + Sync + 'static {
    /// Handles an event. Runs on the forwarding thread, so it must only enqueue and return.
    ///
    /// May run before the call that opens the endpoint has returned.
    fn on_media(&self, endpoint: EndpointId, event: MediaEvent);
}

impl<F: Fn(EndpointId, MediaEvent) + Send + Sync + 'static> MediaListener for F {
    fn on_media(&self, endpoint: EndpointId, event: MediaEvent) {
        self(endpoint, event);
    }
}

/// An event of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaEvent {
    /// The client has connected; sent once.
    Connected,
    /// The first packet of a kind has come from a publisher; sent once for each kind.
    Flowing(MediaKind),
    /// No codec in common for media of this kind; sent once for each source.
    ///
    /// A subscriber's client cannot decode what its source sends, or the server forwards no codec that a
    /// publisher's client offers.
    CodecMissing(MediaKind),
    /// Nothing has come from the client for the time that [`watch`](MediaPlane::watch) named.
    Silent,
    /// The client that was reported silent sends again.
    Heard,
    /// The loudest publisher of the room has changed; `None` when no publisher speaks.
    ///
    /// Sent to one endpoint of each participant, at most three times a second.
    ActiveSpeaker(Option<ParticipantId>),
    /// The endpoint has ended without a call to close it. The last event of an endpoint.
    Closed(EndReason),
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
pub enum EndReason {
    /// The client closed its connection.
    Left,
    /// The client has been silent for too long, or never connected.
    Lost,
    /// The owner published again.
    Replaced,
    /// An internal fault; other endpoints continue.
    Fault,
}

/// Why no endpoint was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// The client's description cannot be used.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// The source publishes nothing on this node.
    #[error("nothing is published by that participant")]
    NotPublished,
    /// A limit is reached.
    #[error("too many {0}")]
    TooMany(Limit),
    /// The server forwards nothing, or is overloaded.
    #[error("media is not available")]
    Unavailable,
}

/// Why a description changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NegotiationError {
    /// The description cannot be used.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// The endpoint has ended.
    #[error("the connection has ended")]
    NoSuchEndpoint,
    /// A limit is reached.
    #[error("too many {0}")]
    TooMany(Limit),
    /// The server forwards nothing, or is overloaded.
    #[error("media is not available")]
    Unavailable,
}

/// A limit of the media plane.
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

/// Omits the description, which holds addresses.
impl fmt::Debug for Negotiated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Negotiated").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
