//! What is refused, and how it is said: by the codes of the original, and those of JSON-RPC 2.0 where it has none.
//!
//! The table in `docs/kurento.md` lists them all.

use std::fmt;

use tracing::warn;

use crate::{
    core::model::error::{JoinError, Unavailable},
    media::{NegotiationError, OpenError},
};

/// What kind of thing went wrong; its number goes over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Code {
    /// It is no JSON.
    NoJson = -32_700,
    /// It is JSON, but no request.
    NoRequest = -32_600,
    /// There is no such method.
    NoSuchMethod = -32_601,
    /// A parameter is of the wrong type.
    WrongParameter = -32_602,
    /// A parameter is missing, or nobody has implemented what is asked for.
    Unsupported = -1,
    /// Something about users.
    User = 101,
    /// There is no such user, or it is not in a room.
    UserNotFound = 102,
    /// Somebody has the name.
    UserExists = 104,
    /// The user sends nothing.
    NotStreaming = 105,
    /// Something about rooms.
    Room = 201,
    /// It is not the room that the user is in, or its people are on another node.
    RoomNotFound = 202,
    /// The room is being closed.
    RoomClosed = 203,
    /// No room can be called that.
    RoomCannotBeCreated = 204,
    /// Something about media.
    Media = 301,
    /// The description (SDP) cannot be used.
    Description = 302,
    /// Something about a connection that carries media.
    Endpoint = 303,
    /// More is asked for than may be.
    TooMuch = 803,
    /// Anything else.
    Other = 999,
    /// The session that is to be gone on with is over.
    NoSuchSession = 40_007,
}

impl Code {
    /// Every code there is.
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

    /// As it goes over the wire.
    pub fn number(self) -> i32 {
        self as i32
    }

    /// Whether the session is named beside it, as the original does for what went wrong in a room.
    pub fn names_session(self) -> bool {
        (Self::User.number()..=Self::Other.number()).contains(&self.number())
    }
}

/// Why a request is not done.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of thing went wrong.
    pub code: Code,
    /// For people. May name users and rooms.
    pub message: String,
}

impl Refusal {
    /// Refuses with `code`, and with a message for people.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A parameter is not there.
    pub fn missing(parameter: &str) -> Self {
        Self::new(Code::Unsupported, format!("Request element '{parameter}' is missing"))
    }

    /// Nobody is in any room with this session.
    pub fn not_joined(session: &str) -> Self {
        Self::new(Code::UserNotFound, format!("No participant with id '{session}' was found"))
    }

    /// The room holds nobody of that name.
    pub fn no_such_user(user: &str, room: &str) -> Self {
        Self::new(Code::UserNotFound, format!("User '{user}' not found in room '{room}'"))
    }

    /// Why `user` was not let into `room`.
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

    /// The back end that knows who sits where does not answer.
    pub fn unavailable(error: &Unavailable) -> Self {
        log(error);
        Self::new(Code::Other, "The server cannot look rooms up just now")
    }

    /// The people of the room are on another node, and their media with them.
    pub fn elsewhere(room: &str) -> Self {
        let message = format!("Room '{room}' is on another server; try again over a new connection");
        Self::new(Code::RoomNotFound, message)
    }
}

/// Says in the log that a back end does not answer.
fn log(error: &Unavailable) {
    warn!(error = error as &dyn std::error::Error, "a room of the kurento door could not be looked up");
}

impl From<OpenError> for Refusal {
    fn from(error: OpenError) -> Self {
        let code = match error {
            OpenError::Description(_) => Code::Description,
            OpenError::NotPublished => Code::NotStreaming,
            OpenError::TooMany(_) => Code::Endpoint,
            OpenError::Unavailable => Code::Media,
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

/// Shows its code only: the message may name people.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refusal({:?})", self.code)
    }
}
