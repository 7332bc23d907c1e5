//! Messages of the server. Source: `docs/mesh.md`, "What the server sends".

use serde::{Serialize, Serializer, ser::SerializeStruct};
use serde_json::value::RawValue;

use crate::protocols::{
    ice_servers::IceServer,
    mesh::error::{Code, Refusal},
};

/// JSON that was validated on arrival and is sent byte for byte.
#[derive(Debug, Clone, Copy)]
pub struct Opaque<'a>(pub &'a str);

impl Serialize for Opaque<'_> {
    /// As `serde_json` serialises a `RawValue`, which cannot be made without reading all of the text once
    /// more.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const RAW: &str = "$serde_json::private::RawValue";
        let mut raw = serializer.serialize_struct(RAW, 1)?;
        raw.serialize_field(RAW, self.0)?;
        raw.end()
    }
}

/// An event that the server sends.
pub trait ServerEvent: Serialize {
    /// The event's name.
    const NAME: &'static str;
}

/// `joined_successfully`, and the ack of `join_room`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the wire format")]
pub struct JoinedSuccessfully<'a> {
    /// Only in the ack.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(skip))]
    pub success: Option<bool>,
    /// `Joined Successfully`, from the document.
    pub message: &'static str,
    /// The other participant's id, `null` when alone.
    #[serde(rename = "remoteSocket")]
    pub remote_socket: Option<String>,
    /// The other participant's name, `null` when alone.
    pub opponent_name: Option<&'a str>,
    /// The history, oldest first, each entry as it was saved.
    #[cfg_attr(test, ts(type = "unknown[]"))]
    pub chats: &'a RawValue,
    /// False if the history could not be read.
    pub chats_available: bool,
    /// The participant's own id.
    pub participant: String,
    /// The session token, for later joins.
    pub session: &'a str,
    /// True if the participant resumes without a lost event.
    pub resumed: bool,
    /// The participant's role in perfect negotiation.
    pub polite: bool,
    /// True while the other participant is connected.
    pub peer_connected: bool,
    /// The number that later events count up from.
    pub seq: u64,
    /// For `RTCConfiguration`, with credentials for this participant.
    #[serde(rename = "iceServers")]
    pub ice_servers: &'a [IceServer],
    /// Lifetime of the credentials in seconds, `null` without credentials.
    #[serde(rename = "iceServersTtl")]
    pub ice_servers_ttl: Option<u64>,
    /// The addresses of all TURN servers.
    #[serde(rename = "turnUrls")]
    pub turn_urls: &'a [String],
    /// Limits on what this client sends.
    pub limits: Limits,
}

/// Limits on what a client sends.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Limits {
    /// The largest event, in bytes of its packet.
    pub event_bytes: usize,
}

/// `peer_joined`: the other seat was taken.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PeerJoined<'a> {
    /// The other participant's id.
    #[serde(rename = "remoteSocket")]
    pub remote_socket: String,
    /// The other participant's name.
    pub opponent_name: &'a str,
    /// Sequence number of the event.
    pub seq: u64,
}

/// `receive_offer`
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReceiveOffer<'a> {
    /// The sender's id, stamped by the server.
    pub from: String,
    /// The sender's bytes.
    #[cfg_attr(test, ts(type = "unknown"))]
    pub offer: Opaque<'a>,
    /// The sender's name, stamped by the server.
    pub name: &'a str,
    /// Sequence number of the event.
    pub seq: u64,
}

/// `receive_answer`
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReceiveAnswer<'a> {
    /// The sender's id, stamped by the server.
    pub from: String,
    /// The sender's bytes.
    #[cfg_attr(test, ts(type = "unknown"))]
    pub answer: Opaque<'a>,
    /// Sequence number of the event.
    pub seq: u64,
}

/// `ice_candidate`, as documented.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReceiveCandidate<'a> {
    /// The sender's bytes; `null` ends the candidates.
    #[cfg_attr(test, ts(type = "unknown"))]
    pub candidate: Opaque<'a>,
    /// Sequence number of the event.
    pub seq: u64,
}

/// `ice_candidate` of the original implementation: the bare candidate.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct BareCandidate<'a>(pub Opaque<'a>);

impl ServerEvent for BareCandidate<'_> {
    const NAME: &'static str = ReceiveCandidate::NAME;
}

/// `receive_message`: the other participant wrote.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReceiveMessage<'a> {
    /// The message's id.
    pub id: &'a str,
    /// The sender's id.
    pub from: String,
    /// The sender's name at the time of sending.
    pub name: &'a str,
    /// The text.
    pub body: &'a str,
    /// When the server received the message: RFC 3339, in UTC.
    pub sent_at: String,
    /// Sequence number of the event.
    pub seq: u64,
}

