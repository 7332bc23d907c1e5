//! Two participants, a third, and one that returns.

use serde_json::{Value, json};

use super::{pair, session_of};
use crate::support::server::TestServer;

#[tokio::test]
async fn documented_event_flow_of_two_participants() {
    let server = TestServer::start().await;
    let (mut ann, ann_joined, mut bob, bob_joined) = pair(&server).await;
    assert_eq!(ann_joined["message"], "Joined Successfully");
    assert_eq!(ann_joined["remoteSocket"], Value::Null);
    assert_eq!(ann_joined["chats"], json!([]));
    assert_eq!(bob_joined["remoteSocket"], ann_joined["participant"]);
    assert_eq!(bob_joined["opponent_name"], "Ann");
    assert_eq!((&ann_joined["polite"], &bob_joined["polite"]), (&json!(false), &json!(true)));
    let (ann_id, bob_id) = (&ann_joined["participant"], &bob_joined["participant"]);

    bob.emit("send_offer", json!({"appointment_id": "7", "offer": {"sdp": "o"}, "remoteSocketId": ann_id}))
        .await;
    let offer = ann.next("receive_offer").await;
    assert_eq!(
        (&offer["from"], &offer["name"], &offer["offer"]),
        (bob_id, &json!("Bob"), &json!({"sdp": "o"}))
    );

    ann.emit("send_answer", json!({"appointment_id": "7", "answer": {"sdp": "a"}, "remoteSocketId": bob_id}))
        .await;
    let answer = bob.next("receive_answer").await;
    assert_eq!((&answer["from"], &answer["answer"]), (ann_id, &json!({"sdp": "a"})));

    ann.emit("ice_candidate", json!({"remoteSocketId": bob_id, "candidate": null})).await;
    assert_eq!(bob.next("ice_candidate").await["candidate"], Value::Null);

    assert_eq!(bob.ask("leave_room", json!({})).await["success"], true);
    let left = ann.next("user_left").await;
    assert!(left["message"].is_string());
    assert_eq!(left["remoteSocket"], *bob_id);
    bob.vanish();
    assert!(ann.heard_so_far().await.is_empty(), "once");
}

