//! A plain WebSocket, for the doors that speak their own JSON over one: framing, pings, limits and an orderly end.
//!
//! [`upgrade`] answers the request. What the door then gets are two halves: a [`Socket`] that takes what is to be
//! sent, without ever waiting, and an [`Incoming`] that gives what came, one message after the other.
//!
//! Source: RFC 6455.

use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header},
};
use futures_util::{
    FutureExt, SinkExt, StreamExt,
    future::BoxFuture,
    stream::{SplitSink, SplitStream},
};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message as Frame, Utf8Bytes,
        handshake::derive_accept_key,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::core::{model::lock::lock, ports::connection::DeliverError};

/// The most bytes that may wait for a client to take them. One that lets more pile up is told that it is too slow.
pub const MAX_WAITING_BYTES: usize = 256 * 1024;

/// How long a client has to take its last words and to answer a close with one of its own, before TCP is closed.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What a frame takes besides its content.
const FRAME_BYTES: usize = 16;

/// How much is read at once: a signal fits, and thousands of quiet connections cost little.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// What a WebSocket may cost, and how its silence is taken.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest message a client may send; a larger one ends the connection with 1009.
    pub max_message_bytes: usize,
    /// How often the client is pinged.
    pub ping_interval: Duration,
    /// How long nothing, not even a pong, may come before the connection is taken for dead. Longer than
    /// `ping_interval`.
    pub max_silence: Duration,
}

/// The request does not ask for a WebSocket, or not properly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request is no WebSocket handshake")]
pub struct NotAHandshake;

/// Opens a WebSocket in answer to `request`, and has `serve` run with it in `tasks`.
///
/// The connection is closed when `serve` is done, or has let go of both halves.
///
/// # Errors
/// [`NotAHandshake`], with nothing done. Source: RFC 6455, section 4.2.1.
pub fn upgrade<F>(
    request: &mut Request,
    limits: Limits,
    tasks: &TaskTracker,
    serve: impl FnOnce(Socket, Incoming) -> F + Send + 'static,
) -> Result<Response<Body>, NotAHandshake>
where
    F: Future<Output = ()> + Send + 'static,
{
    let accept = accept_key(request.method(), request.headers()).ok_or(NotAHandshake)?;
    let on_upgrade = request.extensions_mut().remove::<OnUpgrade>().ok_or(NotAHandshake)?;
    let tracker = tasks.clone();
    tasks.spawn(async move {
        // Fails if the client has gone meanwhile.
        if let Ok(upgraded) = on_upgrade.await {
            let (socket, incoming) = open(upgraded, limits, &tracker).await;
            serve(socket, incoming).await;
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response)
}

/// Whether `request` asks for a WebSocket, properly. [`upgrade`] may still find that it cannot have one.
pub fn is_handshake(request: &Request) -> bool {
    accept_key(request.method(), request.headers()).is_some()
}

fn accept_key(method: &Method, headers: &HeaderMap) -> Option<HeaderValue> {
    let lists = |name: &HeaderName, word: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|token| token.trim().eq_ignore_ascii_case(word))
    };
    let version = headers.get(header::SEC_WEBSOCKET_VERSION)?;
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    let asks = method == Method::GET
        && lists(&header::CONNECTION, "upgrade")
        && lists(&header::UPGRADE, "websocket")
        && version == "13";
    asks.then(|| HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok())?
}

async fn open(upgraded: Upgraded, limits: Limits, tasks: &TaskTracker) -> (Socket, Incoming) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(limits.max_message_bytes))
        .max_frame_size(Some(limits.max_message_bytes))
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0);
    let stream = TokioIo::new(upgraded);
    let stream = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let (sink, stream) = stream.split();
    let socket = Socket(Arc::new(Outgoing::default()));
    let stop = CancellationToken::new();
    let writer = Writer { sink, socket: socket.clone(), ping_interval: limits.ping_interval };
    let writing = writer.run();
    let (stopping, written) = (stop.clone(), Arc::new(Notify::new()));
    let is_written = written.clone();
    tasks.spawn(async move {
        stopping.run_until_cancelled(writing).await;
        is_written.notify_one();
    });
    let incoming = Incoming {
        stream,
        socket: socket.clone(),
        max_silence: limits.max_silence,
        farewell: None,
        written,
        _stops_writer: stop.drop_guard(),
    };
    (socket, incoming)
}

