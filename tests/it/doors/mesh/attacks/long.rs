//! Attacks with much data.

use super::*;

#[tokio::test]
async fn peers_that_do_not_read_take_bounded_memory() {
    let server = TestServer::start_env([("NEW_SESSIONS_PER_ADDRESS", "0")]).await;
    let before = server.memory();
    let (mut held, mut grown) = (Vec::new(), 0);
    // One after the other, or on a busy machine the flood would keep the flooders' own pongs from being read.
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
    // 20 of what would be 60 MB for a hundred, and what the process takes for itself.
    assert!(grown < (12 + 10) * MEGABYTE, "{} MB", grown / MEGABYTE);
    drop(held);
}
