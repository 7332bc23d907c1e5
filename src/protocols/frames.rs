//! WebSocket frames between those of a library that speaks on the same connection: how a server's is written, how a
//! client's is read, and where one that the library writes ends.
//!
//! Source: RFC 6455, section 5.2.

/// An empty ping.
pub const PING: [u8; 2] = [0x89, 0x00];

/// A text frame that is not a part of a larger message.
const TEXT: u8 = 0x81;

/// The head of most frames: kind, [`MEDIUM`], and the length in two bytes.
const HEAD_BYTES: usize = 4;

/// Stands for a length in the two, or eight, bytes that follow.
const MEDIUM: u8 = 126;
const LONG: u8 = 127;

/// Appends a text frame that holds what `write` appends, which must be UTF-8.
pub fn append_text(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend([TEXT, MEDIUM, 0, 0]);
    write(out);
    let length = out.len() - start - HEAD_BYTES;
    // The shortest form of a length is the only one that is allowed.
    if let Ok(length) = u16::try_from(length) {
        match u8::try_from(length) {
            Ok(short) if short < MEDIUM => {
                out[start + 1] = short;
                out.drain(start + 2..start + HEAD_BYTES);
            }
            _ => out[start + 2..start + HEAD_BYTES].copy_from_slice(&length.to_be_bytes()),
        }
    } else {
        out[start + 1] = LONG;
        out.splice(start + 2..start + HEAD_BYTES, (length as u64).to_be_bytes());
    }
}

/// What a client's bytes, which begin with a frame, begin with.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrived {
    /// A text that is not a part of a larger message, all of it.
    Text(MaskedText),
    /// Anything else, which takes so many bytes, or more than one wants to know.
    Other(u64),
    /// Less than it takes to say.
    Unfinished,
}

/// Where a text is among the bytes that begin with its frame.
#[derive(Debug, PartialEq, Eq)]
pub struct MaskedText {
    head_bytes: usize,
    length: usize,
}

/// The second byte of a frame's head: whether there is a mask, and the length or what it stands for.
const MASKED: u8 = 0x80;
const MASK_BYTES: usize = 4;

/// Reads the frame that `bytes` begin with. A text of more than `limit` bytes is [`Arrived::Other`].
pub fn arrived(bytes: &[u8], limit: usize) -> Arrived {
    let [kind, length, ..] = *bytes else { return Arrived::Unfinished };
    let (length, length_bytes) = match length & !MASKED {
        MEDIUM => (bytes.get(2..4).map(big_endian), 2),
        LONG => (bytes.get(2..10).map(big_endian), 8),
        short => (Some(short.into()), 0),
    };
    let Some(length) = length else { return Arrived::Unfinished };
    let is_masked = bytes[1] & MASKED != 0;
    let head_bytes = 2 + length_bytes + if is_masked { MASK_BYTES } else { 0 };
    match usize::try_from(length) {
        Ok(length) if kind == TEXT && is_masked && length <= limit => {
            if bytes.len() < head_bytes + length {
                return Arrived::Unfinished;
            }
            Arrived::Text(MaskedText { head_bytes, length })
        }
        _ => Arrived::Other(length.saturating_add(head_bytes as u64)),
    }
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl MaskedText {
    /// How many bytes the frame takes.
    pub const fn frame_bytes(&self) -> usize {
        self.head_bytes + self.length
    }

    /// Takes the mask off the text of `frame`, or puts it back on.
    pub fn unmask<'a>(&self, frame: &'a mut [u8]) -> &'a [u8] {
        let (head, rest) = frame.split_at_mut(self.head_bytes);
        let mask: [u8; MASK_BYTES] = std::array::from_fn(|at| head[self.head_bytes - MASK_BYTES + at]);
        let text = &mut rest[..self.length];
        let (words, tail) = text.as_chunks_mut::<MASK_BYTES>();
        for word in words {
            *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
        }
        for (byte, mask) in tail.iter_mut().zip(mask) {
            *byte ^= mask;
        }
        text
    }
}

