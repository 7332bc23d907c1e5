//! The upgrade of a session from long polling to a WebSocket.
//!
//! The library stops the session's polling as soon as the WebSocket is open, and closes the session if
//! nothing arrives over it. Behind a proxy that opens a WebSocket and swallows its frames, which clinics
//! have, no client would stay connected. So the library gets the WebSocket only once the client's probe has
//! come through it. Until then polling continues, and so it does if no probe comes.
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
    http::{Response, Uri, header},
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tower::Service;

use super::{
    MeshDoor,
    session_end::SocketService,
    transport::{Transport, filter_frames},
};
use crate::protocols::{
    tcp::{
        TcpHandle,
        frames::{Start, append_close},
    },
    websocket::switching_protocols,
};

/// How long the probe may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// The packet with which a client probes the WebSocket, and the one with which it upgrades its session.
const PROBE: &[u8; 6] = b"2probe";
const UPGRADE: &[u8; 1] = b"5";

/// Bytes of the head of a masked frame whose content is that short.
const HEAD_BYTES: usize = 6;
const PROBE_FRAME_BYTES: usize = HEAD_BYTES + PROBE.len();
const UPGRADE_FRAME_BYTES: usize = HEAD_BYTES + UPGRADE.len();

/// A session's request to upgrade.
pub struct Upgrade {
    /// The door.
    pub door: Arc<MeshDoor>,
    /// Gets the WebSocket.
    pub service: SocketService,
    /// The session's transport.
    pub transport: Arc<Transport>,
}

impl Upgrade {
    /// Opens the WebSocket, and passes it on once the probe has come. `None`, with nothing done, if the
    /// request is no proper handshake.
    pub fn begin(self, request: &mut Request) -> Option<Response<Body>> {
        let response = switching_protocols(request.headers().get(header::SEC_WEBSOCKET_KEY)?);
        let on_upgrade = request.extensions_mut().remove::<OnUpgrade>()?;
        let tcp = request.extensions().get::<Arc<TcpHandle>>().cloned();
        if let Some(tcp) = &tcp {
            filter_frames(tcp, self.transport.connecting().clone());
        }
        let uri = request.uri().clone();
        let (tasks, stop) = (self.door.runtime.tasks.clone(), self.door.runtime.stop.clone());
        tasks.spawn(async move {
            stop.run_until_cancelled(self.pass_on(on_upgrade, tcp, uri)).await;
        });
        Some(response)
    }

    async fn pass_on(self, on_upgrade: OnUpgrade, tcp: Option<Arc<TcpHandle>>, uri: Uri) {
        let Ok(upgraded) = on_upgrade.await else { return };
        let mut stream = TokioIo::new(upgraded);
        let probe = tokio::time::timeout(PROBE_TIMEOUT, read_probe(&mut stream)).await;
        let Ok(Ok(probe)) = probe else {
            let mut close = Vec::new();
            append_close(&mut close, CloseCode::Protocol);
            // Fails if the client is gone.
            let _ = stream.write_all(&close).await;
            return;
        };
        let mut request = http::Request::new(());
        *request.uri_mut() = uri.clone();
        let mut service = self.service.clone();
        let end = UpgradeEnd { transport: self.transport, tcp, is_upgraded: false };
        let stream = ProbedStream { stream, probe, read: 0, second_frame: Some(Vec::new()), end: Some(end) };
        // The library serves it in a task of its own; an error means that the task did not begin.
        let _ = Service::call(&mut service, (stream, request)).await;
    }
}

/// Reads the client's first frame, which must be a probe.
async fn read_probe(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<[u8; PROBE_FRAME_BYTES]> {
    let mut frame = [0; PROBE_FRAME_BYTES];
    stream.read_exact(&mut frame).await?;
    if holds(frame, PROBE) { Ok(frame) } else { Err(ErrorKind::InvalidData.into()) }
}

/// True if a client's frame holds `text` and nothing else.
fn holds<const N: usize>(mut frame: [u8; N], text: &[u8]) -> bool {
    match Start::read(&frame) {
        Start::Head(start) if start.is_whole_text() && start.frame_bytes() == N as u64 => {
            start.unmask(&mut frame) == Some(text)
        }
        _ => false,
    }
}

/// A WebSocket of which the probe has been read already.
struct ProbedStream<S> {
    stream: S,
    probe: [u8; PROBE_FRAME_BYTES],
    /// How much of the probe the library has read.
    read: usize,
    /// The part of the client's second frame that has arrived, until it is whole.
    second_frame: Option<Vec<u8>>,
    end: Option<UpgradeEnd>,
}

impl<S> ProbedStream<S> {
    /// Finds out from the bytes after the probe whether the session is upgraded.
    fn follow(&mut self, bytes: &[u8]) {
        let Some(frame) = &mut self.second_frame else { return };
        let missing = UPGRADE_FRAME_BYTES - frame.len();
        frame.extend(bytes.iter().take(missing));
        if let Ok(frame) = <[u8; UPGRADE_FRAME_BYTES]>::try_from(&frame[..]) {
            self.second_frame = None;
            if let Some(end) = self.end.as_mut().filter(|_| holds(frame, UPGRADE)) {
                end.is_upgraded = true;
                end.transport.upgraded(end.tcp.take());
            }
        }
    }
}

/// What the end of the WebSocket needs.
struct UpgradeEnd {
    transport: Arc<Transport>,
    tcp: Option<Arc<TcpHandle>>,
    /// The client has sent its upgrade packet.
    is_upgraded: bool,
}

impl<S> Drop for ProbedStream<S> {
    /// Ends a session whose upgrade is not complete, which the library would keep in that state for ever. It
    /// counts as ended by the server.
    fn drop(&mut self) {
        if let Some(end) = self.end.take_if(|end| !end.is_upgraded && !end.transport.has_websocket()) {
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
