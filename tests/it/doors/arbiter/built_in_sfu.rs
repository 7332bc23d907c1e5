//! The built-in SFU over a fake media plane: its messages, its requests and its end.

mod long;

use serde_json::{Value, json};
use switchboard::media::{
    DataChannel, DataRelay, EndReason, EndpointError, EndpointId, Limit, MediaEvent, Publication, Role,
    fake::Asked,
};

use super::{
    built_in_stage::{Stage, offer},
    stage::Arbiter,
};
use crate::support::wait::TIMEOUT;

fn sound_alone(connection: u32) -> String {
    offer(connection).split("m=video").next().unwrap().to_owned()
}

/// A message without the text of its description, whose beginning alone is tested.
fn without_sdp(mut told: Value) -> Value {
    assert!(told["description"]["sdp"].as_str().unwrap().starts_with("v=0"), "{told}");
    told["description"].as_object_mut().unwrap().remove("sdp");
    told
}

#[tokio::test]
async fn every_client_is_answered_and_offered_all_others() {
    let stage = Stage::open(&[]).await;
    let room = stage.room().await;
    let answer = |to: &str| json!({"type": "producer", "sender": room, "receiver": to, "description": {"type": "answer"}});
    let consumer = |to: &str, remote: &str| json!({"type": "consumer", "sender": room, "receiver": to, "remotePeerId": remote, "description": {"type": "offer"}});

    let mut ann = stage.client("ann", &room).await;
    ann.describe("producer", None, "offer", &offer(1)).await;
    assert_eq!(without_sdp(ann.told().await), answer("ann"));
    let channels = [("chat", 100, false), ("features", 110, true)]
        .map(|(label, id, retains_last)| DataChannel { label: label.into(), id, retains_last });
    let publication = Publication { loopback: false, data: DataRelay::Room(channels.to_vec()) };
    assert_eq!(stage.media.asked(), [Asked::Answer(EndpointId(1), Role::Publish(publication))]);

    let mut bob = stage.client("bob", &room).await;
    bob.describe("producer", None, "offer", &offer(2)).await;
    assert_eq!(without_sdp(bob.told().await), answer("bob"));
    assert_eq!(without_sdp(bob.told().await), consumer("bob", "ann"));
    assert_eq!(without_sdp(ann.told().await), consumer("ann", "bob"));
    ann.describe("consumer", Some("bob"), "answer", &offer(9)).await;
    let candidate = json!({"remotePeerId": "bob", "candidate": {"candidate": "candidate:1", "sdpMid": "0"}});
    ann.tell_sfu("consumer", candidate).await;
    let asked = stage.asked(5).await;
    assert_eq!(
        asked[3..],
        [Asked::Accept(EndpointId(3)), Asked::Candidate(EndpointId(3), "candidate:1".into())]
    );

    // A late client is offered all others at once, before it sends anything.
    let mut cy = stage.client("cy", &room).await;
    cy.tell_sfu("producer", json!({})).await;
    assert_eq!(without_sdp(cy.told().await), consumer("cy", "ann"));
    assert_eq!(without_sdp(cy.told().await), consumer("cy", "bob"));
    stage.until_endpoints(&[1, 2, 3, 4, 5, 6]).await;

    ann.leave().await;
    for other in [&mut bob, &mut cy] {
        assert_eq!(other.told().await, json!({"type": "clientDisconnect", "clientId": "ann"}));
    }
    stage.until_endpoints(&[2, 6]).await;
}

