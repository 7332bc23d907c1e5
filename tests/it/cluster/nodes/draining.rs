//! Nodes that stop gracefully: their participants get their seats on other nodes and miss no event.

use nix::sys::signal::Signal;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{pair, person::Person};
use crate::support::{client::DEADLINE, nodes::Nodes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn participants_of_a_stopping_node_are_told_and_miss_nothing() {
    let mut nodes = Nodes::start(3).await;
    let (mut ann, mut bob) = pair(&nodes).await;
    for number in 0..20 {
        ann.signal_acknowledged(&bob.id, number).await;
    }
    bob.hear_numbers(0..10).await;
    nodes[1].signal(Signal::SIGTERM);
    // Bob did not read these events, so he receives them after his return.
    bob.client.next("shutting_down").await;
    for number in 20..40 {
        ann.signal_acknowledged(&bob.id, number).await;
    }
    let joined = bob.come_back(nodes.connect(2).await).await;
    assert_eq!(joined["resumed"], true);
    bob.hear_numbers(10..40).await;
    bob.signal(&ann.id, 1).await;
    ann.hear_numbers([1]).await;
    nodes.stopped(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn participant_returning_after_its_node_stopped_misses_nothing() {
    let mut nodes = Nodes::start(3).await;
    let (mut ann, mut bob) = pair(&nodes).await;
    for number in 0..20 {
        ann.signal_acknowledged(&bob.id, number).await;
    }
    nodes.stop(1).await;
    for number in 20..40 {
        ann.signal_acknowledged(&bob.id, number).await;
    }
    assert_eq!(bob.come_back(nodes.connect(2).await).await["resumed"], true);
    bob.hear_numbers(0..40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seat_of_a_stopping_node_is_kept_for_its_holder_or_freed() {
    let mut nodes = Nodes::start(3).await;
    let (mut ann, _) = Person::join(nodes.connect(0).await, "7", "Ann").await;
    let mut bob = nodes.connect(1).await;
    let former = bob.join_unprotected("7", "Bob").await["participant"].clone();
    ann.hear("peer_joined").await;
    nodes[1].signal(Signal::SIGTERM);
    bob.next("shutting_down").await;
    // At once: neither the former connection nor the former node has ended.
    let mut again = nodes.connect(2).await;
    let answer = again.ask("join_room", json!({"appointment_id": "7", "name": "Bob"})).await;
    assert_eq!((&answer["success"], &answer["remoteSocket"]), (&json!(true), &ann.id), "{answer}");
    assert_eq!(ann.client.next("user_left").await["remoteSocket"], former);
    assert_eq!(ann.client.next("peer_joined").await["remoteSocket"], answer["participant"]);
    nodes.stopped(1).await;
    assert!(ann.client.heard_so_far().await.is_empty(), "and nothing more of the former seat");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn draining_node_is_alive_and_not_ready() {
    let nodes = Nodes::start_env(1, &[("SHUTDOWN_GRACE", "20s")]).await;
    let _begun = begin_to_save(nodes.address(0)).await;
    nodes[0].signal(Signal::SIGTERM);
    nodes.readiness(0, false).await;
    assert_eq!(nodes[0].get_ops("/healthz").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_stops_in_time_without_redis() {
    let mut nodes = Nodes::start_env(2, &[("SHUTDOWN_GRACE", "2s")]).await;
    let (mut ann, bob) = pair(&nodes).await;
    nodes.redis.kill();
    ann.signal_acknowledged(&bob.id, 1).await;
    nodes[0].signal(Signal::SIGTERM);
    let ended = tokio::time::timeout(DEADLINE, nodes.ended(0));
    assert!(ended.await.expect("the grace is not exceeded by much").0);
}

/// Starts a request that is never completed and so delays the stop of its server.
async fn begin_to_save(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "PUT /api/v1/signalling/save-chats/7 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\
                Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    stream
}