#[tokio::test]
async fn payload_arrives_unchanged() {
    let server = TestServer::start().await;
    let (mut ann, ann_joined, mut bob, _) = pair(&server).await;
    let payload = r#"{"z":1e3,"a":18446744073709551616, "nested" : {"\u0061":[ -0.0,null]},"dup":1,"dup":2,"s":"é\ud83d\ude00"}"#;
    let packet = format!(
        r#"["send_offer",{{"offer":{payload},"remoteSocketId":{},"appointment_id":"7","more":0}}]"#,
        ann_joined["participant"]
    );
    assert_eq!(bob.ask_text(&packet).await, json!({"success": true}));
    let received = ann.next_text("receive_offer").await;
    assert!(received.contains(&format!(r#""offer":{payload},"name""#)), "{received}");
}

#[tokio::test]
async fn original_dialect_sends_bare_candidates() {
    let server = TestServer::start_env([("MESH_DIALECT", "original")]).await;
    let (mut ann, ann_joined, mut bob, _) = pair(&server).await;
    for candidate in [json!({"candidate": "c", "sdpMid": "0"}), json!(null)] {
        let payload = json!({"remoteSocketId": ann_joined["participant"], "candidate": candidate});
        bob.emit("ice_candidate", payload).await;
        assert_eq!(ann.next("ice_candidate").await, candidate);
    }
}

#[tokio::test]
async fn pipelined_events_arrive_in_order() {
    let server = TestServer::start().await;
    let mut ann = server.connect().await;
    let ann_id = ann.join("7", "Ann").await["participant"].clone();
    let mut bob = server.connect().await;
    // Bob does not even wait for the answer to his join.
    bob.emit("join_room", json!({"appointment_id": "7", "name": "Bob"})).await;
    bob.emit("send_offer", json!({"appointment_id": "7", "offer": {}, "remoteSocketId": ann_id})).await;
    for number in 0..50 {
        bob.emit("ice_candidate", json!({"remoteSocketId": ann_id, "candidate": {"number": number}})).await;
    }
    bob.next("joined_successfully").await;
    for number in 50..600 {
        bob.emit("ice_candidate", json!({"remoteSocketId": ann_id, "candidate": {"number": number}})).await;
    }
    ann.next("peer_joined").await;
    assert_eq!(ann.next_any().await.0, "receive_offer");
    for number in 0..600 {
        let (event, payload) = ann.next_any().await;
        assert_eq!((event.as_str(), &payload["candidate"]["number"]), ("ice_candidate", &json!(number)));
        assert_eq!(payload["seq"], json!(number + 3));
    }
}

#[tokio::test]
async fn returning_participant_receives_every_missed_event() {
    let server = TestServer::start().await;
    let (mut ann, ann_joined, mut bob, bob_joined) = pair(&server).await;
    let bob_id = &bob_joined["participant"];
    ann.emit("ice_candidate", json!({"remoteSocketId": bob_id, "candidate": {"n": 1}})).await;
    ann.emit("ice_candidate", json!({"remoteSocketId": bob_id, "candidate": {"n": 2}})).await;
    assert_eq!(bob.next("ice_candidate").await["seq"], 1);
    bob.vanish();
    assert_eq!(ann.next("peer_reconnecting").await["remoteSocket"], *bob_id);
    ann.emit("ice_candidate", json!({"remoteSocketId": bob_id, "candidate": {"n": 3}})).await;

    let mut bob = server.connect().await;
    let session = session_of(&bob_joined);
    let again =
        bob.joins(json!({"appointment_id": "7", "name": "Bob", "session": session, "received": 1})).await;
    assert_eq!((&again["participant"], &again["resumed"], &again["seq"]), (bob_id, &json!(true), &json!(1)));
    assert_eq!(again["remoteSocket"], ann_joined["participant"]);
    for number in [2, 3] {
        assert_eq!(bob.next("ice_candidate").await["candidate"]["n"], number);
    }
    assert_eq!(ann.next("peer_resumed").await["remoteSocket"], *bob_id);
}

#[tokio::test]
async fn token_takes_over_a_live_seat_and_fences_the_older_connection() {
    let server = TestServer::start().await;
    let (mut ann, _, mut bob, bob_joined) = pair(&server).await;
    let mut other_tab = server.connect().await;
    let session = session_of(&bob_joined);
    let again = other_tab.joins(json!({"appointment_id": "7", "name": "Bob", "session": session})).await;
    assert_eq!(again["participant"], bob_joined["participant"]);
    bob.next("replaced").await;
    assert_eq!(
        bob.packet().await.as_deref(),
        Some("41"),
        "a disconnection that clients do not come back from"
    );
    bob.vanish();
    assert_eq!(ann.next_any().await.0, "peer_resumed");
    assert!(ann.heard_so_far().await.is_empty(), "nothing else");
}

#[tokio::test]
async fn lease_end_is_announced_once() {
    let server = TestServer::start_env([("SEAT_LEASE", "1s")]).await;
    let (mut ann, _, bob, bob_joined) = pair(&server).await;
    bob.vanish();
    ann.next("peer_reconnecting").await;
    assert_eq!(ann.next("user_left").await["remoteSocket"], bob_joined["participant"]);
    let mut cy = server.connect().await;
    assert_eq!(cy.join("7", "Cy").await["opponent_name"], "Ann");
    assert_eq!(ann.heard_so_far().await, ["peer_joined"]);
}

#[tokio::test]
async fn silent_connection_is_detected_and_its_seat_kept() {
    let server = TestServer::start().await;
    let (mut ann, _, bob, bob_joined) = pair(&server).await;
    bob.stop_reading();
    assert_eq!(ann.next("peer_reconnecting").await["remoteSocket"], bob_joined["participant"]);
    assert!(ann.heard_so_far().await.is_empty());
}

#[tokio::test]
async fn peer_that_does_not_read_is_closed_at_no_cost_to_others() {
    let server = TestServer::start().await;
    let before = server.memory();
    let (mut ann, _, bob, bob_joined) = pair(&server).await;
    bob.stop_reading();
    let payload =
        json!({"remoteSocketId": bob_joined["participant"], "candidate": {"c": "x".repeat(60_000)}});
    let mut sent = 0;
    // The kernel buffers a few megabytes for Bob before the server can notice that he does not read.
    while !ann.heard_so_far().await.iter().any(|event| event == "peer_reconnecting") {
        assert_eq!(ann.ask("ice_candidate", payload.clone()).await["success"], true);
        sent += 1;
        assert!(sent < 1_000, "60 MB were accepted for a client that does not read");
    }
    assert!(server.memory() < before + 20_000_000);
    bob.vanish();
    server.assert_healthy().await;
}

#[tokio::test]
async fn repeated_join_on_one_connection_keeps_the_seat() {
    let server = TestServer::start().await;
    let mut ann = server.connect().await;
    let first = ann.join("7", "Ann").await;
    let second = ann.join("7", "Ann").await;
    assert_eq!(second["participant"], first["participant"]);
    assert_eq!(second["remoteSocket"], Value::Null, "a participant is not its own peer");
    assert_eq!(
        ann.refused("join_room", json!({"appointment_id": "8", "name": "Ann"})).await,
        "already_joined"
    );
}

#[tokio::test]
async fn signal_reaches_only_the_senders_own_room() {
    let server = TestServer::start().await;
    let (mut ann, ann_joined, _bob, _) = pair(&server).await;
    let mut eve = server.connect().await;
    let ann_id = &ann_joined["participant"];
    let to_ann = json!({"remoteSocketId": ann_id, "candidate": {}});
    eve.join("8", "Eve").await;
    let unknown = json!({"remoteSocketId": "nobody", "candidate": {}});
    assert_eq!(eve.refused("ice_candidate", to_ann).await, "peer_not_found");
    assert_eq!(eve.refused("ice_candidate", unknown).await, "peer_not_found", "both have the same error");
    let offer = json!({"appointment_id": "7", "offer": {}, "remoteSocketId": ann_id});
    assert_eq!(eve.refused("send_offer", offer).await, "wrong_room");
    assert!(ann.heard_so_far().await.is_empty());
}

#[tokio::test]
async fn chats_are_delivered_stored_and_merged() {
    let server = TestServer::start().await;
    let (mut ann, _, mut bob, bob_joined) = pair(&server).await;
    let sent = bob.ask("send_message", json!({"id": "m1", "body": "hello"})).await;
    assert_eq!((&sent["success"], &sent["id"]), (&json!(true), &json!("m1")));
    let received = ann.next("receive_message").await;
    assert_eq!(received["sent_at"], sent["sent_at"]);
    assert_eq!((&received["body"], &received["from"]), (&json!("hello"), &bob_joined["participant"]));
    let retry = bob.ask("send_message", json!({"id": "m1", "body": "hello"})).await;
    assert_eq!(retry["sent_at"], sent["sent_at"]);
    assert!(ann.heard_so_far().await.is_empty(), "a retry is not delivered twice");

    let said = json!({"id": "m1", "from": bob_joined["participant"], "body": "hello"});
    let body = json!({"chats": [said, {"text": "old client"}]}).to_string();
    for _ in 0..2 {
        let saved = (200, json!({"success": true, "message": "Chats saved Successfully"}));
        assert_eq!(server.save("7", body.clone()).await, saved);
    }
    let server = server.killed_and_restarted().await;
    let request = json!({"appointment_id": "7", "name": "Bob", "session": session_of(&bob_joined)});
    let chats = server.connect().await.joins(request).await["chats"].clone();
    assert_eq!(chats.as_array().unwrap().len(), 2);
    assert_eq!(chats[0]["sent_at"], sent["sent_at"]);
    assert_eq!(chats[1], json!({"text": "old client"}));
}

#[tokio::test]
async fn both_participants_keep_their_ids_across_a_restart() {
    let server = TestServer::start().await;
    let (_, ann_joined, _, bob_joined) = pair(&server).await;
    let server = server.killed_and_restarted().await;
    let request = |name: &str, joined: &Value| json!({"appointment_id": "7", "name": name, "session": session_of(joined), "received": 5});
    let (mut bob, mut ann) = (server.connect().await, server.connect().await);
    let bob_again = bob.joins(request("Bob", &bob_joined)).await;
    let ann_again = ann.joins(request("Ann", &ann_joined)).await;
    assert_eq!(bob_again["participant"], bob_joined["participant"]);
    assert_eq!((&bob_again["resumed"], &bob_again["remoteSocket"]), (&json!(false), &Value::Null));
    assert_eq!(ann_again["remoteSocket"], bob_joined["participant"]);
    assert_eq!(bob.next("peer_joined").await["remoteSocket"], ann_joined["participant"]);
}

#[tokio::test]
async fn public_ids_are_not_session_tokens() {
    let server = TestServer::start().await;
    let (ann, ann_joined, bob, bob_joined) = pair(&server).await;
    for id in [&ann_joined["participant"], &bob_joined["participant"]] {
        assert!(id != &json!(ann.sid) && id != &json!(bob.sid));
        let path = format!("/socket.io/?EIO=4&transport=polling&sid={}", id.as_str().unwrap());
        assert_eq!(server.get(&path).await.status(), 400);
        let mut eve = server.connect().await;
        let joined = eve.ask("join_room", json!({"appointment_id": "7", "name": "E", "session": id})).await;
        assert_eq!(joined["error"], json!({"code": "room_full"}));
    }
}
