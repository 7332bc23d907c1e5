//! Publishing and subscribing over a fake media plane.

use std::sync::Arc;

use serde_json::{Value, json};
use switchboard::{
    core::model::ids::ParticipantId,
    media::{
        DataRelay, EndReason, EndpointError, EndpointId, MediaEvent, MediaPlane, Publication, Role,
        fake::Asked,
    },
    protocols::kurento::{CustomRequest, CustomRequests},
};

use super::stage::{Stage, User, offer};
use crate::support::{client::DEADLINE, wait::until};

fn webcam(id: &str) -> Value {
    json!({"id": id, "streams": [{"id": "webcam"}]})
}

/// Ann publishes on the first endpoint, and Bob is told.
async fn published(stage: &Stage) -> [User; 2] {
    let [mut ann, mut bob] = stage.pair(["ann", "bob"]).await;
    let answer = ann.publish(1).await;
    assert!(answer["sdpAnswer"].as_str().unwrap().contains("a=recvonly"));
    assert_eq!(ann.told().await.0, "iceCandidate");
    assert_eq!(bob.told().await, ("participantPublished".into(), webcam("ann")));
    [ann, bob]
}

#[tokio::test]
async fn published_media_is_offered_to_the_others() {
    let stage = Stage::open().await;
    let [mut ann, mut bob] = published(&stage).await;
    let answer = bob.receive("ann_webcam", 2).await;
    assert!(answer["sdpAnswer"].as_str().unwrap().starts_with("v=0"));
    let candidate = json!({
        "endpointName": "ann", "sdpMLineIndex": 0, "sdpMid": "0",
        "candidate": "candidate:1 1 udp 2130706431 127.0.0.1 9 typ host",
    });
    assert_eq!(bob.told().await, ("iceCandidate".into(), candidate), "after the answer");

    // A newcomer is told in the answer to its join, once.
    let mut cy = stage.connect().await;
    assert_eq!(cy.join("cy", "r").await, json!({"value": [webcam("ann"), {"id": "bob", "streams": []}]}));
    assert_eq!(cy.told_so_far().await, [""; 0]);

    assert_eq!(ann.told().await.0, "participantJoined");
    assert_eq!(ann.done("unpublishVideo", Value::Null).await, json!({}));
    assert_eq!(bob.told().await.0, "participantJoined");
    for other in [&mut bob, &mut cy] {
        assert_eq!(other.told().await, ("participantUnpublished".into(), json!({"name": "ann"})));
    }
    assert_eq!(stage.media.endpoints(), [], "unpublished media cannot be received");
    let refusal =
        bob.refused("receiveVideoFrom", json!({"sender": "ann_webcam", "sdpOffer": offer(3)})).await;
    assert_eq!(refusal, (105, "User 'ann' is not streaming media in room 'r'".into()));

    // Repeating it is allowed.
    ann.publish(4).await;
    assert_eq!(bob.told().await, ("participantPublished".into(), webcam("ann")));
    bob.receive("ann_webcam", 5).await;
    assert_eq!(bob.done("unsubscribeFromVideo", json!({"sender": "ann_webcam"})).await, json!({}));
    assert_eq!(bob.done("unsubscribeFromVideo", json!({"sender": "ann_webcam"})).await, json!({}));
    assert_eq!(stage.media.endpoints().len(), 1);
}

#[tokio::test]
async fn further_offer_continues_its_own_connection_and_replaces_another() {
    let stage = Stage::open().await;
    let [mut ann, mut bob] = published(&stage).await;
    bob.receive("ann", 2).await;
    stage.media.asked();
    ann.publish(1).await;
    bob.receive("ann", 2).await;
    assert_eq!(stage.media.asked(), [Asked::Reoffer(EndpointId(1)), Asked::Reoffer(EndpointId(2))]);
    ann.publish(3).await;
    bob.receive("ann", 4).await;
    assert_eq!(stage.media.endpoints(), [EndpointId(3), EndpointId(4)]);
    assert!(!bob.told_so_far().await.contains(&"participantPublished".into()), "the others know already");
}

#[tokio::test]
async fn user_names_may_contain_any_character() {
    let stage = Stage::open().await;
    let [mut ann, mut bob] = stage.pair(["ann_webcam", "b_o_b"]).await;
    ann.publish(1).await;
    bob.receive("ann_webcam_webcam", 2).await;
    bob.receive("ann_webcam", 2).await;
    bob.publish(3).await;
    ann.receive("b_o_b_webcam", 4).await;
    assert_eq!(stage.media.endpoints().len(), 4);
}

