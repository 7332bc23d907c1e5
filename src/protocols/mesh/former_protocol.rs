//! Refuses clients of Socket.IO 1 and 2 with a text that they can read.
//!
//! They speak Engine.IO 3, and take every other answer for a failure of the transport ("xhr poll error").
//! Source: Engine.IO protocol v3; Socket.IO protocol v4, `ERROR`.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::Request,
    http::{Method, Response, StatusCode, header},
};

use super::MeshDoor;
use crate::protocols::websocket::{CloseStatus, Socket, SocketLimits, upgrade};

/// The most bytes of a message of such a client; none is read.
const MAX_MESSAGE_BYTES: usize = 1024;

/// Opens a session, as these clients expect it before an error.
const OPEN: &str = r#"0{"sid":"refused","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#;

/// The Socket.IO packet `ERROR`, with the argument of the client's `error` event.
const ERROR: &str = r#"44"this server speaks Socket.IO 3 and 4 (Engine.IO 4): use socket.io-client 3 or 4""#;

/// Ends the session.
const CLOSE: &str = "1";

/// True if a client opens a session in version 3 of Engine.IO or an earlier one.
pub(super) fn is_spoken_by(request: &Request) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let version = query.split('&').find_map(|pair| pair.strip_prefix("EIO="));
    request.method() == Method::GET && matches!(version, Some("1" | "2" | "3"))
}

/// Answers such a client over its own transport.
pub(super) fn refuse(door: &Arc<MeshDoor>, request: Request, over_websocket: bool) -> Response<Body> {
    if over_websocket {
        let limits = SocketLimits::new(MAX_MESSAGE_BYTES);
        return upgrade(door, request, limits, |_, socket| tell(socket)).unwrap_or_else(|_| polled());
    }
    polled()
}

/// The packets in one answer, each after its length.
fn polled() -> Response<Body> {
    let packets = [OPEN, ERROR, CLOSE].map(|packet| format!("{}:{packet}", packet.len()));
    let mut response = Response::new(Body::from(packets.concat()));
    *response.status_mut() = StatusCode::OK;
    let text = header::HeaderValue::from_static("text/plain; charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}

async fn tell(socket: Socket) {
    let sender = socket.sender();
    // A client that does not even read these loses nothing.
    let _ = sender.send(OPEN).and_then(|()| sender.send(ERROR));
    socket.close(CloseStatus { code: 1002, reason: "Engine.IO 4 is needed" }).await;
}
