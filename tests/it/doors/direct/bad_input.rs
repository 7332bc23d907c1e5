//! Malformed and arbitrary input: a clear refusal, never a 5xx, and the door still works.

use proptest::prelude::*;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::user::{connect, connected, open, registered};
use crate::support::{
    browser::{Browser, Heard},
    property::cases,
    server::TestServer,
};

#[tokio::test]
async fn malformed_message_is_refused_and_the_connection_stays() {
    let server = TestServer::start().await;
    let mut ann = connected(&server, "ann").await;
    let deep = format!(r#"{{"target":"ann","payload":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    for text in
        ["", "{", "null", "7", "[]", "\"x\"", r#"{"target":{}}"#, r#"{"type":1}"#, r#"{"a":1}}"#, &deep]
    {
        ann.socket.send(text).await;
        assert_eq!(ann.notice().await, "INVALID_MESSAGE", "{text:.40}");
    }
    for target in ["", " ", "nobody", "a;b", "\u{202e}", &"x".repeat(10_000)] {
        ann.say(target, 1).await;
        let notice = ann.next().await;
        assert_eq!((&notice["type"], &notice["target"]), (&json!("TARGET_NOT_FOUND"), &json!(target)));
    }
    ann.wait_until_seated().await;
}

#[tokio::test]
async fn malformed_registration_is_refused() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server.address);
    let json = |text: &str| ("application/json", text.to_owned());
    let cases = [
        json(""),
        json("{"),
        json("[]"),
        json(r#"["ann"]"#),
        json(r#""ann""#),
        json(r#"{"username":7}"#),
        json(r#"{"username":{"$ne":null}}"#),
        json(r#"{"username":"a","username":"b"}"#),
        json(r#"{"username":"\ud800"}"#),
        json(r#"{"username":"a"} x"#),
        json(&format!(r#"{{"username":"{}"}}"#, "x".repeat(65))),
        json(r#"{"username":"a;b"}"#),
        json(r#"{"username":"a\r\nSet-Cookie: b=c"}"#),
        json(r#"{"username":"a\u0000"}"#),
        ("text/plain", r#"{"username":"ann"}"#.into()),
        ("", r#"{"username":"ann"}"#.into()),
        ("application/x-www-form-urlencoded", "username=".into()),
        ("application/x-www-form-urlencoded", "username=a%3Bb".into()),
        ("application/x-www-form-urlencoded", "name=ann".into()),
    ];
    for (media_type, body) in cases {
        let mut headers = HeaderMap::new();
        if !media_type.is_empty() {
            headers.insert("content-type", media_type.parse().unwrap());
        }
        let answer = browser.ask("POST", "/v1/register", headers, body.clone()).await;
        let outcome: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, &outcome["status"]), (400, &json!("INVALID")), "{body:.60}");
        assert!(!outcome["message"].as_str().unwrap().is_empty() && browser.cookies.is_empty());
    }
    let large = browser.post_json("/v1/register", "x".repeat(100_000)).await;
    assert_eq!(large.status, 413);
}

#[tokio::test]
async fn unfinished_messages_take_bounded_memory() {
    let server = TestServer::start().await;
    let mut users = Vec::new();
    for number in 0..20 {
        users.push(connected(&server, &format!("u{number}")).await);
    }
    let before = server.memory();
    for user in &mut users {
        for _ in 0..10 {
            user.socket.send_frame(Message::text("x".repeat(60_000))).await;
        }
        user.socket.send_frame(Message::binary(vec![0; 10_000_000])).await;
        assert!(matches!(user.socket.ended().await, Heard::Close(1009, _)));
    }
    assert!(server.memory() < before + 10_000_000);
}

fn anything() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!("ann")),
    ];
    let value = leaf.prop_recursive(4, 20, 5, |inner| {
        let keys =
            prop_oneof![Just("target".to_owned()), Just("type".into()), Just("payload".into()), ".{0,8}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(keys, inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    prop_oneof![value.prop_map(|value| value.to_string()), ".{0,200}"]
}

/// Sends all inputs over HTTP and over a WebSocket, and checks that each is answered and the door still
/// works.
async fn throw(server: &TestServer, inputs: &[String]) {
    let mut browser = Browser::new(&server.address);
    for input in inputs {
        let answer = browser.post_json("/v1/register", input.clone()).await;
        assert!(answer.status < 500, "{} to {input}", answer.status);
    }
    for input in inputs {
        let cookie = input.chars().filter(|c| !c.is_control()).take(100).collect();
        browser.cookies.insert("user_username".into(), cookie);
        assert!(browser.get("/v1/user").await.status < 500, "{input}");
    }
    let mut ann = open(registered_ann(server).await).await;
    for input in inputs {
        ann.socket.send(input.clone()).await;
    }
    ann.say("ann", "still here").await;
    for heard in 0..=inputs.len() {
        let text = ann.socket.next_text().await;
        assert!(text.ends_with("}\n"), "{text}");
        let message: Value = serde_json::from_str(&text).unwrap();
        let is_last = message["payload"] == "still here";
        assert_eq!(is_last, heard == inputs.len(), "one answer for each: {inputs:?}");
    }
}

async fn registered_ann(server: &TestServer) -> Browser {
    let mut browser = Browser::new(&server.address);
    browser.cookies = ANN.get_or_init(|| async { registered(server, "ann").await.cookies }).await.clone();
    browser
}

static ANN: tokio::sync::OnceCell<std::collections::BTreeMap<String, String>> =
    tokio::sync::OnceCell::const_new();

#[test]
fn arbitrary_input_is_answered_and_leaves_the_door_working() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let limits =
        [("NEW_SESSIONS_PER_ADDRESS", "0"), ("EVENTS_PER_ADDRESS", "0"), ("DIRECT_NAMES_PER_ADDRESS", "0")];
    let server = runtime.block_on(TestServer::start_env(limits));
    let config = ProptestConfig::with_cases(cases(64));
    proptest!(config, |(inputs in prop::collection::vec(anything(), 1..20))| {
        runtime.block_on(throw(&server, &inputs));
    });
    runtime.block_on(async { connect(registered(&server, "bob").await).await });
}
