//! Chats: delivery, storage and history, with concurrent senders and savers.

use serde_json::{Value, json};

use super::{pair, session_of};
use crate::support::{client::Client, server::TestServer};

/// The history that a newcomer to room 7 receives; it leaves at once.
async fn history(server: &TestServer) -> Value {
    let mut reader = server.connect().await;
    let answer = reader.ask("join_room", json!({"appointment_id": "7", "name": "Reader"})).await;
    assert_eq!(answer["success"], true, "{answer}");
    reader.ask("leave_room", json!({})).await;
    answer["chats"].clone()
}

async fn leave(client: &mut Client) {
    assert_eq!(client.ask("leave_room", json!({})).await["success"], true);
}

async fn save(server: &TestServer, chats: impl AsRef<str>) -> (u16, Value) {
    server.save("7", format!("{{\"chats\":{}}}", chats.as_ref())).await
}

async fn saved(server: &TestServer, chats: &Value) {
    let (status, answer) = save(server, chats.to_string()).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn equal_ids_of_two_participants_are_two_messages() {
    let server = TestServer::start().await;
    let (mut ann, ann_joined, mut bob, bob_joined) = pair(&server).await;
    let by_ann = ann.ask("send_message", json!({"id": "m1", "body": "how are you?"})).await;
    let by_bob = bob.ask("send_message", json!({"id": "m1", "body": "I am allergic to penicillin"})).await;
    assert_eq!((&by_ann["success"], &by_bob["success"]), (&json!(true), &json!(true)));
    let told = ann.next("receive_message").await;
    assert_eq!(told["body"], "I am allergic to penicillin");
    assert_eq!(told["from"], bob_joined["participant"]);
    leave(&mut bob).await;
    let chats = history(&server).await;
    let of = |place: usize| (chats[place]["from"].clone(), chats[place]["id"].clone());
    assert_eq!(of(0), (ann_joined["participant"].clone(), json!("m1")));
    assert_eq!(of(1), (bob_joined["participant"].clone(), json!("m1")));
}

#[tokio::test]
async fn another_body_under_the_same_id_is_refused_and_a_retry_accepted() {
    let server = TestServer::start().await;
    let (mut ann, _, mut bob, bob_joined) = pair(&server).await;
    let sent = bob.ask("send_message", json!({"id": "m1", "body": "one"})).await;
    assert_eq!(bob.refused("send_message", json!({"id": "m1", "body": "two"})).await, "id_conflict");

    bob.vanish();
    let mut bob = server.connect().await;
    let session = session_of(&bob_joined);
    bob.joins(json!({"appointment_id": "7", "name": "Robert", "session": session})).await;
    let retry = bob.ask("send_message", json!({"id": "m1", "body": "one"})).await;
    assert_eq!(retry, sent);
    ann.next("receive_message").await;
    assert!(!ann.heard_so_far().await.contains(&"receive_message".to_owned()), "delivered once");
    leave(&mut bob).await;
    assert_eq!(history(&server).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn id_saved_first_by_another_sender_suppresses_no_message() {
    let server = TestServer::start().await;
    let (mut ann, _, mut bob, bob_joined) = pair(&server).await;
    let from = &bob_joined["participant"];
    let forged = json!([
        {"id": "1", "from": from, "body": "forged"},
        {"id": "2", "from": from, "body": "hello"},
        {"id": "3", "body": "no sender"},
    ]);
    saved(&server, &forged).await;
    for (id, body) in [("1", "hi"), ("2", "hello"), ("3", "there")] {
        let sent = bob.ask("send_message", json!({"id": id, "body": body})).await;
        assert_eq!(sent["success"], true, "{sent}");
        assert_eq!(ann.next("receive_message").await["body"], body);
    }
    saved(&server, &forged).await;
    saved(&server, &json!([{"id": "1", "from": from, "body": "forged again"}])).await;
    leave(&mut bob).await;
    let chats = history(&server).await;
    let bodies: Vec<_> = chats.as_array().unwrap().iter().map(|chat| chat["body"].clone()).collect();
    assert_eq!(bodies, ["forged again", "no sender", "hi", "hello", "there"]);
}

#[tokio::test]
async fn newest_version_of_a_saved_entry_is_served() {
    let server = TestServer::start().await;
    let a = json!({"id": 7, "sender": "Ann", "text": "old"});
    let b = json!({"id": 7.0, "sender": "Ann", "text": "new"});
    let other = json!({"id": 7, "sender": "Bob", "text": "mine"});
    for chats in [json!([a, other]), json!([b]), json!([a]), json!([other, a])] {
        saved(&server, &chats).await;
    }
    assert_eq!(history(&server).await, json!([b, other]));
}

#[tokio::test]
async fn refused_save_names_the_entry_and_stores_nothing() {
    let server = TestServer::start().await;
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let large = format!("\"{}\"", "x".repeat(64 * 1024));
    for (bad, position, code, reason) in [
        (deep.as_str(), 12, "invalid_payload", "nests deeper than 32"),
        (large.as_str(), 3, "payload_too_large", "is larger than 65536 bytes"),
        ("{\"a\"}", 1, "invalid_payload", "is not valid JSON"),
    ] {
        let (_, answer) = save(&server, format!("[{}{bad},1]", "0,".repeat(position))).await;
        assert_eq!(answer["message"], format!("chats[{position}]: {reason}"));
        assert_eq!((&answer["success"], &answer["code"]), (&json!(false), &json!(code)));
    }
    assert_eq!(history(&server).await, json!([]));
}

/// The chats of a join's answer, byte for byte.
async fn served_text(server: &TestServer) -> String {
    let mut reader = server.connect().await;
    reader.emit("join_room", json!({"appointment_id": "7", "name": "Reader"})).await;
    let joined = reader.next_text("joined_successfully").await;
    leave(&mut reader).await;
    let (_, chats) = joined.split_once(r#""chats":"#).unwrap();
    chats.split_once(r#","chats_available""#).unwrap().0.to_owned()
}

#[tokio::test]
async fn any_json_is_served_unchanged_and_lone_surrogates_are_replaced() {
    let server = TestServer::start().await;
    let entries = r#"[1e400,{ "a" : 1,"a":2.0 },"\u00e9\/",{"text":"half \ud83d","\udE00":"\ud83d\ude00"}]"#;
    assert_eq!(save(&server, entries).await.0, 200);
    let history = served_text(&server).await;
    assert_eq!(history, entries.replace(r#"\ud83d""#, r#"\ufffd""#).replace(r"\udE00", r"\ufffd"));
    // Saving back the history adds nothing, even after JavaScript parsed it, except for the number it cannot
    // hold.
    assert_eq!(save(&server, &history).await.0, 200);
    assert_eq!(save(&server, "[{\"\u{fffd}\":\"😀\",\"text\":\"half \u{fffd}\"}]").await.0, 200);
    assert_eq!(served_text(&server).await, history);
}

#[tokio::test]
async fn lone_surrogate_becomes_a_replacement_character() {
    let server = TestServer::start().await;
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    ann.join("7", "Ann").await;
    let joined = bob.ask_text(r#"["join_room",{"appointment_id":"7","name":"B\ud83d"}]"#).await;
    assert_eq!(joined["success"], true, "{joined}");
    assert_eq!(ann.next("peer_joined").await["opponent_name"], "B\u{fffd}");
    let sent = bob.ask_text(r#"["send_message",{"id":"\ude00","body":"half \ud83d"}]"#).await;
    assert_eq!((&sent["success"], &sent["id"]), (&json!(true), &json!("\u{fffd}")));
    let told = ann.next("receive_message").await;
    assert_eq!((&told["id"], &told["body"]), (&json!("\u{fffd}"), &json!("half \u{fffd}")));
    let again = bob.ask("send_message", json!({"id": "\u{fffd}", "body": "half \u{fffd}"})).await;
    assert_eq!(again, sent);
    assert_eq!(
        bob.refused_text(r#"["join_room",{"appointment_id":"\ud83d","name":"B"}]"#).await,
        "invalid_field"
    );
}

#[tokio::test]
async fn live_messages_are_accepted_when_the_history_is_full() {
    let server = TestServer::start().await;
    let (mut ann, _, mut bob, _) = pair(&server).await;
    let large = |number: usize| format!("\"{number} {}\"", "x".repeat(60_000));
    let most: Vec<_> = (0..13).map(large).collect();
    assert_eq!(save(&server, format!("[{}]", most.join(","))).await.0, 200);
    let (status, answer) = save(&server, "[1,2]".to_owned()).await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = save(&server, format!("[{}]", large(13))).await;
    assert_eq!((status, &answer["code"]), (413, &json!("chats_full")));

    let body = "x".repeat(16_000);
    let (mut number, refused) = (0, json!({"code": "chats_full"}));
    let late = loop {
        let answer = bob.ask("send_message", json!({"id": number.to_string(), "body": body})).await;
        assert_eq!(ann.next("receive_message").await["id"], number.to_string());
        if answer["success"] == false {
            break answer;
        }
        number += 1;
    };
    assert!(number > 10, "some bytes are for messages alone");
    assert_eq!((&late["delivered"], &late["error"]), (&json!(true), &refused));
    assert!(late["message"].is_string());
    assert_eq!(bob.next("error").await["code"], "chats_full");
    let again = bob.ask("send_message", json!({"id": number.to_string(), "body": body})).await;
    assert_eq!((&again["success"], &again["delivered"]), (&json!(false), &json!(true)));
    let stored = bob.ask("send_message", json!({"id": "0", "body": body})).await;
    assert_eq!(stored["success"], true, "a retry of what is kept needs no room");

    // All of it fits one save, which adds nothing.
    leave(&mut bob).await;
    let chats = history(&server).await;
    saved(&server, &chats).await;
    assert_eq!(history(&server).await, chats);
}

#[tokio::test]
async fn original_dialect_replaces_the_saved_array() {
    let server = TestServer::start_env([("MESH_DIALECT", "original")]).await;
    let (mut ann, _, mut bob, _) = pair(&server).await;
    bob.ask("send_message", json!({"id": "m1", "body": "live"})).await;
    leave(&mut ann).await;
    // Both sides save as the original's page does when it hangs up, visit after visit.
    for visit in 1..=3 {
        let before = history(&server).await.as_array().unwrap().clone();
        let ann = [
            json!({"isMe": true, "user_id": "ann", "message": format!("hello {visit}")}),
            json!({"isMe": false, "message": "hi", "old_text": "hi", "user_id": "bob"}),
        ];
        let bob = [
            json!({"isMe": false, "message": format!("hello {visit}"), "old_text": "", "user_id": "ann"}),
            json!({"isMe": true, "user_id": "bob", "message": "hi"}),
        ];
        for view in [ann, bob] {
            let array = json!([before.clone(), view.to_vec()].concat());
            saved(&server, &array).await;
            assert_eq!(history(&server).await, array);
            // A page that has read only a part of the history removes nothing.
            saved(&server, &json!(array.as_array().unwrap()[..1])).await;
            saved(&server, &json!([])).await;
            assert_eq!(history(&server).await, array);
        }
        assert_eq!(history(&server).await.as_array().unwrap().len(), 1 + 2 * visit);
    }
}
