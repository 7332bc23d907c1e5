//! Nodes that are killed or hang, and their participants.

use nix::sys::signal::Signal;
use serde_json::json;

use super::{pair, person::Person};
use crate::support::nodes::Nodes;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn participant_of_a_killed_node_resumes_its_seat_on_another() {
    let mut nodes = Nodes::start(3).await;
    let (mut ann, mut bob) = pair(&nodes).await;
    for (killed, next) in [(1, 2), (2, 1), (1, 2)] {
        nodes.kill(killed).await;
        assert_eq!(ann.hear("peer_reconnecting").await["remoteSocket"], bob.id);
        let joined = bob.come_back(nodes.connect(next).await).await;
        assert_eq!((&joined["remoteSocket"], &joined["peer_connected"]), (&ann.id, &json!(true)));
        assert_eq!(ann.hear("peer_resumed").await["remoteSocket"], bob.id);
        ann.signal_acknowledged(&bob.id, 1).await;
        bob.hear_numbers([1]).await;
        bob.signal_acknowledged(&ann.id, 2).await;
        ann.hear_numbers([2]).await;
        nodes.run(killed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newcomers_do_not_get_the_seats_of_a_killed_node() {
    let mut nodes = Nodes::start(2).await;
    let (mut ann, _) = Person::join(nodes.connect(0).await, "7", "Ann").await;
    let (mut bob, _) = Person::join(nodes.connect(0).await, "7", "Bob").await;
    nodes.kill(0).await;
    let third = json!({"appointment_id": "7", "name": "Ann"});
    let mut same_name = nodes.connect(1).await;
    let mut cy = nodes.connect(1).await;
    ann.come_back(nodes.connect(1).await).await;
    let joined = bob.come_back(nodes.connect(1).await).await;
    assert_eq!(joined["remoteSocket"], ann.id);
    assert_eq!(cy.refused("join_room", third.clone()).await, "room_full");
    assert_eq!(same_name.refused("join_room", third).await, "room_full");
    ann.signal(&bob.id, 1).await;
    bob.hear_numbers([1]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn user_left_precedes_the_new_join_after_a_node_was_killed() {
    let mut nodes = Nodes::start(3).await;
    let (mut ann, _) = Person::join(nodes.connect(0).await, "7", "Ann").await;
    let former = nodes.connect(1).await.join_unprotected("7", "Bob").await["participant"].clone();
    ann.hear("peer_joined").await;
    nodes.kill(1).await;
    let joined = nodes.connect(2).await.join_unprotected("7", "Bob").await;
    assert_eq!(joined["remoteSocket"], ann.id);
    assert_eq!(ann.client.next("user_left").await["remoteSocket"], former);
    assert_eq!(ann.client.next("peer_joined").await["remoteSocket"], joined["participant"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seat_of_a_killed_node_ends_with_its_lease() {
    let mut nodes = Nodes::start_env(2, &[("SEAT_LEASE", "4s")]).await;
    let (mut ann, bob) = pair(&nodes).await;
    nodes.kill(1).await;
    assert_eq!(ann.hear("peer_reconnecting").await["remoteSocket"], bob.id);
    assert_eq!(ann.client.next("user_left").await["remoteSocket"], bob.id);
    let (_, joined) = Person::join(nodes.connect(0).await, "7", "Cy").await;
    assert_eq!(joined["remoteSocket"], ann.id);
    assert_eq!(ann.client.heard_so_far().await, ["peer_joined"], "announced once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_that_hangs_for_a_while_loses_no_signal() {
    let nodes = Nodes::start_env(2, &[("SEAT_LEASE", "60s")]).await;
    let (mut ann, mut bob) = pair(&nodes).await;
    nodes[1].signal(Signal::SIGSTOP);
    assert_eq!(ann.hear("peer_reconnecting").await["remoteSocket"], bob.id);
    for number in 0..100 {
        ann.signal_acknowledged(&bob.id, number).await;
    }
    nodes[1].signal(Signal::SIGCONT);
    bob.hear_numbers(0..100).await;
    assert_eq!(ann.hear("peer_resumed").await["remoteSocket"], bob.id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resumed_node_fences_participants_that_moved() {
    let nodes = Nodes::start(3).await;
    let (mut ann, mut bob) = pair(&nodes).await;
    nodes[1].signal(Signal::SIGSTOP);
    ann.hear("peer_reconnecting").await;
    let mut former = std::mem::replace(&mut bob.client, nodes.connect(2).await);
    let joined = bob.client.joins(bob.request()).await;
    bob.take(&joined);
    assert_eq!(joined["remoteSocket"], ann.id);
    ann.hear("peer_resumed").await;

    nodes[1].signal(Signal::SIGCONT);
    former.next("replaced").await;
    assert_eq!(former.packet().await.as_deref(), Some("41"));
    former.vanish();
    ann.signal(&bob.id, 1).await;
    bob.hear_numbers([1]).await;
    assert!(ann.client.heard_so_far().await.is_empty(), "the resumed node announces nothing");
}
