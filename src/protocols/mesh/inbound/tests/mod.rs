//! What becomes of the frames and of the posted packets of a client.

use std::{
    io,
    sync::{Arc, Mutex},
};

use axum::body::Body;
use http_body_util::BodyExt;
use proptest::prelude::*;
use tokio::io::ReadBuf;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

mod connecting;

use super::*;
use crate::protocols::tcp::{InboundFilter, Refused};

/// A session whose CONNECT packet is answered.
fn connected() -> Arc<Connecting> {
    let connecting = Arc::<Connecting>::default();
    connecting.answer();
    connecting
}

/// A filter with its receiver.
fn recording() -> (FrameFilter, Arc<Recorder>, Arc<Inbox>) {
    let (inbox, receiver) = (Arc::new(Inbox::default()), Arc::new(Recorder::default()));
    inbox.open(receiver.clone());
    (FrameFilter::new(inbox.clone(), connected()), receiver, inbox)
}

#[derive(Default)]
struct Recorder(Mutex<Vec<Event>>);

type Event = (String, Option<i64>);

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

/// A text in two frames.
fn fragments(mask: [u8; 4], text: &[u8], at: usize) -> Vec<u8> {
    let (start, end) = text.split_at(at.min(text.len()));
    [frame(0x01, mask, start), frame(0x80, [7; 4], end)].concat()
}

/// Frames, the event that they are to the receiver, and the bytes that the library gets.
#[derive(Debug, Clone)]
struct Sent {
    bytes: Vec<u8>,
    event: Option<Event>,
    passed: Vec<u8>,
}

impl Sent {
    fn event(bytes: Vec<u8>, arguments: impl Into<String>, ack: Option<i64>) -> Self {
        Self { bytes, event: Some((arguments.into(), ack)), passed: Vec::new() }
    }

    fn other(bytes: Vec<u8>) -> Self {
        Self { passed: bytes.clone(), bytes, event: None }
    }
}

/// What a client may send.
fn sent() -> impl Strategy<Value = Sent> {
    let mask = any::<[u8; 4]>;
    let others = "(3|40|41|42/a,\\[1\\]|42|421|4299999999999999999999\\[|450-\\[|4|\\PC{0,9})"
        .prop_filter("no event", |text| parse_event(text).is_none() && !text.starts_with("45"));
    prop_oneof![
        (mask(), any::<Option<u16>>(), "\\PC{0,300}", any::<Option<u8>>()).prop_map(
            |(mask, id, rest, cut)| {
                let ack = id.map(i64::from);
                let packet = event(&format!("[{rest}"), ack);
                let whole = frame(0x81, mask, packet.as_bytes());
                let bytes = cut.map_or(whole, |cut| fragments(mask, packet.as_bytes(), cut.into()));
                Sent::event(bytes, format!("[{rest}"), ack)
            }
        ),
        (mask(), 0..70_000_usize).prop_map(|(mask, length)| {
            let arguments = format!("[{}", "x".repeat(length));
            Sent::event(frame(0x81, mask, event(&arguments, None).as_bytes()), arguments, None)
        }),
        (mask(), others.clone()).prop_map(|(mask, text)| Sent::other(frame(0x81, mask, text.as_bytes()))),
        (mask(), others, 0..9_usize).prop_map(|(mask, text, at)| Sent {
            passed: frame(0x81, [0; 4], text.as_bytes()),
            ..Sent::other(fragments(mask, text.as_bytes(), at))
        }),
        (mask(), prop::sample::select(vec![0x89, 0x8a]), "\\PC{0,30}")
            .prop_map(|(mask, kind, content)| Sent::other(frame(kind, mask, content.as_bytes()))),
        (mask(), any::<Option<u16>>(), 0..200_000_usize).prop_map(|(mask, id, more)| {
            let ack = id.map(i64::from);
            let packet = event(&format!("[{}", "x".repeat(MAX_EVENT_BYTES + more)), ack);
            Sent::event(frame(0x81, mask, packet.as_bytes()), TOO_LARGE, ack)
        }),
        (mask(), any::<Option<u16>>(), prop::collection::vec(0..99_000_usize, 1..=10)).prop_map(
            |(mask, id, attachments)| {
                let id_text = id.map(|id| id.to_string()).unwrap_or_default();
                let mut bytes = frame(0x81, mask, format!("45{}-{id_text}[1]", attachments.len()).as_bytes());
                for length in attachments {
                    bytes.extend(frame(0x82, mask, &vec![1; length]));
                }
                Sent::event(bytes, BINARY, id.map(i64::from))
            }
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// The receiver gets every event and the library everything else, however the bytes are cut.
    ///
    /// Neither gets a frame before an earlier one is dealt with.
    #[test]
    fn receiver_and_library_get_their_own_frames_in_order(
        sent in prop::collection::vec(sent(), 0..8),
        cuts in prop::collection::vec(1..9_000_usize, 1..9),
        room in 1..2_000_usize,
    ) {
        let bytes: Vec<u8> = sent.iter().flat_map(|sent| sent.bytes.clone()).collect();
        let events: Vec<_> = sent.iter().filter_map(|sent| sent.event.clone()).collect();
        let others: Vec<u8> = sent.iter().flat_map(|sent| sent.passed.clone()).collect();
        let ((mut filter, receiver, _), mut library) = (recording(), Vec::new());
        let mut space = vec![0; room];
        let mut cuts = cuts.into_iter().cycle();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(cuts.next().unwrap()));
            rest = later;
            let mut buf = ReadBuf::new(&mut space);
            let mut more = filter.filter(&mut now.to_vec(), &mut buf).unwrap();
            while more {
                library.extend_from_slice(buf.filled());
                // Everything before what the library got has been handed over, and nothing after it.
                let handed = receiver.0.lock().unwrap().len();
                prop_assert_eq!(handed, events_before(&sent, library.len()));
                buf.clear();
                more = filter.filter_pending(&mut buf).unwrap();
            }
        }
        prop_assert_eq!(&*receiver.0.lock().unwrap(), &events);
        prop_assert_eq!(library, others);
    }
}

