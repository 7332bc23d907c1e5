//! The packets in a posted body of long polling.
//!
//! Source: Engine.IO protocol v4, "Packet encoding".

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
};

use axum::body::Body;
use bytes::{Buf, Bytes};
use hyper::body::{Body as HttpBody, Frame};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{Connecting, MAX_EVENT_BYTES, MAX_PACKET_BYTES, Outcome, Packets, START_BYTES, asks_to_connect};
use crate::core::model::lock::lock;

/// Separates the packets of a body.
const SEPARATOR: u8 = 0x1e;

/// A body without the packets that the library does not get.
pub struct PostedPackets {
    body: Body,
    packets: Arc<Mutex<Packets>>,
    connecting: Arc<Connecting>,
    /// Bytes of the body that were not read yet.
    unread: Bytes,
    /// The present packet, or the first part of a large one.
    kept: Vec<u8>,
    /// Bytes of the present packet.
    bytes: usize,
    /// Bytes of the body.
    total: usize,
    is_over: bool,
}

impl PostedPackets {
    /// Reads `body`, which follows all bodies that were read with `packets` before.
    pub fn of(body: Body, packets: Arc<Mutex<Packets>>, connecting: Arc<Connecting>) -> Body {
        let (unread, kept, bytes, total) = (Bytes::new(), Vec::new(), 0, 0);
        Body::new(Self { body, packets, connecting, unread, kept, bytes, total, is_over: false })
    }

    /// Reads the bytes that the body had next. Appends the library's packets to `out`.
    ///
    /// Before the session is connected, that is one packet: the library takes a body's next bytes before it
    /// has handled the ones that it has.
    fn read(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let is_connected = self.connecting.is_answered();
        while !self.unread.is_empty() && (is_connected || out.is_empty()) {
            let end = self.unread.iter().position(|byte| *byte == SEPARATOR);
            let part = self.unread.split_to(end.unwrap_or(self.unread.len()));
            self.bytes = self.bytes.saturating_add(part.len());
            let limit = if self.is_large() { START_BYTES } else { MAX_EVENT_BYTES };
            self.kept.truncate(limit);
            let count = part.len().min(limit - self.kept.len());
            self.kept.extend_from_slice(&part[..count]);
            if end.is_some() {
                self.unread.advance(1);
                if self.end_packet(out)? {
                    out.push(SEPARATOR);
                }
            }
        }
        Ok(())
    }

    /// Takes the next bytes of the body.
    fn take(&mut self, data: Bytes) -> io::Result<()> {
        self.total = self.total.saturating_add(data.len());
        self.unread = data;
        if self.total > MAX_PACKET_BYTES { Err(self.refuse(CloseCode::Size)) } else { Ok(()) }
    }

    const fn is_large(&self) -> bool {
        self.bytes > MAX_EVENT_BYTES
    }

    /// Returns whether the library gets the packet.
    fn end_packet(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let (kept, bytes, is_large) = (std::mem::take(&mut self.kept), self.bytes, self.is_large());
        self.bytes = 0;
        let mut packets = lock(&self.packets);
        let outcome = if kept.first() == Some(&b'b') {
            packets.binary(decoded_bytes(bytes))
        } else if is_large {
            packets.large(&kept)
        } else {
            std::str::from_utf8(&kept).map_or(Outcome::Library, |packet| packets.text(packet))
        };
        drop(packets);
        match outcome {
            Outcome::Event { .. } | Outcome::Library => self.pass(&kept, out),
            Outcome::Replaced(packet) => self.pass(packet.as_bytes(), out),
            Outcome::Dropped => return Ok(false),
            Outcome::Violation(code) => return Err(self.refuse(code)),
        }
        Ok(true)
    }

    fn refuse(&self, code: CloseCode) -> io::Error {
        lock(&self.packets).is_too_large |= code == CloseCode::Size;
        io::ErrorKind::InvalidData.into()
    }

    fn pass(&self, packet: &[u8], out: &mut Vec<u8>) {
        if std::str::from_utf8(packet).is_ok_and(asks_to_connect) {
            self.connecting.ask();
        }
        out.extend_from_slice(packet);
    }
}

/// Bytes of an attachment in that much text: a letter, then base64.
const fn decoded_bytes(text: usize) -> u64 {
    (text.saturating_sub(1) as u64) / 4 * 3
}

impl HttpBody for PostedPackets {
    type Data = Bytes;
    type Error = axum::BoxError;

    /// An error ends the session: the library takes it for a failed request.
    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        while !self.is_over {
            ready!(self.connecting.poll_readable(cx));
            let mut out = Vec::new();
            if self.unread.is_empty() {
                match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                    Some(frame) => {
                        if let Ok(data) = frame?.into_data() {
                            self.take(data)?;
                        }
                    }
                    None => {
                        self.is_over = true;
                        if self.bytes > 0 {
                            self.end_packet(&mut out)?;
                        }
                    }
                }
            }
            self.read(&mut out)?;
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out.into()))));
            }
        }
        Poll::Ready(None)
    }
}

impl fmt::Debug for PostedPackets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostedPackets").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
