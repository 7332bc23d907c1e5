//! Invalid input: each request is answered or its connection closed, and no other user is affected.

use std::sync::Arc;

use serde_json::json;
use switchboard::protocols::kurento::Unsupported;
use tokio_tungstenite::tungstenite::Message;

use super::stage::{Stage, offer};
use crate::support::peer::Heard;

#[tokio::test]
async fn every_malformed_request_is_answered() {
    let stage = Stage::open().await;
    let mut ann = stage.join("ann", "r").await;
    let methods = [
        "joinRoom",
        "publishVideo",
        "unpublishVideo",
        "receiveVideoFrom",
        "unsubscribeFromVideo",
        "onIceCandidate",
        "sendMessage",
        "customRequest",
        "connect",
        "ping",
        "poll",
        "",
        "constructor",
    ];
    let long = "x".repeat(10_000);
    let values = [
        json!(null),
        json!(-1),
        json!(1e300),
        json!([]),
        json!({"a": {}}),
        json!(""),
        json!("\u{0}"),
        json!(long),
    ];
    for method in methods {
        for value in &values {
            let params = json!({
                "user": value, "room": value, "sdpOffer": value, "doLoopback": value, "sender": value,
                "endpointName": value, "candidate": value, "sdpMid": value, "sdpMLineIndex": value,
                "message": value, "userMessage": value, "roomMessage": value, "sessionId": value, "interval": value,
            });
            let answer = ann.ask(method, params).await;
            assert!(answer["error"].is_object() || answer["result"].is_object(), "{method} {value:.40}");
        }
    }
    assert_eq!(ann.done("leaveRoom", json!({})).await, json!({}), "it sits where it sat");
}

#[tokio::test]
async fn messages_and_frames_are_limited_in_size() {
    let stage = Stage::open().await;
    let [mut ann, mut bob] = stage.pair(["ann", "bob"]).await;
    let message =
        |length: usize| json!({"message": "m".repeat(length), "userMessage": "ann", "roomMessage": "r"});
    ann.done("sendMessage", message(16 * 1024)).await;
    assert_eq!(ann.refused("sendMessage", message(16 * 1024 + 1)).await.0, 999);
    assert_eq!(bob.told().await.1["message"].as_str().unwrap().len(), 16 * 1024);
    assert_eq!(bob.told_so_far().await, [""; 0]);

    assert_eq!(ann.told().await.0, "sendMessage");
    ann.peer.send(Message::binary(vec![0; 9])).await;
    assert_eq!(ann.peer.next().await["error"]["code"], -32_700);
    ann.peer.say("x".repeat(256 * 1024 + 1)).await;
    assert_eq!(ann.closed().await.0, 1009);
}

#[tokio::test]
async fn guessed_session_is_refused() {
    let stage = Stage::open().await;
    let [ann, mut bob] = stage.pair(["ann", "bob"]).await;
    let mut eve = stage.connect().await;
    let guesses = [
        ann.session.to_uppercase(),
        ann.session[1..].to_owned(),
        format!("{}0", ann.session),
        "0".repeat(26),
    ];
    for guess in guesses {
        assert_eq!(eve.refused("connect", json!({"sessionId": guess})).await.0, 40_007);
        let publish = json!({"sessionId": guess, "sdpOffer": offer(1)});
        assert_eq!(eve.refused("publishVideo", publish).await.0, 102);
    }
    assert_eq!(bob.told_so_far().await, [""; 0]);
}

#[tokio::test]
async fn client_that_does_not_read_is_closed_and_the_others_stay() {
    let stage = Stage::open_with(&["--kurento-lease", "2m"], Arc::new(Unsupported)).await;
    let [ann, mut bob] = stage.pair(["ann", "bob"]).await;
    ann.peer.stop_reading();
    let message = json!({"message": "m".repeat(16 * 1024), "userMessage": "bob", "roomMessage": "r"});
    // More than the kernel and the server buffer for her.
    for _ in 0..1_000 {
        bob.done("sendMessage", message.clone()).await;
        assert_eq!(bob.told().await.0, "sendMessage");
    }
    let session = ann.session.clone();
    drop(ann);
    let mut back = stage.connect().await;
    back.done("connect", json!({"sessionId": session})).await;
    assert!(matches!(back.peer.hear().await, Heard::Text(_)), "she gets what there is to get");
}
