//! Messages over HTTP and the WebSocket: one JSON object with `call`, `session`, `body` and `kind`.
//!
//! Source: signals document, "Message Format".

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::HttpRefusal;
use crate::core::model::event::SignalKind;

/// A message from the server. Fields have the order of the original; empty fields are left out.
#[derive(Debug, Serialize)]
pub struct ServerMessage<'a> {
    /// The call, as the client named it.
    pub call: &'a str,
    /// Only in the answer to a join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<&'a str>,
    /// Only in signals from peers: the JSON string as the sender wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<&'a RawValue>,
    /// The kind of message.
    pub kind: MessageKind,
}

/// Kind of a message from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MessageKind {
    /// The answer to a join: the client has a seat.
    Join,
    /// The handshake on the WebSocket succeeded.
    Welcome,
    /// Another participant joined, or joined again, and has no peer connection.
    Peer,
    /// A session description (SDP) that begins a negotiation.
    Offer,
    /// A session description (SDP) that completes a negotiation.
    Answer,
    /// An ICE candidate. Not in the document.
    Candidate,
}

/// A message from a client, before its required fields are checked.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    call: Option<Cow<'a, str>>,
    #[serde(default)]
    session: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
    #[serde(default)]
    kind: Option<Cow<'a, str>>,
}

impl Envelope<'_> {
    fn has_body(&self) -> bool {
        self.body.is_some_and(|body| body.get() != EMPTY)
    }
}

/// The empty string, in JSON.
const EMPTY: &str = "\"\"";

/// The first message on a WebSocket: the client sends the answer to its join.
#[derive(Debug, PartialEq, Eq)]
pub struct JoinMessage {
    /// The call, as the client names it.
    pub call: String,
    /// The session, unchecked.
    pub session: String,
}

impl JoinMessage {
    /// Parses a first message; `None` unless it is a JOIN with a call and a session and without a body.
    pub fn parse(text: &str) -> Option<Self> {
        let envelope: Envelope = serde_json::from_str(text).ok()?;
        let is_join = envelope.kind.as_deref() == Some("JOIN") && !envelope.has_body();
        let (call, session) = (envelope.call?.into_owned(), envelope.session?.into_owned());
        (is_join && !call.is_empty() && !session.is_empty()).then_some(Self { call, session })
    }
}

/// A signal that a client publishes.
#[derive(Debug)]
pub struct PublishedSignal<'a> {
    /// The call, as the client names it.
    pub call: Cow<'a, str>,
    /// The session, unchecked.
    pub session: Cow<'a, str>,
    /// The kind of signal.
    pub kind: SignalKind,
    /// The JSON string for the peers, as the sender wrote it.
    pub body: &'a RawValue,
}

impl<'a> PublishedSignal<'a> {
    /// Parses the body of a POST.
    ///
    /// # Errors
    /// - [`HttpRefusal::BadSignal`]: not JSON, another kind, or something missing or empty.
    /// - [`HttpRefusal::TooLarge`]: the body has more than `max_body_bytes` of JSON between its quotes.
    pub fn parse(bytes: &'a [u8], max_body_bytes: usize) -> Result<Self, HttpRefusal> {
        let envelope: Envelope = serde_json::from_slice(bytes).map_err(|_| HttpRefusal::BadSignal)?;
        let kind = match envelope.kind.as_deref() {
            Some("OFFER") => SignalKind::Offer,
            Some("ANSWER") => SignalKind::Answer,
            Some("CANDIDATE") => SignalKind::Candidate,
            _ => return Err(HttpRefusal::BadSignal),
        };
        let given =
            |text: Option<Cow<'a, str>>| text.filter(|text| !text.is_empty()).ok_or(HttpRefusal::BadSignal);
        let body = envelope.body.filter(|body| body.get().starts_with('"') && body.get() != EMPTY);
        let body = body.ok_or(HttpRefusal::BadSignal)?;
        if body.get().len() > max_body_bytes + EMPTY.len() {
            return Err(HttpRefusal::TooLarge);
        }
        Ok(Self { call: given(envelope.call)?, session: given(envelope.session)?, kind, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_documented_order_and_empty_fields_are_left_out() {
        let body = RawValue::from_string(r#""v=0\r\né\ud83d\ude00""#.into()).unwrap();
        let offer = ServerMessage { call: "7", session: None, body: Some(&body), kind: MessageKind::Offer };
        let offer = serde_json::to_string(&offer).unwrap();
        assert_eq!(offer, r#"{"call":"7","body":"v=0\r\né\ud83d\ude00","kind":"OFFER"}"#);
        let join = ServerMessage { call: "7", session: Some("S"), body: None, kind: MessageKind::Join };
        assert_eq!(serde_json::to_string(&join).unwrap(), r#"{"call":"7","session":"S","kind":"JOIN"}"#);
    }

    #[test]
    fn a_handshake_is_a_join_with_call_and_session_and_without_a_body() {
        let expected = Some(JoinMessage { call: "7".into(), session: "S".into() });
        for text in [
            r#"{"call":"7","session":"S","kind":"JOIN"}"#,
            r#" {"kind":"JOIN","call":"\u0037","session":"S","body":"","more":[1]} "#,
            r#"{"kind":"JOIN","call":"7","session":"S","body":null}"#,
        ] {
            assert_eq!(JoinMessage::parse(text), expected, "{text}");
        }
        for text in [
            "",
            "null",
            "[]",
            r#""JOIN""#,
            r#"{"kind":"JOIN","call":"7"}"#,
            r#"{"kind":"JOIN","call":"","session":"S"}"#,
            r#"{"kind":"JOIN","call":"7","session":null}"#,
            r#"{"kind":"JOIN","call":7,"session":"S"}"#,
            r#"{"kind":"join","call":"7","session":"S"}"#,
            r#"{"kind":"OFFER","call":"7","session":"S"}"#,
            r#"{"kind":"JOIN","call":"7","session":"S","body":"b"}"#,
            r#"{"kind":"JOIN","call":"7","session":"S"}{}"#,
        ] {
            assert_eq!(JoinMessage::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_size_limit_applies_to_the_body_of_a_publication() {
        let parse = |body: &str| {
            let text = format!(r#"{{"kind":"OFFER","call":"7","session":"S","body":{body}}}"#);
            PublishedSignal::parse(text.as_bytes(), 4).map(|publication| publication.body.get().to_owned())
        };
        assert_eq!(parse(r#""abcd""#), Ok(r#""abcd""#.into()));
        assert_eq!(parse(r#""abcde""#), Err(HttpRefusal::TooLarge));
        for body in ["\"\"", "null", "7", "{}", "[\"\"]", "\"\\x\""] {
            assert_eq!(parse(body), Err(HttpRefusal::BadSignal), "{body}");
        }
    }
}
