//! What goes over the WebSocket. Source: direct document, "Format of Message Sent" and "Received".

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::username::Username;
use crate::{core::model::ids::Name, protocols::json_depth::nests_deeper_than};

/// How deep a payload may nest: what is very deep overflows the stack of whoever reads it.
pub const MAX_DEPTH: usize = 128;

/// The whole of a message to another user, as its sender wrote it. Fields that are not listed are dropped.
#[derive(Debug, Deserialize)]
pub struct ClientMessage<'a> {
    /// Whom it is for, unchecked. Missing or `null`: nobody.
    #[serde(borrow, default)]
    target: Option<Text<'a>>,
    /// What the two clients agreed on. Missing or `null`: the empty text.
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    /// Any JSON. Missing: `null`.
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

/// A text that is borrowed where it holds no escapes.
#[derive(Debug, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Why a message cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Not JSON, or not an object, or a field of the wrong type or there twice.
    #[error("the message is not {{target, type, payload}} in JSON")]
    Malformed,
    /// The payload nests deeper than [`MAX_DEPTH`].
    #[error("the payload nests too deep")]
    TooDeep,
    /// A binary frame.
    #[error("the message must be text")]
    Binary,
}

impl<'a> ClientMessage<'a> {
    /// Reads a message.
    pub fn parse(text: &'a str) -> Result<Self, MessageError> {
        // Read as an object only: an array with the fields in their order is not what is documented.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(MessageError::Malformed);
        }
        let message: Self = serde_json::from_str(text).map_err(|_| MessageError::Malformed)?;
        if message.payload.is_some_and(|payload| nests_deeper_than(payload.get(), MAX_DEPTH)) {
            return Err(MessageError::TooDeep);
        }
        Ok(message)
    }

    /// Whom it is for, as the sender wrote it.
    pub fn target(&self) -> &str {
        self.target.as_ref().map_or("", |target| &target.0)
    }

    /// What is forwarded of it to `target`, whoever it comes from: all that follows the originator. The payload stays
    /// as it is, byte for byte.
    pub fn forwarded(&self, target: &Username) -> String {
        let target = json(target.as_str());
        let kind = json(self.kind.as_ref().map_or("", |kind| &kind.0));
        let payload = self.payload.map_or("null", RawValue::get);
        format!("\"target\":{target},\"type\":{kind},\"payload\":{payload}}}\n")
    }
}

/// The whole of a forwarded message: who it comes from, and what [`ClientMessage::forwarded`] made of it.
pub fn from_originator(originator: &Name, forwarded: &str) -> String {
    let originator = json(originator.as_str());
    format!("{{\"originator\":{originator},{forwarded}")
}

/// What the server itself has to say to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice<'a> {
    /// Nobody by that name is connected; it was not forwarded.
    TargetNotFound {
        /// The name, as it was sent.
        target: &'a str,
    },
    /// What was sent is no message; it was not forwarded.
    InvalidMessage(MessageError),
    /// Too much from one address; it was not forwarded.
    TooManyMessages {
        /// Whom it was for, as it was sent.
        target: &'a str,
    },
    /// More was sent to this user while they were away than is kept; none of it follows.
    MessagesLost,
}

impl Notice<'_> {
    /// Its `type` on the wire.
    pub fn kind(self) -> &'static str {
        match self {
            Self::TargetNotFound { .. } => "TARGET_NOT_FOUND",
            Self::InvalidMessage(_) => "INVALID_MESSAGE",
            Self::TooManyMessages { .. } => "TOO_MANY_MESSAGES",
            Self::MessagesLost => "MESSAGES_LOST",
        }
    }

    /// The notice in the form of all messages, from nobody.
    pub fn encode(self) -> String {
        #[derive(Serialize)]
        struct Envelope<'a> {
            target: &'a str,
            r#type: &'static str,
            payload: Option<String>,
        }

        let (target, payload) = match self {
            Self::TargetNotFound { target } | Self::TooManyMessages { target } => (target, None),
            Self::InvalidMessage(error) => ("", Some(error.to_string())),
            Self::MessagesLost => ("", None),
        };
        json(&Envelope { target, r#type: self.kind(), payload }) + "\n"
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("texts are always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(text: &str) -> Result<String, MessageError> {
        let message = ClientMessage::parse(text)?;
        let (ann, bob) = ("ann".parse().unwrap(), "bob".parse().unwrap());
        Ok(from_originator(&ann, &message.forwarded(&bob)))
    }

    #[test]
    fn the_payload_passes_byte_for_byte_and_the_rest_is_made_anew() {
        for (sent, rest) in [
            (r#"{"target":"bob","type":"x","payload":1}"#, r#""type":"x","payload":1"#),
            (
                r#"{"payload": {"a" : 1e3, "a":"\u0061<\ud800"} ,"type":"x"}"#,
                r#""type":"x","payload":{"a" : 1e3, "a":"\u0061<\ud800"}"#,
            ),
            (r#"{"originator":"eve","more":[],"type":null}"#, r#""type":"","payload":null"#),
            (r#" {"type":"a\"b\u00e9"} "#, r#""type":"a\"bé","payload":null"#),
        ] {
            let expected = format!("{{\"originator\":\"ann\",\"target\":\"bob\",{rest}}}\n");
            assert_eq!(forwarded(sent), Ok(expected), "{sent}");
        }
    }

    #[test]
    fn what_is_no_message_is_told_apart() {
        for text in ["", "x", "null", "[]", r#"["bob","x",1]"#, r#"{"target":7}"#, r#"{"type":{}}"#, "{} {}"]
        {
            assert_eq!(forwarded(text), Err(MessageError::Malformed), "{text}");
        }
        for text in [r#"{"target":"a","target":"b"}"#, r#"{"target":"\ud800"}"#, r#"{"payload":[}"#] {
            assert_eq!(forwarded(text), Err(MessageError::Malformed), "{text}");
        }
        let nested = |depth| format!(r#"{{"payload":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        assert!(forwarded(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(forwarded(&nested(MAX_DEPTH + 1)), Err(MessageError::TooDeep));
        assert_eq!(forwarded(&nested(30_000)), Err(MessageError::TooDeep));
    }

    #[test]
    fn notices_have_the_form_of_the_original() {
        let notice = Notice::TargetNotFound { target: "b\"b" }.encode();
        assert_eq!(notice, "{\"target\":\"b\\\"b\",\"type\":\"TARGET_NOT_FOUND\",\"payload\":null}\n");
    }
}
