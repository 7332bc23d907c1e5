//! Video and audio arrive whole, with any loss, delay and change of publishers.

use std::time::Duration;

use super::{Offer, World, client::assert_whole};
use crate::media::{DataRelay, EndReason, MediaEvent, MediaKind};

#[test]
fn a_subscriber_starts_with_a_key_frame_and_receives_every_packet() {
    let mut world = World::new();
    let ann = world.publisher("7");
    world.run_for(Duration::from_secs(3));
    let bob = world.subscriber(ann);
    let joined = world.now;
    world.until_got(bob, 300);
    assert_whole(&world.clients[bob].got);
    let first = &world.clients[bob].got[0];
    assert!(first.at - joined < Duration::from_millis(300), "{:?}", first.at - joined);
    assert!(first.sequence < 65_536);
    assert_eq!(world.clients[ann].told(), [MediaEvent::Connected, MediaEvent::Flowing(MediaKind::Video)]);
    assert_eq!(world.clients[bob].told(), [MediaEvent::Connected]);
}

#[test]
fn lost_and_late_packets_are_repeated_on_both_sides() {
    let mut world = World::new();
    let ann = world.publisher("7");
    let bob = world.subscriber(ann);
    world.until_got(bob, 30);
    (world.loss, world.jitter) = (0.05, Duration::from_millis(15));
    world.until_got(bob, 1_000);
    (world.loss, world.jitter) = (0.0, Duration::ZERO);
    world.until_got(bob, 100);
    assert!(world.lost > 100);
    assert_whole(&world.clients[bob].got);
}

#[test]
fn repetitions_come_soon_even_with_heavy_loss() {
    let mut world = World::new();
    let ann = world.publisher("7");
    let bob = world.subscriber(ann);
    world.until_got(bob, 100);
    world.clients[bob].loss = 0.25;
    world.until_got(bob, 1_000);
    world.clients[bob].loss = 0.0;
    world.until_got(bob, 100);
    let got = &world.clients[bob].got;
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
    let mut world = World::new();
    let ann = world.publisher("7");
    let bob = world.subscriber(ann);
    world.until_got(bob, 30);
    for client in [bob, ann] {
        world.restart(client);
        world.until_got(bob, 100);
    }
    assert_whole(&world.clients[bob].got);
}

#[test]
fn a_second_publication_reaches_subscribers_on_the_same_connection() {
    let mut world = World::new();
    let ann = world.publisher("7");
    let bob = world.subscriber(ann);
    world.until_got(bob, 100);
    let again = world.client_of(world.clients[ann].owner.clone());
    world.publish(again, &Offer::default(), DataRelay::None);
    assert_eq!(world.clients[ann].told().last(), Some(&MediaEvent::Closed(EndReason::Replaced)));
    world.until("the new picture arrives", |world| {
        world.clients[bob].got.last().is_some_and(|got| usize::from(got.content.tag) == again + 1)
    });
    world.until_got(bob, 100);
    assert_whole(&world.clients[bob].got);
}

#[test]
fn a_hundred_connections_in_ten_rooms_see_their_own_room_alone() {
    let mut world = World::new();
    let rooms: Vec<_> = (0..10).map(|room| (world.publisher(&format!("room {room}")), room)).collect();
    let mut subscribers = Vec::new();
    for (publisher, _) in rooms {
        subscribers.extend((0..9).map(|_| (publisher, world.subscriber(publisher))));
    }
    world.until("everybody sees something", |world| {
        subscribers.iter().all(|(_, subscriber)| world.clients[*subscriber].got.len() > 60)
    });
    for (publisher, subscriber) in subscribers {
        let got = &world.clients[subscriber].got;
        assert_whole(got);
        assert!(got.iter().all(|packet| usize::from(packet.content.tag) == publisher + 1));
    }
}

#[test]
fn many_new_subscribers_cause_few_key_frames() {
    let mut world = World::new();
    let ann = world.publisher("7");
    world.run_for(Duration::from_secs(1));
    let subscribers: Vec<_> = (0..30).map(|_| world.subscriber(ann)).collect();
    world.run_for(Duration::from_secs(2));
    assert!(subscribers.iter().all(|subscriber| !world.clients[*subscriber].got.is_empty()));
    assert!(world.clients[ann].asked <= 4, "{}", world.clients[ann].asked);
}

#[test]
fn loopback_returns_the_publishers_own_video() {
    let mut world = World::new();
    let ann = world.client("7");
    world.publish(ann, &Offer { loopback: true, ..Offer::default() }, DataRelay::None);
    world.until_got(ann, 100);
    assert_whole(&world.clients[ann].got);
}

#[test]
fn audio_is_forwarded_and_the_loudest_publisher_is_the_speaker() {
    let mut world = World::new();
    let speak = |level| Offer { microphone: Some(level), ..Offer::default() };
    let (ann, bob) = (world.client("7"), world.client("7"));
    world.publish(ann, &speak(-30), DataRelay::None);
    world.publish(bob, &speak(-70), DataRelay::None);
    let eve = world.subscriber(ann);
    world.until("sound arrives", |world| world.clients[eve].sounds > 50);
    world.run_for(Duration::from_secs(1));
    let (loud, quiet) = (world.clients[ann].owner.participant, world.clients[bob].owner.participant);
    let told = world.clients[eve].told();
    assert_eq!(told.last(), Some(&MediaEvent::ActiveSpeaker(Some(loud))));
    world.clients[ann].cameras[0].level = Some(-90);
    world.clients[bob].cameras[0].level = Some(-25);
    world.run_for(Duration::from_secs(2));
    assert_eq!(world.clients[eve].told(), [MediaEvent::ActiveSpeaker(Some(quiet))]);

    let cy = world.subscriber(bob);
    world.run_for(Duration::from_secs(2));
    let is_of_speakers = |event: &MediaEvent| matches!(event, MediaEvent::ActiveSpeaker(_));
    let told = world.clients[cy].told().into_iter().filter(is_of_speakers);
    assert!(
        told.eq([MediaEvent::ActiveSpeaker(Some(quiet))]),
        "a participant who joins during speech is told"
    );
    assert!(!world.clients[eve].told().iter().any(is_of_speakers), "and no other participant");
}
