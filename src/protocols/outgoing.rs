//! The sending half of a connection: what a library writes, and frames of the door's own in between.

use std::{
    cell::RefCell,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{io::AsyncWrite, net::tcp::OwnedWriteHalf};

use super::frames::{self, Follower};
use crate::core::ports::connection::DeliverError;

/// The most bytes of frames that may wait for the other end to take them.
pub const MAX_WAITING_BYTES: usize = 256 * 1024;

/// What a frame takes besides its text.
const FRAME_BYTES: usize = 16;

/// How the library's text begins that frames are held back for, see [`Outgoing::hold`]: a connect packet.
/// Source: Socket.IO protocol v5, "Connection to a namespace".
const CONNECT: [u8; 2] = *b"40";

/// The sending half of a connection, until that is over.
pub struct Outgoing {
    writer: Option<OwnedWriteHalf>,
    /// How many bytes the kernel has taken, in all.
    written: u64,
    /// Where the library is with its frames.
    follower: Follower,
    /// The door's frames.
    bytes: Vec<u8>,
    /// How many of `bytes` the kernel has taken.
    taken: usize,
    /// From where on `bytes` wait for the library's next connect packet.
    held_from: Option<usize>,
    /// How much more may wait because one large answer, which the other end asked for, is among it.
    allowance: usize,
}

impl Outgoing {
    /// Nothing was sent yet.
    pub fn new(writer: OwnedWriteHalf) -> Self {
        Self {
            writer: Some(writer),
            written: 0,
            follower: Follower::default(),
            bytes: Vec::new(),
            taken: 0,
            held_from: None,
            allowance: 0,
        }
    }

    /// Appends a frame with the text, of about `bytes` bytes, that `write` appends.
    pub fn append(&mut self, bytes: usize, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), DeliverError> {
        if self.waiting() > MAX_WAITING_BYTES + self.allowance {
            return Err(DeliverError::TooSlow);
        }
        self.append_any(|frames| {
            frames.reserve(bytes + FRAME_BYTES);
            frames::append_text(frames, write);
        })
    }

    /// As [`append`](Self::append), however much is waiting.
    pub fn append_answer(
        &mut self,
        bytes: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), DeliverError> {
        let before = self.bytes.len();
        self.append_any(|frames| {
            frames.reserve(bytes + FRAME_BYTES);
            frames::append_text(frames, write);
        })?;
        self.allowance += self.bytes.len() - before;
        Ok(())
    }

    /// Appends a ping.
    pub fn append_ping(&mut self) -> Result<(), DeliverError> {
        self.append_any(|frames| frames.extend(frames::PING))
    }

    /// Has what is appended from now on wait until the library has written a connect packet.
    pub fn hold(&mut self) {
        self.held_from.get_or_insert(self.bytes.len());
    }

    /// Ends it. What is left is not sent any more.
    pub fn close(&mut self) {
        if let Some(writer) = self.writer.take() {
            // The connection is closed by whoever has its other half.
            writer.forget();
        }
        self.bytes = Vec::new();
        self.taken = 0;
    }

    /// Whether it is not over.
    pub const fn is_open(&self) -> bool {
        self.writer.is_some()
    }

    /// How many bytes the kernel has taken, in all.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Whether WebSocket is spoken.
    pub const fn has_frames(&self) -> bool {
        self.follower.has_begun()
    }

    /// Writes the frames that may be written now. Returns whether the kernel took them all.
    pub fn try_write_frames(&mut self) -> io::Result<bool> {
        let done = self.write_frames(|writer, bytes| match writer.try_write(bytes) {
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
        self.write_frames(|writer, bytes| Pin::new(writer).poll_write(cx, bytes))
    }

    /// Writes for the library, after the frames.
    pub fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_frames(cx))?;
        let Some(writer) = &mut self.writer else { return Poll::Ready(Err(over())) };
        let count = ready!(Pin::new(writer).poll_write(cx, bytes))?;
        self.written += count as u64;
        if self.follower.follow(&bytes[..count], CONNECT) {
            self.held_from = None;
        }
        Poll::Ready(Ok(count))
    }

    /// Says that nothing more follows.
    pub fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(writer) = &mut self.writer else { return Poll::Ready(Ok(())) };
        Pin::new(writer).poll_shutdown(cx)
    }

    fn append_any(&mut self, append: impl FnOnce(&mut Vec<u8>)) -> Result<(), DeliverError> {
        if !self.is_open() {
            return Err(DeliverError::Closed);
        }
        if self.bytes.capacity() == 0 {
            self.bytes = spare_buffer();
        }
        append(&mut self.bytes);
        Ok(())
    }

    /// How many bytes of frames wait.
    fn waiting(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// The frames that may be written now.
    fn free(&self) -> &[u8] {
        &self.bytes[self.taken..self.held_from.unwrap_or(self.bytes.len()).max(self.taken)]
    }

    /// Writes all free frames, unless the library is in the middle of one of its own: then it will be back.
    fn write_frames(
        &mut self,
        mut write: impl FnMut(&mut OwnedWriteHalf, &[u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<()>> {
        if self.bytes.is_empty() || !self.follower.is_between() {
            return Poll::Ready(Ok(()));
        }
        let Some(mut writer) = self.writer.take() else { return Poll::Ready(Err(over())) };
        let mut outcome = Poll::Ready(Ok(()));
        while matches!(outcome, Poll::Ready(Ok(()))) && !self.free().is_empty() {
            outcome = match write(&mut writer, self.free()) {
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
        self.writer = Some(writer);
        self.forget_taken();
        outcome
    }

    /// Makes room once most was taken.
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
        self.held_from = self.held_from.map(|from| from - self.taken);
        self.taken = 0;
    }
}

fn over() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

/// How many empty buffers each thread keeps, and how large. Few connections have frames to write at the same moment,
/// and what they write into is then still in the processor's cache.
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
