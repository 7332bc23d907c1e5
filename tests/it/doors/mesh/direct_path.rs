//! The direct path: what it relies on in socketioxide, what it leaves to it, and where the two differ. The
//! tests of the mesh door run a second time without it.

use std::{env, process::Command, time::Duration};

use futures_util::{SinkExt, StreamExt, future::join_all};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Message,
        protocol::{
            Role,
            frame::{
                Frame,
                coding::{Data, OpCode},
            },
        },
    },
};

use super::pair;
use crate::support::{
    client::{Client, DEADLINE},
    server::{DIRECT_PATH, TestServer},
};

#[test]
fn every_test_of_the_mesh_door_passes_without_the_direct_path() {
    if env::var_os(DIRECT_PATH).is_some() {
        return;
    }
    let mut tests = Command::new(env::current_exe().unwrap());
    tests.args(["doors::mesh::", "doors::isolation::", "--skip", "::long::"]).env(DIRECT_PATH, "off");
    let output = tests.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// Whether this process tests the mesh door with its direct path.
fn is_direct() -> bool {
    env::var_os(DIRECT_PATH).is_none_or(|value| value == "on")
}

/// A text in two frames, the first of which holds `at` bytes.
async fn send_in_fragments(client: &mut Client, text: &str, at: usize) {
    for frame in fragments(text, at) {
        client.send(frame).await;
    }
}

fn fragments(text: &str, at: usize) -> [Message; 2] {
    let (start, end) = text.split_at(at);
    [(start, Data::Text, false), (end, Data::Continue, true)].map(|(part, opcode, is_final)| {
        Message::Frame(Frame::message(part.to_owned(), OpCode::Data(opcode), is_final))
    })
}

#[tokio::test]
async fn fragmented_events_keep_their_order_among_others() {
    let server = TestServer::start().await;
    let (mut ann, ann_joined, mut bob, _) = pair(&server).await;
    for number in 0..200 {
        let candidate = json!({"remoteSocketId": ann_joined["participant"], "candidate": {"number": number}});
        let packet = format!("42{}", json!(["ice_candidate", candidate]));
        match number % 3 {
            0 => bob.send_text(packet).await,
            at => send_in_fragments(&mut bob, &packet, at).await,
        }
    }
    for number in 0..200 {
        assert_eq!(ann.next("ice_candidate").await["candidate"]["number"], number);
    }
}

#[tokio::test]
async fn binary_event_is_refused_and_events_after_it_are_handled() {
    let server = TestServer::start().await;
    let mut ann = server.connect().await;
    ann.send_text(r#"451-["join_room",{"_placeholder":true,"num":0}]"#).await;
    ann.send(Message::binary(vec![4, 2])).await;
    ann.emit("leave_room", json!({})).await;
    assert_eq!(ann.next("error").await["code"], "binary_not_supported");
    assert_eq!(ann.next("error").await["code"], "not_joined");
}

type Raw = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A session whose client has not connected to the namespace.
async fn open(server: &TestServer) -> Raw {
    let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", server.address);
    let (mut socket, _) = connect_async(url).await.unwrap();
    assert!(next(&mut socket).await.starts_with("0{"));
    socket
}

async fn next(socket: &mut Raw) -> String {
    next_or_end(socket).await.expect("the connection has not ended")
}

/// The next packet; `None` if the connection ends instead.
async fn next_or_end(socket: &mut Raw) -> Option<String> {
    let message = timeout(DEADLINE, socket.next()).await.expect("nothing came in time");
    Some(message?.ok()?.into_text().unwrap().to_string())
}

async fn send_all(socket: &mut Raw, packets: &[&str]) {
    for packet in packets {
        socket.feed(Message::text(*packet)).await.unwrap();
    }
    socket.flush().await.unwrap();
}

/// Connects, sends an event after `pause`, and returns whether the event was answered, after CONNECT. The
/// library ends a session whose event comes before it is ready: by `1`, or by a reset.
async fn is_answered_after_connect(server: &TestServer, pause: impl Future<Output = ()>) -> bool {
    let mut socket = open(server).await;
    send_all(&mut socket, &["40"]).await;
    pause.await;
    let _ = socket.send(Message::text(r#"421["leave_room",{}]"#)).await;
    let mut is_connected = false;
    while let Some(packet) = next_or_end(&mut socket).await {
        match &*packet {
            "1" => break,
            "2" => _ = socket.send(Message::text("3")).await,
            connect if connect.starts_with("40{") => is_connected = true,
            answer => {
                assert!(is_connected, "{answer} precedes the connect packet");
                if answer.starts_with("431[") {
                    return true;
                }
            }
        }
    }
    false
}

#[tokio::test]
async fn no_answer_precedes_the_connect_packet() {
    let server = TestServer::start_env([("NEW_SESSIONS_PER_ADDRESS", "0")]).await;
    // Events right behind CONNECT: few of them meet the moment before the library writes its answer.
    for _ in 0..4 {
        join_all((0..50).map(|_| is_answered_after_connect(&server, async {}))).await;
    }
    // Events that come later, in steps of the time that another session needs for one event.
    let mut other = server.connect().await;
    let mut answered = 0;
    for number in 0..50 {
        let pause = async {
            for _ in 0..number {
                other.refused("leave_room", json!({})).await;
            }
        };
        answered += usize::from(is_answered_after_connect(&server, pause).await);
    }
    assert!(answered > 0, "every session ended before an answer");
}

#[tokio::test]
async fn no_event_counts_after_a_disconnect_packet() {
    let server = TestServer::start().await;
    let (mut ann, ann_joined, mut bob, bob_joined) = pair(&server).await;
    bob.send_text("41").await;
    bob.emit("ice_candidate", json!({"remoteSocketId": ann_joined["participant"], "candidate": {}})).await;
    assert_eq!(ann.next_any().await.0, "user_left");
    assert!(ann.heard_so_far().await.is_empty(), "{bob_joined}");
}

#[tokio::test]
async fn heartbeat_passes_beside_events() {
    let server = TestServer::start().await;
    let mut socket = open(&server).await;
    send_all(&mut socket, &["40"]).await;
    // The library ends a session whose event comes before it is ready, and may ping before that.
    while let packet = next(&mut socket).await
        && !packet.starts_with("40{")
    {
        if packet == "2" {
            send_all(&mut socket, &["3"]).await;
        }
    }
    // The second ping comes only if the library has got the pong.
    for _ in 0..2 {
        while next(&mut socket).await != "2" {}
        send_all(&mut socket, &[r#"421["leave_room",{}]"#, "3", r#"422["leave_room",{}]"#]).await;
        for ack in ["431[", "432["] {
            while !next(&mut socket).await.starts_with(ack) {}
        }
    }
}

#[tokio::test]
async fn no_compression_is_negotiated() {
    let server = TestServer::start().await;
    let url = format!("http://{}/socket.io/?EIO=4&transport=websocket", server.address);
    let request = reqwest::Client::new()
        .get(url)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-extensions", "permessage-deflate");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 101);
    assert!(!answer.headers().contains_key("sec-websocket-extensions"));
}

/// Sends `packets` on a session that is connected to the namespace. Returns whether an event after them is
/// answered and the session lasts until the next ping, 5 s later; if not, the session has ended.
///
/// The library may answer an event before it ends the session for an earlier packet.
async fn survives(server: &TestServer, packets: impl IntoIterator<Item = Message>) -> bool {
    let mut socket = open(server).await;
    send_all(&mut socket, &["40"]).await;
    loop {
        match next(&mut socket).await.as_str() {
            "2" => socket.send(Message::text("3")).await.unwrap(),
            packet if packet.starts_with("40{") => break,
            _ => {}
        }
    }
    for packet in packets.into_iter().chain([Message::text(r#"429["leave_room",{}]"#)]) {
        let _ = socket.send(packet).await;
    }
    let (sent_at, mut is_answered) = (Instant::now(), false);
    while let Some(packet) = next_or_end(&mut socket).await {
        is_answered |= packet.starts_with("439[");
        if packet == "2" {
            // The first ping of a session comes at once.
            if sent_at.elapsed() > Duration::from_secs(2) {
                return is_answered;
            }
            let _ = socket.send(Message::text("3")).await;
        }
    }
    false
}

#[tokio::test]
async fn arguments_without_a_name_end_the_session() {
    let server = TestServer::start().await;
    for packet in ["42[]", "42[null]", "42[{}]", "42[1,{}]", r#"42["join_room",{]"#] {
        assert!(!survives(&server, [Message::text(packet)]).await, "{packet}");
    }
    assert!(survives(&server, [Message::text(r#"42["no_such_event",{}]"#)]).await);
}

#[tokio::test]
async fn event_inside_a_fragmented_message_ends_the_session() {
    let server = TestServer::start().await;
    let [start, end] = fragments(r#"42["leave_room",{}]"#, 9);
    let packets = [start, Message::text(r#"42["leave_room",{}]"#), end];
    assert!(!survives(&server, packets).await);
}

#[tokio::test]
async fn event_name_with_escapes_is_handled_on_the_direct_path_only() {
    let server = TestServer::start().await;
    let packet = Message::text(r#"42["leave\u005froom",{}]"#);
    assert_eq!(survives(&server, [packet]).await, is_direct());
}

#[tokio::test]
async fn connect_packet_sent_with_the_handshake_request_is_answered() {
    let server = TestServer::start().await;
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let mut request = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
        Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        .to_vec();
    // A masked text frame that holds `40`.
    request.extend([0x81, 0x82, 0, 0, 0, 0, b'4', b'0']);
    stream.write_all(&request).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let stream = MaybeTlsStream::Plain(stream);
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    while !next(&mut socket).await.starts_with("40{") {}
    send_all(&mut socket, &[r#"421["leave_room",{}]"#]).await;
    while !next(&mut socket).await.starts_with("431[") {}
}
