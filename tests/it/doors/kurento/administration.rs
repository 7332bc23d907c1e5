//! Administration, which needs the token.

use serde_json::json;

use super::stage::{ADMIN_TOKEN, Stage};
use crate::support::browser::{Answer, Browser};

async fn ask(stage: &Stage, path: &str) -> Answer {
    Browser::new(&stage.ops_address).get(path).await
}

async fn status(stage: &Stage, path: &str) -> u16 {
    ask(stage, path).await.status
}

#[tokio::test]
async fn closed_room_is_announced_and_removed() {
    let stage = Stage::open().await;
    let [mut ann, mut bob] = stage.pair(["ann", "bob"]).await;
    ann.publish(1).await;
    let mut elsewhere = stage.join("ann", "another room").await;
    assert_eq!(ask(&stage, "/getAllRooms").await.body, r#"["another room","r"]"#);
    assert_eq!(status(&stage, "/close?room=r").await, 200);
    assert_eq!(bob.told().await.0, "participantPublished");
    assert_eq!(bob.told().await, ("roomClosed".into(), json!({"room": "r"})));
    for user in [&mut ann, &mut bob] {
        let heard = user.told_so_far().await;
        assert!(!heard.contains(&"participantLeft".into()), "{heard:?}");
        assert_eq!(user.refused("unpublishVideo", json!({})).await.0, 102);
    }
    assert_eq!(elsewhere.told_so_far().await, [""; 0]);
    assert_eq!(stage.media.endpoints(), []);
    assert_eq!(status(&stage, "/close?room=r").await, 404);
    assert_eq!(ask(&stage, "/getAllRooms").await.body, r#"["another room"]"#);
    assert_eq!(ann.join("ann", "r").await, json!({"value": []}), "the room may be opened again");
}

#[tokio::test]
async fn evicted_participant_is_told_after_the_others() {
    let stage = Stage::open().await;
    let [mut ann, mut bob] = stage.pair(["ann", "bob"]).await;
    assert_eq!(status(&stage, "/evict?room=r&user=cy").await, 404);
    assert_eq!(status(&stage, "/evict?room=r&user=bob").await, 200);
    assert_eq!(ann.told().await, ("participantLeft".into(), json!({"name": "bob"})));
    assert_eq!(bob.told().await, ("participantEvicted".into(), json!({})));
    assert_eq!(bob.refused("leaveRoom", json!({})).await.0, 102);
    assert_eq!(bob.join("bob", "r").await["value"][0]["id"], "ann", "the connection is still there");
}

#[tokio::test]
async fn media_error_can_be_announced_to_a_room() {
    let stage = Stage::open().await;
    let [mut ann, mut bob] = stage.pair(["ann", "bob"]).await;
    assert_eq!(status(&stage, "/mediaError?room=r&error=ERR_CODE:%20Pipeline%20generic%20error").await, 200);
    for user in [&mut ann, &mut bob] {
        assert_eq!(
            user.told().await,
            ("mediaError".into(), json!({"error": "ERR_CODE: Pipeline generic error"}))
        );
    }
    assert_eq!(status(&stage, "/mediaError?room=s&error=e").await, 404);
    assert_eq!(status(&stage, "/mediaError?room=r").await, 400);
}

#[tokio::test]
async fn administration_requires_the_token() {
    let stage = Stage::open().await;
    let mut ann = stage.join("ann", "r").await;
    let paths = ["/getAllRooms", "/close?room=r", "/evict?room=r&user=ann", "/mediaError?room=r&error=e"];
    for path in paths {
        for (name, value) in [
            ("x-forwarded-for", "192.0.2.7"),
            ("host", "call.example"),
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://other.example"),
        ] {
            let answer = Browser::new(&stage.ops_address).sending(name, value).get(path).await;
            assert_eq!((answer.status, answer.body.as_str()), (403, ""), "{path} {name}");
        }
    }
    assert_eq!(ann.told_so_far().await, [""; 0]);
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let remote = Browser::new(&stage.ops_address).sending("x-forwarded-for", "192.0.2.7");
    assert_eq!(remote.sending("authorization", &bearer).get("/getAllRooms").await.body, r#"["r"]"#);
    assert_eq!(
        Browser::new(&stage.address).get("/close?room=r").await.status,
        404,
        "not on the port of users"
    );
}
