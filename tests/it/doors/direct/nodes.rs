//! Users of several nodes: a name is reached from every node.

use std::collections::VecDeque;

use serde_json::json;

use super::user::{User, connect, connected, open, registered};
use crate::support::{
    browser::{Browser, Heard},
    client::DEADLINE,
    nodes::Nodes,
    wait::until,
};

const ALREADY_EXISTS: (u16, &str) = (4000, "ALREADY_EXISTS");
const REPLACED: (u16, &str) = (4001, "REPLACED");
const KICKED: (u16, &str) = (4002, "KICKED");

/// Connects to a node, and waits until others reach the user.
async fn connect_to(nodes: &Nodes, node: usize, browser: Browser) -> User {
    connect(browser.led_to(&nodes[node].address)).await
}

async fn assert_ended(user: &mut User, (code, reason): (u16, &str)) {
    assert_eq!(user.ended().await, (code, reason.into()));
}

/// No user has the name `name`, and the server answers so.
async fn assert_nowhere(user: &mut User, name: &str) {
    user.say(name, 0).await;
    let notice = user.next().await;
    assert_eq!((&notice["type"], &notice["target"]), (&json!("TARGET_NOT_FOUND"), &json!(name)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelined_events_arrive_in_order_on_another_node() {
    let nodes = Nodes::start_with_store(2, &[]).await;
    let (mut ann, mut bob) = (connected(&nodes[0], "ann").await, connected(&nodes[1], "bob").await);
    for number in 0..600 {
        ann.say("bob", number).await;
        bob.say("ann", number).await;
    }
    for number in 0..600 {
        assert_eq!(bob.hear().await, ("ann".into(), json!(number)));
        assert_eq!(ann.hear().await, ("bob".into(), json!(number)));
    }
    assert_nowhere(&mut ann, "cy").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newer_connection_on_any_node_fences_the_older_without_loss() {
    let nodes = Nodes::start_with_store(3, &[]).await;
    let mut ann = connect_to(&nodes, 0, registered(&nodes[2], "ann").await).await;
    let mut bob = connected(&nodes[2], "bob").await;
    let mut expected = 0..;
    let mut heard = VecDeque::new();
    for round in 0..6 {
        for number in round * 50..(round + 1) * 50 {
            bob.say("ann", number).await;
        }
        let mut newer = open(ann.browser.clone().led_to(&nodes[(round + 1) % 2].address)).await;
        // Messages that the older connection received before its end.
        loop {
            match ann.socket.next().await {
                Heard::Text(text) => heard.push_back(text),
                ended => break assert_eq!(ended, Heard::Close(REPLACED.0, REPLACED.1.into())),
            }
        }
        bob.say("ann", "end").await;
        std::mem::swap(&mut ann, &mut newer);
        loop {
            let text = ann.socket.next_text().await;
            if text.contains("\"end\"") {
                break;
            }
            heard.push_back(text);
        }
        for text in heard.drain(..) {
            let message: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(
                (message["originator"].as_str(), message["payload"].as_u64()),
                (Some("bob"), expected.next())
            );
        }
        assert_eq!(expected.start, 50 * (round as u64 + 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn user_that_moves_to_another_node_is_reached_there_at_once() {
    let nodes = Nodes::start_with_store(3, &[]).await;
    let mut bob = connected(&nodes[2], "bob").await;
    let mut browser = registered(&nodes[0], "ann").await;
    for node in [0, 1, 0, 0, 2, 1] {
        let mut ann = connect_to(&nodes, node, browser).await;
        bob.say("ann", node).await;
        assert_eq!(ann.hear().await, ("bob".into(), json!(node)));
        ann.say("bob", node).await;
        assert_eq!(bob.hear().await, ("ann".into(), json!(node)));
        browser = ann.browser;
        ann.socket.close(1000).await;
        let is_free = async || {
            (nodes[node].metric("switchboard_participants").await == Some(f64::from(u8::from(node == 2))))
                .then_some(())
        };
        until("she has left", DEADLINE, is_free).await;
        assert_nowhere(&mut bob, "ann").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn user_of_a_dead_node_is_reached_on_another_at_once() {
    let mut nodes = Nodes::start_with_store(3, &[]).await;
    let (ann, mut bob) = (connected(&nodes[0], "ann").await, connected(&nodes[1], "bob").await);
    assert!(bob.reaches("ann").await);
    nodes.kill(0).await;
    let mut ann = open(ann.browser.led_to(&nodes[2].address)).await;
    assert_eq!(ann.notice().await, "MESSAGES_LOST", "what waited there for her is not known");
    ann.say("bob", "back").await;
    assert_eq!(bob.hear().await, ("ann".into(), json!("back")));
    bob.say("ann", "welcome").await;
    assert_eq!(ann.hear().await, ("bob".into(), json!("welcome")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kick_reaches_every_node() {
    let nodes = Nodes::start_with_store(3, &[("DIRECT_LEASE", "1h")]).await;
    let (mut ann, mut bob) = (connected(&nodes[0], "ann").await, connected(&nodes[1], "bob").await);
    let away = connected(&nodes[2], "cy").await;
    away.socket.vanish().await;
    let is_away =
        async || (nodes[2].metric("switchboard_participants_connected").await == Some(0.0)).then_some(());
    until("the loss is noticed", DEADLINE, is_away).await;
    let kicked = Browser::new(&nodes[1].address).get("/v1/kick-active-users").await;
    assert_eq!(kicked.status, 200);
    for user in [&mut ann, &mut bob] {
        assert_ended(user, KICKED).await;
    }
    assert_eq!(nodes[2].metric("switchboard_participants").await, Some(0.0), "those who are away, too");
    let mut bob = connect_to(&nodes, 0, bob.browser).await;
    assert_nowhere(&mut bob, "cy").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn original_dialect_keeps_the_older_connection_on_any_node() {
    let nodes = Nodes::start_with_store(2, &[("DIRECT_DIALECT", "original")]).await;
    let mut ann = connected(&nodes[0], "ann").await;
    let mut second = open(ann.browser.clone().led_to(&nodes[1].address)).await;
    assert_ended(&mut second, ALREADY_EXISTS).await;
    ann.wait_until_seated().await;

    let mut bob = connected(&nodes[0], "bob").await;
    let dead = connected(&nodes[0], "cy").await;
    dead.socket.stop_reading();
    let mut cy = connect_to(&nodes, 1, dead.browser.clone()).await;
    bob.say("cy", 1).await;
    assert_eq!(cy.hear().await, ("bob".into(), json!(1)));
}
