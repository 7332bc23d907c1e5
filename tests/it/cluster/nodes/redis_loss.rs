//! Redis, or its network, fails while participants on two nodes are in a call.

mod long;

use std::time::Duration;

use futures_util::future::join_all;

use super::{pair, person::Person};
use crate::support::{
    nodes::Nodes,
    proxy::Network::{Cut, Deaf, Mute, Silent, Works},
};

/// Longer than any outage in these tests.
const LONG_LEASE: [(&str, &str); 1] = [("SEAT_LEASE", "60s")];

/// Both receive `numbers` from each other, and no `user_left`.
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
async fn signals_sent_while_redis_is_down_arrive_after_it_returns_empty() {
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
async fn signals_sent_while_redis_hangs_arrive_when_it_answers_again() {
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
async fn participants_of_a_cut_off_node_are_reconnecting_and_may_move() {
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

#[derive(Debug, Clone, Copy)]
enum Failure {
    Hangs,
    /// Redis is killed and returns empty.
    Dies,
    /// Redis accepts no writes, as its memory is full.
    IsFull,
    IsReadOnly,
}

impl Failure {
    async fn begin(self, nodes: &mut Nodes) {
        match self {
            Self::Hangs => nodes.redis.pause(),
            Self::Dies => nodes.redis.kill(),
            Self::IsFull => configure(nodes, &["CONFIG", "SET", "maxmemory", "1"]).await,
            Self::IsReadOnly => configure(nodes, &["REPLICAOF", "127.0.0.1", "1"]).await,
        }
    }

    async fn end(self, nodes: &mut Nodes) {
        match self {
            Self::Hangs => nodes.redis.resume(),
            Self::Dies => nodes.redis.run().await,
            Self::IsFull => configure(nodes, &["CONFIG", "SET", "maxmemory", "0"]).await,
            Self::IsReadOnly => configure(nodes, &["REPLICAOF", "NO", "ONE"]).await,
        }
    }
}

async fn configure(nodes: &Nodes, words: &[&str]) {
    let mut redis = nodes.redis.connect().await.unwrap();
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]).exec_async(&mut redis).await.unwrap();
}

/// Keeps two pairs, one on one node and one on two, connected through an outage. Leases have the default of
/// 30 s.
async fn sit_through(failure: Failure, outage: Duration) {
    let case = format!("{failure:?} for {outage:?}");
    let mut nodes = Nodes::start(2).await;
    let (ann, bob) = pair(&nodes).await;
    let (mut eve, _) = Person::join(nodes.connect(0).await, "8", "Eve").await;
    let (dan, _) = Person::join(nodes.connect(0).await, "8", "Dan").await;
    eve.hear("peer_joined").await;
    let mut pairs = [(ann, bob), (eve, dan)];

    failure.begin(&mut nodes).await;
    nodes.readiness(0, false).await;
    // The subject is how long the outage lasts.
    tokio::time::sleep(outage).await;
    failure.end(&mut nodes).await;
    nodes.ready(0).await;
    nodes.ready(1).await;
    // Until then a lease that was last renewed before the outage would have ended, plus a third of a lease.
    tokio::time::sleep(Duration::from_secs(12)).await;
    for (one, other) in &mut pairs {
        assert_eq!(one.client.heard_so_far().await, [""; 0], "{case}");
        assert_eq!(other.client.heard_so_far().await, [""; 0], "{case}");
        signal_each_other(one, other, 0..10).await;
        hear_each_other(one, other, 0..10).await;
    }
    let mut cy = nodes.connect(1).await;
    for room in ["7", "8"] {
        let third = serde_json::json!({"appointment_id": room, "name": "Cy"});
        assert_eq!(cy.refused("join_room", third).await, "room_full", "{case}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_outage_of_redis_affects_no_connected_participant() {
    sit_through_all([5]).await;
}

/// Runs every failure for each number of seconds, all at the same time.
async fn sit_through_all<const N: usize>(lengths: [u64; N]) {
    let failures = [Failure::Hangs, Failure::Dies, Failure::IsFull, Failure::IsReadOnly];
    let of_length = |seconds| failures.map(|failure| sit_through(failure, Duration::from_secs(seconds)));
    join_all(lengths.into_iter().flat_map(of_length)).await;
}
