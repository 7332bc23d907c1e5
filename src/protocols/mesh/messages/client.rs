//! What a client says. Source: `docs/mesh.md`, "What a client sends".

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::protocols::{
    json_depth::nests_deeper_than,
    mesh::error::{Code, Refusal},
};

/// The largest offer, answer or candidate, in bytes of JSON: ten times what browsers make.
pub const MAX_SIGNAL_BYTES: usize = 64 * 1024;

/// How deep a signal may nest: what browsers make is flat, and what is very deep overflows the stack of whoever
/// reads it.
pub const MAX_SIGNAL_DEPTH: usize = 128;

/// The longest text of one chat message, in bytes.
pub const MAX_BODY_BYTES: usize = 16 * 1024;

/// The longest id of a chat message, in characters.
pub const MAX_MESSAGE_ID_CHARS: usize = 128;

/// What a client asks for. Texts are borrowed from the packet where they hold no escapes.
#[derive(Debug)]
pub enum ClientMessage<'a> {
    /// `join_room`
    JoinRoom(JoinRoom<'a>),
    /// `send_offer`
    SendOffer(Signal<'a>),
    /// `send_answer`
    SendAnswer(Signal<'a>),
    /// `ice_candidate`
    IceCandidate(Signal<'a>),
    /// `send_message`
    SendMessage(SendMessage<'a>),
    /// `leave_room`
    LeaveRoom,
}

/// `join_room`
#[derive(Debug)]
pub struct JoinRoom<'a> {
    /// `appointment_id`, unchecked.
    pub appointment_id: Cow<'a, str>,
    /// `name`, unchecked.
    pub name: Cow<'a, str>,
    /// `session`, unchecked.
    pub session: Option<Cow<'a, str>>,
    /// `received`
    pub received: Option<u64>,
}

/// `send_offer`, `send_answer` or `ice_candidate`
#[derive(Debug)]
pub struct Signal<'a> {
    /// `appointment_id`, unchecked; candidates have none.
    pub appointment_id: Option<Cow<'a, str>>,
    /// `remoteSocketId`, unchecked.
    pub remote: Cow<'a, str>,
    /// `offer`, `answer` or `candidate`: an object, or `null` for a candidate; at most [`MAX_SIGNAL_BYTES`].
    pub payload: &'a str,
}

/// `send_message`
#[derive(Debug)]
pub struct SendMessage<'a> {
    /// `id`, if the client chose one.
    pub id: Option<Cow<'a, str>>,
    /// `body`: 1 to [`MAX_BODY_BYTES`].
    pub body: Cow<'a, str>,
}

impl<'a> ClientMessage<'a> {
    /// Reads a Socket.IO event packet's data: `["event", payload]`.
    ///
    /// # Errors
    /// A [`Refusal`] that names what is wrong. Unknown fields are ignored.
    pub fn parse(packet: &'a str) -> Result<Self, Refusal> {
        let packet: EventPacket = serde_json::from_str(packet)
            .map_err(|_| Refusal::new(Code::InvalidPayload, "The event is not valid JSON"))?;
        match packet.event.as_ref() {
            "join_room" => join_room(&packet.fields()?),
            "send_offer" => Signal::description(&packet.fields()?, "offer", |f| f.offer).map(Self::SendOffer),
            "send_answer" => {
                Signal::description(&packet.fields()?, "answer", |f| f.answer).map(Self::SendAnswer)
            }
            "ice_candidate" => Signal::candidate(&packet.fields()?).map(Self::IceCandidate),
            "send_message" => send_message(&packet.fields()?),
            "leave_room" => Ok(Self::LeaveRoom),
            _ => Err(Refusal::new(Code::UnknownEvent, "There is no such event")),
        }
    }
}

/// All fields that any event has: one shape, so that a packet is read once.
#[derive(Deserialize, Default)]
struct Fields<'a> {
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

/// A field that is there, `null` included: the end of candidates is a `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn join_room<'a>(fields: &Fields<'a>) -> Result<ClientMessage<'a>, Refusal> {
    Ok(ClientMessage::JoinRoom(JoinRoom {
        appointment_id: required_text("appointment_id", fields.appointment_id)?,
        name: required_text("name", fields.name)?,
        session: optional_text("session", fields.session)?,
        received: match fields.received.filter(|raw| !is_null(raw)) {
            Some(raw) => Some(
                serde_json::from_str(raw.get())
                    .map_err(|_| Refusal::field("received", "must be a whole number"))?,
            ),
            None => None,
        },
    }))
}

