//! Invalid input: each event gets a clear error, changes nothing and disturbs no other participant.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{client::Client, server::TestServer};

#[tokio::test]
async fn every_invalid_field_is_named() {
    let server = TestServer::start().await;
    let mut client = server.connect().await;
    let long = "x".repeat(10_000);
    let bad_ids = [
        json!({"$ne": null}),
        json!(7),
        json!(["7"]),
        json!(null),
        json!(true),
        json!(""),
        json!("  "),
        json!(long),
        json!("a/b"),
        json!("a\u{0}b"),
        json!("a\nb"),
        json!("a\u{202e}b"),
        json!("\u{200f}a"),
    ];
    for id in &bad_ids {
        assert_refused_field(&mut client, "appointment_id", json!({"appointment_id": id, "name": "Ann"}))
            .await;
    }
    for name in [json!(""), json!(long), json!({}), json!(null), json!("a\u{7}b")] {
        assert_refused_field(&mut client, "name", json!({"appointment_id": "7", "name": name})).await;
    }
    for session in [json!(7), json!({})] {
        let payload = json!({"appointment_id": "7", "name": "Ann", "session": session});
        assert_refused_field(&mut client, "session", payload).await;
    }
    for received in [json!(-1), json!("1"), json!(1.5)] {
        let payload = json!({"appointment_id": "7", "name": "Ann", "received": received});
        assert_refused_field(&mut client, "received", payload).await;
    }
    assert_refused_field(&mut client, "appointment_id", json!({})).await;
    let right_to_left = client.join("תור-7", "נועה").await;
    assert_eq!(right_to_left["success"], true, "a script that runs right to left is no bad input");
}

async fn assert_refused_field(client: &mut Client, field: &str, payload: Value) {
    let answer = client.ask("join_room", payload.clone()).await;
    assert_eq!(
        (&answer["error"]["code"], &answer["error"]["field"]),
        (&json!("invalid_field"), &json!(field))
    );
    assert_eq!(client.next("error").await["field"], field, "{payload:.100}");
}

#[tokio::test]
async fn event_takes_exactly_one_object() {
    let server = TestServer::start().await;
    let mut client = server.connect().await;
    for packet in [
        r#"["join_room"]"#,
        r#"["join_room",null]"#,
        r#"["join_room",[]]"#,
        r#"["join_room","7"]"#,
        r#"["join_room",{"appointment_id":"7","name":"Ann"},{}]"#,
        r#"["join_room",{"appointment_id":"7","appointment_id":"8","name":"Ann"}]"#,
        r#"["send_offer"]"#,
        r#"["send_message",7]"#,
    ] {
        assert_eq!(client.refused_text(packet).await, "invalid_payload", "{packet}");
    }
    for event in ["", "unknown", "connection", "joined_successfully", &"x".repeat(50_000)] {
        assert_eq!(client.refused(event, json!({})).await, "unknown_event");
    }
    assert_eq!(client.join("7", "Ann").await["success"], true);
}

#[tokio::test]
async fn signal_is_an_object_of_bounded_size() {
    let server = TestServer::start().await;
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    let ann_id = ann.join("7", "Ann").await["participant"].clone();
    bob.join("7", "Bob").await;
    for offer in [json!(null), json!("v=0"), json!(7), json!([])] {
        let payload = json!({"appointment_id": "7", "offer": offer, "remoteSocketId": ann_id});
        assert_eq!(bob.refused("send_offer", payload).await, "invalid_field");
    }
    let missing = json!({"appointment_id": "7", "remoteSocketId": ann_id});
    assert_eq!(bob.refused("send_answer", missing).await, "invalid_field");
    let nobody = json!({"appointment_id": "7", "offer": {}});
    assert_eq!(bob.refused("send_offer", nobody).await, "invalid_field");
    let large = json!({"remoteSocketId": ann_id, "candidate": {"c": "x".repeat(64 * 1024)}});
    assert_eq!(bob.refused("ice_candidate", large).await, "payload_too_large");
    ann.next("peer_joined").await;
    assert!(ann.heard_so_far().await.is_empty());
}

