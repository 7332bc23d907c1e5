//! What the server's own SFU and its clients say to each other, as `data` of handshakes.
//!
//! Source: arbiter document, `handshake`; `docs/arbiter.md`, “The server's own SFU”.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::protocols::arbiter::messages::text;

/// What a client says about one of its connections.
#[derive(Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Which one.
    pub connection: Connection,
    /// What about it.
    pub content: Content,
}

/// One of a client's connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// The one on which it sends; the client offers.
    Producer,
    /// One on which it receives; the SFU offers.
    Consumer {
        /// The id of whom it gets.
        remote: String,
    },
}

/// What is said about a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// `description.sdp` of an offer.
    Offer(String),
    /// `description.sdp` of an answer.
    Answer(String),
    /// `candidate.candidate`
    Candidate(String),
    /// Nothing that would change anything, as the end of candidates.
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

impl Handshake {
    /// Reads `data` of a handshake; nothing if it is none that an SFU understands.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let data: Data = serde_json::from_slice(data).ok()?;
        let connection = match data.kind.as_str() {
            "producer" => Connection::Producer,
            "consumer" => Connection::Consumer { remote: data.remote_peer_id? },
            _ => return None,
        };
        let content = match (data.description, data.candidate.and_then(|candidate| candidate.candidate)) {
            (Some(Description { kind, sdp }), _) => match kind.as_str() {
                "offer" => Content::Offer(sdp),
                "answer" => Content::Answer(sdp),
                _ => return None,
            },
            (None, Some(candidate)) if !candidate.is_empty() => Content::Candidate(candidate),
            (None, _) => Content::Nothing,
        };
        Some(Self { connection, content })
    }
}

/// What the SFU says to a client.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    sender: &'a str,
    receiver: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_peer_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Description<&'a str>>,
    /// Which handshake is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    handshake: Option<&'static str>,
    /// Why, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

/// Says things to one client.
pub struct Speaker<'a> {
    /// The SFU's id.
    pub sfu: &'a str,
    /// The client's.
    pub client: &'a str,
}

impl Speaker<'_> {
    /// The answer to a client's offer.
    pub fn answer(&self, sdp: &str) -> String {
        let description = Some(Description { kind: "answer", sdp });
        text(&Told { description, ..self.told("producer") })
    }

    /// An offer of what the client called `remote` sends.
    pub fn offer(&self, remote: &str, sdp: &str) -> String {
        let description = Some(Description { kind: "offer", sdp });
        text(&Told { description, remote_peer_id: Some(remote), ..self.told("consumer") })
    }

    /// Why something that was said about a connection changes nothing. The original's clients do not know the type, and
    /// ignore it.
    pub fn refusal(&self, connection: &Connection, message: &str) -> String {
        let (handshake, remote_peer_id) = match connection {
            Connection::Producer => ("producer", None),
            Connection::Consumer { remote } => ("consumer", Some(remote.as_str())),
        };
        let (handshake, message) = (Some(handshake), Some(message));
        text(&Told { remote_peer_id, handshake, message, ..self.told("refusal") })
    }

    fn told(&self, kind: &'static str) -> Told<'_> {
        Told {
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

/// The number that stays the same in all offers of one `RTCPeerConnection`, and is another in each other one.
///
/// Source: RFC 9429, section 5.2.1.
pub fn origin_of(description: &str) -> Option<Box<str>> {
    let origin = description.lines().find_map(|line| line.strip_prefix("o="))?;
    origin.split(' ').nth(1).map(Into::into)
}

/// What the server receives by its `answer`, one word for each track in order: offers made from the same tracks are
/// alike.
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
    fn what_the_originals_clients_say_is_understood() {
        let parse = |data: &str| Handshake::parse(data.as_bytes());
        let offer =
            r#"{"type":"producer","sender":"a","roomId":"r","description":{"type":"offer","sdp":"v=0\r\n"}}"#;
        let content = Content::Offer("v=0\r\n".into());
        assert_eq!(parse(offer), Some(Handshake { connection: Connection::Producer, content }));
        let answer =
            r#"{"type":"consumer","sender":"a","remotePeerId":"b","description":{"type":"answer","sdp":""}}"#;
        let (connection, content) =
            (Connection::Consumer { remote: "b".into() }, Content::Answer(String::new()));
        assert_eq!(parse(answer), Some(Handshake { connection, content }));
        let candidate = r#"{"type":"producer","sender":"a","candidate":{"candidate":"x","sdpMid":"0","sdpMLineIndex":0}}"#;
        assert_eq!(parse(candidate).unwrap().content, Content::Candidate("x".into()));
        for end in [r#""candidate":{"candidate":""}"#, r#""candidate":null"#, r#""more":1"#] {
            let end = format!(r#"{{"type":"producer","sender":"a",{end}}}"#);
            assert_eq!(parse(&end).unwrap().content, Content::Nothing);
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
    fn what_is_received_is_read_from_the_answer() {
        let answer = "v=0\r\no=- 7 2 IN IP4 0\r\nm=video 9 X 96\r\na=recvonly\r\nm=audio 9 X 111\r\na=inactive\r\n\
                      m=application 9 X webrtc-datachannel\r\na=mid:2\r\nm=audio 9 X 111\r\na=sendrecv\r\n";
        assert_eq!(&*tracks_of(answer), "video audio ");
        assert_eq!(&*tracks_of("v=0\r\n"), "");
        assert_eq!(origin_of(answer).as_deref(), Some("7"));
    }
}
