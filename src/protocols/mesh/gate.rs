//! The gate that every HTTP request to Socket.IO passes.
//!
//! Checks origins and the sessions that an address opens, and notes signs of life.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header, request::Parts},
};
use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use hyper::upgrade::OnUpgrade;
use serde::Deserialize;
use socketioxide::socket::Sid;
use tower::Service;

use super::{
    MAX_PACKET_BYTES, MeshDoor,
    error::{HttpRefusal, TOO_MANY_ATTEMPTS},
    former_protocol,
    inbound::PostedPackets,
    session_end::{SessionEnd, SocketService},
    socket_service::MAX_WAITING_PACKETS,
    transport::Transport,
    upgrade::Upgrade,
};
use crate::{
    core::model::lock::lock,
    protocols::{admission::ClientAddress, http::check_head, tcp::TcpHandle},
};

/// The gate at one path.
pub struct Gate {
    /// The door.
    pub door: Arc<MeshDoor>,
    /// Serves Socket.IO at that path.
    pub service: SocketService,
}

/// Passes a request on to Socket.IO, or refuses it.
pub async fn pass(
    State(gate): State<Arc<Gate>>,
    mut request: Request,
) -> Result<Response<Body>, HttpRefusal> {
    let door = &gate.door;
    door.common.origins.check(&request)?;
    let mut body = std::mem::take(request.body_mut());
    check_head(request.headers(), &mut body, MAX_PACKET_BYTES).await?;
    *request.body_mut() = body;
    let engine = EngineRequest::of(&request);
    let Some(session) = &engine.session else {
        let counts = request.method() != Method::OPTIONS;
        let client = door.common.admission.client(request.headers(), request.extensions());
        if counts && !door.common.admission.admits_session(client) {
            return Err(TOO_MANY_ATTEMPTS.into());
        }
        if former_protocol::is_spoken_by(&request) {
            return Ok(former_protocol::refuse(door, request, engine.websocket));
        }
        return Ok(gate.open(&engine, client, request).await);
    };
    Ok(match session.parse().ok().and_then(|session: Sid| door.transports.get(session)) {
        Some(transport) => gate.serve(transport, &engine, request).await,
        None => gate.call_library(request).await,
    })
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
    async fn open(&self, engine: &EngineRequest, client: ClientAddress, request: Request) -> Response<Body> {
        let tcp = request.extensions().get::<Arc<TcpHandle>>().cloned();
        let path = request.uri().path().to_owned();
        let websocket = tcp.filter(|_| engine.websocket);
        let transport = Arc::new(Transport::new(client, websocket, self.door.direct_path));
        let mut request = slim(request);
        request.extensions_mut().insert(transport.clone());
        let response = self.call_library(request).await;
        if engine.websocket {
            return response;
        }
        // Only the answer holds the session's id.
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        if let Some(session) = session_in(&body) {
            let end = SessionEnd::new(&self.service, &path, session, &self.door.runtime.tasks);
            self.door.transports.list(session, &transport, end);
        }
        Response::from_parts(parts, Body::from(body))
    }

    /// Serves a request of a session that exists.
    async fn serve(
        &self,
        transport: Arc<Transport>,
        engine: &EngineRequest,
        mut request: Request,
    ) -> Response<Body> {
        transport.requested();
        if engine.websocket && engine.is_current_version {
            let upgrade = Upgrade {
                door: self.door.clone(),
                service: self.service.clone(),
                transport: transport.clone(),
            };
            if let Some(response) = upgrade.begin(&mut request) {
                return response;
            }
        }
        match *request.method() {
            Method::GET if !engine.websocket => self.poll(&transport, request).await,
            Method::POST => self.post(&transport, request).await,
            _ => self.call_library(request).await,
        }
    }

    async fn poll(&self, transport: &Transport, request: Request) -> Response<Body> {
        let library = self.call_library(request);
        let answer = match transport.leftover() {
            0 => library.await,
            // Takes what is there. A poll that would wait leaves nothing behind.
            1..MAX_WAITING_PACKETS => library.now_or_never().unwrap_or_default(),
            // Acknowledgements count towards no other limit.
            _ => Response::default(),
        };
        transport.answer_poll(answer).await
    }

    async fn post(&self, transport: &Transport, request: Request) -> Response<Body> {
        let (posted, connecting) = (transport.posted(), transport.connecting());
        let request = request.map(|body| PostedPackets::of(body, posted.clone(), connecting.clone()));
        let mut response = self.call_library(request).await;
        if lock(transport.posted()).is_too_large() {
            *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        }
        response
    }

    async fn call_library(&self, request: Request) -> Response<Body> {
        let Ok(response) = self.service.clone().call(request).await;
        response.map(Body::new)
    }
}

/// The parameters of Engine.IO in the query. Source: Engine.IO protocol v4, "Protocol".
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

/// Copies what the library needs of a request.
///
/// The library keeps the head of the first request for as long as the session lives. Its headers are slices
/// of a 16 KiB read buffer and may be cookies, so the copy has only those that the library reads, and of the
/// extensions only the upgrade to a WebSocket.
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
    // A request that opens or carries a session has only one of the two, and room for one is a sixth of a
    // map's default.
    let mut needed = HeaderMap::with_capacity(1);
    for name in [header::SEC_WEBSOCKET_KEY, header::CONTENT_TYPE] {
        let value = parts.headers.get(&name).and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
        if let Some(value) = value {
            needed.insert(name, value);
        }
    }
    needed
}
