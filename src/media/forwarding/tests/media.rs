//! Video and audio arrive whole, with any loss, delay and change of publishers.

use std::time::Duration;

use super::{Network, Offer, client::assert_whole};
use crate::media::{DataRelay, EndReason, MediaEvent, MediaKind};

#[test]
fn a_subscriber_starts_with_a_key_frame_and_receives_every_packet() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    network.run_for(Duration::from_secs(3));
    let bob = network.subscriber(ann);
    let joined = network.now;
    network.until_got(bob, 300);
    assert_whole(&network.clients[bob].got);
    let first = &network.clients[bob].got[0];
    assert!(first.at - joined < Duration::from_millis(300), "{:?}", first.at - joined);
    assert!(first.sequence < 65_536);
    assert_eq!(network.clients[ann].told(), [MediaEvent::Connected, MediaEvent::Flowing(MediaKind::Video)]);
    assert_eq!(network.clients[bob].told(), [MediaEvent::Connected]);
}

#[test]
fn lost_and_late_packets_are_repeated_on_both_sides() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    let bob = network.subscriber(ann);
    network.until_got(bob, 30);
    (network.loss, network.jitter) = (0.05, Duration::from_millis(15));
    network.until_got(bob, 1_000);
    (network.loss, network.jitter) = (0.0, Duration::ZERO);
    network.until_got(bob, 100);
    assert!(network.lost > 100);
    assert_whole(&network.clients[bob].got);
}

#[test]
fn repetitions_come_soon_even_with_heavy_loss() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    let bob = network.subscriber(ann);
    network.until_got(bob, 100);
    network.clients[bob].loss = 0.25;
    network.until_got(bob, 1_000);
    network.clients[bob].loss = 0.0;
    network.until_got(bob, 100);
    let got = &network.clients[bob].got;
    assert_whole(got);
    let late = got.iter().enumerate().filter_map(|(index, packet)| {
        let missed = got[..index].iter().find(|other| other.sequence > packet.sequence)?;
        Some(packet.at - missed.at)
    });
    let latest = late.max().unwrap();
    assert!(latest < Duration::from_millis(300), "{latest:?}");
}

#[test]
fn an_ice_restart_loses_no_packet() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    let bob = network.subscriber(ann);
    network.until_got(bob, 30);
    for client in [bob, ann] {
        network.restart(client);
        network.until_got(bob, 100);
    }
    assert_whole(&network.clients[bob].got);
}

#[test]
fn a_second_publication_reaches_subscribers_on_the_same_connection() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    let bob = network.subscriber(ann);
    network.until_got(bob, 100);
    let again = network.client_of(network.clients[ann].owner.clone());
    network.publish(again, &Offer::default(), DataRelay::None);
    assert_eq!(network.clients[ann].told().last(), Some(&MediaEvent::Closed(EndReason::Replaced)));
    network.until("the new picture arrives", |network| {
        network.clients[bob].got.last().is_some_and(|got| usize::from(got.content.tag) == again + 1)
    });
    network.until_got(bob, 100);
    assert_whole(&network.clients[bob].got);
}

#[test]
fn a_hundred_connections_in_ten_rooms_see_their_own_room_alone() {
    let mut network = Network::new();
    let rooms: Vec<_> = (0..10).map(|room| (network.publisher(&format!("room {room}")), room)).collect();
    let mut subscribers = Vec::new();
    for (publisher, _) in rooms {
        subscribers.extend((0..9).map(|_| (publisher, network.subscriber(publisher))));
    }
    network.until("every client sees something", |network| {
        subscribers.iter().all(|(_, subscriber)| network.clients[*subscriber].got.len() > 60)
    });
    for (publisher, subscriber) in subscribers {
        let got = &network.clients[subscriber].got;
        assert_whole(got);
        assert!(got.iter().all(|packet| usize::from(packet.content.tag) == publisher + 1));
    }
}

#[test]
fn many_new_subscribers_cause_few_key_frames() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    network.run_for(Duration::from_secs(1));
    let subscribers: Vec<_> = (0..30).map(|_| network.subscriber(ann)).collect();
    network.run_for(Duration::from_secs(2));
    assert!(subscribers.iter().all(|subscriber| !network.clients[*subscriber].got.is_empty()));
    assert!(network.clients[ann].asked <= 4, "{}", network.clients[ann].asked);
}

#[test]
fn loopback_returns_the_publishers_own_video() {
    let mut network = Network::new();
    let ann = network.client("7");
    network.publish(ann, &Offer { loopback: true, ..Offer::default() }, DataRelay::None);
    network.until_got(ann, 100);
    assert_whole(&network.clients[ann].got);
}

#[test]
fn audio_is_forwarded_and_the_loudest_publisher_is_the_speaker() {
    let mut network = Network::new();
    let speak = |level| Offer { microphone: Some(level), ..Offer::default() };
    let (ann, bob) = (network.client("7"), network.client("7"));
    network.publish(ann, &speak(-30), DataRelay::None);
    network.publish(bob, &speak(-70), DataRelay::None);
    let eve = network.subscriber(ann);
    network.until("sound arrives", |network| network.clients[eve].sounds > 50);
    network.run_for(Duration::from_secs(1));
    let (loud, quiet) = (network.clients[ann].owner.participant, network.clients[bob].owner.participant);
    let told = network.clients[eve].told();
    assert_eq!(told.last(), Some(&MediaEvent::ActiveSpeaker(Some(loud))));
    network.clients[ann].cameras[0].level = Some(-90);
    network.clients[bob].cameras[0].level = Some(-25);
    network.run_for(Duration::from_secs(2));
    assert_eq!(network.clients[eve].told(), [MediaEvent::ActiveSpeaker(Some(quiet))]);

    let cy = network.subscriber(bob);
    network.run_for(Duration::from_secs(2));
    let is_of_speakers = |event: &MediaEvent| matches!(event, MediaEvent::ActiveSpeaker(_));
    let told = network.clients[cy].told().into_iter().filter(is_of_speakers);
    assert!(
        told.eq([MediaEvent::ActiveSpeaker(Some(quiet))]),
        "a participant who joins during speech is told"
    );
    assert!(!network.clients[eve].told().iter().any(is_of_speakers), "and no other participant");
}
