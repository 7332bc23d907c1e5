//! What goes over the WebSocket. Source: arbiter document, "WebSocket Gateway", and `docs/arbiter.md`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::Refusal;
use crate::protocols::json_depth::nests_deeper_than;

/// How deep what is forwarded may nest.
pub const MAX_DEPTH: usize = 128;

/// The types of what only the server says.
const NOTICES: [&str; 2] = ["clientDisconnect", "sfuDisconnect"];

/// What a client or an SFU asks for.
pub enum Request<'a> {
    /// It says who it is.
    Identify(Identify<'a>),
    /// It has something for somebody.
    Handshake(Handshake<'a>),
}

/// `identify`
pub struct Identify<'a> {
    /// `id`
    pub id: Cow<'a, str>,
    /// `type`
    pub role: Role<'a>,
}

/// What somebody wants to be.
pub enum Role<'a> {
    /// A participant of a call.
    Client {
        /// `roomId`: the SFU's id.
        room: Cow<'a, str>,
    },
    /// The SFU of the room that is called like it.
    Sfu {
        /// `secret`, if the proof is not in the WebSocket's address.
        secret: Option<Cow<'a, str>>,
    },
}

/// `handshake`
pub struct Handshake<'a> {
    /// `sender`, unchecked.
    pub sender: Cow<'a, str>,
    /// `roomId`, unchecked; SFUs say none.
    pub room: Option<Cow<'a, str>>,
    /// `receiver`, unchecked; clients say none.
    pub receiver: Option<Cow<'a, str>>,
    /// `data`, as it came.
    pub data: &'a str,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    action: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// All fields that are looked at, whatever the action.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
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

impl<'a> Request<'a> {
    /// Reads a message. Unknown fields are ignored, and forwarded.
    ///
    /// # Errors
    /// A [`Refusal`] that says what is wrong.
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

fn fields(data: Option<&str>) -> Result<Fields<'_>, Refusal> {
    // Without data, its `type` is the first thing that is missing.
    let Some(data) = data else { return Ok(Fields::default()) };
    object(data).ok_or(Refusal::Malformed)
}

/// A JSON object; an array would do for serde as well.
pub fn object<'a, T: Deserialize<'a>>(json: &'a str) -> Option<T> {
    json.trim_start().starts_with('{').then(|| serde_json::from_str(json).ok())?
}

fn text_of(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text>(raw.get()).ok().map(|text| text.0)
}

/// A field's text. `null` is as good as none.
fn optional<'a>(field: &'static str, raw: Option<&'a RawValue>) -> Result<Option<Cow<'a, str>>, Refusal> {
    raw.map(|raw| text_of(raw).ok_or(Refusal::Missing(field))).transpose()
}

fn required<'a>(field: &'static str, raw: Option<&'a RawValue>) -> Result<Cow<'a, str>, Refusal> {
    optional(field, raw)?.ok_or(Refusal::Missing(field))
}

fn identify<'a>(fields: &Fields<'a>) -> Result<Identify<'a>, Refusal> {
    let role = match &*required("type", fields.kind)? {
        "client" => Role::Client { room: required("roomId", fields.room_id)? },
        "sfu" => Role::Sfu { secret: optional("secret", fields.secret)? },
        _ => return Err(Refusal::Missing("type")),
    };
    Ok(Identify { id: required("id", fields.id)?, role })
}

fn handshake<'a>(fields: &Fields<'a>, data: &'a str) -> Result<Handshake<'a>, Refusal> {
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

/// What the server tells a room. Everything else that has a `type` was sent by somebody.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Notice<'a> {
    /// A client has gone.
    #[serde(rename_all = "camelCase")]
    ClientDisconnect {
        /// Its id.
        client_id: &'a str,
    },
    /// The SFU has gone, and with it the room.
    SfuDisconnect,
}

/// How a message fared. The original's clients ignore whatever has no `type` they know.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome<'a> {
    /// As in HTTP.
    pub status_code: u16,
    /// What is wrong, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'a, str>>,
}

/// What an API gateway says to a message that it has no route for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Forbidden<'a> {
    /// Always `Forbidden`.
    pub message: &'static str,
    /// The id of the connection it came over.
    pub connection_id: &'a str,
    /// Unlike any other.
    pub request_id: String,
}

/// `message` as it goes over the wire.
pub fn text(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("our own messages are always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(message: &str) -> Option<Refusal> {
        Request::parse(message).err()
    }

    #[test]
    fn what_is_forwarded_is_what_came() {
        let data = r#"{ "type":"producer","sender" : "a\u0062","roomId":"r", "candidate":{"x":1e3, "y":[ ]}, "z":1,"z":2 }"#;
        let message = format!(r#" {{"more":0,"action":"handshake","data":{data} }}"#);
        let Ok(Request::Handshake(handshake)) = Request::parse(&message) else { panic!("refused") };
        assert_eq!((handshake.data, &*handshake.sender), (data, "ab"));
    }

    #[test]
    fn nobody_speaks_for_the_server_however_it_is_written() {
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
    fn what_is_wrong_is_told_apart() {
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
