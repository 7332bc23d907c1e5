//! Subscribers that cannot decode what is sent, and publishers whose codecs are not forwarded.

use str0m::{Rtc, RtcConfig};

use super::{Network, Offer, TestClient};
use crate::media::{DataRelay, MediaCodec, MediaEvent, MediaKind, Publication, Role};

const MISSING: MediaEvent = MediaEvent::CodecMissing(MediaKind::Video);

fn sound() -> RtcConfig {
    Rtc::builder().clear_codecs().enable_opus(true, false)
}

/// Adds a client with these codecs to the room.
fn client(network: &mut Network, codecs: RtcConfig) -> usize {
    let client = network.client("7");
    let owner = network.clients[client].owner.clone();
    let tag = u8::try_from(client + 1).unwrap();
    network.clients[client] = TestClient::configured(tag, owner, codecs, network.now);
    client
}

fn subscribe(network: &mut Network, codecs: RtcConfig, publisher: usize) -> usize {
    let client = client(network, codecs);
    let source = network.clients[publisher].owner.participant;
    let offer = network.clients[client].offer_to_receive(&Offer::default());
    network.open(client, Role::Subscribe { source }, &offer).unwrap();
    client
}

#[test]
fn subscriber_without_the_codec_of_its_source_is_reported() {
    let mut network = Network::with_codecs(&[MediaCodec::Opus, MediaCodec::Vp8, MediaCodec::H264]);
    let ann = client(&mut network, sound().enable_h264(true));
    let offer = Offer { microphone: Some(-30), ..Offer::default() };
    network.publish(ann, &offer, DataRelay::None);
    // One has another codec, and one has none that the server knows.
    for codecs in [sound().enable_vp8(true), sound().enable_vp9(true)] {
        let bob = subscribe(&mut network, codecs, ann);
        assert_eq!(network.clients[bob].told(), [MISSING]);
    }
    let cy = subscribe(&mut network, sound().enable_vp8(true).enable_h264(true), ann);
    assert_eq!(network.clients[cy].told(), []);
    assert_eq!(network.clients[ann].told(), []);
}

#[test]
fn publisher_whose_codecs_are_not_forwarded_is_reported() {
    let mut network = Network::new();
    let ann = client(&mut network, sound().enable_vp9(true));
    let offer = Offer { microphone: Some(-30), ..Offer::default() };
    let offer = network.clients[ann].offer_to_send(&offer, network.now);
    network.open(ann, Role::Publish(Publication::default()), &offer).unwrap();
    assert_eq!(network.clients[ann].told(), [MISSING]);
}
