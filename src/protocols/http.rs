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
    /// The body has a content coding, such as gzip.
    #[error("the body has a content coding, and only identity is read")]
    Encoded,
}

/// The token of `Authorization: Bearer`, empty if it is unreadable.
///
/// Other schemes are for proxies and do not count. Source: RFC 6750, section 2.1.
pub fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let credentials = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or("Bearer");
    let (scheme, token) = credentials.split_once(' ').unwrap_or((credentials, ""));
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// Checks what the head of a request says of its body. A client that waits for `100` gets the refusal
/// instead, and sends no body.
///
/// # Errors
/// The body has a content coding, or the client waits with more than `limit` bytes. Source: RFC 9110,
/// sections 8.4 and 10.1.1.
pub async fn check_head(headers: &HeaderMap, body: &mut Body, limit: usize) -> Result<(), BodyError> {
    // The first read of a body sends the `100`.
    let expected = headers.get(header::EXPECT).map(HeaderValue::as_bytes);
    let waits = expected.is_some_and(|expected| expected.eq_ignore_ascii_case(b"100-continue"));
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if is_encoded(headers) {
        if !waits {
            discard(body, limit).await;
        }
        Err(BodyError::Encoded)
    } else if waits && length.is_some_and(|length| length > limit as u64) {
        Err(BodyError::TooLarge)
    } else {
        Ok(())
    }
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::CONTENT_ENCODING).into_iter();
    let mut codings =
        lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}

/// Reads a body that is refused, up to the bytes that a client may send before it reads the response.
async fn discard(body: &mut Body, limit: usize) {
    let mut size = 0;
    while let Some(Ok(frame)) = body.frame().await
        && size <= limit * DISCARDED_MULTIPLE
    {
        size += frame.data_ref().map_or(0, Bytes::len);
    }
}

/// Reads all of the `body` that follows `headers`, at most `limit` bytes.
///
/// # Errors
/// As [`BodyError`].
pub async fn read_body(headers: &HeaderMap, mut body: Body, limit: usize) -> Result<Bytes, BodyError> {
    check_head(headers, &mut body, limit).await?;
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

/// Makes a response without headers for caching. It says when to try again, and which content coding to use,
/// where that was the problem.
pub fn response(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
    }
    if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    response
}

/// Makes a response without a body.
pub fn empty(status: StatusCode) -> Response<Body> {
    response(status, Body::empty())
}

/// Makes a redirect to a path of this server.
///
/// # Panics
/// The path is no header value; the doors redirect to paths of their own.
pub fn redirect(status: StatusCode, path: &str) -> Response<Body> {
    let mut response = empty(status);
    let location =
        HeaderValue::try_from(path).expect("paths of the server are text without control characters");
    response.headers_mut().insert(header::LOCATION, location);
    response
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
