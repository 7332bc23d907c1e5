//! The load: one operation after the other, so that runs are alike.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::client::Client;

/// Length of a candidate's JSON, as browsers send it.
const CANDIDATE_BYTES: usize = 200;

/// A line of a description, and the number of lines for 4 kB: about one microphone and one camera.
const SDP_LINE: &str = "a=rtpmap:96 VP8/90000\r\n";
const SDP_LINES: usize = 174;

/// Candidates of both sides of a call.
const CANDIDATES: usize = 20;

/// Two participants of one room.
pub struct Pair {
    room: String,
    /// In the order of their joins.
    sides: [Side; 2],
    relayed: usize,
}

struct Side {
    client: Client,
    /// The id of the other participant.
    other: String,
}

impl Pair {
    /// Connects two participants and joins them to a room of their own.
    pub async fn meet(address: &str, room: &str) -> Self {
        let mut ann = Client::connect(address, "/socket.io/").await;
        let anns = ann.join(room, "Ann").await;
        let mut bob = Client::connect(address, "/socket.io/").await;
        let bobs = bob.join(room, "Bob").await;
        assert_eq!(bobs["remoteSocket"], anns["participant"]);
        assert_eq!(ann.next("peer_joined").await["remoteSocket"], bobs["participant"]);
        let sides = [Side { client: ann, other: id_of(&bobs) }, Side { client: bob, other: id_of(&anns) }];
        Self { room: room.to_owned(), sides, relayed: 0 }
    }

    /// Exchanges an offer of the second participant and its answer.
    pub async fn negotiate(&mut self) {
        for (from, kind) in [(1, "offer"), (0, "answer")] {
            let description = json!({"type": kind, "sdp": SDP_LINE.repeat(SDP_LINES)});
            let Side { client, other } = &mut self.sides[from];
            let signal = json!({"appointment_id": self.room, kind: description, "remoteSocketId": other});
            assert_eq!(client.ask(&format!("send_{kind}"), signal).await["success"], true);
            let heard = self.sides[1 - from].client.next(&format!("receive_{kind}")).await;
            assert_eq!(heard[kind], description);
        }
    }

    /// Relays `count` candidates, back and forth, one under way at a time.
    pub async fn relay(&mut self, count: usize) {
        for number in self.relayed..self.relayed + count {
            let candidate = candidate(number);
            let from = number % 2;
            let Side { client, other } = &mut self.sides[from];
            let payload = format!(r#"{{"remoteSocketId":"{other}","candidate":{candidate}}}"#);
            client.send_text(format!(r#"42["ice_candidate",{payload}]"#)).await;
            let heard = self.sides[1 - from].client.next_text("ice_candidate").await;
            assert!(heard.starts_with(&format!(r#"{{"candidate":{candidate},"#)), "{heard}");
        }
        self.relayed += count;
    }

    /// Both leave and close. Returns when the server has closed too.
    pub async fn part(self) {
        for Side { mut client, .. } in self.sides {
            assert_eq!(client.ask("leave_room", json!({})).await["success"], true);
            client.send(Message::Close(None)).await;
            client.closed().await;
        }
    }
}

/// Runs whole calls, one after the other: connect, join, offer, answer, candidates both ways, leave.
pub async fn calls(address: &str, count: usize) {
    for number in 0..count {
        let mut pair = Pair::meet(address, &format!("call {number}")).await;
        pair.negotiate().await;
        pair.relay(CANDIDATES).await;
        pair.part().await;
    }
}

/// Connects `count` pairs at once, each in a room of its own.
pub async fn meet_all(address: &str, count: usize) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for number in 0..count {
        pairs.push(Pair::meet(address, &format!("room {number}")).await);
    }
    pairs
}

/// Disconnects all pairs, one after the other.
pub async fn part_all(pairs: Vec<Pair>) {
    for pair in pairs {
        pair.part().await;
    }
}

fn id_of(joined: &Value) -> String {
    joined["participant"].as_str().unwrap().to_owned()
}

/// Candidate `number`; all have the same length.
fn candidate(number: usize) -> String {
    let head =
        format!(r#"{{"candidate":"candidate:{number:010} 1 udp 2122260223 192.0.2.1 54400 typ host ufrag "#);
    let tail = r#"","sdpMid":"0","sdpMLineIndex":0}"#;
    let rest = CANDIDATE_BYTES - head.len() - tail.len();
    format!("{head}{:x>rest$}{tail}", "")
}
