//! Messages on the WebSocket. Source: arbiter document, "WebSocket Gateway", and `docs/arbiter.md`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{error::Refusal, records::unique};
use crate::protocols::{json_depth::nests_deeper_than, json_string::text_of};

/// The deepest nesting of forwarded data.
pub const MAX_DEPTH: usize = 128;

/// Types that only the server may send.
const NOTICES: [&str; 2] = ["clientDisconnect", "sfuDisconnect"];

/// A request of a client or an SFU.
pub enum ArbiterRequest<'a> {
    /// The sender identifies itself.
    Identify(Identify<'a>),
    /// A signal for another participant.
    Handshake(Handshake<'a>),
}

/// `identify`
pub struct Identify<'a> {
    /// `id`
    pub id: Cow<'a, str>,
    /// `type`
    pub role: ArbiterRole<'a>,
}

/// The role that the sender claims.
pub enum ArbiterRole<'a> {
    /// A client of a call.
    Client {
        /// `roomId`: the id of the SFU.
        room: Cow<'a, str>,
    },
    /// The SFU of the room with its id.
    Sfu {
        /// `secret`, if the WebSocket address does not contain it.
        secret: Option<Cow<'a, str>>,
    },
}

/// `handshake`
pub struct Handshake<'a> {
    /// `sender`, unchecked.
    pub sender: Cow<'a, str>,
    /// `roomId`, unchecked; absent from SFUs.
    pub room: Option<Cow<'a, str>>,
    /// `receiver`, unchecked; absent from clients.
    pub receiver: Option<Cow<'a, str>>,
    /// `data`, unchanged.
    pub data: &'a str,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    action: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// The fields of `data` that the server reads, for all actions.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct DataFields<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    room_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    secret: Option<&'a RawValue>,
    #[serde(borrow, default)]
    sender: Option<&'a RawValue>,
    #[serde(borrow, default)]
    receiver: Option<&'a RawValue>,
}

impl<'a> ArbiterRequest<'a> {
    /// Parses a message. Unknown fields are ignored, but forwarded.
    ///
    /// # Errors
    /// The reason, as a [`Refusal`].
    pub fn parse(message: &'a str) -> Result<Self, Refusal> {
        let envelope: Envelope = object(message).ok_or(Refusal::Malformed)?;
        let data = envelope.data.map(RawValue::get);
        match envelope.action.and_then(text_of).as_deref() {
            Some("identify") => identify(&fields(data)?).map(Self::Identify),
            Some("handshake") => handshake(&fields(data)?, data.unwrap_or_default()).map(Self::Handshake),
            _ => Err(Refusal::Forbidden),
        }
    }
}

fn fields(data: Option<&str>) -> Result<DataFields<'_>, Refusal> {
    // Without `data`, the refusal names its first field, `type`.
    let Some(data) = data else { return Ok(DataFields::default()) };
    object(data).ok_or(Refusal::Malformed)
}

/// Parses a JSON object. serde alone would accept an array too.
pub fn object<'a, T: Deserialize<'a>>(json: &'a str) -> Option<T> {
    json.trim_start().starts_with('{').then(|| serde_json::from_str(json).ok())?
}

/// The text of a field; `None` if it is missing or `null`.
fn optional<'a>(field: &'static str, raw: Option<&'a RawValue>) -> Result<Option<Cow<'a, str>>, Refusal> {
    raw.map(|raw| text_of(raw).ok_or(Refusal::Missing(field))).transpose()
}

fn required<'a>(field: &'static str, raw: Option<&'a RawValue>) -> Result<Cow<'a, str>, Refusal> {
    optional(field, raw)?.ok_or(Refusal::Missing(field))
}

fn identify<'a>(fields: &DataFields<'a>) -> Result<Identify<'a>, Refusal> {
    let role = match &*required("type", fields.kind)? {
        "client" => ArbiterRole::Client { room: required("roomId", fields.room_id)? },
        "sfu" => ArbiterRole::Sfu { secret: optional("secret", fields.secret)? },
        _ => return Err(Refusal::Missing("type")),
    };
    Ok(Identify { id: required("id", fields.id)?, role })
}

