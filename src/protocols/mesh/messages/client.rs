//! The events that a client sends. Source: `docs/mesh.md`, "What a client sends".

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use crate::protocols::{
    json_depth::nests_deeper_than,
    json_text::decode_lossy,
    mesh::error::{Code, Refusal},
};

/// The largest offer, answer or candidate, in bytes of JSON: ten times those of browsers.
pub const MAX_SIGNAL_BYTES: usize = 64 * 1024;

/// How deep a signal may nest. Signals of browsers are flat; very deep ones overflow the stack of their
/// reader.
pub const MAX_SIGNAL_DEPTH: usize = 128;

/// The longest text of one chat message, in bytes.
pub const MAX_BODY_BYTES: usize = 16 * 1024;

/// The longest id of a chat message, in characters.
pub const MAX_MESSAGE_ID_CHARS: usize = 128;

/// An event of a client, checked for its shape alone. Texts without escapes are borrowed from the packet.
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize), serde(untagged))]
pub enum ClientMessage<'a> {
    /// `join_room`
    JoinRoom(JoinRoom<'a>),
    /// `send_offer`
    SendOffer(SendOffer<'a>),
    /// `send_answer`
    SendAnswer(SendAnswer<'a>),
    /// `ice_candidate`
    SendCandidate(SendCandidate<'a>),
    /// `send_message`
    SendMessage(SendMessage<'a>),
    /// `leave_room`
    LeaveRoom(LeaveRoom),
}

/// `join_room`
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize, ts_rs::TS))]
pub struct JoinRoom<'a> {
    /// 1 to 128 characters.
    pub appointment_id: Cow<'a, str>,
    /// 1 to 128 characters.
    pub name: Cow<'a, str>,
    /// The token of an earlier join.
    #[cfg_attr(test, ts(optional = nullable))]
    pub session: Option<Cow<'a, str>>,
    /// `seq` of the last event that the client handled.
    #[cfg_attr(test, ts(optional = nullable))]
    pub received: Option<u64>,
    /// True if the client can resume: it sent `session`, be it `null`, or `received`.
    #[cfg_attr(test, serde(skip), ts(skip))]
    pub can_resume: bool,
}

/// `send_offer`
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize, ts_rs::TS))]
pub struct SendOffer<'a> {
    /// The sender's own room.
    pub appointment_id: Cow<'a, str>,
    /// An object, opaque, of at most 64 KiB.
    #[cfg_attr(test, ts(type = "unknown"))]
    pub offer: &'a RawValue,
    /// Id of the participant that gets it.
    #[cfg_attr(test, serde(rename = "remoteSocketId"))]
    pub remote_socket_id: Cow<'a, str>,
}

/// `send_answer`
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize, ts_rs::TS))]
pub struct SendAnswer<'a> {
    /// The sender's own room.
    pub appointment_id: Cow<'a, str>,
    /// An object, opaque, of at most 64 KiB.
    #[cfg_attr(test, ts(type = "unknown"))]
    pub answer: &'a RawValue,
    /// Id of the participant that gets it.
    #[cfg_attr(test, serde(rename = "remoteSocketId"))]
    pub remote_socket_id: Cow<'a, str>,
}

/// `ice_candidate`
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize, ts_rs::TS))]
pub struct SendCandidate<'a> {
    /// An object, opaque, of at most 64 KiB; or `null`, which ends the candidates.
    #[cfg_attr(test, ts(type = "unknown"))]
    pub candidate: &'a RawValue,
    /// Id of the participant that gets it.
    #[cfg_attr(test, serde(rename = "remoteSocketId"))]
    pub remote_socket_id: Cow<'a, str>,
}

/// `send_message`
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize, ts_rs::TS))]
pub struct SendMessage<'a> {
    /// Chosen by the client, so that a retry is not stored twice: 1 to 128 characters.
    #[cfg_attr(test, ts(optional = nullable))]
    pub id: Option<Cow<'a, str>>,
    /// 1 to 16,384 bytes of UTF-8.
    pub body: Cow<'a, str>,
    /// The sender's own room. A message that is sent before the join needs it, unless the join proves a
    /// session of the room.
    #[cfg_attr(test, ts(optional = nullable))]
    pub appointment_id: Option<Cow<'a, str>>,
}

/// `leave_room`
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize, ts_rs::TS), ts(type = "Record<string, never>"))]
pub struct LeaveRoom {}

