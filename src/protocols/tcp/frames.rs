//! WebSocket frames beside a library that speaks on the same connection.
//!
//! Heads are read and written with the library's own [`FrameHeader`].
//!
//! Source: RFC 6455, section 5.2.

use std::io::Cursor;

use tokio_tungstenite::tungstenite::protocol::frame::{
    FrameHeader,
    coding::{CloseCode, Control, Data, OpCode},
};

/// Bytes of the longest head: kind, length in 1 + 8 bytes, mask.
const MAX_HEAD_BYTES: usize = 14;

/// Bytes of the longest content of a control frame.
const MAX_CONTROL_BYTES: u64 = 125;

/// Bytes that [`append_text`] reserves for the head: what most texts need, those of 126 to 65,535 bytes.
const RESERVED_BYTES: usize = 4;

/// The head of a text that is one frame.
const TEXT: FrameHeader = head(OpCode::Data(Data::Text));

const PING: FrameHeader = head(OpCode::Control(Control::Ping));

const CLOSE: FrameHeader = head(OpCode::Control(Control::Close));

/// A Close frame without a code.
const EMPTY_CLOSE: [u8; 2] = [0x88, 0];

const fn head(opcode: OpCode) -> FrameHeader {
    FrameHeader { is_final: true, rsv1: false, rsv2: false, rsv3: false, opcode, mask: None }
}

/// Appends a text frame that holds what `write` appends, which must be UTF-8.
pub fn append_text(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    let content = start + RESERVED_BYTES;
    out.resize(content, 0);
    write(out);
    let mut space = [0; MAX_HEAD_BYTES];
    let head = format(&TEXT, out.len() - content, &mut space);
    if head.len() == RESERVED_BYTES {
        out[start..content].copy_from_slice(head);
    } else {
        out.splice(start..content, head.iter().copied());
    }
}

/// Appends an empty ping.
pub fn append_ping(out: &mut Vec<u8>) {
    out.extend_from_slice(format(&PING, 0, &mut [0; MAX_HEAD_BYTES]));
}

/// Appends a Close frame with that code, and no reason.
pub fn append_close(out: &mut Vec<u8>, code: CloseCode) {
    let code = u16::from(code).to_be_bytes();
    out.extend_from_slice(format(&CLOSE, code.len(), &mut [0; MAX_HEAD_BYTES]));
    out.extend(code);
}

fn format<'a>(head: &FrameHeader, content_bytes: usize, space: &'a mut [u8; MAX_HEAD_BYTES]) -> &'a [u8] {
    let length = content_bytes as u64;
    head.format(length, &mut &mut space[..]).expect("the longest head has room");
    &space[..head.len(length)]
}

/// What bytes that begin with a frame tell about it.
#[derive(Debug)]
pub enum Start {
    /// The frame's whole head.
    Head(FrameStart),
    /// Less than the head.
    Incomplete,
    /// No head: an opcode that RFC 6455 reserves.
    Invalid,
}

/// A frame's head, and how many bytes follow it.
#[derive(Debug)]
pub struct FrameStart {
    head: FrameHeader,
    /// Bytes of the head.
    pub head_bytes: usize,
    /// Bytes of the content.
    pub content_bytes: u64,
}

/// A frame that a client may send.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the names are those of RFC 6455")]
pub enum Kind {
    /// The first frame of a message.
    Start { is_text: bool, is_final: bool, mask: [u8; 4] },
    /// A later frame of a message.
    Continuation { is_final: bool, mask: [u8; 4] },
    /// Close, ping or pong.
    Control { is_close: bool },
}

/// Removes `mask` from content that begins with its first byte.
pub fn unmask(content: &mut [u8], mask: [u8; 4]) {
    let (words, tail) = content.as_chunks_mut::<4>();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, mask) in tail.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// Appends a text frame of a client to what its library reads. Its mask is zero.
pub fn append_masked_text(out: &mut Vec<u8>, text: &[u8]) {
    let head = FrameHeader { mask: Some([0; 4]), ..TEXT };
    out.extend_from_slice(format(&head, text.len(), &mut [0; MAX_HEAD_BYTES]));
    out.extend_from_slice(text);
}

