//! Connections: one per user, with loss and return, closed when they do not answer.

use nix::sys::signal::Signal;
use serde_json::json;
use switchboard::protocols::direct::CLOSE_STATUSES;
use tokio_tungstenite::tungstenite::Message;

use super::user::{connect, connected, open, registered};
use crate::support::{browser::Heard, client::DEADLINE, server::TestServer, wait::until};

const ALREADY_EXISTS: (u16, &str) = (4000, "ALREADY_EXISTS");
const REPLACED: (u16, &str) = (4001, "REPLACED");

fn is(ending: &(u16, String), expected: (u16, &str)) -> bool {
    (ending.0, ending.1.as_str()) == expected
}

async fn participants(server: &TestServer, count: u32) -> Option<()> {
    (server.metric("switchboard_participants").await == Some(count.into())).then_some(())
}

async fn still_connected(server: &TestServer, count: u32) -> Option<()> {
    (server.metric("switchboard_participants_connected").await == Some(count.into())).then_some(())
}

#[tokio::test]
async fn pipelined_events_arrive_in_order() {
    let server = TestServer::start().await;
    let mut bob = connected(&server, "bob").await;
    let mut ann = open(registered(&server, "ann").await).await;
    for number in 0..600 {
        ann.say("bob", number).await;
    }
    for number in 0..600 {
        assert_eq!(bob.hear().await, ("ann".into(), json!(number)));
    }
}

#[tokio::test]
async fn returning_user_receives_messages_sent_meanwhile() {
    let server = TestServer::start().await;
    let (mut ann, bob) = (connected(&server, "ann").await, connected(&server, "bob").await);
    bob.socket.vanish().await;
    until("the loss is noticed", DEADLINE, || async { still_connected(&server, 1).await }).await;
    for number in 0..5 {
        ann.say("bob", number).await;
    }
    ann.wait_until_seated().await;
    let mut bob = open(bob.browser).await;
    for number in 0..5 {
        assert_eq!(bob.hear().await, ("ann".into(), json!(number)));
    }
}

#[tokio::test]
async fn overflow_of_the_mailbox_is_reported_as_a_reset() {
    let server = TestServer::start().await;
    let (mut ann, bob) = (connected(&server, "ann").await, connected(&server, "bob").await);
    bob.socket.vanish().await;
    until("the loss is noticed", DEADLINE, || async { still_connected(&server, 1).await }).await;
    for number in 0..1_000 {
        ann.say("bob", number).await;
    }
    ann.wait_until_seated().await;
    let mut bob = open(bob.browser).await;
    assert_eq!(bob.notice().await, "MESSAGES_LOST");
    ann.say("bob", "again").await;
    assert_eq!(bob.hear().await.1, "again");
}

#[tokio::test]
async fn lost_user_is_absent_after_the_lease_ends() {
    let server = TestServer::start_env([("DIRECT_LEASE", "1s")]).await;
    let (mut ann, bob) = (connected(&server, "ann").await, connected(&server, "bob").await);
    bob.socket.vanish().await;
    assert!(ann.reaches("bob").await, "kept for a while");
    until("bob is gone", DEADLINE, || async { participants(&server, 1).await }).await;
    assert!(!ann.reaches("bob").await);
    let mut bob = connect(bob.browser).await;
    assert!(ann.reaches("bob").await);
    assert_eq!(bob.hear().await.1, "?", "and nothing is left from before");
}

#[tokio::test]
async fn close_frame_removes_the_user_at_once() {
    let server = TestServer::start_env([("DIRECT_LEASE", "1h")]).await;
    let mut ann = connected(&server, "ann").await;
    for code in [1000, 1001, 4321] {
        let name = format!("bob-{code}");
        let bob = connected(&server, &name).await;
        assert!(ann.reaches(&name).await);
        bob.socket.close(code).await;
        until("the seat is free", DEADLINE, || async { participants(&server, 1).await }).await;
        assert!(!ann.reaches(&name).await, "{code}");
    }
}

#[tokio::test]
async fn silent_connection_is_detected() {
    let server = TestServer::start_env([("DIRECT_LEASE", "500ms")]).await;
    let (mut ann, bob) = (connected(&server, "ann").await, connected(&server, "bob").await);
    bob.socket.stop_reading();
    until("bob is gone", DEADLINE, || async { participants(&server, 1).await }).await;
    assert!(!ann.reaches("bob").await);
}

#[tokio::test]
async fn newer_connection_fences_the_older_one() {
    let server = TestServer::start().await;
    let (mut ann, mut old) = (connected(&server, "ann").await, connected(&server, "bob").await);
    let mut new = connect(old.browser.clone()).await;
    assert!(is(&old.ended().await, REPLACED));
    ann.say("bob", 1).await;
    assert_eq!(new.hear().await, ("ann".into(), json!(1)));
    old.socket.vanish().await;
    ann.say("bob", 2).await;
    assert_eq!(new.hear().await.1, 2, "the end of the older connection ends no seat");
}

