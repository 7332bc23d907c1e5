//! Redis, or the network before it, fails under people on two nodes who are in the middle of a call.

use super::pair;
use crate::support::{
    nodes::Nodes,
    person::Person,
    proxy::Network::{Cut, Deaf, Mute, Silent, Works},
};

/// Longer than any outage here.
const LONG_LEASE: [(&str, &str); 1] = [("SEAT_LEASE", "60s")];

/// Both hear `numbers` from each other, without having heard of anybody's leaving.
async fn hear_each_other(ann: &mut Person, bob: &mut Person, numbers: impl Iterator<Item = u64> + Clone) {
    ann.hear_numbers(numbers.clone()).await;
    bob.hear_numbers(numbers).await;
}

async fn signal_each_other(ann: &mut Person, bob: &mut Person, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        ann.signal_acknowledged(&bob.id, number).await;
        bob.signal_acknowledged(&ann.id, number).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_while_redis_is_dead_arrives_when_it_is_back_and_empty() {
    let mut nodes = Nodes::start_env(2, &LONG_LEASE).await;
    let (mut ann, mut bob) = pair(&nodes).await;
    for round in [0, 100, 200] {
        signal_each_other(&mut ann, &mut bob, round..round + 50).await;
        nodes.redis.kill();
        nodes.readiness(0, false).await;
        signal_each_other(&mut ann, &mut bob, round + 50..round + 100).await;
        nodes.redis.run().await;
        hear_each_other(&mut ann, &mut bob, round..round + 100).await;
    }
    nodes.ready(0).await;
    nodes.ready(1).await;
    let mut cy = nodes.connect(0).await;
    let third = serde_json::json!({"appointment_id": "7", "name": "Cy"});
    assert_eq!(cy.refused("join_room", third).await, "room_full", "the seats are there again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_while_redis_hangs_arrives_when_it_goes_on() {
    let nodes = Nodes::start_env(2, &LONG_LEASE).await;
    let (mut ann, mut bob) = pair(&nodes).await;
    nodes.redis.pause();
    signal_each_other(&mut ann, &mut bob, 0..50).await;
    nodes.readiness(0, false).await;
    nodes.readiness(1, false).await;
    signal_each_other(&mut ann, &mut bob, 50..100).await;
    nodes.redis.resume();
    hear_each_other(&mut ann, &mut bob, 0..100).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_cut_off_from_redis_is_heard_again_when_it_is_back() {
    for failure in [Cut, Silent, Mute, Deaf] {
        let nodes = Nodes::start_env(2, &LONG_LEASE).await;
        let (mut ann, mut bob) = pair(&nodes).await;
        nodes.network(1).set(failure);
        nodes.readiness(1, false).await;
        signal_each_other(&mut ann, &mut bob, 0..50).await;
        nodes.network(1).set(Works);
        hear_each_other(&mut ann, &mut bob, 0..50).await;
        nodes.ready(1).await;
        signal_each_other(&mut ann, &mut bob, 50..60).await;
        hear_each_other(&mut ann, &mut bob, 50..60).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_people_of_a_node_that_is_cut_off_are_reconnecting_and_may_move() {
    let nodes = Nodes::start_env(3, &LONG_LEASE).await;
    let (mut ann, mut bob) = pair(&nodes).await;
    nodes.network(1).set(Silent);
    assert_eq!(ann.hear("peer_reconnecting").await["remoteSocket"], bob.id);
    let joined = bob.come_back(nodes.connect(2).await).await;
    assert_eq!(joined["remoteSocket"], ann.id);
    assert_eq!(ann.hear("peer_resumed").await["remoteSocket"], bob.id);
    nodes.network(1).set(Works);
    nodes.ready(1).await;
    signal_each_other(&mut ann, &mut bob, 0..10).await;
    hear_each_other(&mut ann, &mut bob, 0..10).await;
}
