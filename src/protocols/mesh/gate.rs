//! What every HTTP request to Socket.IO passes: its origin, how many sessions its sender opens, and the bookkeeping
//! that tells a live client from a dead one.

use std::sync::Arc;

use axum::{
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Response, Uri, header, request::Parts},
    middleware::Next,
};
use socketioxide::socket::Sid;

use super::{
    MeshDoor,
    error::{Code, NOT_ALLOWED, Refusal},
    http::refusal_response,
    transport::Transport,
};
use crate::protocols::link::Link;

const TOO_MANY_SESSIONS: Refusal = Refusal::new(Code::TooManyRequests, "Too many new connections");

/// Lets a request through to Socket.IO, or refuses it.
pub async fn gate(State(door): State<Arc<MeshDoor>>, mut request: Request, next: Next) -> Response<Body> {
    if !door.origins.allows(request.headers()) {
        return refusal_response(&NOT_ALLOWED);
    }
    let engine = EngineRequest::of(&request);
    let link = request.extensions().get::<Arc<Link>>().cloned();
    let Some(session) = engine.session else {
        if request.method() != Method::OPTIONS
            && !door.admission.admits(request.headers(), request.extensions())
        {
            return refusal_response(&TOO_MANY_SESSIONS);
        }
        request = slim(request);
        request.extensions_mut().insert(Arc::new(Transport::new(link, engine.websocket)));
        return next.run(request).await;
    };
    let transport = session.parse().ok().and_then(|session: Sid| door.transports.get(session));
    if let Some(transport) = &transport {
        transport.requested();
        if engine.websocket {
            transport.upgraded(link);
        }
    }
    let polls = request.method() == Method::GET && !engine.websocket;
    let response = next.run(request).await;
    if let Some(transport) = transport.filter(|_| polls) {
        transport.answered(response.body().size_hint().lower());
    }
    response
}

/// What Engine.IO has in the query. Source: Engine.IO protocol v4, "Protocol".
struct EngineRequest {
    session: Option<String>,
    websocket: bool,
}

impl EngineRequest {
    fn of(request: &Request) -> Self {
        let query = request.uri().query().unwrap_or_default();
        let value_of = |name| {
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
        };
        Self { session: value_of("sid"), websocket: value_of("transport").is_some_and(|t| t == "websocket") }
    }
}

/// The library keeps the head of the first request for as long as the session lives. What it holds on to are slices
/// of a 16 KiB read buffer, and may be cookies: it gets fresh copies of the few headers that it reads.
fn slim(request: Request) -> Request {
    let (parts, body) = request.into_parts();
    let mut slim = Request::new(body);
    *slim.method_mut() = parts.method.clone();
    *slim.version_mut() = parts.version;
    *slim.headers_mut() = needed_headers(&parts);
    if let Ok(uri) = parts.uri.to_string().parse::<Uri>() {
        *slim.uri_mut() = uri;
    }
    *slim.extensions_mut() = parts.extensions;
    slim
}

fn needed_headers(parts: &Parts) -> HeaderMap {
    let needed = [
        header::CONNECTION,
        header::UPGRADE,
        header::SEC_WEBSOCKET_KEY,
        header::SEC_WEBSOCKET_VERSION,
        header::CONTENT_TYPE,
    ];
    needed
        .into_iter()
        .filter_map(|name| {
            let value = HeaderValue::from_bytes(parts.headers.get(&name)?.as_bytes()).ok()?;
            Some((name, value))
        })
        .collect()
}
