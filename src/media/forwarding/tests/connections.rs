//! How endpoints end, and what strangers can do to them.

use std::time::Duration;

use proptest::prelude::*;
use str0m::net::Protocol;

use super::World;
use crate::media::{CloseReason, MediaEvent, OpenError, Role};

fn last(world: &World, client: usize) -> Option<MediaEvent> {
    world.clients[client].told().pop()
}

#[test]
fn a_client_that_says_goodbye_has_left_at_once() {
    let mut world = World::new();
    let ann = world.publisher("7");
    let bob = world.subscriber(ann);
    world.until_got(bob, 10);
    world.clients[bob].rtc.close().unwrap();
    world.start(bob);
    world.run_for(Duration::from_millis(300));
    assert_eq!(last(&world, bob), Some(MediaEvent::Closed(CloseReason::Left)));
    assert_eq!(world.account.owners(), [world.clients[ann].owner.clone()]);
}

#[test]
fn a_client_that_vanishes_is_given_up_after_a_while_and_not_before() {
    let mut world = World::new();
    let ann = world.publisher("7");
    let bob = world.subscriber(ann);
    world.until_got(bob, 10);
    world.clients[bob].is_away = true;
    world.run_for(Duration::from_secs(10));
    assert!(!matches!(last(&world, bob), Some(MediaEvent::Closed(_))));
    world.run_for(Duration::from_secs(30));
    assert_eq!(last(&world, bob), Some(MediaEvent::Closed(CloseReason::Lost)));
}

#[test]
fn who_comes_back_in_time_goes_on() {
    let mut world = World::new();
    let ann = world.publisher("7");
    let bob = world.subscriber(ann);
    world.until_got(bob, 10);
    world.clients[bob].is_away = true;
    world.run_for(Duration::from_secs(5));
    world.clients[bob].is_away = false;
    world.until_got(bob, 100);
    assert_eq!(world.clients[bob].told(), [MediaEvent::Connected]);
}

#[test]
fn who_never_connects_is_given_up() {
    let mut world = World::new();
    let ann = world.publisher("7");
    world.clients[ann].is_away = true;
    world.run_for(Duration::from_secs(31));
    assert_eq!(last(&world, ann), Some(MediaEvent::Closed(CloseReason::Lost)));
    assert!(world.account.owners().is_empty());
}

#[test]
fn an_endpoint_that_is_closed_takes_its_client_along() {
    let mut world = World::new();
    let ann = world.publisher("7");
    let bob = world.subscriber(ann);
    world.until_got(bob, 10);
    world.account.strike(world.endpoint(bob));
    world.shard.close(world.endpoint(bob), world.now);
    world.until("the client hears of it", |world| !world.clients[bob].rtc.is_alive());
    assert_eq!(world.clients[bob].told(), [MediaEvent::Connected]);
}

#[test]
fn a_panic_ends_one_endpoint_alone() {
    let mut world = World::new();
    let ann = world.publisher("7");
    let (bob, eve) = (world.subscriber(ann), world.subscriber(ann));
    world.until_got(bob, 10);
    world.until_got(eve, 10);
    world.shard.break_endpoint(world.endpoint(bob));
    world.until_got(eve, 100);
    assert_eq!(last(&world, bob), Some(MediaEvent::Closed(CloseReason::Fault)));
}

#[test]
fn nothing_is_left_when_everybody_has_gone() {
    let mut world = World::new();
    let ann = world.publisher("7");
    let bob = world.subscriber(ann);
    world.until_got(bob, 10);
    for client in [ann, bob] {
        world.shard.close(world.endpoint(client), world.now);
    }
    assert_eq!(world.shard.occupancy(), (0, 0, 0));
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.shard.wakes_at(), None, "an empty shard sleeps");
}

#[test]
fn what_is_not_published_cannot_be_subscribed_to() {
    let mut world = World::new();
    let (ann, eve) = (world.publisher("7"), world.client("8"));
    let source = world.clients[ann].owner.participant;
    let offer = world.clients[eve].offer_to_receive(&[]);
    assert_eq!(world.open(eve, Role::Subscribe { source }, &offer), Err(OpenError::NotPublished));
}

#[test]
fn a_stranger_who_has_seen_a_name_takes_nothing_over() {
    let mut world = World::new();
    let ann = world.publisher("7");
    let bob = world.subscriber(ann);
    world.until_got(bob, 10);
    // Everything that a client would send, from elsewhere; its checks are signed, but not for a changed name.
    let stranger = "10.9.9.9:666".parse().unwrap();
    let mut request = stun_request(&world.shard.name_of(world.endpoint(bob)));
    for byte in 0..=255 {
        request[19] = byte;
        world.shard.receive(Protocol::Udp, stranger, "10.0.0.1:7000".parse().unwrap(), &request, world.now);
    }
    assert_eq!(world.shard.transmit().map(|transmit| transmit.destination), None);
    world.until_got(bob, 60);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 8))]

    /// Whatever strangers and a client's own address send: nobody panics, and the call goes on.
    #[test]
    fn no_packet_is_too_strange(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 1..50)) {
        let mut world = World::new();
        let ann = world.publisher("7");
        let bob = world.subscriber(ann);
        world.until_got(bob, 10);
        let server = "10.0.0.1:7000".parse().unwrap();
        for (index, packet) in packets.iter().enumerate() {
            let from = if index % 2 == 0 { world.clients[bob].address } else { "10.9.9.9:666".parse().unwrap() };
            world.shard.receive(Protocol::Udp, from, server, packet, world.now);
        }
        world.until_got(bob, 30);
    }
}

/// A binding request with the right name and no signature.
fn stun_request(ufrag: &str) -> Vec<u8> {
    let name = format!("{ufrag}:none");
    let mut attribute = vec![0, 6, 0, u8::try_from(name.len()).unwrap()];
    attribute.extend(name.as_bytes());
    attribute.resize(attribute.len().next_multiple_of(4), 0);
    let mut packet = vec![0, 1, 0, u8::try_from(attribute.len()).unwrap(), 0x21, 0x12, 0xa4, 0x42];
    packet.resize(20, 1);
    packet.extend(attribute);
    packet
}