#[tokio::test]
async fn publisher_may_subscribe_to_itself() {
    let stage = Stage::open().await;
    let mut ann = stage.connect().await;
    ann.done("joinRoom", json!({"user": "ann", "room": "r", "dataChannels": true})).await;
    let own = json!({"sender": "ann_webcam", "sdpOffer": offer(1)});
    let too_early = ann.refused("receiveVideoFrom", own.clone()).await;
    assert_eq!(too_early, (105, "Can loopback only when publishing media".into()));
    // Beside the parameters, as in the document's example.
    let request =
        json!({"method": "publishVideo", "params": {"sdpOffer": offer(2)}, "doLoopback": true, "id": "x"});
    ann.peer.say(request.to_string()).await;
    assert!(ann.peer.next().await["result"]["sdpAnswer"].as_str().unwrap().contains("a=sendrecv"));
    ann.done("receiveVideoFrom", own).await;
    let asked = stage.media.asked();
    let publication = Publication { loopback: true, data: DataRelay::Subscribers };
    assert_eq!(asked[0], Asked::Answer(EndpointId(1), Role::Publish(publication)));
    assert!(matches!(asked[1], Asked::Answer(_, Role::Subscribe { .. })));
}

#[tokio::test]
async fn candidates_reach_their_connection_in_every_client_format() {
    let stage = Stage::open().await;
    let [mut ann, mut bob] = published(&stage).await;
    bob.receive("ann", 2).await;
    stage.media.asked();
    let candidate = |name: &str, index: Value| json!({"endpointName": name, "candidate": format!("candidate:{name}"), "sdpMid": "0", "sdpMLineIndex": index});
    ann.done("onIceCandidate", candidate("ann", json!(0))).await;
    bob.done("onIceCandidate", candidate("ann_webcam", json!("0"))).await;
    bob.done("onIceCandidate", candidate("bob", json!(0))).await;
    let taken = |id, name: &str| Asked::Candidate(EndpointId(id), format!("candidate:{name}"));
    assert_eq!(stage.media.asked(), [taken(1, "ann"), taken(2, "ann_webcam")], "none before it is needed");
}

#[tokio::test]
async fn unpublish_after_a_closed_connection_succeeds() {
    let stage = Stage::open().await;
    let [mut ann, mut bob] = published(&stage).await;
    stage.media.tell(EndpointId(1), MediaEvent::Closed(EndReason::Left));
    assert_eq!(bob.told().await, ("participantUnpublished".into(), json!({"name": "ann"})));
    assert_eq!(ann.done("unpublishVideo", Value::Null).await, json!({}));
    let not_streaming = (105, "Participant 'ann' is not streaming media".into());
    assert_eq!(ann.refused("unpublishVideo", Value::Null).await, not_streaming, "once");

    ann.publish(2).await;
    assert_eq!(bob.told().await.0, "participantPublished");
    stage.media.tell(EndpointId(2), MediaEvent::Closed(EndReason::Left));
    assert_eq!(ann.done("leaveRoom", Value::Null).await, json!({}));
    assert_eq!(bob.told().await, ("participantLeft".into(), json!({"name": "ann"})), "and nothing before it");
}

#[tokio::test]
async fn broken_media_connection_is_reported_and_may_be_replaced() {
    let stage = Stage::open().await;
    let [mut ann, mut bob] = published(&stage).await;
    bob.receive("ann", 2).await;
    bob.told().await;
    stage.media.tell(EndpointId(2), MediaEvent::Closed(EndReason::Lost));
    let error = "MEDIA_ENDPOINT: A connection for receiving media was lost(errCode=303)";
    assert_eq!(bob.told().await, ("mediaError".into(), json!({"error": error})));
    bob.receive("ann", 2).await;
    bob.told().await;

    stage.media.tell(EndpointId(1), MediaEvent::Closed(EndReason::Fault));
    let error = "MEDIA_ENDPOINT: The connection for sending media has failed(errCode=303)";
    assert_eq!(ann.told().await, ("mediaError".into(), json!({"error": error})));
    assert_eq!(bob.told().await, ("participantUnpublished".into(), json!({"name": "ann"})));
    ann.publish(1).await;
    assert_eq!(bob.told().await, ("participantPublished".into(), webcam("ann")));

    // A user who closes a connection is not notified of it.
    stage.media.tell(EndpointId(4), MediaEvent::Closed(EndReason::Left));
    assert_eq!(bob.told().await, ("participantUnpublished".into(), json!({"name": "ann"})));
    assert!(!ann.told_so_far().await.contains(&"mediaError".into()));
}

