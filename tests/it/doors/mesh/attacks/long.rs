//! Attacks that send much data.

use super::*;

#[tokio::test]
async fn peers_that_do_not_read_take_bounded_memory() {
    let server = TestServer::start_env([("NEW_SESSIONS_PER_ADDRESS", "0")]).await;
    let before = server.memory();
    let (mut held, mut grown) = (Vec::new(), 0);
    // One pair at a time: on a busy machine, concurrent floods would delay the reading of pongs.
    for number in 0..20 {
        let room = number.to_string();
        let (mut reader, mut silent) = (server.connect().await, server.connect().await);
        reader.join(&room, "Reader").await;
        let silent_id = silent.join(&room, "Silent").await["participant"].clone();
        silent.stop_reading();
        let flood = json!({"remoteSocketId": silent_id, "candidate": {"c": "x".repeat(60_000)}});
        for _ in 0..130 {
            reader.emit("ice_candidate", flood.clone()).await;
        }
        reader.ask("ice_candidate", flood).await;
        held.push((reader, silent));
        grown = grown.max(server.memory().saturating_sub(before));
    }
    // 12 MB for the outboxes of twenty silent peers, which would need 60 MB per hundred, and 10 MB for the
    // process.
    assert!(grown < (12 + 10) * MEGABYTE, "{} MB", grown / MEGABYTE);
    drop(held);
}
