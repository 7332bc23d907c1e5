//! Answers and notifications, with their fields in the order of the original.
//!
//! Source: kurento document, entries 1 to 17.

use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use super::rpc::{VERSION, json, success};

/// A stream of a publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PublishedStream {
    /// The only stream id.
    pub id: &'static str,
}

/// The streams of a publisher.
pub const WEBCAM: &[PublishedStream] = &[PublishedStream { id: "webcam" }];

/// Another participant of the room.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Participant {
    /// The name.
    pub id: String,
    /// The published streams. Never left out: some clients fail without it.
    pub streams: &'static [PublishedStream],
}

/// A stored chat message.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Name of the sender.
    pub user: String,
    /// The text.
    pub message: String,
    /// Time of sending (RFC 3339).
    pub time: String,
}

/// The result of a successful request.
#[derive(Debug)]
pub enum RequestResult {
    /// Nothing but the session.
    Done,
    /// A text.
    Word(&'static str),
    /// The participants of the room, and the stored messages if requested, oldest first.
    Participants(Vec<Participant>, Option<Vec<Written>>),
    /// The server's session description (SDP).
    Description(String),
    /// The result of a custom request. A value other than an object is wrapped in one.
    Custom(Value),
}

/// A result with the session id, which comes last.
#[derive(Default, Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Wrapped<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<&'a [Written]>,
    #[serde(rename = "sdpAnswer", skip_serializing_if = "Option::is_none")]
    sdp_answer: Option<&'a str>,
    #[serde(flatten)]
    custom: Option<&'a Map<String, Value>>,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Wrapped<'a> {
    Word(&'a str),
    Participants(&'a [Participant]),
    Custom(&'a Value),
}

impl RequestResult {
    /// The whole answer to the request with this id.
    pub fn text(&self, id: Option<&RawValue>, session: Option<&str>) -> String {
        let mut body = Body { session, ..Body::default() };
        match self {
            Self::Done => {}
            Self::Word(word) => body.value = Some(Wrapped::Word(word)),
            Self::Participants(others, written) => {
                body.value = Some(Wrapped::Participants(others));
                body.messages = written.as_deref();
            }
            Self::Description(description) => body.sdp_answer = Some(description),
            Self::Custom(Value::Object(members)) => body.custom = Some(members),
            Self::Custom(value) => body.value = Some(Wrapped::Custom(value)),
        }
        success(id, &body)
    }
}

/// A notification of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "method", content = "params", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Notification<'a> {
    /// A participant joined.
    ParticipantJoined {
        /// The participant's name.
        id: &'a str,
    },
    /// A participant publishes media.
    ParticipantPublished {
        /// The participant's name.
        id: &'a str,
        /// The streams.
        streams: &'a [PublishedStream],
    },
    /// A participant stopped publishing.
    ParticipantUnpublished {
        /// The participant's name.
        name: &'a str,
    },
    /// A participant left.
    ParticipantLeft {
        /// The participant's name.
        name: &'a str,
    },
    /// The receiver was removed from the room.
    ParticipantEvicted {},
    /// The room was closed. Not in the document.
    RoomClosed {
        /// Name of the room.
        room: &'a str,
    },
    /// A participant wrote a chat message. The server notifies the sender too.
    SendMessage {
        /// Name of the room.
        room: &'a str,
        /// Name of the sender.
        user: &'a str,
        /// The text.
        message: &'a str,
    },
    /// A candidate of the server.
    IceCandidate {
        /// Name of the participant whose media the connection carries.
        endpoint_name: &'a str,
        /// Index of the media section, from 0.
        sdp_m_line_index: u16,
        /// `mid` of the media section.
        sdp_mid: &'a str,
        /// As in `RTCIceCandidate.candidate`.
        candidate: &'a str,
    },
    /// A media connection failed.
    MediaError {
        /// The description.
        error: &'a str,
    },
    /// The active speaker, for clients that asked for it when they joined. Not in the document.
    ActiveSpeaker {
        /// The speaker.
        id: ActiveSpeaker<'a>,
    },
}

/// The active speaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ActiveSpeaker<'a> {
    /// The participant of this name.
    Named(&'a str),
    /// Silence: `null`.
    None,
}

impl Notification<'_> {
    /// The whole message.
    pub fn text(&self) -> String {
        #[derive(Serialize)]
        struct Message<'a> {
            #[serde(flatten)]
            notification: &'a Notification<'a>,
            jsonrpc: &'static str,
        }

        json(&Message { notification: self, jsonrpc: VERSION })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_match_the_document() {
        let id = RawValue::from_string("1".into()).unwrap();
        let text = |answer: RequestResult| answer.text(Some(&id), Some("dv41"));
        let others = vec![
            Participant { id: "USER0".into(), streams: WEBCAM },
            Participant { id: "USER1".into(), streams: &[] },
        ];
        for (answer, result) in [
            (RequestResult::Done, r#"{"sessionId":"dv41"}"#),
            (
                RequestResult::Participants(others, None),
                r#"{"value":[{"id":"USER0","streams":[{"id":"webcam"}]},{"id":"USER1","streams":[]}],"sessionId":"dv41"}"#,
            ),
            (RequestResult::Description("v=0\r\n".into()), r#"{"sdpAnswer":"v=0\r\n","sessionId":"dv41"}"#),
            (RequestResult::Word("OK"), r#"{"value":"OK","sessionId":"dv41"}"#),
            (RequestResult::Custom(serde_json::json!({"hat": true})), r#"{"hat":true,"sessionId":"dv41"}"#),
            (RequestResult::Custom(serde_json::json!([1])), r#"{"value":[1],"sessionId":"dv41"}"#),
        ] {
            assert_eq!(text(answer), format!(r#"{{"id":1,"result":{result},"jsonrpc":"2.0"}}"#));
        }
        let unnamed = RequestResult::Word("pong").text(Some(&id), None);
        assert_eq!(unnamed, r#"{"id":1,"result":{"value":"pong"},"jsonrpc":"2.0"}"#);
    }

    #[test]
    fn notifications_match_the_document() {
        use Notification as N;
        for (notification, method, params) in [
            (N::ParticipantJoined { id: "USER1" }, "participantJoined", r#"{"id":"USER1"}"#),
            (
                N::ParticipantPublished { id: "USER1", streams: WEBCAM },
                "participantPublished",
                r#"{"id":"USER1","streams":[{"id":"webcam"}]}"#,
            ),
            (N::ParticipantUnpublished { name: "USER1" }, "participantUnpublished", r#"{"name":"USER1"}"#),
            (N::ParticipantLeft { name: "USER1" }, "participantLeft", r#"{"name":"USER1"}"#),
            (N::ParticipantEvicted {}, "participantEvicted", "{}"),
            (N::RoomClosed { room: "ROOM_1" }, "roomClosed", r#"{"room":"ROOM_1"}"#),
            (
                N::SendMessage { room: "ROOM_1", user: "USER1", message: "My message" },
                "sendMessage",
                r#"{"room":"ROOM_1","user":"USER1","message":"My message"}"#,
            ),
            (
                N::IceCandidate {
                    endpoint_name: "USER1",
                    sdp_m_line_index: 1,
                    sdp_mid: "video",
                    candidate: "candidate:2",
                },
                "iceCandidate",
                r#"{"endpointName":"USER1","sdpMLineIndex":1,"sdpMid":"video","candidate":"candidate:2"}"#,
            ),
            (N::MediaError { error: "ERR_CODE: text" }, "mediaError", r#"{"error":"ERR_CODE: text"}"#),
            (N::ActiveSpeaker { id: ActiveSpeaker::None }, "activeSpeaker", r#"{"id":null}"#),
        ] {
            let expected = format!(r#"{{"method":"{method}","params":{params},"jsonrpc":"2.0"}}"#);
            assert_eq!(notification.text(), expected);
        }
    }
}
