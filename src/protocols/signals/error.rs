//! What is refused and how it is said: a status without a body over HTTP, a close frame with a reason over a WebSocket.

use std::error::Error as _;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use tracing::warn;

use crate::{
    core::{
        hub::nodes::by_session::SessionSignalError,
        model::error::{JoinError, SignalError, Unavailable},
    },
    protocols::http::{BodyError, RETRY_AFTER_SECONDS},
};

/// Carries a refusal's code. The document's statuses have several causes each, and its refusals no body.
const CODE_HEADER: HeaderName = HeaderName::from_static("signals-refusal");

/// Why a request was refused. The table in `docs/signals.md` lists them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "`docs/signals.md` says what each means")]
pub enum Refusal {
    NoSuchPath,
    MethodNotAllowed,
    BadCall,
    NotAJoin,
    NoSeat,
    NotSeated,
    BadSignal,
    TooLarge,
    NotAWebSocket,
    TooManyRequests,
    Unavailable,
    ShuttingDown,
}

impl Refusal {
    /// Every refusal there is.
    pub const ALL: [Self; 12] = [
        Self::NoSuchPath,
        Self::MethodNotAllowed,
        Self::BadCall,
        Self::NotAJoin,
        Self::NoSeat,
        Self::NotSeated,
        Self::BadSignal,
        Self::TooLarge,
        Self::NotAWebSocket,
        Self::TooManyRequests,
        Self::Unavailable,
        Self::ShuttingDown,
    ];

    /// What it is called in the header and in metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoSuchPath => "no_such_path",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::BadCall => "bad_call",
            Self::NotAJoin => "not_a_join",
            Self::NoSeat => "no_seat",
            Self::NotSeated => "not_seated",
            Self::BadSignal => "bad_signal",
            Self::TooLarge => "too_large",
            Self::NotAWebSocket => "not_a_websocket",
            Self::TooManyRequests => "too_many_requests",
            Self::Unavailable => "unavailable",
            Self::ShuttingDown => "shutting_down",
        }
    }

    /// The status that goes with it.
    pub fn status(self) -> StatusCode {
        match self {
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadCall | Self::BadSignal | Self::NotAWebSocket => StatusCode::BAD_REQUEST,
            Self::NotAJoin => StatusCode::FORBIDDEN,
            Self::NoSeat | Self::NotSeated => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable | Self::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The answer.
    pub fn response(self) -> Response<Body> {
        let body = if self == Self::NotAWebSocket { Body::from("Bad Request\n") } else { Body::empty() };
        let mut response = Response::new(body);
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CODE_HEADER, HeaderValue::from_static(self.code()));
        if matches!(self, Self::TooManyRequests | Self::Unavailable | Self::ShuttingDown) {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
        }
        response
    }
}

impl From<JoinError> for Refusal {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::RoomFull { .. }
            | JoinError::NameTaken
            | JoinError::TooManyAway
            | JoinError::Replaced(_) => Self::NoSeat,
            JoinError::ShuttingDown => Self::ShuttingDown,
            JoinError::Unavailable(error) => error.into(),
        }
    }
}

impl From<SignalError> for Refusal {
    fn from(error: SignalError) -> Self {
        match error {
            SignalError::Replaced(_) | SignalError::NoSuchParticipant => Self::NotSeated,
            SignalError::Unavailable => Self::Unavailable,
        }
    }
}

impl From<SessionSignalError> for Refusal {
    fn from(error: SessionSignalError) -> Self {
        match error {
            SessionSignalError::NotSeated => Self::NotSeated,
            SessionSignalError::Unavailable(error) => error.into(),
        }
    }
}

impl From<Unavailable> for Refusal {
    fn from(error: Unavailable) -> Self {
        warn!(
            dependency = error.what,
            error = error.source(),
            "a request was refused: a back end is unavailable"
        );
        Self::Unavailable
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::Incomplete => Self::BadSignal,
        }
    }
}

/// Why this side closes a WebSocket, as its close frame has it: a code and a reason.
///
/// Those with 1000 are the original's, but for [`REPLACED`]. Source: RFC 6455, section 7.4.1, for the others.
pub type Goodbye = (u16, &'static str);

/// The first message is no JOIN.
pub const BAD_HANDSHAKE: Goodbye = (1000, "bad handshake");
/// The session proves no seat: it is made up, or has expired.
pub const BAD_SEAT: Goodbye = (1000, "bad seat");
/// No JOIN came in time.
pub const HANDSHAKE_READ_FAILURE: Goodbye = (1000, "handshake read failure");
/// Seats cannot be looked up just now.
pub const BACKEND_FAILURE: Goodbye = (1000, "backend failure");
/// The seat was lost.
pub const SEAT_RENEWAL_FAILURE: Goodbye = (1000, "seat renewal failure");
/// A newer WebSocket, or a newer join, has the seat.
pub const REPLACED: Goodbye = (1000, "replaced by a newer connection");
/// Nothing came for too long.
pub const READER_STOPPING: Goodbye = (1000, "websocket reader stopping");
/// The client does not take what it is sent.
pub const WRITER_STOPPING: Goodbye = (1000, "websocket writer stopping");
/// The server stops; the client may come back.
pub const SERVER_STOPPING: Goodbye = (1001, "server stopping");
/// The client sends more than it may.
pub const TOO_MANY_MESSAGES: Goodbye = (1008, "too many messages");
