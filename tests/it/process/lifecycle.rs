//! The process: start, output, log and stop.

use std::sync::Arc;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use switchboard::{
    core::ports::{chat_store::ChatStore, record_store::RecordStore},
    protocols::{chat_json::rekey, mesh::Code},
    store::SqliteStore,
};

use crate::support::{
    records::{NOW, at, expiring, key, record},
    server::{Options, TestServer, command},
    wait::{TIMEOUT, until},
};

fn run(args: &[&str], env: &[(&str, &str)]) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path()).args(args).envs(env.iter().copied()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// A build without the media feature forwards nothing.
const MEDIA: &str =
    if cfg!(feature = "media") { "media    forwarded at 127.0.0.1:" } else { "media    not forwarded" };

#[tokio::test]
async fn greeting_shows_addresses_and_missing_settings() {
    let server = TestServer::start().await;
    for part in
        ["open     http://localhost:", "SQLite", "cors     not set", "turn     not set", "/readyz", MEDIA]
    {
        assert!(server.greeting().contains(part), "{part} in {}", server.greeting());
    }
}

#[test]
fn help_lists_every_option_with_its_variable() {
    let (success, help) = run(&["--help"], &[]);
    assert!(success);
    for part in ["--listen", "[env: LISTEN=]", "--mongodb-uri", "[default: 30s]", "http://localhost:8080/"] {
        assert!(help.contains(part), "{part} in {help}");
    }
    assert!(run(&["--version"], &[]).1.starts_with("switchboard "));
}

#[test]
fn startup_errors_are_reported_in_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (env, expected) in [
        ([("LISTEN", taken.as_str())], "cannot listen on"),
        ([("LISTEN", "here")], "--listen"),
        ([("SESSION_SECRET", "short")], "SESSION_SECRET"),
        ([("MONGODB_URI", "http://db")], "MONGODB_URI"),
        ([("DATA_DIR", "/dev/null/data")], "DATA_DIR"),
        ([("RUST_LOG", "=,=")], "RUST_LOG"),
        ([("MEDIA_ADVERTISE", "192.0.2.1,192.0.2.2")], "MEDIA_ADVERTISE must have"),
        ([("MEDIA_LISTEN", "192.0.2.1")], "MEDIA_LISTEN, MEDIA_PORT"),
        ([("TURN_URLS", "turn:turn.example")], "set it to the TURN server's static-auth-secret"),
        ([("TURN_SECRET", "north of the river")], "set it to where the TURN server is"),
        ([("STUN_URLS", "stun://stun.example")], "--stun-urls"),
    ] {
        // Settings of a feature that is not built in cannot be wrong.
        if expected.starts_with("MEDIA") && cfg!(not(feature = "media")) {
            continue;
        }
        let (success, output) = run(&[], &env);
        assert!(!success && output.contains(expected), "{expected} in {output}");
        assert!(!output.contains("panicked"), "{output}");
    }
}

#[tokio::test]
async fn liveness_and_readiness_are_separate() {
    let server = TestServer::start().await;
    assert_eq!(server.get_ops("/healthz").await.status(), 200);
    let ready: Value = server.get_ops("/readyz").await.json().await.unwrap();
    assert_eq!(ready["ready"], true);
    assert_eq!(ready["store"], json!({"name": "sqlite", "ready": true}));
    assert_eq!(server.get("/readyz").await.status(), 404, "not for the public");
}

#[tokio::test]
async fn health_status_is_exact_and_not_cached() {
    let server = TestServer::start().await;
    let response = server.get("/api/v1/signalling/health-status").await;
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(response.headers()["cache-control"].to_str().unwrap().contains("no-store"));
    assert_eq!(response.text().await.unwrap(), "{}");
}