/// Follows what is written to a connection that begins with HTTP and goes on with WebSocket, so that it is known
/// where a frame may be put in between.
#[derive(Debug, Default)]
pub struct Follower {
    /// As much of a frame's head as was written.
    head: [u8; 10],
    head_bytes: usize,
    /// How much of the frame's content is still to be written.
    left: u64,
    /// How the content begins.
    start: [u8; 2],
    start_bytes: usize,
    /// Whether there have been frames.
    websocket: bool,
}

impl Follower {
    /// Takes in what was written. Returns whether a text that begins with `start` has been completed.
    pub fn follow(&mut self, written: &[u8], start: [u8; 2]) -> bool {
        // HTTP is ASCII; a frame that is a message of its own has the highest bit set.
        self.websocket |= written.first().is_some_and(|byte| byte & 0x80 != 0);
        let mut rest = if self.websocket { written } else { &[] };
        let mut found = false;
        while !rest.is_empty() {
            rest = if self.left == 0 { self.follow_head(rest) } else { self.follow_content(rest) };
            found |=
                self.is_between() && self.head[0] == TEXT && self.start_bytes == 2 && self.start == start;
        }
        found
    }

    /// Whether there has been a frame.
    pub const fn has_begun(&self) -> bool {
        self.websocket
    }

    /// Whether the last frame was completed, and no other one was begun.
    pub const fn is_between(&self) -> bool {
        self.websocket && self.left == 0 && self.head_bytes == 0
    }

    fn follow_head<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        self.head[self.head_bytes] = bytes[0];
        self.head_bytes += 1;
        let length = match (self.head_bytes, self.head[1]) {
            (0 | 1, _) | (2..4, MEDIUM) | (2..10, LONG) => return &bytes[1..],
            (_, MEDIUM) => u16::from_be_bytes([self.head[2], self.head[3]]).into(),
            (_, LONG) => big_endian(&self.head[2..]),
            (_, short) => short.into(),
        };
        (self.head_bytes, self.left, self.start_bytes) = (0, length, 0);
        &bytes[1..]
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
            let mut stream = std::io::Cursor::new(frames);
            let mut client = WebSocketContext::new(Role::Client, None);
            for expected in [3, length] {
                let message = client.read(&mut stream).unwrap();
                assert_eq!(message, Message::text("x".repeat(expected)));
            }
        }
    }

    proptest! {
        #[test]
        fn the_end_of_a_frame_is_found_however_it_is_cut(
            lengths in prop::collection::vec(prop_oneof![0..200_usize, 65_000..66_000_usize], 1..5),
            cuts in prop::collection::vec(1..70_000_usize, 0..20),
        ) {
            let frames: Vec<_> = lengths.iter().map(|length| text(*length)).collect();
            let ends: Vec<_> = frames.iter().scan(0, |end, frame| { *end += frame.len(); Some(*end) }).collect();
            let bytes = frames.concat();
            let mut follower = Follower::default();
            follower.follow(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", *b"40");
            prop_assert!(!follower.is_between(), "HTTP is no place for frames");
            let mut written = 0;
            for cut in cuts.into_iter().chain([bytes.len()]) {
                let next = (written + cut).min(bytes.len());
                follower.follow(&bytes[written..next], *b"40");
                written = next;
                prop_assert_eq!(follower.is_between(), ends.contains(&written));
            }
        }
    }

    #[test]
    fn a_text_is_recognised_by_how_it_begins() {
        let mut frames = Vec::new();
        for content in ["0{}", "4", "41", "400"] {
            append_text(&mut frames, |out| out.extend(content.bytes()));
        }
        let mut follower = Follower::default();
        let (last, others) = frames.split_last().unwrap();
        assert!(!follower.follow(others, *b"40"));
        assert!(follower.follow(&[*last], *b"40"));
        assert!(!follower.follow(&text(50), *b"40"));
    }
}
