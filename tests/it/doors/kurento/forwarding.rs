//! The whole program: the media of a publisher reaches subscribers over UDP and TCP until it is unpublished.
#![cfg(feature = "media")]

use serde_json::json;
use tokio::task::JoinHandle;

use super::stage::User;
use crate::{
    media::peer::{Peer as Browser, Way},
    support::{client::DEADLINE, peer::Peer, server::TestServer, wait::until},
};

async fn join(server: &TestServer, name: &str) -> User {
    let mut user = User::new(Peer::connect(&server.address, "/room").await);
    user.join(name, "r").await;
    user
}

/// Publishes over a new connection and sends media until the returned value is dropped.
async fn publish(user: &mut User, way: Way) -> Sending {
    let mut browser = Browser::new(way).await;
    let params = json!({"sdpOffer": browser.offer_to_send(), "doLoopback": false});
    let answer = user.done("publishVideo", params).await;
    browser.take_answer(answer["sdpAnswer"].as_str().unwrap());
    Sending(tokio::spawn(browser.send_for_ever()))
}

struct Sending(JoinHandle<()>);

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Subscribes to a participant over a new connection.
async fn receive(user: &mut User, sender: &str, way: Way) -> Browser {
    let mut browser = Browser::new(way).await;
    let params = json!({"sender": sender, "sdpOffer": browser.offer_to_receive()});
    let answer = user.done("receiveVideoFrom", params).await;
    browser.take_answer(answer["sdpAnswer"].as_str().unwrap());
    browser
}

/// Waits for a notification and drops those before it.
async fn hears(user: &mut User, method: &str, params: serde_json::Value) {
    while user.told().await != (method.into(), params.clone()) {}
}

#[tokio::test]
async fn published_media_is_received_until_unpublished_and_after_publishing_again() {
    for way in [Way::Udp, Way::Tcp] {
        let server = TestServer::start().await;
        let (mut ann, mut bob) = (join(&server, "ann").await, join(&server, "bob").await);
        for _ in 0..2 {
            let _sending = publish(&mut ann, way).await;
            let webcam = json!({"id": "ann", "streams": [{"id": "webcam"}]});
            hears(&mut bob, "participantPublished", webcam).await;
            let mut seen = receive(&mut bob, "ann_webcam", way).await;
            seen.until_got(50).await;
            ann.done("unpublishVideo", json!({})).await;
            seen.until_over().await;
            hears(&mut bob, "participantUnpublished", json!({"name": "ann"})).await;
        }
        let _sending = publish(&mut ann, way).await;
        let mut seen = receive(&mut bob, "ann_webcam", way).await;
        seen.until_got(50).await;
        ann.done("leaveRoom", json!({})).await;
        seen.until_over().await;
        hears(&mut bob, "participantLeft", json!({"name": "ann"})).await;
        server.assert_healthy().await;
    }
}

#[tokio::test]
async fn unsubscribed_participant_alone_stops_receiving() {
    let server = TestServer::start().await;
    let mut users = [join(&server, "ann").await, join(&server, "bob").await, join(&server, "cy").await];
    let mut sending = Vec::new();
    for user in &mut users {
        sending.push(publish(user, Way::Udp).await);
    }
    let [ann, bob, cy] = &mut users;
    let mut seen = [
        receive(ann, "bob", Way::Udp).await,
        receive(ann, "cy", Way::Udp).await,
        receive(bob, "ann", Way::Udp).await,
        receive(bob, "cy", Way::Tcp).await,
        receive(cy, "ann", Way::Udp).await,
        receive(cy, "bob", Way::Tcp).await,
    ];
    for browser in &mut seen {
        browser.until_got(20).await;
    }
    bob.done("unsubscribeFromVideo", json!({"sender": "ann_webcam"})).await;
    seen[2].until_over().await;
    for other in [0, 1, 3, 4, 5] {
        seen[other].until_got(20).await;
    }
}

#[tokio::test]
async fn loopback_returns_the_publishers_own_media() {
    let server = TestServer::start().await;
    let mut ann = join(&server, "ann").await;
    let mut browser = Browser::new(Way::Udp).await;
    let params = json!({"sdpOffer": browser.offer_to_do_both(), "doLoopback": true});
    let answer = ann.done("publishVideo", params).await;
    browser.take_answer(answer["sdpAnswer"].as_str().unwrap());
    browser.send_until_got(50).await;
}

#[tokio::test]
async fn media_survives_a_lost_websocket_and_ends_with_the_lease() {
    let server = TestServer::start_env([("KURENTO_LEASE", "2s")]).await;
    let (mut ann, mut bob) = (join(&server, "ann").await, join(&server, "bob").await);
    let _sending = publish(&mut ann, Way::Udp).await;
    let mut seen = receive(&mut bob, "ann", Way::Udp).await;
    seen.until_got(20).await;

    let session = ann.session.clone();
    drop(ann);
    seen.until_got(20).await;
    let mut ann = User::new(Peer::connect(&server.address, "/room").await);
    let back = ann.done("connect", json!({"sessionId": session})).await;
    assert_eq!(back, json!({"value": "reconnection successful"}));
    seen.until_got(20).await;
    assert!(!bob.told_so_far().await.contains(&"participantLeft".into()));

    drop(ann);
    hears(&mut bob, "participantLeft", json!({"name": "ann"})).await;
    seen.until_over().await;
    drop(bob);
    until("nothing of it is left", DEADLINE, async || {
        let publishers = server.metric(r#"switchboard_media_endpoints{role="publish"}"#).await?;
        let subscribers = server.metric(r#"switchboard_media_endpoints{role="subscribe"}"#).await?;
        (publishers + subscribers == 0.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn subscribers_keep_their_connection_when_the_publisher_changes_its_own() {
    let server = TestServer::start().await;
    let (mut ann, mut bob) = (join(&server, "ann").await, join(&server, "bob").await);
    let former = publish(&mut ann, Way::Udp).await;
    let mut seen = receive(&mut bob, "ann", Way::Udp).await;
    seen.until_got(20).await;
    let _sending = publish(&mut ann, Way::Tcp).await;
    drop(former);
    seen.until_got(50).await;
}
