//! Offers of all kinds, and their answers.

use proptest::prelude::*;
use str0m::Rtc;

use super::{Network, Offer, TestClient};
use crate::media::{DescriptionError, EndpointError, MediaCodec, Publication, Role};

fn publish() -> Role {
    Role::Publish(Publication::default())
}

fn lines<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.starts_with(start)).collect()
}

#[test]
fn an_answer_contains_all_that_a_browser_needs() {
    let mut network = Network::new();
    let ann = network.client("7");
    network.publish(ann, &Offer { microphone: Some(-30), ..Offer::default() }, crate::media::DataRelay::None);
    let bob = network.client("7");
    let source = network.clients[ann].owner.participant;
    let offer = network.clients[bob].offer_to_receive(&Offer::default());
    let answer = network.open(bob, Role::Subscribe { source }, &offer).unwrap();
    assert_eq!(lines(&answer, "a=ice-lite").len(), 1);
    assert_eq!(lines(&answer, "a=setup:"), ["a=setup:passive"; 2]);
    assert_eq!(lines(&answer, "a=sendonly").len(), 2);
    let candidates = lines(&answer, "a=candidate:");
    assert!(candidates.iter().any(|line| line.contains(" udp ") && line.contains("10.0.0.1 7000 typ host")));
    assert!(candidates.iter().any(|line| line.contains(" tcp ") && line.contains("tcptype passive")));
    let stream = format!("a=msid:{source} ");
    assert_eq!(
        lines(&answer, &stream).len(),
        2,
        "one stream, so that sound and picture go together: {answer}"
    );
    assert!(answer.contains("nack pli") && answer.contains("rtx/90000") && !answer.contains("H264"));
}

#[test]
fn the_answer_to_a_publisher_is_receive_only() {
    let mut network = Network::new();
    let ann = network.client("7");
    let offer = Offer { loopback: true, ..Offer::default() };
    let offer = network.clients[ann].offer_to_send(&offer, network.now);
    assert_eq!(lines(&offer, "a=sendrecv").len(), 1);
    let answer = network.open(ann, publish(), &offer).unwrap();
    assert_eq!(lines(&answer, "a=recvonly").len(), 1, "{answer}");
}

#[test]
fn a_client_that_can_measure_round_trips_is_allowed_to() {
    let mut network = Network::new();
    let microphone = Offer { microphone: Some(-30), ..Offer::default() };
    for (line, expected) in [("a=rtcp-mux", 0), ("a=rtcp-mux\r\na=rtcp-xr:rcvr-rtt=all", 2)] {
        let ann = network.client("7");
        let offer = network.clients[ann].offer_to_send(&microphone, network.now).replace("a=rtcp-mux", line);
        let answer = network.open(ann, publish(), &offer).unwrap();
        assert_eq!(lines(&answer, "a=rtcp-xr:rcvr-rtt=all").len(), expected, "{answer}");
    }
}

#[test]
fn h264_is_forwarded_where_it_is_allowed_and_nothing_else_is_understood() {
    for (codecs, expected) in [
        (&[MediaCodec::Opus, MediaCodec::Vp8, MediaCodec::H264][..], Ok(())),
        (
            &[MediaCodec::Opus, MediaCodec::Vp8],
            Err(EndpointError::Description(DescriptionError::NothingInCommon)),
        ),
    ] {
        let mut network = Network::with_codecs(codecs);
        let ann = network.client("7");
        let owner = network.clients[ann].owner.clone();
        network.clients[ann] =
            TestClient::configured(1, owner, Rtc::builder().clear_codecs().enable_h264(true), network.now);
        let offer = network.clients[ann].offer_to_send(&Offer::default(), network.now);
        let answer = network.open(ann, publish(), &offer);
        assert_eq!(answer.as_ref().map(|_| ()).map_err(Clone::clone), expected);
        assert!(answer.is_err() || answer.is_ok_and(|answer| answer.contains("H264")));
    }
}

#[test]
fn an_invalid_offer_is_refused_and_leaves_no_state() {
    let mut network = Network::new();
    let ann = network.client("7");
    let good = network.clients[ann].offer_to_send(&Offer::default(), network.now);
    let cases = [
        (String::new(), DescriptionError::Unreadable),
        ("hello".into(), DescriptionError::Unreadable),
        (good.replace("a=fingerprint", "a=nothing"), DescriptionError::Unreadable),
        (good.replace("a=ice-pwd", "a=nothing"), DescriptionError::Unreadable),
        (good.replace("a=sendonly", "a=recvonly"), DescriptionError::NothingInCommon),
        ("x".repeat(100_000), DescriptionError::TooLong),
        (good.clone() + &"m=video 9 UDP/TLS/RTP/SAVPF 96\r\n".repeat(9), DescriptionError::TooManySections),
    ];
    for (offer, expected) in cases {
        assert_eq!(network.open(ann, publish(), &offer), Err(expected.into()), "{offer:.60}");
    }
    assert_eq!(network.shard.occupancy(), (0, 0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 4))]

    /// An arbitrarily changed offer is answered or refused, and the next valid one is answered.
    #[test]
    fn arbitrary_offers_do_not_disturb_later_ones(
        changes in prop::collection::vec((any::<prop::sample::Index>(), "[ -~]{0,12}", 0..4_u8), 1..6),
    ) {
        let mut network = Network::new();
        let ann = network.client("7");
        let offer = Offer { microphone: Some(-30), layers: vec!["q", "f"], ..Offer::default() };
        let good = network.clients[ann].offer_to_send(&offer, network.now);
        let mut lines: Vec<_> = good.lines().map(str::to_owned).collect();
        for (index, text, how) in changes {
            let at = index.index(lines.len());
            match how {
                0 => lines[at].push_str(&text),
                1 => { lines.remove(at); }
                2 => lines.insert(at, text),
                _ => lines.insert(at, lines[at].clone()),
            }
        }
        let _ = network.open(ann, publish(), &lines.join("\r\n"));
        let bob = network.publisher("8");
        prop_assert!(network.clients[bob].endpoint.is_some());
    }
}