fn handshake<'a>(fields: &DataFields<'a>, data: &'a str) -> Result<Handshake<'a>, Refusal> {
    if NOTICES.contains(&&*required("type", fields.kind)?) {
        return Err(Refusal::Missing("type"));
    }
    if nests_deeper_than(data, MAX_DEPTH) {
        return Err(Refusal::TooDeep);
    }
    Ok(Handshake {
        sender: required("sender", fields.sender)?,
        room: optional("roomId", fields.room_id)?,
        receiver: optional("receiver", fields.receiver)?,
        data,
    })
}

/// A message of the server to a room. Other messages with a `type` come from participants.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Notice<'a> {
    /// A client has left.
    #[serde(rename_all = "camelCase")]
    ClientDisconnect {
        /// Id of the client.
        client_id: &'a str,
    },
    /// The SFU has left, which ends the room.
    SfuDisconnect,
}

/// The reply to a request. The original's clients ignore messages without a known `type`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply<'a> {
    /// A status as in HTTP.
    pub status_code: u16,
    /// The reason, for a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'a, str>>,
}

/// The reply of an API gateway to a message without a route.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Forbidden<'a> {
    /// Always `Forbidden`.
    message: &'static str,
    /// Id of the connection.
    connection_id: &'a str,
    /// A unique id.
    request_id: String,
}

/// The frame with a refusal, for the connection with this id.
pub fn encode_refusal(refusal: Refusal, connection_id: &str) -> String {
    match refusal {
        Refusal::Forbidden => {
            encode(&Forbidden { message: "Forbidden", connection_id, request_id: unique() })
        }
        _ => encode(&Reply { status_code: refusal.status(), message: Some(refusal.message()) }),
    }
}

/// `message` as JSON.
pub fn encode(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("our own messages are always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(message: &str) -> Option<Refusal> {
        ArbiterRequest::parse(message).err()
    }

    #[test]
    fn data_is_forwarded_unchanged() {
        let data = r#"{ "type":"producer","sender" : "a\u0062","roomId":"r", "candidate":{"x":1e3, "y":[ ]}, "z":1,"z":2 }"#;
        let message = format!(r#" {{"more":0,"action":"handshake","data":{data} }}"#);
        let Ok(ArbiterRequest::Handshake(handshake)) = ArbiterRequest::parse(&message) else {
            panic!("refused")
        };
        assert_eq!((handshake.data, &*handshake.sender), (data, "ab"));
    }

    #[test]
    fn clients_cannot_send_the_servers_types() {
        for kind in [
            r#""type":"clientDisconnect""#,
            r#""type":"sfuDisconnect""#,
            r#""t\u0079pe":"client\u0044isconnect""#,
        ] {
            let message = format!(r#"{{"action":"handshake","data":{{"sender":"a",{kind}}}}}"#);
            assert_eq!(refused(&message), Some(Refusal::Missing("type")), "{kind}");
        }
        let twice =
            r#"{"action":"handshake","data":{"sender":"a","type":"producer","type":"clientDisconnect"}}"#;
        assert_eq!(refused(twice), Some(Refusal::Malformed));
    }

    #[test]
    fn invalid_messages_are_refused_with_their_reason() {
        for (message, refusal) in [
            ("", Refusal::Malformed),
            ("{", Refusal::Malformed),
            ("[\"identify\",{}]", Refusal::Malformed),
            (r#"{"action":"identify","data":[]}"#, Refusal::Malformed),
            ("{}", Refusal::Forbidden),
            (r#"{"action":7}"#, Refusal::Forbidden),
            (r#"{"action":"$connect"}"#, Refusal::Forbidden),
            (r#"{"action":"identify"}"#, Refusal::Missing("type")),
            (r#"{"action":"identify","data":null}"#, Refusal::Missing("type")),
            (r#"{"action":"identify","data":{"id":"a","roomId":"r"}}"#, Refusal::Missing("type")),
            (r#"{"action":"identify","data":{"id":"a","type":"both"}}"#, Refusal::Missing("type")),
            (r#"{"action":"identify","data":{"id":7,"type":"sfu"}}"#, Refusal::Missing("id")),
            (r#"{"action":"identify","data":{"id":"a","type":"client"}}"#, Refusal::Missing("roomId")),
            (r#"{"action":"handshake","data":{"type":"producer"}}"#, Refusal::Missing("sender")),
        ] {
            assert_eq!(refused(message), Some(refusal), "{message}");
        }
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let deep =
            format!(r#"{{"action":"handshake","data":{{"type":"producer","sender":"a","x":{deep}}}}}"#);
        assert_eq!(refused(&deep), Some(Refusal::TooDeep));
    }
}
