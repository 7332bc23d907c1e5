//! What the server says. Source: `docs/mesh.md`, "What the server sends".

use serde::{Serialize, Serializer, ser::SerializeStruct};
use serde_json::value::RawValue;

use crate::protocols::{
    ice_servers::IceServer,
    mesh::error::{Code, Refusal},
};

/// JSON that was found valid when it came in, and goes out as it is.
#[derive(Debug, Clone, Copy)]
pub struct Opaque<'a>(pub &'a str);

impl Serialize for Opaque<'_> {
    /// As `serde_json` serialises a `RawValue`, which cannot be made without reading all of the text once more.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const RAW: &str = "$serde_json::private::RawValue";
        let mut raw = serializer.serialize_struct(RAW, 1)?;
        raw.serialize_field(RAW, self.0)?;
        raw.end()
    }
}

/// Something that the server tells a client.
pub trait ServerEvent: Serialize {
    /// The event that it is sent as.
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
    /// `Joined Successfully`, as the document has it.
    pub message: &'static str,
    /// The other participant's id, `null` when alone.
    #[serde(rename = "remoteSocket")]
    pub remote_socket: Option<String>,
    /// The other participant's name, `null` when alone.
    pub opponent_name: Option<&'a str>,
    /// The history, oldest first, each entry as it was saved.
    #[cfg_attr(test, ts(type = "unknown[]"))]
    pub chats: &'a RawValue,
    /// Whether `chats` could be read.
    pub chats_available: bool,
    /// The participant's own id.
    pub participant: String,
    /// The token to come back with.
    pub session: &'a str,
    /// Whether nothing was lost since last time.
    pub resumed: bool,
    /// The side's role in perfect negotiation.
    pub polite: bool,
    /// Whether the other participant is connected just now.
    pub peer_connected: bool,
    /// The number that the events to come count on from.
    pub seq: u64,
    /// For `RTCConfiguration`, with credentials of the participant's own.
    #[serde(rename = "iceServers")]
    pub ice_servers: &'a [IceServer],
    /// How many seconds the credentials are good for, `null` where there are none.
    #[serde(rename = "iceServersTtl")]
    pub ice_servers_ttl: Option<u64>,
    /// The TURN servers that there are.
    #[serde(rename = "turnUrls")]
    pub turn_urls: &'a [String],
}

/// `peer_joined`: the other seat was taken.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PeerJoined<'a> {
    /// Who sits there.
    #[serde(rename = "remoteSocket")]
    pub remote_socket: String,
    /// What they are called.
    pub opponent_name: &'a str,
    /// Its number in the order of all that this participant is told.
    pub seq: u64,
}

/// `receive_offer`
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReceiveOffer<'a> {
    /// Who sent it, as the server knows.
    pub from: String,
    /// As it was sent.
    #[cfg_attr(test, ts(type = "unknown"))]
    pub offer: Opaque<'a>,
    /// What the sender is called, as the server knows.
    pub name: &'a str,
    /// Its number in the order of all that this participant is told.
    pub seq: u64,
}

/// `receive_answer`
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReceiveAnswer<'a> {
    /// Who sent it, as the server knows.
    pub from: String,
    /// As it was sent.
    #[cfg_attr(test, ts(type = "unknown"))]
    pub answer: Opaque<'a>,
    /// Its number in the order of all that this participant is told.
    pub seq: u64,
}

/// `ice_candidate`, as documented.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReceiveCandidate<'a> {
    /// As it was sent; `null` ends the candidates.
    #[cfg_attr(test, ts(type = "unknown"))]
    pub candidate: Opaque<'a>,
    /// Its number in the order of all that this participant is told.
    pub seq: u64,
}

/// `ice_candidate` as the original implementation has it: no wrapper.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct BareCandidate<'a>(pub Opaque<'a>);

impl ServerEvent for BareCandidate<'_> {
    const NAME: &'static str = ReceiveCandidate::NAME;
}

/// `receive_message`: the other side wrote, and it is stored.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReceiveMessage<'a> {
    /// What it is known by.
    pub id: &'a str,
    /// Who wrote it.
    pub from: String,
    /// What the writer was called then.
    pub name: &'a str,
    /// The text.
    pub body: &'a str,
    /// When the server took it: RFC 3339, in UTC.
    pub sent_at: String,
    /// Its number in the order of all that this participant is told.
    pub seq: u64,
}

/// `peer_reconnecting`: the other side's connection was lost; its seat is kept.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PeerReconnecting {
    /// Whose.
    #[serde(rename = "remoteSocket")]
    pub remote_socket: String,
    /// Its number in the order of all that this participant is told.
    pub seq: u64,
}

/// `peer_resumed`: the other side is back.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PeerResumed {
    /// Who.
    #[serde(rename = "remoteSocket")]
    pub remote_socket: String,
    /// Its number in the order of all that this participant is told.
    pub seq: u64,
}

/// `user_left`: the other side left, or its seat's lease ended.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct UserLeft {
    /// Why, for people.
    pub message: &'static str,
    /// Who.
    #[serde(rename = "remoteSocket")]
    pub remote_socket: String,
    /// Its number in the order of all that this participant is told.
    pub seq: u64,
}

/// `error`: something that the client sent was refused.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ErrorEvent<'a> {
    /// Why, for people.
    pub message: &'a str,
    /// Why, for programs.
    pub code: Code,
    /// Which field is wrong, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub field: Option<&'static str>,
    /// When a seat may be free, in milliseconds, if that is known.
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
pub struct Replaced {
    /// For people.
    pub message: &'static str,
}

/// `shutting_down`: the server is about to close.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ShuttingDown {
    /// For people.
    pub message: &'static str,
    /// How long to wait before coming back, in milliseconds.
    pub retry_after_ms: u64,
}

/// `probe`: the server wants to see the connection alive.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "Record<string, never>"))]
pub struct Probe {}

/// The ack of an event that succeeded and has nothing more to say.
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
    /// What the message is known by.
    pub id: &'a str,
    /// When the server took it.
    pub sent_at: &'a str,
}

/// The ack of an event that was refused.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Refused<'a> {
    /// Always `false`.
    #[cfg_attr(test, ts(type = "false"))]
    success: bool,
    /// Only of a message that the other side has all the same: `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "true"))]
    delivered: Option<bool>,
    /// Why, for people.
    message: &'a str,
    /// Why, for programs.
    error: RefusedBecause,
}

/// What programs may want to know of a refusal.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RefusedBecause {
    /// Why.
    code: Code,
    /// Which field is wrong, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    field: Option<&'static str>,
    /// When a seat may be free, in milliseconds, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    retry_after_ms: Option<u64>,
}

impl Refused<'_> {
    /// The same of a message that the other side has.
    pub fn delivered(self) -> Self {
        Self { delivered: Some(true), ..self }
    }
}

impl<'a> From<&'a Refusal> for Refused<'a> {
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

        /// Every event, with the type of what it carries.
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
    Replaced = "replaced",
    ShuttingDown = "shutting_down",
    Probe = "probe",
}
