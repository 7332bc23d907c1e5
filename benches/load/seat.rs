//! A seated participant that may lose its connection and resume, and checks every event.

use std::{future::Future, net::SocketAddr};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use tokio::{pin, select};

use super::mesh::{self, Client, Joined};

/// The seat of a participant, and its data for a resume.
pub struct Seat {
    number: u32,
    /// Whether the server lets participants resume; otherwise they join as newcomers.
    promised: bool,
    id: Option<String>,
    /// The id of the other participant.
    other: Option<String>,
    session: Option<String>,
    /// The number of the last handled event, where events are numbered.
    received: u64,
    /// Numbers of the other's messages that were received, and that were awaited.
    heard: u32,
    awaited: u32,
    /// How often the other was announced to have left.
    pub told_left: u32,
}

/// The outcome of a join.
pub enum Outcome {
    Seated(Client),
    /// The server does not listen, or the seat is still taken: try again.
    NotYet,
}

/// The ack of `join_room`.
#[derive(Deserialize)]
struct Answer {
    error: Option<Refused>,
    #[serde(flatten)]
    joined: Option<Joined>,
}

#[derive(Deserialize)]
struct Refused {
    code: String,
}

/// The common fields of a room's events.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    seq: Option<u64>,
    remote_socket: Option<String>,
}

impl Seat {
    /// The seat of participant `number`; 0 and 1 share a room, 2 and 3 the next.
    pub fn new(number: u32, promised: bool) -> Self {
        Self {
            number,
            promised,
            id: None,
            other: None,
            session: None,
            received: 0,
            heard: 0,
            awaited: 0,
            told_left: 0,
        }
    }

    /// Connects and joins, for the first time or again. `exact` means that no event may have been lost
    /// meanwhile.
    pub async fn take(&mut self, server: SocketAddr, exact: bool) -> anyhow::Result<Outcome> {
        let Ok(mut client) = Client::connect(server).await else {
            return Ok(Outcome::NotYet);
        };
        let answer = client.ask_anything("join_room", &self.request()).await?;
        let Answer { error, joined } = serde_json::from_str(&answer)?;
        if let Some(Refused { code }) = error {
            ensure!(code == "room_full" && !self.promised, "the seat was refused: {code}");
            return Ok(Outcome::NotYet);
        }
        self.sit_down(joined.context("the seat was neither given nor refused")?, exact)?;
        Ok(Outcome::Seated(client))
    }

    fn request(&self) -> String {
        let name = if self.number.is_multiple_of(2) { "Ann" } else { "Bob" };
        let session = self.session.as_deref().filter(|_| self.promised);
        mesh::join_room(&self.room(), name, session.map(|token| (token, self.received)))
    }

    fn sit_down(&mut self, joined: Joined, exact: bool) -> anyhow::Result<()> {
        if let Some(id) = self.id.as_ref().filter(|_| self.promised) {
            ensure!(joined.participant == *id, "the seat is another one");
            ensure!(joined.resumed == exact, "resumed is {}", joined.resumed);
            ensure!(!exact || joined.seq == self.received, "the numbers do not go on");
        }
        if let Some(other) = joined.remote_socket {
            self.meet(other)?;
        }
        self.id = Some(joined.participant);
        self.session = Some(joined.session);
        self.received = joined.seq;
        Ok(())
    }

    /// Handles events until `end`.
    pub async fn mind<T>(&mut self, client: &mut Client, end: impl Future<Output = T>) -> anyhow::Result<T> {
        pin!(end);
        loop {
            select! {
                // After the end the connection does not matter any more.
                biased;
                ended = &mut end => return Ok(ended),
                event = client.event() => self.hear(&event?)?,
            }
        }
    }

    /// Handles events until the connection ends.
    pub async fn mind_until_lost(&mut self, mut client: Client) -> anyhow::Result<()> {
        while let Ok(event) = client.event().await {
            self.hear(&event)?;
        }
        Ok(())
    }

    /// Handles events until this many more messages of the other have come.
    pub async fn hear_more(&mut self, client: &mut Client, more: u32) -> anyhow::Result<()> {
        self.awaited += more;
        while self.heard < self.awaited {
            self.hear(&client.event().await?)?;
        }
        Ok(())
    }

    /// Handles events until the other has left.
    pub async fn hear_of_leaving(&mut self, client: &mut Client) -> anyhow::Result<()> {
        while self.told_left == 0 {
            self.hear(&client.event().await?)?;
        }
        Ok(())
    }

    /// Sends a candidate to the other participant.
    pub fn send_candidate(&self, client: &mut Client) -> anyhow::Result<()> {
        let other = self.other.as_ref().context("there is no other participant")?;
        let candidate = format!(r#"{{"candidate":"{:x>160}"}}"#, self.number);
        client.emit("ice_candidate", &format!(r#"{{"remoteSocketId":"{other}","candidate":{candidate}}}"#));
        Ok(())
    }

    /// Sends a description of `kind`, offer or answer, to the other participant.
    pub fn describe(&self, client: &mut Client, kind: &str) -> anyhow::Result<()> {
        let other = self.other.as_ref().context("there is no other participant")?;
        let (room, sdp) = (self.room(), format!("{:x>4000}", self.number));
        let description = format!(r#"{{"type":"{kind}","sdp":"{sdp}"}}"#);
        let payload =
            format!(r#"{{"appointment_id":"{room}","{kind}":{description},"remoteSocketId":"{other}"}}"#);
        client.emit(&format!("send_{kind}"), &payload);
        Ok(())
    }

    fn room(&self) -> String {
        format!("seat-{}", self.number / 2)
    }

    fn hear(&mut self, event: &str) -> anyhow::Result<()> {
        let (name, told): (&str, Told) = mesh::parse(event)?;
        if ["joined_successfully", "probe"].contains(&name) {
            return Ok(());
        }
        if let Some(seq) = told.seq {
            ensure!(seq == self.received + 1, "event {seq} came after event {}", self.received);
            self.received = seq;
        }
        match (name, told.remote_socket) {
            ("ice_candidate" | "receive_offer" | "receive_answer" | "receive_message", _) => self.heard += 1,
            ("user_left", _) => self.told_left += 1,
            ("peer_joined" | "peer_reconnecting" | "peer_resumed", Some(other)) => self.meet(other)?,
            (name, _) => bail!("{name} was not to be expected"),
        }
        Ok(())
    }

    fn meet(&mut self, other: String) -> anyhow::Result<()> {
        let changed = self.other.as_ref().is_some_and(|known| *known != other);
        ensure!(!(changed && self.promised), "the other participant is a different one");
        self.other = Some(other);
        Ok(())
    }
}