#[tokio::test]
async fn metrics_count_rooms_participants_signals_and_refusals() {
    let server = TestServer::start().await;
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    let ann_id = ann.join("7", "Ann").await["participant"].clone();
    bob.join("7", "Bob").await;
    bob.ask("ice_candidate", json!({"remoteSocketId": ann_id, "candidate": {}})).await;
    bob.ask("nonsense", json!({})).await;
    assert_eq!(server.metric("switchboard_rooms").await, Some(1.0));
    assert_eq!(server.metric("switchboard_participants_connected").await, Some(2.0));
    assert_eq!(server.metric(r#"switchboard_signals_total{door="mesh"}"#).await, Some(1.0));
    let refused = r#"switchboard_refusals_total{door="mesh",code="unknown_event"}"#;
    assert_eq!(server.metric(refused).await, Some(1.0));
}

#[tokio::test]
async fn stop_tells_clients_and_finishes_running_requests() {
    let server = TestServer::start().await;
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    let session = ann.join("7", "Ann").await["session"].clone();
    bob.join("7", "Bob").await;
    for number in 0..200 {
        bob.emit("send_message", json!({"id": number.to_string(), "body": "hi"})).await;
    }
    let mut told = 0;
    let notice = loop {
        match ann.next_any().await {
            (event, notice) if event == "shutting_down" => break notice,
            (event, _) if event == "receive_message" => told += 1,
            _ => {}
        }
        if told == 1 {
            server.signal(Signal::SIGTERM);
        }
    };
    assert!(notice["retry_after_ms"].is_u64());
    ann.closed().await;
    told += ann.count_heard("receive_message");
    let (address, data) = (server.address.clone(), server.data());
    let (success, log) = server.ended().await;
    assert!(success, "{log}");

    let options = Options { address: Some(address), data: Some(data), ..Options::default() };
    let server = TestServer::start_with(options).await;
    let back = json!({"appointment_id": "7", "name": "Ann", "session": session});
    let kept = server.connect().await.joins(back).await["chats"].as_array().unwrap().len();
    assert!(told > 0 && kept >= told, "{kept} stored of {told} that were acknowledged");
}

#[tokio::test]
async fn idle_connection_does_not_delay_the_stop() {
    let server = TestServer::start_env([("SHUTDOWN_GRACE", "1s")]).await;
    let _idle = tokio::net::TcpStream::connect(&server.address).await.unwrap();
    let _seated = {
        let mut client = server.connect().await;
        client.join("7", "Ann").await;
        client
    };
    server.signal(Signal::SIGTERM);
    assert!(server.ended().await.0);
}

#[tokio::test]
async fn payloads_and_names_are_never_logged() {
    const CANARY: &str = "canary-7f3a";
    let env = vec![
        ("RUST_LOG", "trace".to_owned()),
        ("LOG_FORMAT", "json".to_owned()),
        ("SESSION_SECRET", format!("{CANARY}-secret-secret")),
        ("TURN_URLS", "turn:turn.example".to_owned()),
        ("TURN_SECRET", format!("{CANARY}-turn")),
    ];
    let server = TestServer::start_with(Options { env, ..Options::default() }).await;
    let mut logged_secrets = vec![CANARY.to_owned()];
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    let room = format!("{CANARY}-room");
    let ann_joined = ann.join(&room, &format!("{CANARY}-ann")).await;
    let bob_joined = bob.join(&room, &format!("{CANARY}-bob")).await;
    for joined in [&ann_joined, &bob_joined] {
        let session = joined["session"].as_str().unwrap();
        logged_secrets.push(session.to_owned());
        let fetched = server.ice_servers(&format!("?appointment_id={room}"), Some(session)).await.1;
        for servers in [&joined["iceServers"], &fetched["iceServers"]] {
            logged_secrets.push(servers[0]["username"].as_str().unwrap().to_owned());
            logged_secrets.push(servers[0]["credential"].as_str().unwrap().to_owned());
        }
    }
    logged_secrets.extend([ann.sid.clone(), bob.sid.clone()]);
    let (to, sdp) = (&ann_joined["participant"], format!("{CANARY}-sdp"));
    bob.ask("send_offer", json!({"appointment_id": room, "offer": {"sdp": sdp}, "remoteSocketId": to})).await;
    bob.ask("ice_candidate", json!({"remoteSocketId": to, "candidate": {"candidate": CANARY}})).await;
    bob.ask("send_message", json!({"id": CANARY, "body": CANARY})).await;
    bob.ask(CANARY, json!({CANARY: CANARY})).await;
    bob.ask("send_offer", json!({"offer": CANARY})).await;
    server.save(&room, json!({"chats": [{"id": CANARY, "text": CANARY}, CANARY]}).to_string()).await;
    server.save(&room, format!("{{\"chats\": [{CANARY}")).await;
    server.get(&format!("/socket.io/?EIO=4&transport=polling&sid={CANARY}")).await;
    let metrics = server.get_ops("/metrics").await.text().await.unwrap();
    bob.vanish();
    ann.next("peer_reconnecting").await;
    server.signal(Signal::SIGTERM);
    let (_, log) = server.ended().await;
    assert!(log.contains("stopping"), "the log is there: {log}");
    for secret in logged_secrets {
        assert!(!log.contains(&secret), "{secret} in the log");
        assert!(!metrics.contains(&secret), "{secret} in the metrics");
    }
}

#[tokio::test]
async fn second_process_on_one_data_folder_fails() {
    let server = TestServer::start().await;
    let data: Arc<_> = server.data();
    let output =
        command(data.path()).env("LISTEN", "127.0.0.1:0").env("OPS_LISTEN", "127.0.0.1:0").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.contains("switchboard.db"), "{text}");
    server.assert_healthy().await;
}

#[test]
fn every_error_code_is_documented() {
    let document = include_str!("../../../docs/mesh.md");
    for code in Code::ALL {
        let name = serde_json::to_value(code).unwrap();
        let row = format!("| `{}` | {} |", name.as_str().unwrap(), code.status().as_u16());
        assert!(document.contains(&row), "{row}");
    }
}

#[tokio::test]
async fn expired_records_are_removed_automatically() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let path = data.path().join("switchboard.db");
    let store = SqliteStore::open(&path, rekey).unwrap();
    store.create(&key("ann"), expiring("1", NOW + 1), at(NOW)).await.unwrap();
    store.create(&key("bob"), record("1"), at(NOW)).await.unwrap();
    store.close().await;

    let _server = TestServer::start_with(Options { data: Some(data), ..Options::default() }).await;
    let file = rusqlite::Connection::open(&path).unwrap();
    until("only what has not expired is left", TIMEOUT, async || {
        let mut left = file.prepare("SELECT name FROM record").unwrap();
        let left: Vec<String> = left.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        (left == ["bob"]).then_some(())
    })
    .await;
}
