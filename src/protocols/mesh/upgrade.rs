//! A session goes over from long polling to WebSocket.
//!
//! The library stops the session's polling as soon as the WebSocket is open, and closes the session if nothing comes
//! over it. Behind a proxy that opens a WebSocket and swallows what is sent over it, which clinics have, nobody
//! would stay connected. So the library gets the WebSocket only once the client's probe has come through it; until
//! then, and if it never does, polling goes on.
//!
//! Source: Engine.IO protocol v4, "Upgrade".

use std::{
    io::{self, ErrorKind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, Response, StatusCode, Uri, header},
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tower::Service;

use super::{MeshDoor, session_end::SocketService, transport::Transport};
use crate::protocols::link::Link;

/// How long the probe may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// What a probe says, in a masked text frame of its own, and what a client says that goes over for good.
const PROBE: &[u8; 6] = b"2probe";
const UPGRADE: &[u8; 1] = b"5";

/// What a masked text frame has before so short a text: its kind, a length, and the mask.
const TEXT: u8 = 0x81;
const MASKED: u8 = 0x80;
const MASK_BYTES: usize = 4;
const HEAD_BYTES: usize = 2 + MASK_BYTES;
const PROBE_FRAME_BYTES: usize = HEAD_BYTES + PROBE.len();
const UPGRADE_FRAME_BYTES: usize = HEAD_BYTES + UPGRADE.len();

/// A session's request to go over to WebSocket.
pub struct Upgrade {
    /// The door.
    pub door: Arc<MeshDoor>,
    /// What is to get the WebSocket.
    pub service: SocketService,
    /// The session's transport.
    pub transport: Arc<Transport>,
}

impl Upgrade {
    /// Opens the WebSocket, and passes it on once the probe has come. `None`, with nothing done, if the request does
    /// not ask for one properly.
    pub fn begin(self, request: &mut Request) -> Option<Response<Body>> {
        let accept = derive_accept_key(request.headers().get(header::SEC_WEBSOCKET_KEY)?.as_bytes());
        let on_upgrade = request.extensions_mut().remove::<OnUpgrade>()?;
        let link = request.extensions().get::<Arc<Link>>().cloned();
        let uri = request.uri().clone();
        let (tasks, stop) = (self.door.tasks.clone(), self.door.stop.clone());
        tasks.spawn(async move {
            stop.run_until_cancelled(self.pass_on(on_upgrade, link, uri)).await;
        });
        Some(switching_protocols(&accept))
    }

    async fn pass_on(self, on_upgrade: OnUpgrade, link: Option<Arc<Link>>, uri: Uri) {
        let Ok(upgraded) = on_upgrade.await else { return };
        let mut stream = TokioIo::new(upgraded);
        let probe = tokio::time::timeout(PROBE_TIMEOUT, read_probe(&mut stream)).await;
        let Ok(Ok(probe)) = probe else { return };
        let mut request = http::Request::new(());
        *request.uri_mut() = uri.clone();
        let mut service = self.service.clone();
        let end = End { transport: self.transport, link, has_taken_over: false };
        let stream = ProbedStream { stream, probe, read: 0, taking_over: Some(Vec::new()), end: Some(end) };
        // It goes on in a task of the library's; an error means that it did not begin.
        let _ = Service::call(&mut service, (stream, request)).await;
    }
}

fn switching_protocols(accept: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

/// Reads the client's first frame, which must be a probe.
async fn read_probe(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<[u8; PROBE_FRAME_BYTES]> {
    let mut frame = [0; PROBE_FRAME_BYTES];
    stream.read_exact(&mut frame).await?;
    if says(&frame, PROBE) { Ok(frame) } else { Err(ErrorKind::InvalidData.into()) }
}

/// Whether a client's frame, which is as long as one that says `text` must be, does so.
fn says(frame: &[u8], text: &[u8]) -> bool {
    let (head, masked) = frame.split_at(HEAD_BYTES - MASK_BYTES);
    let (mask, payload) = masked.split_at(MASK_BYTES);
    let unmasked = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    let is_text = head.first() == Some(&TEXT)
        && head.get(1).is_some_and(|&length| usize::from(length ^ MASKED) == text.len());
    is_text && unmasked.eq(text.iter().copied())
}

/// A WebSocket of which the probe has been read already.
struct ProbedStream<S> {
    stream: S,
    probe: [u8; PROBE_FRAME_BYTES],
    /// How much of the probe was read once more.
    read: usize,
    /// How the client's frame after its probe begins, until all of it is known.
    taking_over: Option<Vec<u8>>,
    end: Option<End>,
}

impl<S> ProbedStream<S> {
    /// Finds out from what is read after the probe whether the session goes over.
    fn follow(&mut self, bytes: &[u8]) {
        let Some(frame) = &mut self.taking_over else { return };
        let missing = UPGRADE_FRAME_BYTES - frame.len();
        frame.extend(bytes.iter().take(missing));
        if frame.len() == UPGRADE_FRAME_BYTES {
            let has_taken_over = says(frame, UPGRADE);
            self.taking_over = None;
            if let Some(end) = self.end.as_mut().filter(|_| has_taken_over) {
                end.has_taken_over = true;
                end.transport.upgraded(end.link.take());
            }
        }
    }
}

/// What is to be done when the WebSocket is over.
struct End {
    transport: Arc<Transport>,
    link: Option<Arc<Link>>,
    /// The client has said that it goes over for good.
    has_taken_over: bool,
}

impl<S> Drop for ProbedStream<S> {
    /// Ends a session that is still in between: the library would keep it there for ever. The server ends it, whatever the
    /// client wants.
    fn drop(&mut self) {
        if let Some(end) = self.end.take_if(|end| !end.has_taken_over && !end.transport.has_websocket()) {
            end.transport.cut();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ProbedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read == PROBE_FRAME_BYTES {
            let before = buf.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
            self.follow(&buf.filled()[before..]);
            return Poll::Ready(Ok(()));
        }
        let rest = &self.probe[self.read..];
        let count = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..count]);
        self.read += count;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ProbedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
