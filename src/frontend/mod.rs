//! The call page, served from inside the binary.

mod html;
mod negotiation;
mod policy;

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Serialize;
use sha2::{Digest, Sha256};

use self::{
    html::Html,
    negotiation::{Coding, accepted_codings, accepts_html, asks_for_html, has_it_already},
    policy::Policy,
};
use crate::protocols::{base_path::BasePath, http::json, proxies::TrustedProxies};

/// The output of `npm run build`, with a compressed twin beside every file that compression makes smaller.
///
/// Debug builds read it from the disk at every request.
#[derive(RustEmbed)]
#[folder = "frontend/dist/"]
#[allow_missing = true]
struct Page;

const INDEX: &str = "index.html";

/// The media type of pages.
const HTML: &str = "text/html";

/// Each path under this prefix is a room of the call page.
const ROOMS: &str = "room/";

/// Paths under this prefix belong to the doors.
const API: &str = "api/";

/// Each folder under this prefix is a page of its own: a demo of one door.
const DEMOS: &str = "demos/";

/// Names under this prefix contain a hash of the file's content.
const HASHED: &str = "assets/";

#[derive(Serialize)]
struct Refused {
    success: bool,
    message: &'static str,
    code: &'static str,
}

/// What the page needs to know of the server.
pub struct Site {
    /// Origins whose pages may show the call page in a frame.
    pub frame_ancestors: Vec<HeaderValue>,
    /// Prefix of the paths that browsers use.
    pub base: BasePath,
    /// Proxies that state the scheme and the host that browsers use.
    pub proxies: Arc<TrustedProxies>,
}

struct Pages {
    policy: Policy,
    html: Html,
}

/// Serves every path that no door answers.
pub fn router(site: Site) -> Router {
    let policy = Policy::new(&site.frame_ancestors);
    let html = Html::new(site.base, site.proxies);
    Router::new().fallback(serve).with_state(Arc::new(Pages { policy, html }))
}

/// True if something is served at `path` whatever the client accepts: a page or a file.
pub fn has(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    is_page(path) || demo_at(path).is_some() || file_at(path).is_some()
}

/// True for the paths of the call page: the first screen and the rooms.
fn is_page(path: &str) -> bool {
    path.is_empty() || path.starts_with(ROOMS)
}

fn file_at(path: &str) -> Option<EmbeddedFile> {
    Page::get(path).filter(|_| path != INDEX && !Coding::is_twin(path))
}

/// The path and the file of the demo at `path`.
fn demo_at(path: &str) -> Option<(String, EmbeddedFile)> {
    let index = format!("{}/{INDEX}", path.trim_end_matches('/'));
    Page::get(&index).filter(|_| path.starts_with(DEMOS)).map(|page| (index, page))
}

/// Answers with a file of the page, with the page itself, or with `404`.
///
/// Addresses that a person may have typed get the page, which says that there is nothing.
async fn serve(State(pages): State<Arc<Pages>>, request: Request) -> Response<Body> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return not_found();
    }
    let path = request.uri().path().trim_start_matches('/');
    if let Some(file) = file_at(path) {
        return pages.respond(path, file, &request);
    }
    if let Some((path, page)) = demo_at(path) {
        return pages.respond(&path, page, &request);
    }
    let is_no_page = [API, DEMOS, HASHED].iter().any(|folder| path.starts_with(folder));
    if is_page(path) && !accepts_html(request.headers()) {
        return not_acceptable();
    }
    if !is_page(path) && (is_no_page || !asks_for_html(request.headers())) {
        return not_found();
    }
    Page::get(INDEX).map_or_else(not_built, |page| pages.respond(INDEX, page, &request))
}

impl Pages {
    fn respond(&self, path: &str, file: EmbeddedFile, request: &Request) -> Response<Body> {
        let mime = file.metadata.mimetype().to_owned();
        let (coding, body, tag) = if mime == HTML {
            let page = self.html.render(&file.data, request.headers(), request.extensions());
            let tag = tag_of(&Sha256::digest(&page));
            (Coding::Identity, page, tag)
        } else {
            let (coding, file) = best_twin(path, request.headers()).unwrap_or((Coding::Identity, file));
            let tag = tag_of(&file.metadata.sha256_hash());
            (coding, bytes_of(file), tag)
        };
        let mut response = Response::new(Body::empty());
        if has_it_already(request.headers(), &tag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            *response.body_mut() = Body::from(body);
            describe(response.headers_mut(), HeaderValue::try_from(mime).ok(), coding);
        }
        let headers = response.headers_mut();
        // Sent with a 304 too: the policy can change while the page does not.
        self.policy.write_to(headers);
        let lasting =
            if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(lasting));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(tag) = HeaderValue::try_from(tag) {
            headers.insert(header::ETAG, tag);
        }
        response
    }
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

/// Makes a strong entity tag from a SHA-256, which differs for each coding of a file. Source: RFC 9110,
/// section 8.8.3.3.
fn tag_of(digest: &[u8]) -> String {
    format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(&digest[..16]))
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
        &Refused { success: false, message: "There is nothing here", code: "not_found" },
    )
}

fn not_acceptable() -> Response<Body> {
    let body = Refused { success: false, message: "This address has a page in HTML", code: "not_acceptable" };
    json(StatusCode::NOT_ACCEPTABLE, &body)
}

fn not_built() -> Response<Body> {
    let mut response =
        Response::new(Body::from("The call page is not built into this server; start it with: make run\n"));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
