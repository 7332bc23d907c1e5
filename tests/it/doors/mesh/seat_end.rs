//! The end of a seat with its connection, over each transport, as a table.

use futures_util::future::join_all;
use serde_json::Value;

use super::speaker::{
    Ending::{
        self, CloseFrame as Close, Disconnect, EngineClose, Fin, LeaveRoom, PingTimeout, UnfinishedUpgrade,
        Violation,
    },
    Speaker, Transport, request, with_session,
};
use crate::support::server::TestServer;

/// Shorter than the ten seconds that an unprotected seat outlives its connection, and long enough to observe
/// a kept seat.
const LEASE: [(&str, &str); 1] = [("SEAT_LEASE", "5s")];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The other side receives `user_left` at once.
    GivenUp,
    /// Only its holder gets it.
    Kept,
    /// Any newcomer gets it.
    Open,
}

use Outcome::{GivenUp, Kept, Open};

/// The outcome for a protected seat, and for an unprotected one.
const CELLS: [(Ending, Outcome, Outcome); 9] = [
    (LeaveRoom, GivenUp, GivenUp),
    (Disconnect, GivenUp, GivenUp),
    (Close(1000), Kept, GivenUp),
    (Close(1001), Kept, GivenUp),
    (EngineClose, Kept, GivenUp),
    (Fin, Kept, Open),
    (PingTimeout, Kept, Open),
    (Violation, Kept, Open),
    (UnfinishedUpgrade, Kept, Open),
];

/// Ann is in the room and Bob's connection ends. A newcomer of Bob's name, and Bob, try to get his seat.
async fn check(transport: Transport, ending: Ending, is_protected: bool, outcome: Outcome) {
    let cell = format!("{transport:?}, {ending:?}, protected: {is_protected}");
    let server = TestServer::start_env(LEASE).await;
    let mut ann = server.connect().await;
    ann.join("7", "Ann").await;
    let bob_request = if is_protected { with_session("Bob", &Value::Null) } else { request("Bob") };
    let (bob, joined) = Speaker::join(&server, transport, &bob_request).await;
    ann.next("peer_joined").await;

    let ended = bob.end(ending).await;
    let (event, news) = ann.next_any().await;
    assert_eq!(news["remoteSocket"], joined["participant"], "{cell}");
    assert_eq!(event, if outcome == GivenUp { "user_left" } else { "peer_reconnecting" }, "{cell}");

    let mut newcomer = server.connect().await;
    let answer = newcomer.ask("join_room", request("Bob")).await;
    assert_eq!(answer["success"], outcome != Kept, "{cell}: {answer}");
    match outcome {
        GivenUp => assert_eq!(ann.next_any().await.0, "peer_joined", "{cell}"),
        Open => {
            assert_eq!(ann.next_any().await.0, "user_left", "{cell}: and no probe");
            assert_eq!(ann.next_any().await.0, "peer_joined", "{cell}");
        }
        Kept => {
            let wait = answer["error"]["retry_after_ms"].as_u64().unwrap();
            assert!((1_000..=5_000).contains(&wait) && wait % 1_000 == 0, "{cell}: {wait}");
            let mut bob = server.connect().await;
            let again = bob.joins(with_session("Bob", &joined["session"])).await;
            assert_eq!(again["participant"], joined["participant"], "{cell}");
            assert_eq!(ann.next_any().await.0, "peer_resumed", "{cell}");
        }
    }
    drop(ended);
}

async fn check_all(transport: Transport) {
    let possible = CELLS.iter().filter(|(ending, ..)| ending.is_possible_over(transport));
    let checks = possible.flat_map(|&(ending, protected, unprotected)| {
        [check(transport, ending, true, protected), check(transport, ending, false, unprotected)]
    });
    join_all(checks).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seat_end_over_websocket_follows_the_table() {
    check_all(Transport::WebSocket).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seat_end_over_long_polling_follows_the_table() {
    check_all(Transport::Polling).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seat_end_over_an_upgraded_session_follows_the_table() {
    check_all(Transport::Upgraded).await;
}
