//! Rooms of several nodes: each room is on one node, as its media is.

use serde_json::json;

use super::stage::User;
use crate::support::{
    nodes::Nodes,
    peer::Peer,
    server::TestServer,
    wait::{TIMEOUT, until},
};

async fn connect(node: &TestServer) -> User {
    User::new(Peer::connect(&node.address, "/room?room=r").await)
}

/// Whether a node admits a participant; a refusal names the node of the room.
async fn is_let_in(user: &mut User, name: &str) -> bool {
    let answer = user.ask("joinRoom", json!({"user": name, "room": "r"})).await;
    if answer["result"].is_object() {
        return true;
    }
    let message = "Room 'r' is on another server; try again over a new connection";
    assert_eq!((&answer["error"]["code"], &answer["error"]["message"]), (&json!(202), &json!(message)));
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joining_a_room_of_another_node_is_refused() {
    let nodes = Nodes::start_with_store(2, &[]).await;
    let (mut ann, mut bob, mut cy) =
        (connect(&nodes[0]).await, connect(&nodes[1]).await, connect(&nodes[0]).await);
    assert!(is_let_in(&mut ann, "ann").await);
    assert!(!is_let_in(&mut bob, "bob").await);
    assert_eq!(bob.refused("leaveRoom", json!({})).await.0, 102, "nothing is left behind");
    assert!(is_let_in(&mut cy, "cy").await);
    assert!(!is_let_in(&mut bob, "bob").await);
    ann.done("leaveRoom", json!({})).await;
    cy.done("leaveRoom", json!({})).await;
    assert!(is_let_in(&mut bob, "bob").await, "an empty room belongs to no node");
    assert!(!is_let_in(&mut connect(&nodes[0]).await, "ann").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simultaneous_joins_on_two_nodes_admit_those_of_one_node() {
    let nodes = Nodes::start_with_store(2, &[]).await;
    for _ in 0..10 {
        let (mut ann, mut bob) = (connect(&nodes[0]).await, connect(&nodes[1]).await);
        let (first, second) = tokio::join!(is_let_in(&mut ann, "ann"), is_let_in(&mut bob, "bob"));
        assert!(first != second, "ann: {first}, bob: {second}");
        let mut there = if first { ann } else { bob };
        there.done("leaveRoom", json!({})).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_of_a_stopped_or_dead_node_continue_on_another() {
    let mut nodes = Nodes::start_with_store(3, &[("KURENTO_LEASE", "2s")]).await;
    let (mut ann, mut bob) = (connect(&nodes[0]).await, connect(&nodes[0]).await);
    assert!(is_let_in(&mut ann, "ann").await && is_let_in(&mut bob, "bob").await);
    nodes.stop(0).await;
    let (mut ann, mut bob) = (connect(&nodes[1]).await, connect(&nodes[1]).await);
    assert!(is_let_in(&mut ann, "ann").await && is_let_in(&mut bob, "bob").await, "at once");

    nodes.kill(1).await;
    let is_back = async || is_let_in(&mut connect(&nodes[2]).await, "ann").await.then_some(());
    until("those who were on the dead node are taken for gone", TIMEOUT, is_back).await;
}
