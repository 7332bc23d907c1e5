//! One TCP connection, watched: when the other end was last heard, how much it has taken, whether to cut it off. And a
//! way to send frames of one's own over a WebSocket that a library speaks.

use std::{
    fmt, io,
    mem::MaybeUninit,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use futures_util::task::AtomicWaker;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{Notify, futures::OwnedNotified},
};

use super::{
    arrivals::{Arrivals, Receiver},
    frames::{self, Follower},
};
use crate::core::{outbox::DeliverError, sync::lock};

/// The most bytes of frames that may wait for the other end to take them.
pub const MAX_WAITING_BYTES: usize = 256 * 1024;

/// How much room for frames a connection keeps when none are left: some signals.
const SPARE_BYTES: usize = 1024;

/// How much is read at once: an offer fits, and it is on the stack.
const READ_BYTES: usize = 8 * 1024;

/// How the library's text begins that frames are held back for, see [`Link::hold`]: a connect packet.
/// Source: Socket.IO protocol v5, "Connection to a namespace".
const CONNECT: [u8; 2] = *b"40";

/// What is known about a TCP connection, shared by its stream and by the door that speaks over it.
#[derive(Default)]
pub struct Link {
    /// Notified whenever bytes came from the other end.
    heard: Arc<Notify>,
    written: AtomicU64,
    cut: AtomicBool,
    reader: AtomicWaker,
    frames: Mutex<Frames>,
    /// Who gets the other end's events, once there is somebody.
    receiver: Mutex<Option<Arc<dyn Receiver>>>,
    /// Whether frames are looked at as they arrive.
    spliced: AtomicBool,
    /// Whether there may be frames to write; spares a lock where there are none.
    waiting: AtomicBool,
}

/// Frames of the door's own, which the stream writes between those of the library.
#[derive(Default)]
struct Frames {
    bytes: Vec<u8>,
    /// How many of them were written.
    written: usize,
    /// From where on they wait for the library's next connect packet.
    held_from: Option<usize>,
    /// How much more may wait because one large answer, which the other end asked for, is among them.
    allowance: usize,
    closed: bool,
}

impl Link {
    /// Resolves when the next bytes come from the other end, counted from this call on.
    pub fn next_heard(&self) -> OwnedNotified {
        self.heard.clone().notified_owned()
    }

    /// How many bytes the kernel has taken for the other end, in all.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Ends the connection now, without another byte in either direction.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        self.reader.wake();
    }

    /// Sends the text that `write` appends, after all that was sent before. Only for a connection that speaks
    /// WebSocket, or is about to; what is sent before its first frame waits for that.
    ///
    /// # Errors
    /// More than [`MAX_WAITING_BYTES`] wait already, or the connection is over.
    pub fn send(&self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), DeliverError> {
        self.append(|frames| {
            if frames.unwritten() > MAX_WAITING_BYTES + frames.allowance {
                return Err(DeliverError::TooSlow);
            }
            frames::append_text(&mut frames.bytes, write);
            Ok(())
        })
    }

    /// As [`send`](Self::send), for an answer that the other end asked for and that may be large.
    ///
    /// # Errors
    /// The connection is over.
    pub fn send_answer(&self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), DeliverError> {
        self.append(|frames| {
            let before = frames.bytes.len();
            frames::append_text(&mut frames.bytes, write);
            frames.allowance += frames.bytes.len() - before;
            Ok(())
        })
    }

    /// Sends a WebSocket ping: every client answers it, whatever runs above.
    pub fn ping(&self) {
        // A connection that is over answers nothing.
        let _ = self.append(|frames| {
            frames.bytes.extend(frames::PING);
            Ok(())
        });
    }

    /// Looks at frames as they arrive, from the first one on, for a [`Receiver`] to come.
    pub fn splice(&self) {
        self.spliced.store(true, Ordering::Release);
    }

    /// Gives `receiver` the other end's events from now on, in their order among all that arrives.
    pub fn receive_with(&self, receiver: Arc<dyn Receiver>) {
        let frames = lock(&self.frames);
        // What is over lets go of its receiver; it must not get another one.
        if !frames.closed {
            *lock(&self.receiver) = Some(receiver);
        }
    }

    /// Leaves everything that arrives to the library again.
    pub fn receive_no_more(&self) {
        *lock(&self.receiver) = None;
    }

    /// Holds back what is sent from now on until the library has written a connect packet: it may tell its user of
    /// a connection before it tells the other end.
    pub fn hold(&self) {
        let mut frames = lock(&self.frames);
        let end = frames.bytes.len();
        frames.held_from.get_or_insert(end);
    }

    fn append(
        &self,
        append: impl FnOnce(&mut Frames) -> Result<(), DeliverError>,
    ) -> Result<(), DeliverError> {
        let mut frames = lock(&self.frames);
        if frames.closed {
            return Err(DeliverError::Closed);
        }
        append(&mut frames)?;
        drop(frames);
        self.waiting.store(true, Ordering::Release);
        // The stream is written to by whoever reads it: that task is there for as long as the connection is.
        self.reader.wake();
        Ok(())
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }
}