impl<'a> ClientMessage<'a> {
    /// True for events that only a participant can send.
    pub const fn needs_seat(&self) -> bool {
        !matches!(self, Self::JoinRoom(_) | Self::LeaveRoom(_))
    }

    /// Reads a Socket.IO event packet's data: `["event", payload]`.
    ///
    /// # Errors
    /// A [`Refusal`] that names what is wrong. Unknown fields are ignored.
    pub fn parse(packet: &'a str) -> Result<Self, Refusal> {
        match serde_json::from_str::<(Text, Object)>(packet) {
            Ok((Text(event), Object(fields))) => Self::of(&event, &fields),
            Err(_) => Self::of_unusual(packet),
        }
    }

    fn of(event: &str, fields: &EventFields<'a>) -> Result<Self, Refusal> {
        match event {
            "join_room" => join_room(fields),
            "send_offer" => send_offer(fields),
            "send_answer" => send_answer(fields),
            "ice_candidate" => send_candidate(fields),
            "send_message" => send_message(fields),
            "leave_room" => Ok(Self::LeaveRoom(LeaveRoom {})),
            _ => Err(UNKNOWN_EVENT),
        }
    }

    /// Reads a packet that is no event with one object. Returns the refusal, unless the event needs no
    /// object.
    fn of_unusual(packet: &'a str) -> Result<Self, Refusal> {
        const NOT_JSON: Refusal = Refusal::new(Code::InvalidPayload, "The event is not valid JSON");
        let parts: Vec<&RawValue> = serde_json::from_str(packet).map_err(|_| NOT_JSON)?;
        let event = parts.first().and_then(|event| serde_json::from_str::<Text>(event.get()).ok());
        match (event.ok_or(NOT_JSON)?.0.as_ref(), &parts[1..]) {
            ("leave_room", _) => Ok(Self::LeaveRoom(LeaveRoom {})),
            ("join_room" | "send_offer" | "send_answer" | "ice_candidate" | "send_message", [payload])
                if is_object(payload) =>
            {
                Err(Refusal::new(Code::InvalidPayload, "A field is there twice"))
            }
            ("join_room" | "send_offer" | "send_answer" | "ice_candidate" | "send_message", _) => {
                Err(Refusal::new(Code::InvalidPayload, "The event takes one object"))
            }
            _ => Err(UNKNOWN_EVENT),
        }
    }
}

/// The name in a packet's data, if that is an event: an array that begins with a name. Text after the array
/// does not count.
pub fn event_in(packet: &str) -> Option<Cow<'_, str>> {
    let mut values = serde_json::Deserializer::from_str(packet).into_iter::<Vec<&RawValue>>();
    let name = values.next()?.ok()?.first()?.get();
    let decoded = || serde_json::from_str(name).map(|Text(name)| name).unwrap_or_default();
    name.starts_with('"').then(decoded)
}

/// An event with a name that the mesh door does not know.
pub const UNKNOWN_EVENT: Refusal = Refusal::new(Code::UnknownEvent, "There is no such event");

/// A text, borrowed where it holds no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The fields of an object. A derived struct would accept an array, too.
struct Object<'a>(EventFields<'a>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
                EventFields::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor)
    }
}

/// The fields of all events, so that a packet is read once.
#[derive(Deserialize, Default)]
struct EventFields<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    appointment_id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    name: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    session: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    received: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "remoteSocketId", deserialize_with = "present")]
    remote_socket_id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    offer: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    answer: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    candidate: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    body: Option<&'a RawValue>,
}

/// A field that is present, also as `null`, which is the end of candidates.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn join_room<'a>(fields: &EventFields<'a>) -> Result<ClientMessage<'a>, Refusal> {
    Ok(ClientMessage::JoinRoom(JoinRoom {
        appointment_id: required_text("appointment_id", fields.appointment_id)?,
        name: required_chat_text("name", fields.name)?,
        session: optional_text("session", fields.session)?,
        received: match fields.received.filter(|raw| !is_null(raw)) {
            Some(raw) => Some(
                serde_json::from_str(raw.get())
                    .map_err(|_| Refusal::field("received", "must be a whole number"))?,
            ),
            None => None,
        },
        can_resume: fields.session.is_some() || fields.received.is_some_and(|raw| !is_null(raw)),
    }))
}

