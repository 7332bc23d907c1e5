//! Publications whose page is gone while the seat is held, and media that cannot be decoded.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use switchboard::{
    media::{EndpointId, MediaEvent, MediaKind, fake::Asked},
    protocols::kurento::Unsupported,
};

use super::stage::{Stage, User};
use crate::support::{
    peer::Peer,
    wait::{TIMEOUT, until},
};

const ANNS: EndpointId = EndpointId(1);

/// Ann, who publishes, and Bob.
async fn published(stage: &Stage) -> [User; 2] {
    let [mut ann, mut bob] = stage.pair(["ann", "bob"]).await;
    ann.publish(1).await;
    assert_eq!(bob.told().await.0, "participantPublished");
    ann.told_so_far().await;
    stage.media.asked();
    [ann, bob]
}

/// Waits until Ann's publication is watched, and returns for which silence.
async fn watched(stage: &Stage) -> Duration {
    until("the plane watches", TIMEOUT, async || match stage.media.asked().pop() {
        Some(Asked::Watch(ANNS, silence)) => silence,
        _ => None,
    })
    .await
}

#[tokio::test]
async fn publication_of_a_closed_page_ends_before_its_seat() {
    let stage = Stage::open_with(&["--kurento-lease", "1h"], Arc::new(Unsupported)).await;
    let [ann, mut bob] = published(&stage).await;
    bob.receive("ann", 2).await;
    bob.told_so_far().await;
    ann.peer.close(1001, "").await;
    assert!(watched(&stage).await < Duration::from_secs(1));
    stage.media.tell(ANNS, MediaEvent::Silent);
    assert_eq!(bob.told().await, ("participantUnpublished".into(), json!({"name": "ann"})));
    stage.until_endpoints(&[ANNS]).await;
    let others = stage.connect().await.join("cy", "r").await;
    assert_eq!(others["value"][0], json!({"id": "ann", "streams": []}));

    // The network was away, not the page.
    assert_eq!(bob.told().await.0, "participantJoined");
    stage.media.tell(ANNS, MediaEvent::Heard);
    let streams = json!([{"id": "webcam"}]);
    assert_eq!(bob.told().await, ("participantPublished".into(), json!({"id": "ann", "streams": streams})));
}

#[tokio::test]
async fn participant_that_only_reconnects_keeps_its_publication() {
    let stage = Stage::open_with(&["--kurento-lease", "1h"], Arc::new(Unsupported)).await;
    let [mut ann, mut bob] = published(&stage).await;
    ann.peer = Peer::connect(&stage.address, "/room").await;
    assert!(watched(&stage).await > Duration::from_millis(2_500), "longer than an idle browser is silent");
    let session = ann.session.clone();
    ann.done("connect", json!({"sessionId": session})).await;
    assert_eq!(stage.media.asked(), [Asked::Watch(ANNS, None)]);
    // A report that was on its way.
    stage.media.tell(ANNS, MediaEvent::Silent);
    stage.media.tell(ANNS, MediaEvent::Heard);
    ann.told_so_far().await;
    assert!(bob.told_so_far().await.is_empty());
}

#[tokio::test]
async fn participant_that_publishes_again_is_published_again() {
    let stage = Stage::open_with(&["--kurento-lease", "1h"], Arc::new(Unsupported)).await;
    let [mut ann, mut bob] = published(&stage).await;
    ann.peer = Peer::connect(&stage.address, "/room").await;
    watched(&stage).await;
    stage.media.tell(ANNS, MediaEvent::Silent);
    assert_eq!(bob.told().await.0, "participantUnpublished");
    let session = ann.session.clone();
    ann.done("connect", json!({"sessionId": session})).await;
    ann.publish(5).await;
    assert_eq!(bob.told().await.0, "participantPublished");
    assert!(bob.told_so_far().await.is_empty());
}

#[tokio::test]
async fn users_concerned_are_told_of_a_missing_codec() {
    let stage = Stage::open().await;
    let [mut ann, mut bob] = published(&stage).await;
    bob.receive("ann", 2).await;
    bob.told_so_far().await;
    for _ in 0..2 {
        stage.media.tell(EndpointId(2), MediaEvent::CodecMissing(MediaKind::Video));
        let error =
            "MEDIA_ENDPOINT: The video of 'ann' is in a codec that this client has not offered(errCode=303)";
        assert_eq!(bob.told().await, ("mediaError".into(), json!({"error": error})));
    }
    let error = "MEDIA_ENDPOINT: Another user cannot decode this user's video(errCode=303)";
    assert_eq!(ann.all_told().await, [("mediaError".to_owned(), json!({"error": error}))], "once");
    stage.media.tell(ANNS, MediaEvent::CodecMissing(MediaKind::Audio));
    let error = "MEDIA_ENDPOINT: None of the offered audio codecs is forwarded(errCode=303)";
    assert_eq!(ann.told().await, ("mediaError".into(), json!({"error": error})));
}
