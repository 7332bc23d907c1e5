//! Packets that are too large, come with attachments or break the protocol, over each transport.

use serde_json::json;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame, FrameHeader,
        coding::{Control, Data, OpCode},
    },
};

use super::speaker::{Speaker, Transport, request};
use crate::support::{peer::Peer, poller::Upgraded, server::TestServer};

const TRANSPORTS: [Transport; 3] = [Transport::WebSocket, Transport::Polling, Transport::Upgraded];

/// A participant over each transport.
async fn speakers(server: &TestServer) -> Vec<Speaker> {
    let mut speakers = Vec::new();
    for (room, transport) in TRANSPORTS.into_iter().enumerate() {
        let mut request = request("Ann");
        request["appointment_id"] = json!(room.to_string());
        speakers.push(Speaker::join(server, transport, &request).await.0);
    }
    speakers
}

/// Expects a refusal as `error` and as ack 5, and the connection to stay.
async fn assert_refused(speaker: &mut Speaker, code: &str) {
    let error = speaker.packet(r#"42["error","#).await;
    assert!(error.contains(&format!(r#""code":"{code}""#)), "{error}");
    let ack = speaker.packet("435[").await;
    assert!(ack.contains(r#""success":false"#) && ack.contains(code), "{ack}");
    speaker.say(r#"426["no_such_event",{}]"#).await;
    speaker.packet("436[").await;
}

/// An event with an ack, whose packet has that many bytes.
fn event_of(bytes: usize) -> String {
    let (start, end) = (r#"425["no_such_event",""#, r#""]"#);
    format!("{start}{}{end}", "x".repeat(bytes - start.len() - end.len()))
}

#[tokio::test]
async fn event_over_the_limit_is_refused_and_the_connection_stays() {
    let server = TestServer::start().await;
    for mut speaker in speakers(&server).await {
        for (bytes, code) in [
            (131_072, "unknown_event"),
            (131_073, "payload_too_large"),
            (300_000, "payload_too_large"),
            (1_000_000, "payload_too_large"),
        ] {
            speaker.say(&event_of(bytes)).await;
            assert_refused(&mut speaker, code).await;
        }
    }
}

#[tokio::test]
async fn up_to_ten_attachments_are_refused_and_the_connection_stays() {
    let server = TestServer::start().await;
    for mut speaker in speakers(&server).await {
        for attachments in [vec![3], vec![1, 0], vec![99_999; 10], vec![700_000, 200_000]] {
            let count = attachments.len();
            speaker.say(&format!(r#"45{count}-5["send_offer",{{"_placeholder":true,"num":0}}]"#)).await;
            for bytes in attachments {
                speaker.attach(bytes).await;
            }
            assert_refused(&mut speaker, "binary_not_supported").await;
        }
    }
}

/// A client on a WebSocket, from the first packet on or after an upgrade.
async fn sockets(server: &TestServer) -> [Peer; 2] {
    let mut peer = Peer::connect(&server.address, "/socket.io/?EIO=4&transport=websocket").await;
    peer.next_text().await;
    peer.say("40").await;
    while !peer.next_text().await.starts_with("40") {}
    let Speaker::Upgraded(Upgraded(mut upgraded)) =
        Speaker::join(server, Transport::Upgraded, &request("Ann")).await.0
    else {
        panic!("an upgraded client");
    };
    // The upgrade is complete once an event is answered.
    upgraded.say(r#"421["no_such_event",{}]"#).await;
    while !upgraded.next_text().await.starts_with("431") {}
    [peer, upgraded]
}

fn frame(opcode: OpCode, content: &[u8], is_final: bool) -> Message {
    let head = FrameHeader { is_final, opcode, ..FrameHeader::default() };
    Message::Frame(Frame::from_payload(head, content.to_vec().into()))
}

#[tokio::test]
async fn violations_end_with_a_close_code() {
    const TEXT: OpCode = OpCode::Data(Data::Text);
    const MORE: OpCode = OpCode::Data(Data::Continue);
    const CLOSE: OpCode = OpCode::Control(Control::Close);
    let server = TestServer::start_env([("NEW_SESSIONS_PER_ADDRESS", "0")]).await;
    let text = |text: &str| Message::text(text.to_owned());
    let half = vec![b'4'; 600_000];
    let cases = [
        (1002, vec![text("4x")]),
        (1002, vec![text("42[]")]),
        (1002, vec![text("9")]),
        (1002, vec![Message::binary(vec![0; 10])]),
        (1002, vec![text(r#"451-["x"]"#), text(r#"42["leave_room"]"#)]),
        (1002, vec![frame(MORE, b"42[]", true)]),
        (1002, vec![frame(OpCode::Data(Data::Reserved(3)), b"", true)]),
        (1002, vec![frame(TEXT, b"4", false), text("3")]),
        (1002, vec![frame(CLOSE, b"a", true)]),
        (1002, vec![frame(CLOSE, &[3, 237], true)]),
        (1007, vec![frame(CLOSE, b"\x03\xe8\xff", true)]),
        (1007, vec![frame(TEXT, b"42[\"\xff\"]", true)]),
        (1007, vec![frame(TEXT, b"42[\"\xc3", false), frame(MORE, b"\"]", true)]),
        (1009, vec![text(&event_of(1_000_001))]),
        (1009, vec![text(&event_of(10_000_000))]),
        (1009, vec![frame(TEXT, &half, false), frame(MORE, &half, true)]),
        (1009, vec![text(r#"4511-["x"]"#)]),
        (
            1009,
            vec![text(r#"452-["x"]"#), Message::binary(vec![0; 600_000]), Message::binary(vec![0; 600_000])],
        ),
        (1009, vec![Message::binary(vec![0; 5_000_000])]),
        (1000, vec![text("1")]),
    ];
    for (code, messages) in cases {
        for (number, mut socket) in sockets(&server).await.into_iter().enumerate() {
            for message in &messages {
                socket.send(message.clone()).await;
            }
            assert_eq!(socket.hear_close().await.0, code, "{messages:.80?} to socket {number}");
        }
    }
}

#[tokio::test]
async fn a_client_that_closes_gets_its_own_code_back() {
    let server = TestServer::start().await;
    for mut socket in sockets(&server).await {
        socket.close(1001, "").await;
        assert_eq!(socket.hear_close().await.0, 1001);
    }
    for mut socket in sockets(&server).await {
        socket.send(Message::Close(None)).await;
        assert_eq!(socket.hear_close().await.0, 1005);
    }
}
