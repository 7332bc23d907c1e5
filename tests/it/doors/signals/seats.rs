//! Seats: their number, their lifetime, and the sessions that prove them.

use serde_json::json;
use switchboard::protocols::signals::HttpRefusal;

use super::{Caller, PEER, post, told};
use crate::support::{
    server::TestServer,
    wait::{TIMEOUT, until},
};

#[tokio::test]
async fn unused_seat_ends_with_the_seat_timeout() {
    let server =
        TestServer::start_env([("SIGNALS_SEAT_TIMEOUT", "1s"), ("SIGNALS_WS_PING_INTERVAL", "200ms")]).await;
    let ann = Caller::join(&server, "7").await;
    let mut ann_hears = ann.connect().await;
    let bob = Caller::join(&server, "7").await;
    assert_eq!(ann_hears.next_text().await, PEER);
    assert_eq!(Caller::try_join(&server, "7").await.err(), Some(409));
    let cy =
        until("Bob's seat is free", TIMEOUT, || async { Caller::try_join(&server, "7").await.ok() }).await;
    assert_eq!(ann_hears.next_text().await, PEER, "Ann is still there: she has answered every ping");
    assert_eq!(bob.publish("OFFER", "late").await, 409);
    assert_eq!(cy.publish("OFFER", "here").await, 200);
    assert_eq!(ann_hears.next_text().await, told("OFFER", "here"));
}

#[tokio::test]
async fn closed_socket_keeps_its_seat_for_the_seat_timeout() {
    let server = TestServer::start_env([("SIGNALS_SEAT_TIMEOUT", "2s"), ("SIGNALS_SEAT_COUNT", "1")]).await;
    let ann = Caller::join(&server, "7").await;
    let mut socket = ann.connect().await;
    socket.close(1000, "").await;
    socket.hear_close().await;
    assert_eq!(Caller::try_join(&server, "7").await.err(), Some(409));
    until("Ann's seat is free", TIMEOUT, || async { Caller::try_join(&server, "7").await.ok() }).await;
    let mut socket = crate::support::peer::Peer::connect(&server.address, "/ws").await;
    socket.say(ann.handshake()).await;
    assert_eq!(socket.hear_close().await, (1000, "bad seat".to_owned()));
    assert_eq!(ann.rejoin(&server).await.err(), Some(409), "a session takes no other seat");
}

#[tokio::test]
async fn simultaneous_joins_fill_exactly_the_seats() {
    let server = TestServer::start_env([("SIGNALS_SEAT_COUNT", "3")]).await;
    let joins = (0..40).map(|_| Caller::try_join(&server, "7"));
    let outcomes = futures_util::future::join_all(joins).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(409))));
}

#[tokio::test]
async fn session_resumes_its_seat_after_a_restart() {
    let server = TestServer::start().await;
    let ann = Caller::join(&server, "7").await;
    let server = server.killed_and_restarted().await;
    assert_eq!(ann.publish("OFFER", "o").await, 409, "the seats were in the process that died");
    let ann = ann.rejoin(&server).await.unwrap();
    let mut ann_hears = ann.connect().await;
    let bob = Caller::join(&server, "7").await;
    assert_eq!(ann_hears.next_text().await, PEER);
    assert_eq!(bob.publish("OFFER", "o").await, 200);
    assert_eq!(ann_hears.next_text().await, told("OFFER", "o"));
}

#[tokio::test]
async fn session_is_valid_for_its_own_call_and_door_only() {
    let server = TestServer::start().await;
    let ann = Caller::join(&server, "7").await;
    let elsewhere = Caller { address: ann.address.clone(), call: "8".into(), session: ann.session.clone() };
    assert_eq!(elsewhere.publish("OFFER", "o").await, 409);

    let mut mesh = server.connect().await;
    let joined = mesh.joins(json!({"appointment_id": "7", "name": "Ann", "session": ann.session})).await;
    assert_eq!(joined["remoteSocket"], json!(null), "a new participant in a room of its own");
    let mesh_session = Caller { session: joined["session"].as_str().unwrap().into(), ..ann };
    assert_eq!(mesh_session.publish("OFFER", "o").await, 409);
}

#[tokio::test]
async fn call_is_separate_from_an_appointment_of_equal_name() {
    let server = TestServer::start().await;
    let mut mesh = server.connect().await;
    for name in ["7", "signals", "signals/7", "mesh/7"] {
        let appointment = name.replace('/', "-");
        mesh.join(&appointment, "Ann").await;
        let bob = Caller::join(&server, &appointment).await;
        let mut bob_hears = bob.connect().await;
        let cy = Caller::join(&server, &appointment).await;
        assert_eq!(bob_hears.next_text().await, json!({"call": appointment, "kind": "PEER"}).to_string());
        assert_eq!(cy.publish("OFFER", "not for Ann").await, 200);
        assert!(mesh.heard_so_far().await.is_empty(), "{name}");
        mesh.ask("leave_room", json!({})).await;
        assert_eq!(Caller::try_join(&server, &appointment).await.err(), Some(409), "{name}");
    }
}

