//! Seats: when a newcomer gets one, how tokens protect them, and how they survive restarts.

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::speaker::{
    Ending::{CloseFrame as Close, Disconnect, EngineClose, Fin},
    Speaker,
    Transport::{self, Polling, WebSocket},
    request, with_session,
};
use crate::support::{
    client::Client,
    poller::Poller,
    server::{Options, TestServer},
    wait::{TIMEOUT, until},
};

#[tokio::test]
async fn newcomer_gets_retry_after_only_while_a_holder_is_away() {
    let server = TestServer::start().await;
    let (mut ann, mut bob, mut cy) = (server.connect().await, server.connect().await, server.connect().await);
    ann.join("7", "Ann").await;
    bob.join("7", "Bob").await;
    let answer = cy.ask("join_room", request("Bob")).await;
    assert_eq!(answer["error"], json!({"code": "room_full"}));
    assert_eq!(cy.next("error").await["retry_after_ms"], Value::Null);
    assert_eq!(ann.heard_so_far().await, ["peer_joined"], "no participant is disturbed");
    assert!(bob.heard_so_far().await.is_empty());

    bob.vanish();
    ann.next("peer_reconnecting").await;
    let answer = cy.ask("join_room", request("Bob")).await;
    assert_eq!(answer["error"], json!({"code": "room_full", "retry_after_ms": 30_000}));
    assert_eq!(cy.next("error").await["retry_after_ms"], 30_000);
    assert!(!answer.to_string().contains("Ann"), "the refusal says nothing about the room");
}

