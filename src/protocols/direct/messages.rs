//! Messages on the WebSocket. Source: direct document, "Format of Message Sent" and "Received".

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::username::Username;
use crate::{
    core::model::ids::Name,
    protocols::{json_depth::nests_deeper_than, json_string::JsonString},
};

/// The deepest nesting of a payload: very deep JSON overflows the stack of its reader.
pub const MAX_DEPTH: usize = 128;

/// A message to another user, as its sender wrote it. Other fields are dropped.
#[derive(Debug, Deserialize)]
pub struct DirectMessage<'a> {
    /// Name of the receiver, unchecked. Missing or `null`: the empty name, which no user has.
    #[serde(borrow, default)]
    target: Option<JsonString<'a>>,
    /// A type that the two clients agree on. Missing or `null`: the empty text.
    #[serde(borrow, default, rename = "type")]
    kind: Option<JsonString<'a>>,
    /// Any JSON. Missing: `null`.
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

/// Why a text is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Not a JSON object, or a field has the wrong type or occurs twice.
    #[error("the message is not {{target, type, payload}} in JSON")]
    Malformed,
    /// The payload nests deeper than [`MAX_DEPTH`].
    #[error("the payload nests too deep")]
    TooDeep,
    /// A binary frame.
    #[error("the message must be text")]
    Binary,
}

impl<'a> DirectMessage<'a> {
    /// Parses a message.
    pub fn parse(text: &'a str) -> Result<Self, MessageError> {
        // serde reads a struct from an array too, which the document does not allow.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(MessageError::Malformed);
        }
        let message: Self = serde_json::from_str(text).map_err(|_| MessageError::Malformed)?;
        if message.payload.is_some_and(|payload| nests_deeper_than(payload.get(), MAX_DEPTH)) {
            return Err(MessageError::TooDeep);
        }
        Ok(message)
    }

    /// Name of the receiver, as the sender wrote it.
    pub fn target(&self) -> &str {
        self.target.as_ref().map_or("", |target| &target.0)
    }

    /// The forwarded message to `target` without its beginning, which names the originator. The payload stays
    /// byte for byte the same.
    pub fn forwarded(&self, target: &Username) -> String {
        let target = json(target.as_str());
        let kind = json(self.kind.as_ref().map_or("", |kind| &kind.0));
        let payload = self.payload.map_or("null", RawValue::get);
        format!("\"target\":{target},\"type\":{kind},\"payload\":{payload}}}\n")
    }
}

/// The forwarded message: the originator, then the rest from [`DirectMessage::forwarded`].
pub fn from_originator(originator: &Name, forwarded: &str) -> String {
    let originator = json(originator.as_str());
    format!("{{\"originator\":{originator},{forwarded}")
}

/// A message from the server itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice<'a> {
    /// No connected user has the name; the message was not forwarded.
    TargetNotFound {
        /// The name, as the sender wrote it.
        target: &'a str,
    },
    /// The text is no message; it was not forwarded.
    InvalidMessage(MessageError),
    /// The rate limit of the address is used up; the message was not forwarded.
    TooManyMessages {
        /// Name of the receiver, as the sender wrote it.
        target: &'a str,
    },
    /// The mailbox of the disconnected user overflowed; none of its messages follow.
    MessagesLost,
}

impl Notice<'_> {
    /// The `type` on the wire.
    pub fn kind(self) -> &'static str {
        match self {
            Self::TargetNotFound { .. } => "TARGET_NOT_FOUND",
            Self::InvalidMessage(_) => "INVALID_MESSAGE",
            Self::TooManyMessages { .. } => "TOO_MANY_MESSAGES",
            Self::MessagesLost => "MESSAGES_LOST",
        }
    }

    /// The notice in the form of a message, without an originator.
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
        let message = DirectMessage::parse(text)?;
        let (ann, bob) = ("ann".parse().unwrap(), "bob".parse().unwrap());
        Ok(from_originator(&ann, &message.forwarded(&bob)))
    }

    #[test]
    fn the_payload_is_forwarded_byte_for_byte() {
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
    fn invalid_messages_are_refused_with_their_reason() {
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
