//! A client of the kurento door, see `docs/kurento.md`.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::load::socket::Socket;

/// A participant that has joined.
pub struct Client {
    socket: Socket,
    last_id: u64,
}

impl Client {
    pub async fn join(server: SocketAddr, room: u32, name: u32) -> anyhow::Result<Self> {
        let mut client = Self { socket: Socket::connect(server, "/room").await?, last_id: 0 };
        client.ask("joinRoom", &json!({ "room": room.to_string(), "user": name.to_string() })).await?;
        Ok(client)
    }

    /// Sends an offer to publish and returns the answer.
    pub async fn publish(&mut self, offer: &str) -> anyhow::Result<String> {
        let answer = self.ask("publishVideo", &json!({ "sdpOffer": offer, "doLoopback": false })).await?;
        sdp(&answer["sdpAnswer"])
    }

    /// Sends an offer to subscribe and returns the answer.
    pub async fn receive(&mut self, sender: u32, offer: &str) -> anyhow::Result<String> {
        let wish = json!({ "sender": format!("{sender}_webcam"), "sdpOffer": offer });
        let answer = self.ask("receiveVideoFrom", &wish).await?;
        sdp(&answer["sdpAnswer"])
    }

    pub async fn leave(mut self) -> anyhow::Result<()> {
        self.ask("leaveRoom", &json!({})).await.map(drop)
    }

    pub fn into_socket(self) -> Socket {
        self.socket
    }

    async fn ask(&mut self, method: &str, params: &Value) -> anyhow::Result<Value> {
        self.last_id += 1;
        let request = json!({ "jsonrpc": "2.0", "method": method, "params": params, "id": self.last_id });
        self.socket.send(request.to_string().as_bytes());
        loop {
            // Notifications of other participants come in between.
            let mut message: Value = serde_json::from_slice(self.socket.text().await?)?;
            if message["id"] == self.last_id {
                ensure!(message["error"].is_null(), "{method} was refused: {}", message["error"]);
                return Ok(message["result"].take());
            }
        }
    }
}

fn sdp(value: &Value) -> anyhow::Result<String> {
    Ok(value.as_str().context("no description")?.to_owned())
}