fn send_message<'a>(fields: &EventFields<'a>) -> Result<ClientMessage<'a>, Refusal> {
    let body = required_chat_text("body", fields.body)?;
    if body.is_empty() {
        return Err(Refusal::field("body", "must not be empty"));
    }
    if body.len() > MAX_BODY_BYTES {
        return Err(Refusal {
            code: Code::PayloadTooLarge,
            ..Refusal::field("body", format_args!("must have at most {MAX_BODY_BYTES} bytes"))
        });
    }
    let id = optional_chat_text("id", fields.id)?;
    if id.as_ref().is_some_and(|id| id.is_empty() || id.chars().count() > MAX_MESSAGE_ID_CHARS) {
        let problem = format_args!("must have 1 to {MAX_MESSAGE_ID_CHARS} characters").to_string();
        return Err(Refusal::field("id", problem));
    }
    let appointment_id = optional_text("appointment_id", fields.appointment_id)?;
    Ok(ClientMessage::SendMessage(SendMessage { id, body, appointment_id }))
}

fn send_offer<'a>(fields: &EventFields<'a>) -> Result<ClientMessage<'a>, Refusal> {
    Ok(ClientMessage::SendOffer(SendOffer {
        offer: description("offer", fields.offer)?,
        appointment_id: required_text("appointment_id", fields.appointment_id)?,
        remote_socket_id: required_text("remoteSocketId", fields.remote_socket_id)?,
    }))
}

fn send_answer<'a>(fields: &EventFields<'a>) -> Result<ClientMessage<'a>, Refusal> {
    Ok(ClientMessage::SendAnswer(SendAnswer {
        answer: description("answer", fields.answer)?,
        appointment_id: required_text("appointment_id", fields.appointment_id)?,
        remote_socket_id: required_text("remoteSocketId", fields.remote_socket_id)?,
    }))
}

fn send_candidate<'a>(fields: &EventFields<'a>) -> Result<ClientMessage<'a>, Refusal> {
    let candidate = fields.candidate.filter(|raw| is_object(raw) || is_null(raw));
    let candidate = candidate.ok_or_else(|| Refusal::field("candidate", "must be an object or null"))?;
    Ok(ClientMessage::SendCandidate(SendCandidate {
        candidate: limited("candidate", candidate)?,
        remote_socket_id: required_text("remoteSocketId", fields.remote_socket_id)?,
    }))
}

fn description<'a>(field: &'static str, raw: Option<&'a RawValue>) -> Result<&'a RawValue, Refusal> {
    let raw = raw.filter(|raw| is_object(raw));
    limited(field, raw.ok_or_else(|| Refusal::field(field, "must be an object"))?)
}

fn limited<'a>(field: &'static str, raw: &'a RawValue) -> Result<&'a RawValue, Refusal> {
    let json = raw.get();
    if json.len() > MAX_SIGNAL_BYTES {
        return Err(Refusal {
            code: Code::PayloadTooLarge,
            ..Refusal::field(field, format_args!("must have at most {MAX_SIGNAL_BYTES} bytes"))
        });
    }
    if nests_deeper_than(json, MAX_SIGNAL_DEPTH) {
        return Err(Refusal::new(Code::InvalidPayload, "The signal nests too deep"));
    }
    Ok(raw)
}

fn required_text<'a>(field: &'static str, raw: Option<&'a RawValue>) -> Result<Cow<'a, str>, Refusal> {
    optional_text(field, raw)?.ok_or_else(|| Refusal::field(field, "is missing"))
}

fn optional_text<'a>(
    field: &'static str,
    raw: Option<&'a RawValue>,
) -> Result<Option<Cow<'a, str>>, Refusal> {
    let Some(raw) = raw.filter(|raw| !is_null(raw)) else { return Ok(None) };
    let text: Text =
        serde_json::from_str(raw.get()).map_err(|_| Refusal::field(field, "must be a string"))?;
    Ok(Some(text.0))
}

/// As [`required_text`], for text that people write: an escape of half a surrogate pair becomes U+FFFD.
fn required_chat_text<'a>(field: &'static str, raw: Option<&'a RawValue>) -> Result<Cow<'a, str>, Refusal> {
    optional_chat_text(field, raw)?.ok_or_else(|| Refusal::field(field, "is missing"))
}

fn optional_chat_text<'a>(
    field: &'static str,
    raw: Option<&'a RawValue>,
) -> Result<Option<Cow<'a, str>>, Refusal> {
    optional_text(field, raw).or_else(|refusal| {
        let text = raw.and_then(|raw| decode_lossy(raw.get()));
        text.map(|text| Some(text.into())).ok_or(refusal)
    })
}

fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}
