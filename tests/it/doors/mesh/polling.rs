//! Long polling: answers of few packets, and posted bodies of many.

use serde_json::{Value, json};
use tokio::time::timeout;

use super::session_of;
use crate::support::{
    client::{Client, DEADLINE},
    poller::Poller,
    server::TestServer,
};

async fn poller(server: &TestServer) -> Poller {
    let mut poller = Poller::open(&server.address, [127, 0, 0, 1]).await;
    poller.connect().await;
    poller
}

/// Ann, who polls, and Bob, over a WebSocket, in room 7, with Ann's answer to her join.
async fn polling_pair(server: &TestServer) -> (Poller, Value, Client) {
    let (mut ann, mut bob) = (poller(server).await, server.connect().await);
    let joined = ann.join("7", "Ann").await;
    bob.join("7", "Bob").await;
    ann.next("peer_joined").await;
    (ann, joined, bob)
}

async fn send_candidates(bob: &mut Client, to: &Value, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let candidate = json!({"remoteSocketId": to["participant"], "candidate": {"number": number}});
        bob.emit("ice_candidate", candidate).await;
    }
    // Events of one connection are handled in order, so all are delivered once this one is answered.
    assert_eq!(bob.refused("no_such_event", json!({})).await, "unknown_event");
}

// The poller checks that no answer has more than 16 packets.

#[tokio::test]
async fn candidates_that_wait_arrive_in_order_over_several_polls() {
    let server = TestServer::start().await;
    let (mut ann, joined, mut bob) = polling_pair(&server).await;
    send_candidates(&mut bob, &joined, 0..100).await;
    for number in 0..100 {
        assert_eq!(ann.next("ice_candidate").await["candidate"]["number"], number);
        if number == 50 {
            send_candidates(&mut bob, &joined, 100..140).await;
        }
    }
    for number in 100..140 {
        assert_eq!(ann.next("ice_candidate").await["candidate"]["number"], number);
    }
}

#[tokio::test]
async fn candidates_that_wait_arrive_in_order_over_an_upgrade() {
    let server = TestServer::start().await;
    let (mut ann, joined, mut bob) = polling_pair(&server).await;
    send_candidates(&mut bob, &joined, 0..50).await;
    let mut next = 0;
    while ann.count_unread("ice_candidate") > 0 || next == 0 {
        assert_eq!(ann.next("ice_candidate").await["candidate"]["number"], next);
        next += 1;
    }
    assert!(next <= 16, "{next} candidates in one answer");
    let mut upgraded = ann.upgrade().await;
    send_candidates(&mut bob, &joined, 50..60).await;
    for number in next..60 {
        assert_eq!(upgraded.next("ice_candidate").await["candidate"]["number"], number);
    }
}

#[tokio::test]
async fn a_client_that_lost_its_poll_resumes_without_a_gap() {
    let server = TestServer::start().await;
    let (mut ann, joined, mut bob) = polling_pair(&server).await;
    send_candidates(&mut bob, &joined, 0..60).await;
    let last = ann.next("ice_candidate").await;
    drop(ann);
    let mut ann = poller(&server).await;
    let request = json!({
        "appointment_id": "7", "name": "Ann", "session": session_of(&joined), "received": last["seq"],
    });
    assert_eq!(ann.joins(&request).await["resumed"], true);
    for number in 1..60 {
        assert_eq!(ann.next("ice_candidate").await["candidate"]["number"], number);
    }
}

#[tokio::test]
async fn what_waited_may_come_in_one_body_up_to_max_payload() {
    let server = TestServer::start().await;
    let (ann, joined, mut bob) = polling_pair(&server).await;
    assert_eq!(ann.max_payload, 1_000_000);
    assert_eq!(joined["limits"], json!({"event_bytes": 131_072}));
    let chats: Vec<_> = (0..61)
        .map(|number| {
            let body = format!("{number} {}", "x".repeat(16_000));
            format!("42{}", json!(["send_message", {"id": number.to_string(), "body": body}]))
        })
        .collect();
    for numbers in [0..10, 10..61] {
        ann.say(&chats[numbers.clone()].join("\u{1e}")).await;
        for number in numbers {
            assert_eq!(bob.next("receive_message").await["id"], number.to_string());
        }
    }
}

#[tokio::test]
async fn what_waited_for_the_join_may_come_in_one_body_with_it() {
    let server = TestServer::start().await;
    let (ann, bob) = (poller(&server).await, &mut server.connect().await);
    bob.join("7", "Bob").await;
    let join = format!("42{}", json!(["join_room", {"appointment_id": "7", "name": "Ann", "session": null}]));
    let chats = (0..60).map(|number| {
        let body = format!("{number} {}", "x".repeat(16_000));
        format!("42{}", json!(["send_message", {"id": number.to_string(), "body": body}]))
    });
    let all: Vec<_> = std::iter::once(join).chain(chats).collect();
    ann.say(&all.join("\u{1e}")).await;
    for number in 0..60 {
        assert_eq!(bob.next("receive_message").await["id"], number.to_string());
    }
}

#[tokio::test]
async fn a_larger_body_is_refused_and_ends_the_session() {
    let server = TestServer::start().await;
    let ann = poller(&server).await;
    assert_eq!(ann.post(format!("42[\"x\",\"{}\"]", "x".repeat(1_000_000))).await, 413);
    let ended = async { while ann.post("3".to_owned()).await != 400 {} };
    timeout(DEADLINE, ended).await.expect("the session ends");
    let ann = poller(&server).await;
    let many = "42[\"leave_room\"]\u{1e}".repeat(70_000);
    assert_eq!(ann.post(many).await, 413);
}
