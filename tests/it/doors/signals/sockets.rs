//! A WebSocket from its opening to its end: keep-alive and close reasons.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use clap::Parser;
use nix::sys::signal::Signal;
use serde_json::json;
use switchboard::{
    config::Config,
    core::ports::clock::{Clock, SystemClock},
    media::Off,
    protocols::signals,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};
use tokio_tungstenite::tungstenite::Message;

use super::{Caller, PEER, told};
use crate::support::{
    client::DEADLINE,
    door::{common, serve},
    peer::{Heard, Peer},
    server::TestServer,
    wait::{TIMEOUT, until},
};

fn closed(code: u16, reason: &str) -> (u16, String) {
    (code, reason.to_owned())
}

#[tokio::test]
async fn client_without_pongs_is_closed_and_loses_the_seat() {
    let server = TestServer::start_env([
        ("SIGNALS_SEAT_COUNT", "1"),
        ("SIGNALS_SEAT_TIMEOUT", "1s"),
        ("SIGNALS_WS_PING_INTERVAL", "200ms"),
        ("SIGNALS_WS_READ_TIMEOUT", "1s"),
    ])
    .await;
    let ann = Caller::join(&server, "7").await;
    ann.connect().await.stop_reading();
    until("Ann's seat is free", TIMEOUT, || async { Caller::try_join(&server, "7").await.ok() }).await;
}

#[tokio::test]
async fn reading_client_without_pongs_is_told_the_reason() {
    let server = TestServer::start_env([("SIGNALS_WS_READ_TIMEOUT", "500ms")]).await;
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let request = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut heard)).await.expect("the server closes TCP").unwrap();
    let (frames, reason) = (String::from_utf8_lossy(&heard), "websocket reader stopping");
    assert!(frames.starts_with("HTTP/1.1 101") && frames.contains("access-control-allow-origin"), "{frames}");
    assert!(
        heard.windows(2).any(|frame| frame == [0x89, 0]),
        "it was pinged, sooner than every five seconds"
    );
    assert!(frames.ends_with(reason), "{frames}");
}

#[tokio::test]
async fn client_that_answers_pings_stays_connected() {
    let settings = [("SIGNALS_WS_PING_INTERVAL", "10s"), ("SIGNALS_WS_READ_TIMEOUT", "1s")];
    let server = TestServer::start_env(settings).await;
    let mut socket = Caller::join(&server, "7").await.connect().await;
    let silent = Caller::join(&server, "7").await;
    silent.connect().await.stop_reading();
    let connected = || async {
        let connected = server.metric("switchboard_participants_connected").await;
        (connected == Some(1.0)).then_some(())
    };
    until("only one is still connected", TIMEOUT, connected).await;
    assert_eq!(socket.next_text().await, PEER);
    assert_eq!(silent.publish("OFFER", "o").await, 200, "the seat is kept for a while");
    assert_eq!(socket.next_text().await, told("OFFER", "o"));
}