fn send_message<'a>(fields: &Fields<'a>) -> Result<ClientMessage<'a>, Refusal> {
    let body = required_text("body", fields.body)?;
    if body.is_empty() {
        return Err(Refusal::field("body", "must not be empty"));
    }
    if body.len() > MAX_BODY_BYTES {
        return Err(Refusal {
            code: Code::PayloadTooLarge,
            ..Refusal::field("body", format_args!("must have at most {MAX_BODY_BYTES} bytes"))
        });
    }
    let id = optional_text("id", fields.id)?;
    if id.as_ref().is_some_and(|id| id.is_empty() || id.chars().count() > MAX_MESSAGE_ID_CHARS) {
        let problem = format_args!("must have 1 to {MAX_MESSAGE_ID_CHARS} characters").to_string();
        return Err(Refusal::field("id", problem));
    }
    Ok(ClientMessage::SendMessage(SendMessage { id, body }))
}

impl<'a> Signal<'a> {
    fn description(
        fields: &Fields<'a>,
        field: &'static str,
        payload: impl Fn(&Fields<'a>) -> Option<&'a RawValue>,
    ) -> Result<Self, Refusal> {
        let payload = payload(fields).filter(|raw| is_object(raw));
        let payload = payload.ok_or_else(|| Refusal::field(field, "must be an object"))?;
        Ok(Self {
            appointment_id: Some(required_text("appointment_id", fields.appointment_id)?),
            remote: required_text("remoteSocketId", fields.remote_socket_id)?,
            payload: limited(field, payload)?,
        })
    }

    fn candidate(fields: &Fields<'a>) -> Result<Self, Refusal> {
        let payload = fields.candidate.filter(|raw| is_object(raw) || is_null(raw));
        let payload = payload.ok_or_else(|| Refusal::field("candidate", "must be an object or null"))?;
        Ok(Self {
            appointment_id: None,
            remote: required_text("remoteSocketId", fields.remote_socket_id)?,
            payload: limited("candidate", payload)?,
        })
    }
}

fn limited<'a>(field: &'static str, raw: &'a RawValue) -> Result<&'a str, Refusal> {
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
    Ok(json)
}

fn required_text<'a>(field: &'static str, raw: Option<&'a RawValue>) -> Result<Cow<'a, str>, Refusal> {
    optional_text(field, raw)?.ok_or_else(|| Refusal::field(field, "is missing"))
}

fn optional_text<'a>(
    field: &'static str,
    raw: Option<&'a RawValue>,
) -> Result<Option<Cow<'a, str>>, Refusal> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    let Some(raw) = raw.filter(|raw| !is_null(raw)) else { return Ok(None) };
    let text: Text =
        serde_json::from_str(raw.get()).map_err(|_| Refusal::field(field, "must be a string"))?;
    Ok(Some(text.0))
}

fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// `["event", payload]`, with how many payloads there were.
struct EventPacket<'a> {
    event: Cow<'a, str>,
    payload: Option<&'a RawValue>,
    surplus: bool,
}

impl<'a> EventPacket<'a> {
    fn fields(&self) -> Result<Fields<'a>, Refusal> {
        const ONE_OBJECT: Refusal = Refusal::new(Code::InvalidPayload, "The event takes one object");
        let payload = self.payload.filter(|raw| is_object(raw) && !self.surplus).ok_or(ONE_OBJECT)?;
        // A duplicate field is the only thing left that can be wrong.
        serde_json::from_str(payload.get())
            .map_err(|_| Refusal::new(Code::InvalidPayload, "A field is there twice"))
    }
}

impl<'de> Deserialize<'de> for EventPacket<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PacketVisitor;

        impl<'de> Visitor<'de> for PacketVisitor {
            type Value = EventPacket<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event name and its arguments")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut packet: A) -> Result<Self::Value, A::Error> {
                #[derive(Deserialize)]
                struct EventName<'a>(#[serde(borrow)] Cow<'a, str>);

                let EventName(event) =
                    packet.next_element()?.ok_or_else(|| serde::de::Error::invalid_length(0, &self))?;
                let payload = packet.next_element()?;
                let mut surplus = false;
                while packet.next_element::<IgnoredAny>()?.is_some() {
                    surplus = true;
                }
                Ok(EventPacket { event, payload, surplus })
            }
        }
        deserializer.deserialize_seq(PacketVisitor)
    }
}
