//! Invalid messages: each gets an answer and affects no other client.

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message, client::IntoClientRequest};

use super::stage::{claimed, client, connect, get_room, refused, send, sfu};
use crate::support::{client::DEADLINE, peer::Peer, property::cases, server::TestServer};

#[tokio::test]
async fn every_malformed_message_is_answered() {
    let server = TestServer::start().await;
    let mut peer = connect(&server).await;
    for text in ["", "x", "{", "7", "null", "[]", r#"["identify",{}]"#, r#"{"action":"identify","data":7}"#] {
        assert_eq!(peer.ask_text(text).await, refused(400, "Not a JSON object"), "{text}");
    }
    for text in ["{}", r#"{"action":null}"#, r#"{"action":"sendmessage"}"#, r#"{"action":["identify"]}"#] {
        let answer = peer.ask_text(text).await;
        assert_eq!(answer["message"], "Forbidden", "{text}");
        assert!(answer["connectionId"].is_string() && answer["requestId"].is_string());
    }
    peer.send(Message::binary(vec![0, 1])).await;
    assert_eq!(peer.next().await, refused(400, "Binary messages are not supported"));
    let missing = |field: &str| refused(400, &format!("Missing valid {field} property"));
    for (field, data) in [
        ("type", json!({"id": "a", "roomId": "r"})),
        ("type", json!({"id": "a", "roomId": "r", "type": "SFU"})),
        ("type", json!({"id": "a", "roomId": "r", "type": {}})),
        ("id", json!({"roomId": "r", "type": "client"})),
        ("id", json!({"id": "", "roomId": "r", "type": "client"})),
        ("id", json!({"id": " a", "roomId": "r", "type": "client"})),
        ("id", json!({"id": "a\u{0}", "type": "sfu"})),
        ("id", json!({"id": "x".repeat(129), "type": "sfu"})),
        ("roomId", json!({"id": "a", "type": "client"})),
        ("roomId", json!({"id": "a", "roomId": 7, "type": "client"})),
    ] {
        let answer = peer.ask(&json!({"action": "identify", "data": data})).await;
        assert_eq!(answer, missing(field), "{data:.80}");
    }
    let mut sfu = sfu(&server, "sfu-1").await;
    for (field, data) in [
        ("type", json!({"sender": "sfu-1", "receiver": "a"})),
        ("sender", json!({"type": "producer", "receiver": "a"})),
        ("receiver", json!({"type": "producer", "sender": "sfu-1"})),
        ("receiver", json!({"type": "producer", "sender": "sfu-1", "receiver": {}})),
    ] {
        assert_eq!(sfu.handshake(&data).await, missing(field), "{data:.80}");
    }
    server.assert_healthy().await;
}

#[tokio::test]
async fn message_above_the_size_limit_is_refused() {
    let server = TestServer::start().await;
    let mut sfu = sfu(&server, "sfu-1").await;
    let mut ann = client(&server, "ann", "sfu-1").await;
    let large = "x".repeat(127 * 1024);
    assert_eq!(ann.tell_sfu("producer", json!({"sdp": large})).await, json!({"statusCode": 200}));
    assert_eq!(sfu.told().await["sdp"], large);
    ann.say("x".repeat(128 * 1024 + 1)).await;
    assert_eq!(ann.hear_close().await.0, 1009);
    assert_eq!(sfu.told().await["clientId"], "ann");
}

#[tokio::test]
async fn plain_request_to_the_websocket_path_is_refused() {
    let server = TestServer::start().await;
    for path in ["/arbiter", "/arbiter/", "/production", "/production/"] {
        let response = server.get(path).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["upgrade"]),
            (426, &"websocket".parse().unwrap())
        );
        assert_eq!(response.json::<Value>().await.unwrap(), json!({"message": "Upgrade Required"}));
    }
}

#[tokio::test]
async fn connections_per_address_are_limited() {
    let server = TestServer::start_env([("NEW_SESSIONS_PER_ADDRESS", "2")]).await;
    let mut held = vec![connect(&server).await, connect(&server).await];
    let address = format!("ws://{}/arbiter", server.address).into_client_request().unwrap();
    match Peer::request(address).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 429),
        other => panic!("{:?} instead of a refusal", other.err()),
    }
    for peer in &mut held {
        assert_eq!(peer.ask(&json!({})).await["message"], "Forbidden", "open connections are not affected");
    }
}

/// Nearly valid messages, and invalid ones.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        Just("identify"),
        Just("handshake"),
        Just("client"),
        Just("sfu"),
        Just("producer"),
        Just("sfu-1"),
        Just("ann"),
        Just("clientDisconnect"),
        Just("\u{202e}"),
        Just(""),
    ];
    let leaf = prop_oneof![
        word.prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("action"),
        Just("data"),
        Just("id"),
        Just("type"),
        Just("roomId"),
        Just("sender"),
        Just("receiver"),
        Just("secret"),
        Just("urlPath"),
        Just("x"),
    ];
    let value = leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec((key.clone(), inner.clone()), 0..6).prop_map(|fields| {
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Value>()
            }),
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
        ]
    });
    prop_oneof![
        8 => value.prop_map(|value| value.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..64),
        1 => "\\PC{0,40}".prop_map(String::into_bytes),
    ]
}

#[test]
fn arbitrary_messages_leave_the_door_working() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime
        .block_on(TestServer::start_env([("EVENTS_PER_ADDRESS", "0"), ("NEW_SESSIONS_PER_ADDRESS", "0")]));
    let mut sfu = runtime.block_on(sfu(&server, "sfu-1"));
    let room = runtime.block_on(claimed(&server, "/a"));
    let mut honest = runtime.block_on(client(&server, "honest", &room));
    let config = ProptestConfig { cases: cases(128), failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(messages in prop::collection::vec(messages(), 1..20))| {
        runtime.block_on(async {
            let mut eve = connect(&server).await;
            for message in &messages {
                match std::str::from_utf8(message) {
                    Ok(text) => drop(tokio::time::timeout(DEADLINE, eve.ask_text(text)).await.unwrap()),
                    Err(_) => {
                        eve.send(Message::binary(message.clone())).await;
                        eve.next().await;
                    }
                }
                let (status, answer) = send(&server, "PATCH", "/claimRoom", message.clone()).await;
                assert!(status < 500 && answer["message"].is_string() || status == 200, "{status} {answer}");
            }
            eve.leave().await;
        });
    });
    runtime.block_on(async {
        sfu.told_so_far().await;
        assert_eq!(honest.tell_sfu("producer", json!({"n": 1})).await, json!({"statusCode": 200}));
        assert_eq!(sfu.told().await["n"], 1);
        assert_eq!(get_room(&server, "/a").await.1["roomId"], "sfu-1");
    });
}