#[tokio::test]
async fn handshake_has_a_deadline_and_zero_disables_it() {
    let settings = [("SIGNALS_WS_HANDSHAKE_TIMEOUT", "500ms"), ("SIGNALS_WS_JOIN_TIMEOUT", "0s")];
    let server = TestServer::start_env(settings).await;
    let mut socket = Peer::connect(&server.address, "/ws").await;
    assert_eq!(socket.hear_close().await, closed(1000, "handshake read failure"));
    assert_eq!(socket.hear().await, Heard::Gone, "TCP is closed as well");

    let settings = [("SIGNALS_WS_HANDSHAKE_TIMEOUT", "0s"), ("SIGNALS_WS_JOIN_TIMEOUT", "0")];
    let server = TestServer::start_env(settings).await;
    let ann = Caller::join(&server, "7").await;
    let mut patient = Peer::connect(&server.address, "/ws").await;
    // Other clients connect meanwhile.
    ann.connect().await.close(1000, "").await;
    patient.say(ann.handshake()).await;
    assert_eq!(patient.next_text().await, r#"{"call":"7","kind":"WELCOME"}"#);
}

#[tokio::test]
async fn messages_after_the_handshake_are_ignored_and_bounded() {
    let server = TestServer::start_env([("EVENTS_PER_ADDRESS", "3")]).await;
    let (ann, bob) = (Caller::join(&server, "7").await, Caller::join(&server, "7").await);
    let (mut ann_hears, mut bob_hears) = (ann.connect().await, bob.connect().await);
    ann_hears
        .say(json!({"kind": "OFFER", "call": "7", "session": ann.session, "body": "ignored"}).to_string())
        .await;
    ann_hears.send(Message::binary(vec![0; 100])).await;
    assert_eq!(ann.publish("OFFER", "posted").await, 200);
    assert_eq!(ann_hears.next_text().await, PEER);
    assert_eq!(bob_hears.next_text().await, told("OFFER", "posted"));
    for _ in 0..100 {
        ann_hears.say("and on and on").await;
    }
    assert_eq!(ann_hears.hear_close().await, closed(1008, "too many messages"));
    bob_hears.say("x".repeat(80_000)).await;
    assert_eq!(bob_hears.hear_close().await, closed(1009, "message too big"));
    server.assert_healthy().await;
}

#[tokio::test]
async fn newest_socket_of_a_session_holds_the_seat() {
    let server = TestServer::start().await;
    let (ann, bob) = (Caller::join(&server, "7").await, Caller::join(&server, "7").await);
    let (mut first, mut bob_hears) = (ann.connect().await, bob.connect().await);
    assert_eq!(first.next_text().await, PEER);
    let mut second = ann.connect().await;
    assert_eq!(first.hear_close().await, closed(1000, "replaced by a newer connection"));
    assert_eq!(bob.publish("OFFER", "o").await, 200);
    assert_eq!(second.next_text().await, told("OFFER", "o"));
    assert_eq!(ann.publish("ANSWER", "a").await, 200);
    assert_eq!(bob_hears.next_text().await, told("ANSWER", "a"), "and nothing of Ann's sockets");
}

#[tokio::test]
async fn signals_between_two_sockets_of_a_session_are_not_lost() {
    let server = TestServer::start().await;
    let (ann, bob) = (Caller::join(&server, "7").await, Caller::join(&server, "7").await);
    for number in 0..20 {
        let mut bob_hears = bob.connect().await;
        bob_hears.close(1001, "").await;
        bob_hears.hear_close().await;
        assert_eq!(ann.publish("CANDIDATE", &number.to_string()).await, 200);
        let mut bob_hears = bob.connect().await;
        assert_eq!(bob_hears.next_text().await, told("CANDIDATE", &number.to_string()));
        bob_hears.close(1001, "").await;
    }
}

#[tokio::test]
async fn client_that_does_not_read_is_closed_at_no_cost_to_others() {
    let server = TestServer::start_env([("EVENTS_PER_ADDRESS", "0")]).await;
    let before = server.memory();
    let (ann, bob) = (Caller::join(&server, "7").await, Caller::join(&server, "7").await);
    bob.connect().await.stop_reading();
    let body = "x".repeat(60_000);
    let connected = "switchboard_participants_connected";
    let mut sent = 0;
    while server.metric(connected).await != Some(0.0) {
        assert_eq!(ann.publish("CANDIDATE", &body).await, 200);
        sent += 1;
        assert!(sent < 1_000, "60 MB were accepted for a client that does not read");
    }
    assert!(server.memory() < before + 20_000_000);
}

#[tokio::test]
async fn stop_closes_every_socket_even_before_its_handshake() {
    let server = TestServer::start().await;
    let ann = Caller::join(&server, "7").await;
    let mut seated = ann.connect().await;
    let mut unknown = Peer::connect(&server.address, "/ws").await;
    server.signal(Signal::SIGTERM);
    for socket in [&mut seated, &mut unknown] {
        assert_eq!(socket.hear_close().await, closed(1001, "server stopping"));
    }
    let (success, log) = server.ended().await;
    assert!(success, "{log}");
}

/// A clock that stands still until a test moves it.
struct StandingClock(Instant, Mutex<Duration>);

impl Clock for StandingClock {
    fn now(&self) -> Instant {
        self.0 + *self.1.lock().unwrap()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

#[tokio::test]
async fn socket_is_closed_when_its_seat_is_lost() {
    let clock = Arc::new(StandingClock(SystemClock.now(), Mutex::default()));
    let folder = tempfile::tempdir().unwrap();
    let common = common(folder.path(), Arc::new(Off), clock.clone());
    let options = Config::parse_from(["switchboard", "--seat-count", "1"]).doors.signals;
    let mut running = JoinSet::new();
    let address = serve(&mut running, signals::open(&common, &options).router()).await;

    let joined: serde_json::Value =
        reqwest::get(format!("http://{address}/call/7")).await.unwrap().json().await.unwrap();
    let session = joined["session"].as_str().unwrap().to_owned();
    let ann = Caller { address: address.clone(), call: "7".into(), session };
    let mut socket = ann.connect().await;
    // Leases are not renewed, as no timer runs. A newcomer gets the seat.
    *clock.1.lock().unwrap() = Duration::from_secs(30);
    assert_eq!(reqwest::get(format!("http://{address}/call/7")).await.unwrap().status(), 200);
    assert_eq!(socket.hear_close().await, closed(1000, "seat renewal failure"));
    assert_eq!(ann.publish("OFFER", "late").await, 409);
}
