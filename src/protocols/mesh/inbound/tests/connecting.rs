//! What follows a client's CONNECT packet waits for its answer.

use std::{
    pin::pin,
    task::{Context, Waker},
};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use http_body_util::BodyExt;

use super::*;

#[test]
fn event_after_connect_is_received_once_connect_is_answered() {
    let connect = frame(0x81, [7; 4], b"40");
    let sent = [connect.clone(), frame(0x81, [9; 4], b"42[1]")].concat();
    for (cut, room) in (1..sent.len()).flat_map(|cut| [(cut, 1), (cut, 3), (cut, 100)]) {
        let (inbox, receiver, connecting) = <(Arc<Inbox>, Arc<Recorder>, Arc<Connecting>)>::default();
        let mut filter = FrameFilter::new(inbox.clone(), connecting.clone());
        let mut library = Vec::new();
        for bytes in [&sent[..cut], &sent[cut..]] {
            read_all(&mut filter, bytes, room, &mut library);
        }
        assert_eq!(library, connect, "cut at {cut}, {room} bytes at once");
        assert!(receiver.0.lock().unwrap().is_empty());

        inbox.open(receiver.clone());
        connecting.answer();
        read_all(&mut filter, &[], room, &mut library);
        assert_eq!((&library, receiver.0.lock().unwrap().len()), (&connect, 1));
    }
}

/// Reads as a connection does: `bytes` arrive once the filter takes more.
fn read_all(filter: &mut FrameFilter, bytes: &[u8], room: usize, library: &mut Vec<u8>) {
    let mut bytes = bytes.to_vec();
    while filter.poll_readable(&mut Context::from_waker(Waker::noop())).is_ready() {
        let mut space = vec![0; room];
        let mut buf = ReadBuf::new(&mut space);
        let has_more = filter.filter_pending(&mut buf).unwrap()
            || !bytes.is_empty() && filter.filter(&mut std::mem::take(&mut bytes), &mut buf).unwrap();
        library.extend_from_slice(buf.filled());
        if !has_more && bytes.is_empty() {
            return;
        }
    }
    // What has not arrived yet arrives later.
    filter.filter(&mut bytes, &mut ReadBuf::new(&mut [])).unwrap();
}

#[tokio::test]
async fn posted_packets_after_connect_pass_once_it_is_answered() {
    for pieces in [
        vec!["3\u{1e}40\u{1e}42[1]\u{1e}42[2]"],
        vec!["3\u{1e}4", "0\u{1e}42[1]\u{1e}", "42[2]"],
        vec!["3", "\u{1e}40", "\u{1e}42[1]", "\u{1e}42[2]"],
    ] {
        let connecting = Arc::<Connecting>::default();
        let pieces = pieces.into_iter().map(|piece| Ok::<_, io::Error>(Bytes::from(piece)));
        let body = Body::from_stream(stream::iter(pieces));
        let body = PostedPackets::of(body, Arc::default(), connecting.clone());
        let mut body = pin!(body.into_data_stream());
        let mut next = || body.next().now_or_never().map(|data| data.map(Result::unwrap));
        assert_eq!(next(), Some(Some("3\u{1e}".into())));
        assert_eq!(next(), Some(Some("40\u{1e}".into())), "complete: the library handles it");
        assert_eq!(next(), None);
        connecting.answer();
        let rest: Vec<_> = std::iter::from_fn(|| next().unwrap()).collect();
        assert_eq!(rest.concat(), b"42[1]\x1e42[2]");
    }
}

#[tokio::test]
async fn connect_at_the_end_of_a_body_holds_the_next_body_back() {
    let connecting = Arc::<Connecting>::default();
    let body = |packets: &'static str| PostedPackets::of(packets.into(), Arc::default(), connecting.clone());
    assert_eq!(body("40").collect().await.unwrap().to_bytes(), "40");
    let mut next = pin!(body("42[1]").collect());
    assert!(next.as_mut().now_or_never().is_none());
    connecting.answer();
    assert_eq!(next.await.unwrap().to_bytes(), "42[1]");
}
