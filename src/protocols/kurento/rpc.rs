//! JSON-RPC 2.0 as clients of Kurento Room write it: lenient requests, and answers in the order of the
//! original.
//!
//! Source: JSON-RPC 2.0 Specification, sections 4 and 5.

use std::{borrow::Cow, collections::HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{error::Category, value::RawValue};

use super::error::{Code, Refusal};
use crate::protocols::{
    json_depth::nests_deeper_than,
    json_string::{JsonString, text_of},
};

/// The longest id of a request, in bytes of JSON: it is sent back.
const MAX_ID_BYTES: usize = 128;

/// The deepest nesting of parameters: very deep JSON overflows the stack of its reader.
const MAX_DEPTH: usize = 64;

/// A message from a client.
#[derive(Debug)]
pub enum Received<'a> {
    /// A request.
    Request(Request<'a>),
    /// An answer, though the server sends no requests.
    Answer,
    /// An invalid message. Has the id of the request if there is one, else `null`, as JSON-RPC demands.
    Unreadable(&'a RawValue, Refusal),
}

/// A request of a client.
#[derive(Debug)]
pub struct Request<'a> {
    /// Sent back unchanged with the answer; left out there too if `None`.
    pub id: Option<&'a RawValue>,
    /// The method.
    pub method: Cow<'a, str>,
    /// The parameters.
    pub params: Params<'a>,
}

/// Named parameters. Unknown ones are ignored.
#[derive(Debug, Default)]
pub struct Params<'a>(HashMap<Cow<'a, str>, &'a RawValue>);

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<&'a RawValue>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    /// A position that the document's example uses.
    #[serde(borrow, default, rename = "doLoopback")]
    do_loopback: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

impl<'a> Received<'a> {
    /// Parses a message.
    pub fn parse(text: &'a str) -> Self {
        // serde reads a struct from an array too.
        let envelope: Envelope = match serde_json::from_str(text) {
            Ok(envelope) if text.trim_ascii_start().starts_with('{') => envelope,
            Err(error) if error.classify() != Category::Data => {
                return Self::unreadable(None, Code::NoJson, "The message is not JSON");
            }
            _ => return Self::unreadable(None, Code::NoRequest, "The message is not one request"),
        };
        let Ok(id) = envelope.id.map(checked_id).transpose() else {
            return Self::unreadable(None, Code::NoRequest, "The id is neither a number nor a short text");
        };
        if envelope.method.is_none() && (envelope.result.is_some() || envelope.error.is_some()) {
            return Self::Answer;
        }
        let Some(method) = envelope.method.and_then(text_of) else {
            return Self::unreadable(id, Code::NoRequest, "The request has no method");
        };
        match Params::parse(envelope.params, envelope.do_loopback) {
            Ok(params) => Self::Request(Request { id, method, params }),
            Err(refusal) => Self::Unreadable(id.unwrap_or(RawValue::NULL), refusal),
        }
    }

    fn unreadable(id: Option<&'a RawValue>, code: Code, message: &str) -> Self {
        Self::Unreadable(id.unwrap_or(RawValue::NULL), Refusal::new(code, message))
    }
}

impl Request<'_> {
    /// The id as a number, for clients that number their requests.
    pub fn number(&self) -> Option<u64> {
        self.id?.get().trim_matches('"').parse().ok()
    }
}

impl<'a> Params<'a> {
    fn parse(params: Option<&'a RawValue>, do_loopback: Option<&'a RawValue>) -> Result<Self, Refusal> {
        let json = params.map_or("{}", RawValue::get);
        let named: Result<HashMap<JsonString<'a>, Option<&'a RawValue>>, _> = serde_json::from_str(json);
        let Ok(named) = named else {
            return Err(Refusal::new(Code::WrongParameter, "The parameters are not an object"));
        };
        if nests_deeper_than(json, MAX_DEPTH) {
            return Err(Refusal::new(Code::WrongParameter, "The parameters nest too deep"));
        }
        // A parameter that is `null` counts as missing.
        let named = named.into_iter().filter_map(|(name, value)| Some((name.0, value?)));
        let beside = do_loopback.map(|value| (Cow::Borrowed("doLoopback"), value));
        Ok(Self(beside.into_iter().chain(named).collect()))
    }

    /// The JSON of a parameter.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied()
    }

    /// All parameters, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// A parameter as a text; a number counts as one.
    ///
    /// # Errors
    /// The parameter is missing, or has another type.
    pub fn text(&self, name: &'static str) -> Result<Cow<'a, str>, Refusal> {
        let value = self.get(name).ok_or_else(|| Refusal::missing(name))?;
        let is_number = value.get().starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let text = if is_number { Some(Cow::Borrowed(value.get())) } else { text_of(value) };
        text.ok_or_else(|| {
            Refusal::new(Code::WrongParameter, format!("Request element '{name}' is not a text"))
        })
    }

    /// Whether an option is `true`, also as a text.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| matches!(value.get(), "true" | "\"true\""))
    }
}

