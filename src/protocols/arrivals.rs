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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Recorder(Mutex<Vec<(String, Option<i64>)>>);

    impl Receiver for Recorder {
        fn receive(&self, arguments: &str, ack: Option<i64>) {
            self.0.lock().unwrap().push((arguments.to_owned(), ack));
        }
    }

    /// A client's frame.
    fn frame(kind: u8, mask: [u8; 4], content: &[u8]) -> Vec<u8> {
        let mut frame = vec![kind];
        match u16::try_from(content.len()) {
            Ok(length) if length < 126 => frame.push(0x80 | u8::try_from(length).unwrap()),
            Ok(length) => frame.extend([[0xfe].as_slice(), &length.to_be_bytes()].concat()),
            Err(_) => frame.extend([[0xff].as_slice(), &(content.len() as u64).to_be_bytes()].concat()),
        }
        frame.extend(mask);
        frame.extend(content.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    /// A frame, and the event that it is to the receiver, if it is one.
    type Sent = (Vec<u8>, Option<(String, Option<i64>)>);

    /// What a client may send.
    fn sent() -> impl Strategy<Value = Sent> {
        let text = |text: String, event: Option<(String, Option<i64>)>| {
            any::<[u8; 4]>().prop_map(move |mask| (frame(0x81, mask, text.as_bytes()), event.clone()))
        };
        prop_oneof![
            (any::<Option<u16>>(), "\\PC{0,300}").prop_flat_map(move |(id, rest)| {
                let id_text = id.map(|id| id.to_string()).unwrap_or_default();
                text(format!("42{id_text}[{rest}"), Some((format!("[{rest}"), id.map(i64::from))))
            }),
            (0..70_000_usize).prop_flat_map(move |length| {
                let rest = format!("[{}", "x".repeat(length));
                text(format!("42{rest}"), Some((rest, None)))
            }),
            "(3|40|41|42/a,\\[1\\]|42|421|4299999999999999999999\\[|45\\[|4|\\PC{0,9})"
                .prop_filter("no event", |text| event_of(text).is_none())
                .prop_flat_map(move |other| text(other, None)),
            (
                any::<[u8; 4]>(),
                prop::sample::select(vec![0x01, 0x80, 0x82, 0x89, 0x8a, 0x88, 0xc1]),
                "42\\[\\PC{0,99}"
            )
                .prop_map(|(mask, kind, content)| (frame(kind, mask, content.as_bytes()), None)),
            any::<[u8; 4]>().prop_map(|mask| (frame(0x81, mask, b"42[\xff"), None)),
            any::<[u8; 4]>().prop_map(|mask| (frame(0x81, mask, &vec![b'x'; MAX_EVENT_BYTES + 1]), None)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// However it is cut: the receiver gets every event, the library everything else byte for byte, and neither
        /// gets anything before what came earlier.
        #[test]
        fn each_gets_what_is_its_own_in_order(
            sent in prop::collection::vec(sent(), 0..8),
            cuts in prop::collection::vec(1..9_000_usize, 1..9),
            room in 1..2_000_usize,
        ) {
            let bytes: Vec<u8> = sent.iter().flat_map(|(frame, _)| frame.clone()).collect();
            let events: Vec<_> = sent.iter().filter_map(|(_, event)| event.clone()).collect();
            let others: Vec<u8> =
                sent.iter().filter(|(_, event)| event.is_none()).flat_map(|(frame, _)| frame.clone()).collect();
            let (receiver, mut arrivals, mut library) = (Recorder::default(), Arrivals::default(), Vec::new());
            let mut space = vec![0; room];
            let mut cuts = cuts.into_iter().cycle();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(cuts.next().unwrap()));
                rest = later;
                let mut buf = ReadBuf::new(&mut space);
                let mut more = arrivals.sort(&mut now.to_vec(), Some(&receiver), &mut buf);
                while more {
                    library.extend_from_slice(buf.filled());
                    // Everything before what the library got has been handed over, and nothing after it.
                    let handed = receiver.0.lock().unwrap().len();
                    prop_assert_eq!(handed, events_before(&sent, library.len()));
                    buf.clear();
                    more = arrivals.sort_left(Some(&receiver), &mut buf);
                }
            }
            prop_assert_eq!(receiver.0.into_inner().unwrap(), events);
            prop_assert_eq!(library, others);
        }
    }

    /// How many events were sent before the last of the first `count` bytes that are the library's.
    fn events_before(sent: &[Sent], count: usize) -> usize {
        let (mut events, mut bytes) = (0, 0);
        for (frame, event) in sent {
            if event.is_some() {
                events += 1;
            } else {
                bytes += frame.len();
                if bytes >= count {
                    break;
                }
            }
        }
        events
    }

    #[test]
    fn without_a_receiver_everything_is_the_librarys() {
        let event = frame(0x81, [1, 2, 3, 4], b"42[1]");
        let mut space = [0; 100];
        let mut buf = ReadBuf::new(&mut space);
        assert!(Arrivals::default().sort(&mut event.clone(), None, &mut buf));
        assert_eq!(buf.filled(), event);
    }
}
