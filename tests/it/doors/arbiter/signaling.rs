//! Signaling: the path of messages, and notices of departures.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::stage::{claimed, client, connect, refused, sfu};
use crate::support::server::TestServer;

#[tokio::test]
async fn documented_event_flow_of_two_clients_and_their_sfu() {
    let server = TestServer::start().await;
    let mut sfu = sfu(&server, "sfu-1").await;
    let room = claimed(&server, "/a/b").await;
    let (mut ann, mut bob) = (client(&server, "ann", &room).await, client(&server, "bob", &room).await);

    let offer = json!({"description": {"type": "offer", "sdp": "v=0"}});
    assert_eq!(ann.tell_sfu("producer", offer).await, json!({"statusCode": 200}));
    let told = sfu.told().await;
    assert_eq!((&told["sender"], &told["roomId"]), (&json!("ann"), &json!("sfu-1")));
    assert_eq!((&told["description"]["sdp"], &told["action"]), (&json!("v=0"), &Value::Null));

    let answer = json!({"description": {"sdp": "v=0", "type": "answer"}});
    assert_eq!(sfu.tell_client("ann", "producer", answer).await, json!({"statusCode": 200}));
    assert_eq!(ann.told().await["description"]["type"], "answer");

    let offer = json!({"remotePeerId": "ann", "description": {"type": "offer"}});
    sfu.tell_client("bob", "consumer", offer).await;
    assert_eq!(bob.told().await["remotePeerId"], "ann");
    bob.tell_sfu("consumer", json!({"remotePeerId": "ann", "description": {"type": "answer"}})).await;
    assert_eq!(sfu.told().await["sender"], "bob");

    ann.leave().await;
    let gone = json!({"type": "clientDisconnect", "clientId": "ann"});
    assert_eq!(sfu.told().await, gone);
    assert_eq!(bob.told().await, gone);
    assert!(bob.told_so_far().await.is_empty());
}

#[tokio::test]
async fn data_arrives_unchanged_without_extra_fields() {
    let server = TestServer::start().await;
    let mut sfu = sfu(&server, "sfu-1").await;
    let mut ann = client(&server, "ann", "sfu-1").await;
    let data = r#"{ "z":1e3,"type" : "producer","a":18446744073709551616, "sender":"\u0061nn" ,"roomId":"sfu-1","n":{"\u0061":[ -0.0,null]},"dup":1,"dup":2,"s":"é\ud83d\ude00"}"#;
    let message = format!(r#"{{"before":0,"action":"handshake","data":{data},"after":[]}}"#);
    assert_eq!(ann.ask_text(&message).await, json!({"statusCode": 200}));
    assert_eq!(sfu.told_text().await, data);
}

#[tokio::test]
async fn pipelined_events_arrive_in_order() {
    let server = TestServer::start().await;
    let mut sfu = sfu(&server, "sfu-1").await;
    let mut ann = connect(&server).await;
    ann.say(r#"{"action":"identify","data":{"id":"ann","roomId":"sfu-1","type":"client"}}"#).await;
    for number in 0..600 {
        let data = json!({"type": "producer", "sender": "ann", "roomId": "sfu-1", "candidate": number});
        ann.say(json!({"action": "handshake", "data": data}).to_string()).await;
    }
    for number in 0..600 {
        assert_eq!(sfu.told().await["candidate"], number);
    }
    for _ in 0..=600 {
        assert_eq!(ann.next().await, json!({"statusCode": 200}));
    }
}

#[tokio::test]
async fn only_an_sfu_that_knows_a_client_is_told_of_its_departure() {
    let server = TestServer::start().await;
    let mut sfu = sfu(&server, "sfu-1").await;
    let mut ann = client(&server, "ann", "sfu-1").await;
    let bob = client(&server, "bob", "sfu-1").await;
    bob.leave().await;
    assert_eq!(ann.told().await, json!({"type": "clientDisconnect", "clientId": "bob"}));
    assert!(sfu.told_so_far().await.is_empty(), "it has never heard of Bob");
}

#[tokio::test]
async fn death_of_an_sfu_is_announced_and_ends_its_room() {
    let server = TestServer::start().await;
    let sfu_1 = sfu(&server, "sfu-1").await;
    let mut other = sfu(&server, "sfu-2").await;
    let (mut ann, mut bob) = (client(&server, "ann", "sfu-1").await, client(&server, "bob", "sfu-1").await);
    let mut cy = client(&server, "cy", "sfu-2").await;
    drop(sfu_1);
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.told().await, json!({"type": "sfuDisconnect"}));
        let nobody = refused(400, "WebSOcket Connection Not Found");
        assert_eq!(client.tell_sfu("producer", json!({})).await, nobody);
        assert_eq!(client.told_so_far().await, Vec::<Value>::new(), "no client is told of all clients");
    }
    assert!(other.told_so_far().await.is_empty() && cy.told_so_far().await.is_empty());

    let mut again = sfu(&server, "sfu-1").await;
    let nobody = refused(400, "WebSOcket Connection Not Found");
    assert_eq!(ann.tell_sfu("producer", json!({})).await, nobody, "it is another room now");
    assert_eq!(ann.identify_client("ann", "sfu-1").await, json!({"statusCode": 200}));
    assert_eq!(ann.tell_sfu("producer", json!({"n": 1})).await, json!({"statusCode": 200}));
    assert_eq!(again.told().await["n"], 1);
    ann.leave().await;
    assert_eq!(again.told().await["clientId"], "ann");
    assert!(again.told_so_far().await.is_empty());
    assert!(bob.told_so_far().await.is_empty(), "a client that did not return receives nothing");
}

