//! The frames of one WebSocket. The door takes its events out of them; everything else goes to the library,
//! in order.

use std::{
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use tokio::io::ReadBuf;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{
    Connecting, MAX_EVENT_BYTES, MAX_PACKET_BYTES, Outcome, Packets, START_BYTES, asks_to_connect,
    parse_event,
};
use crate::{
    core::model::lock::lock,
    protocols::tcp::{
        InboundFilter, Refused,
        frames::{FrameStart, Kind, Start, append_masked_text, unmask},
    },
};

/// Gets a client's events, before the library reads what follows them.
pub trait EventReceiver: Send + Sync {
    /// Receives an event of the namespace `/`.
    ///
    /// `arguments` begin like a JSON array. `ack` is the id under which the client wants the event
    /// acknowledged.
    fn receive(&self, arguments: &str, ack: Option<i64>);
}

/// Where the filter of a connection finds its receiver.
#[derive(Default)]
pub struct Inbox(Mutex<InboxState>);

#[derive(Default)]
struct InboxState {
    receiver: Option<Arc<dyn EventReceiver>>,
    /// The connection is over.
    is_closed: bool,
}

impl Inbox {
    /// Gives events to `receiver` from now on, unless the connection is over: a receiver owns what owns the
    /// inbox.
    pub fn open(&self, receiver: Arc<dyn EventReceiver>) {
        let mut state = lock(&self.0);
        if !state.is_closed {
            state.receiver = Some(receiver);
        }
    }

    /// Leaves all further events to the library.
    pub fn leave_to_library(&self) {
        lock(&self.0).receiver = None;
    }

    fn receiver(&self) -> Option<Arc<dyn EventReceiver>> {
        lock(&self.0).receiver.clone()
    }

    fn close(&self) {
        *lock(&self.0) = InboxState { receiver: None, is_closed: true };
    }
}

/// The filter of one connection.
pub struct FrameFilter {
    inbox: Arc<Inbox>,
    packets: Packets,
    /// Until nothing is held back any more.
    connecting: Option<Arc<Connecting>>,
    /// Bytes that follow what the library got last.
    pending: Vec<u8>,
    /// How many further bytes of the present frame are the library's.
    passing: u64,
    /// The present message, unless it is a text in one frame.
    message: Option<Box<Message>>,
    /// Frames for the library that take the place of the client's.
    made: Vec<u8>,
    close_code: Option<CloseCode>,
}

/// A message in several frames, or too large to be kept, or binary.
#[derive(Default)]
struct Message {
    is_text: bool,
    /// Bytes of all frames so far.
    bytes: u64,
    /// The text, or the first part of a large one.
    kept: Vec<u8>,
    frame: Option<Content>,
}

/// The content of a frame that is being read.
struct Content {
    left: u64,
    mask: [u8; 4],
    is_final: bool,
}

impl FrameFilter {
    /// A filter that gives events to the receiver of `inbox`, and to the library if there is none.
    pub fn new(inbox: Arc<Inbox>, connecting: Arc<Connecting>) -> Self {
        Self {
            inbox,
            packets: Packets::default(),
            connecting: Some(connecting),
            pending: Vec::new(),
            passing: 0,
            message: None,
            made: Vec::new(),
            close_code: Some(CloseCode::Protocol),
        }
    }

    /// Filters `bytes` until the library has some. Returns how many of them are dealt with.
    fn filter_all(&mut self, bytes: &mut [u8], library: &mut ReadBuf<'_>) -> Result<usize, Refused> {
        let receiver = self.inbox.receiver();
        let receiver = receiver.as_deref();
        let mut done = 0;
        loop {
            if !self.made.is_empty() {
                let count = self.made.len().min(library.remaining());
                library.put_slice(&self.made[..count]);
                self.made.drain(..count);
                return Ok(done);
            }
            let rest = &mut bytes[done..];
            if self.passing > 0 {
                let passing = usize::try_from(self.passing).unwrap_or(usize::MAX);
                let count = rest.len().min(library.remaining()).min(passing);
                library.put_slice(&rest[..count]);
                self.passing -= count as u64;
                return Ok(done + count);
            }
            if let Some(content) = self.message.as_mut().and_then(|message| message.frame.take()) {
                done += self.read_content(content, rest, receiver)?;
                if self.message.as_ref().is_some_and(|message| message.frame.is_some()) {
                    return Ok(done);
                }
                continue;
            }
            if self.is_connecting() {
                return Ok(done);
            }
            match Start::read(rest) {
                Start::Head(frame) => match self.read_frame(&frame, rest, receiver)? {
                    Some(count) => done += count,
                    None => return Ok(done),
                },
                Start::Incomplete => return Ok(done),
                Start::Invalid => return Err(Refused(CloseCode::Protocol)),
            }
        }
    }

    fn is_connecting(&mut self) -> bool {
        self.connecting.take_if(|connecting| connecting.is_answered());
        self.connecting.as_ref().is_some_and(|connecting| connecting.is_asked())
    }

    /// Reads a frame that `bytes` begin with, or its head. Returns how much of it is dealt with; `None` if
    /// more is needed.
    fn read_frame(
        &mut self,
        frame: &FrameStart,
        bytes: &mut [u8],
        receiver: Option<&dyn EventReceiver>,
    ) -> Result<Option<usize>, Refused> {
        let is_small = frame.content_bytes <= MAX_EVENT_BYTES as u64;
        if frame.is_whole_text() && is_small && self.message.is_none() {
            let count = usize::try_from(frame.frame_bytes()).ok().filter(|count| *count <= bytes.len());
            let Some(count) = count else { return Ok(None) };
            return self.read_text(frame, &mut bytes[..count], receiver).map(Some);
        }
        let (mask, is_final) = match frame.kind() {
            Some(Kind::Control { is_close }) => {
                if is_close {
                    let count = usize::try_from(frame.frame_bytes()).unwrap_or(usize::MAX);
                    let Some(bytes) = bytes.get_mut(..count) else { return Ok(None) };
                    check_close(frame.unmask(bytes).unwrap_or_default())?;
                    frame.unmask(bytes);
                    self.close_code = None;
                }
                self.passing = frame.frame_bytes();
                return Ok(Some(0));
            }
            Some(Kind::Start { is_text, mask, is_final }) if self.message.is_none() => {
                self.message = Some(Box::new(Message { is_text, ..Message::default() }));
                (mask, is_final)
            }
            Some(Kind::Continuation { mask, is_final }) => (mask, is_final),
            _ => return Err(Refused(CloseCode::Protocol)),
        };
        let message = self.message.as_mut().ok_or(Refused(CloseCode::Protocol))?;
        message.bytes = message.bytes.saturating_add(frame.content_bytes);
        if message.bytes > MAX_PACKET_BYTES as u64 {
            return Err(Refused(CloseCode::Size));
        }
        message.frame = Some(Content { left: frame.content_bytes, mask, is_final });
        Ok(Some(frame.head_bytes))
    }

    /// Reads a text in one frame. Returns how much of it is dealt with: nothing, if it is the library's.
    fn read_text(
        &mut self,
        frame: &FrameStart,
        bytes: &mut [u8],
        receiver: Option<&dyn EventReceiver>,
    ) -> Result<usize, Refused> {
        let text = frame.unmask(bytes).ok_or(Refused(CloseCode::Protocol))?;
        let text = std::str::from_utf8(text).map_err(|_| Refused(CloseCode::Invalid))?;
        match (self.packets.text(text), receiver) {
            (Outcome::Event { arguments, ack }, Some(receiver)) => receiver.receive(arguments, ack),
            (Outcome::Event { .. } | Outcome::Library, _) => {
                self.note_for_library(text);
                frame.unmask(bytes);
                self.passing = frame.frame_bytes();
                return Ok(0);
            }
            (outcome, _) => self.follow(outcome, receiver)?,
        }
        Ok(bytes.len())
    }

    /// Reads the content of a frame. Returns how much of it is dealt with.
    fn read_content(
        &mut self,
        mut content: Content,
        bytes: &mut [u8],
        receiver: Option<&dyn EventReceiver>,
    ) -> Result<usize, Refused> {
        let Some(message) = &mut self.message else { return Ok(0) };
        let count = usize::try_from(content.left).unwrap_or(usize::MAX).min(bytes.len());
        message.keep(&mut bytes[..count], content.mask);
        content.left -= count as u64;
        content.mask.rotate_left(count % 4);
        if content.left > 0 {
            message.frame = Some(content);
        } else if content.is_final
            && let Some(message) = self.message.take()
        {
            self.read_message(&message, receiver)?;
        }
        Ok(count)
    }

    fn read_message(
        &mut self,
        message: &Message,
        receiver: Option<&dyn EventReceiver>,
    ) -> Result<(), Refused> {
        if !message.is_text {
            let outcome = self.packets.binary(message.bytes);
            return self.follow(outcome, receiver);
        }
        if message.is_large() {
            let outcome = self.packets.large(&message.kept);
            return self.follow(outcome, receiver);
        }
        let text = std::str::from_utf8(&message.kept).map_err(|_| Refused(CloseCode::Invalid))?;
        match (self.packets.text(text), receiver) {
            (Outcome::Event { arguments, ack }, Some(receiver)) => receiver.receive(arguments, ack),
            (Outcome::Event { .. } | Outcome::Library, _) => {
                self.note_for_library(text);
                append_masked_text(&mut self.made, text.as_bytes());
            }
            (outcome, _) => self.follow(outcome, receiver)?,
        }
        Ok(())
    }

    /// Drops, replaces or refuses a packet.
    fn follow(&mut self, outcome: Outcome<'_>, receiver: Option<&dyn EventReceiver>) -> Result<(), Refused> {
        match outcome {
            Outcome::Violation(code) => return Err(Refused(code)),
            Outcome::Replaced(packet) => match (parse_event(&packet), receiver) {
                (Some((arguments, ack)), Some(receiver)) => receiver.receive(arguments, ack),
                _ => {
                    self.note_for_library(&packet);
                    append_masked_text(&mut self.made, packet.as_bytes());
                }
            },
            Outcome::Dropped | Outcome::Event { .. } | Outcome::Library => {}
        }
        Ok(())
    }

    fn note_for_library(&mut self, packet: &str) {
        if packet == CLOSE {
            self.close_code = Some(CloseCode::Normal);
        }
        if let Some(connecting) = &self.connecting
            && asks_to_connect(packet)
        {
            connecting.ask();
        }
    }
}

/// Engine.IO's close packet.
const CLOSE: &str = "1";

/// Checks what the library would answer without a code: half a code, and a reason that is no text.
fn check_close(content: &[u8]) -> Result<(), Refused> {
    match content {
        [_] => Err(Refused(CloseCode::Protocol)),
        [_, _, reason @ ..] if str::from_utf8(reason).is_err() => Err(Refused(CloseCode::Invalid)),
        _ => Ok(()),
    }
}

impl Message {
    const fn is_large(&self) -> bool {
        self.bytes > MAX_EVENT_BYTES as u64
    }

    /// Keeps `bytes`, the next ones of the message, up to its limit.
    fn keep(&mut self, bytes: &mut [u8], mask: [u8; 4]) {
        let limit = if self.is_large() { START_BYTES } else { MAX_EVENT_BYTES };
        if self.kept.len() > limit {
            self.kept = self.kept[..limit].to_vec();
        }
        if self.is_text {
            let count = bytes.len().min(limit - self.kept.len());
            unmask(&mut bytes[..count], mask);
            self.kept.extend_from_slice(&bytes[..count]);
        }
    }
}

impl InboundFilter for FrameFilter {
    fn filter(&mut self, bytes: &mut [u8], library: &mut ReadBuf<'_>) -> Result<bool, Refused> {
        if !self.pending.is_empty() {
            self.pending.extend_from_slice(bytes);
            return self.filter_pending(library);
        }
        let before = library.filled().len();
        let done = self.filter_all(bytes, library)?;
        self.pending.extend_from_slice(&bytes[done..]);
        Ok(library.filled().len() > before)
    }

    fn filter_pending(&mut self, library: &mut ReadBuf<'_>) -> Result<bool, Refused> {
        if self.pending.is_empty() && self.made.is_empty() {
            return Ok(false);
        }
        let before = library.filled().len();
        let mut pending = std::mem::take(&mut self.pending);
        let done = self.filter_all(&mut pending, library)?;
        if done < pending.len() {
            pending.drain(..done);
            self.pending = pending;
        }
        Ok(library.filled().len() > before)
    }

    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let is_library_waiting = self.passing > 0 || !self.made.is_empty();
        match &self.connecting {
            Some(connecting) if !is_library_waiting => connecting.poll_readable(cx),
            _ => Poll::Ready(()),
        }
    }

    fn close_code(&self) -> Option<CloseCode> {
        self.close_code
    }
}

impl Drop for FrameFilter {
    fn drop(&mut self) {
        self.inbox.close();
    }
}
