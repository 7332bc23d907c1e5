//! SIGHUP: the process reads its settings again and continues.

use std::fs;

use nix::sys::signal::Signal;

use crate::support::{
    server::TestServer,
    wait::{TIMEOUT, until},
};

/// Waits until the log holds `text` this many times.
async fn logged(server: &TestServer, text: &str, times: usize) {
    until(text, TIMEOUT, async || (server.log().matches(text).count() >= times).then_some(())).await;
}

#[tokio::test]
async fn sighup_reloads_the_log_filter_and_names_what_needs_a_restart() {
    let server = TestServer::start().await;
    let folder = server.data();
    let file = folder.path().join(".env");
    let reread = "the settings were read again";

    fs::write(&file, "RUST_LOG=error\nSEAT_LEASE=20s\nSEAT_LEASE=21s\n").unwrap();
    server.signal(Signal::SIGHUP);
    logged(&server, reread, 1).await;
    let log = server.log();
    let told = log.lines().find(|line| line.contains(reread)).unwrap();
    assert!(told.contains("\"reloaded\":\"RUST_LOG\""), "{told}");
    assert!(told.contains("\"needs_a_restart\":\"SEAT_LEASE\""), "{told}");
    assert!(
        log.contains("SEAT_LEASE is set in line 1 already") || log.contains("line 3: SEAT_LEASE"),
        "{log}"
    );

    fs::write(&file, "RUST_LOG=verbose\n").unwrap();
    server.signal(Signal::SIGHUP);
    logged(&server, "nothing was reloaded", 1).await;
    assert!(server.log().contains("verbose is no level"), "{}", server.log());

    fs::remove_file(&file).unwrap();
    server.signal(Signal::SIGHUP);
    logged(&server, reread, 2).await;
    server.assert_healthy().await;
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    ann.join("7", "Ann").await;
    bob.join("7", "Bob").await;
    server.signal(Signal::SIGTERM);
    let (success, log) = server.ended().await;
    assert!(success && log.contains("stopping"), "{log}");
}

#[tokio::test]
async fn sighup_during_the_drain_changes_nothing_about_it() {
    let server = TestServer::start_env([("SHUTDOWN_GRACE", "4s")]).await;
    let mut ann = server.connect().await;
    ann.join("7", "Ann").await;
    server.signal(Signal::SIGTERM);
    ann.next("shutting_down").await;
    for _ in 0..3 {
        server.signal(Signal::SIGHUP);
    }
    let (success, log) = server.ended().await;
    assert!(success && log.contains("stopping"), "{log}");
}