#[tokio::test]
async fn real_descriptions_pass_and_oversized_ones_are_refused() {
    let server = TestServer::start().await;
    let (ann, bob) = (Caller::join(&server, "7").await, Caller::join(&server, "7").await);
    let mut bob_hears = bob.connect().await;
    let sdp = "a=candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host\n".repeat(1_000);
    assert_eq!(ann.publish("OFFER", &sdp).await, 200);
    assert_eq!(bob_hears.next_text().await, told("OFFER", &sdp));
    assert_eq!(ann.publish("OFFER", &"x".repeat(64 * 1024)).await, 200);
    for size in [64 * 1024 + 1, 70_000, 400_000, 10_000_000] {
        let signal = json!({"kind": "OFFER", "call": "7", "session": ann.session, "body": "x".repeat(size)});
        let response = reqwest::Client::new().post(format!("http://{}/signal", server.address));
        let response =
            response.header("content-type", "application/json").body(signal.to_string()).send().await;
        // A client that keeps sending may be cut off before it reads the reason.
        assert!(response.map_or(size > 600_000, |response| response.status() == 413), "{size}");
    }
    assert_eq!(ann.publish("CANDIDATE", "small").await, 200);
}

#[tokio::test]
async fn joins_and_signals_per_address_are_limited() {
    let server =
        TestServer::start_env([("NEW_SESSIONS_PER_ADDRESS", "5"), ("EVENTS_PER_ADDRESS", "1")]).await;
    let ann = Caller::join(&server, "7").await;
    let mut joins = Vec::new();
    for number in 0..10 {
        joins.push(server.get(&format!("/call/{number}")).await.status().as_u16());
    }
    assert!(joins.starts_with(&[200, 200, 200]) && joins.contains(&429), "{joins:?}");
    let refused = server.get("/ws").await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"2".parse().unwrap()));
    let mut signals = Vec::new();
    for _ in 0..20 {
        signals.push(ann.publish("CANDIDATE", "c").await);
    }
    assert!(signals[..10].iter().all(|status| *status == 200) && signals.contains(&429), "{signals:?}");
}

#[tokio::test]
async fn call_names_may_contain_any_printable_character() {
    let server = TestServer::start().await;
    for (path, call) in [("%E2%80%8Fx", None), ("%0A", None), ("%20", None), ("%F0%9F%91%8B", Some("👋"))] {
        let response = server.get(&format!("/call/{path}")).await;
        match call {
            Some(call) => assert_eq!(response.json::<serde_json::Value>().await.unwrap()["call"], call),
            None => assert_eq!(response.status(), 400, "{path}"),
        }
    }
    assert_eq!(server.get(&format!("/call/{}", "x".repeat(129))).await.status(), 400);
    // Different Unicode forms name one call; each client reads its own form.
    let response = server.get("/call/caf%C3%A9").await;
    assert_eq!(response.json::<serde_json::Value>().await.unwrap()["call"], "café");
    let response = server.get("/call/cafe%CC%81").await;
    assert_eq!(response.json::<serde_json::Value>().await.unwrap()["call"], "cafe\u{301}");
    assert_eq!(server.get("/call/caf%C3%A9").await.status(), 409);
}

#[tokio::test]
async fn signal_without_a_seat_is_refused() {
    let server = TestServer::start().await;
    let ann = Caller::join(&server, "7").await;
    let mut ann_hears = ann.connect().await;
    let first = if ann.session.starts_with('A') { "B" } else { "A" };
    let altered = format!("{first}{}", &ann.session[1..]);
    for session in ["x".to_owned(), "A".repeat(75), altered] {
        let signal = json!({"kind": "OFFER", "call": "7", "session": session, "body": "b"});
        assert_eq!(post(&server.address, signal.to_string()).await.status(), 409, "{session}");
    }
    let bob = Caller::join(&server, "7").await;
    assert_eq!(bob.publish("OFFER", "mine").await, 200);
    assert_eq!(ann_hears.next_text().await, PEER);
    assert_eq!(ann_hears.next_text().await, told("OFFER", "mine"));
}

#[test]
fn every_error_is_documented() {
    let document = include_str!("../../../../docs/signals.md");
    for refusal in HttpRefusal::ALL {
        let row = format!("| `{}` | {} |", refusal.code(), refusal.status().as_u16());
        assert!(document.contains(&row), "{row}");
    }
}
