//! Data channels and their receivers, and offers of the server.

use std::time::Duration;

use super::{Network, Offer, client::assert_whole};
use crate::media::{DataChannel, DataRelay, NegotiationError, Publication, Role};

fn agreed() -> Vec<DataChannel> {
    let channel =
        |(label, id, retains_last): (&str, _, _)| DataChannel { label: label.into(), id, retains_last };
    [("chat", 100, false), ("features", 110, true)].map(channel).into()
}

/// Makes a publisher with the negotiated channels.
fn member(network: &mut Network, room: &str) -> usize {
    let client = network.client(room);
    let offer = Offer { channels: agreed(), ..Offer::default() };
    network.publish(client, &offer, DataRelay::Room(agreed()));
    client
}

fn say(network: &mut Network, client: usize, label: &str, message: &[u8]) -> bool {
    let said = network.clients[client].say(label, message);
    network.start(client);
    said
}

#[test]
fn messages_reach_the_other_publishers_of_the_room_in_order() {
    let mut network = Network::new();
    let [ann, bob, eve] = ["7", "7", "8"].map(|room| member(&mut network, room));
    network.run_for(Duration::from_secs(2));
    for number in 0..50_u8 {
        assert!(say(&mut network, ann, "chat", &[number]));
    }
    assert!(say(&mut network, bob, "features", b"on"));
    network.run_for(Duration::from_secs(1));
    let expected: Vec<_> = (0..50).map(|number| ("chat".to_owned(), vec![number])).collect();
    assert_eq!(network.clients[bob].messages, expected);
    assert_eq!(network.clients[ann].messages, [("features".to_owned(), b"on".to_vec())]);
    assert!(network.clients[eve].messages.is_empty());
}

#[test]
fn a_later_client_gets_the_retained_last_message() {
    let mut network = Network::new();
    let [ann, bob] = ["7", "7"].map(|room| member(&mut network, room));
    network.run_for(Duration::from_secs(2));
    let long = vec![b'x'; 1025];
    for (who, label, message) in [
        (ann, "features", b"off".as_slice()),
        (ann, "features", b"on"),
        (ann, "chat", b"hello"),
        (bob, "features", b"off"),
        (bob, "features", &long),
    ] {
        assert!(say(&mut network, who, label, message));
    }
    network.run_for(Duration::from_secs(1));
    let [cy, eve] = ["7", "8"].map(|room| member(&mut network, room));
    network.run_for(Duration::from_secs(2));
    assert_eq!(
        network.clients[cy].messages,
        [("features".to_owned(), b"on".to_vec())],
        "neither old nor long"
    );
    assert!(network.clients[eve].messages.is_empty());
}

#[test]
fn messages_of_a_publisher_reach_subscribers_on_the_channel_with_the_same_label() {
    let mut network = Network::new();
    let ann = network.client("7");
    let offer = Offer { own_channels: vec!["notes", "other"], ..Offer::default() };
    network.publish(ann, &offer, DataRelay::Subscribers);
    let notes = Offer { own_channels: vec!["notes"], ..Offer::default() };
    let (bob, eve) = (network.subscriber_with(ann, &notes), network.subscriber(ann));
    network.run_for(Duration::from_secs(2));
    assert!(say(&mut network, ann, "notes", b"hello") && say(&mut network, ann, "other", b"unheard"));
    assert!(say(&mut network, bob, "notes", b"not for publishers"));
    network.run_for(Duration::from_secs(1));
    assert_eq!(network.clients[bob].messages, [("notes".to_owned(), b"hello".to_vec())]);
    assert!(network.clients[eve].messages.is_empty() && network.clients[ann].messages.is_empty());
}

#[test]
fn messages_on_negotiated_channels_reach_subscribers_on_the_same_stream() {
    let mut network = Network::new();
    let ann = network.client("7");
    let offer = Offer { channels: agreed(), own_channels: vec!["notes"], ..Offer::default() };
    network.publish(ann, &offer, DataRelay::Subscribers);
    let bob = network.subscriber_with(ann, &offer);
    let eve = network.subscriber_with(ann, &Offer { own_channels: vec!["notes"], ..Offer::default() });
    network.run_for(Duration::from_secs(2));
    for label in ["chat", "features", "notes", "chat"] {
        assert!(say(&mut network, ann, label, label.as_bytes()));
        assert!(say(&mut network, bob, label, b"not for publishers"));
        network.run_for(Duration::from_secs(1));
    }
    let heard: Vec<_> = network.clients[bob].messages.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(heard, ["chat", "features", "notes", "chat"]);
    assert_eq!(network.clients[eve].messages, [("notes".to_owned(), b"notes".to_vec())]);
    assert!(network.clients[ann].messages.is_empty());
}

#[test]
fn channels_whose_messages_have_no_receivers_are_refused() {
    let mut network = Network::new();
    let ann = network.client("7");
    let offer = Offer { channels: agreed(), own_channels: vec!["notes"], ..Offer::default() };
    let text = network.clients[ann].offer_to_send(&offer, network.now);
    let role = Role::Publish(Publication { loopback: false, data: DataRelay::None });
    let answer = network.open(ann, role, &text).unwrap();
    let channels = answer.lines().filter(|line| line.starts_with("m=application")).collect::<Vec<_>>();
    assert!(channels.len() == 1 && channels[0].starts_with("m=application 0 "), "{answer}");
    network.clients[ann].take_answer(&answer);
    network.start(ann);
    let bob = network.subscriber(ann);
    network.until_got(bob, 10);
    // A further offer, in which the channels are refused already.
    network.restart(ann);
    network.until_got(bob, 10);
}

#[test]
fn messages_over_the_rate_are_dropped() {
    let mut network = Network::new();
    let [ann, bob] = ["7", "7"].map(|room| member(&mut network, room));
    network.run_for(Duration::from_secs(2));
    for _ in 0..300 {
        say(&mut network, ann, "chat", b"spam");
    }
    network.run_for(Duration::from_secs(1));
    let heard = network.clients[bob].messages.len();
    assert!((100..=260).contains(&heard), "{heard}");
}

#[test]
fn the_server_can_make_the_offer() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    network.run_for(Duration::from_secs(1));
    let bob = network.client("7");
    let source = network.clients[ann].owner.participant;
    let new = network.new_endpoint(bob, Role::Subscribe { source });
    let (id, _) = network.account.enter(&new.owner).unwrap();
    let offer = network.shard.offer(id, new, network.now).unwrap();
    assert!(offer.contains(&format!("a=msid:{source} ")), "{offer}");
    let answer = network.clients[bob].answer(&offer);
    network.shard.accept(id, &answer, network.now).unwrap();
    assert!(matches!(network.shard.accept(id, &answer, network.now), Err(NegotiationError::Description(_))));
    network.start(bob);
    network.until_got(bob, 100);
    assert_whole(&network.clients[bob].got);
}
