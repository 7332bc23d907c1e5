//! Events that a client sends before its join: Socket.IO clients send what they have buffered first.

use serde_json::{Value, json};

use super::{
    pair, session_of,
    speaker::{Speaker, Transport},
};
use crate::support::{client::Client, peer::Peer, poller::Poller, server::TestServer};

fn candidate(to: &Value, number: usize) -> Value {
    json!({"remoteSocketId": to, "candidate": {"number": number}})
}

fn join() -> Value {
    json!({"appointment_id": "7", "name": "Bob", "session": null})
}

#[tokio::test]
async fn events_before_the_join_are_handled_after_it_in_order() {
    let server = TestServer::start().await;
    for transport in [Transport::WebSocket, Transport::Polling] {
        let mut ann = server.connect().await;
        let ann_id = ann.join("7", "Ann").await["participant"].clone();
        let mut bob = match transport {
            Transport::Polling => {
                let mut poller = Poller::open(&server.address, [127, 0, 0, 1]).await;
                poller.connect().await;
                Speaker::Polling(poller)
            }
            _ => Speaker::WebSocket(server.connect().await),
        };
        for number in 0..10 {
            bob.say(&format!("42{}", json!(["ice_candidate", candidate(&ann_id, number)]))).await;
        }
        bob.say(&format!("42{}", json!(["join_room", join()]))).await;
        ann.next("peer_joined").await;
        for number in 0..10 {
            assert_eq!(ann.next("ice_candidate").await["candidate"]["number"], number, "{transport:?}");
        }
        ann.ask("leave_room", json!({})).await;
        bob.say(r#"42["leave_room",{}]"#).await;
    }
}

/// `rust_socketio` does not wait for the answer to its CONNECT packet.
#[tokio::test]
async fn events_sent_with_the_connect_packet_are_handled_after_it() {
    let server = TestServer::start().await;
    for number in 0..20 {
        let [first, second, third] = ["a", "b", "c"].map(|room| {
            let request = json!({"appointment_id": format!("{room}{number}"), "name": "Bob"});
            format!("425{}", json!(["join_room", request]))
        });
        let mut bob = Peer::connect(&server.address, "/socket.io/?EIO=4&transport=websocket").await;
        bob.say_together(&["40", &first]).await;
        assert!(bob.next_text().await.starts_with("0{"));
        follow_connect(async || bob.next_text().await).await;

        let mut poller = Poller::open(&server.address, [127, 0, 0, 1]).await;
        assert_eq!(poller.post(format!("40\u{1e}{second}\u{1e}426[\"leave_room\"]")).await, 200);
        follow_connect(async || poller.packet().await).await;

        let mut poller = Poller::open(&server.address, [127, 0, 0, 1]).await;
        poller.say("40").await;
        poller.say(&third).await;
        follow_connect(async || poller.packet().await).await;
    }
}

/// The next packets are the answer to CONNECT, and then the answer to the join.
async fn follow_connect(mut next: impl AsyncFnMut() -> String) {
    let mut packet = next().await;
    while packet == "2" {
        packet = next().await;
    }
    assert!(packet.starts_with("40"), "{packet}");
    loop {
        let packet = next().await;
        if packet.starts_with("435") {
            return assert!(packet.contains(r#""success":true"#), "{packet}");
        }
    }
}

#[tokio::test]
async fn acks_of_early_events_follow_the_answer_to_the_join() {
    let server = TestServer::start().await;
    let mut ann = server.connect().await;
    let ann_id = ann.join("7", "Ann").await["participant"].clone();
    let mut bob = server.connect().await;
    bob.send_text(format!("4277{}", json!(["ice_candidate", candidate(&ann_id, 1)]))).await;
    bob.send_text(format!("4278{}", json!(["join_room", join()]))).await;
    let mut heads = Vec::new();
    for _ in 0..3 {
        heads.push(bob.packet().await.unwrap()[..5].to_owned());
    }
    assert_eq!(heads, [r#"42["j"#, "4378[", "4377["]);
}

#[tokio::test]
async fn leaving_or_a_refused_join_refuses_what_waits() {
    let server = TestServer::start().await;
    let mut bob = server.connect().await;
    for (event, payload, code) in [
        ("leave_room", json!({}), "not_joined"),
        ("join_room", json!({"appointment_id": ""}), "invalid_field"),
    ] {
        bob.emit("ice_candidate", candidate(&json!("nobody"), 1)).await;
        bob.emit(event, payload).await;
        assert_eq!(bob.next("error").await["code"], "not_joined", "{event}");
        assert_eq!(bob.next("error").await["code"], code);
    }
    assert_eq!(bob.join("7", "Bob").await["success"], true);
    assert!(bob.heard_so_far().await.is_empty(), "nothing is handled twice");
}

#[tokio::test]
async fn events_that_no_join_follows_are_refused_after_a_while() {
    let server = TestServer::start().await;
    let mut bob = server.connect().await;
    assert_eq!(bob.refused("ice_candidate", candidate(&json!("nobody"), 1)).await, "not_joined");
    assert_eq!(bob.join("7", "Bob").await["success"], true);
}

#[tokio::test]
async fn more_events_than_may_wait_are_refused_at_once() {
    let server = TestServer::start().await;
    let (mut many, mut large) = (server.connect().await, server.connect().await);
    for number in 0..64 {
        many.emit("ice_candidate", candidate(&json!("nobody"), number)).await;
    }
    assert_eq!(many.refused("ice_candidate", candidate(&json!("nobody"), 64)).await, "not_joined");
    many.join("7", "Bob").await;
    for _ in 0..64 {
        assert_eq!(many.next("error").await["code"], "peer_not_found");
    }

    let candidate = json!({"remoteSocketId": "nobody", "candidate": {"c": "x".repeat(60_000)}});
    for _ in 0..2 {
        large.emit("ice_candidate", candidate.clone()).await;
    }
    assert_eq!(large.refused("ice_candidate", candidate).await, "not_joined");
}

#[tokio::test]
async fn message_before_the_join_reaches_only_the_room_that_it_names() {
    let server = TestServer::start().await;
    let mut ann = server.connect().await;
    ann.join("7", "Ann").await;
    let mut bob = server.connect().await;
    for message in [
        json!({"id": "none", "body": "names no room"}),
        json!({"id": "other", "body": "names another", "appointment_id": "8"}),
        json!({"id": "own", "body": "names it", "appointment_id": "7"}),
    ] {
        bob.emit("send_message", message).await;
    }
    bob.emit("join_room", join()).await;
    assert_eq!(ann.next("receive_message").await["id"], "own");
    assert_eq!(bob.next("error").await["code"], "not_joined");
    assert_eq!(bob.next("error").await["code"], "wrong_room");
    let joined = ann.join("7", "Ann").await;
    assert_eq!(joined["chats"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn message_that_names_no_room_waits_for_a_join_that_proves_a_session_there() {
    let server = TestServer::start().await;
    let (mut ann, _, bob, bob_joined) = pair(&server).await;
    let session = session_of(&bob_joined).to_owned();
    let mut elsewhere = server.connect().await;
    say_and_join(&mut elsewhere, "8", &session).await;
    assert_eq!(
        elsewhere.next("error").await["code"],
        "not_joined",
        "a session of another room proves nothing"
    );

    drop(bob);
    let mut bob = server.connect().await;
    say_and_join(&mut bob, "7", &session).await;
    assert_eq!(ann.next("receive_message").await["body"], "written offline");
}

async fn say_and_join(client: &mut Client, room: &str, session: &str) {
    client.emit("send_message", json!({"body": "written offline"})).await;
    client.emit("join_room", json!({"appointment_id": room, "name": "Bob", "session": session})).await;
}