#[tokio::test]
async fn newcomer_gets_an_unprotected_seat_that_answers_no_probe() {
    let server = TestServer::start().await;
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    ann.join_unprotected("7", "Ann").await;
    bob.join_unprotected("7", "Bob").await;
    let mut cy = server.connect().await;
    assert_eq!(cy.refused("join_room", request("Cy")).await, "room_full");
    assert_eq!(ann.heard_so_far().await, ["peer_joined", "probe"]);
    assert_eq!(bob.heard_so_far().await, ["probe"]);
    bob.stop_reading();
    let joined = until("the answer to the first probe is too old", TIMEOUT, async || {
        let answer = server.connect().await.ask("join_room", request("Cy")).await;
        (answer["success"] == true).then_some(answer)
    });
    assert_eq!(joined.await["opponent_name"], "Ann");
    ann.next("user_left").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_tab_keeps_its_seat_when_a_newcomer_joins() {
    let server = TestServer::start().await;
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    ann.join("7", "Ann").await;
    let joined = bob.join("7", "Bob").await;
    bob.stop_reading();
    ann.next("peer_joined").await;
    let mut cy = server.connect().await;
    loop {
        // Until the server detects the dead connection, and then until the lease ends.
        assert_eq!(cy.refused("join_room", request("Bob")).await, "room_full");
        if ann.heard_so_far().await.contains(&"peer_reconnecting".to_owned()) {
            break;
        }
    }
    let mut again = server.connect().await;
    let joined_again = again.joins(with_session("Bob", &joined["session"])).await;
    assert_eq!(joined_again["participant"], joined["participant"]);
}

#[tokio::test]
async fn resume_with_a_token_protects_the_seat() {
    let server = TestServer::start().await;
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    ann.join("7", "Ann").await;
    let joined = bob.join_unprotected("7", "Bob").await;
    bob.joins(with_session("Bob", &joined["session"])).await;
    bob.send(Message::Close(None)).await;
    ann.next("peer_reconnecting").await;
    assert_eq!(server.connect().await.refused("join_room", request("Bob")).await, "room_full");
}

#[tokio::test]
async fn token_of_a_released_seat_displaces_no_participant() {
    let server = TestServer::start().await;
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    ann.join("7", "Ann").await;
    let joined = bob.join("7", "Bob").await;
    assert_eq!(bob.ask("leave_room", json!({})).await["success"], true);
    let mut cy = server.connect().await;
    cy.join("7", "Cy").await;
    let with_old_token = with_session("Bob", &joined["session"]);
    assert_eq!(bob.refused("join_room", with_old_token.clone()).await, "room_full");
    assert!(cy.heard_so_far().await.is_empty());
    assert_eq!(cy.ask("leave_room", json!({})).await["success"], true);
    assert_eq!(bob.joins(with_old_token).await["opponent_name"], "Ann");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_seats_survive_a_restart_for_their_holders_only() {
    let server = TestServer::start().await;
    let (mut ann, mut bob, mut eve) =
        (server.connect().await, server.connect().await, server.connect().await);
    let ann_joined = ann.join("7", "Ann").await;
    let bob_joined = bob.join("7", "Bob").await;
    eve.joins(json!({"appointment_id": "8", "name": "Eve"})).await;
    let mut cy = server.connect().await;
    cy.joins(json!({"appointment_id": "8", "name": "Cy", "session": null})).await;
    cy.ask("leave_room", json!({})).await;
    seats_are_written(&server, 2).await;

    let server = server.killed_and_restarted().await;
    for name in ["Ann", "Bob", "Cy"] {
        let answer = server.connect().await.ask("join_room", request(name)).await;
        let wait = answer["error"]["retry_after_ms"].as_u64();
        assert!(answer["error"]["code"] == "room_full" && wait.is_some(), "{answer}");
    }
    for (name, joined) in [("Bob", &bob_joined), ("Ann", &ann_joined)] {
        let mut client = server.connect().await;
        let again = client.joins(with_session(name, &joined["session"])).await;
        assert_eq!(again["participant"], joined["participant"]);
        assert_eq!(client.ask("leave_room", json!({})).await["success"], true);
    }
    let in_room_8 = json!({"appointment_id": "8", "name": "Cy", "session": null});
    let joined = server.connect().await.joins(in_room_8).await;
    assert_eq!(joined["remoteSocket"], Value::Null, "neither who left nor who cannot resume is waited for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seat_held_across_a_restart_ends_with_its_lease() {
    let env = vec![("SEAT_LEASE", "2s".to_owned())];
    let server = TestServer::start_with(Options { env: env.clone(), ..Options::default() }).await;
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    ann.join("7", "Ann").await;
    bob.join("7", "Bob").await;
    seats_are_written(&server, 2).await;
    let data = server.data();
    server.signal(Signal::SIGKILL);
    server.ended().await;
    let server = TestServer::start_with(Options { env, data: Some(data), ..Options::default() }).await;
    let mut cy = server.connect().await;
    assert_eq!(cy.refused("join_room", request("Cy")).await, "room_full");
    until("the leases end", TIMEOUT, async || {
        (server.connect().await.ask("join_room", request("Cy")).await["success"] == true).then_some(())
    })
    .await;
    seats_are_written(&server, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_during_a_drain_keeps_the_seat() {
    let server = TestServer::start().await;
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    let ann_joined = ann.join("7", "Ann").await;
    let bob_joined = bob.join("7", "Bob").await;
    let (data, address) = (server.data(), server.address.clone());
    server.signal(Signal::SIGTERM);
    ann.next("shutting_down").await;
    ann.send_text("41").await;
    bob.next("shutting_down").await;
    bob.send(Message::Close(None)).await;
    assert!(server.ended().await.0);

    let options = Options { address: Some(address), data: Some(data), ..Options::default() };
    let server = TestServer::start_with(options).await;
    assert_eq!(server.connect().await.refused("join_room", request("Ann")).await, "room_full");
    for (name, joined) in [("Ann", ann_joined), ("Bob", bob_joined)] {
        let again = server.connect().await.joins(with_session(name, &joined["session"])).await;
        assert_eq!(again["participant"], joined["participant"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seats_without_a_connection_are_limited_per_address() {
    let server = TestServer::start_env([("NEW_SESSIONS_PER_ADDRESS", "8")]).await;
    let mut sessions = Vec::new();
    let join = |room: usize, session: Value| {
        let request = json!({"appointment_id": room.to_string(), "name": "Eve", "session": session});
        let server = &server;
        async move {
            // The session budget limits this too and recovers gradually.
            let client = || Client::try_connect(&server.address, "/socket.io/");
            let mut client = until("a session", TIMEOUT, client).await;
            let answer = client.ask("join_room", request).await;
            (client, answer)
        }
    };
    let refused = loop {
        let (client, answer) = join(sessions.len(), Value::Null).await;
        if answer["success"] != true {
            break answer;
        }
        client.vanish();
        sessions.push(answer["session"].clone());
        assert!(sessions.len() <= 9, "too many seats are held");
    };
    assert_eq!(refused["error"]["code"], "too_many_requests", "{refused}");
    let (_client, answer) = join(0, sessions[0].clone()).await;
    assert_eq!(answer["success"], true, "a token gets its seat back all the same: {answer}");
    let (_client, answer) = join(99, Value::Null).await;
    assert_eq!(answer["success"], true, "one fewer is held without a connection: {answer}");
}

/// Waits until the server's file holds this many seats.
async fn seats_are_written(server: &TestServer, count: usize) {
    let path = server.data().path().join("switchboard.db");
    until("seats are written down", TIMEOUT, async || {
        let file =
            rusqlite::Connection::open_with_flags(&path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let found = file.query_row("SELECT count(*) FROM seat", [], |row| row.get::<_, usize>(0)).unwrap();
        (found == count).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_polling_client_is_closed_and_may_resume() {
    let server = TestServer::start().await;
    let mut ann = server.connect().await;
    ann.join("7", "Ann").await;
    let mut bob = Poller::open(&server.address, [127, 0, 0, 1]).await;
    bob.connect().await;
    let joined = bob.join("7", "Bob").await;
    ann.next("peer_joined").await;
    let candidate = |number: u64| json!({"remoteSocketId": joined["participant"], "candidate": {"n": number, "x": "x".repeat(60_000)}});
    let mut sent = 0;
    while ann.count_heard("peer_reconnecting") == 0 {
        assert_eq!(ann.ask("ice_candidate", candidate(sent)).await["success"], true);
        sent += 1;
        assert!(sent < 100, "a client that stops polling is never reported as reconnecting");
    }
    assert_eq!(server.connect().await.refused("join_room", request("Bob")).await, "room_full");
    let mut bob = server.connect().await;
    assert_eq!(
        bob.joins(with_session("Bob", &joined["session"])).await["participant"],
        joined["participant"],
        "with the missed events, or with a reset"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_upgrade_of_a_session_is_ignored() {
    let server = TestServer::start().await;
    let mut ann = server.connect().await;
    ann.join("7", "Ann").await;
    let mut poller = Poller::open(&server.address, [127, 0, 0, 1]).await;
    poller.connect().await;
    let joined = poller.joins(&request("Bob")).await;
    let mut bob = poller.upgrade().await;
    poller.try_upgrade_again().await;
    let candidate = json!({"remoteSocketId": joined["participant"], "candidate": {"n": 1}});
    assert_eq!(ann.ask("ice_candidate", candidate).await["success"], true);
    assert_eq!(bob.next("ice_candidate").await["candidate"]["n"], 1);
    bob.0.close(1001, "").await;
    ann.next("user_left").await;
    assert_eq!(ann.count_heard("peer_reconnecting"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replaced_session_may_join_again_and_leave() {
    let server = TestServer::start().await;
    let (mut ann, mut bob, mut tab) =
        (server.connect().await, server.connect().await, server.connect().await);
    ann.join("7", "Ann").await;
    let joined = bob.join("7", "Bob").await;
    tab.joins(with_session("Bob", &joined["session"])).await;
    bob.next("replaced").await;
    assert_eq!(bob.packet().await.as_deref(), Some("41"));
    assert_eq!(tab.ask("leave_room", json!({})).await["success"], true);
    ann.next("user_left").await;
    // A new connection to the namespace over the old session.
    bob.send_text("40").await;
    assert!(bob.packet().await.is_some_and(|packet| packet.starts_with("40")));
    bob.join_unprotected("7", "Bob").await;
    ann.next("peer_joined").await;
    bob.send_text("41").await;
    assert_eq!(ann.next_any().await.0, "user_left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn end_of_a_replaced_connection_keeps_the_seat() {
    let server = TestServer::start().await;
    let mut ann = server.connect().await;
    ann.join("7", "Ann").await;
    for ending in [Disconnect, Close(1000), EngineClose, Fin] {
        let request = with_session("Bob", &Value::Null);
        let (older, joined) = Speaker::join(&server, Transport::Upgraded, &request).await;
        let mut newer = server.connect().await;
        newer.joins(with_session("Bob", &joined["session"])).await;
        let _ended = older.end(ending).await;
        ann.next("peer_resumed").await;
        assert!(ann.heard_so_far().await.is_empty(), "{ending:?}");
        newer.ask("leave_room", json!({})).await;
        ann.next("user_left").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_a_polling_session_during_a_drain_keeps_the_seat() {
    for (transport, ending) in [
        (Polling, EngineClose),
        (Polling, Disconnect),
        (Transport::Upgraded, Close(1001)),
        (WebSocket, EngineClose),
    ] {
        let server = TestServer::start().await;
        let mut ann = server.connect().await;
        ann.join("7", "Ann").await;
        let (bob, joined) = Speaker::join(&server, transport, &with_session("Bob", &Value::Null)).await;
        seats_are_written(&server, 2).await;
        let (data, address) = (server.data(), server.address.clone());
        server.signal(Signal::SIGTERM);
        ann.next("shutting_down").await;
        // The server may end before the client does.
        let ended = tokio::spawn(bob.end(ending));
        assert!(server.ended().await.0);
        let _ = ended.await;
        let options = Options { address: Some(address), data: Some(data), ..Options::default() };
        let server = TestServer::start_with(options).await;
        let answer = server.connect().await.ask("join_room", request("Bob")).await;
        assert_eq!(answer["error"]["code"], "room_full", "{transport:?} {ending:?}: {answer}");
        let again = server.connect().await.joins(with_session("Bob", &joined["session"])).await;
        assert_eq!(again["participant"], joined["participant"]);
    }
}
