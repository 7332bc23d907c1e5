//! Data channels and their receivers, and offers of the server.

use std::time::Duration;

use super::{Offer, World, client::assert_whole};
use crate::media::{DataChannel, DataRelay, NegotiationError, Role};

fn agreed() -> Vec<DataChannel> {
    let channel =
        |(label, id, retains_last): (&str, _, _)| DataChannel { label: label.into(), id, retains_last };
    [("chat", 100, false), ("features", 110, true)].map(channel).into()
}

/// Makes a publisher with the negotiated channels.
fn member(world: &mut World, room: &str) -> usize {
    let client = world.client(room);
    let offer = Offer { channels: agreed(), ..Offer::default() };
    world.publish(client, &offer, DataRelay::Room(agreed()));
    client
}

fn say(world: &mut World, client: usize, label: &str, message: &[u8]) -> bool {
    let said = world.clients[client].say(label, message);
    world.start(client);
    said
}

#[test]
fn messages_reach_the_other_publishers_of_the_room_in_order() {
    let mut world = World::new();
    let [ann, bob, eve] = ["7", "7", "8"].map(|room| member(&mut world, room));
    world.run_for(Duration::from_secs(2));
    for number in 0..50_u8 {
        assert!(say(&mut world, ann, "chat", &[number]));
    }
    assert!(say(&mut world, bob, "features", b"on"));
    world.run_for(Duration::from_secs(1));
    let expected: Vec<_> = (0..50).map(|number| ("chat".to_owned(), vec![number])).collect();
    assert_eq!(world.clients[bob].messages, expected);
    assert_eq!(world.clients[ann].messages, [("features".to_owned(), b"on".to_vec())]);
    assert!(world.clients[eve].messages.is_empty());
}

#[test]
fn a_later_client_gets_the_kept_last_message() {
    let mut world = World::new();
    let [ann, bob] = ["7", "7"].map(|room| member(&mut world, room));
    world.run_for(Duration::from_secs(2));
    let long = vec![b'x'; 1025];
    for (who, label, message) in [
        (ann, "features", b"off".as_slice()),
        (ann, "features", b"on"),
        (ann, "chat", b"hello"),
        (bob, "features", b"off"),
        (bob, "features", &long),
    ] {
        assert!(say(&mut world, who, label, message));
    }
    world.run_for(Duration::from_secs(1));
    let [cy, eve] = ["7", "8"].map(|room| member(&mut world, room));
    world.run_for(Duration::from_secs(2));
    assert_eq!(world.clients[cy].messages, [("features".to_owned(), b"on".to_vec())], "neither old nor long");
    assert!(world.clients[eve].messages.is_empty());
}

#[test]
fn messages_of_a_publisher_reach_subscribers_on_the_channel_with_the_same_label() {
    let mut world = World::new();
    let ann = world.client("7");
    let offer = Offer { own_channels: vec!["notes", "other"], ..Offer::default() };
    world.publish(ann, &offer, DataRelay::Subscribers);
    let (bob, eve) = (world.subscriber_with(ann, &["notes"]), world.subscriber(ann));
    world.run_for(Duration::from_secs(2));
    assert!(say(&mut world, ann, "notes", b"hello") && say(&mut world, ann, "other", b"nobody"));
    assert!(say(&mut world, bob, "notes", b"not for publishers"));
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.clients[bob].messages, [("notes".to_owned(), b"hello".to_vec())]);
    assert!(world.clients[eve].messages.is_empty() && world.clients[ann].messages.is_empty());
}

#[test]
fn messages_over_the_rate_are_dropped() {
    let mut world = World::new();
    let [ann, bob] = ["7", "7"].map(|room| member(&mut world, room));
    world.run_for(Duration::from_secs(2));
    for _ in 0..300 {
        say(&mut world, ann, "chat", b"spam");
    }
    world.run_for(Duration::from_secs(1));
    let heard = world.clients[bob].messages.len();
    assert!((100..=260).contains(&heard), "{heard}");
}

#[test]
fn the_server_can_make_the_offer() {
    let mut world = World::new();
    let ann = world.publisher("7");
    world.run_for(Duration::from_secs(1));
    let bob = world.client("7");
    let source = world.clients[ann].owner.participant;
    let new = world.new_endpoint(bob, Role::Subscribe { source });
    let (id, _) = world.account.enter(&new.owner).unwrap();
    let offer = world.shard.offer(id, new, world.now).unwrap();
    assert!(offer.contains(&format!("a=msid:{source} ")), "{offer}");
    let answer = world.clients[bob].answer(&offer);
    world.shard.accept(id, &answer, world.now).unwrap();
    assert!(matches!(world.shard.accept(id, &answer, world.now), Err(NegotiationError::Description(_))));
    world.start(bob);
    world.until_got(bob, 100);
    assert_whole(&world.clients[bob].got);
}
