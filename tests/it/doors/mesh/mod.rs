//! The mesh door on a real port: Socket.IO with two participants, a third and a returning one.

mod attacks;
mod bad_input;
mod chats;
mod direct_path;
mod early_events;
mod ice_servers;
mod meeting;
mod nodes;
mod polling;
mod seat_end;
mod seats;
mod sizes;
mod speaker;

use serde_json::Value;

use crate::support::{client::Client, server::TestServer};

/// Ann and Bob in room 7, with Bob's answer to his join.
async fn pair(server: &TestServer) -> (Client, Value, Client, Value) {
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    let ann_joined = ann.join("7", "Ann").await;
    let bob_joined = bob.join("7", "Bob").await;
    ann.next("peer_joined").await;
    (ann, ann_joined, bob, bob_joined)
}

fn session_of(joined: &Value) -> &str {
    joined["session"].as_str().unwrap()
}