impl Frames {
    /// How many bytes wait.
    fn unwritten(&self) -> usize {
        self.bytes.len() - self.written
    }

    /// What may be written now.
    fn free(&self) -> &[u8] {
        &self.bytes[self.written..self.held_from.unwrap_or(self.bytes.len()).max(self.written)]
    }

    /// Makes room for what follows once most was written. Returns whether anything is left.
    fn forget_written(&mut self) -> bool {
        let left = self.unwritten();
        if left > self.written {
            return true;
        }
        if left > 0 {
            self.bytes.drain(..self.written);
        } else {
            self.allowance = 0;
            self.bytes.clear();
            self.bytes.shrink_to(SPARE_BYTES);
        }
        self.held_from = self.held_from.map(|from| from - self.written);
        self.written = 0;
        left > 0
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("written", &self.written()).finish_non_exhaustive()
    }
}

/// A stream that keeps its [`Link`] up to date, and something else alive for as long as it lives itself.
pub struct LinkedStream<S, T = ()> {
    stream: S,
    link: Arc<Link>,
    /// What the library writes.
    library: Follower,
    arrivals: Arrivals,
    _kept: T,
}

impl<S, T> LinkedStream<S, T> {
    /// Watches `stream`, and drops `kept` with it.
    pub fn new(stream: S, link: Arc<Link>, kept: T) -> Self {
        Self { stream, link, library: Follower::default(), arrivals: Arrivals::default(), _kept: kept }
    }
}

impl<S: AsyncWrite + Unpin, T> LinkedStream<S, T> {
    /// Writes the link's frames, unless the library is in the middle of one of its own.
    fn poll_frames(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.link.is_cut() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if !self.link.waiting.load(Ordering::Acquire) || !self.library.is_between() {
            return Poll::Ready(Ok(()));
        }
        let mut frames = lock(&self.link.frames);
        let mut outcome = Poll::Ready(Ok(()));
        while outcome.is_ready() && !frames.free().is_empty() {
            outcome = match Pin::new(&mut self.stream).poll_write(cx, frames.free())? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(count) => {
                    frames.written += count;
                    self.link.written.fetch_add(count as u64, Ordering::Relaxed);
                    Poll::Ready(Ok(()))
                }
                Poll::Pending => Poll::Pending,
            };
        }
        let left = frames.forget_written();
        self.link.waiting.store(left, Ordering::Release);
        outcome
    }
}

impl<S: AsyncRead + Unpin, T> LinkedStream<S, T> {
    /// Hands events to the receiver until there is something for the library, or nothing at all.
    ///
    /// The library asks for more only when it is done with all that it got: so what is read here comes after that.
    fn poll_arrivals(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut space = [MaybeUninit::uninit(); READ_BYTES];
        loop {
            let receiver = lock(&self.link.receiver).clone();
            if self.arrivals.sort_left(receiver.as_deref(), buf) {
                return Poll::Ready(Ok(()));
            }
            let mut arrived = ReadBuf::uninit(&mut space);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut arrived))?;
            if arrived.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.link.heard.notify_waiters();
            if self.arrivals.sort(arrived.filled_mut(), receiver.as_deref(), buf) {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, T: Unpin> AsyncRead for LinkedStream<S, T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.link.reader.register(cx.waker());
        if let Poll::Ready(Err(error)) = self.poll_frames(cx) {
            return Poll::Ready(Err(error));
        }
        if self.link.spliced.load(Ordering::Acquire) && self.library.has_begun() {
            return self.poll_arrivals(cx, buf);
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.link.heard.notify_waiters();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin, T: Unpin> AsyncWrite for LinkedStream<S, T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_frames(cx))?;
        let count = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.link.written.fetch_add(count as u64, Ordering::Relaxed);
        if self.library.follow(&buf[..count], CONNECT) {
            lock(&self.link.frames).held_from = None;
        }
        Poll::Ready(Ok(count))
    }

    /// Does not wait for the link's frames, which whoever flushes knows nothing of.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = self.poll_frames(cx)?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = self.poll_frames(cx)?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S, T> Drop for LinkedStream<S, T> {
    fn drop(&mut self) {
        *lock(&self.link.frames) = Frames { closed: true, ..Frames::default() };
        self.link.receive_no_more();
    }
}
