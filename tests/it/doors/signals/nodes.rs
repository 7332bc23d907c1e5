//! A call on several nodes: the seat from one, the WebSocket on another, signals over a third.

use super::{Caller, PEER, told};
use crate::support::{
    nodes::Nodes,
    peer::Peer,
    wait::{TIMEOUT, until},
};

impl Caller {
    /// The same caller, which uses another node from now on.
    fn led_to(&self, nodes: &Nodes, node: usize) -> Self {
        let (call, session) = (self.call.clone(), self.session.clone());
        Self { address: nodes[node].address.clone(), call, session }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn call_works_across_two_nodes() {
    let nodes = Nodes::start(2).await;
    let ann = Caller::join(&nodes[0], "7").await;
    let mut ann_hears = ann.connect().await;
    let bob = Caller::join(&nodes[1], "7").await;
    let mut bob_hears = bob.connect().await;
    assert_eq!(ann_hears.next_text().await, PEER);
    assert_eq!(Caller::try_join(&nodes[0], "7").await.err(), Some(409), "both seats are taken");
    assert_eq!(ann.publish("OFFER", "o").await, 200);
    assert_eq!(bob_hears.next_text().await, told("OFFER", "o"));
    assert_eq!(bob.publish("ANSWER", "a").await, 200);
    assert_eq!(ann_hears.next_text().await, told("ANSWER", "a"));
    for number in 0..100 {
        assert_eq!(ann.publish("CANDIDATE", &number.to_string()).await, 200);
    }
    for number in 0..100 {
        assert_eq!(bob_hears.next_text().await, told("CANDIDATE", &number.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seat_socket_and_signals_of_one_client_may_use_three_nodes() {
    let nodes = Nodes::start(3).await;
    let (ann, bob) = (Caller::join(&nodes[0], "7").await, Caller::join(&nodes[1], "7").await);
    assert_eq!(Caller::try_join(&nodes[2], "7").await.err(), Some(409), "both seats are taken");
    // Sent before Bob has a WebSocket, to a node without either of them.
    for number in 0..20 {
        assert_eq!(ann.led_to(&nodes, number % 3).publish("CANDIDATE", &number.to_string()).await, 200);
    }
    let mut bob_hears = bob.led_to(&nodes, 2).connect().await;
    for number in 0..20 {
        assert_eq!(bob_hears.next_text().await, told("CANDIDATE", &number.to_string()));
    }
    let mut ann_hears = ann.led_to(&nodes, 1).connect().await;
    assert_eq!(ann_hears.next_text().await, PEER);
    for number in 0..20 {
        assert_eq!(bob.led_to(&nodes, number % 3).publish("CANDIDATE", &number.to_string()).await, 200);
    }
    for number in 0..20 {
        assert_eq!(ann_hears.next_text().await, told("CANDIDATE", &number.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newest_socket_on_any_node_holds_the_seat() {
    let nodes = Nodes::start(2).await;
    let (ann, bob) = (Caller::join(&nodes[0], "7").await, Caller::join(&nodes[1], "7").await);
    let (mut first, mut bob_hears) = (ann.connect().await, bob.connect().await);
    assert_eq!(first.next_text().await, PEER);
    let mut second = ann.led_to(&nodes, 1).connect().await;
    assert_eq!(first.hear_close().await, (1000, "replaced by a newer connection".into()));
    assert_eq!(bob.publish("OFFER", "o").await, 200);
    assert_eq!(second.next_text().await, told("OFFER", "o"));
    assert_eq!(ann.publish("ANSWER", "a").await, 200);
    assert_eq!(bob_hears.next_text().await, told("ANSWER", "a"), "and nothing of Ann's sockets");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_is_valid_on_every_node_until_its_seat_is_released() {
    let nodes = Nodes::start(2).await;
    let (ann, bob) = (Caller::join(&nodes[0], "7").await, Caller::join(&nodes[1], "7").await);
    let mut bob_hears = bob.connect().await;
    let again = ann.rejoin(&nodes[1]).await.unwrap();
    assert_eq!(bob_hears.next_text().await, PEER, "her peer connection is dead");
    let mut ann_hears = again.led_to(&nodes, 0).connect().await;
    assert_eq!(bob.publish("OFFER", "o").await, 200);
    assert_eq!(ann_hears.next_text().await, told("OFFER", "o"));

    ann_hears.close(1000, "leave").await;
    let is_given_up = async || (again.publish("OFFER", "o").await == 409).then_some(());
    until("the seat is given up", TIMEOUT, is_given_up).await;
    for node in 0..2 {
        assert_eq!(again.led_to(&nodes, node).publish("OFFER", "o").await, 409);
        let mut socket = Peer::connect(&nodes[node].address, "/ws").await;
        socket.say(again.handshake()).await;
        assert_eq!(socket.hear_close().await, (1000, "bad seat".into()));
    }
    Caller::join(&nodes[1], "7").await;
}
