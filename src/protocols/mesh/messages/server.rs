//! What the server says. Source: `docs/mesh.md`, "What the server sends".

use serde::Serialize;
use serde_json::value::RawValue;

use crate::protocols::{
    ice_servers::IceServer,
    mesh::error::{Code, Refusal},
};

/// `joined_successfully`, and the ack of `join_room`.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the wire format")]
pub struct JoinedSuccessfully<'a> {
    /// Only in the ack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success: Option<bool>,
    /// `Joined Successfully`, as the document has it.
    pub message: &'static str,
    /// The other participant's id, `null` when alone.
    #[serde(rename = "remoteSocket")]
    pub remote_socket: Option<String>,
    /// The other participant's name, `null` when alone.
    pub opponent_name: Option<&'a str>,
    /// An array of everything ever saved, each entry as it was saved.
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

/// What the server tells a participant.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ServerMessage<'a> {
    PeerJoined {
        #[serde(rename = "remoteSocket")]
        remote_socket: String,
        opponent_name: &'a str,
        seq: u64,
    },
    ReceiveOffer {
        from: String,
        offer: &'a RawValue,
        name: &'a str,
        seq: u64,
    },
    ReceiveAnswer {
        from: String,
        answer: &'a RawValue,
        seq: u64,
    },
    IceCandidate {
        candidate: &'a RawValue,
        seq: u64,
    },
    /// The original implementation's form: no wrapper.
    BareIceCandidate(&'a RawValue),
    ReceiveMessage {
        id: &'a str,
        from: String,
        name: &'a str,
        body: &'a str,
        sent_at: String,
        seq: u64,
    },
    PeerReconnecting {
        #[serde(rename = "remoteSocket")]
        remote_socket: String,
        seq: u64,
    },
    PeerResumed {
        #[serde(rename = "remoteSocket")]
        remote_socket: String,
        seq: u64,
    },
    UserLeft {
        message: &'static str,
        #[serde(rename = "remoteSocket")]
        remote_socket: String,
        seq: u64,
    },
    Error {
        message: &'a str,
        code: Code,
        #[serde(skip_serializing_if = "Option::is_none")]
        field: Option<&'static str>,
    },
    Replaced {
        message: &'static str,
    },
    ShuttingDown {
        message: &'static str,
        retry_after_ms: u64,
    },
    Probe {},
}

impl ServerMessage<'_> {
    /// The event it is sent as.
    pub fn event(&self) -> &'static str {
        match self {
            Self::PeerJoined { .. } => "peer_joined",
            Self::ReceiveOffer { .. } => "receive_offer",
            Self::ReceiveAnswer { .. } => "receive_answer",
            Self::IceCandidate { .. } | Self::BareIceCandidate(_) => "ice_candidate",
            Self::ReceiveMessage { .. } => "receive_message",
            Self::PeerReconnecting { .. } => "peer_reconnecting",
            Self::PeerResumed { .. } => "peer_resumed",
            Self::UserLeft { .. } => "user_left",
            Self::Error { .. } => "error",
            Self::Replaced { .. } => "replaced",
            Self::ShuttingDown { .. } => "shutting_down",
            Self::Probe {} => "probe",
        }
    }
}

/// The ack of an event that succeeded and has nothing more to say.
#[derive(Debug, Serialize)]
pub struct Done {
    success: bool,
}

/// `{success: true}`
pub const DONE: Done = Done { success: true };

/// The ack of `send_message`.
#[derive(Debug, Serialize)]
pub struct MessageSent<'a> {
    /// Always `true`.
    pub success: bool,
    /// What the message is known by.
    pub id: &'a str,
    /// When the server took it.
    pub sent_at: &'a str,
}

/// The ack of an event that was refused.
#[derive(Debug, Serialize)]
pub struct Refused<'a> {
    success: bool,
    message: &'a str,
    error: RefusedBecause,
}

#[derive(Debug, Serialize)]
struct RefusedBecause {
    code: Code,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
}

impl<'a> From<&'a Refusal> for Refused<'a> {
    fn from(refusal: &'a Refusal) -> Self {
        let error = RefusedBecause { code: refusal.code, field: refusal.field };
        Self { success: false, message: &refusal.message, error }
    }
}