/// The sending half. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Socket(Arc<Outgoing>);

#[derive(Default)]
struct Outgoing {
    state: Mutex<State>,
    /// There is something to send.
    work: Notify,
    /// The end has begun.
    closing: Notify,
    /// Something came from the client.
    heard: Arc<Notify>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Frame>,
    /// Of what waits, and of what is just being written.
    waiting_bytes: usize,
    ping_wanted: bool,
    /// A close frame waits, or was sent; nothing follows it.
    closing: bool,
}

impl Socket {
    /// Has `text` sent after everything before it. Never waits.
    ///
    /// # Errors
    /// - [`DeliverError::TooSlow`]: more than [`MAX_WAITING_BYTES`] would wait. One message may be larger by itself.
    /// - [`DeliverError::Closed`]: the end has begun.
    pub fn send(&self, text: impl Into<Utf8Bytes>) -> Result<(), DeliverError> {
        let frame = Frame::Text(text.into());
        let bytes = weight(&frame);
        let mut state = lock(&self.0.state);
        if state.closing {
            return Err(DeliverError::Closed);
        }
        if state.waiting_bytes > 0 && state.waiting_bytes + bytes > MAX_WAITING_BYTES {
            return Err(DeliverError::TooSlow);
        }
        state.waiting_bytes += bytes;
        state.waiting.push_back(frame);
        drop(state);
        self.0.work.notify_one();
        Ok(())
    }

    /// Ends the connection, after what was sent before if the client takes it within [`CLOSE_TIMEOUT`]. The first
    /// reason given is the one that counts. `reason` may have 123 bytes.
    pub fn close(&self, code: u16, reason: &'static str) {
        let mut state = lock(&self.0.state);
        if state.closing {
            return;
        }
        state.closing = true;
        let frame = CloseFrame { code: CloseCode::from(code), reason: Utf8Bytes::from_static(reason) };
        state.waiting.push_back(Frame::Close(Some(frame)));
        drop(state);
        self.0.work.notify_one();
        self.0.closing.notify_one();
    }

    /// Pings the client; resolves when anything has come from it since this call.
    pub fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        let heard = self.0.heard.clone().notified_owned();
        lock(&self.0.state).ping_wanted = true;
        self.0.work.notify_one();
        heard.boxed()
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("waiting_bytes", &lock(&self.0.state).waiting_bytes)
            .finish_non_exhaustive()
    }
}

fn weight(frame: &Frame) -> usize {
    frame.len() + FRAME_BYTES
}

struct Writer {
    sink: SplitSink<WebSocketStream<TokioIo<Upgraded>>, Frame>,
    socket: Socket,
    ping_interval: Duration,
}

impl Writer {
    /// Sends what there is until a close frame was sent or the connection has failed.
    async fn run(mut self) {
        let mut pings = interval(self.ping_interval);
        pings.reset();
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let outcome = tokio::select! {
                () = self.socket.0.work.notified() => self.send_waiting().await,
                _ = pings.tick() => self.sink.send(Frame::Ping(bytes::Bytes::new())).await.map(|()| false),
            };
            match outcome {
                Ok(false) => {}
                Ok(true) | Err(_) => return,
            }
        }
    }

    /// Returns whether that was the end.
    async fn send_waiting(&mut self) -> Result<bool, Error> {
        let (frames, ping) = {
            let mut state = lock(&self.socket.0.state);
            (std::mem::take(&mut state.waiting), std::mem::take(&mut state.ping_wanted))
        };
        let (mut bytes, mut is_end) = (0, false);
        for frame in frames {
            bytes += if frame.is_close() { 0 } else { weight(&frame) };
            is_end |= frame.is_close();
            self.sink.feed(frame).await?;
        }
        if ping && !is_end {
            self.sink.feed(Frame::Ping(bytes::Bytes::new())).await?;
        }
        self.sink.flush().await?;
        lock(&self.socket.0.state).waiting_bytes -= bytes;
        Ok(is_end)
    }
}