#[tokio::test]
async fn client_may_connect_before_its_sfu() {
    let server = TestServer::start().await;
    let mut ann = client(&server, "ann", "sfu-1").await;
    let nobody = refused(400, "WebSOcket Connection Not Found");
    assert_eq!(ann.tell_sfu("producer", json!({})).await, nobody);
    let mut sfu = sfu(&server, "sfu-1").await;
    assert_eq!(ann.tell_sfu("producer", json!({"n": 1})).await, json!({"statusCode": 200}));
    assert_eq!(sfu.told().await["n"], 1);
}

#[tokio::test]
async fn unknown_receiver_is_reported() {
    let server = TestServer::start().await;
    let mut sfu_1 = sfu(&server, "sfu-1").await;
    let mut sfu_2 = sfu(&server, "sfu-2").await;
    let mut ann = client(&server, "ann", "sfu-2").await;
    for receiver in ["ann", "nobody", "sfu-1", "sfu-2"] {
        let answer = sfu_1.tell_client(receiver, "producer", json!({})).await;
        assert_eq!(answer, refused(400, "WebSOcket Connection Not Found"), "{receiver}");
    }
    assert_eq!(sfu_2.tell_client("ann", "producer", json!({})).await, json!({"statusCode": 200}));
    assert_eq!(ann.told_so_far().await.len(), 1, "and never goes to another room");
}

#[tokio::test]
async fn silent_client_is_detected_within_ten_seconds() {
    let server = TestServer::start().await;
    let mut sfu = sfu(&server, "sfu-1").await;
    let mut ann = client(&server, "ann", "sfu-1").await;
    ann.tell_sfu("producer", json!({})).await;
    sfu.told().await;
    let since = Instant::now();
    ann.stop_reading();
    let told = timeout(Duration::from_secs(25), sfu.told()).await.unwrap();
    assert_eq!(told["clientId"], "ann");
    // The limit is 9.5 s; other tests may slow the machine down.
    assert!(since.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn client_that_does_not_read_is_closed_at_no_cost_to_others() {
    let server = TestServer::start().await;
    let before = server.memory();
    let mut sfu = sfu(&server, "sfu-1").await;
    let ann = client(&server, "ann", "sfu-1").await;
    let mut bob = client(&server, "bob", "sfu-1").await;
    ann.stop_reading();
    let large = json!({"x": "x".repeat(100_000)});
    let mut sent = 0;
    // The kernel buffers a few megabytes for Ann before the server can notice that she does not read.
    while sfu.tell_client("ann", "consumer", large.clone()).await["statusCode"] == 200 {
        sent += 1;
        assert!(sent < 1_000, "100 MB were accepted for a client that does not read");
    }
    assert!(server.memory() < before + 30_000_000);
    assert_eq!(bob.told().await["clientId"], "ann");
    assert_eq!(bob.tell_sfu("producer", json!({})).await["statusCode"], 200);
}

#[tokio::test]
async fn stopping_server_closes_every_connection_with_a_reason() {
    let server = TestServer::start().await;
    let mut sfu = sfu(&server, "sfu-1").await;
    let (mut ann, mut stranger) = (client(&server, "ann", "sfu-1").await, connect(&server).await);
    server.signal(nix::sys::signal::Signal::SIGTERM);
    for peer in [&mut sfu, &mut ann, &mut stranger] {
        assert_eq!(peer.hear_close().await.0, 1001);
    }
    assert!(server.ended().await.0);
}
