//! Refusals of the arbiter door.
//!
//! Over the WebSocket, a frame that the original's clients ignore; over HTTP, a status and a body of the
//! document.

use std::borrow::Cow;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::NAMESPACE;
use crate::{
    core::model::error::{JoinError, SignalError, Unavailable},
    protocols::{http::json, runtime::count_refusal, unavailable::log_unavailable},
};

/// Why a request over the WebSocket is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The message is not a JSON object, or has a field twice.
    Malformed,
    /// `action` is missing or unknown.
    Forbidden,
    /// The message is binary.
    Binary,
    /// `data` has no valid field of this name.
    Missing(&'static str),
    /// `data` nests too deep.
    TooDeep,
    /// The sender has not identified itself, or the receiver is not in the room.
    NotFound,
    /// The field differs from the sender's identity.
    Claimed(&'static str),
    /// The SFU has not shown the secret.
    NotAnSfu,
    /// The connection has identified itself differently.
    AlreadyIdentified,
    /// A connected participant has the id.
    IdTaken,
    /// The room is full.
    RoomFull,
    /// The rate limit is used up.
    TooMany,
    /// The server stops.
    ShuttingDown,
    /// A back end does not answer.
    Broken,
}

impl Refusal {
    /// A status as in HTTP; the document's where it has one.
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed | Self::Binary | Self::Missing(_) | Self::TooDeep | Self::NotFound => 400,
            Self::Forbidden | Self::Claimed(_) | Self::NotAnSfu => 403,
            Self::AlreadyIdentified | Self::IdTaken | Self::RoomFull => 409,
            Self::TooMany => 429,
            Self::Broken => 500,
            Self::ShuttingDown => 503,
        }
    }

    /// Text for users; the document's, letter for letter, where it has one.
    pub fn message(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Malformed => "Not a JSON object",
            Self::Forbidden => "Forbidden",
            Self::Binary => "Binary messages are not supported",
            Self::Missing(field) => return format!("Missing valid {field} property").into(),
            Self::TooDeep => "The data nests too deep",
            Self::NotFound => "WebSOcket Connection Not Found",
            Self::Claimed(field) => {
                return format!("{field} is not what this connection identified as").into();
            }
            Self::NotAnSfu => "Only an SFU with the secret may be one",
            Self::AlreadyIdentified => "This connection has identified differently before",
            Self::IdTaken => "The id is in use",
            Self::RoomFull => "The room is full",
            Self::TooMany => "Too Many Requests",
            Self::ShuttingDown => "The server stops",
            Self::Broken => "Internal Server Error",
        })
    }

    /// The code in metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Forbidden => "forbidden",
            Self::Binary => "binary",
            Self::Missing(_) => "missing",
            Self::TooDeep => "too_deep",
            Self::NotFound => "not_found",
            Self::Claimed(_) => "claimed",
            Self::NotAnSfu => "not_an_sfu",
            Self::AlreadyIdentified => "already_identified",
            Self::IdTaken => "id_taken",
            Self::RoomFull => "room_full",
            Self::TooMany => "too_many_requests",
            Self::ShuttingDown => "shutting_down",
            Self::Broken => "unavailable",
        }
    }
}

impl From<JoinError> for Refusal {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::RoomFull { .. } | JoinError::TooManyAway => Self::RoomFull,
            JoinError::NameTaken => Self::IdTaken,
            JoinError::Replaced(_) => Self::NotFound,
            JoinError::ShuttingDown => Self::ShuttingDown,
            JoinError::Unavailable(error) => error.into(),
        }
    }
}

impl From<SignalError> for Refusal {
    fn from(error: SignalError) -> Self {
        match error {
            SignalError::Replaced(_) | SignalError::NoSuchParticipant => Self::NotFound,
            SignalError::Unavailable => Self::Broken,
        }
    }
}

impl From<Unavailable> for Refusal {
    fn from(error: Unavailable) -> Self {
        log_unavailable(NAMESPACE, &error);
        Self::Broken
    }
}

/// Why an HTTP request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpRefusal {
    /// `urlPath` is missing.
    MissingPath,
    /// `urlPath` is not valid.
    BadPath,
    /// The body is too large.
    TooLarge,
    /// The body has a content coding.
    Encoded,
    /// No room is free, or the path has none.
    RoomNotFound,
    /// There is no such path.
    NotFound,
    /// The path is that of the WebSocket.
    UpgradeRequired,
    /// The rate limit is used up.
    TooMany,
    /// No SFU could be started.
    NotStarted,
    /// The store does not answer.
    Broken,
}

#[derive(Serialize)]
struct RefusalBody {
    message: &'static str,
}

impl HttpRefusal {
    /// The code in metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::MissingPath => "missing_path",
            Self::BadPath => "bad_path",
            Self::TooLarge => "payload_too_large",
            Self::Encoded => "unsupported_encoding",
            Self::RoomNotFound => "room_not_found",
            Self::NotFound => "not_found",
            Self::UpgradeRequired => "upgrade_required",
            Self::TooMany => "too_many_requests",
            Self::NotStarted => "not_started",
            Self::Broken => "unavailable",
        }
    }
}

/// Source: arbiter document, "Error Responses".
impl IntoResponse for HttpRefusal {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::MissingPath => (StatusCode::BAD_REQUEST, "missing urlPath"),
            Self::BadPath => (StatusCode::BAD_REQUEST, "urlPath is too long, or not text"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::Encoded => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type"),
            Self::RoomNotFound => (StatusCode::NOT_FOUND, "Room not found"),
            Self::NotFound => (StatusCode::NOT_FOUND, "Not Found"),
            Self::UpgradeRequired => (StatusCode::UPGRADE_REQUIRED, "Upgrade Required"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"),
            Self::NotStarted => (StatusCode::INTERNAL_SERVER_ERROR, "Failed to start task."),
            Self::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "Something broke on the server"),
        };
        let mut response = json(status, &RefusalBody { message });
        if self == Self::UpgradeRequired {
            response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        count_refusal(NAMESPACE, self.code());
        response
    }
}

impl From<Unavailable> for HttpRefusal {
    fn from(error: Unavailable) -> Self {
        log_unavailable(NAMESPACE, &error);
        Self::Broken
    }
}
