//! The sending half of a WebSocket: a bounded queue, and the task that writes it.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, SinkExt, future::BoxFuture, stream::SplitSink};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message as Frame, Utf8Bytes,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};
use tracing::error;

use super::CloseStatus;
use crate::{
    core::{
        model::{ids::ConnectionId, lock::lock},
        ports::connection::DeliverError,
    },
    protocols::limits::MAX_WAITING_BYTES,
};

/// Bytes that a frame takes in addition to its content.
const FRAME_BYTES: usize = 16;

pub(super) type Sink = SplitSink<WebSocketStream<TokioIo<Upgraded>>, Frame>;

/// The sending half of a WebSocket. Cheap to clone; all clones share one queue.
#[derive(Clone)]
pub struct SocketSender {
    id: ConnectionId,
    queue: Arc<SendQueue>,
}

/// Frames on their way to the writer task.
#[derive(Default)]
struct SendQueue {
    state: Mutex<QueueState>,
    /// Notified when the writer has work.
    work: Notify,
    /// Notified when the server begins to close.
    closing: Notify,
    /// Notified for every frame from the client.
    received: Arc<Notify>,
}

#[derive(Default)]
struct QueueState {
    frames: VecDeque<Frame>,
    /// Size of `frames`, and of the frames that are being written.
    waiting_bytes: usize,
    ping_wanted: bool,
    /// A Close frame is queued or was sent; nothing follows it.
    closing: bool,
}

/// The writer task, as the [`Socket`](super::Socket) sees it. Dropping it stops the task.
pub(super) struct WriterTask {
    /// Notified when the task has ended.
    pub(super) ended: Arc<Notify>,
    _stop: DropGuard,
}

impl SocketSender {
    /// Starts the writer task of `sink` in `tasks`.
    pub(super) fn open(sink: Sink, ping_interval: Duration, tasks: &TaskTracker) -> (Self, WriterTask) {
        let sender = Self { id: ConnectionId::next(), queue: Arc::default() };
        let (stop, ended) = (CancellationToken::new(), Arc::new(Notify::new()));
        let writer = SocketWriter { sink, queue: sender.queue.clone(), ping_interval };
        let (stopped, has_ended) = (stop.clone(), ended.clone());
        tasks.spawn(async move {
            stopped.run_until_cancelled(writer.run()).await;
            has_ended.notify_one();
        });
        (sender, WriterTask { ended, _stop: stop.drop_guard() })
    }

    /// Id of the connection in the core.
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// Queues `text` behind everything queued before. Never blocks.
    ///
    /// # Errors
    /// - [`DeliverError::TooSlow`]: more than [`MAX_WAITING_BYTES`] would wait. A single message may be
    ///   larger.
    /// - [`DeliverError::Closed`]: the connection is closing.
    pub fn send(&self, text: impl Into<Utf8Bytes>) -> Result<(), DeliverError> {
        let frame = Frame::Text(text.into());
        let bytes = weight(&frame);
        let mut state = lock(&self.queue.state);
        if state.closing {
            return Err(DeliverError::Closed);
        }
        if state.waiting_bytes > 0 && state.waiting_bytes + bytes > MAX_WAITING_BYTES {
            return Err(DeliverError::TooSlow);
        }
        state.waiting_bytes += bytes;
        state.frames.push_back(frame);
        drop(state);
        self.queue.work.notify_one();
        Ok(())
    }

    /// As [`send`](Self::send), for the payload of a signal. Drops one that is not text.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn send_payload(&self, payload: &Bytes) -> Result<(), DeliverError> {
        match Utf8Bytes::try_from(payload.clone()) {
            Ok(text) => self.send(text),
            Err(_) => {
                error!("dropped a signal that is not text");
                Ok(())
            }
        }
    }

    /// As [`send`](Self::send); closes the connection with `too_slow` if the client does not read.
    pub fn send_or_close(&self, text: impl Into<Utf8Bytes>, too_slow: CloseStatus) {
        if self.send(text) == Err(DeliverError::TooSlow) {
            self.close(too_slow);
        }
    }

    /// Closes the connection behind all queued messages, if the client reads them within
    /// [`CLOSE_TIMEOUT`](super::CLOSE_TIMEOUT). Only the first call has an effect.
    pub fn close(&self, status: CloseStatus) {
        let mut state = lock(&self.queue.state);
        if state.closing {
            return;
        }
        state.closing = true;
        let reason = Utf8Bytes::from_static(status.reason);
        let frame = CloseFrame { code: CloseCode::from(status.code), reason };
        state.frames.push_back(Frame::Close(Some(frame)));
        drop(state);
        self.queue.work.notify_one();
        self.queue.closing.notify_one();
    }

    /// Pings the client; resolves when any frame from it has arrived since this call.
    pub fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        let received = self.queue.received.clone().notified_owned();
        lock(&self.queue.state).ping_wanted = true;
        self.queue.work.notify_one();
        received.boxed()
    }

    /// Resolves when the server begins to close.
    pub(super) async fn closing(&self) {
        self.queue.closing.notified().await;
    }

    /// Rejects all further messages: the client has closed.
    pub(super) fn refuse_further(&self) {
        lock(&self.queue.state).closing = true;
    }

    /// Resolves every pending [`sign_of_life`](Self::sign_of_life).
    pub(super) fn note_received(&self) {
        self.queue.received.notify_waiters();
    }
}

impl fmt::Debug for SocketSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketSender")
            .field("waiting_bytes", &lock(&self.queue.state).waiting_bytes)
            .finish_non_exhaustive()
    }
}

fn weight(frame: &Frame) -> usize {
    frame.len() + FRAME_BYTES
}

struct SocketWriter {
    sink: Sink,
    queue: Arc<SendQueue>,
    ping_interval: Duration,
}

impl SocketWriter {
    /// Writes frames and pings until a Close frame is written or the connection fails.
    async fn run(mut self) {
        let mut pings = interval(self.ping_interval);
        pings.reset();
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let outcome = tokio::select! {
                () = self.queue.work.notified() => self.write_queued().await,
                _ = pings.tick() => self.sink.send(Frame::Ping(Bytes::new())).await.map(|()| false),
            };
            match outcome {
                Ok(false) => {}
                Ok(true) | Err(_) => return,
            }
        }
    }

    /// Writes everything queued. Returns whether a Close frame was among it.
    async fn write_queued(&mut self) -> Result<bool, Error> {
        let (frames, ping) = {
            let mut state = lock(&self.queue.state);
            (std::mem::take(&mut state.frames), std::mem::take(&mut state.ping_wanted))
        };
        let (mut bytes, mut has_close) = (0, false);
        for frame in frames {
            bytes += if frame.is_close() { 0 } else { weight(&frame) };
            has_close |= frame.is_close();
            self.sink.feed(frame).await?;
        }
        if ping && !has_close {
            self.sink.feed(Frame::Ping(Bytes::new())).await?;
        }
        self.sink.flush().await?;
        lock(&self.queue.state).waiting_bytes -= bytes;
        Ok(has_close)
    }
}
