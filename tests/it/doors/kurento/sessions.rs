//! Sessions and their connections.

use serde_json::json;

use super::stage::{Stage, User};
use crate::support::{
    browser::{Browser, Heard, Socket},
    client::DEADLINE,
    peer::Peer,
    server::TestServer,
    wait::until,
};

async fn connected(server: &TestServer, count: f64) {
    until("the loss is noticed", DEADLINE, || async {
        (server.metric("switchboard_participants_connected").await == Some(count)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn events_missed_during_connection_loss_arrive_in_order() {
    let server = TestServer::start_env([("KURENTO_LEASE", "1h")]).await;
    let mut ann = User::new(Peer::connect(&server.address, "/room").await);
    let mut bob = User::new(Peer::connect(&server.address, "/room").await);
    ann.join("ann", "r").await;
    bob.join("bob", "r").await;
    ann.told().await;
    ann.peer = Peer::connect(&server.address, "/room").await;
    connected(&server, 1.0).await;
    for number in 0..9 {
        let message = json!({"message": number.to_string(), "userMessage": "bob", "roomMessage": "r"});
        bob.done("sendMessage", message).await;
    }
    bob.done("leaveRoom", json!({})).await;
    let session = ann.session.clone();
    let answer = ann.done("connect", json!({"sessionId": session})).await;
    assert_eq!(answer, json!({"value": "reconnection successful"}));
    for number in 0..9 {
        assert_eq!(ann.told().await.1["message"], number.to_string());
    }
    assert_eq!(ann.told().await, ("participantLeft".into(), json!({"name": "bob"})));
}

#[tokio::test]
async fn joins_and_departures_are_told_after_a_mailbox_overflow() {
    let server = TestServer::start_env([("KURENTO_LEASE", "1h")]).await;
    let mut users = Vec::new();
    for name in ["ann", "bob", "dave"] {
        let mut user = User::new(Peer::connect(&server.address, "/room").await);
        user.join(name, "r").await;
        users.push(user);
    }
    let [mut ann, mut bob, mut dave] = users.try_into().unwrap_or_else(|_| unreachable!());
    assert_eq!([ann.told().await.1["id"].clone(), ann.told().await.1["id"].clone()], ["bob", "dave"]);
    ann.peer = Peer::connect(&server.address, "/room").await;
    connected(&server, 2.0).await;
    dave.done("leaveRoom", json!({})).await;
    let mut cy = User::new(Peer::connect(&server.address, "/room").await);
    cy.join("cy", "r").await;
    let message = json!({"message": "m".repeat(16 * 1024), "userMessage": "bob", "roomMessage": "r"});
    for _ in 0..20 {
        bob.done("sendMessage", message.clone()).await;
    }
    let session = ann.session.clone();
    ann.done("connect", json!({"sessionId": session})).await;
    let mut messages = 0;
    let after = loop {
        match ann.told().await {
            (method, _) if method == "sendMessage" => messages += 1,
            other => break other,
        }
    };
    assert!((1..20).contains(&messages), "{messages} were kept");
    assert_eq!(after, ("participantLeft".into(), json!({"name": "dave"})));
    assert_eq!(ann.told().await, ("participantJoined".into(), json!({"id": "cy"})));
}

/// A page of the original: sends a request and returns everything up to its answer.
async fn ask(socket: &mut Socket, request: serde_json::Value) -> Vec<serde_json::Value> {
    let id = request["id"].clone();
    socket.send(request.to_string()).await;
    let mut heard = Vec::new();
    loop {
        let Heard::Text(text) = socket.next().await else { panic!("closed") };
        let message: serde_json::Value = serde_json::from_str(&text).unwrap();
        let is_answer = message["id"] == id;
        heard.push(message);
        if is_answer {
            return heard;
        }
    }
}

#[tokio::test]
async fn pinging_page_keeps_its_seat_and_another_tab_gets_its_own() {
    let server = TestServer::start_env([("KURENTO_LEASE", "1h")]).await;
    let ping = |id: u64| json!({"method": "ping", "params": {"interval": 60_000}, "id": id});
    let message = |id: u64| {
        let params = json!({"message": "hello", "userMessage": "ann", "roomMessage": "r"});
        json!({"method": "sendMessage", "params": params, "id": id})
    };
    let mut browser = Browser::new(&server.address);
    let mut lobby = browser.open("/room").await.unwrap();
    ask(&mut lobby, ping(0)).await;
    let mut page = browser.open("/room").await.unwrap();
    ask(&mut page, ping(0)).await;
    ask(&mut page, json!({"method": "joinRoom", "params": {"user": "ann", "room": "r"}, "id": 1})).await;
    ask(&mut page, ping(2)).await;
    page.vanish().await;
    connected(&server, 0.0).await;

    let mut tab = browser.open("/room").await.unwrap();
    ask(&mut tab, ping(0)).await;
    let refused = ask(&mut tab, message(1)).await;
    assert_eq!(refused[0]["error"]["code"], 102, "it begins to count, so it is a new one");
    ask(&mut lobby, ping(8)).await;
    assert_eq!(ask(&mut lobby, message(9)).await[0]["error"]["code"], 102, "it has counted by itself");
    let mut stranger = Browser::new(&server.address).open("/room").await.unwrap();
    ask(&mut stranger, ping(3)).await;
    assert_eq!(ask(&mut stranger, message(4)).await[0]["error"]["code"], 102, "it is another browser");

    let mut page = browser.open("/room").await.unwrap();
    ask(&mut page, ping(4)).await;
    let heard = ask(&mut page, message(5)).await;
    assert!(heard[0]["result"]["sessionId"].is_string(), "{heard:?}");
}

#[tokio::test]
async fn lease_end_removes_the_participant_and_ends_the_session() {
    let lease = ["--kurento-lease", "200ms"];
    let unsupported = std::sync::Arc::new(switchboard::protocols::kurento::Unsupported);
    let stage = Stage::open_with(&lease, unsupported).await;
    let [ann, mut bob] = stage.pair(["ann", "bob"]).await;
    let session = ann.session.clone();
    drop(ann);
    assert_eq!(bob.told().await, ("participantLeft".into(), json!({"name": "ann"})));
    let mut late = stage.connect().await;
    let refusal = late.refused("connect", json!({"sessionId": session})).await;
    assert_eq!(refusal, (40_007, "reconnection error".into()));
    assert_eq!(late.join("ann", "r").await, json!({"value": [{"id": "bob", "streams": []}]}));
}

#[tokio::test]
async fn client_that_stops_its_pings_is_closed_and_may_return() {
    let stage = Stage::open().await;
    let mut ann = stage.join("ann", "r").await;
    ann.ask("ping", json!({"interval": 100})).await;
    assert_eq!(ann.closed().await, (1000, "Close for not receive ping from client".into()));
    ann.reconnect(&stage).await;
    assert_eq!(ann.join("ann", "r").await, json!({"value": []}));
}

#[tokio::test]
async fn requests_of_a_session_are_handled_in_order() {
    let stage = Stage::open().await;
    let ann = stage.connect().await;
    let mut ann = ann;
    let requests = [
        json!({"method": "joinRoom", "params": {"user": "ann", "room": "r"}, "id": 1}),
        json!({"method": "sendMessage", "params": {"message": "m", "userMessage": "ann", "roomMessage": "r"}, "id": 2}),
        json!({"method": "unpublishVideo", "id": 3}),
        json!({"method": "leaveRoom", "id": 4}),
        json!({"method": "leaveRoom", "id": 5}),
    ];
    for request in &requests {
        ann.peer.say(request.to_string()).await;
    }
    let mut answered = Vec::new();
    while answered.len() < 4 {
        let message = ann.peer.next().await;
        answered.extend(message["id"].as_u64());
    }
    assert_eq!(answered, [1, 2, 3, 4]);
    assert_eq!(ann.closed().await.0, 1000);
}

#[tokio::test]
async fn stopping_server_tells_every_participant() {
    let server = TestServer::start().await;
    let mut ann = User::new(Peer::connect(&server.address, "/room").await);
    let mut idle = User::new(Peer::connect(&server.address, "/room").await);
    ann.join("ann", "r").await;
    idle.ask("ping", json!({})).await;
    server.signal(nix::sys::signal::Signal::SIGTERM);
    for user in [&mut ann, &mut idle] {
        assert_eq!(user.closed().await, (1001, "the server is shutting down".into()));
    }
    assert!(server.ended().await.0);
}
