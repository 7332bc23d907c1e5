//! Simulcast: a subscriber gets one layer, and changes layers without a gap.

use std::time::Duration;

use super::{Network, Offer, client::assert_whole};
use crate::media::{DataRelay, Layer, Role};

fn publish_layers(network: &mut Network) -> usize {
    let ann = network.client("7");
    let offer = Offer { layers: vec!["q", "h", "f"], ..Offer::default() };
    network.publish(ann, &offer, DataRelay::None);
    network.run_for(Duration::from_secs(2));
    ann
}

#[test]
fn only_subscribers_of_several_layers_measure_their_capacity() {
    let mut network = Network::new();
    let ann = publish_layers(&mut network);
    let bob = network.publisher("7");
    for (source, expected) in [(ann, true), (bob, false)] {
        let cid = network.client("7");
        let source = network.clients[source].owner.participant;
        let offer = network.clients[cid].offer_to_receive(&Offer::default());
        let answer = network.open(cid, Role::Subscribe { source }, &offer).unwrap();
        assert_eq!(answer.contains("transport-wide-cc"), expected, "{answer}");
    }
}

#[test]
fn a_wanted_layer_follows_without_a_gap() {
    let mut network = Network::new();
    let ann = publish_layers(&mut network);
    let bob = network.subscriber(ann);
    network.until_got(bob, 30);
    for layer in ["q", "f", "h", "q"] {
        network.shard.layer(network.endpoint(bob), &Layer::Rid(layer.into()), network.now);
        network.until(layer, |network| {
            network.clients[bob].got.last().unwrap().content.layer == layer.as_bytes()[0]
        });
        network.until_got(bob, 60);
    }
    assert_whole(&network.clients[bob].got);
}

#[test]
fn a_layer_that_is_no_longer_sent_is_replaced_by_another() {
    let mut network = Network::new();
    let ann = publish_layers(&mut network);
    let bob = network.subscriber(ann);
    network.shard.layer(network.endpoint(bob), &Layer::Rid("f".into()), network.now);
    network.until("the best layer arrives", |network| {
        network.clients[bob].got.last().is_some_and(|got| got.content.layer == b'f')
    });
    network.clients[ann].cameras.retain(|camera| camera.rid != Some("f".into()));
    network.until("another layer arrives", |network| {
        network.clients[bob].got.last().is_some_and(|got| got.content.layer != b'f')
    });
    network.until_got(bob, 60);
    assert_whole(&network.clients[bob].got);
}

#[test]
fn each_subscriber_gets_the_layer_that_it_wants() {
    let mut network = Network::new();
    let ann = publish_layers(&mut network);
    let (bob, eve) = (network.subscriber(ann), network.subscriber(ann));
    network.shard.layer(network.endpoint(bob), &Layer::Rid("q".into()), network.now);
    network.shard.layer(network.endpoint(eve), &Layer::Rid("f".into()), network.now);
    network.run_for(Duration::from_secs(4));
    for (client, layer) in [(bob, b'q'), (eve, b'f')] {
        let got = &network.clients[client].got;
        assert!(got.len() > 100 && got[got.len() - 60..].iter().all(|packet| packet.content.layer == layer));
        assert_whole(got);
    }
}

#[test]
fn a_narrow_link_gets_a_small_layer_and_a_better_one_when_it_widens() {
    let mut network = Network::new();
    let ann = publish_layers(&mut network);
    let bob = network.subscriber(ann);
    network.clients[bob].link = Some(150_000.0);
    network.run_for(Duration::from_secs(15));
    let small = |network: &Network| network.clients[bob].got.last().map(|got| got.content.layer);
    assert_eq!(small(&network), Some(b'q'));
    network.clients[bob].link = None;
    network.until("the best layer arrives", |network| small(network) == Some(b'f'));
}
