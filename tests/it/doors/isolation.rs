//! All doors of one server: equal names are separate, and metrics are counted per door.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{browser::Browser, peer::Peer, server::TestServer};

/// A name that every door accepts for a room, a call, a user or an SFU.
const SAME: &str = "4711";

#[tokio::test]
async fn rooms_of_equal_name_are_separate_per_door() {
    let server = TestServer::start().await;

    // The mesh door: Ann and Bob, with a chat.
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    ann.join(SAME, "Ann").await;
    let joined = bob.join(SAME, "Bob").await;
    ann.next("peer_joined").await;
    ann.ask("send_message", json!({"body": "only for Bob"})).await;
    bob.next("receive_message").await;

    // The signals door: two callers in a call.
    let mut callers = Vec::new();
    for _ in 0..2 {
        let seat = server.get(&format!("/call/{SAME}")).await.text().await.unwrap();
        let mut caller = Peer::connect(&server.address, "/ws").await;
        caller.say(seat.clone()).await;
        assert_eq!(caller.next().await, json!({"call": SAME, "kind": "WELCOME"}));
        callers.push((seat, caller));
    }
    assert_eq!(callers[0].1.next().await["kind"], "PEER");
    assert_eq!(server.get(&format!("/call/{SAME}")).await.status(), 409, "its seats are its own");

    // The direct door: a user who writes to itself.
    let mut user = Browser::new(&server.address);
    user.post_json("/v1/register", json!({"username": SAME}).to_string()).await;
    let mut socket = user.open("/v1/connect").await.unwrap_or_else(|answer| panic!("{answer:?}"));
    socket.send(json!({"target": SAME, "type": "t", "payload": 1}).to_string()).await;
    assert!(socket.next_text().await.contains("originator"));

    // The arbiter door: an SFU and its client.
    let mut sfu = Peer::connect(&server.address, "/arbiter").await;
    let mut client = Peer::connect(&server.address, "/arbiter").await;
    sfu.say(json!({"action": "identify", "data": {"id": SAME, "type": "sfu"}}).to_string()).await;
    assert_eq!(sfu.next().await["statusCode"], 200);
    client
        .say(json!({"action": "identify", "data": {"id": "c", "roomId": SAME, "type": "client"}}).to_string())
        .await;
    assert_eq!(client.next().await["statusCode"], 200);
    let data = json!({"type": "producer", "sender": "c", "roomId": SAME, "description": {"sdp": "v=0"}});
    client.say(json!({"action": "handshake", "data": data}).to_string()).await;
    assert_eq!(client.next().await["statusCode"], 200);
    assert_eq!(sfu.next().await, data);

    // The kurento door: a user in a room.
    let mut caller = Peer::connect(&server.address, "/room").await;
    let params = json!({"user": SAME, "room": SAME, "messages": true});
    caller.say(json!({"method": "joinRoom", "params": params, "id": 1}).to_string()).await;
    let answer = caller.next().await;
    assert_eq!((&answer["result"]["value"], &answer["result"]["messages"]), (&json!([]), &json!([])));
    let params = json!({"message": "kurento", "userMessage": SAME, "roomMessage": SAME});
    caller.say(json!({"method": "sendMessage", "params": params, "id": 2}).to_string()).await;
    assert_eq!(caller.next().await["id"], 2);

    // Each sends one more signal and receives only its own.
    let mesh_id = joined["remoteSocket"].clone();
    bob.ask("ice_candidate", json!({"remoteSocketId": mesh_id, "candidate": {"candidate": "mesh"}})).await;
    assert_eq!(ann.next("ice_candidate").await["candidate"]["candidate"], "mesh");
    let (seat, _) = &callers[0];
    let mut offer: serde_json::Value = serde_json::from_str(seat).unwrap();
    (offer["kind"], offer["body"]) = ("OFFER".into(), "signals".into());
    assert_eq!(Browser::new(&server.address).post_json("/signal", offer.to_string()).await.status, 200);
    assert_eq!(callers[1].1.next().await, json!({"call": SAME, "body": "signals", "kind": "OFFER"}));
    socket.send(json!({"target": SAME, "type": "t", "payload": "direct"}).to_string()).await;
    assert!(socket.next_text().await.contains("\"direct\""));

    for strange in ["signals", "direct", "producer", "kurento"] {
        for heard in [ann.heard_so_far().await, bob.heard_so_far().await] {
            assert!(!heard.iter().any(|packet| packet.contains(strange)), "{heard:?}");
        }
    }
    assert!(bob.ask("leave_room", json!({})).await["success"].as_bool().unwrap());
    assert_eq!(ann.next("user_left").await["remoteSocket"], joined["participant"]);
    assert_eq!(server.get(&format!("/call/{SAME}")).await.status(), 409, "the departure was in another room");
    server.assert_healthy().await;
}

#[tokio::test]
async fn metrics_are_counted_per_door() {
    let server = TestServer::start().await;
    server.connect().await.join(SAME, "Ann").await;
    server.get(&format!("/call/{SAME}")).await;
    let metrics = server.get_ops("/metrics").await.text().await.unwrap();
    for door in ["mesh", "signals"] {
        assert!(metrics.contains(&format!("switchboard_joins_total{{door=\"{door}\"}} 1")), "{metrics}");
    }
}

#[tokio::test]
async fn session_budget_of_an_address_is_shared_by_all_doors() {
    let server = TestServer::start_env([("NEW_SESSIONS_PER_ADDRESS", "6")]).await;
    let asked = join_all((0..12).map(|number| {
        let path = if number % 2 == 0 { "/call/7" } else { "/socket.io/?EIO=4&transport=polling" };
        server.get(path)
    }));
    let statuses: Vec<_> = asked.await.iter().map(|response| response.status().as_u16()).collect();
    assert!(statuses.iter().filter(|status| **status == 429).count() >= 5, "{statuses:?}");
}