/// How many events were sent before the last of the first `count` bytes that are the library's.
fn events_before(sent: &[Sent], count: usize) -> usize {
    let (mut events, mut bytes) = (0, 0);
    for sent in sent {
        if sent.event.is_some() {
            events += 1;
        } else {
            bytes += sent.passed.len();
            if bytes >= count {
                break;
            }
        }
    }
    events
}

/// What the library gets of `sent`, up to 100 bytes.
fn passed(filter: &mut FrameFilter, sent: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut space = [0; 100];
    let mut buf = ReadBuf::new(&mut space);
    filter.filter(&mut sent.to_vec(), &mut buf)?;
    Ok(buf.filled().to_vec())
}

#[test]
fn frames_that_no_client_may_send_are_refused_with_their_code() {
    let attachment = |length| frame(0x82, [1; 4], &vec![0; length]);
    let text = |text: &str| frame(0x81, [1; 4], text.as_bytes());
    let cases = [
        (CloseCode::Protocol, [&[0x81, 5][..], b"42[1]"].concat()),
        (CloseCode::Protocol, [&[0x82, 1][..], b"x"].concat()),
        (CloseCode::Protocol, frame(0x83, [1; 4], b"42[1]")),
        (CloseCode::Protocol, frame(0xc1, [1; 4], b"42[1]")),
        (CloseCode::Protocol, frame(0x80, [1; 4], b"42[1]")),
        (CloseCode::Protocol, frame(0x09, [1; 4], b"")),
        (CloseCode::Protocol, frame(0x89, [1; 4], &[0; 126])),
        (CloseCode::Protocol, [frame(0x01, [1; 4], b"42"), text("42[1]")].concat()),
        (CloseCode::Protocol, [frame(0x01, [1; 4], b"42"), attachment(1)].concat()),
        (CloseCode::Protocol, attachment(1)),
        (CloseCode::Protocol, [text("451-[1]"), text("42[1]")].concat()),
        (CloseCode::Invalid, frame(0x81, [1; 4], b"42[\xff]")),
        (CloseCode::Invalid, fragments([1; 4], b"42[\xff]", 2)),
        (CloseCode::Size, frame(0x81, [1; 4], &vec![b'4'; MAX_PACKET_BYTES + 1])),
        (CloseCode::Size, fragments([1; 4], &vec![b'4'; MAX_PACKET_BYTES + 1], 600_000)),
        (CloseCode::Size, vec![0x81, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 1, 1, 1]),
        (CloseCode::Size, attachment(MAX_PACKET_BYTES + 1)),
        (CloseCode::Size, text("4511-[1]")),
        (CloseCode::Size, text("4599999999999999999999999-[1]")),
        (CloseCode::Size, [text("452-[1]"), attachment(600_000), attachment(600_000)].concat()),
        (CloseCode::Size, frame(0x81, [1; 4], &vec![b'x'; MAX_EVENT_BYTES + 1])),
    ];
    for (number, (code, bytes)) in cases.into_iter().enumerate() {
        let (mut filter, receiver, inbox) = recording();
        assert_eq!(passed(&mut filter, &bytes), Err(Refused(code)), "case {number}");
        assert!(receiver.0.lock().unwrap().is_empty(), "case {number}");
        inbox.leave_to_library();
        let refused = passed(&mut FrameFilter::new(inbox, connected()), &bytes);
        assert_eq!(refused, Err(Refused(code)), "case {number} without a receiver");
    }
}

#[test]
fn without_a_receiver_the_library_gets_events_and_what_takes_their_place() {
    let (mut filter, receiver, inbox) = recording();
    inbox.leave_to_library();
    let event = frame(0x81, [1, 2, 3, 4], b"42[1]");
    assert_eq!(passed(&mut filter, &event), Ok(event));
    let large = format!("427[\"{}\"]", "x".repeat(MAX_EVENT_BYTES));
    let replacement = frame(0x81, [0; 4], format!("427{TOO_LARGE}").as_bytes());
    assert_eq!(passed(&mut filter, &frame(0x81, [9; 4], large.as_bytes())), Ok(replacement));
    assert!(receiver.0.lock().unwrap().is_empty());
}

