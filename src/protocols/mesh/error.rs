//! Refusals of the mesh door: one code each, the same in acks, `error` events and HTTP.

use std::{borrow::Cow, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::NAME;
use crate::{
    core::model::error::{JoinError, Replaced, SaveError, SignalError, Unavailable},
    protocols::{
        admission::NotAdmitted,
        chat_json::{ChatsError, EntryProblem},
        http::{BodyError, json},
        origin::OriginRefused,
        runtime::count_refusal,
        unavailable::log_unavailable,
    },
};

/// Reason of a refusal, for programs. The table in `docs/mesh.md` lists all reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ErrorCode"))]
#[expect(missing_docs, reason = "`docs/mesh.md` says what each means")]
pub enum Code {
    InvalidPayload,
    InvalidField,
    BinaryNotSupported,
    UnknownEvent,
    PayloadTooLarge,
    UnsupportedEncoding,
    ChatsFull,
    IdConflict,
    NotJoined,
    AlreadyJoined,
    WrongRoom,
    PeerNotFound,
    RoomFull,
    Replaced,
    TooManyRequests,
    Unauthorized,
    OriginNotAllowed,
    Unavailable,
    ShuttingDown,
}

impl Code {
    /// All codes.
    pub const ALL: [Self; 19] = [
        Self::InvalidPayload,
        Self::InvalidField,
        Self::BinaryNotSupported,
        Self::UnknownEvent,
        Self::PayloadTooLarge,
        Self::UnsupportedEncoding,
        Self::ChatsFull,
        Self::IdConflict,
        Self::NotJoined,
        Self::AlreadyJoined,
        Self::WrongRoom,
        Self::PeerNotFound,
        Self::RoomFull,
        Self::Replaced,
        Self::TooManyRequests,
        Self::Unauthorized,
        Self::OriginNotAllowed,
        Self::Unavailable,
        Self::ShuttingDown,
    ];

    /// The code's name on the wire.
    pub fn name(self) -> String {
        let name = serde_json::to_value(self).ok();
        name.as_ref().and_then(|name| name.as_str()).unwrap_or_default().to_owned()
    }

    /// The HTTP status of a refusal with this code.
    pub fn status(self) -> StatusCode {
        match self {
            Self::InvalidPayload | Self::InvalidField | Self::BinaryNotSupported | Self::UnknownEvent => {
                StatusCode::BAD_REQUEST
            }
            Self::PayloadTooLarge | Self::ChatsFull => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::IdConflict
            | Self::NotJoined
            | Self::AlreadyJoined
            | Self::WrongRoom
            | Self::RoomFull
            | Self::Replaced => StatusCode::CONFLICT,
            Self::PeerNotFound => StatusCode::NOT_FOUND,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::OriginNotAllowed => StatusCode::FORBIDDEN,
            Self::Unavailable | Self::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Answer to a request that the door does not grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Reason, for programs.
    pub code: Code,
    /// Reason, for people.
    pub message: Cow<'static, str>,
    /// The wrong field of the client's message, if one is wrong.
    pub field: Option<&'static str>,
    /// Time until a seat may be free, in whole seconds, if that is known.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal with `code` and `message`.
    pub const fn new(code: Code, message: &'static str) -> Self {
        Self { code, message: Cow::Borrowed(message), field: None, retry_after: None }
    }

    /// A refusal because of one field.
    pub fn field(field: &'static str, problem: impl std::fmt::Display) -> Self {
        let message = format!("{field} {problem}").into();
        Self { code: Code::InvalidField, message, field: Some(field), retry_after: None }
    }

    /// Time until a seat may be free, in milliseconds.
    pub fn retry_after_ms(&self) -> Option<u64> {
        self.retry_after.map(|time| time.as_secs() * 1_000)
    }
}

/// A refused HTTP request: an [`HttpRefusalBody`], with the status of its code.
pub struct HttpRefusal(Refusal);

/// The body of a refused HTTP request.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HttpRefusalBody<'a> {
    /// Always `false`.
    #[cfg_attr(test, ts(type = "false"))]
    success: bool,
    /// Reason, for people.
    message: &'a str,
    /// Reason, for programs.
    code: Code,
}

impl<E: Into<Refusal>> From<E> for HttpRefusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for HttpRefusal {
    fn into_response(self) -> Response {
        let Refusal { code, message, .. } = &self.0;
        let body = HttpRefusalBody { success: false, message, code: *code };
        let mut response = json(code.status(), &body);
        if *code == Code::Unauthorized {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        count_refusal(NAME, code.name());
        response
    }
}

/// The connection has no seat.
pub const NOT_JOINED: Refusal = Refusal::new(Code::NotJoined, "Join a room first");

/// The mesh door carries text alone.
pub const BINARY_NOT_SUPPORTED: Refusal =
    Refusal::new(Code::BinaryNotSupported, "Events with binary attachments are not supported");

/// An event over [`MAX_EVENT_BYTES`].
pub const PAYLOAD_TOO_LARGE: Refusal =
    Refusal::new(Code::PayloadTooLarge, "An event may have at most 131,072 bytes");

/// The origin of the asking page is not allowed.
pub const NOT_ALLOWED: Refusal = Refusal::new(Code::OriginNotAllowed, "This page may not use this server");

/// No session, or one whose seat is not held. The answer does not tell which.
pub const UNAUTHORIZED: Refusal =
    Refusal::new(Code::Unauthorized, "Only for participants who have a seat in this room");

/// One address opens too many sessions, or leaves too many seats without a connection.
pub const TOO_MANY_ATTEMPTS: Refusal =
    Refusal::new(Code::TooManyRequests, "Too many requests from your address; try again in a moment");

/// All seats of the room are held.
const ROOM_FULL: Refusal = Refusal::new(Code::RoomFull, "Room is full");

/// Another message of the same participant has this id.
pub const ID_CONFLICT: Refusal =
    Refusal::new(Code::IdConflict, "You have sent another message under this id; choose a new one");

/// The other participant has the message, the history has not.
pub const DELIVERED_ONLY: Refusal =
    Refusal::new(Code::ChatsFull, "The message was delivered, but the chat history is full");

/// Too many events of one connection wait, or its address sends too many.
pub const TOO_MANY_REQUESTS: Refusal = Refusal::new(Code::TooManyRequests, "Too much at once");

impl From<OriginRefused> for Refusal {
    fn from(OriginRefused: OriginRefused) -> Self {
        NOT_ALLOWED
    }
}

impl From<NotAdmitted> for Refusal {
    fn from(refusal: NotAdmitted) -> Self {
        match refusal {
            NotAdmitted::ForeignOrigin => NOT_ALLOWED,
            NotAdmitted::TooManyRequests => TOO_MANY_ATTEMPTS,
        }
    }
}

impl From<JoinError> for Refusal {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::RoomFull { retry_after } => Self { retry_after, ..ROOM_FULL },
            JoinError::NameTaken => ROOM_FULL,
            JoinError::TooManyAway => TOO_MANY_ATTEMPTS,
            JoinError::Replaced(replaced) => replaced.into(),
            JoinError::ShuttingDown => Self::new(Code::ShuttingDown, "The server is restarting"),
            JoinError::Unavailable(error) => error.into(),
        }
    }
}

impl From<SignalError> for Refusal {
    fn from(error: SignalError) -> Self {
        match error {
            SignalError::Replaced(replaced) => replaced.into(),
            SignalError::NoSuchParticipant => {
                Self::new(Code::PeerNotFound, "No participant with that id is in your room")
            }
            SignalError::Unavailable => Self::new(
                Code::Unavailable,
                "The other side cannot be reached just now; try again in a moment",
            ),
        }
    }
}

impl From<Replaced> for Refusal {
    fn from(Replaced: Replaced) -> Self {
        Self::new(Code::Replaced, "Your seat was taken over or released")
    }
}

impl From<SaveError> for Refusal {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Full => Self::new(Code::ChatsFull, "The chat history of this appointment is full"),
            SaveError::Unavailable(error) => error.into(),
        }
    }
}

impl From<Unavailable> for Refusal {
    fn from(error: Unavailable) -> Self {
        log_unavailable(NAME, &error);
        Self::new(Code::Unavailable, "Not possible at the moment; try again")
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::new(Code::PayloadTooLarge, "The body is too large"),
            BodyError::Incomplete => Self::new(Code::InvalidPayload, "The body is incomplete"),
            BodyError::Encoded => {
                Self::new(Code::UnsupportedEncoding, "The body has a content coding; send it as it is")
            }
        }
    }
}

impl From<ChatsError> for Refusal {
    fn from(error: ChatsError) -> Self {
        let code = match error {
            ChatsError::TooMany | ChatsError::Entry { problem: EntryProblem::TooLarge, .. } => {
                Code::PayloadTooLarge
            }
            ChatsError::Malformed | ChatsError::Entry { .. } => Code::InvalidPayload,
        };
        Self { code, message: error.to_string().into(), field: None, retry_after: None }
    }
}
