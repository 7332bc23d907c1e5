//! Random input: the door gives documented answers and still works afterwards.

use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{Caller, PEER, post};
use crate::support::{
    peer::{Heard, Peer},
    property::cases,
    server::TestServer,
};

/// Number of inputs of each kind.
const TRIES: u32 = 150;

fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!("OFFER")),
        Just(json!("JOIN")),
        Just(json!("7")),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let keys = prop_oneof!["kind", "call", "session", "body", ".{0,5}"];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((keys, inner), 0..6).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// JSON texts, some of them cut off or followed by more, and some invalid ones.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        json_values().prop_map(|value| value.to_string().into_bytes()),
        (json_values(), any::<prop::sample::Index>()).prop_map(|(value, cut)| {
            let text = value.to_string().into_bytes();
            text[..cut.index(text.len() + 1)].to_vec()
        }),
        vec(any::<u8>(), 0..200),
        (1..2_000_usize).prop_map(|depth| [vec![b'['; depth], vec![b']'; depth]].concat()),
    ]
}

fn some<T>(strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::new(Config::default());
    (0..cases(TRIES)).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

#[tokio::test]
async fn random_input_gets_documented_answers() {
    let server =
        TestServer::start_env([("NEW_SESSIONS_PER_ADDRESS", "0"), ("EVENTS_PER_ADDRESS", "0")]).await;
    let ann = Caller::join(&server, "7").await;
    let mut ann_hears = ann.connect().await;
    for body in some(bodies()) {
        let status = post(&server.address, body.clone()).await.status().as_u16();
        assert!([400, 409, 413].contains(&status), "{status} to {}", String::from_utf8_lossy(&body));
    }
    for path in some("(%[0-9a-fA-F]{2}|[a-z0-9._~!$&'()*+,;=:@/-]){0,40}") {
        let status = server.get(&format!("/call/{path}")).await.status().as_u16();
        assert!([200, 400, 404, 409].contains(&status), "{status} to {path}");
    }
    for (body, is_text) in some((bodies(), any::<bool>())) {
        let mut socket = Peer::connect(&server.address, "/ws").await;
        match String::from_utf8(body) {
            Ok(text) if is_text => socket.say(text).await,
            Ok(text) => socket.send(Message::binary(text.into_bytes())).await,
            Err(bytes) => socket.send(Message::binary(bytes.into_bytes())).await,
        }
        let Heard::Closed(1000, reason) = socket.hear().await else { panic!("no close frame") };
        assert!(["bad handshake", "bad seat"].contains(&reason.as_str()), "{reason}");
    }
    Caller::join(&server, "7").await;
    assert_eq!(ann_hears.next_text().await, PEER, "and nothing else was heard");
    server.assert_healthy().await;
}
