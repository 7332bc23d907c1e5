//! A whole call over the built-in SFU and its forwarding media plane, on one node and on two.

use serde_json::Value;

use super::stage::{Arbiter, client, first_client};
use crate::{
    media::peer::{Peer, Way},
    support::{
        nodes::Nodes,
        server::TestServer,
        wait::{TIMEOUT, until},
    },
};

/// The connection that a client sends with, and those it receives with.
struct Caller {
    signals: Arbiter,
    producer: Option<Peer>,
}

impl Caller {
    /// Sends an offer to publish.
    async fn publish(&mut self, says: Option<&'static str>) {
        let mut peer = Peer::new(Way::Udp).await;
        let offer = peer.offer_to_send_and_talk("chat", 100, says);
        self.signals.describe("producer", None, "offer", &offer).await;
        peer.take_answer(&sdp(&self.told("producer").await));
        self.producer = Some(peer);
    }

    /// Answers an offer of another client's media.
    async fn subscribe(&mut self, remote: &str) -> Peer {
        let told = self.told("consumer").await;
        assert_eq!(told["remotePeerId"], remote);
        let mut peer = Peer::new(Way::Udp).await;
        let answer = peer.answer_to(&sdp(&told));
        self.signals.describe("consumer", Some(remote), "answer", &answer).await;
        peer
    }

    async fn told(&mut self, kind: &str) -> Value {
        let told = self.signals.told().await;
        assert_eq!(told["type"], kind, "{told}");
        told
    }
}

fn sdp(told: &Value) -> String {
    told["description"]["sdp"].as_str().unwrap().to_owned()
}

/// Ann and Bob, on one server or on two, receive each other's video, and Ann receives Bob's messages.
async fn call(anns: &TestServer, bobs: &TestServer) {
    let (ann, room) = first_client(anns, "ann", "/a").await;
    let mut ann = Caller { signals: ann, producer: None };
    let mut bob = Caller { signals: client(bobs, "bob", &room).await, producer: None };
    ann.publish(None).await;
    bob.publish(Some("hello")).await;
    let (mut sees_bob, mut sees_ann) = (ann.subscribe("bob").await, bob.subscribe("ann").await);
    let sending = tokio::spawn(bob.producer.take().unwrap().send_for_ever());
    let mut producer = ann.producer.take().unwrap();
    assert_eq!(producer.until_heard().await, b"hello");
    let anns_sending = tokio::spawn(producer.send_for_ever());
    // Long enough for the server to check the leases twice.
    tokio::join!(sees_bob.until_got(75), sees_ann.until_got(75));

    // A client that returns with another connection is received over the existing ones.
    anns_sending.abort();
    ann.publish(None).await;
    let again = tokio::spawn(ann.producer.take().unwrap().send_for_ever());
    sees_ann.until_got(50).await;

    bob.signals.leave().await;
    assert_eq!(ann.told("clientDisconnect").await["clientId"], "bob");
    tokio::join!(sees_bob.until_over(), sees_ann.until_over());
    ann.signals.leave().await;
    for role in ["publish", "subscribe"] {
        let left = format!("switchboard_media_endpoints{{role=\"{role}\"}}");
        until("nothing of it is left", TIMEOUT, async || {
            (anns.metric(&left).await == Some(0.0)).then_some(())
        })
        .await;
    }
    for task in [sending, again] {
        task.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_receive_each_others_media() {
    let server = TestServer::start().await;
    call(&server, &server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_on_another_node_is_in_the_call() {
    let nodes = Nodes::start_with_store(2, &[]).await;
    call(&nodes[0], &nodes[1]).await;
}
