//! What every HTTP request to Socket.IO passes: its origin, how many sessions its sender opens, and the bookkeeping
//! that tells a live client from a dead one.

use std::sync::Arc;

use axum::{
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Response, Uri, header, request::Parts},
    middleware::Next,
};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::upgrade::OnUpgrade;
use serde::Deserialize;
use socketioxide::socket::Sid;

use super::{
    MeshDoor,
    error::{NOT_ALLOWED, TOO_MANY_ATTEMPTS},
    http::refusal_response,
    session_end::{SessionEnd, SocketService},
    transport::Transport,
    upgrade::Upgrade,
};
use crate::protocols::{admission::Client, link::Link};

/// The way in at one path.
#[derive(Clone)]
pub struct Gate {
    /// The door.
    pub door: Arc<MeshDoor>,
    /// What serves Socket.IO there.
    pub service: SocketService,
}

/// Lets a request through to Socket.IO, or refuses it.
pub async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response<Body> {
    let door = &gate.door;
    if !door.origins.allows(request.headers()) {
        return refusal_response(&NOT_ALLOWED);
    }
    let engine = EngineRequest::of(&request);
    let Some(session) = &engine.session else {
        let counts = request.method() != Method::OPTIONS;
        let client = door.admission.client(request.headers(), request.extensions());
        if counts && !door.admission.admits_session(client) {
            return refusal_response(&TOO_MANY_ATTEMPTS);
        }
        return gate.open(&engine, client, request, next).await;
    };
    match session.parse().ok().and_then(|session: Sid| door.transports.get(session)) {
        Some(transport) => gate.go_on(transport, &engine, request, next).await,
        None => next.run(request).await,
    }
}

/// The session id in an Engine.IO open packet.
fn session_in(body: &Bytes) -> Option<Sid> {
    #[derive(Deserialize)]
    struct Open<'a> {
        sid: &'a str,
    }
    let open: Open = serde_json::from_slice(body.strip_prefix(b"0")?).ok()?;
    open.sid.parse().ok()
}

impl Gate {
    /// Opens a session.
    async fn open(
        &self,
        engine: &EngineRequest,
        client: Client,
        request: Request,
        next: Next,
    ) -> Response<Body> {
        let link = request.extensions().get::<Arc<Link>>().cloned();
        let path = request.uri().path().to_owned();
        let transport = Arc::new(Transport::new(client, link, engine.websocket));
        let mut request = slim(request);
        request.extensions_mut().insert(transport.clone());
        let response = next.run(request).await;
        if engine.websocket {
            return response;
        }
        // Where the session is to be found from now on is in the answer, and nowhere else.
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        if let Some(session) = session_in(&body) {
            let end = SessionEnd::new(&self.service, &path, session, &self.door.tasks);
            self.door.transports.list(session, &transport, end);
        }
        Response::from_parts(parts, Body::from(body))
    }

    /// Serves a request of a session that is there.
    async fn go_on(
        self,
        transport: Arc<Transport>,
        engine: &EngineRequest,
        mut request: Request,
        next: Next,
    ) -> Response<Body> {
        transport.requested();
        if engine.websocket && engine.is_current_version {
            let upgrade = Upgrade { door: self.door, service: self.service, transport: transport.clone() };
            if let Some(response) = upgrade.begin(&mut request) {
                return response;
            }
        }
        let polls = request.method() == Method::GET && !engine.websocket;
        let response = next.run(request).await;
        if polls {
            transport.answered(response.body().size_hint().lower());
        }
        response
    }
}

/// What Engine.IO has in the query. Source: Engine.IO protocol v4, "Protocol".
struct EngineRequest {
    session: Option<String>,
    websocket: bool,
    is_current_version: bool,
}

impl EngineRequest {
    fn of(request: &Request) -> Self {
        let query = request.uri().query().unwrap_or_default();
        let value_of = |name| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        Self {
            session: value_of("sid").map(str::to_owned),
            websocket: value_of("transport") == Some("websocket") && request.method() == Method::GET,
            is_current_version: value_of("EIO") == Some("4"),
        }
    }
}

/// The library keeps the head of the first request for as long as the session lives. What it holds on to are slices
/// of a 16 KiB read buffer, and may be cookies: it gets fresh copies of the few headers that it reads,
/// and of what routing added nothing but the way to a WebSocket.
fn slim(request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    let mut slim = Request::new(body);
    *slim.method_mut() = parts.method.clone();
    *slim.version_mut() = parts.version;
    *slim.headers_mut() = needed_headers(&parts);
    if let Ok(uri) = parts.uri.to_string().parse::<Uri>() {
        *slim.uri_mut() = uri;
    }
    if let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() {
        slim.extensions_mut().insert(upgrade);
    }
    slim
}

fn needed_headers(parts: &Parts) -> HeaderMap {
    // A request that opens or carries a session has only one of the two, and room for one is a sixth of what a map
    // takes by itself.
    let mut needed = HeaderMap::with_capacity(1);
    for name in [header::SEC_WEBSOCKET_KEY, header::CONTENT_TYPE] {
        let value = parts.headers.get(&name).and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
        if let Some(value) = value {
            needed.insert(name, value);
        }
    }
    needed
}