#[tokio::test]
async fn refusals_of_the_media_plane_have_documented_codes() {
    let stage = Stage::open().await;
    let mut ann = stage.join("ann", "r").await;
    let publish = |sdp: &str| json!({"sdpOffer": sdp, "doLoopback": false});
    assert_eq!(ann.refused("publishVideo", publish("hello")).await.0, 302);
    stage.media.refuse_next(EndpointError::Unavailable);
    assert_eq!(ann.refused("publishVideo", publish(&offer(1))).await, (301, "media is not available".into()));
    stage.media.refuse_next(EndpointError::TooMany(switchboard::media::Limit::EndpointsInRoom));
    assert_eq!(ann.refused("publishVideo", publish(&offer(1))).await.0, 303);
    assert_eq!(
        ann.refused("publishVideo", json!({})).await,
        (-1, "Request element 'sdpOffer' is missing".into())
    );
    ann.publish(1).await;
}

#[tokio::test]
async fn media_ends_with_the_seat_not_with_the_websocket() {
    let stage = Stage::open_with(
        &["--kurento-lease", "300ms"],
        Arc::new(switchboard::protocols::kurento::Unsupported),
    )
    .await;
    let [mut ann, mut bob] = published(&stage).await;
    bob.receive("ann", 2).await;
    bob.told().await;
    drop(ann.peer);
    ann.peer = crate::support::peer::Peer::connect(&stage.address, "/room").await;
    let session = ann.session.clone();
    ann.done("connect", json!({"sessionId": session})).await;
    assert_eq!(stage.media.endpoints().len(), 2, "a resumed session keeps its media");

    drop(ann);
    assert_eq!(bob.told().await, ("participantLeft".into(), json!({"name": "ann"})));
    until("the media of who has left is no more", DEADLINE, || async {
        stage.media.endpoints().is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn speaker_changes_reach_participants_that_asked_for_them() {
    let stage = Stage::open().await;
    let mut ann = stage.connect().await;
    ann.done("joinRoom", json!({"user": "ann", "room": "r", "activeSpeaker": true})).await;
    let mut bob = stage.join("bob", "r").await;
    ann.told().await;
    ann.publish(1).await;
    ann.told().await;
    bob.publish(2).await;
    ann.told().await;
    let speaker =
        stage.media.owners().into_iter().map(|owner| owner.participant).collect::<Vec<ParticipantId>>();
    for id in [EndpointId(1), EndpointId(2)] {
        for who in &speaker {
            stage.media.tell(id, MediaEvent::ActiveSpeaker(Some(*who)));
        }
        stage.media.tell(id, MediaEvent::ActiveSpeaker(None));
    }
    let mut names = [ann.told().await.1["id"].clone(), ann.told().await.1["id"].clone()];
    names.sort_by_key(Value::to_string);
    assert_eq!(names, ["ann", "bob"]);
    assert_eq!(ann.told().await, ("activeSpeaker".into(), json!({"id": null})));
    assert!(!bob.told_so_far().await.contains(&"activeSpeaker".into()));
}

struct Hats;

#[async_trait::async_trait]
impl CustomRequests for Hats {
    async fn answer(&self, request: CustomRequest) -> Result<Value, String> {
        match request.params.get("hat") {
            Some(hat) => Ok(json!({"hat": hat, "user": request.user, "room": request.room})),
            None => Err("There are hats only".into()),
        }
    }
}

#[tokio::test]
async fn custom_requests_reach_their_handler() {
    let stage = Stage::open_with(&[], Arc::new(Hats)).await;
    let mut ann = stage.join("ann", "r").await;
    let answer = ann.done("customRequest", json!({"hat": true})).await;
    assert_eq!(answer, json!({"hat": true, "user": "ann", "room": "r"}));
    assert_eq!(ann.refused("customRequest", json!({"marker": 3})).await, (-1, "There are hats only".into()));
}
