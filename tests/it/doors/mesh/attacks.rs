//! Attacks: memory stays bounded, and other clients are served.

mod long;

use futures_util::future::join_all;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use crate::support::{
    client::{Client, DEADLINE},
    server::TestServer,
};

const MEGABYTE: u64 = 1024 * 1024;

/// An open WebSocket without a Socket.IO packet.
async fn raw_websocket(server: &TestServer) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let head = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
                Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    stream
}

async fn closed_by_server(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // The connection may end by a close frame or by a reset.
    let _ = timeout(DEADLINE, stream.read_to_end(&mut rest)).await.expect("the server closes the connection");
}

#[tokio::test]
async fn unfinished_oversized_messages_take_bounded_memory() {
    let server = TestServer::start().await;
    let before = server.memory();
    let attacks = (0..20).map(|_| async {
        let mut stream = raw_websocket(&server).await;
        // One endless text message in masked fragments of 64 KiB, up to 64 MB.
        for fragment in 0..1024 {
            let mut frame = vec![u8::from(fragment == 0), 0x80 | 127];
            frame.extend((64 * 1024_u64).to_be_bytes());
            frame.extend([0; 4]);
            frame.resize(frame.len() + 64 * 1024, b'a');
            if stream.write_all(&frame).await.is_err() {
                break;
            }
        }
        closed_by_server(&mut stream).await;
    });
    join_all(attacks).await;
    let mut announced = raw_websocket(&server).await;
    announced.write_all(&[0x81, 0xff, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]).await.unwrap();
    closed_by_server(&mut announced).await;
    let grown = server.memory().saturating_sub(before);
    assert!(grown < 16 * MEGABYTE, "{grown} bytes");
    server.assert_healthy().await;
}

