//! What is refused, and how it is said: over HTTP with a status, over a WebSocket by how it is closed.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use serde::Serialize;
use tracing::warn;

use super::username::UsernameError;
use crate::{
    core::{
        model::error::{JoinError, Unavailable},
        ports::connection::CloseReason,
    },
    protocols::{
        http::{BodyError, RETRY_AFTER_SECONDS, json},
        websocket::Socket,
    },
};

/// How a connection ends: a close code, and a word for it. The table in `docs/direct.md` lists them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    code: u16,
    /// The word, which is also what is counted.
    pub reason: &'static str,
}

impl Ending {
    /// No cookie, or none that is proven to be its own.
    pub const UNAUTHENTICATED: Self = Self { code: 4000, reason: "UNAUTHENTICATED" };
    /// Somebody is connected by that name, and stays.
    pub const ALREADY_EXISTS: Self = Self { code: 4000, reason: "ALREADY_EXISTS" };
    /// The same user has connected anew. The client must not come back by itself.
    pub const REPLACED: Self = Self { code: 4001, reason: "REPLACED" };
    /// An administrator has all connections made anew.
    pub const KICKED: Self = Self { code: 4002, reason: "KICKED" };
    /// The server stops; back in a moment. Source: RFC 6455 registry, 1012 "Service Restart".
    pub const SHUTTING_DOWN: Self = Self { code: 1012, reason: "SHUTTING_DOWN" };
    /// The client does not read what it is sent. Source: RFC 6455 registry, 1013 "Try Again Later".
    pub const TOO_SLOW: Self = Self { code: 1013, reason: "TOO_SLOW" };
    /// A back end does not answer.
    pub const UNAVAILABLE: Self = Self { code: 1013, reason: "UNAVAILABLE" };

    /// Every ending there is.
    pub const ALL: [Self; 7] = [
        Self::UNAUTHENTICATED,
        Self::ALREADY_EXISTS,
        Self::REPLACED,
        Self::KICKED,
        Self::SHUTTING_DOWN,
        Self::TOO_SLOW,
        Self::UNAVAILABLE,
    ];

    /// The close code.
    pub fn code(self) -> u16 {
        self.code
    }

    /// Closes `socket` this way.
    pub fn end(self, socket: &Socket) {
        socket.close(self.code, self.reason);
    }
}

impl From<CloseReason> for Ending {
    fn from(reason: CloseReason) -> Self {
        match reason {
            CloseReason::Replaced => Self::REPLACED,
            CloseReason::Dismissed => Self::KICKED,
            CloseReason::TooSlow => Self::TOO_SLOW,
            CloseReason::ShuttingDown => Self::SHUTTING_DOWN,
        }
    }
}

impl From<JoinError> for Ending {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::RoomFull { .. } | JoinError::NameTaken | JoinError::TooManyAway => {
                Self::ALREADY_EXISTS
            }
            JoinError::Replaced(_) => Self::REPLACED,
            JoinError::ShuttingDown => Self::SHUTTING_DOWN,
            JoinError::Unavailable(error) => {
                log(&error);
                Self::UNAVAILABLE
            }
        }
    }
}

/// Why a request over HTTP does not get what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The body is nothing that is understood.
    InvalidBody,
    /// The body is larger than any name needs.
    TooLarge,
    /// The name is none.
    Username(UsernameError),
    /// Somebody has the name. Not an error on the wire.
    Taken,
    /// The page that asks comes from elsewhere.
    OriginNotAllowed,
    /// Not from this address, so soon.
    TooMany,
    /// A back end does not answer.
    Unavailable,
}

/// The answer to a registration. Source: direct document, "POST /v1/register".
#[derive(Serialize)]
pub struct Outcome {
    /// `SUCCESS`, or why not.
    pub status: &'static str,
    /// For people; empty where the status says it all.
    pub message: String,
}

impl Refusal {
    /// The HTTP status and the word that go with it.
    pub fn status(self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidBody | Self::Username(_) => (StatusCode::BAD_REQUEST, "INVALID"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "INVALID"),
            Self::Taken => (StatusCode::OK, "TAKEN"),
            Self::OriginNotAllowed => (StatusCode::FORBIDDEN, "FORBIDDEN"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
        }
    }

    fn message(self) -> String {
        match self {
            Self::InvalidBody => "invalid body".into(),
            Self::TooLarge => "the body is too large".into(),
            Self::Username(error) => error.to_string(),
            Self::Taken => String::new(),
            Self::OriginNotAllowed => "this page may not use this server".into(),
            Self::TooMany => "too many requests; try again later".into(),
            Self::Unavailable => "not possible at the moment; try again".into(),
        }
    }

    /// `{status, message}`, as a registration is answered.
    pub fn as_outcome(self) -> Response<Body> {
        let (status, word) = self.status();
        json(status, &Outcome { status: word, message: self.message() })
    }

    /// The status with its own words, as everything else is answered.
    pub fn as_text(self) -> Response<Body> {
        text(self.status().0)
    }
}

/// `status` and its own words, as plain text.
pub fn text(status: StatusCode) -> Response<Body> {
    say(status, status.canonical_reason().unwrap_or_default())
}

/// `words` as plain text, not to be cached or sniffed.
pub fn say(status: StatusCode, words: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(words));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
    }
    response
}

impl From<UsernameError> for Refusal {
    fn from(error: UsernameError) -> Self {
        Self::Username(error)
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::Incomplete => Self::InvalidBody,
        }
    }
}

impl From<Unavailable> for Refusal {
    fn from(error: Unavailable) -> Self {
        log(&error);
        Self::Unavailable
    }
}

/// Says in the log why something was refused that should not have been.
pub fn log(error: &Unavailable) {
    warn!(error = error as &dyn std::error::Error, "a request was refused: a back end is unavailable");
}
