//! Paths and methods of the signals door, and the CORS headers of its responses.
//!
//! Source: signals document, "Endpoints".

use std::{future::ready, sync::Arc};

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::map_response,
    response::Response,
    routing::{self, MethodRouter},
};

use super::{SignalsDoor, http};

const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static("Cache-Control, Content-Type, User-Agent");

/// The routes.
pub fn router(door: Arc<SignalsDoor>) -> Router {
    let any_method = |handler: MethodRouter<Arc<SignalsDoor>>| with_headers(handler, &door, &Method::GET);
    Router::new()
        .route("/call", any_method(routing::any(http::redirect_to_calls)))
        .route("/call/", any_method(routing::any(http::no_such_path)))
        .route("/call/{*call}", endpoint(routing::get(http::join), &door, &Method::GET))
        .route("/ws", endpoint(routing::get(http::connect), &door, &Method::GET))
        .route("/signal", endpoint(routing::post(http::publish), &door, &Method::POST))
        .with_state(door)
}

/// Adds what every endpoint has: OPTIONS, a refusal of other methods, and headers.
fn endpoint(
    handler: MethodRouter<Arc<SignalsDoor>>,
    door: &SignalsDoor,
    method: &Method,
) -> MethodRouter<Arc<SignalsDoor>> {
    let handler = handler.options(http::options).head(http::method_not_allowed);
    with_headers(handler.fallback(http::method_not_allowed), door, method)
}

/// Adds the CORS headers and the ban on caching to every response of an endpoint for `method`.
fn with_headers(
    handler: MethodRouter<Arc<SignalsDoor>>,
    door: &SignalsDoor,
    method: &Method,
) -> MethodRouter<Arc<SignalsDoor>> {
    let methods =
        HeaderValue::from_static(if method == Method::GET { "GET, OPTIONS" } else { "OPTIONS, POST" });
    let headers: [(HeaderName, HeaderValue); 6] = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, door.origin.clone()),
        (header::ACCESS_CONTROL_ALLOW_METHODS, methods.clone()),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, ALLOWED_HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("60")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    handler.layer(map_response(move |mut response: Response| {
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, methods.clone());
        }
        for (name, value) in &headers {
            response.headers_mut().insert(name, value.clone());
        }
        ready(response)
    }))
}
