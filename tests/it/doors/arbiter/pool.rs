//! The pool of the server's own SFUs: clients that only find and claim rooms place one call after the other.

use serde_json::json;

use super::{
    built_in_stage::{Stage, offer},
    stage::refused,
};
use crate::support::wait::{TIMEOUT, until};

const SHORT: [&str; 2] = ["--arbiter-release-grace", "100ms"];

#[tokio::test]
async fn one_created_room_serves_one_call_after_the_other() {
    let stage = Stage::open(&SHORT).await;
    assert_eq!(stage.create().await, 200);
    let mut rooms = Vec::new();
    for call in 0..3 {
        let room = stage.until_claimed("/a").await;
        assert_eq!(stage.claim("/a").await.as_ref(), Some(&room), "the second client claims it too");
        assert_eq!(stage.claim("/b").await, None, "no other path gets it");
        let (mut ann, bob) = (stage.client("ann", &room).await, stage.client("bob", &room).await);
        ann.describe("producer", None, "offer", &offer(1)).await;
        assert_eq!(ann.told().await["description"]["type"], "answer");
        bob.leave().await;
        // The second call ends by a crash of its client.
        if call == 1 {
            drop(ann);
        } else {
            ann.leave().await;
        }
        stage.until_endpoints(&[]).await;
        stage.until_released("/a").await;
        rooms.push(room);
    }
    assert_eq!(stage.hub.occupancy().participants, 1, "there is one SFU");
    rooms.dedup();
    assert_eq!(rooms.len(), 3, "each call has an id of its own");
}

#[tokio::test]
async fn released_room_can_be_claimed_at_once() {
    let stage = Stage::open(&SHORT).await;
    let mut room = stage.room().await;
    for path in ["/b", "/c", "/d"] {
        let ann = stage.client("ann", &room).await;
        ann.leave().await;
        let former = room;
        stage.until_released("/a").await;
        room = stage.until_claimed(path).await;
        assert_ne!(room, former);
    }
}

#[tokio::test]
async fn unused_claim_returns_the_room_to_the_pool() {
    let stage = Stage::open(&["--arbiter-claim-timeout", "100ms"]).await;
    let room = stage.room().await;
    stage.until_released("/a").await;
    let next = stage.claim("/b").await.expect("it is free at once");
    assert_ne!(next, room);
}

#[tokio::test]
async fn client_of_a_former_call_cannot_enter_the_next() {
    let stage = Stage::open(&SHORT).await;
    let former = stage.room().await;
    let mut ann = stage.client("ann", &former).await;
    stage.client("bob", &former).await.leave().await;
    let mut eve = stage.connect().await;
    ann.describe("producer", None, "offer", &offer(1)).await;
    ann.told().await;
    ann.leave().await;
    stage.until_released("/a").await;
    let room = stage.until_claimed("/b").await;
    let mut cy = stage.client("cy", &room).await;
    eve.identify_client("eve", &former).await;
    let answer = eve.tell_sfu("producer", json!({"description": {"type": "offer", "sdp": offer(2)}})).await;
    assert_eq!(answer, refused(400, "WebSOcket Connection Not Found"));
    assert!(cy.told_so_far().await.is_empty());
}

#[tokio::test]
async fn room_is_reclaimed_when_the_pool_is_full_unless_a_path_has_it() {
    let stage = Stage::open(&["--arbiter-max-started", "2"]).await;
    // However many rooms an attacker creates, there are two, and each can be claimed.
    for _ in 0..5 {
        assert_eq!(stage.create().await, 200);
    }
    until("the reclaimed ones have left", TIMEOUT, async || {
        (stage.hub.occupancy().participants == 2).then_some(())
    })
    .await;
    let room = stage.claim("/a").await.unwrap();
    let _ann = stage.client("ann", &room).await;
    assert_eq!(stage.create().await, 200);
    assert_eq!(stage.claim("/a").await.as_ref(), Some(&room), "a claimed room is not reclaimed");
    assert!(stage.claim("/b").await.is_some());
    assert_eq!(stage.create().await, 500, "both are claimed");
    assert_eq!(stage.claim("/c").await, None);
}

#[tokio::test]
async fn concurrent_claims_after_a_call_get_one_room_each() {
    let stage = Stage::open(&["--arbiter-release-grace", "100ms", "--arbiter-max-started", "2"]).await;
    let (one, other) = (stage.room_of("/a").await, stage.room_of("/b").await);
    for room in [one, other] {
        stage.client("ann", &room).await.leave().await;
    }
    tokio::join!(stage.until_released("/a"), stage.until_released("/b"));
    let (c, same, d) = tokio::join!(stage.claim("/c"), stage.claim("/c"), stage.claim("/d"));
    assert!(c.is_some() && d.is_some() && c == same && c != d, "{c:?} {same:?} {d:?}");
}

#[tokio::test]
async fn pool_ends_with_the_server() {
    let stage = Stage::open(&[]).await;
    assert_eq!([stage.create().await, stage.create().await], [200, 200]);
    stage.hub.drain();
    stage.door.shut_down(TIMEOUT).await;
    assert_eq!(stage.hub.occupancy().participants, 0);
    assert_eq!(stage.claim("/a").await, None);
}
