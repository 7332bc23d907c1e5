//! HTTP helpers of all doors: bearer tokens, bounded bodies, uncached responses, and marked refusals.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde::Serialize;

use super::runtime::count_refusal;

/// Seconds after which a client that got `503` or `429` should try again.
pub const RETRY_AFTER_SECONDS: u32 = 2;

/// How many times the allowed size is read and discarded from a body that is too large. A client that is
/// disconnected while it still sends never reads the response.
const DISCARDED_MULTIPLE: usize = 8;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The body has more bytes than allowed.
    #[error("the body is too large")]
    TooLarge,
    /// The body ended early, or paused for too long.
    #[error("the body is incomplete")]
    Incomplete,
}

/// The token of `Authorization: Bearer`, empty if it is unreadable.
///
/// Other schemes are for proxies and do not count. Source: RFC 6750, section 2.1.
pub fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let credentials = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or("Bearer");
    let (scheme, token) = credentials.split_once(' ').unwrap_or((credentials, ""));
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// Reads all of `body`, at most `limit` bytes.
pub async fn read_body(mut body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let mut read = BytesMut::new();
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Incomplete)?.into_data() else { continue };
        size += data.len();
        if size <= limit {
            read.extend_from_slice(&data);
        } else if size <= limit * DISCARDED_MULTIPLE {
            read = BytesMut::new();
        } else {
            break;
        }
    }
    if size <= limit { Ok(read.freeze()) } else { Err(BodyError::TooLarge) }
}

/// Makes a response without headers for caching, with `Retry-After` where the client should try again.
pub fn response(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
    }
    response
}

/// Makes a response without a body.
pub fn empty(status: StatusCode) -> Response<Body> {
    response(status, Body::empty())
}

/// A refusal whose response has no body. It counts itself when it becomes the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmptyRefusal {
    door: &'static str,
    status: StatusCode,
    code: &'static str,
}

impl EmptyRefusal {
    /// A refusal of `door`; `code` stands for it in metrics.
    pub const fn new(door: &'static str, status: StatusCode, code: &'static str) -> Self {
        Self { door, status, code }
    }
}

impl IntoResponse for EmptyRefusal {
    fn into_response(self) -> Response<Body> {
        count_refusal(self.door, self.code);
        empty(self.status)
    }
}

/// Makes a response with `value` as JSON, not to be cached or sniffed.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let body = serde_json::to_vec(value).expect("our own answers are always JSON");
    let mut response = response(status, body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, must-revalidate"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