impl Start {
    /// Reads the head that `bytes` begin with.
    pub fn read(bytes: &[u8]) -> Self {
        let mut cursor = Cursor::new(&bytes[..bytes.len().min(MAX_HEAD_BYTES)]);
        match FrameHeader::parse(&mut cursor) {
            Ok(Some((head, content_bytes))) => {
                let head_bytes = head.len(content_bytes);
                Self::Head(FrameStart { head, head_bytes, content_bytes })
            }
            Ok(None) => Self::Incomplete,
            Err(_) => Self::Invalid,
        }
    }
}

impl FrameStart {
    /// Bytes of the whole frame.
    pub const fn frame_bytes(&self) -> u64 {
        self.content_bytes.saturating_add(self.head_bytes as u64)
    }

    /// True for a text that is neither a fragment nor compressed.
    pub fn is_whole_text(&self) -> bool {
        FrameHeader { mask: None, ..self.head.clone() } == TEXT
    }

    /// What the frame is; `None` for one that no client may send.
    pub fn kind(&self) -> Option<Kind> {
        let FrameHeader { is_final, rsv1, rsv2, rsv3, opcode, mask } = &self.head;
        let mask = mask.filter(|_| !rsv1 && !rsv2 && !rsv3)?;
        Some(match opcode {
            OpCode::Data(Data::Text) => Kind::Start { is_text: true, is_final: *is_final, mask },
            OpCode::Data(Data::Binary) => Kind::Start { is_text: false, is_final: *is_final, mask },
            OpCode::Data(Data::Continue) => Kind::Continuation { is_final: *is_final, mask },
            OpCode::Control(Control::Close | Control::Ping | Control::Pong)
                if *is_final && self.content_bytes <= MAX_CONTROL_BYTES =>
            {
                Kind::Control { is_close: *opcode == CLOSE.opcode }
            }
            _ => return None,
        })
    }

    /// Removes the mask from the content of `frame`, or puts it back. `None` if the client did not mask the
    /// frame. `frame` must hold the whole frame.
    pub fn unmask<'a>(&self, frame: &'a mut [u8]) -> Option<&'a [u8]> {
        let mask = self.head.mask?;
        let content_bytes = usize::try_from(self.content_bytes).ok()?;
        let content = frame.get_mut(self.head_bytes..)?.get_mut(..content_bytes)?;
        unmask(content, mask);
        Some(content)
    }
}

/// Follows what a library writes, HTTP first and then WebSocket, to know where another frame may be put in
/// between.
#[derive(Debug, Clone, Default)]
pub struct FrameTracker {
    /// The part of a frame's head that was written.
    head: [u8; MAX_HEAD_BYTES],
    head_bytes: usize,
    /// Bytes of the frame's content still to be written.
    left: u64,
    is_text: bool,
    /// The first bytes of the content.
    start: [u8; 2],
    start_bytes: usize,
    /// True once a frame was begun.
    websocket: bool,
    has_closed: bool,
}

impl FrameTracker {
    /// Follows `written`. Returns whether a text that begins with `start` was completed.
    pub fn follow(&mut self, written: &[u8], start: Option<[u8; 2]>) -> bool {
        // HTTP is ASCII; the frame of a whole message has the highest bit set.
        self.websocket |= written.first().is_some_and(|byte| byte & 0x80 != 0);
        let mut rest = if self.websocket { written } else { &[] };
        let mut is_found = false;
        while !rest.is_empty() {
            rest = if self.left == 0 { self.follow_head(rest) } else { self.follow_content(rest) };
            is_found |=
                self.is_between() && self.is_text && self.start_bytes == 2 && start == Some(self.start);
        }
        is_found
    }

    /// True once a frame was begun.
    pub const fn has_begun(&self) -> bool {
        self.websocket
    }

    /// True while the last frame is complete and the next one is not begun.
    pub const fn is_between(&self) -> bool {
        self.websocket && self.left == 0 && self.head_bytes == 0
    }

