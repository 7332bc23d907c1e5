//! Refusals of the signals door: a status without a body over HTTP, a Close frame over a WebSocket.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};

use super::NAMESPACE;
use crate::{
    core::{
        hub::nodes::by_session::SessionSignalError,
        model::error::{JoinError, SignalError, Unavailable},
    },
    protocols::{
        admission::TooManyRequests,
        http::{BodyError, response},
        runtime::count_refusal,
        unavailable::log_unavailable,
        websocket::CloseStatus,
    },
};

/// Header with the code of a refusal. A status of the document has several causes, and its refusals have no
/// body.
const CODE_HEADER: HeaderName = HeaderName::from_static("signals-refusal");

/// Why an HTTP request is refused. `docs/signals.md` lists all refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "`docs/signals.md` says what each means")]
pub enum HttpRefusal {
    NoSuchPath,
    MethodNotAllowed,
    BadCall,
    NotAJoin,
    NoSeat,
    NotSeated,
    BadSignal,
    TooLarge,
    UnsupportedEncoding,
    NotAWebSocket,
    TooManyRequests,
    Unavailable,
    ShuttingDown,
}

impl HttpRefusal {
    /// All refusals.
    pub const ALL: [Self; 13] = [
        Self::NoSuchPath,
        Self::MethodNotAllowed,
        Self::BadCall,
        Self::NotAJoin,
        Self::NoSeat,
        Self::NotSeated,
        Self::BadSignal,
        Self::TooLarge,
        Self::UnsupportedEncoding,
        Self::NotAWebSocket,
        Self::TooManyRequests,
        Self::Unavailable,
        Self::ShuttingDown,
    ];

    /// The code in the header and in metrics.
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
            Self::UnsupportedEncoding => "unsupported_encoding",
            Self::NotAWebSocket => "not_a_websocket",
            Self::TooManyRequests => "too_many_requests",
            Self::Unavailable => "unavailable",
            Self::ShuttingDown => "shutting_down",
        }
    }

    /// The HTTP status.
    pub fn status(self) -> StatusCode {
        match self {
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadCall | Self::BadSignal | Self::NotAWebSocket => StatusCode::BAD_REQUEST,
            Self::NotAJoin => StatusCode::FORBIDDEN,
            Self::NoSeat | Self::NotSeated => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable | Self::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for HttpRefusal {
    fn into_response(self) -> Response {
        let body = if self == Self::NotAWebSocket { Body::from("Bad Request\n") } else { Body::empty() };
        let mut response = response(self.status(), body);
        response.headers_mut().insert(CODE_HEADER, HeaderValue::from_static(self.code()));
        count_refusal(NAMESPACE, self.code());
        response
    }
}

impl From<JoinError> for HttpRefusal {
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

impl From<SignalError> for HttpRefusal {
    fn from(error: SignalError) -> Self {
        match error {
            SignalError::Replaced(_) | SignalError::NoSuchParticipant => Self::NotSeated,
            SignalError::Unavailable => Self::Unavailable,
        }
    }
}

impl From<SessionSignalError> for HttpRefusal {
    fn from(error: SessionSignalError) -> Self {
        match error {
            SessionSignalError::NotSeated => Self::NotSeated,
            SessionSignalError::Unavailable(error) => error.into(),
        }
    }
}

impl From<Unavailable> for HttpRefusal {
    fn from(error: Unavailable) -> Self {
        log_unavailable(NAMESPACE, &error);
        Self::Unavailable
    }
}

impl From<BodyError> for HttpRefusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::Incomplete => Self::BadSignal,
            BodyError::Encoded => Self::UnsupportedEncoding,
        }
    }
}

impl From<TooManyRequests> for HttpRefusal {
    fn from(TooManyRequests: TooManyRequests) -> Self {
        Self::TooManyRequests
    }
}

/// Sources: the original for code 1000, except [`REPLACED`]; RFC 6455, section 7.4.1, for the others.
const fn status(code: u16, reason: &'static str) -> CloseStatus {
    CloseStatus { code, reason }
}

/// The first message is no JOIN.
pub const BAD_HANDSHAKE: CloseStatus = status(1000, "bad handshake");
/// The session proves no seat: it is invalid or expired.
pub const BAD_SEAT: CloseStatus = status(1000, "bad seat");
/// No JOIN arrived in time.
pub const HANDSHAKE_READ_FAILURE: CloseStatus = status(1000, "handshake read failure");
/// The seat registry is unavailable.
pub const BACKEND_FAILURE: CloseStatus = status(1000, "backend failure");
/// The lease of the seat has ended.
pub const SEAT_RENEWAL_FAILURE: CloseStatus = status(1000, "seat renewal failure");
/// A newer WebSocket, or a newer join, has the seat.
pub const REPLACED: CloseStatus = status(1000, "replaced by a newer connection");
/// The client was silent for too long.
pub const READER_STOPPING: CloseStatus = status(1000, "websocket reader stopping");
/// The client does not read its messages.
pub const WRITER_STOPPING: CloseStatus = status(1000, "websocket writer stopping");
/// The server stops; the client may reconnect.
pub const SERVER_STOPPING: CloseStatus = status(1001, "server stopping");
/// The client sends more than its rate limit allows.
pub const TOO_MANY_MESSAGES: CloseStatus = status(1008, "too many messages");