/// `peer_reconnecting`: the other participant's connection was lost; its seat is held.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PeerReconnecting {
    /// The other participant's id.
    #[serde(rename = "remoteSocket")]
    pub remote_socket: String,
    /// Sequence number of the event.
    pub seq: u64,
}

/// `peer_resumed`: the other participant is connected again.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PeerResumed {
    /// The other participant's id.
    #[serde(rename = "remoteSocket")]
    pub remote_socket: String,
    /// Sequence number of the event.
    pub seq: u64,
}

/// `user_left`: the other participant left, or its lease ended.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct UserLeft {
    /// Reason, for people.
    pub message: &'static str,
    /// The other participant's id.
    #[serde(rename = "remoteSocket")]
    pub remote_socket: String,
    /// Sequence number of the event.
    pub seq: u64,
}

/// `error`: an event of this client was refused.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ErrorEvent<'a> {
    /// Reason, for people.
    pub message: &'a str,
    /// Reason, for programs.
    pub code: Code,
    /// The wrong field, if one is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub field: Option<&'static str>,
    /// Time until a seat may be free, in milliseconds, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub retry_after_ms: Option<u64>,
}

impl<'a> From<&'a Refusal> for ErrorEvent<'a> {
    fn from(refusal: &'a Refusal) -> Self {
        let Refusal { message, code, field, .. } = refusal;
        Self { message, code: *code, field: *field, retry_after_ms: refusal.retry_after_ms() }
    }
}

/// `replaced`: a newer connection has the seat.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SeatReplaced {
    /// For people.
    pub message: &'static str,
}

/// `shutting_down`: the server is about to close.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ShuttingDown {
    /// For people.
    pub message: &'static str,
    /// Time to wait before reconnecting, in milliseconds.
    pub retry_after_ms: u64,
}

/// `probe`: asks for a sign of life, which the transport gives.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "Record<string, never>"))]
pub struct Probe {}

/// The ack of an event that succeeded, without data.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Done {
    /// Always `true`.
    #[cfg_attr(test, ts(type = "true"))]
    success: bool,
}

/// `{success: true}`
pub const DONE: Done = Done { success: true };

/// The ack of `send_message`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MessageSent<'a> {
    /// Always `true`.
    #[cfg_attr(test, ts(type = "true"))]
    pub success: bool,
    /// The message's id.
    pub id: &'a str,
    /// When the server received the message: RFC 3339, in UTC.
    pub sent_at: &'a str,
}

/// The ack of an event that was refused.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RefusedAck<'a> {
    /// Always `false`.
    #[cfg_attr(test, ts(type = "false"))]
    success: bool,
    /// `true` for a refused message that the other participant has nevertheless.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "true"))]
    delivered: Option<bool>,
    /// Reason, for people.
    message: &'a str,
    /// Reason, for programs.
    error: RefusedBecause,
}

/// A refusal, for programs.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RefusedBecause {
    /// Reason.
    code: Code,
    /// The wrong field, if one is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    field: Option<&'static str>,
    /// Time until a seat may be free, in milliseconds, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    retry_after_ms: Option<u64>,
}

impl RefusedAck<'_> {
    /// The same, for a message that the other participant has.
    pub fn delivered(self) -> Self {
        Self { delivered: Some(true), ..self }
    }
}

impl<'a> From<&'a Refusal> for RefusedAck<'a> {
    fn from(refusal: &'a Refusal) -> Self {
        let Refusal { code, field, .. } = *refusal;
        let error = RefusedBecause { code, field, retry_after_ms: refusal.retry_after_ms() };
        Self { success: false, delivered: None, message: &refusal.message, error }
    }
}

/// Names the events, and lists them all for `wire.ts`.
macro_rules! events {
    ($($type:ident $(<$lifetime:lifetime>)? = $name:literal,)*) => {
        $(impl ServerEvent for $type$(<$lifetime>)? {
            const NAME: &'static str = $name;
        })*

        /// Every event, with the type of its payload.
        #[cfg(test)]
        pub fn all_events() -> Vec<(&'static str, super::tests::Declared)> {
            vec![$(($name, super::tests::Declared::of::<$type>())),*]
        }
    };
}

events! {
    JoinedSuccessfully<'_> = "joined_successfully",
    PeerJoined<'_> = "peer_joined",
    ReceiveOffer<'_> = "receive_offer",
    ReceiveAnswer<'_> = "receive_answer",
    ReceiveCandidate<'_> = "ice_candidate",
    ReceiveMessage<'_> = "receive_message",
    PeerReconnecting = "peer_reconnecting",
    PeerResumed = "peer_resumed",
    UserLeft = "user_left",
    ErrorEvent<'_> = "error",
    SeatReplaced = "replaced",
    ShuttingDown = "shutting_down",
    Probe = "probe",
}