    /// True once a Close frame was begun.
    pub const fn has_closed(&self) -> bool {
        self.has_closed
    }

    /// If `bytes`, which are written next, end with a Close frame without a code: what is before it.
    pub fn before_empty_close<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let before = bytes.strip_suffix(&EMPTY_CLOSE)?;
        let mut tracker = self.clone();
        tracker.follow(before, None);
        tracker.is_between().then_some(before)
    }

    fn follow_head<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let before = self.head_bytes;
        let count = bytes.len().min(MAX_HEAD_BYTES - before);
        self.head[before..before + count].copy_from_slice(&bytes[..count]);
        match Start::read(&self.head[..before + count]) {
            Start::Head(frame) => {
                self.is_text = frame.is_whole_text();
                self.has_closed |= frame.head.opcode == CLOSE.opcode;
                (self.head_bytes, self.left, self.start_bytes) = (0, frame.content_bytes, 0);
                &bytes[frame.head_bytes - before..]
            }
            Start::Incomplete => {
                self.head_bytes += count;
                &bytes[count..]
            }
            Start::Invalid => {
                // Libraries write no such frame. Nothing may follow it that counts on the tracker.
                self.left = u64::MAX;
                &[]
            }
        }
    }

    fn follow_content<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        let (content, rest) = bytes.split_at(count);
        for byte in content.iter().take(self.start.len() - self.start_bytes) {
            self.start[self.start_bytes] = *byte;
            self.start_bytes += 1;
        }
        self.left -= count as u64;
        rest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::{
        Message,
        protocol::{Role, WebSocketContext},
    };

    use super::*;

    fn text(length: usize) -> Vec<u8> {
        let mut frame = Vec::new();
        append_text(&mut frame, |out| out.resize(out.len() + length, b'x'));
        frame
    }

    #[test]
    fn a_text_of_any_length_is_read_as_it_was_written() {
        for length in [0, 1, 2, 125, 126, 127, 255, 256, 65_535, 65_536, 100_000] {
            let mut frames = text(3);
            frames.extend(text(length));
            let mut stream = Cursor::new(frames);
            let mut client = WebSocketContext::new(Role::Client, None);
            for expected in [3, length] {
                let message = client.read(&mut stream).unwrap();
                assert_eq!(message, Message::text("x".repeat(expected)));
            }
        }
    }

    #[test]
    fn a_ping_is_two_bytes() {
        let mut frame = Vec::new();
        append_ping(&mut frame);
        assert_eq!(frame, [0x89, 0x00]);
    }

    proptest! {
        #[test]
        fn tracker_finds_the_end_of_a_frame_however_it_is_cut(
            lengths in prop::collection::vec(prop_oneof![0..200_usize, 65_000..66_000_usize], 1..5),
            cuts in prop::collection::vec(1..70_000_usize, 0..20),
        ) {
            let frames: Vec<_> = lengths.iter().map(|length| text(*length)).collect();
            let ends: Vec<_> = frames.iter().scan(0, |end, frame| { *end += frame.len(); Some(*end) }).collect();
            let bytes = frames.concat();
            let mut tracker = FrameTracker::default();
            tracker.follow(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", Some(*b"40"));
            prop_assert!(!tracker.is_between(), "HTTP is no place for frames");
            let mut written = 0;
            for cut in cuts.into_iter().chain([bytes.len()]) {
                let next = (written + cut).min(bytes.len());
                tracker.follow(&bytes[written..next], Some(*b"40"));
                written = next;
                prop_assert_eq!(tracker.is_between(), ends.contains(&written));
            }
        }
    }

    #[test]
    fn tracker_recognises_a_text_by_its_first_two_bytes() {
        let mut frames = Vec::new();
        for content in ["0{}", "4", "41", "400"] {
            append_text(&mut frames, |out| out.extend(content.bytes()));
        }
        let mut tracker = FrameTracker::default();
        let (last, others) = frames.split_last().unwrap();
        assert!(!tracker.follow(others, Some(*b"40")));
        assert!(tracker.follow(&[*last], Some(*b"40")));
        assert!(!tracker.follow(&text(50), Some(*b"40")));
    }
}
