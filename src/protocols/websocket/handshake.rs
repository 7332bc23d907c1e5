//! The HTTP side of a WebSocket: checking the request, and answering it with 101 or 426.

use std::{future::Future, sync::Arc};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header},
    response::IntoResponse,
};
use futures_util::StreamExt;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};
use tokio_util::task::TaskTracker;

use super::{Socket, SocketLimits, SocketSender};
use crate::protocols::{door::Door, http::empty};

/// Size of the read buffer: one signal fits, and thousands of quiet connections stay cheap.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// The request is not a valid WebSocket handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request is no WebSocket handshake")]
pub struct NotAHandshake;

impl IntoResponse for NotAHandshake {
    fn into_response(self) -> Response<Body> {
        upgrade_required(Response::default())
    }
}

/// Answers `request` with 101 and runs `serve` with the WebSocket, as a task of `door`.
///
/// The connection is closed when `serve` returns, or has dropped the WebSocket and its senders.
///
/// # Errors
/// [`NotAHandshake`]. Source: RFC 6455, section 4.2.1.
pub fn upgrade<D: Door, F>(
    door: &Arc<D>,
    mut request: Request,
    limits: SocketLimits,
    serve: impl FnOnce(Arc<D>, Socket) -> F + Send + 'static,
) -> Result<Response<Body>, NotAHandshake>
where
    F: Future<Output = ()> + Send + 'static,
{
    let key = handshake_key(request.method(), request.headers()).ok_or(NotAHandshake)?;
    let response = switching_protocols(key);
    let on_upgrade = request.extensions_mut().remove::<OnUpgrade>().ok_or(NotAHandshake)?;
    let serving = door.clone();
    door.runtime().tasks.spawn(async move {
        // Fails if the client has closed TCP meanwhile.
        if let Ok(upgraded) = on_upgrade.await {
            let socket = open(upgraded, limits, &serving.runtime().tasks).await;
            serve(serving, socket).await;
        }
    });
    Ok(response)
}

/// Whether `request` is a WebSocket handshake. [`upgrade`] may still fail: HTTP/2 cannot be upgraded.
pub fn is_handshake(request: &Request) -> bool {
    handshake_key(request.method(), request.headers()).is_some()
}

/// The 101 response to a handshake with this `Sec-WebSocket-Key`. Source: RFC 6455, section 4.2.2.
pub fn switching_protocols(key: &HeaderValue) -> Response<Body> {
    let mut response = empty(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes())).expect("base64 is a header value");
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// Turns `response` into the answer to a plain request for the address of a WebSocket: 426.
///
/// Source: RFC 9110, section 15.5.22; RFC 6455, section 4.2.2.
pub fn upgrade_required(mut response: Response<Body>) -> Response<Body> {
    *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}

/// The `Sec-WebSocket-Key` of a valid handshake.
fn handshake_key<'a>(method: &Method, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
    let lists = |name: &HeaderName, word: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|token| token.trim().eq_ignore_ascii_case(word))
    };
    let version = headers.get(header::SEC_WEBSOCKET_VERSION)?;
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    let is_handshake = method == Method::GET
        && lists(&header::CONNECTION, "upgrade")
        && lists(&header::UPGRADE, "websocket")
        && version == "13";
    is_handshake.then_some(key)
}

async fn open(upgraded: Upgraded, limits: SocketLimits, tasks: &TaskTracker) -> Socket {
    let config = WebSocketConfig::default()
        .max_message_size(Some(limits.max_message_bytes))
        .max_frame_size(Some(limits.max_message_bytes))
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0);
    let stream = TokioIo::new(upgraded);
    let stream = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let (sink, stream) = stream.split();
    let (sender, writing) = SocketSender::open(sink, limits.ping_interval, tasks);
    Socket::new(stream, sender, limits.max_silence, writing)
}
