//! The sending half of a TCP connection: what the library writes, and the door's frames in between.

use std::{
    cell::RefCell,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{io::AsyncWrite, net::tcp::OwnedWriteHalf};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::frames::{self, FrameTracker};
use crate::{core::ports::connection::DeliverError, protocols::limits::MAX_WAITING_BYTES};

/// Bytes of a frame without its text, at most.
const FRAME_BYTES: usize = 16;

/// Writes the library's bytes, and the door's frames wherever the library is between two of its own.
pub struct InterleavedWriter {
    /// `None` once the connection is over.
    socket: Option<OwnedWriteHalf>,
    /// Bytes that the kernel has taken, in all.
    written: u64,
    /// Where the library is among its frames.
    tracker: FrameTracker,
    /// The door's frames.
    bytes: Vec<u8>,
    /// How many of `bytes` the kernel has taken.
    taken: usize,
    hold: Option<Hold>,
    /// How much more may wait because of one large answer, which the client asked for.
    allowance: usize,
    /// The server's Close frame has been appended; nothing follows it.
    has_closed: bool,
}

/// Frames that wait for a text of the library.
struct Hold {
    /// Offset of the frames in `bytes`.
    from: usize,
    /// How that text begins.
    until: [u8; 2],
}

impl InterleavedWriter {
    /// Writes to `socket`, to which nothing was written yet.
    pub fn new(socket: OwnedWriteHalf) -> Self {
        Self {
            socket: Some(socket),
            written: 0,
            tracker: FrameTracker::default(),
            bytes: Vec::new(),
            taken: 0,
            hold: None,
            allowance: 0,
            has_closed: false,
        }
    }

    /// Appends a frame with the text of about `bytes` bytes that `write` appends.
    pub fn append_text(
        &mut self,
        bytes: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), DeliverError> {
        if self.waiting() > MAX_WAITING_BYTES + self.allowance {
            return Err(DeliverError::TooSlow);
        }
        self.append(|frames| {
            frames.reserve(bytes + FRAME_BYTES);
            frames::append_text(frames, write);
        })
    }

    /// As [`append_text`](Self::append_text), however much is waiting.
    pub fn append_answer(
        &mut self,
        bytes: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), DeliverError> {
        let before = self.bytes.len();
        self.append(|frames| {
            frames.reserve(bytes + FRAME_BYTES);
            frames::append_text(frames, write);
        })?;
        self.allowance += self.bytes.len() - before;
        Ok(())
    }

    /// Appends a ping.
    pub fn append_ping(&mut self) -> Result<(), DeliverError> {
        self.append(frames::append_ping)
    }

    /// Holds back frames appended from now on until the library has written a text that begins with `start`.
    pub fn hold_until(&mut self, start: [u8; 2]) {
        self.hold.get_or_insert(Hold { from: self.bytes.len(), until: start });
    }

    /// Drops frames that wait, and refuses further ones.
    pub fn close(&mut self) {
        if let Some(socket) = self.socket.take() {
            // The stream's other half closes the connection.
            socket.forget();
        }
        self.bytes = Vec::new();
        self.taken = 0;
    }

    /// Bytes that the kernel has taken, in all.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// True once WebSocket is spoken.
    pub const fn has_frames(&self) -> bool {
        self.tracker.has_begun()
    }

    /// Writes the frames that may be written now. Returns whether the kernel took them all.
    pub fn try_write_frames(&mut self) -> io::Result<bool> {
        let done = self.write_frames(|socket, bytes| match socket.try_write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            done => Poll::Ready(done),
        });
        match done {
            Poll::Ready(done) => done.map(|()| true),
            Poll::Pending => Ok(false),
        }
    }

    /// As [`try_write_frames`](Self::try_write_frames), from a task that waits for the rest.
    pub fn poll_frames(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write_frames(|socket, bytes| Pin::new(socket).poll_write(cx, bytes))
    }

    /// True once a Close frame was written, or waits to be.
    pub const fn has_closed(&self) -> bool {
        self.has_closed || self.tracker.has_closed()
    }

    /// Writes for the library, after the frames.
    ///
    /// A Close frame of the library that has no code gets `close_code()`, if there is one.
    pub fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        mut bytes: &[u8],
        close_code: impl FnOnce() -> Option<CloseCode>,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_frames(cx))?;
        if let Some(before) = self.tracker.before_empty_close(bytes)
            && let Some(code) = close_code()
        {
            if before.is_empty() {
                self.append_close(code);
                return Poll::Ready(Ok(bytes.len()));
            }
            bytes = before;
        }
        let Some(socket) = &mut self.socket else { return Poll::Ready(Err(over())) };
        let count = ready!(Pin::new(socket).poll_write(cx, bytes))?;
        self.written += count as u64;
        if self.tracker.follow(&bytes[..count], self.hold.as_ref().map(|hold| hold.until)) {
            self.hold = None;
        }
        Poll::Ready(Ok(count))
    }

    /// Shuts the sending direction down.
    pub fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(socket) = &mut self.socket else { return Poll::Ready(Ok(())) };
        Pin::new(socket).poll_shutdown(cx)
    }

    /// Appends the last frame. Frames that are held back are dropped.
    fn append_close(&mut self, code: CloseCode) {
        if let Some(hold) = self.hold.take() {
            self.bytes.truncate(hold.from.max(self.taken));
        }
        frames::append_close(&mut self.bytes, code);
        self.has_closed = true;
    }

    fn append(&mut self, append: impl FnOnce(&mut Vec<u8>)) -> Result<(), DeliverError> {
        if self.socket.is_none() || self.has_closed() {
            return Err(DeliverError::Closed);
        }
        if self.bytes.capacity() == 0 {
            self.bytes = spare_buffer();
        }
        append(&mut self.bytes);
        Ok(())
    }

    /// Bytes of frames that wait.
    fn waiting(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// The frames that may be written now.
    fn free(&self) -> &[u8] {
        let end = self.hold.as_ref().map_or(self.bytes.len(), |hold| hold.from);
        &self.bytes[self.taken..end.max(self.taken)]
    }

    /// Writes all free frames, unless the library is in the middle of one of its own.
    ///
    /// Then its next write follows them.
    fn write_frames(
        &mut self,
        mut write: impl FnMut(&mut OwnedWriteHalf, &[u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<()>> {
        if self.bytes.is_empty() || !self.tracker.is_between() {
            return Poll::Ready(Ok(()));
        }
        let Some(mut socket) = self.socket.take() else { return Poll::Ready(Err(over())) };
        let mut outcome = Poll::Ready(Ok(()));
        while matches!(outcome, Poll::Ready(Ok(()))) && !self.free().is_empty() {
            outcome = match write(&mut socket, self.free()) {
                Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => {
                    self.taken += count;
                    self.written += count as u64;
                    Poll::Ready(Ok(()))
                }
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Pending => Poll::Pending,
            };
        }
        self.socket = Some(socket);
        self.forget_taken();
        outcome
    }

    /// Drops taken bytes once they are the larger part.
    fn forget_taken(&mut self) {
        let left = self.waiting();
        if left > self.taken {
            return;
        }
        if left > 0 {
            self.bytes.drain(..self.taken);
        } else {
            self.allowance = 0;
            keep_spare(std::mem::take(&mut self.bytes));
        }
        if let Some(hold) = &mut self.hold {
            hold.from -= self.taken;
        }
        self.taken = 0;
    }
}

fn over() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

/// How many empty buffers each thread keeps, and how large. Few connections have frames to write at the same
/// moment, and what they write into is then still in the processor's cache.
const SPARE_BUFFERS: usize = 16;
const SPARE_BYTES: usize = 16 * 1024;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

fn spare_buffer() -> Vec<u8> {
    SPARE.with_borrow_mut(Vec::pop).unwrap_or_default()
}

fn keep_spare(mut buffer: Vec<u8>) {
    SPARE.with_borrow_mut(|spare| {
        if spare.len() < SPARE_BUFFERS && buffer.capacity() <= SPARE_BYTES {
            buffer.clear();
            spare.push(buffer);
        }
    });
}
