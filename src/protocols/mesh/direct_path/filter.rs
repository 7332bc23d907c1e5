//! Takes a client's events out of what it sends; everything else goes to the library, in order.

use std::sync::{Arc, Mutex};

use tokio::io::ReadBuf;

use super::packets::parse_event;
use crate::{
    core::model::lock::lock,
    protocols::{
        mesh::MAX_PACKET_BYTES,
        tcp::{
            InboundFilter,
            frames::{FrameStart, Start},
        },
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
pub struct EventFilter {
    inbox: Arc<Inbox>,
    /// Bytes that follow what the library got last.
    pending: Vec<u8>,
    /// How many further bytes of the present frame are the library's.
    passing: u64,
}

impl EventFilter {
    /// A filter that gives events to the receiver of `inbox`.
    pub const fn new(inbox: Arc<Inbox>) -> Self {
        Self { inbox, pending: Vec::new(), passing: 0 }
    }

    /// Filters `bytes`. Returns how many of them are dealt with.
    fn filter_all(&mut self, bytes: &mut [u8], library: &mut ReadBuf<'_>) -> usize {
        let receiver = self.inbox.receiver();
        let mut done = 0;
        while self.passing == 0 {
            match next_frame(&mut bytes[done..], receiver.as_deref()) {
                Next::Incomplete => return done,
                Next::Received { frame_bytes } => done += frame_bytes,
                Next::Library { frame_bytes } => self.passing = frame_bytes,
            }
        }
        let rest = &bytes[done..];
        let passing = usize::try_from(self.passing).unwrap_or(usize::MAX);
        let count = rest.len().min(library.remaining()).min(passing);
        library.put_slice(&rest[..count]);
        self.passing -= count as u64;
        done + count
    }
}

impl InboundFilter for EventFilter {
    fn filter(&mut self, bytes: &mut [u8], library: &mut ReadBuf<'_>) -> bool {
        if !self.pending.is_empty() {
            self.pending.extend_from_slice(bytes);
            return self.filter_pending(library);
        }
        let before = library.filled().len();
        let done = self.filter_all(bytes, library);
        self.pending.extend_from_slice(&bytes[done..]);
        library.filled().len() > before
    }

    fn filter_pending(&mut self, library: &mut ReadBuf<'_>) -> bool {
        if self.pending.is_empty() {
            return false;
        }
        let before = library.filled().len();
        let mut pending = std::mem::take(&mut self.pending);
        let done = self.filter_all(&mut pending, library);
        if done < pending.len() {
            pending.drain(..done);
            self.pending = pending;
        }
        library.filled().len() > before
    }
}

impl Drop for EventFilter {
    fn drop(&mut self) {
        self.inbox.close();
    }
}

/// Outcome of reading a frame.
enum Next {
    /// The end of the frame has not arrived.
    Incomplete,
    /// The receiver got the frame.
    Received { frame_bytes: usize },
    /// The library gets it.
    Library { frame_bytes: u64 },
}

/// Gives the frame that `bytes` begin with to `receiver`, if it is an event. Leaves the bytes of others as
/// they are.
fn next_frame(bytes: &mut [u8], receiver: Option<&dyn EventReceiver>) -> Next {
    let frame = match Start::read(bytes) {
        Start::Head(frame) => frame,
        Start::Incomplete => return Next::Incomplete,
        // The library reads no further frame after this one.
        Start::Invalid => return Next::Library { frame_bytes: u64::MAX },
    };
    let library = Next::Library { frame_bytes: frame.frame_bytes() };
    if !frame.is_whole_text() || frame.content_bytes > MAX_PACKET_BYTES as u64 {
        return library;
    }
    match usize::try_from(frame.frame_bytes()) {
        Ok(frame_bytes) if bytes.len() < frame_bytes => Next::Incomplete,
        Ok(frame_bytes) if receiver.is_some_and(|receiver| receive(&frame, bytes, receiver)) => {
            Next::Received { frame_bytes }
        }
        _ => library,
    }
}

/// Gives the text of `frame` to `receiver` if it is an event. Returns whether it is.
fn receive(frame: &FrameStart, bytes: &mut [u8], receiver: &dyn EventReceiver) -> bool {
    let Some(text) = frame.unmask(bytes) else { return false };
    if let Some((arguments, ack)) = std::str::from_utf8(text).ok().and_then(parse_event) {
        receiver.receive(arguments, ack);
        return true;
    }
    frame.unmask(bytes);
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A filter with its receiver.
    fn recording() -> (EventFilter, Arc<Recorder>) {
        let (inbox, receiver) = (Arc::new(Inbox::default()), Arc::new(Recorder::default()));
        inbox.open(receiver.clone());
        (EventFilter::new(inbox), receiver)
    }

    #[derive(Default)]
    struct Recorder(Mutex<Vec<(String, Option<i64>)>>);

    impl EventReceiver for Recorder {
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
                .prop_filter("no event", |text| parse_event(text).is_none())
                .prop_flat_map(move |other| text(other, None)),
            (
                any::<[u8; 4]>(),
                prop::sample::select(vec![0x01, 0x80, 0x82, 0x89, 0x8a, 0x88, 0xc1]),
                "42\\[\\PC{0,99}"
            )
                .prop_map(|(mask, kind, content)| (frame(kind, mask, content.as_bytes()), None)),
            any::<[u8; 4]>().prop_map(|mask| (frame(0x81, mask, b"42[\xff"), None)),
            any::<[u8; 4]>().prop_map(|mask| (frame(0x81, mask, &vec![b'x'; MAX_PACKET_BYTES + 1]), None)),
        ]
    }

    proptest! {
        /// The receiver gets every event and the library everything else byte for byte, however the bytes are
        /// cut.
        ///
        /// Neither gets a frame before an earlier one is dealt with.
        #[test]
        fn receiver_and_library_get_their_own_frames_in_order(
            sent in prop::collection::vec(sent(), 0..8),
            cuts in prop::collection::vec(1..9_000_usize, 1..9),
            room in 1..2_000_usize,
        ) {
            let bytes: Vec<u8> = sent.iter().flat_map(|(frame, _)| frame.clone()).collect();
            let events: Vec<_> = sent.iter().filter_map(|(_, event)| event.clone()).collect();
            let others: Vec<u8> =
                sent.iter().filter(|(_, event)| event.is_none()).flat_map(|(frame, _)| frame.clone()).collect();
            let ((mut filter, receiver), mut library) = (recording(), Vec::new());
            let mut space = vec![0; room];
            let mut cuts = cuts.into_iter().cycle();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(cuts.next().unwrap()));
                rest = later;
                let mut buf = ReadBuf::new(&mut space);
                let mut more = filter.filter(&mut now.to_vec(), &mut buf);
                while more {
                    library.extend_from_slice(buf.filled());
                    // Everything before what the library got has been handed over, and nothing after it.
                    let handed = receiver.0.lock().unwrap().len();
                    prop_assert_eq!(handed, events_before(&sent, library.len()));
                    buf.clear();
                    more = filter.filter_pending(&mut buf);
                }
            }
            prop_assert_eq!(&*receiver.0.lock().unwrap(), &events);
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

    /// What the library gets of `sent`.
    fn passed(filter: &mut EventFilter, sent: &[u8]) -> Vec<u8> {
        let mut space = [0; 100];
        let mut buf = ReadBuf::new(&mut space);
        filter.filter(&mut sent.to_vec(), &mut buf);
        buf.filled().to_vec()
    }

    #[test]
    fn without_a_receiver_the_library_gets_everything() {
        let event = frame(0x81, [1, 2, 3, 4], b"42[1]");
        let (mut filter, receiver) = recording();
        filter.inbox.leave_to_library();
        assert_eq!(passed(&mut filter, &event), event);
        assert_eq!(receiver.0.lock().unwrap().len(), 0);
    }

    #[test]
    fn the_library_gets_all_that_follows_a_frame_it_refuses() {
        let frames = [frame(0x83, [1; 4], b"42[1]"), frame(0x81, [1; 4], b"42[1]")].concat();
        let (mut filter, receiver) = recording();
        assert_eq!(passed(&mut filter, &frames), frames);
        assert_eq!(receiver.0.lock().unwrap().len(), 0);
    }

    #[test]
    fn the_library_gets_an_event_without_a_mask() {
        let event = [&[0x81, 5][..], b"42[1]"].concat();
        assert_eq!(passed(&mut recording().0, &event), event);
    }

    #[test]
    fn a_connection_that_is_over_keeps_no_receiver() {
        let (filter, receiver) = recording();
        let inbox = filter.inbox.clone();
        drop(filter);
        assert_eq!(Arc::strong_count(&receiver), 1);
        inbox.open(receiver.clone());
        assert_eq!(Arc::strong_count(&receiver), 1);
    }
}
