//! The call page, served from inside the binary.

mod negotiation;
mod policy;

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Serialize;

use self::{
    negotiation::{Coding, accepted_codings, has_it_already},
    policy::Policy,
};
use crate::protocols::http::json;

/// The output of `npm run build`, with a compressed twin beside every file that compression makes smaller.
///
/// Debug builds read it from the disk at every request.
#[derive(RustEmbed)]
#[folder = "frontend/dist/"]
#[allow_missing = true]
struct Page;

const INDEX: &str = "index.html";

/// Paths under this prefix belong to the doors.
const API: &str = "api/";

/// Each folder under this prefix is a page of its own: a demo of one door.
const DEMOS: &str = "demos/";

/// Names under this prefix contain a hash of the file's content.
const HASHED: &str = "assets/";

#[derive(Serialize)]
struct NotFound {
    success: bool,
    message: &'static str,
    code: &'static str,
}

/// Serves every path that no door answers. Pages of `frame_ancestors` may show the call page in a frame.
pub fn router(frame_ancestors: &[HeaderValue]) -> Router {
    Router::new().fallback(serve).with_state(Arc::new(Policy::new(frame_ancestors)))
}

/// Answers with a file of the page, with the page itself, or with `404`.
///
/// Addresses that a person may have typed get the page.
async fn serve(
    State(policy): State<Arc<Policy>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        return not_found();
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Page::get(path).filter(|_| path != INDEX && !Coding::is_twin(path)) {
        return respond(path, file, &headers, &policy);
    }
    let demo = format!("{}/{INDEX}", path.trim_end_matches('/'));
    if path.starts_with(DEMOS)
        && let Some(page) = Page::get(&demo)
    {
        return respond(&demo, page, &headers, &policy);
    }
    let wants_page = headers.get(header::ACCEPT).is_some_and(contains_html);
    let is_no_page = [API, DEMOS, HASHED].iter().any(|folder| path.starts_with(folder));
    if path.is_empty() || (wants_page && !is_no_page) {
        return Page::get(INDEX).map_or_else(not_built, |page| respond(INDEX, page, &headers, &policy));
    }
    not_found()
}

fn contains_html(accept: &HeaderValue) -> bool {
    accept.to_str().is_ok_and(|accept| accept.contains("text/html"))
}

fn respond(path: &str, file: EmbeddedFile, request: &HeaderMap, policy: &Policy) -> Response<Body> {
    let mime = HeaderValue::try_from(file.metadata.mimetype());
    let (coding, file) = best_twin(path, request).unwrap_or((Coding::Identity, file));
    let tag = tag_of(&file);
    let mut response = Response::new(Body::empty());
    if has_it_already(request, &tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = Body::from(bytes_of(file));
        describe(response.headers_mut(), mime.ok(), coding);
    }
    let headers = response.headers_mut();
    // Sent with a 304 too: the policy can change while the page does not.
    policy.write_to(headers);
    let lasting = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(lasting));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

fn describe(headers: &mut HeaderMap, mime: Option<HeaderValue>, coding: Coding) {
    if let Some(mime) = mime {
        headers.insert(header::CONTENT_TYPE, mime);
    }
    if let Some(name) = coding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
}

/// Finds the compressed twin that the client prefers; `None` if it prefers the file itself, or there is no
/// twin.
fn best_twin(path: &str, request: &HeaderMap) -> Option<(Coding, EmbeddedFile)> {
    let mut codings = accepted_codings(request).into_iter().take_while(|coding| *coding != Coding::Identity);
    codings.find_map(|coding| Some((coding, Page::get(&format!("{path}{}", coding.suffix()))?)))
}

/// Makes a strong entity tag, which differs for each coding of a file. Source: RFC 9110, section 8.8.3.3.
fn tag_of(file: &EmbeddedFile) -> String {
    format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(&file.metadata.sha256_hash()[..16]))
}

fn bytes_of(file: EmbeddedFile) -> Bytes {
    match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    }
}

fn not_found() -> Response<Body> {
    json(
        StatusCode::NOT_FOUND,
        &NotFound { success: false, message: "There is nothing here", code: "not_found" },
    )
}

fn not_built() -> Response<Body> {
    let mut response =
        Response::new(Body::from("The call page is not built into this server; start it with: make run\n"));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
