//! What is said in answers and notifications, field by field in the order of the original.
//!
//! Source: kurento document, entries 1 to 17.

use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use super::rpc::{VERSION, json, success};

/// A stream of somebody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stream {
    /// What it is called. There is only one.
    pub id: &'static str,
}

/// The streams of somebody who publishes.
pub const WEBCAM: &[Stream] = &[Stream { id: "webcam" }];

/// Somebody else in the room.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Participant {
    /// What they are called.
    pub id: String,
    /// What they publish. Always there: some clients fail without.
    pub streams: &'static [Stream],
}

/// Something that was written before.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// By whom.
    pub user: String,
    /// The text.
    pub message: String,
    /// When, as RFC 3339 has it.
    pub time: String,
}

/// What is answered to a request that is done.
#[derive(Debug)]
pub enum Answer {
    /// Nothing but the session.
    Done,
    /// A word.
    Word(&'static str),
    /// Who is in the room; and, if it was asked for, what was written there, oldest first.
    Participants(Vec<Participant>, Option<Vec<Written>>),
    /// The server's description (SDP).
    Description(String),
    /// Whatever a custom request gave. What is no object is wrapped in one.
    Custom(Value),
}

/// A result with the session, which comes last.
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

impl Answer {
    /// The whole answer to the request called `id`.
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

/// What the server says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "method", content = "params", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Notification<'a> {
    /// Somebody came in.
    ParticipantJoined {
        /// Who.
        id: &'a str,
    },
    /// Somebody sends media.
    ParticipantPublished {
        /// Who.
        id: &'a str,
        /// What.
        streams: &'a [Stream],
    },
    /// Somebody sends no media any more.
    ParticipantUnpublished {
        /// Who.
        name: &'a str,
    },
    /// Somebody has gone.
    ParticipantLeft {
        /// Who.
        name: &'a str,
    },
    /// The receiver is not in the room any more, and not by its own will.
    ParticipantEvicted {},
    /// The room was closed. Not in the document.
    RoomClosed {
        /// Which.
        room: &'a str,
    },
    /// Somebody wrote, the receiver among them.
    SendMessage {
        /// Where.
        room: &'a str,
        /// Who.
        user: &'a str,
        /// What.
        message: &'a str,
    },
    /// Where the server's end of a connection is.
    IceCandidate {
        /// Whose media the connection carries.
        endpoint_name: &'a str,
        /// The position of the media section, from 0.
        sdp_m_line_index: u16,
        /// The name of the media section.
        sdp_mid: &'a str,
        /// As `RTCIceCandidate.candidate` has it.
        candidate: &'a str,
    },
    /// Something went wrong with media.
    MediaError {
        /// What.
        error: &'a str,
    },
    /// Who speaks, for those who asked for it when they joined. Not in the document.
    ActiveSpeaker {
        /// Who.
        id: Speaker<'a>,
    },
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Speaker<'a> {
    /// The one of this name.
    Somebody(&'a str),
    /// `null`.
    Nobody,
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
    fn answers_are_those_of_the_document() {
        let id = RawValue::from_string("1".into()).unwrap();
        let text = |answer: Answer| answer.text(Some(&id), Some("dv41"));
        let others = vec![
            Participant { id: "USER0".into(), streams: WEBCAM },
            Participant { id: "USER1".into(), streams: &[] },
        ];
        for (answer, result) in [
            (Answer::Done, r#"{"sessionId":"dv41"}"#),
            (
                Answer::Participants(others, None),
                r#"{"value":[{"id":"USER0","streams":[{"id":"webcam"}]},{"id":"USER1","streams":[]}],"sessionId":"dv41"}"#,
            ),
            (Answer::Description("v=0\r\n".into()), r#"{"sdpAnswer":"v=0\r\n","sessionId":"dv41"}"#),
            (Answer::Word("OK"), r#"{"value":"OK","sessionId":"dv41"}"#),
            (Answer::Custom(serde_json::json!({"hat": true})), r#"{"hat":true,"sessionId":"dv41"}"#),
            (Answer::Custom(serde_json::json!([1])), r#"{"value":[1],"sessionId":"dv41"}"#),
        ] {
            assert_eq!(text(answer), format!(r#"{{"id":1,"result":{result},"jsonrpc":"2.0"}}"#));
        }
        let unnamed = Answer::Word("pong").text(Some(&id), None);
        assert_eq!(unnamed, r#"{"id":1,"result":{"value":"pong"},"jsonrpc":"2.0"}"#);
    }

    #[test]
    fn notifications_are_those_of_the_document() {
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
            (N::ActiveSpeaker { id: Speaker::Nobody }, "activeSpeaker", r#"{"id":null}"#),
        ] {
            let expected = format!(r#"{{"method":"{method}","params":{params},"jsonrpc":"2.0"}}"#);
            assert_eq!(notification.text(), expected);
        }
    }
}
