//! Messages between the server's own SFU and its clients, as `data` of handshakes.
//!
//! Source: arbiter document, `handshake`; `docs/arbiter.md`, “The server's own SFU”.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::protocols::arbiter::messages::encode;

/// A client's signal about one of its connections.
#[derive(Debug, PartialEq, Eq)]
pub struct SfuHandshake {
    /// The connection.
    pub connection: CallConnection,
    /// The signal.
    pub content: HandshakeContent,
}

/// A connection between a client and the SFU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallConnection {
    /// The client sends, and makes the offers.
    Producer,
    /// The client receives, and the SFU makes the offers.
    Consumer {
        /// Id of the client whose media it carries.
        remote: String,
    },
}

/// Content of a signal.
#[derive(Debug, PartialEq, Eq)]
pub enum HandshakeContent {
    /// `description.sdp` of an offer.
    Offer(String),
    /// `description.sdp` of an answer.
    Answer(String),
    /// `candidate.candidate`
    Candidate(String),
    /// Nothing to process, such as the end of candidates.
    Nothing,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    #[serde(rename = "type")]
    kind: String,
    remote_peer_id: Option<String>,
    description: Option<Description>,
    candidate: Option<Candidate>,
}

#[derive(Deserialize, Serialize)]
struct Description<T = String> {
    #[serde(rename = "type")]
    kind: T,
    sdp: T,
}

#[derive(Deserialize)]
struct Candidate {
    candidate: Option<String>,
}

impl SfuHandshake {
    /// Parses `data` of a handshake; `None` if the SFU does not know its form.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let data: Data = serde_json::from_slice(data).ok()?;
        let connection = match data.kind.as_str() {
            "producer" => CallConnection::Producer,
            "consumer" => CallConnection::Consumer { remote: data.remote_peer_id? },
            _ => return None,
        };
        let content = match (data.description, data.candidate.and_then(|candidate| candidate.candidate)) {
            (Some(Description { kind, sdp }), _) => match kind.as_str() {
                "offer" => HandshakeContent::Offer(sdp),
                "answer" => HandshakeContent::Answer(sdp),
                _ => return None,
            },
            (None, Some(candidate)) if !candidate.is_empty() => HandshakeContent::Candidate(candidate),
            (None, _) => HandshakeContent::Nothing,
        };
        Some(Self { connection, content })
    }
}

/// A message of the SFU to a client.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SfuMessage<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    sender: &'a str,
    receiver: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_peer_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Description<&'a str>>,
    /// The type of the refused handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    handshake: Option<&'static str>,
    /// The reason, for users.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

/// Writes messages to one client.
pub struct MessageWriter<'a> {
    /// Id of the SFU.
    pub sfu: &'a str,
    /// Id of the client.
    pub client: &'a str,
}

impl MessageWriter<'_> {
    /// The answer to a client's offer.
    pub fn answer(&self, sdp: &str) -> String {
        let description = Some(Description { kind: "answer", sdp });
        encode(&SfuMessage { description, ..self.message("producer") })
    }

    /// An offer of the media of the client `remote`.
    pub fn offer(&self, remote: &str, sdp: &str) -> String {
        let description = Some(Description { kind: "offer", sdp });
        encode(&SfuMessage { description, remote_peer_id: Some(remote), ..self.message("consumer") })
    }

    /// The refusal of a handshake. The original's clients ignore its unknown type.
    pub fn refusal(&self, connection: &CallConnection, message: &str) -> String {
        let (handshake, remote_peer_id) = match connection {
            CallConnection::Producer => ("producer", None),
            CallConnection::Consumer { remote } => ("consumer", Some(remote.as_str())),
        };
        let (handshake, message) = (Some(handshake), Some(message));
        encode(&SfuMessage { remote_peer_id, handshake, message, ..self.message("refusal") })
    }

    fn message(&self, kind: &'static str) -> SfuMessage<'_> {
        SfuMessage {
            kind,
            sender: self.sfu,
            receiver: self.client,
            remote_peer_id: None,
            description: None,
            handshake: None,
            message: None,
        }
    }
}

/// The tracks that the server receives by its `answer`, one word each, in order: equal tracks make equal
/// texts.
pub fn tracks_of(answer: &str) -> Box<str> {
    let mut tracks = String::new();
    for section in answer.split("\nm=").skip(1) {
        let kind = section.split(' ').next().unwrap_or_default();
        let is_received = section.lines().any(|line| matches!(line.trim_end(), "a=recvonly" | "a=sendrecv"));
        if is_received && matches!(kind, "audio" | "video") {
            let _ = write!(tracks, "{kind} ");
        }
    }
    tracks.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_the_originals_clients_are_parsed() {
        let parse = |data: &str| SfuHandshake::parse(data.as_bytes());
        let offer =
            r#"{"type":"producer","sender":"a","roomId":"r","description":{"type":"offer","sdp":"v=0\r\n"}}"#;
        let content = HandshakeContent::Offer("v=0\r\n".into());
        assert_eq!(parse(offer), Some(SfuHandshake { connection: CallConnection::Producer, content }));
        let answer =
            r#"{"type":"consumer","sender":"a","remotePeerId":"b","description":{"type":"answer","sdp":""}}"#;
        let (connection, content) =
            (CallConnection::Consumer { remote: "b".into() }, HandshakeContent::Answer(String::new()));
        assert_eq!(parse(answer), Some(SfuHandshake { connection, content }));
        let candidate = r#"{"type":"producer","sender":"a","candidate":{"candidate":"x","sdpMid":"0","sdpMLineIndex":0}}"#;
        assert_eq!(parse(candidate).unwrap().content, HandshakeContent::Candidate("x".into()));
        for end in [r#""candidate":{"candidate":""}"#, r#""candidate":null"#, r#""more":1"#] {
            let end = format!(r#"{{"type":"producer","sender":"a",{end}}}"#);
            assert_eq!(parse(&end).unwrap().content, HandshakeContent::Nothing);
        }
        for other in [
            "[]",
            r#"{"type":"consumer"}"#,
            r#"{"type":"hello"}"#,
            r#"{"type":"producer","description":{"type":"offer"}}"#,
            r#"{"type":"producer","description":{"type":"rollback","sdp":""}}"#,
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn tracks_are_read_from_the_answer() {
        let answer = "v=0\r\no=- 7 2 IN IP4 0\r\nm=video 9 X 96\r\na=recvonly\r\nm=audio 9 X 111\r\na=inactive\r\n\
                      m=application 9 X webrtc-datachannel\r\na=mid:2\r\nm=audio 9 X 111\r\na=sendrecv\r\n";
        assert_eq!(&*tracks_of(answer), "video audio ");
        assert_eq!(&*tracks_of("v=0\r\n"), "");
    }
}