#[tokio::test]
async fn message_has_a_body_of_bounded_size() {
    let server = TestServer::start().await;
    let mut ann = server.connect().await;
    ann.join("7", "Ann").await;
    for body in [json!(null), json!(""), json!({}), json!(["hi"])] {
        assert_eq!(ann.refused("send_message", json!({"body": body})).await, "invalid_field");
    }
    let long = json!({"body": "x".repeat(16 * 1024 + 1)});
    assert_eq!(ann.refused("send_message", long).await, "payload_too_large");
    for id in [json!(""), json!("x".repeat(129)), json!(7)] {
        assert_eq!(ann.refused("send_message", json!({"id": id, "body": "hi"})).await, "invalid_field");
    }
}

#[tokio::test]
async fn binary_attachment_is_refused_and_the_connection_stays() {
    let server = TestServer::start().await;
    let mut client = server.connect().await;
    client.send_text(r#"451-77["send_offer",{"offer":{"_placeholder":true,"num":0}}]"#).await;
    client.send(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(client.next("error").await["code"], "binary_not_supported");
    assert_eq!(client.join("7", "Ann").await["success"], true);
}

#[tokio::test]
async fn refused_save_names_the_reason_and_changes_nothing() {
    let server = TestServer::start().await;
    let deep = |depth| format!(r#"{{"chats":[{}{}]}}"#, "[".repeat(depth), "]".repeat(depth));
    let cases = [
        (String::new(), 400, "invalid_payload"),
        ("{".into(), 400, "invalid_payload"),
        (r#"{"chats":{}}"#.into(), 400, "invalid_payload"),
        (r#"{"chats":null}"#.into(), 400, "invalid_payload"),
        (r#"{"chats":["\ud80"]}"#.into(), 400, "invalid_payload"),
        (deep(1_000), 400, "invalid_payload"),
        (format!(r#"{{"chats":[{}1]}}"#, "1,".repeat(10_000)), 413, "payload_too_large"),
        (json!({"chats": ["x".repeat(70_000)]}).to_string(), 413, "payload_too_large"),
        (json!({"chats": vec!["x".repeat(60_000); 20]}).to_string(), 413, "chats_full"),
        (json!({"chats": vec!["x".repeat(60_000); 80]}).to_string(), 413, "payload_too_large"),
    ];
    for (body, status, code) in cases {
        let (answered, answer) = server.save("7", body.clone()).await;
        assert_eq!((answered, &answer["code"]), (status, &json!(code)), "{body:.60}");
        assert_eq!(answer["success"], false);
        assert!(answer["message"].is_string());
    }
    for room in ["%20", "a%2Fb", "a%00b", &"x".repeat(10_000), "%ff"] {
        let (status, answer) = server.save(room, r#"{"chats":[1]}"#).await;
        assert_eq!((status, &answer["code"]), (400, &json!("invalid_field")), "{room:.60}");
    }
    assert_eq!(server.connect().await.join("7", "Ann").await["chats"], json!([]));
}

#[tokio::test]
async fn every_json_value_is_served_as_saved() {
    let server = TestServer::start().await;
    let chats = r#"[{"$oid": "zz"}, {"__proto__": 1},18446744073709551616,{"a":1,"a":2},"\u0000",null,[[]]]"#;
    assert_eq!(server.save("7", format!(r#"{{"chats":{chats}}}"#)).await.0, 200);
    let mut ann = server.connect().await;
    ann.emit("join_room", json!({"appointment_id": "7", "name": "Ann"})).await;
    let joined = ann.next_text("joined_successfully").await;
    let kept = r#"[{"$oid": "zz"},{"__proto__": 1},18446744073709551616,{"a":1,"a":2},"\u0000",null,[[]]]"#;
    assert!(joined.contains(&format!(r#""chats":{kept}"#)), "{joined}");
}