fn checked_id(id: &RawValue) -> Result<&RawValue, ()> {
    let json = id.get();
    let is_id = json.starts_with(|c: char| matches!(c, '"' | '-') || c.is_ascii_digit());
    if is_id && json.len() <= MAX_ID_BYTES { Ok(id) } else { Err(()) }
}

#[derive(Serialize)]
struct Success<'a, R> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    result: R,
    jsonrpc: &'static str,
}

#[derive(Serialize)]
struct Failure<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    error: Error<'a>,
    jsonrpc: &'static str,
}

#[derive(Serialize)]
struct Error<'a> {
    code: i32,
    message: &'a str,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
}

/// The answer to a successful request.
pub fn success(id: Option<&RawValue>, result: &impl Serialize) -> String {
    json(&Success { id, result, jsonrpc: VERSION })
}

/// The answer to a refused request. Contains `session` only if [`Code::names_session`] holds.
pub fn failure(id: Option<&RawValue>, refusal: &Refusal, session: Option<&str>) -> String {
    let session = session.filter(|_| refusal.code.names_session());
    let error = Error { code: refusal.code.number(), message: &refusal.message, session };
    json(&Failure { id, error, jsonrpc: VERSION })
}

/// The protocol version in every message.
pub const VERSION: &str = "2.0";

/// `value` as JSON.
pub fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("our own messages are always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Request<'_> {
        match Received::parse(text) {
            Received::Request(request) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn requests_of_all_clients_are_parsed() {
        for (text, id) in [
            (r#"{"jsonrpc":"2.0","method":"joinRoom","params":{"user":"ann"},"id":7}"#, Some("7")),
            (
                r#"{"id":"7","method":"join\u0052oom","params":{"user":"\u0061nn","token":{"a":[1]}}}"#,
                Some("\"7\""),
            ),
            (r#" {"method":"joinRoom","params":{"user":"ann","room":null}}"#, None),
        ] {
            let request = request(text);
            assert_eq!((request.method.as_ref(), request.id.map(RawValue::get)), ("joinRoom", id), "{text}");
            assert_eq!(request.params.text("user").as_deref(), Ok("ann"));
            assert_eq!(request.params.text("room"), Err(Refusal::missing("room")));
        }
    }

    #[test]
    fn numbers_count_as_texts_and_true_as_a_switch() {
        let read =
            request(r#"{"method":"m","params":{"a":4711,"b":true,"c":"true","d":[],"e":"false"},"id":1}"#);
        assert_eq!(read.params.text("a").as_deref(), Ok("4711"));
        assert_eq!(read.params.text("d").unwrap_err().code, Code::WrongParameter);
        let on: Vec<_> =
            ["a", "b", "c", "d", "e", "f"].into_iter().filter(|name| read.params.is_on(name)).collect();
        assert_eq!(on, ["b", "c"]);
        let documented =
            request(r#"{"method":"publishVideo","params":{"sdpOffer":"v=0"},"doLoopback":true,"id":1}"#);
        assert!(documented.params.is_on("doLoopback"));
        let inside = request(r#"{"method":"m","params":{"doLoopback":false},"doLoopback":true}"#);
        assert!(!inside.params.is_on("doLoopback"));
    }

    #[test]
    fn invalid_messages_are_refused_with_their_code() {
        let deep = format!(r#"{{"method":"m","params":{{"a":{}{}}}}}"#, "[".repeat(80), "]".repeat(80));
        for (text, id, code) in [
            ("", "null", Code::NoJson),
            ("{", "null", Code::NoJson),
            ("[]", "null", Code::NoRequest),
            (r#"[{"method":"m","id":1}]"#, "null", Code::NoRequest),
            (r#""m""#, "null", Code::NoRequest),
            ("{}", "null", Code::NoRequest),
            (r#"{"id":3}"#, "3", Code::NoRequest),
            (r#"{"id":3,"method":4}"#, "3", Code::NoRequest),
            (r#"{"id":{},"method":"m"}"#, "null", Code::NoRequest),
            (r#"{"id":3,"method":"m","params":[1]}"#, "3", Code::WrongParameter),
            (&deep, "null", Code::WrongParameter),
        ] {
            match Received::parse(text) {
                Received::Unreadable(got, refusal) => {
                    assert_eq!((got.get(), refusal.code), (id, code), "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(matches!(Received::parse(r#"{"id":1,"result":{},"jsonrpc":"2.0"}"#), Received::Answer));
    }

    #[test]
    fn answers_have_the_order_of_the_original() {
        let id = RawValue::from_string("7".into()).unwrap();
        assert_eq!(success(Some(&id), &"bye"), r#"{"id":7,"result":"bye","jsonrpc":"2.0"}"#);
        let refusal = Refusal::new(Code::UserExists, "m");
        let failed = r#"{"id":7,"error":{"code":104,"message":"m","sessionId":"s"},"jsonrpc":"2.0"}"#;
        assert_eq!(failure(Some(&id), &refusal, Some("s")), failed);
        let unnamed =
            r#"{"error":{"code":-1,"message":"Request element 'user' is missing"},"jsonrpc":"2.0"}"#;
        assert_eq!(failure(None, &Refusal::missing("user"), Some("s")), unnamed);
    }
}
