//! The ends of endpoints, and packets of strangers.

use std::time::Duration;

use proptest::prelude::*;
use str0m::net::Protocol;

use super::{Network, Offer};
use crate::media::{EndReason, EndpointError, MediaEvent, Role};

fn last(network: &Network, client: usize) -> Option<MediaEvent> {
    network.clients[client].told().pop()
}

#[test]
fn closing_the_connection_ends_the_endpoint_at_once() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    let bob = network.subscriber(ann);
    network.until_got(bob, 10);
    network.clients[bob].rtc.close().unwrap();
    network.start(bob);
    network.run_for(Duration::from_millis(300));
    assert_eq!(last(&network, bob), Some(MediaEvent::Closed(EndReason::Left)));
    assert_eq!(network.account.owners(), [network.clients[ann].owner.clone()]);
}

#[test]
fn a_silent_client_is_lost_after_the_time_out_and_not_before() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    let bob = network.subscriber(ann);
    network.until_got(bob, 10);
    network.clients[bob].is_away = true;
    network.run_for(Duration::from_secs(10));
    assert!(!matches!(last(&network, bob), Some(MediaEvent::Closed(_))));
    network.run_for(Duration::from_secs(30));
    assert_eq!(last(&network, bob), Some(MediaEvent::Closed(EndReason::Lost)));
}

#[test]
fn a_client_that_returns_in_time_keeps_its_endpoint() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    let bob = network.subscriber(ann);
    network.until_got(bob, 10);
    network.clients[bob].is_away = true;
    network.run_for(Duration::from_secs(5));
    network.clients[bob].is_away = false;
    network.until_got(bob, 100);
    assert_eq!(network.clients[bob].told(), [MediaEvent::Connected]);
}

#[test]
fn a_client_that_never_connects_is_lost() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    network.clients[ann].is_away = true;
    network.run_for(Duration::from_secs(31));
    assert_eq!(last(&network, ann), Some(MediaEvent::Closed(EndReason::Lost)));
    assert!(network.account.owners().is_empty());
}

#[test]
fn closing_an_endpoint_ends_the_client_connection() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    let bob = network.subscriber(ann);
    network.until_got(bob, 10);
    network.account.remove(network.endpoint(bob));
    network.shard.close(network.endpoint(bob), network.now);
    network.until("the client hears of it", |network| !network.clients[bob].rtc.is_alive());
    assert_eq!(network.clients[bob].told(), [MediaEvent::Connected]);
}

#[test]
fn a_panic_ends_one_endpoint_alone() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    let (bob, eve) = (network.subscriber(ann), network.subscriber(ann));
    network.until_got(bob, 10);
    network.until_got(eve, 10);
    network.shard.break_endpoint(network.endpoint(bob));
    network.until_got(eve, 100);
    assert_eq!(last(&network, bob), Some(MediaEvent::Closed(EndReason::Fault)));
}

#[test]
fn no_state_remains_after_all_endpoints_have_ended() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    let bob = network.subscriber(ann);
    network.until_got(bob, 10);
    for client in [ann, bob] {
        network.shard.close(network.endpoint(client), network.now);
    }
    assert_eq!(network.shard.occupancy(), (0, 0, 0));
    network.run_for(Duration::from_secs(1));
    assert_eq!(network.shard.wakes_at(), None, "an empty shard sleeps");
}

#[test]
fn subscribing_without_a_publication_is_refused() {
    let mut network = Network::new();
    let (ann, eve) = (network.publisher("7"), network.client("8"));
    let source = network.clients[ann].owner.participant;
    let offer = network.clients[eve].offer_to_receive(&Offer::default());
    assert_eq!(network.open(eve, Role::Subscribe { source }, &offer), Err(EndpointError::NotPublished));
}

#[test]
fn a_stranger_who_knows_the_ice_name_cannot_take_over() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    let bob = network.subscriber(ann);
    network.until_got(bob, 10);
    // All packets of a client, from another address; their checks are signed, but not for a changed name.
    let stranger = "10.9.9.9:666".parse().unwrap();
    let mut request = stun_request(&network.shard.name_of(network.endpoint(bob)));
    for byte in 0..=255 {
        request[19] = byte;
        network.shard.receive(
            Protocol::Udp,
            stranger,
            "10.0.0.1:7000".parse().unwrap(),
            &request,
            network.now,
        );
    }
    assert_eq!(network.shard.transmit().map(|transmit| transmit.destination), None);
    network.until_got(bob, 60);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 8))]

    /// Arbitrary packets from strangers and from the client's own address cause no panic, and the call
    /// continues.
    #[test]
    fn arbitrary_packets_do_not_disturb_a_call(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 1..50)) {
        let mut network = Network::new();
        let ann = network.publisher("7");
        let bob = network.subscriber(ann);
        network.until_got(bob, 10);
        let server = "10.0.0.1:7000".parse().unwrap();
        for (index, packet) in packets.iter().enumerate() {
            let from = if index % 2 == 0 { network.clients[bob].address } else { "10.9.9.9:666".parse().unwrap() };
            network.shard.receive(Protocol::Udp, from, server, packet, network.now);
        }
        network.until_got(bob, 30);
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
