//! HTTP for all doors: bodies of bounded size, answers that must not be kept.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde::Serialize;

/// After how many seconds a client that was told `503` or `429` should try again.
pub const RETRY_AFTER_SECONDS: u32 = 2;

/// How much of a body that is too large is taken in and thrown away, in multiples of what is allowed: whoever is cut
/// off while still sending never gets to read why.
const DISCARDED_MULTIPLE: usize = 8;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It has more bytes than are allowed.
    #[error("the body is too large")]
    TooLarge,
    /// It broke off, or paused for too long.
    #[error("the body is incomplete")]
    Incomplete,
}

/// All of `body`, which may have `limit` bytes.
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

/// `value` as JSON, not to be cached or sniffed.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let body = serde_json::to_vec(value).expect("our own answers are always JSON");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, must-revalidate"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
    }
    response
}
