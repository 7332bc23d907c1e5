//! The call page, served from inside the binary.

use std::borrow::Cow;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header},
};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Serialize;
use tower_http::compression::CompressionLayer;

use crate::protocols::http::json;

/// What `npm run build` made. In debug builds it is read from the disk at every request.
#[derive(RustEmbed)]
#[folder = "frontend/dist/"]
#[allow_missing = true]
struct Page;

const INDEX: &str = "index.html";

/// Names under here hold a hash of their content.
const HASHED: &str = "assets/";

/// Each folder under here is a page of its own.
const DEMOS: &str = "demos/";

/// What the page may do: talk to its own server, use the camera, and nothing else.
const PAGE_HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; media-src 'self' blob:; \
         style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'self'",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-cache"),
];

#[derive(Serialize)]
struct NotFound {
    success: bool,
    message: &'static str,
    code: &'static str,
}

/// Everything that no door answers.
pub fn router() -> Router {
    Router::new().fallback(serve).layer(CompressionLayer::new())
}

/// Answers whatever no door answers: a file of the page, the page itself for addresses that a person may have
/// typed, or `404`.
async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        return not_found();
    }
    let path = &*file_at(uri.path());
    if let Some(file) = Page::get(path).filter(|_| path != INDEX) {
        return respond(file, path.starts_with(HASHED));
    }
    let wants_page = headers.get(header::ACCEPT).is_some_and(contains_html);
    if path.is_empty() || (wants_page && !path.starts_with("api/") && !path.starts_with(HASHED)) {
        return Page::get(INDEX).map_or_else(not_built, |page| respond(page, false));
    }
    not_found()
}

/// The name of the file at an address: that of a demo is its folder's page.
fn file_at(path: &str) -> Cow<'_, str> {
    let path = path.trim_start_matches('/');
    match path.strip_prefix(DEMOS).map(|demo| demo.trim_end_matches('/')) {
        Some(demo) if !demo.is_empty() && !demo.contains('.') => format!("{DEMOS}{demo}/{INDEX}").into(),
        _ => path.into(),
    }
}

fn contains_html(accept: &HeaderValue) -> bool {
    accept.to_str().is_ok_and(|accept| accept.contains("text/html"))
}

fn respond(file: EmbeddedFile, is_hashed: bool) -> Response<Body> {
    let mime = file.metadata.mimetype().to_owned();
    let mut response = Response::new(Body::from(file.data.into_owned()));
    let headers = response.headers_mut();
    for (name, value) in PAGE_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_hashed {
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        headers.insert(header::CACHE_CONTROL, forever);
    }
    if let Ok(mime) = HeaderValue::try_from(mime) {
        headers.insert(header::CONTENT_TYPE, mime);
    }
    response
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_is_its_folders_page() {
        for (path, file) in [
            ("/", ""),
            ("/room/7", "room/7"),
            ("/demos", "demos"),
            ("/demos/", "demos/"),
            ("/demos/direct", "demos/direct/index.html"),
            ("/demos/direct/", "demos/direct/index.html"),
            ("/demos/direct/main.js", "demos/direct/main.js"),
            ("/demos/demo.css", "demos/demo.css"),
        ] {
            assert_eq!(file_at(path), file, "{path}");
        }
    }
}
