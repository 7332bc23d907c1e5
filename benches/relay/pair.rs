//! Two who sit in one room, and know exactly what each must hear from the other.

use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::{Client, Event};

/// How long a candidate's JSON is: about what browsers send.
const CANDIDATE_BYTES: usize = 200;

/// How long a description's SDP is: about one microphone and one camera.
const SDP_BYTES: usize = 4_000;

/// One of the two.
pub struct Participant {
    client: Client,
    id: String,
    other: String,
    room: String,
    /// What this one's signals are told apart by.
    mark: u32,
    others_mark: u32,
    sent: u32,
    heard: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Joined {
    participant: String,
    remote_socket: Option<String>,
}

#[derive(Deserialize)]
struct Nothing {}

/// Connects two and seats them in room `number`, which must be theirs alone. The first one came first.
pub async fn meet(address: SocketAddr, number: u32) -> anyhow::Result<[Participant; 2]> {
    let room = format!("appointment-{number}");
    let (mut early, mut late) = (Client::connect(address).await?, Client::connect(address).await?);
    let first = join(&mut early, &room, "Ann").await?;
    let second = join(&mut late, &room, "Ben").await?;
    ensure!(first.remote_socket.is_none(), "the room was not empty");
    ensure!(second.remote_socket.as_ref() == Some(&first.participant), "the second does not know the first");
    expect_peer(&mut early, &second.participant).await?;
    let (first, second) = (first.participant, second.participant);
    let marks = [2 * number, 2 * number + 1];
    Ok([
        Participant::new(early, [&first, &second], &room, marks),
        Participant::new(late, [&second, &first], &room, [marks[1], marks[0]]),
    ])
}

async fn join(client: &mut Client, room: &str, name: &str) -> anyhow::Result<Joined> {
    let request = format!(r#"{{"appointment_id":"{room}","name":"{name}"}}"#);
    let joined = client.ask("join_room", &request).await?;
    let event = client.next().await?;
    ensure!(event.parse()?.0 == "joined_successfully", "something came before joined_successfully");
    Ok(joined)
}

async fn expect_peer(client: &mut Client, id: &str) -> anyhow::Result<()> {
    #[derive(Deserialize)]
    struct PeerJoined<'a> {
        #[serde(rename = "remoteSocket")]
        remote_socket: &'a str,
    }
    let event = client.next().await?;
    let (name, payload) = event.parse()?;
    ensure!(name == "peer_joined", "{name} instead of peer_joined");
    let peer: PeerJoined = serde_json::from_str(payload.get())?;
    ensure!(peer.remote_socket == id, "peer_joined names somebody else");
    Ok(())
}

impl Participant {
    fn new(client: Client, [id, other]: [&str; 2], room: &str, [mark, others_mark]: [u32; 2]) -> Self {
        let (id, other, room) = (id.to_owned(), other.to_owned(), room.to_owned());
        Self { client, id, other, room, mark, others_mark, sent: 0, heard: 0 }
    }

    /// Sends the next candidate, without an ack, once nothing is left to read.
    pub async fn send_candidate(&mut self) -> anyhow::Result<()> {
        let candidate = candidate(self.mark, self.sent);
        self.sent += 1;
        let payload = format!(r#"{{"remoteSocketId":"{}","candidate":{candidate}}}"#, self.other);
        self.client.emit("ice_candidate", &payload).await
    }

    /// Waits for the other's next candidate, and for nothing else.
    pub async fn hear_candidate(&mut self) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct Candidate<'a> {
            #[serde(borrow)]
            candidate: &'a RawValue,
        }
        let event = self.hear("ice_candidate").await?;
        let heard: Candidate = serde_json::from_str(event.parse()?.1.get())?;
        let expected = candidate(self.others_mark, self.heard);
        ensure!(heard.candidate.get() == expected, "expected {expected}, heard {}", heard.candidate);
        self.heard += 1;
        Ok(())
    }

    /// Sends a description, `offer` or `answer`, and waits for its ack.
    pub async fn describe(&mut self, kind: &str) -> anyhow::Result<()> {
        let (room, other, description) = (&self.room, &self.other, description(kind, self.mark));
        let payload =
            format!(r#"{{"appointment_id":"{room}","{kind}":{description},"remoteSocketId":"{other}"}}"#);
        let Nothing {} = self.client.ask(&format!("send_{kind}"), &payload).await?;
        Ok(())
    }

    /// Waits for the other's description, and for nothing else.
    pub async fn hear_description(&mut self, kind: &str) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct Description<'a> {
            from: &'a str,
            #[serde(borrow, alias = "offer", alias = "answer")]
            description: &'a RawValue,
        }
        let event = self.hear(&format!("receive_{kind}")).await?;
        let heard: Description = serde_json::from_str(event.parse()?.1.get())?;
        ensure!(heard.from == self.other, "{} heard from {} instead of {}", self.id, heard.from, self.other);
        ensure!(heard.description.get() == description(kind, self.others_mark), "the {kind} was changed");
        Ok(())
    }

    /// Tells participants apart, and orders them: pair by pair, whoever came first first.
    pub const fn mark(&self) -> u32 {
        self.mark
    }

    pub async fn flush(&mut self) -> anyhow::Result<()> {
        self.client.flush().await
    }

    /// Leaves and closes. A signal that came twice shows here at the latest: the ack comes after it.
    pub async fn leave(mut self) -> anyhow::Result<()> {
        let Nothing {} = self.client.ask("leave_room", "{}").await?;
        for event in self.client.not_asked_for() {
            let (name, _) = event.parse()?;
            ensure!(["user_left", "probe"].contains(&name), "{name} came after everything had come");
        }
        self.client.close().await
    }

    async fn hear(&mut self, expected: &str) -> anyhow::Result<Event> {
        loop {
            let event = self.client.next().await.with_context(|| format!("instead of {expected}"))?;
            match event.parse()?.0 {
                name if name == expected => return Ok(event),
                "probe" => {}
                name => bail!("{name} instead of {expected}"),
            }
        }
    }
}

/// The `number`th candidate of the participant marked `mark`; no two are alike, all are equally long.
fn candidate(mark: u32, number: u32) -> String {
    let head = format!(
        r#"{{"candidate":"candidate:{mark:010} 1 udp {number:010} 192.0.2.1 54400 typ srflx raddr 0.0.0.0 rport 0 ufrag "#
    );
    let tail = r#"","sdpMid":"0","sdpMLineIndex":0}"#;
    let room = CANDIDATE_BYTES - head.len() - tail.len();
    format!("{head}{:x>room$}{tail}", "")
}

/// The description of the participant marked `mark`, with the line ends that JSON must escape.
fn description(kind: &str, mark: u32) -> String {
    let head = format!(r"v=0\r\no=- {mark:010} 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n");
    let line = r"a=rtpmap:96 VP8/90000\r\n";
    let lines = line.repeat((SDP_BYTES - head.len()) / line.len());
    format!(r#"{{"type":"{kind}","sdp":"{head}{lines}"}}"#)
}
