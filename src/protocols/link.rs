//! One TCP connection, watched: when the other end was last heard, how much it has taken, whether to cut it off.

use std::{
    fmt, io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use futures_util::task::AtomicWaker;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{Notify, futures::OwnedNotified},
};

/// An unmasked, empty WebSocket ping. Source: RFC 6455, section 5.5.2.
const WEBSOCKET_PING: [u8; 2] = [0x89, 0x00];

/// What is known about a TCP connection, shared by its stream and by the door that speaks over it.
#[derive(Default)]
pub struct Link {
    /// Notified whenever bytes came from the other end.
    heard: Arc<Notify>,
    written: AtomicU64,
    ping_wanted: AtomicBool,
    cut: AtomicBool,
    reader: AtomicWaker,
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

    /// Sends a WebSocket ping after what is written next. Only for a connection that speaks WebSocket: every
    /// client answers it, whatever runs above.
    pub fn ping_after_next_write(&self) {
        self.ping_wanted.store(true, Ordering::Relaxed);
    }

    /// Ends the connection now, without another byte in either direction.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        self.reader.wake();
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
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
    _kept: T,
    /// What is left to send of a ping, once one was begun.
    ping: &'static [u8],
}

impl<S, T> LinkedStream<S, T> {
    /// Watches `stream`, and drops `kept` with it.
    pub fn new(stream: S, link: Arc<Link>, kept: T) -> Self {
        Self { stream, link, _kept: kept, ping: &[] }
    }
}

impl<S: AsyncWrite + Unpin, T> LinkedStream<S, T> {
    fn poll_ping(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.ping.is_empty() {
            let count = ready!(Pin::new(&mut self.stream).poll_write(cx, self.ping))?;
            self.ping = &self.ping[count..];
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin, T: Unpin> AsyncRead for LinkedStream<S, T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.link.reader.register(cx.waker());
        if self.link.is_cut() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
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
        if self.link.is_cut() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        ready!(self.poll_ping(cx))?;
        let count = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.link.written.fetch_add(count as u64, Ordering::Relaxed);
        Poll::Ready(Ok(count))
    }

    /// Whoever writes frames flushes only when the last one is out in full, so this is where a ping fits in.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.link.ping_wanted.swap(false, Ordering::Relaxed) {
            self.ping = &WEBSOCKET_PING;
        }
        ready!(self.poll_ping(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
