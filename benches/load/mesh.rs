//! A Socket.IO v5 client of the mesh door, see `docs/mesh.md`.

use std::{collections::VecDeque, mem, net::SocketAddr};

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::socket::Socket;

const PATH: &str = "/socket.io/?EIO=4&transport=websocket";

/// One connection.
pub struct Client {
    socket: Socket,
    /// Events received while an ack was awaited.
    set_aside: VecDeque<String>,
    last_ack: u64,
}

/// The answer to a join.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    pub participant: String,
    pub remote_socket: Option<String>,
    /// This field and the next two are Switchboard's alone.
    #[serde(default)]
    pub session: String,
    #[serde(default)]
    pub resumed: bool,
    #[serde(default)]
    pub seq: u64,
}

impl Client {
    pub async fn connect(to: SocketAddr) -> anyhow::Result<Self> {
        let mut client =
            Self { socket: Socket::connect(to, PATH).await?, set_aside: VecDeque::new(), last_ack: 0 };
        client.expect("0").await.context("the session was not opened")?;
        client.socket.send(b"40");
        client.expect("40").await.context("the namespace was not connected")?;
        Ok(client)
    }

    /// Joins as the documented client does: without an ack, by waiting for the event.
    pub async fn join(&mut self, room: &str, name: &str) -> anyhow::Result<Joined> {
        self.emit("join_room", &join_room(room, name, None));
        let text = self.event().await?;
        let (event, payload): (&str, Joined) = parse(&text)?;
        ensure!(event == "joined_successfully", "{event} instead of joined_successfully");
        Ok(payload)
    }

    /// Sends an event without an ack.
    pub fn emit(&mut self, event: &str, payload: &str) {
        self.socket.send(format!("42[\"{event}\",{payload}]").as_bytes());
    }

    /// Sends an event and returns its ack, which must be a success.
    pub async fn ask<T: for<'a> Deserialize<'a>>(&mut self, event: &str, payload: &str) -> anyhow::Result<T> {
        #[derive(Deserialize)]
        struct Answer<T> {
            success: bool,
            #[serde(flatten)]
            rest: T,
        }
        let answer = self.ask_anything(event, payload).await?;
        let parsed: Answer<T> = serde_json::from_str(&answer).with_context(|| answer.clone())?;
        ensure!(parsed.success, "{event} was refused: {answer}");
        Ok(parsed.rest)
    }

    /// Sends an event and returns its ack as JSON.
    pub async fn ask_anything(&mut self, event: &str, payload: &str) -> anyhow::Result<String> {
        self.last_ack += 1;
        self.socket.send(format!("42{}[\"{event}\",{payload}]", self.last_ack).as_bytes());
        let prefix = format!("43{}[", self.last_ack);
        loop {
            let text = self.packet().await?;
            if let Some(answer) = text.strip_prefix(&prefix) {
                return Ok(answer.strip_suffix(']').context("a cut ack")?.to_owned());
            }
            let text = text.to_owned();
            self.set_aside.push_back(text);
        }
    }

    /// The next event: `42["name",payload]`, to be read with [`parse`].
    pub async fn event(&mut self) -> anyhow::Result<String> {
        match self.set_aside.pop_front() {
            Some(text) => Ok(text),
            None => Ok(self.packet().await?.to_owned()),
        }
    }

    /// Removes and returns the events received before the last ack.
    pub fn take_set_aside(&mut self) -> VecDeque<String> {
        mem::take(&mut self.set_aside)
    }

    pub async fn flush(&mut self) -> anyhow::Result<()> {
        self.socket.flush().await
    }

    pub async fn close(self) -> anyhow::Result<()> {
        self.socket.close().await
    }

    /// Ends the connection with a TCP reset.
    pub fn reset(self) -> anyhow::Result<()> {
        self.socket.reset()
    }

    /// The WebSocket alone.
    pub fn into_socket(self) -> Socket {
        self.socket
    }

    async fn expect(&mut self, prefix: &str) -> anyhow::Result<()> {
        let text = self.packet().await?;
        ensure!(text.starts_with(prefix), "{text}");
        Ok(())
    }

    async fn packet(&mut self) -> anyhow::Result<&str> {
        packet(&mut self.socket).await
    }
}

/// The payload of `join_room`. `session` is the token and the number of the last handled event of a returning
/// participant.
pub fn join_room(room: &str, name: &str, session: Option<(&str, u64)>) -> String {
    let session = session
        .map_or(String::new(), |(token, received)| format!(r#","session":"{token}","received":{received}"#));
    format!(r#"{{"appointment_id":"{room}","name":"{name}"{session}}}"#)
}

/// Name and payload of an event.
pub fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> anyhow::Result<(&'a str, T)> {
    let event = text.strip_prefix("42").with_context(|| format!("not an event: {text}"))?;
    serde_json::from_str(event).with_context(|| format!("not what was expected: {text}"))
}

/// The next Engine.IO packet that is not a ping; pings are answered.
pub async fn packet(socket: &mut Socket) -> anyhow::Result<&str> {
    while socket.peek().await? == b"2" {
        socket.text().await?;
        socket.send(b"3");
    }
    Ok(std::str::from_utf8(socket.text().await?)?)
}