#[test]
fn control_frames_pass_between_the_frames_of_a_message() {
    let (mut filter, receiver, _) = recording();
    let [start, ping, end] =
        [frame(0x01, [1; 4], b"42["), frame(0x89, [2; 4], b"hi"), frame(0x80, [3; 4], b"1]")];
    assert_eq!(passed(&mut filter, &[start, ping.clone(), end].concat()), Ok(ping));
    assert_eq!(filter.filter_pending(&mut ReadBuf::new(&mut [0; 9])), Ok(false));
    assert_eq!(*receiver.0.lock().unwrap(), [("[1]".to_owned(), None)]);
}

#[test]
fn heartbeats_pass_between_attachments() {
    let (mut filter, receiver, _) = recording();
    let pong = frame(0x81, [1; 4], b"3");
    assert_eq!(passed(&mut filter, &frame(0x81, [1; 4], br#"452-5["x"]"#)), Ok(Vec::new()));
    assert_eq!(passed(&mut filter, &pong), Ok(pong));
    assert_eq!(passed(&mut filter, &fragments([1; 4], b"", 0)), Ok(frame(0x81, [0; 4], b"")));
    for _ in 0..2 {
        assert_eq!(passed(&mut filter, &frame(0x82, [1; 4], b"")), Ok(Vec::new()));
    }
    assert_eq!(*receiver.0.lock().unwrap(), [(BINARY.to_owned(), Some(5))]);
}

#[test]
fn packets_for_others_are_dropped_however_large() {
    let large = |start: &str| frame(0x81, [1; 4], format!("{start}{}", "x".repeat(200_000)).as_bytes());
    for start in ["42/admin,[", "437[", "42/a-very-long-name"] {
        let (mut filter, receiver, _) = recording();
        assert_eq!(passed(&mut filter, &large(start)), Ok(Vec::new()), "{start}");
        assert!(receiver.0.lock().unwrap().is_empty());
    }
    assert_eq!(passed(&mut recording().0, &large("40{")), Ok(frame(0x81, [0; 4], b"40")));
}

#[test]
fn the_librarys_close_frame_has_a_code_unless_the_client_closes() {
    let (mut filter, ..) = recording();
    assert_eq!(filter.close_code(), Some(CloseCode::Protocol));
    passed(&mut filter, &frame(0x81, [1; 4], b"1")).unwrap();
    assert_eq!(filter.close_code(), Some(CloseCode::Normal));
    let (mut filter, ..) = recording();
    passed(&mut filter, &frame(0x88, [1; 4], &1001_u16.to_be_bytes())).unwrap();
    assert_eq!(filter.close_code(), None);
}

#[test]
fn a_connection_that_is_over_keeps_no_receiver() {
    let (filter, receiver, inbox) = recording();
    drop(filter);
    assert_eq!(Arc::strong_count(&receiver), 1);
    inbox.open(receiver.clone());
    assert_eq!(Arc::strong_count(&receiver), 1);
}

/// What the library gets of posted bodies, one after the other, each in pieces of that size.
async fn posted(bodies: &[&str], piece: usize) -> Vec<Option<String>> {
    let packets = Arc::<Mutex<Packets>>::default();
    let mut passed = Vec::new();
    for body in bodies {
        let pieces: Vec<_> =
            body.as_bytes().chunks(piece).map(<[u8]>::to_vec).map(Ok::<_, io::Error>).collect();
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        let read = PostedPackets::of(body, packets.clone(), connected()).collect().await.ok();
        passed.push(read.map(|read| String::from_utf8(read.to_bytes().to_vec()).unwrap()));
    }
    passed
}

#[tokio::test]
async fn posted_packets_are_read_as_those_in_frames() {
    let large = "x".repeat(MAX_EVENT_BYTES);
    let first = format!("42[1]\u{1e}425[\"{large}\"]\u{1e}3\u{1e}452-7[\"x\"]\u{1e}bAAAA");
    for piece in [1_000, 7_777, 1_000_000] {
        assert_eq!(
            posted(&[&first, "bAAAA\u{1e}42[2]", "42[\"é\"]"], piece).await,
            [
                Some(format!("42[1]\u{1e}425{TOO_LARGE}\u{1e}3\u{1e}")),
                Some(format!("427{BINARY}\u{1e}42[2]")),
                Some("42[\"é\"]".to_owned()),
            ]
        );
    }
    for refused in ["bAAAA".to_owned(), "4511-[1]".to_owned(), "451-[1]\u{1e}42[1]".to_owned()] {
        assert_eq!(posted(&[&refused], 3).await, [None], "{refused}");
    }
    assert_eq!(posted(&[&"42[1]\u{1e}".repeat(MAX_PACKET_BYTES / 6 + 1)], 8_000).await, [None]);
}