#[tokio::test]
async fn binary_attachments_before_the_connect_packet_are_bounded() {
    let server = TestServer::start().await;
    let before = server.memory();
    let attacks = (0..20).map(|_| async {
        let mut client = Client::connect(&server.address, "/socket.io/").await;
        client.send_text(r#"4510-["x"]"#).await;
        for _ in 0..10 {
            client.send(Message::binary(vec![0; 120 * 1024])).await;
        }
        client.closed().await;
    });
    join_all(attacks).await;
    let grown = server.memory().saturating_sub(before);
    assert!(grown < 25 * MEGABYTE, "{grown} bytes");
}

#[tokio::test]
async fn large_packets_for_ever_take_bounded_memory() {
    let server = TestServer::start().await;
    let before = server.memory();
    let attacks = (0..20).map(|number| {
        let server = &server;
        async move {
            let mut client = server.connect().await;
            for round in 0..30 {
                match (number + round) % 3 {
                    0 => client.send_text(format!(r#"421["x","{}"]"#, "x".repeat(900_000))).await,
                    1 => {
                        client.send_text(r#"459-["x"]"#).await;
                        for _ in 0..9 {
                            client.send(Message::binary(vec![0; 100_000])).await;
                        }
                    }
                    _ => {
                        for (first, part) in [(true, 0), (false, 1), (false, 2)] {
                            let opcode = OpCode::Data(if first { Data::Text } else { Data::Continue });
                            let content = if first { r#"421["x",""# } else { "" }.to_owned();
                            let frame = Frame::message(content + &"x".repeat(300_000), opcode, part == 2);
                            client.send(Message::Frame(frame)).await;
                        }
                    }
                }
            }
            // The header of attachments that never come.
            client.send_text(r#"4510-["x"]"#).await;
            client
        }
    });
    let clients = join_all(attacks).await;
    let grown = server.memory().saturating_sub(before);
    assert!(grown < 16 * MEGABYTE, "{grown} bytes");
    drop(clients);
    server.assert_healthy().await;
}

#[tokio::test]
async fn incomplete_heads_and_silent_connections_are_closed() {
    let server = TestServer::start().await;
    let slow = (0..200).map(|number| {
        let address = server.address.clone();
        async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            if number % 2 == 0 {
                stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
            }
            closed_by_server(&mut stream).await;
        }
    });
    join_all(slow).await;
    server.assert_healthy().await;
}

#[tokio::test]
async fn oversized_head_is_refused() {
    let server = TestServer::start().await;
    for head in [
        format!("GET / HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(100_000)),
        format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-Many: 1\r\n".repeat(1_000)),
    ] {
        let mut stream = TcpStream::connect(&server.address).await.unwrap();
        let _ = stream.write_all(head.as_bytes()).await;
        let mut status = [0; 12];
        let answered = timeout(DEADLINE, stream.read_exact(&mut status)).await.unwrap();
        assert!(answered.is_err() || &status == b"HTTP/1.1 431", "{}", String::from_utf8_lossy(&status));
    }
    server.assert_healthy().await;
}

#[tokio::test]
async fn sessions_per_address_are_limited() {
    let server = TestServer::start_env([("NEW_SESSIONS_PER_ADDRESS", "20")]).await;
    let mut seated = server.connect().await;
    seated.join("7", "Ann").await;
    let mut refused = None;
    for _ in 0..40 {
        let response = server.get("/socket.io/?EIO=4&transport=polling").await;
        if response.status() == 429 {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.expect("at some point it is enough");
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(refused.json::<serde_json::Value>().await.unwrap()["code"], "too_many_requests");
    assert_eq!(seated.join("7", "Ann").await["success"], true, "open sessions are not affected");
    server.assert_healthy().await;
}

#[tokio::test]
async fn events_per_address_are_limited() {
    let server = TestServer::start_env([("EVENTS_PER_ADDRESS", "1")]).await;
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    let ann_id = ann.join("7", "Ann").await["participant"].clone();
    bob.join("7", "Bob").await;
    let candidate = json!({"remoteSocketId": ann_id, "candidate": {}});
    let mut codes = Vec::new();
    for _ in 0..30 {
        codes.push(bob.ask("ice_candidate", candidate.clone()).await["error"]["code"].clone());
    }
    // The two joins count as events too, and a slow machine gains more of the budget each second.
    let refused = codes.iter().position(|code| !code.is_null()).expect("at some point it is enough");
    assert!(refused >= 8, "a burst of ten is let through: {refused}");
    assert_eq!(codes[refused], "too_many_requests");
    assert_eq!(bob.next("error").await["code"], "too_many_requests", "nothing is lost in silence");
    assert_eq!(ann.next("peer_joined").await["opponent_name"], "Bob");
    ann.next("ice_candidate").await;
    server.assert_healthy().await;
}

#[tokio::test]
async fn session_without_a_connect_packet_ends() {
    let server = TestServer::start().await;
    closed_by_server(&mut raw_websocket(&server).await).await;
}

#[tokio::test]
async fn other_origins_are_refused_on_every_path() {
    let server = TestServer::start_env([("CORS_ORIGINS", "https://clinic.example")]).await;
    let http = reqwest::Client::new();
    let base = format!("http://{}", server.address);
    for (origin, allowed) in [
        ("https://evil.example", false),
        ("null", false),
        ("https://clinic.example", true),
        (base.as_str(), true),
    ] {
        let polling = http.get(format!("{base}/socket.io/?EIO=4&transport=polling")).header("origin", origin);
        let polling = polling.send().await.unwrap();
        assert_eq!(polling.status() == 200, allowed, "polling from {origin}");
        assert_eq!(polling.headers()["access-control-allow-origin"], origin, "the page can read the code");
        assert_eq!(polling.headers().contains_key("access-control-allow-credentials"), allowed);
        let preflight =
            http.request(reqwest::Method::OPTIONS, format!("{base}/api/v1/signalling/save-chats/7"));
        let preflight = preflight.header("origin", origin).header("access-control-request-method", "PUT");
        let preflight = preflight.send().await.unwrap();
        assert_eq!(preflight.headers().contains_key("access-control-allow-origin"), allowed);
        let save = http.put(format!("{base}/api/v1/signalling/save-chats/7")).header("origin", origin);
        let save = save.body(r#"{"chats":[]}"#).send().await.unwrap();
        assert_eq!(save.status() == 200, allowed, "saving from {origin}");
        let upgrade = http
            .get(format!("{base}/socket.io/?EIO=4&transport=websocket"))
            .header("origin", origin)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let upgrade = upgrade.send().await.unwrap();
        assert_eq!(upgrade.status() == 101, allowed, "a WebSocket from {origin}");
    }
}
