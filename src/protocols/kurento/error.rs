//! Refusals of the kurento door.
//!
//! Over the WebSocket, codes of the original and of JSON-RPC 2.0; over HTTP, a status.
//!
//! `docs/kurento.md` lists all codes.

use std::fmt;

use axum::http::StatusCode;

use super::NAMESPACE;
use crate::{
    core::model::error::{JoinError, Unavailable},
    media::{EndpointError, NegotiationError},
    protocols::{http::EmptyRefusal, unavailable::log_unavailable},
};

/// Kind of a refusal; its number goes over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Code {
    /// The message is not JSON.
    NoJson = -32_700,
    /// The message is JSON, but not a request.
    NoRequest = -32_600,
    /// There is no such method.
    NoSuchMethod = -32_601,
    /// A parameter has the wrong type.
    WrongParameter = -32_602,
    /// A parameter is missing, or the custom request is not implemented.
    Unsupported = -1,
    /// Another error about users.
    User = 101,
    /// There is no such user, or the user is not in a room.
    UserNotFound = 102,
    /// The name is taken.
    UserExists = 104,
    /// The user does not publish.
    NotStreaming = 105,
    /// Another error about rooms.
    Room = 201,
    /// The room is not the user's, or its participants are on another node.
    RoomNotFound = 202,
    /// The room is being closed.
    RoomClosed = 203,
    /// The text is not a valid name of a room.
    RoomCannotBeCreated = 204,
    /// Another error about media.
    Media = 301,
    /// The session description (SDP) cannot be used.
    Description = 302,
    /// Another error about a media connection.
    Endpoint = 303,
    /// The rate limit is used up.
    TooMuch = 803,
    /// Any other error.
    Other = 999,
    /// The session has ended, or never existed.
    NoSuchSession = 40_007,
}

impl Code {
    /// All codes.
    pub const ALL: [Self; 19] = [
        Self::NoJson,
        Self::NoRequest,
        Self::NoSuchMethod,
        Self::WrongParameter,
        Self::Unsupported,
        Self::User,
        Self::UserNotFound,
        Self::UserExists,
        Self::NotStreaming,
        Self::Room,
        Self::RoomNotFound,
        Self::RoomClosed,
        Self::RoomCannotBeCreated,
        Self::Media,
        Self::Description,
        Self::Endpoint,
        Self::TooMuch,
        Self::Other,
        Self::NoSuchSession,
    ];

    /// The number on the wire.
    pub fn number(self) -> i32 {
        self as i32
    }

    /// Whether the session id accompanies the code, as in the original for errors in a room.
    pub fn names_session(self) -> bool {
        (Self::User.number()..=Self::Other.number()).contains(&self.number())
    }
}

/// Why a request is refused.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of refusal.
    pub code: Code,
    /// Text for users. May contain names of users and rooms.
    pub message: String,
}

impl Refusal {
    /// Refuses with `code` and a message for users.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The parameter is missing.
    pub fn missing(parameter: &str) -> Self {
        Self::new(Code::Unsupported, format!("Request element '{parameter}' is missing"))
    }

    /// The session is not in a room.
    pub fn not_joined(session: &str) -> Self {
        Self::new(Code::UserNotFound, format!("No participant with id '{session}' was found"))
    }

    /// No participant of the room has the name.
    pub fn no_such_user(user: &str, room: &str) -> Self {
        Self::new(Code::UserNotFound, format!("User '{user}' not found in room '{room}'"))
    }

    /// `user` could not join `room`.
    pub fn to_join(error: JoinError, user: &str, room: &str) -> Self {
        match error {
            JoinError::NameTaken => {
                Self::new(Code::UserExists, format!("User '{user}' already exists in room '{room}'"))
            }
            JoinError::RoomFull { .. } | JoinError::TooManyAway => {
                Self::new(Code::Room, format!("Room '{room}' is full"))
            }
            JoinError::ShuttingDown => Self::new(Code::Other, "The server is shutting down"),
            JoinError::Replaced(error) => Self::new(Code::Other, error.to_string()),
            JoinError::Unavailable(error) => Self::unavailable(&error),
        }
    }

    /// The seat registry does not answer.
    pub fn unavailable(error: &Unavailable) -> Self {
        log_unavailable(NAMESPACE, error);
        Self::new(Code::Other, "The server cannot look rooms up just now")
    }

    /// The participants of the room, and their media, are on another node.
    pub fn on_another_node(room: &str) -> Self {
        let message = format!("Room '{room}' is on another server; try again over a new connection");
        Self::new(Code::RoomNotFound, message)
    }
}

impl From<EndpointError> for Refusal {
    fn from(error: EndpointError) -> Self {
        let code = match error {
            EndpointError::Description(_) => Code::Description,
            EndpointError::NotPublished => Code::NotStreaming,
            EndpointError::TooMany(_) => Code::Endpoint,
            EndpointError::Unavailable => Code::Media,
        };
        Self::new(code, error.to_string())
    }
}

impl From<NegotiationError> for Refusal {
    fn from(error: NegotiationError) -> Self {
        let code = match error {
            NegotiationError::Description(_) => Code::Description,
            NegotiationError::NoSuchEndpoint | NegotiationError::TooMany(_) => Code::Endpoint,
            NegotiationError::Unavailable => Code::Media,
        };
        Self::new(code, error.to_string())
    }
}

/// Prints only the code: the message may contain names.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refusal({:?})", self.code)
    }
}

/// Why an HTTP request is refused.
pub type HttpRefusal = EmptyRefusal;

/// The request does not come from an administrator.
pub const FORBIDDEN: HttpRefusal = HttpRefusal::new(NAMESPACE, StatusCode::FORBIDDEN, "forbidden");