#[tokio::test]
async fn further_offer_continues_its_own_connection_and_replaces_another() {
    let stage = Stage::open(&[]).await;
    let (_, [mut ann, mut bob]) = stage.pair().await;
    ann.describe("producer", None, "offer", &offer(1)).await;
    assert_eq!(ann.told().await["description"]["type"], "answer");
    assert_eq!(stage.media.asked(), [Asked::Reoffer(EndpointId(1))]);
    ann.describe("producer", None, "offer", &offer(7)).await;
    assert_eq!(ann.told().await["description"]["type"], "answer");
    stage.until_endpoints(&[2, 3, 4, 5]).await;
    assert_eq!(bob.told_so_far().await, [Value::Null; 0], "gets it from there");

    // A client that stops sending and starts again is seen again without renegotiation.
    stage.media.tell(EndpointId(5), MediaEvent::Closed(EndReason::Left));
    ann.describe("producer", None, "offer", &offer(8)).await;
    ann.told().await;
    stage.until_endpoints(&[2, 3, 4, 6]).await;
    assert_eq!(bob.told_so_far().await, [Value::Null; 0]);
}

#[tokio::test]
async fn failed_operations_are_reported() {
    let stage = Stage::open(&[]).await;
    let (room, [mut ann, _bob]) = stage.pair().await;
    let refusal = |handshake: &str, message: &str| json!({"type": "refusal", "sender": room, "receiver": "ann", "handshake": handshake, "message": message});
    ann.describe("producer", None, "offer", "hello").await;
    assert_eq!(ann.told().await, refusal("producer", "the description cannot be understood"));
    ann.describe("producer", None, "answer", &offer(1)).await;
    assert_eq!(ann.told().await, refusal("producer", "the description does not fit what was negotiated"));
    stage.media.refuse_next(EndpointError::TooMany(Limit::EndpointsInRoom));
    ann.describe("producer", None, "offer", &offer(7)).await;
    assert_eq!(ann.told().await, refusal("producer", "too many connections in this room"));
    for (remote, message) in [
        ("bob", "the description does not fit what was negotiated"),
        ("nobody", "nothing is published by that participant"),
    ] {
        ann.describe("consumer", Some(remote), "answer", &offer(9)).await;
        let mut refusal = refusal("consumer", message);
        refusal["remotePeerId"] = remote.into();
        assert_eq!(ann.told().await, refusal);
    }
    // Meaningless messages change nothing.
    for data in [json!({"description": 7}), json!({"candidate": []}), json!({"remotePeerId": {}})] {
        ann.tell_sfu("producer", data).await;
    }
    ann.tell_sfu("consumer", json!({})).await;
    ann.tell_sfu("anything", json!({})).await;
    ann.describe("producer", None, "offer", &offer(1)).await;
    assert_eq!(ann.told().await["description"]["type"], "answer");
    stage.until_endpoints(&[1, 2, 3, 4]).await;
}

#[tokio::test]
async fn external_sfu_works_beside_the_built_in_one() {
    let stage = Stage::open(&[]).await;
    let (_, [mut ann, _bob]) = stage.pair().await;
    let mut sfu: Arbiter = stage.connect().await;
    assert_eq!(sfu.identify_sfu("sfu-1").await, json!({"statusCode": 200}));
    assert_eq!(stage.claim("/b").await.as_deref(), Some("sfu-1"));
    let mut cy = stage.client("cy", "sfu-1").await;
    cy.describe("producer", None, "offer", &offer(1)).await;
    assert_eq!(sfu.told().await["sender"], "cy");
    sfu.tell_client("cy", "producer", json!({"description": {}})).await;
    assert_eq!(cy.told().await["sender"], "sfu-1");
    sfu.leave().await;
    assert_eq!(cy.told().await, json!({"type": "sfuDisconnect"}));
    assert_eq!(ann.told_so_far().await, [Value::Null; 0]);
    stage.until_endpoints(&[1, 2, 3, 4]).await;
}

#[tokio::test]
async fn built_in_sfu_ends_with_the_server() {
    let stage = Stage::open(&[]).await;
    let (_, [mut ann, _bob]) = stage.pair().await;
    stage.hub.drain();
    stage.door.shut_down(TIMEOUT).await;
    assert_eq!(stage.media.endpoints(), []);
    assert_eq!(stage.hub.occupancy().participants, 0);
    assert_eq!(stage.create().await, 500);
    assert_eq!(ann.hear_close().await.0, 1001);
}
