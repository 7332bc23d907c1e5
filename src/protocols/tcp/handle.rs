//! A door's side of a client's TCP connection: signs of life, frames, and the cut.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;
use tokio::{
    io::ReadBuf,
    net::tcp::OwnedWriteHalf,
    sync::{Notify, futures::OwnedNotified},
};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::writer::InterleavedWriter;
use crate::core::{
    delivery::write_batch::{Flush, flush_soon},
    model::lock::lock,
    ports::connection::DeliverError,
};

/// Takes WebSocket frames out of what a client sends, before the library reads.
pub trait InboundFilter: Send {
    /// Filters `bytes`, which follow all that were filtered before.
    ///
    /// Puts the library's next bytes into `library` and returns whether there are any. The bytes after those
    /// are pending until [`filter_pending`](Self::filter_pending).
    ///
    /// # Errors
    /// [`Refused`]: the client may not send this.
    fn filter(&mut self, bytes: &mut [u8], library: &mut ReadBuf<'_>) -> Result<bool, Refused>;

    /// Does [`filter`](Self::filter) for the pending bytes.
    ///
    /// # Errors
    /// As for [`filter`](Self::filter).
    fn filter_pending(&mut self, library: &mut ReadBuf<'_>) -> Result<bool, Refused>;

    /// Resolves when the filter takes more.
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// The code of a Close frame that the library sends without one. `None` if it answers the client's.
    fn close_code(&self) -> Option<CloseCode>;
}

/// A client broke the protocol. The library finds the connection failed, and ends it with a Close frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(pub CloseCode);

/// The door's side of a TCP connection; the library has the [`WatchedStream`](super::WatchedStream).
pub struct TcpHandle {
    /// Notified whenever bytes arrived.
    received: Arc<Notify>,
    cut: AtomicBool,
    /// Nothing more is read: the library ends the connection with a Close frame.
    refused: AtomicBool,
    /// Code of the door for that frame; 0 if the filter knows it.
    close_code: AtomicU16,
    reader: AtomicWaker,
    writer: Mutex<InterleavedWriter>,
    /// Until the stream takes it with the first frame.
    filter: Mutex<Option<Box<dyn InboundFilter>>>,
}

impl TcpHandle {
    /// Resolves with the next bytes that arrive, counted from this call on.
    pub fn next_received(&self) -> OwnedNotified {
        self.received.clone().notified_owned()
    }

    /// Bytes that the kernel has taken for the client, in all.
    pub fn written(&self) -> u64 {
        self.writer().written()
    }

    /// Ends the connection now, without another byte in either direction.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        self.reader.wake();
    }

    /// Sets the code of the Close frame with which the server ends the connection later.
    pub fn close_with(&self, code: CloseCode) {
        self.close_code.store(code.into(), Ordering::Release);
    }

    /// Ends the connection with a Close frame, without reading another byte. Only where a filter is set.
    pub fn refuse(&self, code: CloseCode) {
        self.close_with(code);
        self.refused.store(true, Ordering::Release);
        self.reader.wake();
    }

    /// Sends the text of about `bytes` bytes that `write` appends, after all that was sent here before.
    ///
    /// Only for a connection that speaks WebSocket, or is about to: a text waits for the library's first
    /// frame.
    ///
    /// # Errors
    /// - [`DeliverError::TooSlow`]: more than
    ///   [`MAX_WAITING_BYTES`](crate::protocols::limits::MAX_WAITING_BYTES) wait already.
    /// - [`DeliverError::Closed`]: the connection is over.
    pub fn send_text(
        self: &Arc<Self>,
        bytes: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), DeliverError> {
        self.append(|writer| writer.append_text(bytes, write))
    }

    /// As [`send_text`](Self::send_text), for an answer that the client asked for and that may be large.
    ///
    /// # Errors
    /// [`DeliverError::Closed`]: the connection is over.
    pub fn send_answer(
        self: &Arc<Self>,
        bytes: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), DeliverError> {
        self.append(|writer| writer.append_answer(bytes, write))
    }

    /// Sends a WebSocket ping, which every client answers whatever runs above.
    pub fn ping(self: &Arc<Self>) {
        // A connection that is over answers nothing.
        let _ = self.append(InterleavedWriter::append_ping);
    }

    /// Holds back what is sent from now on until the library has written a text that begins with `start`.
    pub fn hold_until(&self, start: [u8; 2]) {
        self.writer().hold_until(start);
    }

    /// Filters the client's frames with `filter`, from the first one on. To be called before the library has
    /// written its first frame.
    pub fn filter_with(&self, filter: Box<dyn InboundFilter>) {
        *lock(&self.filter) = Some(filter);
    }

    pub(super) fn new(writer: OwnedWriteHalf) -> Self {
        Self {
            received: Arc::default(),
            cut: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            close_code: AtomicU16::new(0),
            reader: AtomicWaker::new(),
            writer: Mutex::new(InterleavedWriter::new(writer)),
            filter: Mutex::default(),
        }
    }

    pub(super) fn take_filter(&self) -> Option<Box<dyn InboundFilter>> {
        lock(&self.filter).take()
    }

    pub(super) fn writer(&self) -> MutexGuard<'_, InterleavedWriter> {
        lock(&self.writer)
    }

    pub(super) const fn reader(&self) -> &AtomicWaker {
        &self.reader
    }

    pub(super) fn notify_received(&self) {
        self.received.notify_waiters();
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    pub(super) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Acquire)
    }

    /// The code that the door has set.
    pub(super) fn close_code(&self) -> Option<CloseCode> {
        Some(self.close_code.load(Ordering::Acquire)).filter(|code| *code != 0).map(CloseCode::from)
    }

    fn append(
        self: &Arc<Self>,
        change: impl FnOnce(&mut InterleavedWriter) -> Result<(), DeliverError>,
    ) -> Result<(), DeliverError> {
        change(&mut self.writer())?;
        flush_soon(self);
        Ok(())
    }
}

impl Flush for TcpHandle {
    /// Writes as much as the kernel takes. The stream's own task writes the rest when the kernel takes more.
    fn flush(&self) {
        let is_done = !self.is_cut() && self.writer().try_write_frames().unwrap_or(false);
        // Errors too are for the stream to find.
        if !is_done {
            self.reader.wake();
        }
    }
}

impl fmt::Debug for TcpHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpHandle").field("written", &self.written()).finish_non_exhaustive()
    }
}