/// What a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A text message, valid UTF-8.
    Text(Utf8Bytes),
    /// A binary message, which no door has a use for; its content is dropped.
    Binary,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The client closed it, and meant to.
    Closed,
    /// It broke, or fell silent, or the client broke the protocol.
    Lost,
    /// This side closed it.
    Ours,
}

/// The receiving half. While nobody asks for the next message nothing is read, and the client has to wait.
pub struct Incoming {
    stream: SplitStream<WebSocketStream<TokioIo<Upgraded>>>,
    socket: Socket,
    max_silence: Duration,
    /// The reason that the client gave when it closed.
    farewell: Option<Utf8Bytes>,
    /// Notified when nothing more is written.
    written: Arc<Notify>,
    /// Ends the writer with this half.
    _stops_writer: DropGuard,
}

impl Incoming {
    /// The next message, or how the connection ended; not to be called again then. When it returns an end, the
    /// client has got what could be got to it.
    pub async fn next(&mut self) -> Result<Message, End> {
        loop {
            let frame = tokio::select! {
                biased;
                () = self.socket.0.closing.notified() => return Err(self.finish(End::Ours).await),
                frame = timeout(self.max_silence, self.stream.next()) => frame,
            };
            if let Ok(Some(Ok(_))) = &frame {
                self.socket.0.heard.notify_waiters();
            }
            match frame {
                Ok(Some(Ok(Frame::Text(text)))) => return Ok(Message::Text(text)),
                Ok(Some(Ok(Frame::Binary(_)))) => return Ok(Message::Binary),
                Ok(Some(Ok(Frame::Close(frame)))) => {
                    self.farewell = frame.map(|frame| frame.reason);
                    // Nothing that is said from here on would arrive.
                    lock(&self.socket.0.state).closing = true;
                    // Reading on sends the answer, and waits for the client to close TCP.
                    let _ = timeout(CLOSE_TIMEOUT, self.stream.next()).await;
                    return Err(End::Closed);
                }
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(error))) => {
                    if self.refuse(&error) {
                        let _ = timeout(CLOSE_TIMEOUT, self.written.notified()).await;
                    }
                    return Err(End::Lost);
                }
                Ok(None) | Err(_) => return Err(End::Lost),
            }
        }
    }

    /// The reason that the client gave when it closed, if it did and gave one.
    pub fn farewell(&self) -> Option<&str> {
        self.farewell.as_deref()
    }

    /// Ends the connection, as [`Socket::close`] does, and returns when that is done: also one that is taken for
    /// lost, whose client may just have been silent.
    pub async fn close(mut self, code: u16, reason: &'static str) {
        self.socket.close(code, reason);
        self.finish(End::Ours).await;
    }

    /// Waits for the client to answer the close; what else it still says is dropped.
    async fn finish(&mut self, end: End) -> End {
        let answered = async {
            self.written.notified().await;
            while let Some(Ok(_)) = self.stream.next().await {}
        };
        let _ = timeout(CLOSE_TIMEOUT, answered).await;
        end
    }

    /// Says what was wrong with what came, if it was anything but the network.
    fn refuse(&self, error: &Error) -> bool {
        let (code, reason) = match error {
            Error::Capacity(_) => (CloseCode::Size, "message too big"),
            Error::Utf8(_) => (CloseCode::Invalid, "not UTF-8"),
            Error::Protocol(_) => (CloseCode::Protocol, "not WebSocket"),
            _ => return false,
        };
        self.socket.close(code.into(), reason);
        true
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}
