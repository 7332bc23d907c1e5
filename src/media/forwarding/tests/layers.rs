//! Simulcast: a subscriber gets one layer, and changes layers without a gap.

use std::time::Duration;

use super::{Offer, World, client::assert_whole};
use crate::media::{DataRelay, Layer, Role};

fn publish_layers(world: &mut World) -> usize {
    let ann = world.client("7");
    let offer = Offer { layers: vec!["q", "h", "f"], ..Offer::default() };
    world.publish(ann, &offer, DataRelay::None);
    world.run_for(Duration::from_secs(2));
    ann
}

#[test]
fn only_subscribers_of_several_layers_measure_their_capacity() {
    let mut world = World::new();
    let ann = publish_layers(&mut world);
    let bob = world.publisher("7");
    for (source, expected) in [(ann, true), (bob, false)] {
        let cid = world.client("7");
        let source = world.clients[source].owner.participant;
        let offer = world.clients[cid].offer_to_receive(&[]);
        let answer = world.open(cid, Role::Subscribe { source }, &offer).unwrap();
        assert_eq!(answer.contains("transport-wide-cc"), expected, "{answer}");
    }
}

#[test]
fn a_wanted_layer_follows_without_a_gap() {
    let mut world = World::new();
    let ann = publish_layers(&mut world);
    let bob = world.subscriber(ann);
    world.until_got(bob, 30);
    for layer in ["q", "f", "h", "q"] {
        world.shard.layer(world.endpoint(bob), &Layer::Rid(layer.into()), world.now);
        world.until(layer, |world| {
            world.clients[bob].got.last().unwrap().content.layer == layer.as_bytes()[0]
        });
        world.until_got(bob, 60);
    }
    assert_whole(&world.clients[bob].got);
}

#[test]
fn a_layer_that_is_no_longer_sent_is_replaced_by_another() {
    let mut world = World::new();
    let ann = publish_layers(&mut world);
    let bob = world.subscriber(ann);
    world.shard.layer(world.endpoint(bob), &Layer::Rid("f".into()), world.now);
    world.until("the best layer arrives", |world| {
        world.clients[bob].got.last().is_some_and(|got| got.content.layer == b'f')
    });
    world.clients[ann].cameras.retain(|camera| camera.rid != Some("f".into()));
    world.until("another layer arrives", |world| {
        world.clients[bob].got.last().is_some_and(|got| got.content.layer != b'f')
    });
    world.until_got(bob, 60);
    assert_whole(&world.clients[bob].got);
}

#[test]
fn each_subscriber_gets_the_layer_that_it_wants() {
    let mut world = World::new();
    let ann = publish_layers(&mut world);
    let (bob, eve) = (world.subscriber(ann), world.subscriber(ann));
    world.shard.layer(world.endpoint(bob), &Layer::Rid("q".into()), world.now);
    world.shard.layer(world.endpoint(eve), &Layer::Rid("f".into()), world.now);
    world.run_for(Duration::from_secs(4));
    for (client, layer) in [(bob, b'q'), (eve, b'f')] {
        let got = &world.clients[client].got;
        assert!(got.len() > 100 && got[got.len() - 60..].iter().all(|packet| packet.content.layer == layer));
        assert_whole(got);
    }
}

#[test]
fn a_narrow_link_gets_a_small_layer_and_a_better_one_when_it_widens() {
    let mut world = World::new();
    let ann = publish_layers(&mut world);
    let bob = world.subscriber(ann);
    world.clients[bob].link = Some(150_000.0);
    world.run_for(Duration::from_secs(15));
    let small = |world: &World| world.clients[bob].got.last().map(|got| got.content.layer);
    assert_eq!(small(&world), Some(b'q'));
    world.clients[bob].link = None;
    world.until("the best layer arrives", |world| small(world) == Some(b'f'));
}