#[tokio::test]
async fn original_dialect_keeps_the_older_connection_while_it_is_alive() {
    let server = TestServer::start_env([("DIRECT_DIALECT", "original")]).await;
    let mut old = connected(&server, "bob").await;
    let mut new = open(old.browser.clone()).await;
    assert!(is(&new.ended().await, ALREADY_EXISTS));
    old.wait_until_seated().await;

    old.socket.stop_reading();
    // The last pong counts for a second.
    let mut new = until("the dead one is replaced", DEADLINE, || async {
        let mut new = open(old.browser.clone()).await;
        new.say("bob", "myself").await;
        matches!(new.socket.next().await, Heard::Text(_)).then_some(new)
    })
    .await;
    new.wait_until_seated().await;
}

#[tokio::test]
async fn connection_that_does_not_read_is_closed_at_no_cost_to_others() {
    let server = TestServer::start_env([("EVENTS_PER_ADDRESS", "0")]).await;
    let (mut ann, bob) = (connected(&server, "ann").await, connected(&server, "bob").await);
    let mut cy = connected(&server, "cy").await;
    let before = server.memory();
    bob.socket.stop_reading();
    let flood = "x".repeat(60_000);
    let mut sent = 0;
    // The kernel buffers a few megabytes for Bob before the server can notice that he does not read.
    while server.metric("switchboard_participants_connected").await == Some(3.0) {
        for _ in 0..20 {
            ann.say("bob", flood.as_str()).await;
        }
        ann.say("cy", sent).await;
        assert_eq!(cy.hear().await.1, sent);
        sent += 20;
        assert!(sent < 2_000, "120 MB were accepted for a client that does not read");
    }
    assert!(server.memory() < before + 20_000_000);
}

#[tokio::test]
async fn oversized_message_closes_the_connection_with_a_reason() {
    let server = TestServer::start().await;
    let mut ann = connected(&server, "ann").await;
    ann.say("ann", "x".repeat(64 * 1024 - 100)).await;
    assert_eq!(ann.hear().await.0, "ann");
    ann.socket.send("x".repeat(64 * 1024 + 1)).await;
    assert_eq!(ann.ended().await.0, 1009);
    connect(ann.browser).await;
}

#[tokio::test]
async fn messages_per_address_are_limited() {
    let server = TestServer::start_env([("EVENTS_PER_ADDRESS", "1")]).await;
    let mut ann = connected(&server, "ann").await;
    for _ in 0..30 {
        ann.say("ann", 1).await;
    }
    let mut refused = 0;
    for _ in 0..30 {
        let message = ann.next().await;
        if message["type"] == "TOO_MANY_MESSAGES" {
            assert_eq!(message["target"], "ann");
            refused += 1;
        }
    }
    assert!(refused > 10, "{refused}");
}

#[tokio::test]
async fn binary_message_is_refused_and_the_connection_stays() {
    let server = TestServer::start().await;
    let mut ann = connected(&server, "ann").await;
    ann.socket.send_frame(Message::binary(br#"{"target":"ann"}"#.to_vec())).await;
    assert_eq!(ann.notice().await, "INVALID_MESSAGE");
    ann.wait_until_seated().await;
}

#[tokio::test]
async fn stop_closes_every_connection_with_a_reason() {
    let server = TestServer::start().await;
    let mut ann = connected(&server, "ann").await;
    server.signal(Signal::SIGTERM);
    assert_eq!(ann.socket.next().await, Heard::Close(1012, "SHUTTING_DOWN".into()));
    assert!(server.ended().await.0);
}

#[test]
fn every_close_code_is_documented() {
    for status in CLOSE_STATUSES {
        let row = format!("| {} | `{}` |", status.code, status.reason);
        assert!(include_str!("../../../../docs/direct.md").contains(&row), "{row}");
    }
}

#[tokio::test]
async fn messages_and_names_are_never_logged() {
    const CANARY: &str = "canary-7f3a";
    let server = TestServer::start_env([("RUST_LOG", "trace"), ("LOG_FORMAT", "json")]).await;
    let mut ann = connected(&server, CANARY).await;
    let session = ann.browser.cookies["user_session"].clone();
    ann.say(&format!("{CANARY}-nobody"), CANARY).await;
    assert_eq!(ann.notice().await, "TARGET_NOT_FOUND");
    ann.socket.send(format!("{{{CANARY}")).await;
    assert_eq!(ann.notice().await, "INVALID_MESSAGE");
    let metrics = server.get_ops("/metrics").await.text().await.unwrap();
    server.signal(Signal::SIGTERM);
    let (_, log) = server.ended().await;
    assert!(log.contains("stopping"), "the log is there: {log}");
    for secret in [CANARY, session.as_str()] {
        assert!(!log.contains(secret) && !metrics.contains(secret), "{secret}");
    }
}
