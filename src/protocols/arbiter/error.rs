//! What is refused, and how it is said: as a frame that the original's clients ignore, or as a body of the document.

use std::{borrow::Cow, error::Error as _};

use axum::{
    body::Body,
    http::{Response, StatusCode},
};
use serde::Serialize;
use tracing::warn;

use super::{
    messages::{Forbidden, Outcome, text},
    row::unique,
};
use crate::{
    core::model::error::{JoinError, SignalError, Unavailable},
    protocols::http::json,
};

/// Something that was asked for over a WebSocket and is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is no JSON object, or has a field twice.
    Malformed,
    /// It has no `action`, or an unknown one.
    Forbidden,
    /// A binary message.
    Binary,
    /// `data` lacks this field, or has something in it that cannot be.
    Missing(&'static str),
    /// `data` nests too deep.
    TooDeep,
    /// The sender has not said who it is, or nobody by that name is there.
    NotFound,
    /// This field is not what the sender identified as.
    Claimed(&'static str),
    /// An SFU has to prove that it is one.
    NotAnSfu,
    /// The connection has identified as somebody else.
    AlreadyIdentified,
    /// Somebody whose connection is alive has the id.
    IdTaken,
    /// No more clients fit in.
    RoomFull,
    /// Too much at once.
    TooMany,
    /// The server stops.
    ShuttingDown,
    /// Something that is needed does not answer.
    Broken,
}

impl Refusal {
    /// As in HTTP. The document's own where it has one.
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

    /// For people. The document's own, letter for letter, where it has one.
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
            Self::AlreadyIdentified => "This connection has identified as somebody else",
            Self::IdTaken => "The id is in use",
            Self::RoomFull => "The room is full",
            Self::TooMany => "Too Many Requests",
            Self::ShuttingDown => "The server stops",
            Self::Broken => "Internal Server Error",
        })
    }

    /// What it is counted as.
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

    /// The frame that says so, to the connection of that id.
    pub fn frame(self, connection_id: &str) -> String {
        match self {
            Self::Forbidden => text(&Forbidden { message: "Forbidden", connection_id, request_id: unique() }),
            _ => text(&Outcome { status_code: self.status(), message: Some(self.message()) }),
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
        log(&error);
        Self::Broken
    }
}

/// Something that was asked for over HTTP and is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpRefusal {
    /// There is no `urlPath`.
    MissingPath,
    /// It cannot be one.
    BadPath,
    /// The body is larger than any can be.
    TooLarge,
    /// No room is free, or none is the path's.
    RoomNotFound,
    /// There is no such address.
    NotFound,
    /// It is a WebSocket's.
    UpgradeRequired,
    /// Too much at once.
    TooMany,
    /// No SFU could be started.
    NotStarted,
    /// The store does not answer.
    Broken,
}

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

impl HttpRefusal {
    /// What it is counted as.
    pub fn code(self) -> &'static str {
        match self {
            Self::MissingPath => "missing_path",
            Self::BadPath => "bad_path",
            Self::TooLarge => "payload_too_large",
            Self::RoomNotFound => "room_not_found",
            Self::NotFound => "not_found",
            Self::UpgradeRequired => "upgrade_required",
            Self::TooMany => "too_many_requests",
            Self::NotStarted => "not_started",
            Self::Broken => "unavailable",
        }
    }

    /// The answer. Source: arbiter document, "Error Responses".
    pub fn response(self) -> Response<Body> {
        let (status, message) = match self {
            Self::MissingPath => (StatusCode::BAD_REQUEST, "missing urlPath"),
            Self::BadPath => (StatusCode::BAD_REQUEST, "urlPath is too long, or not text"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::RoomNotFound => (StatusCode::NOT_FOUND, "Room not found"),
            Self::NotFound => (StatusCode::NOT_FOUND, "Not Found"),
            Self::UpgradeRequired => (StatusCode::UPGRADE_REQUIRED, "Upgrade Required"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"),
            Self::NotStarted => (StatusCode::INTERNAL_SERVER_ERROR, "Failed to start task."),
            Self::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "Something broke on the server"),
        };
        json(status, &Message { message })
    }
}

impl From<Unavailable> for HttpRefusal {
    fn from(error: Unavailable) -> Self {
        log(&error);
        Self::Broken
    }
}

/// Notes that a back end did not answer.
pub fn log(error: &Unavailable) {
    warn!(dependency = error.what, error = error.source(), "a back end of the arbiter door is unavailable");
}
