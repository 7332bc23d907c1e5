//! Live messages: `send_message`, which the other participant receives once it is stored.

use std::net::SocketAddr;

use anyhow::ensure;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::messages::{body, id, room};
use crate::load::mesh::{self, Client};

/// A participant that writes to the other one in its room, and receives its messages.
pub struct Saver {
    number: u32,
    client: Client,
    /// Number of received messages.
    heard: u32,
}

/// The ack of `send_message`.
#[derive(Deserialize)]
struct Sent {
    id: String,
}

impl Saver {
    pub async fn open(server: SocketAddr, number: u32) -> anyhow::Result<Self> {
        let mut client = Client::connect(server).await?;
        let name = if number.is_multiple_of(2) { "Ann" } else { "Bob" };
        client.join(&room(room_of(number)), name).await?;
        Ok(Self { number, client, heard: 0 })
    }

    /// Sends message `number`; returns when it is durable.
    pub async fn save(&mut self, number: u32) -> anyhow::Result<()> {
        let (id, body) = (id(self.number, number), body(self.number, number));
        let sent: Sent =
            self.client.ask("send_message", &format!(r#"{{"id":"{id}","body":"{body}"}}"#)).await?;
        ensure!(sent.id == id, "{} was acknowledged instead of {id}", sent.id);
        for event in self.client.take_set_aside() {
            self.hear(&event)?;
        }
        Ok(())
    }

    /// Waits until all `total` messages of the other one have come, and leaves.
    pub async fn leave(mut self, total: u32) -> anyhow::Result<()> {
        while self.heard < total {
            let event = self.client.event().await?;
            self.hear(&event)?;
        }
        let _: IgnoredAny = self.client.ask("leave_room", "{}").await?;
        self.client.close().await
    }

    fn hear(&mut self, event: &str) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct Message {
            #[serde(default)]
            id: String,
            #[serde(default)]
            body: String,
        }
        let (name, message): (&str, Message) = mesh::parse(event)?;
        if ["peer_joined", "user_left", "probe"].contains(&name) {
            return Ok(());
        }
        let other = self.number ^ 1;
        ensure!(name == "receive_message", "{name} was not to be expected");
        ensure!(message.id == id(other, self.heard), "{} came out of order", message.id);
        ensure!(message.body == body(other, self.heard), "a message was changed");
        self.heard += 1;
        Ok(())
    }
}

/// The room of a saver.
pub const fn room_of(saver: u32) -> u32 {
    saver / 2
}
