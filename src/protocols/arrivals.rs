//! What arrives over a WebSocket that a library speaks, sorted: events go to the door at once, everything else to the
//! library.
//!
//! Source: Socket.IO protocol v5, "Packet encoding".

use tokio::io::ReadBuf;

use super::frames::{Arrived, MaskedText, arrived};

/// The largest event; what is larger is left to the library, which refuses it.
pub const MAX_EVENT_BYTES: usize = 128 * 1024;

/// Gets what the other end says, before the library does.
pub trait Receiver: Send + Sync {
    /// Takes an event of the main namespace in: its arguments, a JSON array as it looks from its first byte, and the
    /// id under which it is to be acknowledged.
    fn receive(&self, arguments: &str, ack: Option<i64>);
}

/// What arrived and is not dealt with.
#[derive(Debug, Default)]
pub struct Arrivals {
    left: Vec<u8>,
    /// How much of the frame that is under way goes to the library unseen.
    passing: u64,
}

impl Arrivals {
    /// Sorts `bytes`, which follow all that was sorted before. Returns whether `library` got anything; whatever comes
    /// after that is kept until [`sort_left`](Self::sort_left).
    pub fn sort(
        &mut self,
        bytes: &mut [u8],
        receiver: Option<&dyn Receiver>,
        library: &mut ReadBuf<'_>,
    ) -> bool {
        if !self.left.is_empty() {
            self.left.extend_from_slice(bytes);
            return self.sort_left(receiver, library);
        }
        let before = library.filled().len();
        let done = self.sort_all(bytes, receiver, library);
        self.left.extend_from_slice(&bytes[done..]);
        library.filled().len() > before
    }

    /// Sorts what is left. Returns whether `library` got anything.
    pub fn sort_left(&mut self, receiver: Option<&dyn Receiver>, library: &mut ReadBuf<'_>) -> bool {
        if self.left.is_empty() {
            return false;
        }
        let before = library.filled().len();
        let mut left = std::mem::take(&mut self.left);
        let done = self.sort_all(&mut left, receiver, library);
        if done < left.len() {
            left.drain(..done);
            self.left = left;
        }
        library.filled().len() > before
    }

    /// Returns how many bytes were dealt with.
    fn sort_all(
        &mut self,
        bytes: &mut [u8],
        receiver: Option<&dyn Receiver>,
        library: &mut ReadBuf<'_>,
    ) -> usize {
        let mut done = 0;
        while self.passing == 0 {
            let rest = &mut bytes[done..];
            match arrived(rest, MAX_EVENT_BYTES) {
                Arrived::Unfinished => return done,
                Arrived::Text(text) if receiver.is_some_and(|receiver| hand_over(&text, rest, receiver)) => {
                    done += text.frame_bytes();
                }
                Arrived::Text(text) => self.passing = text.frame_bytes() as u64,
                Arrived::Other(frame_bytes) => self.passing = frame_bytes,
            }
        }
        let rest = &bytes[done..];
        let count =
            rest.len().min(library.remaining()).min(usize::try_from(self.passing).unwrap_or(usize::MAX));
        library.put_slice(&rest[..count]);
        self.passing -= count as u64;
        done + count
    }
}

/// Gives the text that `bytes` begin with to `receiver`, if it is an event. What is not is left as it was.
fn hand_over(text: &MaskedText, bytes: &mut [u8], receiver: &dyn Receiver) -> bool {
    let unmasked = std::str::from_utf8(text.unmask(bytes));
    if let Some((arguments, ack)) = unmasked.ok().and_then(event_of) {
        receiver.receive(arguments, ack);
        return true;
    }
    text.unmask(bytes);
    false
}

/// The arguments and the ack id of an event of the main namespace.
fn event_of(text: &str) -> Option<(&str, Option<i64>)> {
    let event = text.strip_prefix("42")?;
    let arguments = event.trim_start_matches(|c: char| c.is_ascii_digit());
    let id = &event[..event.len() - arguments.len()];
    let ack = if id.is_empty() { None } else { Some(id.parse().ok()?) };
    arguments.starts_with('[').then_some((arguments, ack))
}
