//! Refusals of the direct door: a status over HTTP, a Close frame over a WebSocket.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{NAMESPACE, username::UsernameError};
use crate::{
    core::{
        model::error::{JoinError, Unavailable},
        ports::connection::CloseReason,
    },
    protocols::{
        admission::{NotAdmitted, TooManyRequests},
        http::{self, BodyError, json},
        origin::OriginRefused,
        runtime::count_refusal,
        unavailable::log_unavailable,
        websocket::CloseStatus,
    },
};

/// No cookie, or none that proves its name.
pub const UNAUTHENTICATED: CloseStatus = CloseStatus { code: 4000, reason: "UNAUTHENTICATED" };
/// The user is connected, and the older connection stays.
pub const ALREADY_EXISTS: CloseStatus = CloseStatus { code: 4000, reason: "ALREADY_EXISTS" };
/// The user has a newer connection. The client must not reconnect by itself.
pub const REPLACED: CloseStatus = CloseStatus { code: 4001, reason: "REPLACED" };
/// An administrator closed all connections.
pub const KICKED: CloseStatus = CloseStatus { code: 4002, reason: "KICKED" };
/// The server restarts. Source: RFC 6455 registry, 1012 "Service Restart".
pub const SHUTTING_DOWN: CloseStatus = CloseStatus { code: 1012, reason: "SHUTTING_DOWN" };
/// The client does not read its messages. Source: RFC 6455 registry, 1013 "Try Again Later".
pub const TOO_SLOW: CloseStatus = CloseStatus { code: 1013, reason: "TOO_SLOW" };
/// A back end does not answer.
pub const UNAVAILABLE: CloseStatus = CloseStatus { code: 1013, reason: "UNAVAILABLE" };

/// All of them, as `docs/direct.md` lists them.
pub const CLOSE_STATUSES: [CloseStatus; 7] =
    [UNAUTHENTICATED, ALREADY_EXISTS, REPLACED, KICKED, SHUTTING_DOWN, TOO_SLOW, UNAVAILABLE];

/// The status for a connection that the core closes.
pub fn status_of_close(reason: CloseReason) -> CloseStatus {
    match reason {
        CloseReason::Replaced => REPLACED,
        CloseReason::Dismissed => KICKED,
        CloseReason::TooSlow => TOO_SLOW,
        CloseReason::ShuttingDown => SHUTTING_DOWN,
    }
}

/// The status for a user whose seat could not be taken.
pub fn status_of_join(error: JoinError) -> CloseStatus {
    match error {
        JoinError::RoomFull { .. } | JoinError::NameTaken | JoinError::TooManyAway => ALREADY_EXISTS,
        JoinError::Replaced(_) => REPLACED,
        JoinError::ShuttingDown => SHUTTING_DOWN,
        JoinError::Unavailable(error) => {
            log_unavailable(NAMESPACE, &error);
            UNAVAILABLE
        }
    }
}

/// Why an HTTP request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpRefusal {
    /// The body is not a registration.
    InvalidBody,
    /// The body is larger than the longest name needs.
    TooLarge,
    /// The body has a content coding.
    Encoded,
    /// The name is not valid.
    Username(UsernameError),
    /// The name is registered by another browser. Not an error on the wire.
    Taken,
    /// The page has an origin that is not allowed.
    OriginNotAllowed,
    /// The rate limit of the address is used up.
    TooMany,
    /// The client may not close all connections.
    Forbidden,
    /// The path does not have this method.
    MethodNotAllowed,
    /// A back end does not answer.
    Unavailable,
}

/// The answer to a registration. Source: direct document, "POST /v1/register".
#[derive(Serialize)]
pub struct RegistrationAnswer {
    /// `SUCCESS`, or the code of the refusal.
    pub status: &'static str,
    /// Text for users; empty where the status is enough.
    pub message: String,
}

impl HttpRefusal {
    /// The HTTP status, and the code on the wire and in metrics.
    pub fn status(self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidBody | Self::Username(_) => (StatusCode::BAD_REQUEST, "INVALID"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "INVALID"),
            Self::Encoded => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "INVALID"),
            Self::Taken => (StatusCode::OK, "TAKEN"),
            Self::OriginNotAllowed | Self::Forbidden => (StatusCode::FORBIDDEN, "FORBIDDEN"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
        }
    }

    fn message(self) -> String {
        match self {
            Self::InvalidBody => "invalid body".into(),
            Self::TooLarge => "the body is too large".into(),
            Self::Encoded => BodyError::Encoded.to_string(),
            Self::Username(error) => error.to_string(),
            Self::Taken | Self::Forbidden | Self::MethodNotAllowed => String::new(),
            Self::OriginNotAllowed => "this page may not use this server".into(),
            Self::TooMany => "too many requests; try again later".into(),
            Self::Unavailable => "not possible at the moment; try again".into(),
        }
    }
}

impl From<OriginRefused> for HttpRefusal {
    fn from(_: OriginRefused) -> Self {
        Self::OriginNotAllowed
    }
}

impl IntoResponse for HttpRefusal {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        count_refusal(NAMESPACE, code);
        text(status)
    }
}

/// A refused registration: the refusal as an [`RegistrationAnswer`] in JSON.
pub struct RegistrationRefusal(HttpRefusal);

impl<E: Into<HttpRefusal>> From<E> for RegistrationRefusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for RegistrationRefusal {
    fn into_response(self) -> Response {
        let (status, code) = self.0.status();
        count_refusal(NAMESPACE, code);
        json(status, &RegistrationAnswer { status: code, message: self.0.message() })
    }
}

/// A response with the reason phrase of `status` as its text.
pub fn text(status: StatusCode) -> Response {
    plain(status, status.canonical_reason().unwrap_or_default())
}

/// A response with plain text, not to be cached or sniffed.
pub fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = http::response(status, Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

impl From<UsernameError> for HttpRefusal {
    fn from(error: UsernameError) -> Self {
        Self::Username(error)
    }
}

impl From<BodyError> for HttpRefusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::Incomplete => Self::InvalidBody,
            BodyError::Encoded => Self::Encoded,
        }
    }
}

impl From<Unavailable> for HttpRefusal {
    fn from(error: Unavailable) -> Self {
        log_unavailable(NAMESPACE, &error);
        Self::Unavailable
    }
}

impl From<NotAdmitted> for HttpRefusal {
    fn from(refusal: NotAdmitted) -> Self {
        match refusal {
            NotAdmitted::ForeignOrigin => Self::OriginNotAllowed,
            NotAdmitted::TooManyRequests => Self::TooMany,
        }
    }
}

impl From<TooManyRequests> for HttpRefusal {
    fn from(TooManyRequests: TooManyRequests) -> Self {
        Self::TooMany
    }
}
