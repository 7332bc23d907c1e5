//! Clients that wait for an SFU whose node has died.

use std::time::Duration;

use serde_json::json;
use switchboard::core::ports::{
    clock::{Clock, SystemClock},
    record_store::{Record, RecordKey},
};

use super::{built_in_stage::Stage, stage::refused};

#[tokio::test]
async fn client_of_a_dead_sfu_hears_of_its_end_when_the_record_ends() {
    let stage = Stage::open(&[]).await;
    let entry = json!({"connection": "c", "claim": null, "free_since": 0, "node": "dead"}).to_string();
    let now = SystemClock.wall();
    let record = Record { json: entry.into(), expires: Some(now + Duration::from_secs(2)) };
    let key = RecordKey { namespace: "arbiter_sfus", name: "sfu-1".into() };
    stage.records.create(&key, record, now).await.unwrap();

    let mut ann = stage.client("ann", "sfu-1").await;
    let not_there = refused(400, "WebSOcket Connection Not Found");
    assert_eq!(ann.tell_sfu("producer", json!({})).await, not_there);
    assert_eq!(ann.told().await, json!({"type": "sfuDisconnect"}));
    // As before `identify`: another room may be entered over the same connection.
    let room = stage.room().await;
    assert_eq!(ann.identify_client("ann", &room).await, json!({"statusCode": 200}));
    assert_eq!(ann.tell_sfu("producer", json!({})).await, json!({"statusCode": 200}));
}

#[tokio::test]
async fn client_that_comes_before_its_sfu_is_told_nothing() {
    let stage = Stage::open(&[]).await;
    let mut ann = stage.client("ann", "sfu-1").await;
    let mut sfu = stage.connect().await;
    assert_eq!(sfu.identify_sfu("sfu-1").await, json!({"statusCode": 200}));
    assert_eq!(ann.tell_sfu("producer", json!({})).await, json!({"statusCode": 200}));
    assert!(ann.told_so_far().await.is_empty());
}
