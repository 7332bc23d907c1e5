//! Creation of rooms: a command or a webhook starts the SFU.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, path::PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{claimed, client, send, sfu};
use crate::support::{
    peer::Peer,
    server::{Options, TestServer},
};

/// An SFU in the shell: opens the WebSocket, sends its identity in one frame masked with zeros, and stays.
const SHELL_SFU: &str = r#"#!/bin/bash
[[ -z ${SESSION_SECRET+x} && -z ${LISTEN+x} ]] || exit 3
[[ $ARBITER_URL =~ ^ws://([^:/]+):([0-9]+)(/.*)$ ]] || exit 4
exec 3<>"/dev/tcp/${BASH_REMATCH[1]}/${BASH_REMATCH[2]}" || exit 5
printf 'GET %s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' "${BASH_REMATCH[3]}" >&3
printf 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n' >&3
while IFS= read -r line <&3 && [[ $line != $'\r' ]]; do :; done
identify='{"action":"identify","data":{"id":"'$SFU_ID'","type":"sfu"}}'
printf "\\x81\\x$(printf %x $((128 + ${#identify})))\\0\\0\\0\\0%s" "$identify" >&3
exec sleep 60
"#;

const STARTED: &str = "Task started successfully!";
const FAILED: &str = "Failed to start task.";

fn script(folder: &TempDir, text: &str) -> String {
    let path: PathBuf = folder.path().join("sfu.sh");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A server at an address that is known before its start.
async fn start(env: Vec<(&'static str, String)>) -> TestServer {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let url = ("ARBITER_URL", format!("ws://{address}/arbiter"));
    let env = env.into_iter().chain([url]).collect();
    TestServer::start_with(Options { env, address: Some(address), ..Options::default() }).await
}

async fn create(server: &TestServer, method: &str) -> (u16, Value) {
    send(server, method, "/production/createRoom", "").await
}

#[tokio::test]
async fn command_starts_an_sfu_that_can_be_claimed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(vec![
        ("ARBITER_START_COMMAND", script(&folder, SHELL_SFU)),
        ("ARBITER_SFU_SECRET", "a secret & more than 16".into()),
        ("ARBITER_MAX_STARTED", "2".into()),
    ])
    .await;
    assert_eq!(create(&server, "PUT").await, (200, json!({"message": STARTED})));
    let room = claimed(&server, "/a").await;
    let mut ann = client(&server, "ann", &room).await;
    assert_eq!(ann.tell_sfu("producer", json!({})).await, json!({"statusCode": 200}));
    assert_eq!(create(&server, "POST").await, (200, json!({"message": STARTED})));
    assert_eq!(create(&server, "PUT").await, (500, json!({"message": FAILED})), "two are enough");
    server.signal(nix::sys::signal::Signal::SIGTERM);
    let (stopped_well, log) = server.ended().await;
    assert!(stopped_well && !log.contains("not everything was finished"), "{log}");
}

#[tokio::test]
async fn no_sfu_is_started_without_a_configured_starter() {
    let server = TestServer::start_env([("MEDIA", "off")]).await;
    assert_eq!(create(&server, "PUT").await, (500, json!({"message": FAILED})));
}

#[tokio::test]
async fn failing_or_hanging_command_starts_no_sfu() {
    for command in ["false", "/nowhere/sfu", "sleep 60"] {
        let server =
            TestServer::start_env([("ARBITER_START_COMMAND", command), ("ARBITER_START_TIMEOUT", "300ms")])
                .await;
        assert_eq!(create(&server, "PUT").await, (500, json!({"message": FAILED})), "{command}");
        server.assert_healthy().await;
    }
}

#[tokio::test]
async fn sfu_starts_per_address_are_limited() {
    let server =
        TestServer::start_env([("ARBITER_START_COMMAND", "true"), ("ARBITER_STARTS_PER_ADDRESS", "2")]).await;
    for _ in 0..2 {
        assert_eq!(create(&server, "PUT").await.0, 200);
    }
    assert_eq!(create(&server, "PUT").await, (429, json!({"message": "Too Many Requests"})));
}

/// A web server for one request, which it handles and answers with `status`. Returns its address.
async fn webhook<F>(status: &'static str, handle: impl FnOnce(Value) -> F + Send + 'static) -> String
where
    F: Future<Output = Option<Peer>> + Send + 'static,
{
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        let body = loop {
            stream.read_buf(&mut request).await.unwrap();
            let text = String::from_utf8_lossy(&request);
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && let Ok(body) = serde_json::from_str::<Value>(body)
            {
                assert!(head.starts_with("POST /start?token=7 HTTP/1.1"), "{head}");
                break body;
            }
        };
        let _sfu = handle(body).await;
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    });
    format!("http://{address}/start?token=7")
}

#[tokio::test]
async fn webhook_receives_the_room_and_the_address_to_connect_to() {
    let address = webhook("202 Accepted", |wanted| async move {
        let url = wanted["url"].as_str().unwrap().strip_prefix("ws://").unwrap().to_owned();
        let (host, path) = url.split_once('/').unwrap();
        let mut sfu = Peer::connect(host, &format!("/{path}")).await;
        sfu.say(json!({"action": "identify", "data": {"id": wanted["id"], "type": "sfu"}}).to_string()).await;
        assert_eq!(sfu.next().await, json!({"statusCode": 200}));
        Some(sfu)
    })
    .await;
    let server = start(vec![
        ("ARBITER_START_WEBHOOK", address),
        ("ARBITER_SFU_SECRET", "only SFUs & I know it".into()),
    ])
    .await;
    assert_eq!(create(&server, "PUT").await, (200, json!({"message": STARTED})));
    let room = claimed(&server, "/a").await;
    client(&server, "ann", &room).await;
}

#[tokio::test]
async fn failing_or_slow_webhook_starts_no_sfu() {
    let refusing = webhook("503 Service Unavailable", |_| async { None }).await;
    let silent = webhook("200 OK", |_| std::future::pending()).await;
    for address in [refusing, silent, "http://127.0.0.1:1/start".into(), "https://127.0.0.1:1/".into()] {
        let server = start(vec![
            ("ARBITER_START_WEBHOOK", address.clone()),
            ("ARBITER_START_TIMEOUT", "500ms".into()),
        ])
        .await;
        assert_eq!(create(&server, "PUT").await, (500, json!({"message": FAILED})), "{address}");
        // SFUs that connect without being started still work.
        let _sfu = sfu(&server, "sfu-1").await;
        assert_eq!(claimed(&server, "/a").await, "sfu-1");
        server.signal(nix::sys::signal::Signal::SIGTERM);
        assert!(!server.ended().await.1.contains("token"), "addresses may hold secrets");
    }
}
